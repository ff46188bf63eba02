/* SPDX-License-Identifier: ISC */
/*
 * Hosts that did not answer in this run: each is dialled once, and not once
 * for every message that should go there (G-09).
 */
#ifndef DELIVERY_DEAD_H
#define DELIVERY_DEAD_H

#include "base/pool.h"
#include "mail/status.h"

/* More are not remembered: each is asked again. */
enum { DEAD_HOSTS = 256 };

struct dead_host {
	struct str ip;
	unsigned port;
	bool silent;	      /* it let the time go by */
	struct status status; /* what came of dialling it */
};

struct dead {
	struct pool pool;
	struct dead_host host[DEAD_HOSTS];
	size_t n;
};

/*
 * It was dialled in vain, and not for a reason of our own, which is passed
 * over; what is not the caller's is copied.
 */
void dead_note(struct dead *, const struct dead_host *);

/*
 * How far a session with a host went: one that was connected to, and said
 * nothing, is as good as dead.
 */
void dead_connected(struct dead *, const struct dead_host *, enum reach);

/* NULL: nothing is known against it. */
const struct dead_host *dead_find(
    const struct dead *, struct str ip, unsigned port);

void dead_free(struct dead *);

#endif
