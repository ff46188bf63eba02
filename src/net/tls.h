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
	char version[16];
	char cipher[64];
	int bits;
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

/* What ties a login to this very channel (RFC 5929, 9266). */
struct tls_binding {
	const char *name; /* "" where there is nothing that could */
	unsigned char bytes[64];
	size_t n;
};

/* Of a stream that tls_start has made one of TLS. */
void tls_bind(const struct io *, struct tls_binding *);

#endif
