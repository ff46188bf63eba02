/* SPDX-License-Identifier: ISC */
/* The queue is run: once, or again and again in the foreground. */
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/interrupt.h"
#include "cli/may.h"
#include "cli/place.h"
#include "cli/run.h"
#include "cli/say.h"
#include "cli/settle.h"
#include "delivery/queue.h"
#include "os/journal.h"
#include "os/sys.h"

struct runner {
	const struct options *o;
	struct conf conf;
	struct identity who;
	struct store store;
	struct dispatch_opts dispatch;
	struct resolve_opts resolve;
	struct bounce_opts bounce;
	struct queue_opts opts;
};

static int
fail(const struct options *o, int status, const struct err *e)
{
	say_error(o->name, STR_NONE, str_c(e->text));
	return status;
}

static int
prepare(struct runner *r, const struct options *o, bool due_only)
{
	struct err e;
	int status = settle_conf(&r->conf, o, &e);

	r->o = o;
	if (status)
		return fail(o, status, &e);
	if (r->conf.spool_path.n == 0)
		return run_spool(o);
	if (journal_open(r->conf.log, o->tag ? o->tag : "hantar", &e) < 0)
		(void)fail(o, 0, &e);
	if ((status = settle_identity(&r->who, &r->conf, o, &e)) != 0)
		return fail(o, status, &e);
	if (place_open(&r->store, &r->conf, &e) < 0) {
		err_while(&e, "spool");
		return fail(o, EX_CANTCREAT, &e);
	}
	if ((status = may(MAY_RUN, &r->conf, r->store.admin, &e)) != 0)
		return fail(o, status, &e);
	r->resolve = settle_resolve(&r->conf, &r->who, o);
	r->bounce = settle_bounce(&r->conf, &r->who, &r->resolve);
	r->opts = (struct queue_opts){
	    .dispatch = &r->dispatch,
	    .schedule = &schedule_usual,
	    .resolve = &r->resolve,
	    .bounce = &r->bounce,
	    .due_only = due_only,
	    .selectors = o->selectors,
	    .selectors_n = o->selectors_n,
	};
	return 0;
}

static int
run_once(struct runner *r, const volatile sig_atomic_t *leave)
{
	struct queue_count count;
	struct err e;

	settle_dispatch(&r->dispatch, &r->conf, &r->who, r->o, clock_now());
	r->dispatch.leave = leave;
	if (queue_run(&r->store, &r->opts, &count, &e) == 0)
		return EX_OK;
	log_event(LOG_LEVEL_ERROR, "qmgr", "%s", e.text);
	return fail(r->o, EX_OSERR, &e);
}

static int
run(const struct options *o, bool due_only)
{
	struct runner r = {.store = {.dir = -1}};
	const volatile sig_atomic_t *leave;
	int64_t begun = clock_now();
	int status = prepare(&r, o, due_only);

	if (status)
		return status;
	leave = interrupt_sending();
	status = run_once(&r, leave);
	for (r.opts.due_only = true; o->every > 0;) {
		/* A run that took longer is not made up for. */
		begun += o->every;
		if (begun < clock_now())
			begun = clock_now();
		if (!sys_rest(begun, leave))
			break;
		status = run_once(&r, leave);
	}
	store_close(&r.store);
	return status;
}

int
run_queue(const struct options *o)
{
	return run(o, false);
}

int
run_queue_due(const struct options *o)
{
	return run(o, true);
}
