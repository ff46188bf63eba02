/* SPDX-License-Identifier: ISC */
/*
 * TLS as a client, by OpenSSL, as a layer on a byte stream.  OpenSSL is
 * included in tls.c and nowhere else in net/.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "net/demand.h"
#include "os/io.h"

struct tls; /* what a process needs before it locks itself, and the context */

/* What a channel proved. */
struct tls_proof {
	bool verified; /* who the host is: by its name, or its fingerprint */
	bool named;    /* by its name, and an authority that is known */
	bool printed;  /* by a fingerprint */
	bool blind;  /* only looked at: there are no authorities to judge by */
	bool recent; /* TLS 1.2, at least */
	char version[16];
	char cipher[64];
	char group[32]; /* of the key exchange; "" if it is not known */
	int bits;
	/* Of a channel that is only looked at: what is wrong, and what to do
	 * about it. */
	struct err unnamed, unprinted;
};

/*
 * Loads OpenSSL, half of what TLS costs a short conversation, and reads what
 * verifying will need, ahead of it: children inherit both.  What fails, fails
 * again in tls_new.
 */
void tls_warm(const struct demand *);

/*
 * A context for what is demanded; NULL: for opportunistic TLS, whatever
 * OpenSSL's (and the host's) policy takes, without a look at certificates.  All
 * that opens a file happens here; the rest when a handshake begins.  NULL with
 * *e, which names the file and what to do.
 */
struct tls *tls_new(const struct demand *, struct err *);
void tls_free(struct tls *);

/* Would what we show of ourselves be believed, as to its dates?  -1 with *e. */
int tls_check_own(const struct tls *, struct err *)
    __attribute__((warn_unused_result));

/*
 * Shakes hands over io, which must have no unread input (the caller checks:
 * RFC 3207, 6), and makes TLS its layer.  name is the host's, which is sent as
 * SNI unless it is an IP address, and which a certificate has to have; or the
 * other one, if that is not empty.  -1 with *e, which says why, and what to do:
 * the connection is of no further use.
 */
int tls_start(struct tls *, struct io *, struct str name, struct str other,
    int64_t deadline, struct tls_proof *, struct err *)
    __attribute__((warn_unused_result));

/*
 * Of such a stream, what stands in the certificates that the host has shown:
 * tells what of the n-th (0: its own) and the text, which is printable.  The
 * words are subject, issuer, name (each of them), from and until (dates), days
 * (that are left), key, signature, sha256 and key-sha256 (of the certificate,
 * and of its public key), and top: the subject of the authority that all
 * depends on, as far as it was found.
 */
void tls_show(const struct io *,
    void (*tell)(void *ctx, unsigned n, const char *what, struct str),
    void *ctx);

/* What ties a login to this very channel (RFC 5929, 9266). */
struct tls_binding {
	const char *name; /* "" where there is nothing that could */
	unsigned char bytes[64];
	size_t n;
};

/* Of a stream that tls_start has made one of TLS. */
void tls_bind(const struct io *, struct tls_binding *);

#endif
