/* SPDX-License-Identifier: ISC */
/*
 * When a message is tried again, and when no more.  Pure: the caller knows
 * the time (ms of the wall clock, which may jump) and has random numbers.
 */
#ifndef SPOOL_SCHEDULE_H
#define SPOOL_SCHEDULE_H

#include "spool/envfile.h"

/* All in ms. */
struct schedule {
	int64_t longest;     /* between two attempts */
	int64_t expiry;	     /* after that time it has failed (G-10) */
	int64_t expiry_null; /* where there is no sender to be told */
	int64_t warning;     /* then its delay is reported; 0: never */
};

/* 4 h; 5 days; 1 day; 4 h. */
extern const struct schedule schedule_usual;

/* Doubtful sends to one recipient; then he may have got it, and is told. */
enum { SCHEDULE_DOUBTS = 5 };

/*
 * When to try again what has been tried `attempts` times, for the last time
 * now: after 5, 15 and 30 min, then at growing distances, give or take 20 %
 * (G-09).  The last attempt is when the time is up (G-10).
 */
int64_t schedule_next(const struct schedule *, int64_t arrived,
    bool null_sender, unsigned attempts, int64_t now, uint32_t random);

/* The same for what is in doubt: 30 min, 2 h, 8 h, then a day (20). */
int64_t schedule_doubt(unsigned doubts, int64_t now, uint32_t random);

/* What is to be done for a recipient. */
enum due {
	DUE_NEVER, /* its mark is final */
	DUE_LATER, /* at *when */
	DUE_HELD,  /* when an administrator releases the entry */
	DUE_NOW,
	DUE_REPORT,  /* it has failed, and the sender does not know */
	DUE_SENDING, /* who sent it has died: it is in doubt now (19) */
	DUE_STOP,    /* so often in doubt that it has failed (20) */
};

/*
 * A clock that went back by more than a day makes due (G-19); a time that
 * no attempt can have set does not keep it waiting for ever.
 */
enum due schedule_due(const struct schedule *, const struct stored *,
    const struct fate *, int64_t now, int64_t *when);

/*
 * After an attempt at `now` that was not successful: has it been tried long
 * enough?  Never with fewer than two attempts (G-11, G-19).
 */
bool schedule_expired(const struct schedule *, int64_t arrived,
    bool null_sender, unsigned attempts, int64_t now);

/* Is it time that the sender hears of the delay? */
bool schedule_warns(const struct schedule *, const struct stored *,
    const struct fate *, int64_t now);

#endif
