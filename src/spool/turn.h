/* SPDX-License-Identifier: ISC */
/*
 * Whose turn it is to run the queue of a spool (G-15): the file `runner` is
 * locked by who does so again and again, or for a timer; never by a process
 * that an ordinary user can stop, but in a spool of his own (spool-protocol,
 * 2).  Entries have locks of their own, so that nothing but effort is lost
 * where two run the queue, and a run that was asked for does without a turn.
 */
#ifndef SPOOL_TURN_H
#define SPOOL_TURN_H

#include "spool/store.h"

enum turn {
	TURN_MINE,  /* *fd holds it, and so does who inherits it */
	TURN_TAKEN, /* somebody has it */
	TURN_ERROR, /* *e says why */
};

enum turn turn_take(const struct store *, int *fd, struct err *);

/* Gives it up; -1 is allowed. */
void turn_end(int *fd);

/*
 * Who has the turn says whether he comes again by himself, when nothing is
 * left to do: a timer's run does, a runner for the occasion does not.  It is
 * a byte in place, which needs no room on a full disk once it is there.
 */
void turn_sign(int fd, bool comes_again);

/* ms: for how long a stamp (spool/store.h) shows that somebody comes again. */
enum { TURN_STALE = 30 * 60000 };

/*
 * Nobody has the turn; but does somebody come again?  The last one who had it
 * does, and the queue has been run within TURN_STALE of `now` (wall clock).
 */
bool turn_regular(const struct store *, int fd, int64_t now);

/* Has nobody, whoever it was, run the queue within TURN_STALE? */
bool turn_stale(const struct store *, int64_t now);

#endif
