/* SPDX-License-Identifier: ISC */
/* The queue, looked at and changed: mailq, -bp, --queue-status, --hold, ... */
#include <errno.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/may.h"
#include "cli/place.h"
#include "cli/queue_change.h"
#include "cli/queue_list.h"
#include "cli/queue_status.h"
#include "cli/run.h"
#include "cli/say.h"
#include "cli/settle.h"
#include "os/journal.h"

struct queue {
	const struct options *o;
	struct conf conf;
	struct store store;
	int64_t now;
};

static int
fail(const struct options *o, int status, const struct err *e)
{
	say_error(o->name, STR_NONE, str_c(e->text));
	return status;
}

/* What was asked for could not be written. */
static int
no_output(const struct queue *q)
{
	struct err e;

	err_sys(&e, "standard output");
	return fail(q->o, EX_IOERR, &e);
}

/* A spool that cannot be read: whose fault that is. */
static int
no_spool(const struct queue *q, const struct err *e)
{
	return fail(q->o,
	    e->number == EACCES || e->number == EPERM ? EX_NOPERM : EX_IOERR,
	    e);
}

static bool
put_page(void *ctx, struct str piece)
{
	bool *failed = ctx;

	*failed = !say_page(STDOUT_FILENO, piece);
	return !*failed;
}

static int
list(struct queue *q)
{
	bool failed = false;
	const struct queue_sink sink = {put_page, &failed};
	struct queue_sum sum;
	struct err e;

	if (queue_list(&q->store, q->o->selectors, q->o->selectors_n,
		q->o->json, q->now, &sink, &sum, &e) < 0)
		return no_spool(q, &e);
	return failed ? no_output(q) : EX_OK;
}

static bool
pass(void *ctx, const struct queue_item *item)
{
	(void)ctx;
	(void)item;
	return true;
}

static int
count(struct queue *q)
{
	struct queue_sum sum;
	struct err e;
	struct buf b;
	bool said;

	if (queue_scan(&q->store, q->o->selectors, q->o->selectors_n, pass,
		NULL, &sum, &e) < 0)
		return no_spool(q, &e);
	buf_init(&b, 100);
	buf_printf(&b, "%zu\n", sum.entries);
	said = say_text(STDOUT_FILENO, buf_str(&b));
	buf_free(&b);
	return said ? EX_OK : no_output(q);
}

static int
status(struct queue *q)
{
	struct queue_status s;
	struct err e;
	struct buf b;
	bool said;

	if (queue_status(&q->store, q->now, &s, &e) < 0)
		return no_spool(q, &e);
	buf_init(&b, 4000);
	(q->o->json ? queue_status_json : queue_status_text)(&b, &s, q->now);
	said = say_text(STDOUT_FILENO, buf_str(&b));
	buf_free(&b);
	return said ? (int)queue_health(&s, q->now) : no_output(q);
}

static void
say_change(void *ctx, int result, const char *id, const char *text)
{
	const struct queue *q = ctx;
	struct buf b;

	if (result != 0) {
		buf_init(&b, 1000);
		buf_printf(&b, "%.100s: %s", id, text);
		say_error(q->o->name, STR_NONE, buf_str(&b));
	} else {
		buf_init(&b, 1000);
		buf_printf(&b, "%s: %s\n", id, text);
		(void)say_text(STDOUT_FILENO, buf_str(&b));
	}
	buf_free(&b);
}

static int
change(struct queue *q)
{
	static const enum change changes[MODES] = {
	    [MODE_HOLD] = CHANGE_HOLD,
	    [MODE_RELEASE] = CHANGE_RELEASE,
	    [MODE_REQUEUE] = CHANGE_REQUEUE,
	    [MODE_DELETE] = CHANGE_DELETE,
	};
	const struct change_opts opts = {
	    changes[q->o->mode], getuid(), q->now, say_change, q};
	const struct options *o = q->o;
	int result = 0;
	struct err e;

	if (o->operands_n == 0) {
		err_set(&e, ERR_SYNTAX,
		    "%s needs the IDs of entries, or " CHANGE_ALL, o->what);
		return fail(o, EX_USAGE, &e);
	}
	/* A log that cannot be opened changes nothing else (K-13). */
	if (journal_open(q->conf.log, o->tag ? o->tag : "hantar", &e) < 0)
		fail(o, 0, &e);
	for (size_t i = 0; i < o->operands_n; i++)
		result = queue_change_worst(result,
		    str_eq(str_c(o->operands[i]), STR(CHANGE_ALL))
			? queue_change_all(&q->store, &opts)
			: queue_change(&q->store, o->operands[i], &opts));
	return result;
}

static bool
looks(enum mode mode)
{
	return mode == MODE_LIST || mode == MODE_COUNT || mode == MODE_STATUS;
}

int
run_mailq(const struct options *o)
{
	static int (*const runs[MODES])(struct queue *) = {
	    [MODE_LIST] = list,
	    [MODE_COUNT] = count,
	    [MODE_STATUS] = status,
	    [MODE_HOLD] = change,
	    [MODE_RELEASE] = change,
	    [MODE_REQUEUE] = change,
	    [MODE_DELETE] = change,
	};
	struct queue q = {.o = o};
	struct timespec now = clock_wall();
	struct err e;
	int result = settle_conf(&q.conf, o, &e);

	if (result != 0)
		return fail(o, result, &e);
	if (q.conf.spool_path.n == 0)
		return run_spool(o);
	q.now = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	if (place_look(&q.store, &q.conf, &e) < 0)
		return no_spool(&q, &e);
	q.store.own_only = !q.store.admin && q.conf.mailq_all == 0;
	result = looks(o->mode) ? may(MAY_LIST, &q.conf, q.store.admin, &e) : 0;
	result = result ? fail(o, result, &e) : runs[o->mode](&q);
	store_close(&q.store);
	return result;
}
