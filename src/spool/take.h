/* SPDX-License-Identifier: ISC */
/*
 * Entries that are there: to take hold of one, and the ends that it can come
 * to.  The numbers are the rules of spool-protocol.
 */
#ifndef SPOOL_TAKE_H
#define SPOOL_TAKE_H

#include "spool/entry.h"

enum take {
	TAKE_OK,   /* *entry is locked */
	TAKE_BUSY, /* somebody else works on it */
	TAKE_GONE, /* there is no such entry any more */
	/* *entry is locked, and has no envelope: it was never committed. */
	TAKE_BARE,
	/* There is an envelope, open and without marks.fd, but no message. */
	TAKE_LOST,
	/* Its files are not to be believed (G-34): *e says why. */
	TAKE_BROKEN,
	TAKE_ERROR, /* *e says why */
};

/*
 * Takes hold of an entry, without waiting (4).  Where its marks are is for
 * the reader of the envelope to find: marks.n is 0.  Whatever the result,
 * entry_close (or what does more) ends it.
 */
enum take entry_take(
    const struct store *, const char *id, struct entry *, struct err *);

/*
 * Opens the envelope alone, without lock, to look at it: what is read is
 * true of some moment.  OK, GONE, BROKEN or ERROR.
 */
enum take entry_peek(
    const struct store *, const char *id, struct entry *, struct err *);

/*
 * An entry with an ID derived from another's, for a report on it: the ID,
 * "B", and part in base 36.  Sorted right behind it.
 */
enum derive {
	DERIVE_NEW,   /* *entry is made */
	DERIVE_THERE, /* there is such an entry: the report is written (16) */
	DERIVE_BUSY,  /* somebody works on it: the next run looks again */
	DERIVE_ERROR, /* *e says why */
};
enum derive entry_derive(const struct store *, const char *id, unsigned part,
    struct entry *, struct err *);

/*
 * Removes an entry, and closes it, if every mark is final (17); the caller
 * has synced them.  -1 with *e: what is left is for the next run.
 */
int entry_remove(struct entry *, struct err *)
    __attribute__((warn_unused_result));

/*
 * Moves what there is of it to corrupt/, and closes it (19, G-39).  The
 * caller logs why.
 */
int entry_aside(struct entry *, struct err *)
    __attribute__((warn_unused_result));

#endif
