/* SPDX-License-Identifier: ISC */
#include "delivery/bounce.h"

#include "base/log.h"
#include "delivery/notice.h"
#include "delivery/returned.h"
#include "mail/dsn.h"
#include "spool/field.h"
#include "spool/load.h"
#include "spool/take.h"

enum { WHO_MAX = ENVFILE_RCPTS * 5, PATH_SHOWN = 320 };

struct work {
	const struct store *store;
	struct job *job;
	struct stored *stored;
	const struct bounce_opts *opts;
	struct pool *pool;
	bool *todo;	  /* a report is due for recipient i */
	size_t *index;	  /* those of the report at hand */
	bool *told;	  /* about whom it is */
	bool open;	  /* for somebody there is still hope */
	struct str why;	  /* nobody can be told; p NULL: that did not happen */
	struct err error; /* the first, of a report that is not committed */
};

static struct work
begin(const struct store *store, struct job *job, struct stored *stored,
    const struct bounce_opts *opts, struct pool *p)
{
	size_t n = job->envelope->n;

	return (struct work){
	    .store = store,
	    .job = job,
	    .stored = stored,
	    .opts = opts,
	    .pool = p,
	    .todo = pool_take(p, n),
	    .index = pool_array(p, n, sizeof(size_t)),
	    .told = pool_take(p, n),
	};
}

/* What there is to be said when it is done: for the log, and for the event. */
static const struct {
	const char *told;
	enum event_kind event;
} words[] = {
    [NOTICE_FAILED] = {"sender non-delivery notification", EVENT_REPORTED},
    [NOTICE_DELAYED] = {"sender delay notification", EVENT_WARNED},
    [NOTICE_DOUBLE] = {"postmaster non-delivery notification", EVENT_REPORTED},
    [NOTICE_SUCCEEDED] = {"sender delivery status notification",
	EVENT_REPORTED},
};

/* The line explains; without it everything holds (18). */
static void
put_event(const struct work *w, enum event_kind kind, const size_t *index,
    size_t n, const char *by)
{
	struct event event = {
	    .kind = kind,
	    .when = w->opts->now,
	    .status = {.text = str_c(by)},
	};
	struct buf who;
	struct err e;

	buf_init(&who, WHO_MAX);
	field_put_ranges(&who, index, n);
	event.who = buf_str(&who);
	if (entry_event(w->job->entry, &event, &e) < 0)
		log_event(LOG_LEVEL_WARNING, "bounce", "%s", e.text);
	buf_free(&who);
}

/*
 * Marks them reported, on disk.  The first gives the report its ID: as long
 * as it is failed the report is found again.
 */
static int
mark_reported(
    const struct work *w, const size_t *index, size_t n, struct err *e)
{
	const struct marks *marks = &w->job->entry->marks;

	for (size_t i = n; i-- > 1;)
		if (mark_put(marks, index[i], MARK_REPORTED, e) < 0)
			return -1;
	if ((n > 1 && mark_sync(marks, e) < 0) ||
	    mark_put(marks, index[0], MARK_REPORTED, e) < 0)
		return -1;
	return mark_sync(marks, e);
}

/* index[0..n) are told by a report that is on disk, or never will be. */
static int
finish(struct work *w, enum notice_kind kind, const size_t *index, size_t n,
    const char *by, struct err *e)
{
	struct fate *fate = w->stored->fate;

	if (kind == NOTICE_SUCCEEDED)
		return 0;
	if (kind != NOTICE_DELAYED && mark_reported(w, index, n, e) < 0)
		return -1;
	for (size_t i = 0; fate && i < n; i++) {
		if (kind == NOTICE_DELAYED)
			fate[index[i]].warned = true;
		else
			fate[index[i]].mark = MARK_REPORTED;
	}
	put_event(w, words[kind].event, index, n, by);
	return 0;
}

/* Why there is no report: a line for each recipient. */
static void
log_silence(
    const struct work *w, const size_t *index, size_t n, const char *why)
{
	const struct envelope *env = w->job->envelope;

	for (size_t i = 0; i < n; i++) {
		struct str path =
		    str_slice(env->rcpt[index[i]].path, 0, PATH_SHOWN);

		log_event(LOG_LEVEL_INFO, "bounce",
		    "%.*s: to=<%.*s>: not reported: %s", STR_ARG(env->id),
		    STR_ARG(path), why);
	}
}

