/* SPDX-License-Identifier: ISC */
/*
 * What the hops of one run share, and what becomes of a recipient: the one
 * place that logs and shows a verdict.
 */
#ifndef DELIVERY_RUN_H
#define DELIVERY_RUN_H

#include "delivery/job.h"
#include "delivery/opts.h"

/* A recipient, and whose message he gets. */
struct member {
	struct job *job;
	struct recipient *rcpt;
};

/* The reverse-path of his message. */
static inline struct str
member_from(const struct member *m)
{
	return envelope_from(m->job->envelope, m->rcpt);
}

struct run {
	struct job *job;
	size_t jobs;
	const struct dispatch_opts *opts;
	struct pool *pool;
	struct dead *dead;
	bool several; /* next hops: lines of the conversation name theirs */
	bool lacking; /* what the system lacks has been logged */
};

/* Is the run to end early? */
bool run_leaving(const struct run *);

/*
 * A line for people who watch, ms after the start; about the next hop called
 * domain, or about none (empty).
 */
void run_show(const struct run *, struct str domain, int64_t ms, struct str);
void run_show_now(const struct run *, struct str domain, struct str);

/* Is this recipient's fate sealed for this run? */
bool run_sealed(const struct recipient *);

/*
 * Marks it in the spool, as far as that is the dispatcher's to do: failed, and
 * doubt, and what is discarded.  What was delivered its agent has marked.
 */
void run_mark(const struct member *);

/*
 * Seals it, with status (copied), or with the one that it has if that is
 * NULL: the log line, and the verdict for people.  Once for each recipient;
 * with the last of a message that is over, and its entry may be closed.
 */
void run_seal(const struct run *, struct str domain, const struct member *,
    const struct status *);

#endif
