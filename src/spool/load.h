/* SPDX-License-Identifier: ISC */
/* The envelope of an entry: read, and added to. */
#ifndef SPOOL_LOAD_H
#define SPOOL_LOAD_H

#include "spool/entry.h"
#include "spool/envfile.h"
#include "spool/event.h"

enum load {
	LOAD_OK,
	LOAD_VERSION, /* a newer program's: leave it alone, and say so */
	LOAD_BROKEN,  /* *e says how: entry_aside */
	LOAD_ERROR,   /* *e says why; it may be better later */
};

/*
 * Reads the envelope of an entry that was taken or looked at, into the pool;
 * entry->marks gets its place.  stored->uid is the owner of the file,
 * whatever it says itself (G-36).  Broken is also a message of another size
 * than it had.  Of an entry that was taken, marks are on disk before anybody
 * acts on them (4): where all still wait, no other state that a power cut could
 * leave forbids to send them.  Where recipients were marked, or tried, and no
 * event line tells of it, that counts as an attempt at the time of the last
 * change.
 */
enum load entry_load(struct entry *, struct pool *, struct envelope *,
    struct stored *, struct err *);

/*
 * Appends an event line, under the lock; a torn line before it is cut off.
 * The time of the file's last change becomes event->when in any case.  -1
 * with *e: there is no line now, for lack of space or another cause; nothing
 * waits for it (18).
 */
int entry_event(const struct entry *, const struct event *, struct err *);

/* The number of doubtful sends to recipient i, in place like a mark. */
int entry_doubts(const struct entry *, size_t i, unsigned count, struct err *)
    __attribute__((warn_unused_result));

#endif