/*
 * To whom it goes: to the sender, else, of a failure, to him who is told of
 * what has no sender (G-28, G-32).
 */
static enum notice_way
address(struct work *w, struct notice *n, struct err *e)
{
	const struct envelope *env = w->job->envelope;
	struct str from = notice_sender(n->kind, env, &env->rcpt[n->index[0]]);
	enum notice_way way = NOTICE_NO_WAY;

	if (from.n > 0)
		way = notice_address(n, from, w->pool, e);
	if (way != NOTICE_NO_WAY || n->kind == NOTICE_DELAYED ||
	    n->kind == NOTICE_SUCCEEDED || notice_is_last(w->stored))
		return way;
	n->kind = NOTICE_DOUBLE;
	return notice_address(n, w->opts->double_bounce_to, w->pool, e);
}

static int
send_report(struct work *w, struct notice *n, struct err *e)
{
	size_t told = 0;

	if (notice_commit(n, w->told, w->pool, e) < 0)
		return -1;
	for (size_t i = 0; i < n->n; i++) {
		w->todo[n->index[i]] = !w->told[i];
		if (w->told[i])
			w->index[told++] = n->index[i];
	}
	if (finish(w, n->kind, w->index, told, n->id, e) < 0)
		return -1;
	log_event(LOG_LEVEL_INFO, "bounce", "%.*s: %s: %s",
	    STR_ARG(w->job->envelope->id), words[n->kind].told, n->id);
	return 0;
}

/* One report; index[0..n) have one sender. */
static int
report(struct work *w, struct notice *n, struct err *e)
{
	static const char discarded[] = "an alias discards mail for the sender";

	switch (address(w, n, e)) {
	case NOTICE_WAY:
		return send_report(w, n, e);
	case NOTICE_NOT_NOW:
		return -1;
	case NOTICE_DISCARDED:
		log_silence(w, n->index, n->n, discarded);
		return finish(w, n->kind, n->index, n->n, "-", e);
	case NOTICE_NO_WAY:
		break;
	}
	if (n->kind != NOTICE_DELAYED && n->kind != NOTICE_SUCCEEDED)
		w->why = STR("there is nobody who could be told");
	return 0;
}

/* Puts into index those from `first` on whose sender is the same. */
static size_t
gather(const struct work *w, enum notice_kind kind, size_t first)
{
	const struct envelope *env = w->job->envelope;
	struct str from = notice_sender(kind, env, &env->rcpt[first]);
	size_t n = 0;

	for (size_t i = first; i < env->n; i++)
		if (w->todo[i] &&
		    str_eq(notice_sender(kind, env, &env->rcpt[i]), from))
			w->index[n++] = i;
	return n;
}

/* All that is to do; what cannot be done for one is done for the others. */
static void
report_all(struct work *w, enum notice_kind kind)
{
	for (size_t i = 0; i < w->job->envelope->n; i++) {
		struct notice n = {
		    .kind = kind,
		    .store = w->store,
		    .job = w->job,
		    .stored = w->stored,
		    .opts = w->opts,
		    .index = w->index,
		};
		struct err e;

		if (!w->todo[i])
			continue;
		n.n = gather(w, kind, i);
		n.n = notice_room(&n);
		for (size_t k = 0; k < n.n; k++)
			w->todo[w->index[k]] = false;
		if (report(w, &n, &e) == 0)
			continue;
		if (e.kind == ERR_LIMIT)
			w->why = pool_str(w->pool, str_c(e.text));
		else if (w->error.kind == ERR_NONE)
			w->error = e;
	}
}

static int
result(const struct work *w, struct err *e)
{
	if (w->error.kind == ERR_NONE)
		return 0;
	*e = w->error;
	return err_while(e, "%s: report", w->job->entry->id);
}

/* Never dropped, never looped: who runs the machine has to look at it. */
static int
set_aside(struct work *w, struct err *e)
{
	struct str id = w->job->envelope->id;

	if (entry_aside(w->job->entry, e) < 0)
		return -1;
	w->job->state = JOB_LOOSE;
	log_event(LOG_LEVEL_ERROR, "bounce",
	    "%.*s: undeliverable, and %.*s: set aside in corrupt/", STR_ARG(id),
	    STR_ARG(w->why));
	return BOUNCE_ASIDE;
}

