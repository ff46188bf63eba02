/* SPDX-License-Identifier: ISC */
#include "cli/queue_change.h"

#include <errno.h>
#include <sysexits.h>

#include "base/log.h"
#include "spool/load.h"
#include "spool/look.h"
#include "spool/take.h"

/* An entry that we hold, and all that is known of it. */
struct held {
	struct entry entry;
	struct envelope env;
	struct stored stored;
};

static int
tell(struct held *h, enum event_kind kind, int64_t now, struct err *e)
{
	struct event event = {.kind = kind, .when = now};

	if (entry_event(&h->entry, &event, e) < 0 ||
	    mark_sync(&h->entry.marks, e) < 0)
		return EX_IOERR;
	return 0;
}

static int
hold(struct held *h, int64_t now, struct err *e)
{
	return h->stored.held ? 0 : tell(h, EVENT_HELD, now, e);
}

static int
release(struct held *h, int64_t now, struct err *e)
{
	return h->stored.held ? tell(h, EVENT_RELEASED, now, e) : 0;
}

static int
requeue(struct held *h, int64_t now, struct err *e)
{
	return tell(h, EVENT_DUE, now, e);
}

/*
 * What was delivered stays so.  If we die between two marks, the rest is
 * still the queue's.
 */
static int delete (struct held *h, int64_t now, struct err *e)
{
	(void)now;
	for (size_t i = 0; i < h->env.n; i++)
		if (!mark_final(h->stored.fate[i].mark) &&
		    mark_put(&h->entry.marks, i, MARK_WITHDRAWN, e) < 0)
			return EX_IOERR;
	if (mark_sync(&h->entry.marks, e) < 0 || entry_remove(&h->entry, e) < 0)
		return EX_IOERR;
	return 0;
}

static const struct {
	int (*make)(struct held *, int64_t now, struct err *);
	const char *done;
} changes[] = {
    [CHANGE_HOLD] = {hold, "held"},
    [CHANGE_RELEASE] = {release, "released"},
    [CHANGE_REQUEUE] = {requeue, "due now"},
    [CHANGE_DELETE] = {delete, "deleted"},
};

static int
no_such(const char *id, struct err *e)
{
	err_set(e, ERR_SYNTAX, "there is no such entry%s",
	    str_ieq(str_c(id), STR(CHANGE_ALL))
		? "; all of them are " CHANGE_ALL
		: "");
	return EX_UNAVAILABLE;
}

/* 0: we hold it, else the exit status and *e. */
static int
take(const struct store *store, const char *id, struct entry *entry,
    struct err *e)
{
	switch (entry_take(store, id, entry, e)) {
	case TAKE_OK:
		return 0;
	case TAKE_BUSY:
		err_set(e, ERR_LIMIT, "in delivery just now");
		return EX_TEMPFAIL;
	case TAKE_GONE:
	case TAKE_BARE:
		return no_such(id, e);
	case TAKE_LOST:
		err_set(e, ERR_SYNTAX, "its message is missing");
		return EX_DATAERR;
	case TAKE_BROKEN:
		return EX_DATAERR;
	case TAKE_ERROR:
		break;
	}
	return e->number == EACCES || e->number == EPERM ? EX_NOPERM : EX_IOERR;
}

static int
load(struct held *h, struct pool *p, struct err *e)
{
	switch (entry_load(&h->entry, p, &h->env, &h->stored, e)) {
	case LOAD_OK:
		return 0;
	case LOAD_VERSION:
		err_set(e, ERR_LIMIT, "of a newer version, and left alone");
		return EX_DATAERR;
	case LOAD_BROKEN:
		return EX_DATAERR;
	case LOAD_ERROR:
		break;
	}
	return EX_IOERR;
}

static int
not_yours(struct err *e)
{
	err_set(e, ERR_SYNTAX, "it is not yours");
	return EX_NOPERM;
}

/*
 * Of another's entry an ordinary user does not even hold the lock: he could
 * stop the process that has it.
 */
static int
check_owner(
    const struct store *store, const char *id, unsigned long uid, struct err *e)
{
	uid_t owner;

	if (store->dir < 0)
		return no_such(id, e);
	if (store->admin)
		return 0;
	switch (entry_owner(store, id, &owner, e)) {
	case LOOK_OK:
		return owner == uid ? 0 : not_yours(e);
	case LOOK_GONE:
		return no_such(id, e);
	case LOOK_VERSION:
	case LOOK_BROKEN:
	case LOOK_ERROR:
		break;
	}
	return e->number == EACCES || e->number == EPERM ? EX_NOPERM : EX_IOERR;
}

static int
change(const struct store *store, const char *id, struct pool *p,
    const struct change_opts *opts, struct err *e)
{
	struct held h = {.entry = entry_named(store, id)};
	int status = check_owner(store, id, opts->uid, e);

	if (status == 0)
		status = take(store, id, &h.entry, e);
	if (status == 0)
		status = load(&h, p, e);
	/* The name may have led to another's when it was opened. */
	if (status == 0 && !store->admin && h.stored.uid != opts->uid)
		status = not_yours(e);
	if (status == 0)
		status = changes[opts->change].make(&h, opts->now, e);
	entry_close(&h.entry);
	if (status == 0)
		log_event(LOG_LEVEL_INFO, "queue", "%s: %s by uid %lu", id,
		    changes[opts->change].done, opts->uid);
	return status;
}

int
queue_change(
    const struct store *store, const char *id, const struct change_opts *opts)
{
	struct pool p = {0};
	struct err e = {0};
	int status = EX_USAGE;

	if (store_id(str_c(id)))
		status = change(store, id, &p, opts, &e);
	else
		err_set(&e, ERR_SYNTAX, "no queue ID");
	opts->say(opts->ctx, status, id,
	    status ? e.text : changes[opts->change].done);
	pool_free(&p);
	return status;
}

int
queue_change_worst(int before, int status)
{
	return before == 0 || (before == EX_TEMPFAIL && status != 0) ? status
								     : before;
}

/* What has gone, or is another's, is not among "all". */
static int
change_of_all(
    const struct store *store, const char *id, const struct change_opts *opts)
{
	struct pool p = {0};
	struct err e = {0};
	int status = change(store, id, &p, opts, &e);

	pool_free(&p);
	if (status == EX_UNAVAILABLE || status == EX_NOPERM)
		return 0;
	opts->say(opts->ctx, status, id,
	    status ? e.text : changes[opts->change].done);
	return status;
}

int
queue_change_all(const struct store *store, const struct change_opts *opts)
{
	struct store_item *item;
	struct pool p = {0};
	struct err e;
	size_t n, strange;
	int status = 0;

	if (store_list(store, &p, &item, &n, &strange, &e) < 0) {
		opts->say(opts->ctx, EX_IOERR, CHANGE_ALL, e.text);
		status = EX_IOERR;
		n = 0;
	}
	for (size_t i = 0; i < n; i++)
		if (item[i].has & STORE_ENV)
			status = queue_change_worst(
			    status, change_of_all(store, item[i].id, opts));
	pool_free(&p);
	return status;
}
