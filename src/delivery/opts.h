/* SPDX-License-Identifier: ISC */
/* How a message is to be delivered, as the caller of dispatch says it. */
#ifndef DELIVERY_OPTS_H
#define DELIVERY_OPTS_H

#include <signal.h>

#include "agent/start.h"
#include "delivery/dead.h"
#include "delivery/job.h"
#include "route/route.h"

/* Next hops that take their time. */
struct slow {
	const struct next_hop **target;
	size_t n;
	const int *fd; /* of the agents of the run */
	size_t fds;
};

struct dispatch_opts {
	struct lookup_errand lookup;
	unsigned port;
	struct routes routes;
	struct str helo;	 /* EHLO name; empty: address literal */
	int64_t wait[WAITS];	 /* ms */
	int64_t lookup_patience; /* ms: all of DNS for one next hop (C-34) */
	int64_t attempt_limit;	 /* ms: all of one attempt (J-09) */
	int64_t patience_end;	 /* clock_now: then what is kept is left */
	int64_t attempts_end;	 /* ms after which no attempt begins */
	unsigned agents;	 /* at once, at most */
	/* Hosts that did not answer, and who they are from now on: of several
	 * calls.  NULL: only this one's. */
	struct dead *dead;
	/*
	 * A message is through: each of its recipients has his status, and
	 * nobody works on it any more.  NULL: who called looks when all are.
	 */
	void (*over)(void *ctx, struct job *);
	/*
	 * So many ms after the start these are all that is left: called once.
	 * True: but for those that run others have all agents now.  NULL: who
	 * called has nothing else to do.
	 */
	bool (*slow)(void *ctx, const struct slow *);
	int64_t slow_after;
	void *over_ctx;	       /* of both */
	bool loopback_mx;      /* hosts that are ourselves are allowed */
	bool in_process;       /* no fork: agents run one after the other */
	const struct str *own; /* names of this host, in lower case (C-17) */
	size_t own_n;
	/*
	 * Becomes non-zero when the run is to end early (a signal): no gate
	 * opens any more, what is past its gate is waited for, the rest is
	 * deferred; 2: what is past its gate is left in doubt.  NULL: never.
	 */
	const volatile sig_atomic_t *leave;
	int64_t start; /* clock_now when the run began */
	int64_t read;  /* clock_now when the message was read */
	/*
	 * The conversation, line by line without newline, for people; NULL:
	 * not wanted.
	 */
	void (*show)(void *ctx, struct str line);
	void *ctx;
};

#endif
