/* SPDX-License-Identifier: ISC */
#include "delivery/queue_take.h"

#include "base/clock.h"
#include "delivery/derived.h"
#include "delivery/forward.h"
#include "delivery/outcome.h"
#include "spool/take.h"

/* ms: then what somebody holds, or could not be dealt with, is looked at
 * again; and what could not be read. */
enum { SOON = 60000, LATER = 15 * 60000 };

void
queue_note(const char *id, enum log_level level, const char *text)
{
	log_event(level, "qmgr", "%s: %s", id, text);
}

struct job
queue_job(struct queued *d)
{
	return (struct job){
	    .envelope = &d->envelope,
	    .content = &d->content,
	    .state = JOB_KEPT,
	    .entry = &d->entry,
	};
}

void
queue_drop(struct queued *d)
{
	entry_close(&d->entry);
	pool_free(&d->pool);
}

static void
set_aside(struct queue *q, struct queued *d, const struct err *why)
{
	struct err e;

	queue_note(d->entry.id, LOG_LEVEL_ERROR, why->text);
	if (entry_aside(&d->entry, &e) < 0)
		queue_note(d->entry.id, LOG_LEVEL_ERROR, e.text);
	else
		queue_note(d->entry.id, LOG_LEVEL_ERROR,
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

/* Is another process at where the mail of recipient i goes? */
static bool
is_theirs(const struct queue *q, const struct envelope *env, size_t i)
{
	const struct recipient *r = &env->rcpt[i];
	struct next_hop target;
	struct pool p = {0};
	bool is;

	if (q->beside.taken_n == 0)
		return false;
	target = route_domain(r->addr.domain, envelope_from(env, r),
	    &q->opts->dispatch->routes, &p);
	is = beside_has(&q->beside, &target);
	pool_free(&p);
	return is;
}

/* What this run has to do for recipient i. */
static enum due
due_of(const struct queue *q, const struct envelope *env,
    const struct stored *stored, size_t i, int64_t now)
{
	int64_t when;
	enum due due = schedule_due(
	    q->opts->schedule, stored, &stored->fate[i], now, &when);

	/* What this run, or one beside it, has tried it does not try again. */
	if (due == DUE_LATER && !q->due_only &&
	    !(stored->fate[i].last > q->begun && stored->fate[i].last <= now))
		due = DUE_NOW;
	return due == DUE_NOW && is_theirs(q, env, i) ? DUE_LATER : due;
}

/*
 * Is something to be done for one of its recipients, or nothing for any of them
 * ever again, so that the entry can go?
 */
static bool
is_worth_it(const struct queue *q, const struct envelope *env,
    const struct stored *stored, int64_t now)
{
	bool waits = false;

	for (size_t i = 0; i < env->n; i++) {
		enum due due = due_of(q, env, stored, i, now);

		if (due != DUE_LATER && due != DUE_HELD && due != DUE_NEVER)
			return true;
		waits = waits || due != DUE_NEVER;
	}
	return !waits;
}

/* When something is to be done for one of n; INT64_MAX: never by itself. */
static int64_t
next_of(
    const struct queue *q, const struct stored *stored, size_t n, int64_t now)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < n; i++) {
		int64_t when;
		enum due due = schedule_due(
		    q->opts->schedule, stored, &stored->fate[i], now, &when);

		if (due != DUE_NEVER && due != DUE_HELD && when < next)
			next = when;
	}
	/* What is due, and left to others. */
	return next > now ? next : now + SOON;
}

/* There is something to be done at that time. */
static void
by(const struct queue *q, int64_t when)
{
	if (when < q->count->next)
		q->count->next = when;
}

/* Prepares each recipient; those for whom nothing is to be done are idle. */
static void
consider(struct queue *q, struct queued *d, int64_t now)
{
	struct job job = queue_job(d);
	int64_t came = clock_now() - (now - d->stored.arrived);

	for (size_t i = 0; i < d->envelope.n; i++) {
		struct recipient *r = &d->envelope.rcpt[i];
		enum due due = due_of(q, &d->envelope, &d->stored, i, now);

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

bool
queue_worth(const struct queue *q, const char *id, int64_t now)
{
	struct entry entry;
	struct envelope env = {0};
	struct stored stored;
	struct pool pool = {0};
	struct err e;
	bool worth = true;

	if (entry_peek(q->store, id, &entry, &e) == TAKE_OK &&
	    entry_load(&entry, &pool, &env, &stored, &e) == LOAD_OK) {
		worth = select_matches(q->opts->selectors, q->opts->selectors_n,
			    &env, &stored) &&
		    is_worth_it(q, &env, &stored, now);
		if (!worth)
			by(q, next_of(q, &stored, env.n, now));
	}
	entry_close(&entry);
	pool_free(&pool);
	return worth;
}

bool
queue_take(struct queue *q, struct queued *d, const char *id, int64_t now)
{
	struct err e;

	switch (entry_take(q->store, id, &d->entry, &e)) {
	case TAKE_OK:
		break;
	case TAKE_BUSY:
		q->count->busy++;
		by(q, now + SOON);
		return false;
	case TAKE_BROKEN:
		set_aside(q, d, &e);
		return false;
	case TAKE_ERROR:
		queue_note(id, LOG_LEVEL_ERROR, e.text);
		by(q, now + LATER);
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
	case LOAD_ERROR:
		by(q, now + LATER);
		/* fall through */
	case LOAD_VERSION: /* a newer program's */
	default:
		queue_note(id, LOG_LEVEL_ERROR, e.text);
		return false;
	}
	d->content = (struct content){
	    .fd = d->entry.msg,
	    .size = d->stored.size,
	    .eightbit = d->stored.eightbit,
	};
	if (!is_worth_it(q, &d->envelope, &d->stored, now)) {
		by(q, next_of(q, &d->stored, d->envelope.n, now));
		return false;
	}
	if (!derived_settled(q->store, id, &d->stored)) {
		by(q, now + SOON);
		return false;
	}
	consider(q, d, now);
	return true;
}

void
queue_next(const struct queue *q, const char *id, int64_t now)
{
	struct entry entry;
	struct envelope env = {0};
	struct stored stored;
	struct pool pool = {0};
	struct err ignored;
	int64_t next = now + SOON;

	if (entry_peek(q->store, id, &entry, &ignored) == TAKE_OK &&
	    entry_load(&entry, &pool, &env, &stored, &ignored) == LOAD_OK)
		next = next_of(q, &stored, env.n, now);
	by(q, next > now + SOON ? next : now + SOON);
	entry_close(&entry);
	pool_free(&pool);
}
