/* SPDX-License-Identifier: ISC */
/*
 * What goes on beside slow hosts (J-09): a run of the queue holds as many
 * messages at a time as there are descriptors for, and one host that takes its
 * time with some of them must not hold up what goes to others.  So a process of
 * its own goes on with the rest, but for what goes to where the first one still
 * is.
 */
#ifndef DELIVERY_BESIDE_H
#define DELIVERY_BESIDE_H

#include <sys/types.h>

#include "base/pool.h"
#include "delivery/opts.h"

struct beside {
	pid_t pid; /* 0: there is none */
	int pipe;
	unsigned agents;	       /* that it has of ours */
	const struct next_hop **taken; /* where others are */
	size_t taken_n;
	struct pool pool; /* has taken; the caller frees it */
};

/*
 * Begins it: run(ctx), which has nothing of the agents of this one, and the
 * other beside, whose taken these are.  False, and in the log, if that fails.
 */
bool beside_begin(
    struct beside *, const struct slow *, int (*run)(void *ctx), void *ctx);

/* In it: what the other one learns from beside_end.  Its status. */
int beside_tell(const struct beside *, const void *told, size_t n);

/*
 * 1: it is over, and has told this; -1: it has died before; 0: it is not over,
 * or there is none.  wait: until it is; *leave it is told of, too.
 */
int beside_end(struct beside *, bool wait, const volatile sig_atomic_t *leave,
    void *told, size_t n);

/* Are others there? */
bool beside_has(const struct beside *, const struct next_hop *);

#endif