/* Those that nobody is to be told of are done with (G-27). */
static int
pass_over(struct work *w, size_t n, struct err *e)
{
	if (n == 0)
		return 0;
	log_silence(w, w->index, n, "NOTIFY says so");
	return finish(w, NOTICE_FAILED, w->index, n, "-", e);
}

int
bounce_failed(const struct store *store, struct job *job, struct stored *stored,
    const struct bounce_opts *opts, struct pool *p, struct err *e)
{
	struct work w = begin(store, job, stored, opts, p);
	const struct envelope *env = job->envelope;
	char *mark = pool_take(p, env->n);
	size_t silent = 0;

	/* A report is only of what is marked on disk: else it may be made
	 * again, of others, and with another name (18). */
	if (!job_settled(job))
		return err_set(e, ERR_SYSTEM,
		    "%s: what it was to report is not on disk", job->entry->id);
	if (mark_read(job->entry->env, &job->entry->marks, mark, e) < 0)
		return err_while(e, "%s", job->entry->id);
	for (size_t i = 0; i < env->n; i++) {
		bool failed = mark[i] == MARK_FAILED;

		w.todo[i] = failed &&
		    dsn_wanted(env->rcpt[i].notify, DSN_FAILED, false, false);
		if (failed && !w.todo[i])
			w.index[silent++] = i;
		if (!failed && !mark_final((enum mark)mark[i]))
			w.open = true;
	}
	if (pass_over(&w, silent, e) < 0)
		return err_while(e, "%s: report", job->entry->id);
	report_all(&w, NOTICE_FAILED);
	if (result(&w, e) < 0)
		return -1;
	return w.why.p == NULL || w.open ? 0 : set_aside(&w, e);
}

/* Is it time to tell the sender of the delay?  Fates are of before the run. */
static bool
warns(const struct work *w, size_t i, char mark)
{
	const struct recipient *r = &w->job->envelope->rcpt[i];
	struct fate fate = w->stored->fate[i];

	fate.mark = (enum mark)mark;
	if (r->status.outcome != OUTCOME_OPEN)
		fate.attempts++;
	return schedule_warns(
		   w->opts->schedule, w->stored, &fate, w->opts->now) &&
	    dsn_wanted(r->notify, DSN_DELAYED,
		envelope_from(w->job->envelope, r).n == 0, false);
}

int
bounce_delayed(const struct store *store, struct job *job,
    struct stored *stored, const struct bounce_opts *opts, struct pool *p,
    struct err *e)
{
	struct work w = begin(store, job, stored, opts, p);
	size_t n = job->envelope->n;
	char *mark = pool_take(p, n);
	bool any = false;

	if (mark_read(job->entry->env, &job->entry->marks, mark, e) < 0)
		return err_while(e, "%s", job->entry->id);
	for (size_t i = 0; stored->fate && i < n; i++) {
		w.todo[i] = warns(&w, i, mark[i]);
		any = any || w.todo[i];
	}
	if (any && !returned_is_bulk(job->content))
		report_all(&w, NOTICE_DELAYED);
	return result(&w, e);
}

/* Is recipient i the first of those that its alias led to? */
static bool
stands_for_alias(const struct envelope *env, size_t i)
{
	const struct recipient *r = &env->rcpt[i];

	if (!r->expanded || env->from.n == 0)
		return false;
	for (size_t k = 0; k < i; k++)
		if (env->rcpt[k].expanded && str_eq(env->rcpt[k].orig, r->orig))
			return false;
	return true;
}

int
bounce_succeeded(const struct store *store, struct job *job,
    struct stored *stored, const struct bounce_opts *opts, struct pool *p,
    struct err *e)
{
	struct work w = begin(store, job, stored, opts, p);
	const struct envelope *env = job->envelope;
	bool any = false;

	for (size_t i = 0; i < env->n; i++) {
		const struct recipient *r = &env->rcpt[i];

		w.todo[i] = stands_for_alias(env, i) ||
		    (r->relayed && r->status.outcome == OUTCOME_DELIVERED &&
			dsn_wanted(r->notify, DSN_RELAYED,
			    envelope_from(env, r).n == 0, false));
		any = any || w.todo[i];
	}
	report_all(&w, NOTICE_SUCCEEDED);
	return result(&w, e) < 0 ? -1 : any;
}
