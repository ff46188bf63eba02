/* SPDX-License-Identifier: ISC */
/*
 * One run of the queue: what is due is taken, grouped by next hop over many
 * messages, sent, and seen to its end.  Several runs at once are harmless:
 * each takes what nobody else holds (spool-protocol, 4 and 19 to 21).
 */
#ifndef DELIVERY_QUEUE_H
#define DELIVERY_QUEUE_H

#include "delivery/bounce_opts.h"
#include "delivery/opts.h"
#include "delivery/resolve.h"
#include "spool/schedule.h"
#include "spool/select.h"
#include "spool/store.h"

struct queue_opts {
	const struct dispatch_opts *dispatch;
	const struct schedule *schedule;
	const struct resolve_opts *resolve;
	const struct bounce_opts *bounce; /* but for the time */
	bool due_only;			  /* what is not due yet waits (G-12) */
	/* In a process that goes on beside this one; or NULL. */
	void (*branched)(void);
	bool stamp; /* the spool, so that others see that it is run */
	/* Only what they select (G-13). */
	const struct selector *selectors;
	size_t selectors_n;
};

struct queue_count {
	size_t taken; /* messages for which something was to be done */
	size_t busy;  /* somebody else had them */
	size_t aside; /* broken ones, set aside */
	/* Wall clock, ms: then something is to be done for what there is by
	 * now; a little later where it could not be done.  INT64_MAX: never,
	 * if nobody changes something. */
	int64_t next;
};

/*
 * Runs the queue once.  What cannot be dealt with is in the log and stops no
 * other message; -1 with *e when the spool itself cannot be read.
 */
int queue_run(const struct store *, const struct queue_opts *,
    struct queue_count *, struct err *);

#endif
