/* SPDX-License-Identifier: ISC */
/*
 * Keys and certificates, made on the spot: of hosts, and of authorities that
 * nobody else has heard of.
 */
#ifndef LIB_CERTIFY_H
#define LIB_CERTIFY_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>

#include "base/buf.h"

/*
 * CERTIFY_WEAK is RSA of 1024 bits, the others are of elliptic curves.  The
 * authority and its successor have the same name.
 */
enum certify_key {
	CERTIFY_HOST,
	CERTIFY_WEAK,
	CERTIFY_CLIENT,
	CERTIFY_AUTHORITY,
	CERTIFY_SUCCESSOR,
	CERTIFY_KEYS
};

/* Each is made once, and kept; not the caller's to free. */
EVP_PKEY *certify_key(enum certify_key);

struct certify {
	struct str name; /* its common name */
	struct str alt;	 /* "DNS:a.example,IP:192.0.2.1"; empty: none */
	enum certify_key key, signer; /* the same: it is signed by itself */
	X509 *issuer; /* the signer's certificate, unless that is this one */
	bool early, expired; /* it is not valid yet, or no more */
};

/* The caller's to free; NULL if OpenSSL cannot. */
X509 *certify(const struct certify *);

/* How the authority is called by itself and by those whom it signs. */
#define CERTIFY_ISSUER "Test Authority"

/*
 * The certificate of the authority or its successor, which there has this
 * name.  The caller's to free.
 */
X509 *certify_authority(enum certify_key, struct str name);

/* Appends a certificate, such a one, or a private key, as PEM. */
void certify_put(struct buf *pem, X509 *);
void certify_put_authority(struct buf *pem, enum certify_key, struct str name);
void certify_put_key(struct buf *pem, enum certify_key, const char *passphrase);

/* Gives back all keys. */
void certify_end(void);

#endif
