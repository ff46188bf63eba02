/* SPDX-License-Identifier: ISC */
/*
 * A message on its way from standard input: what the two halves of the main
 * job share, until it has been sent (cli/send.c) and from then on
 * (cli/send_end.c).
 */
#ifndef CLI_SEND_H
#define CLI_SEND_H

#include <signal.h>

#include "cli/settle.h"
#include "delivery/accept.h"
#include "delivery/job.h"

struct send {
	const struct options *o;
	struct pool *pool;
	int64_t start;
	struct conf conf;
	struct identity who;
	struct addr *operand;
	size_t operands;
	struct envelope env;
	struct accepted message;
	struct str random;
	struct store store;
	struct entry entry;
	bool spooled; /* the message stands in entry */
	/* There is to be a spool, and it could not take it: why; or NULL. */
	const char *crowded;
	int64_t given; /* wall clock, ms */
	struct job *job;
	size_t jobs;
};

/* Says why, unless nothing is to be said (-oeq), and returns status. */
int send_fail(const struct send *, int status, const struct err *);

/* A log that cannot be opened changes nothing else (K-13). */
void send_open_log(const struct send *);

/* Tries all of it.  0, or the exit status of our own trouble, which was said.
 */
int send_deliver(struct send *, const volatile sig_atomic_t *leave);

/* The end of the walk (15).  quiet: nobody is there to be told. */
int send_end(struct send *, int status, bool quiet);

/* The spool has it: what is delivered now is delivered by another. */
int send_leave(struct send *, const volatile sig_atomic_t *leave);

#endif
