/* SPDX-License-Identifier: ISC */
#include "delivery/dispatcher.h"

#include <unistd.h>

#include "base/clock.h"
#include "delivery/naming.h"

void
dispatcher_heard(void *ctx, struct str line)
{
	struct heard *heard = ctx;

	hop_heard(heard->h, &heard->d->run, line);
}

void
dispatcher_read(struct dispatcher *d, struct hop *h)
{
	struct heard heard = {d, h};
	struct err e;
	int more;

	naming_read(h, &d->run);
	/* What another had to say may have ended it since we waited. */
	if (h->state != HOP_RUNNING)
		return;
	more = report_read(&h->attempt.reader, h->attempt.agent.report,
	    dispatcher_heard, &heard, &e);
	if (more < 0)
		h->attempt.lied = true;
	/* Its end is the end of the pipe: then it is gone, or nearly. */
	if (more <= 0 || h->attempt.lied)
		hop_attempt_over(h, &d->run);
}

/* The commit is settled: what was sealed before is marked, gates open. */
static void
settled(struct dispatcher *d, const struct job *job)
{
	for (size_t i = 0; i < d->n; i++) {
		struct hop *h = &d->hop[i];

		for (size_t k = 0; k < h->n; k++)
			if (h->member[k].job == job)
				run_mark(&h->member[k]);
		hop_open_gate(h, &d->run);
	}
}

/* Is all of the mail the queue's, so that nobody need wait for it? */
static bool
is_kept(const struct dispatcher *d)
{
	for (size_t i = 0; i < d->run.jobs; i++)
		if (d->run.job[i].state != JOB_KEPT)
			return false;
	return true;
}

/*
 * Nothing more begins.  What is past its gate goes on alone, where its marks
 * are kept, or is waited for, or ends in doubt (impatient).  The end of
 * process 1 of a container is the end of the agents, so it always waits (14).
 */
static void
part(struct dispatcher *d, bool impatient)
{
	bool kept = is_kept(d);
	bool go = kept && getpid() != 1;

	for (size_t i = 0; i < d->n; i++) {
		struct hop *h = &d->hop[i];

		if (hop_is_past_gate(h) && go)
			hop_release(h);
		else if (hop_is_past_gate(h) && impatient && !kept)
			hop_attempt_over(h, &d->run);
		hop_leave(h, &d->run);
	}
	d->begun = d->dests;
}

void
dispatcher_commit(struct dispatcher *d, bool wait)
{
	const struct job *job = d->commit.job;

	if (commit_go_on(&d->commit, wait))
		settled(d, job);
	/* Perhaps the queue has it: then nobody else may send it. */
	if (job && job->state == JOB_UNSURE)
		part(d, false);
}

void
dispatcher_leave(struct dispatcher *d)
{
	const volatile sig_atomic_t *flag = d->run.opts->leave;
	bool called = flag && *flag > d->left;
	bool late = d->left == 0 && !d->patient &&
	    clock_now() >= d->run.opts->patience_end;

	if (!called && !late)
		return;
	dispatcher_commit(d, true);
	d->patient = late && !called && !is_kept(d);
	if (d->patient)
		return;
	d->left = called ? *flag : 1;
	part(d, d->left > 1);
}

void
dispatcher_give_up(struct dispatcher *d)
{
	struct err e;

	err_sys(&e, "cannot wait for the agents");
	d->left = 1;
	for (size_t i = 0; i < d->n; i++) {
		struct hop *h = &d->hop[i];

		while (hop_is_past_gate(h))
			dispatcher_read(d, h);
		if (h->state != HOP_OVER)
			d->trouble = e;
		hop_leave(h, &d->run);
	}
	d->begun = d->dests;
}
