/* SPDX-License-Identifier: ISC */
/*
 * A stream of ours and the server at its other end, played in the same thread
 * and in virtual time.
 */
#ifndef LIB_TLS_PAIR_H
#define LIB_TLS_PAIR_H

#include "net/tls.h"
#include "peer_tls.h"

struct tls_pair {
	struct peer_tls *server; /* NULL: it hears, and has no TLS */
	bool ready;		 /* the server's handshake is over */
	int fd;			 /* the server's end */
	struct buf plain, out;	 /* what it has heard, and will say */
	struct tls *tls;
	struct io io; /* our end */
	struct tls_proof proof;
	struct err e;
	int64_t start; /* when it was opened */
	/* Called when something was heard; NULL: it is not answered. */
	void (*answer)(struct tls_pair *);
	void *ctx; /* for that */
};

/* How long a wait may take. */
enum { TLS_PAIR_MS = 60000 };

/*
 * options: those of peer_tls_new, for the host mx.example.org; NULL: without
 * TLS.  The demand is ours.  NULL: this OpenSSL cannot play such a server.
 */
struct tls_pair *tls_pair_open(const char *options, const struct demand *);

/* tls_start */
int tls_pair_shake(struct tls_pair *, struct str name);

/* The server hears what is there, and says what it has to say. */
bool tls_pair_serve(struct tls_pair *);

/* What the server says next, encrypted if it has TLS. */
void tls_pair_say(struct tls_pair *, struct str text);

/* What one says is what the other hears. */
void tls_pair_talk(struct tls_pair *);

/* Nobody may have waited for what never comes. */
void tls_pair_close(struct tls_pair *);

#endif
