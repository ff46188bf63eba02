/* SPDX-License-Identifier: ISC */
#include "delivery/dispatch.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "delivery/dispatcher.h"
#include "delivery/group.h"
#include "delivery/naming.h"
#include "os/proc.h"
#include "os/sys.h"

/* Standard ones, log, the lookup agent's, a pipe's other ends; and what each
 * message has open. */
enum { DESCRIPTORS_BESIDES = 14, DESCRIPTORS_EACH = 3 };

/* A signal that comes just before a wait is noticed this much later. */
enum { LEAVE_LATEST_MS = 500 };

static enum gate
gate_here(void *ctx)
{
	struct heard *heard = ctx;

	return heard->h->attempt.gate_open ? GATE_OPEN : GATE_SHUT;
}

static void
attempt(struct dispatcher *d, struct hop *h)
{
	struct attempt *a = &h->attempt;
	struct heard heard = {d, h};
	struct report report;
	struct err e;

	hop_prepare(h, &d->run);
	if (d->run.opts->in_process) {
		report_direct(&report, dispatcher_heard, &heard);
		agent_smtp_here(&a->errand, &report, gate_here, &heard);
		report_free(&report);
		hop_attempt_over(h, &d->run);
		return;
	}
	if (agent_smtp(&a->agent, &a->errand, &e) == 0)
		return;
	log_event(
	    LOG_LEVEL_ERROR, "smtp", "%.*s: %s", STR_ARG(hop_id(h)), e.text);
	hop_no_agent(h, &d->run, &e);
	d->trouble = e;
}

/* Lets a hop do what needs no waiting. */
static void
push(struct dispatcher *d, struct hop *h)
{
	for (;;) {
		switch (h->state) {
		case HOP_WAITING:
			hop_begin(h, &d->run);
			break;
		case HOP_ASK_MX:
		case HOP_ASK_SRV:
		case HOP_ASK_ADDRESS:
			if (!inquiry_ask(&d->inquiry, h))
				return;
			break;
		case HOP_ASK_NAME:
			naming_ask(h, &d->run);
			break;
		case HOP_ATTEMPT:
			attempt(d, h);
			break;
		case HOP_MX:
		case HOP_SRV:
		case HOP_ADDRESS:
		case HOP_NAME:
		case HOP_RUNNING:
		case HOP_OVER:
		default:
			return;
		}
	}
}

/*
 * Moves a hop, and those of its destination that follow where it is over, as
 * far as they go.  The one that is not over takes the place; NULL: none.
 */
static struct hop *
push_on(struct dispatcher *d, struct hop *h)
{
	struct dest *dest = h->dest;

	push(d, h);
	while (h->state == HOP_OVER && dest->begun < dest->n) {
		h = &dest->hop[dest->begun++];
		push(d, h);
	}
	if (h->state != HOP_OVER)
		return h;
	dest->live--;
	return NULL;
}

static void
begin(struct dispatcher *d, struct dest *dest)
{
	struct hop *h = &dest->hop[dest->begun++];

	dest->live++;
	h = push_on(d, h);
	if (h)
		d->live[d->live_n++] = h;
}

/*
 * Where a host takes mail several go there at once; before, one finds out
 * whether there is such a host.
 */
static void
join(struct dispatcher *d, struct dest *dest)
{
	while (dest->reached && dest->live < DEST_AGENTS &&
	    dest->begun < dest->n && d->live_n < d->agents)
		begin(d, dest);
}

/* Moves every live hop as far as it goes, and begins others for those over. */
static void
push_all(struct dispatcher *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->live_n; i++) {
		struct hop *h = push_on(d, d->live[i]);

		if (h)
			d->live[kept++] = h;
	}
	d->live_n = kept;
	for (size_t i = 0; i < kept; i++)
		join(d, d->live[i]->dest);
	while (d->begun < d->dests && d->live_n < d->agents)
		begin(d, &d->dest[d->begun++]);
}

/*
 * From when on those that run are slow hosts, and the only ones: while others
 * wait for an agent there is none for more mail either.
 */
