/* SPDX-License-Identifier: ISC */
#include "cli/runner.h"

#include <errno.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/interrupt.h"
#include "cli/place.h"
#include "cli/run.h"
#include "cli/say.h"
#include "os/journal.h"

static int
fail(const struct options *o, int status, const struct err *e)
{
	say_error(o->name, STR_NONE, str_c(e->text));
	return status;
}

int
runner_prepare(struct runner *r, const struct options *o)
{
	struct err e;
	int status;

	*r = (struct runner){.o = o, .store = {.dir = -1}, .stamps = true};
	status = settle_conf(&r->conf, o, &e);
	if (status)
		return fail(o, status, &e);
	if (r->conf.spool_path.n == 0)
		return run_spool(o);
	if (journal_open(r->conf.log, o->tag ? o->tag : "hantar", &e) < 0)
		(void)fail(o, 0, &e);
	if ((status = settle_identity(&r->who, &r->conf, o, &e)) != 0)
		return fail(o, status, &e);
	if (place_open(&r->store, &r->conf, &e) < 0) {
		status = e.number == EACCES || e.number == EPERM ? EX_NOPERM
								 : EX_CANTCREAT;
		err_while(&e, "spool");
		return fail(o, status, &e);
	}
	return 0;
}

void
runner_close(struct runner *r)
{
	store_close(&r->store);
}

int
runner_once(struct runner *r, bool due_only, const volatile sig_atomic_t *leave,
    struct queue_count *count)
{
	const struct options *o = r->o;
	struct err e;

	r->resolve = settle_resolve(&r->conf, &r->who, o);
	r->bounce = settle_bounce(&r->conf, &r->who, &r->resolve);
	r->opts = (struct queue_opts){
	    .dispatch = &r->dispatch,
	    .schedule = &schedule_usual,
	    .resolve = &r->resolve,
	    .bounce = &r->bounce,
	    .due_only = due_only,
	    .branched = interrupt_by_parent,
	    .stamp = r->stamps && o->selectors_n == 0,
	    .selectors = o->selectors,
	    .selectors_n = o->selectors_n,
	};
	settle_dispatch(&r->dispatch, &r->conf, &r->who, o, clock_now());
	r->dispatch.leave = leave;
	if (queue_run(&r->store, &r->opts, count, &e) == 0)
		return EX_OK;
	log_event(LOG_LEVEL_ERROR, "qmgr", "%s", e.text);
	return fail(o, EX_OSERR, &e);
}
