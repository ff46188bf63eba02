/* SPDX-License-Identifier: ISC */
/*
 * Who runs the queue: what that needs, and the loop of those who stay.
 *
 * The loop itself (runner_live) only waits: for a time at which something is
 * due, for whom it is woken by (spool/wake.h), for a signal.  Each pass over
 * the queue is a child's, with the configuration as it is then; where one
 * waits for a slow host, what comes meanwhile is another one's.
 */
#ifndef CLI_RUNNER_H
#define CLI_RUNNER_H

#include <signal.h>

#include "cli/settle.h"
#include "delivery/queue.h"

struct runner {
	const struct options *o;
	struct conf conf;
	struct identity who;
	struct store store;
	struct dispatch_opts dispatch;
	struct resolve_opts resolve;
	struct bounce_opts bounce;
	struct queue_opts opts;
	bool stamps; /* others may rely on it that the queue is run */
};

/* Reads the configuration and opens log and spool.  0, or the exit status:
 * then it has been said why. */
int runner_prepare(struct runner *, const struct options *);
void runner_close(struct runner *);

/* One run of the queue; the exit status.  due_only as in queue_opts. */
int runner_once(struct runner *, bool due_only,
    const volatile sig_atomic_t *leave, struct queue_count *);

struct stay {
	int64_t every;	 /* ms between runs; 0: when something is due */
	bool due_first;	 /* the first run, too, is of what is due alone */
	bool until_done; /* until nothing is left that will ever be due */
	/* spool/turn.h.  -1: with `every` it is taken once it can be, and but
	 * for the first run nothing is done before; without, it is not needed.
	 */
	int turn;
};

/*
 * Runs the queue again and again, until it is told to leave; or, without
 * `every`, until nothing is left to do now (until_done: nor later).  The exit
 * status.
 */
int runner_live(
    struct runner *, struct stay, const volatile sig_atomic_t *leave);

#endif
