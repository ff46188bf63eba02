/* SPDX-License-Identifier: ISC */
#include "delivery/queue.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "delivery/bounce.h"
#include "delivery/derived.h"
#include "delivery/dispatch.h"
#include "delivery/forward.h"
#include "delivery/outcome.h"
#include "delivery/spooled.h"
#include "os/proc.h"
#include "os/sys.h"
#include "spool/sweep.h"
#include "spool/take.h"

enum {
	BATCH_MAX = 250, /* messages at once */
	PASSES = 3,
	/* Message, envelope, marks; and what else is open. */
	DESCRIPTORS_EACH = 3,
	DESCRIPTORS_BESIDES = 100,
};

/* A message that was taken. */
struct queued {
	struct pool pool;
	struct entry entry;
	struct envelope envelope;
	struct content content;
	struct stored stored;
};

struct queue {
	const struct store *store;
	const struct queue_opts *opts;
	struct queue_count *count;
	struct queued *batch;
	size_t n;
	size_t max;
	bool due_only;
	bool more; /* there may be new entries to send */
};

static int64_t
wall(void)
{
	struct timespec now = clock_wall();

	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
note(const char *id, enum log_level level, const char *text)
{
	log_event(level, "qmgr", "%s: %s", id, text);
}

static struct job
job_of(struct queued *d)
{
	return (struct job){
	    .envelope = &d->envelope,
	    .content = &d->content,
	    .state = JOB_KEPT,
	    .entry = &d->entry,
	};
}

static void
drop(struct queued *d)
{
	entry_close(&d->entry);
	pool_free(&d->pool);
}

static void
set_aside(struct queue *q, struct queued *d, const struct err *why)
{
	struct err e;

	note(d->entry.id, LOG_LEVEL_ERROR, why->text);
	if (entry_aside(&d->entry, &e) < 0)
		note(d->entry.id, LOG_LEVEL_ERROR, e.text);
	else
		note(d->entry.id, LOG_LEVEL_ERROR,
		    "set aside in the folder corrupt of the spool");
	q->count->aside++;
}

/* Who sent it has died, between the end of data and the verdict (19). */
static void
doubt(const struct job *job, struct queued *d, size_t i)
{
	struct recipient *r = &d->envelope.rcpt[i];

	r->status = status_own(BLAME_DOUBT, "4.4.2",
	    STR("possible duplicate: the process that sent it died before it "
		"knew the verdict"));
	outcome_log(&d->envelope, r);
	job_mark(job, r, MARK_DOUBT);
}

/* So often in doubt that it counts as failed (20). */
static void
stop(const struct job *job, struct queued *d, size_t i)
{
	struct recipient *r = &d->envelope.rcpt[i];

	r->status = status_own(BLAME_MESSAGE, "5.4.7",
	    STR("it may have been delivered: it was sent several times, and "
		"no verdict came"));
	outcome_log(&d->envelope, r);
	job_mark(job, r, MARK_FAILED);
}

/* What this run has to do for recipient i. */
static enum due
due_of(
    const struct queue *q, const struct stored *stored, size_t i, int64_t now)
{
	int64_t when;
	enum due due = schedule_due(
	    q->opts->schedule, stored, &stored->fate[i], now, &when);

	return due == DUE_LATER && !q->due_only ? DUE_NOW : due;
}

/*
 * Is something to be done for one of n recipients, or nothing for any of them
 * ever again, so that the entry can go?
 */
static bool
is_worth_it(
    const struct queue *q, const struct stored *stored, size_t n, int64_t now)
{
	bool waits = false;

	for (size_t i = 0; i < n; i++) {
		enum due due = due_of(q, stored, i, now);

		if (due != DUE_LATER && due != DUE_HELD && due != DUE_NEVER)
			return true;
		waits = waits || due != DUE_NEVER;
	}
	return !waits;
}

/* Prepares each recipient; those for whom nothing is to be done are idle. */
static void
consider(struct queue *q, struct queued *d, int64_t now)
{
	struct job job = job_of(d);
	int64_t came = clock_now() - (now - d->stored.arrived);

	for (size_t i = 0; i < d->envelope.n; i++) {
		struct recipient *r = &d->envelope.rcpt[i];
		enum due due = due_of(q, &d->stored, i, now);

		r->since[SINCE_RUN] = came;
		if (due == DUE_SENDING)
			doubt(&job, d, i);
		if (due == DUE_STOP)
			stop(&job, d, i);
		if (due == DUE_NOW)
			forward_name(q->store, &job, &d->stored, r,
			    q->opts->resolve, &d->pool);
		q->more = q->more || r->status.outcome == OUTCOME_DELIVERED;
		r->idle = due != DUE_NOW;
	}
}

/*
 * Looks, without taking hold of it, whether the entry is meant and something
 * may be to be done: the lock costs a write to the disk, and most are not due
 * (4).
 */
static bool
worth_taking(const struct queue *q, const char *id, int64_t now)
{
	struct entry entry;
	struct envelope env = {0};
	struct stored stored;
	struct pool pool = {0};
	struct err e;
	bool worth = true;

	if (entry_peek(q->store, id, &entry, &e) == TAKE_OK &&
	    entry_load(&entry, &pool, &env, &stored, &e) == LOAD_OK)
		worth = select_matches(q->opts->selectors, q->opts->selectors_n,
			    &env, &stored) &&
		    is_worth_it(q, &stored, env.n, now);
	entry_close(&entry);
	pool_free(&pool);
	return worth;
}

/* Takes hold of a message, if something is to be done for it. */
static bool
take(struct queue *q, struct queued *d, const char *id, int64_t now)
{
	struct err e;

	switch (entry_take(q->store, id, &d->entry, &e)) {
	case TAKE_OK:
		break;
	case TAKE_BUSY:
		q->count->busy++;
		return false;
	case TAKE_BROKEN:
		set_aside(q, d, &e);
		return false;
	case TAKE_ERROR:
		note(id, LOG_LEVEL_ERROR, e.text);
		return false;
	case TAKE_GONE:
	case TAKE_BARE: /* these two are the sweep's */
	case TAKE_LOST:
	default:
		return false;
	}
	d->envelope.id = pool_str(&d->pool, str_c(id));
	switch (entry_load(&d->entry, &d->pool, &d->envelope, &d->stored, &e)) {
	case LOAD_OK:
		break;
	case LOAD_BROKEN:
		set_aside(q, d, &e);
		return false;
	case LOAD_VERSION:
	case LOAD_ERROR:
	default:
		note(id, LOG_LEVEL_ERROR, e.text);
		return false;
	}
	d->content = (struct content){
	    .fd = d->entry.msg,
	    .size = d->stored.size,
	    .eightbit = d->stored.eightbit,
	};
	if (!is_worth_it(q, &d->stored, d->envelope.n, now) ||
	    !derived_settled(q->store, id, &d->stored))
		return false;
	consider(q, d, now);
	return true;
}

/* Tried for as long as that is worth it (G-10). */
static void
expire(
    const struct queue *q, struct queued *d, const struct job *job, int64_t now)
{
	bool any = false;

	for (size_t i = 0; i < d->envelope.n; i++) {
		struct recipient *r = &d->envelope.rcpt[i];

		if (r->idle || r->status.outcome != OUTCOME_DEFERRED ||
		    r->status.blame == BLAME_DOUBT ||
		    !schedule_expired(q->opts->schedule, d->stored.arrived,
			d->envelope.from.n == 0, d->stored.fate[i].attempts + 1,
			now))
			continue;
		r->status.outcome = OUTCOME_FAILED;
		r->status = status_recode(r->status, "5.4.7");
		job_mark(job, r, MARK_FAILED);
		any = true;
	}
	if (any)
		log_event(LOG_LEVEL_INFO, "qmgr",
		    "%.*s: from=<%.*s>, status=expired, returned to sender",
		    STR_ARG(d->envelope.id), STR_ARG(d->envelope.from));
}

static bool
some_failed(const struct job *job)
{
	for (size_t i = 0; i < job->envelope->n; i++)
		if (job_marked(job, &job->envelope->rcpt[i]) == MARK_FAILED)
			return true;
	return false;
}

/*
 * Tells the sender of failures.  False if the message, a report itself, has
 * been set aside.
 */
static bool
report_failed(struct queue *q, struct queued *d, struct job *job, int64_t now)
{
	struct bounce_opts opts = *q->opts->bounce;
	struct err e;
	int told;

	if (!some_failed(job))
		return true;
	opts.now = now;
	q->more = true;
	told = bounce_failed(q->store, job, &d->stored, &opts, &d->pool, &e);
	if (told == BOUNCE_ASIDE) {
		q->count->aside++;
		return false;
	}
	if (told < 0)
		note(d->entry.id, LOG_LEVEL_ERROR, e.text);
	return true;
}

static void
report_delay(struct queue *q, struct queued *d, struct job *job, int64_t now)
{
	struct bounce_opts opts = *q->opts->bounce;
	struct err e;

	opts.now = now;
	if (bounce_delayed(q->store, job, &d->stored, &opts, &d->pool, &e) < 0)
		note(d->entry.id, LOG_LEVEL_ERROR, e.text);
}

/* What has come of it is written down. */
static void
finish(struct queue *q, struct queued *d)
{
	struct job job = job_of(d);
	int64_t now = wall();

	expire(q, d, &job, now);
	spooled_note(
	    &job, d->stored.arrived, d->stored.fate, q->opts->schedule, now);
	if (!report_failed(q, d, &job, now))
		return;
	report_delay(q, d, &job, now);
	spooled_end(&job);
}

/*
 * What a run that died has left failed is reported before anything is sent:
 * its report may be in the spool, and once that is gone it is not found.
 */
static bool
take_and_report(struct queue *q, struct queued *d, const char *id)
{
	int64_t now = wall();
	struct job job;

	if (!take(q, d, id, now))
		return false;
	job = job_of(d);
	return report_failed(q, d, &job, now);
}

/* Sends what has been taken. */
static void
flush(struct queue *q)
{
	struct dispatch_opts opts = *q->opts->dispatch;
	struct job *job = calloc(q->n + 1, sizeof(*job));
	struct pool pool = {0};
	struct err e;
	size_t active = 0;

	if (job == NULL)
		err_memory();
	for (size_t i = 0; i < q->n; i++) {
		struct queued *d = &q->batch[i];

		for (size_t k = 0; k < d->envelope.n; k++)
			if (!d->envelope.rcpt[k].idle) {
				job[active++] = job_of(d);
				break;
			}
	}
	/* Every batch has its time. */
	opts.start = opts.read = opts.lookup.start = clock_now();
	if (active > 0 && dispatch(job, active, &opts, &pool, &e) < 0)
		log_event(LOG_LEVEL_ERROR, "qmgr", "%s", e.text);
	for (size_t i = 0; i < q->n; i++) {
		finish(q, &q->batch[i]);
		pool_free(&q->batch[i].pool);
	}
	pool_free(&pool);
	free(job);
	q->n = 0;
}

static bool
leaving(const struct queue *q)
{
	return q->opts->dispatch->leave && *q->opts->dispatch->leave;
}

static void
swept(void *ctx, const char *text)
{
	(void)ctx;
	log_event(LOG_LEVEL_ERROR, "qmgr", "%s", text);
}

/* All of the list; due_only: what is not due is left alone. */
static void
run(struct queue *q, const struct store_item *item, size_t n, bool due_only)
{
	q->due_only = due_only;
	for (size_t i = 0; i < n && !leaving(q); i++) {
		struct queued *d = &q->batch[q->n];

		if (!(item[i].has & STORE_ENV) ||
		    ((due_only || q->opts->selectors_n > 0) &&
			!worth_taking(q, item[i].id, wall())))
			continue;
		*d =
		    (struct queued){.entry = entry_named(q->store, item[i].id)};
		if (!take_and_report(q, d, item[i].id)) {
			drop(d);
			continue;
		}
		q->count->taken++;
		if (++q->n == q->max)
			flush(q);
	}
	flush(q);
}

/* Sweeps, and goes through what is there. */
static int
pass(struct queue *q, bool due_only, struct err *e)
{
	struct pool pool = {0};
	struct store_item *item;
	struct swept what;
	size_t strange;
	size_t n;
	int result = store_list(q->store, &pool, &item, &n, &strange, e);

	if (result == 0) {
		sweep(q->store, item, n, swept, NULL, &what);
		q->count->aside += what.aside;
		run(q, item, n, due_only);
	}
	pool_free(&pool);
	return result;
}

int
queue_run(const struct store *store, const struct queue_opts *opts,
    struct queue_count *count, struct err *e)
{
	struct queue q = {.store = store, .opts = opts, .count = count};
	size_t room = proc_descriptors();
	int result;

	*count = (struct queue_count){0};
	q.max = room > DESCRIPTORS_BESIDES + DESCRIPTORS_EACH
	    ? (room - DESCRIPTORS_BESIDES) / DESCRIPTORS_EACH
	    : 1;
	q.max = q.max < BATCH_MAX ? q.max : BATCH_MAX;
	q.batch = calloc(q.max, sizeof(*q.batch));
	if (q.batch == NULL)
		err_memory();
	/* To run a part of the queue is not to run it. */
	if (opts->selectors_n == 0 && store_stamp(store, wall(), e) < 0)
		log_event(LOG_LEVEL_WARNING, "qmgr", "%s", e->text);
	result = pass(&q, opts->due_only, e);
	/* Reports are new messages, and what is forwarded is; each may fail. */
	for (int i = 1; i < PASSES && result == 0 && q.more; i++) {
		q.more = false;
		result = pass(&q, true, e);
	}
	free(q.batch);
	return result;
}
