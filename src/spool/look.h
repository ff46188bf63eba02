/* SPDX-License-Identifier: ISC */
/* To look at an entry and not hold it: for lists of the queue. */
#ifndef SPOOL_LOOK_H
#define SPOOL_LOOK_H

#include "spool/load.h"

enum look {
	LOOK_OK,
	LOOK_GONE,    /* it is not there any more */
	LOOK_VERSION, /* a newer program's; *e says so */
	LOOK_BROKEN,  /* *e says how; a run of the queue sets it aside */
	LOOK_ERROR,   /* *e says why; it may be better later */
};

/*
 * Reads the envelope into the pool.  What is read is true of some moment.
 * *active: somebody works on the entry; to see that the lock is taken, if it
 * is free, and given back at once, so that a runner that comes just then
 * passes the entry over until its next turn.
 */
enum look entry_look(const struct store *, const char *id, struct pool *,
    struct envelope *, struct stored *, bool *active, struct err *);

/*
 * Whose the entry is, by the owner of its file (G-36): LOOK_OK, LOOK_GONE, or
 * LOOK_ERROR with *e.  Nothing is opened, nothing locked.
 */
enum look entry_owner(
    const struct store *, const char *id, uid_t *owner, struct err *);

/* Is there nothing to be done any more?  Then it is about to be removed. */
bool entry_finished(const struct envelope *, const struct stored *);

#endif