static int64_t
slow_at(const struct dispatcher *d)
{
	const struct dispatch_opts *opts = d->run.opts;

	if (opts->slow == NULL || d->slow || d->begun < d->dests ||
	    d->live_n >= opts->agents)
		return INT64_MAX;
	return opts->start + opts->slow_after;
}

/* Where none but slow hosts are left, who called may have others to go to. */
static void
tell_slow(struct dispatcher *d)
{
	const struct dispatch_opts *opts = d->run.opts;
	const struct next_hop **target;
	int *fd;
	size_t fds = 0;

	if (clock_now() < slow_at(d))
		return;
	d->slow = true;
	target = pool_array(d->run.pool, d->live_n, sizeof(*target));
	fd = pool_array(d->run.pool, 2 * d->live_n + 2, sizeof(*fd));
	for (size_t i = 0; i < d->live_n; i++) {
		target[i] = &d->live[i]->target;
		fd[fds++] = d->live[i]->attempt.agent.report;
		fd[fds++] = d->live[i]->attempt.agent.command;
	}
	fd[fds++] = d->inquiry.agent.report;
	fd[fds++] = d->inquiry.agent.command;
	if (opts->slow(
		opts->over_ctx, &(struct slow){target, d->live_n, fd, fds}))
		d->agents = d->live_n;
}

/* Fills in what is waited for; returns until when. */
static int64_t
gather(struct dispatcher *d)
{
	int64_t again = clock_now() + LEAVE_LATEST_MS;
	int64_t until = d->run.opts->leave ? again : INT64_MAX;

	if (d->left == 0 && !d->patient && d->run.opts->patience_end < until)
		until = d->run.opts->patience_end;
	if (slow_at(d) < until)
		until = slow_at(d);
	d->fds[FD_COMMIT] =
	    (struct pollfd){.fd = commit_fd(&d->commit), .events = POLLIN};
	d->fds[FD_INQUIRY] = (struct pollfd){
	    .fd = d->inquiry.lost ? -1 : d->inquiry.agent.report,
	    .events = POLLIN,
	};
	for (size_t i = 0; i < d->live_n; i++) {
		const struct hop *h = d->live[i];
		bool running = h->state == HOP_RUNNING || h->state == HOP_NAME;

		if (h->deadline < until)
			until = h->deadline;
		/* There was no room for its question. */
		if (hop_wants_answer(h) && again < until)
			until = again;
		d->fds[FD_LIVE + i] = (struct pollfd){
		    .fd = running ? h->attempt.agent.report : -1,
		    .events = POLLIN,
		};
	}
	return until;
}

/* Deadlines that have come, and hops whose lookups are lost. */
static void
expire(struct dispatcher *d)
{
	int64_t now = clock_now();

	for (size_t i = 0; i < d->live_n; i++) {
		struct hop *h = d->live[i];

		inquiry_expire(&d->inquiry, h, now);
		naming_expire(h, &d->run, now);
		if (h->state == HOP_RUNNING && now >= h->deadline)
			hop_attempt_over(h, &d->run);
	}
}

/*
 * While the first answers are on their way there is nothing to do but what
 * the agents that are to come will need.
 */
static void
warm_up(struct dispatcher *d)
{
	if (d->warm || d->run.opts->in_process)
		return;
	for (size_t i = 0; i < d->live_n && !d->warm; i++) {
		const struct hop *h = d->live[i];

		if ((h->state != HOP_MX && h->state != HOP_SRV &&
			h->state != HOP_NAME) ||
		    h->target.tls == TLS_LEVEL_NONE)
			continue;
		d->warm = true;
		agent_warm(h->target.tls, h->target.demand);
	}
}

/*
 * When every hop waits for its last word there will hardly be another
 * question, and the lookup agent goes in that time; if there is one, another
 * agent is started for it.
 */
static void
cool_down(struct dispatcher *d)
{
	for (size_t i = 0; i < d->live_n; i++)
		if (!hop_is_past_gate(d->live[i]))
			return;
	if (d->begun == d->dests)
		inquiry_rest(&d->inquiry);
}

