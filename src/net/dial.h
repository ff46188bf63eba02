/* SPDX-License-Identifier: ISC */
/* Connecting to one host that has several addresses (RFC 8305, 5). */
#ifndef NET_DIAL_H
#define NET_DIAL_H

#include "base/err.h"
#include "net/host.h"

enum { DIAL_MAX = 8, DIAL_STAGGER_MS = 250 };

struct dial {
	struct ip ip[DIAL_MAX];
	size_t n;
	unsigned port;
	const struct ip_source *source; /* to connect from; NULL: any */
	int64_t wait_last;		/* ms for the last address */
	int64_t wait_next; /* the same while there is another, if less */
	bool last_host;	   /* no other host follows */
	int64_t deadline;  /* for all of it */
	/* Called at the start of each attempt, and when one has failed: by
	 * ERR_HERE, where source is to blame. */
	void (*trying)(void *ctx, size_t i);
	void (*failed)(void *ctx, size_t i, const struct err *);
	void *ctx;
};

/*
 * Starts with the first address; the next one is tried when the one before
 * has failed, or has not answered within DIAL_STAGGER_MS.  The first that
 * connects wins, all others are closed before a byte was sent (C-21).
 * Returns its descriptor (non-blocking, TCP_NODELAY) and its index in
 * *which; -1 when all have failed: each was told to failed().
 */
int dial(const struct dial *, size_t *which);

/*
 * Connects to a UNIX socket, with the rights of the spool's group if we have
 * them: it is one that the configuration names.  Its descriptor, which does
 * not block; -1 with *e.
 */
int dial_socket(struct str path, int64_t deadline, struct err *);

#endif
