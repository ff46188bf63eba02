/* SPDX-License-Identifier: ISC */
/*
 * The server's side of TLS, between two buffers: what the client sent goes
 * in, what is to be sent to it comes out.  Touches no descriptor.
 */
#ifndef LIB_PEER_TLS_H
#define LIB_PEER_TLS_H

#include "base/buf.h"
#include "certify.h"

struct peer_tls;

enum peer_tls_state {
	PEER_TLS_SHAKING,
	PEER_TLS_READY,
	PEER_TLS_CUT,	 /* as cut=N says: what comes is not looked at */
	PEER_TLS_BROKEN, /* peer_tls_fault says why */
};

/*
 * name is the host's, for the certificate, which is made on the spot and
 * signed by itself.  options: tls1.0 ... tls1.3 (that version alone),
 * name=NAME (another one in the certificate), alt=NAMES (these, in the form of
 * certify.h), expired, early (not valid yet), issued (signed by
 * CERTIFY_AUTHORITY), weak (RSA 1024), weakdh (TLS 1.2 with a group of 512
 * bits), noems (without the extended master secret), ask (it wants to see who
 * the client is), cut=N (of the handshake the first N octets are said, and no
 * more).
 * Who has the name and the options of the one before has its certificate, too.
 * NULL: no such option, or OpenSSL cannot do it.
 */
struct peer_tls *peer_tls_new(struct str name, struct str options);
void peer_tls_free(struct peer_tls *);

/*
 * Takes bytes of the client.  What it said, decrypted, is appended to plain,
 * what must be sent to out.
 */
enum peer_tls_state peer_tls_feed(
    struct peer_tls *, struct str bytes, struct buf *plain, struct buf *out);

/* Encrypts text into out. */
void peer_tls_say(struct peer_tls *, struct str text, struct buf *out);

/* A KeyUpdate that asks for one in return; below TLS 1.3 a renegotiation. */
void peer_tls_rekey(struct peer_tls *, struct buf *out);

/* close_notify */
void peer_tls_notify(struct peer_tls *, struct buf *out);

/* The name that the client asked for; "" if none. */
struct str peer_tls_sni(const struct peer_tls *);

/*
 * What ties a login to this channel, as the server knows it: tls-exporter,
 * below TLS 1.3 tls-unique.  How many bytes; 0: none.
 */
size_t peer_tls_binding(const struct peer_tls *, unsigned char *out, size_t n);

/* Its certificate, as PEM. */
void peer_tls_certificate(const struct peer_tls *, struct buf *pem);

/* SHA-256 of its public key. */
void peer_tls_key_print(const struct peer_tls *, unsigned char print[32]);

/* Has the client shown a certificate for this key, and that it has the key? */
bool peer_tls_shown(const struct peer_tls *, enum certify_key);

const char *peer_tls_fault(const struct peer_tls *);

/* Keys and certificates are kept for the whole process; gives them back. */
void peer_tls_end(void);

#endif
