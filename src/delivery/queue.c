/* SPDX-License-Identifier: ISC */
#include "delivery/queue.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "delivery/beside.h"
#include "delivery/bounce.h"
#include "delivery/dispatch.h"
#include "delivery/queue_take.h"
#include "delivery/spooled.h"
#include "os/proc.h"
#include "os/sys.h"
#include "spool/sweep.h"

enum {
	BATCH_MAX = 1000, /* messages at once */
	BATCH_RCPTS = 20000,
	AGENTS_MAX = 20, /* at once (G-14) */
	PASSES = 3,
	AGAIN = 60000, /* ms */
	SLOW = 60000,
	/* Message, envelope, marks; and what else is open. */
	DESCRIPTORS_EACH = 3,
	DESCRIPTORS_BESIDES = 100,
};

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
		queue_note(d->entry.id, LOG_LEVEL_ERROR, e.text);
	return true;
}

static void
report_delay(struct queue *q, struct queued *d, struct job *job, int64_t now)
{
	struct bounce_opts opts = *q->opts->bounce;
	struct err e;

	opts.now = now;
	if (bounce_delayed(q->store, job, &d->stored, &opts, &d->pool, &e) < 0)
		queue_note(d->entry.id, LOG_LEVEL_ERROR, e.text);
}

static void
report_success(struct queue *q, struct queued *d, struct job *job, int64_t now)
{
	struct bounce_opts opts = *q->opts->bounce;
	struct err e;
	int told;

	opts.now = now;
	told = bounce_succeeded(q->store, job, &d->stored, &opts, &d->pool, &e);
	q->more = q->more || told > 0;
	if (told < 0)
		queue_note(d->entry.id, LOG_LEVEL_ERROR, e.text);
}

/* What has come of it is written down. */
static void
finish(struct queue *q, struct queued *d)
{
	struct job job = queue_job(d);
	int64_t now = clock_ms();
	bool left;

	d->finished = true;
	expire(q, d, &job, now);
	spooled_note(
	    &job, d->stored.arrived, d->stored.fate, q->opts->schedule, now);
	if (!report_failed(q, d, &job, now))
		return;
	report_delay(q, d, &job, now);
	report_success(q, d, &job, now);
	left = spooled_waits(&job);
	spooled_end(&job);
	if (left)
		queue_next(q, d->entry.id, now);
}

/*
 * What a run that died has left failed is reported before anything is sent:
 * its report may be in the spool, and once that is gone it is not found.
 */
static bool
take_and_report(struct queue *q, struct queued *d, const char *id)
{
	int64_t now = clock_ms();
	struct job job;

	if (!queue_take(q, d, id, now))
		return false;
	job = queue_job(d);
	return report_failed(q, d, &job, now);
}

/* What is sent, and whose the jobs are. */
struct sending {
	struct queue *queue;
	struct job *job;
	struct queued **queued;
};

/* Beside what is still sent. */
static void
over(void *ctx, struct job *job)
{
	struct sending *s = ctx;

	finish(s->queue, s->queued[job - s->job]);
}

static void walk(struct queue *);

/* What a process beside this one says when it is done. */
struct told {
	struct queue_count count;
	bool more;
};

/* In such a process. */
static int
go_on(void *ctx)
{
	struct queue *q = ctx;
	struct told told = {.count = {.next = INT64_MAX}};

	if (q->opts->branched)
		q->opts->branched();
	for (size_t i = 0; i < q->n; i++) {
		entry_close(&q->batch[i].entry);
		pool_free(&q->batch[i].pool);
	}
	q->n = q->recipients = 0;
	q->count = &told.count;
	q->more = false;
	q->agents = q->beside.agents;
	walk(q);
	told.more = q->more;
	return beside_tell(&q->beside, &told, sizeof(told));
}

/* It has all agents but one for each of these. */
static bool
slow(void *ctx, const struct slow *hosts)
{
	const struct sending *s = ctx;
	struct queue *q = s->queue;

	if (q->beside.pid > 0 || q->at == q->items || q->agents <= hosts->n)
		return false;
	q->beside.agents = q->agents - (unsigned)hosts->n;
	if (!beside_begin(&q->beside, hosts, go_on, q))
		return false;
	q->agents -= q->beside.agents;
	log_event(LOG_LEVEL_INFO, "qmgr",
	    "%zu next hops take their time: the rest of the queue goes on "
	    "beside them",
	    hosts->n);
	return true;
}

/* What it has done, if it is over, counts as ours. */
static void
take_in(struct queue *q, bool wait)
{
	const struct told none = {.count = {.next = clock_ms() + AGAIN}};
	struct told told;
	int ended = beside_end(
	    &q->beside, wait, q->opts->dispatch->leave, &told, sizeof(told));

	if (ended == 0)
		return;
	if (ended < 0) {
		log_event(LOG_LEVEL_ERROR, "qmgr",
		    "the process that went on beside slow hosts has died");
		told = none;
	}
	q->agents += q->beside.agents;
	q->count->taken += told.count.taken;
	q->count->busy += told.count.busy;
	q->count->aside += told.count.aside;
	if (told.count.next < q->count->next)
		q->count->next = told.count.next;
	q->more = q->more || told.more;
}