static void
loop(struct dispatcher *d)
{
	for (;;) {
		int64_t until;
		int ready;
		size_t n;

		dispatcher_leave(d);
		push_all(d);
		if (d->live_n == 0 && d->begun == d->dests)
			return;
		warm_up(d);
		cool_down(d);
		tell_slow(d);
		until = gather(d);
		n = d->live_n;
		ready = sys_poll(d->fds, (nfds_t)n + FD_LIVE, until);
		if (ready < 0 && errno != EINTR)
			dispatcher_give_up(d);
		if (ready > 0 && d->fds[FD_INQUIRY].revents != 0)
			inquiry_read(&d->inquiry);
		if (ready > 0 && d->fds[FD_COMMIT].revents != 0)
			dispatcher_commit(d, false);
		for (size_t i = 0; ready > 0 && i < n; i++)
			if (d->fds[FD_LIVE + i].revents != 0)
				dispatcher_read(d, d->live[i]);
		expire(d);
	}
}

/*
 * As many as are asked for, but no more than the descriptors allow: two for
 * each, and some that we have besides.
 */
static size_t
agents_at_once(const struct dispatch_opts *opts, size_t jobs)
{
	size_t room = proc_descriptors();
	size_t used = DESCRIPTORS_BESIDES + DESCRIPTORS_EACH * jobs;
	size_t most = room > used + 2 ? (room - used) / 2 : 1;

	return opts->agents < most ? opts->agents : most;
}

/* By which name the log knows it, for people. */
static void
show_start(const struct dispatcher *d, const struct job *job)
{
	const struct envelope *env = job->envelope;
	struct buf b;

	if (d->run.opts->show == NULL)
		return;
	buf_init(&b, 4096);
	buf_printf(&b, "message %.*s: %llu octets from <%.*s>",
	    STR_ARG(env->id), (unsigned long long)job->content->size,
	    STR_ARG(env->from));
	run_show_now(&d->run, STR_NONE, buf_str(&b));
	buf_free(&b);
}

static void
log_start(const struct job *job)
{
	const struct envelope *env = job->envelope;

	log_event(LOG_LEVEL_INFO, "qmgr",
	    "%.*s: from=<%.*s>, size=%llu, nrcpt=%zu (queue active)",
	    STR_ARG(env->id), STR_ARG(env->from),
	    (unsigned long long)job->content->size, env->n);
}

int
dispatch(struct job *job, size_t jobs, const struct dispatch_opts *opts,
    struct pool *p, struct err *e)
{
	struct dead dead = {.n = 0};
	struct dispatcher d = {
	    .run =
		{
		    .job = job,
		    .jobs = jobs,
		    .opts = opts,
		    .pool = p,
		    .dead = opts->dead ? opts->dead : &dead,
		},
	};

	for (size_t i = 0; i < jobs; i++) {
		log_start(&job[i]);
		show_start(&d, &job[i]);
	}
	d.dest = group_recipients(&d.run, &d.dests);
	for (size_t i = 0; i < d.dests; i++)
		d.n += d.dest[i].n;
	d.hop = d.dests ? d.dest->hop : NULL;
	d.inquiry = (struct inquiry){
	    .run = &d.run, .hop = d.hop, .n = d.n, .agent = {-1, -1, -1}};
	d.agents = agents_at_once(opts, jobs);
	d.fds = pool_array(p, d.agents + FD_LIVE, sizeof(*d.fds));
	d.live = pool_array(p, d.agents + 1, sizeof(*d.live));
	for (size_t i = 0; i < jobs; i++)
		if (job[i].state == JOB_COMMITTING)
			commit_start(&d.commit, &job[i]);
	loop(&d);
	/* Nothing of the entry is touched before. */
	dispatcher_commit(&d, true);
	inquiry_rest(&d.inquiry);
	proc_collect();
	dead_free(&dead);
	if (d.trouble.kind == ERR_NONE)
		d.trouble = d.inquiry.trouble;
	if (d.trouble.kind == ERR_NONE)
		return 0;
	*e = d.trouble;
	return -1;
}
