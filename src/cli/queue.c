/* SPDX-License-Identifier: ISC */
/* The queue is run: once, or again and again in the foreground. */
#include <sysexits.h>

#include "base/log.h"
#include "cli/care.h"
#include "cli/interrupt.h"
#include "cli/may.h"
#include "cli/run.h"
#include "cli/runner.h"
#include "cli/say.h"
#include "spool/turn.h"
#include "spool/wake.h"

/*
 * For a timer (G-15): where one is at it, another has nothing to add.  Who was
 * woken while it was ours, and left it to us, is seen to before we go.
 */
static int
run_turn(struct runner *r, const volatile sig_atomic_t *leave)
{
	struct queue_count count;
	struct wake wake;
	struct err e;
	int turn;
	int status;

	switch (turn_take(&r->store, &turn, &e)) {
	case TURN_MINE:
		break;
	case TURN_TAKEN:
		return EX_OK;
	case TURN_ERROR:
	default:
		log_event(LOG_LEVEL_WARNING, "qmgr", "%s", e.text);
		return runner_once(r, true, leave, &count);
	}
	wake_watch(&wake, &r->store);
	do {
		turn_sign(turn, true);
		(void)wake_news(&wake);
		status = runner_once(r, true, leave, &count);
		turn_end(&turn);
	} while (status == EX_OK && *leave == 0 && wake_news(&wake) &&
	    turn_take(&r->store, &turn, &e) == TURN_MINE);
	turn_end(&turn);
	wake_close(&wake);
	return status;
}

/* All, or what was selected, whoever else is at it. */
static int
run_once(struct runner *r, const volatile sig_atomic_t *leave)
{
	struct queue_count count;
	struct err e;
	int status = runner_once(r, false, leave, &count);

	if (status || r->o->selectors_n > 0 || count.next == INT64_MAX)
		return status;
	if (care(r->o, &r->store, CARE_LATER, &e) < 0) {
		log_event(LOG_LEVEL_WARNING, "qmgr", "%s", e.text);
		say_error(r->o->name, STR_NONE, str_c(e.text));
	}
	return EX_OK;
}

/* Somebody else may run it, and is asked to. */
static int
wake_only(const struct runner *r)
{
	struct err e;

	if (wake_touch(&r->store, &e) == 0)
		return EX_OK;
	say_error(r->o->name, STR_NONE, str_c(e.text));
	return EX_IOERR;
}

static int
run(const struct options *o, bool due_only)
{
	const volatile sig_atomic_t *leave;
	struct runner r;
	struct err e;
	int status = runner_prepare(&r, o);

	if (status == 0 &&
	    (status = may(MAY_RUN, &r.conf, r.store.admin, &e)) != 0)
		say_error(o->name, STR_NONE, str_c(e.text));
	if (status == 0 && care_of_others(&r.store)) {
		status = wake_only(&r);
	} else if (status == 0) {
		leave = interrupt_sending();
		if (o->every > 0)
			status = runner_live(&r,
			    (struct stay){.every = o->every, .turn = -1},
			    leave);
		else
			status = due_only ? run_turn(&r, leave)
					  : run_once(&r, leave);
	}
	runner_close(&r);
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