/* Sends what has been taken. */
static void
flush(struct queue *q)
{
	struct dispatch_opts opts = *q->opts->dispatch;
	struct sending sending = {.queue = q};
	struct job *job = calloc(q->n + 1, sizeof(*job));
	struct pool pool = {0};
	struct err e;
	size_t active = 0;

	sending.queued = calloc(q->n + 1, sizeof(struct queued *));
	if (job == NULL || sending.queued == NULL)
		err_memory();
	for (size_t i = 0; i < q->n; i++) {
		struct queued *d = &q->batch[i];

		for (size_t k = 0; k < d->envelope.n; k++)
			if (!d->envelope.rcpt[k].idle) {
				sending.queued[active] = d;
				job[active++] = queue_job(d);
				break;
			}
	}
	sending.job = job;
	opts.dead = &q->dead;
	take_in(q, false);
	opts.agents = q->agents;
	opts.over = over;
	opts.slow = slow;
	opts.slow_after = SLOW;
	opts.over_ctx = &sending;
	/* Every batch has its time. */
	opts.start = opts.read = opts.lookup.start = clock_now();
	if (active > 0 && dispatch(job, active, &opts, &pool, &e) < 0)
		log_event(LOG_LEVEL_ERROR, "qmgr", "%s", e.text);
	for (size_t i = 0; i < q->n; i++) {
		if (!q->batch[i].finished)
			finish(q, &q->batch[i]);
		pool_free(&q->batch[i].pool);
	}
	pool_free(&pool);
	free(sending.queued);
	free(job);
	q->n = q->recipients = 0;
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

/* From where it is to the end of the list. */
static void
walk(struct queue *q)
{
	while (q->at < q->items && !leaving(q)) {
		const struct store_item *item = &q->item[q->at++];
		struct queued *d = &q->batch[q->n];

		if (!(item->has & STORE_ENV) ||
		    ((q->due_only || q->opts->selectors_n > 0 ||
			 q->beside.taken_n > 0) &&
			!queue_worth(q, item->id, clock_ms())))
			continue;
		*d = (struct queued){.entry = entry_named(q->store, item->id)};
		if (!take_and_report(q, d, item->id)) {
			queue_drop(d);
			continue;
		}
		q->count->taken++;
		q->recipients += d->envelope.n;
		if (++q->n == q->max || q->recipients > BATCH_RCPTS)
			flush(q);
	}
	flush(q);
	take_in(q, true);
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

	q->count->next = INT64_MAX;
	q->more = false;
	if (result == 0) {
		sweep(q->store, item, n, swept, NULL, &what);
		q->count->aside += what.aside;
		q->due_only = due_only;
		q->item = item;
		q->items = n;
		q->at = 0;
		walk(q);
	}
	pool_free(&pool);
	return result;
}

int
queue_run(const struct store *store, const struct queue_opts *opts,
    struct queue_count *count, struct err *e)
{
	struct queue q = {
	    .store = store,
	    .opts = opts,
	    .count = count,
	    .begun = clock_ms(),
	    .agents = opts->dispatch->agents < AGENTS_MAX
		? opts->dispatch->agents
		: AGENTS_MAX,
	};
	size_t room;
	int result;

	*count = (struct queue_count){0};
	proc_more_descriptors(
	    DESCRIPTORS_BESIDES + DESCRIPTORS_EACH * BATCH_MAX);
	room = proc_descriptors();
	q.max = room > DESCRIPTORS_BESIDES + DESCRIPTORS_EACH
	    ? (room - DESCRIPTORS_BESIDES) / DESCRIPTORS_EACH
	    : 1;
	q.max = q.max < BATCH_MAX ? q.max : BATCH_MAX;
	q.batch = calloc(q.max, sizeof(*q.batch));
	if (q.batch == NULL)
		err_memory();
	if (opts->stamp && store_stamp(store, clock_ms(), e) < 0)
		log_event(LOG_LEVEL_WARNING, "qmgr", "%s", e->text);
	result = pass(&q, opts->due_only, e);
	/* Reports are new messages, and what is forwarded is; each may fail. */
	for (int i = 1; i < PASSES && result == 0 && q.more; i++)
		result = pass(&q, true, e);
	/* What is left of them is for a run that comes soon. */
	if (q.more && count->next > clock_ms() + AGAIN)
		count->next = clock_ms() + AGAIN;
	dead_free(&q.dead);
	pool_free(&q.beside.pool);
	free(q.batch);
	return result;
}
