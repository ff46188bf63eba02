/* SPDX-License-Identifier: ISC */
#include "cli/care.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/interrupt.h"
#include "cli/queue_scan.h"
#include "cli/runner.h"
#include "os/proc.h"
#include "spool/schedule.h"
#include "spool/turn.h"
#include "spool/wake.h"

/* Who looks after his own message looks at no more of others. */
enum { LOOKED_AT = 200 };

bool
care_of_others(const struct store *store)
{
	return !store->admin;
}

struct waiting {
	size_t seen;
	bool some;
};

static bool
find_waiting(void *ctx, const struct queue_item *item)
{
	int64_t now = clock_ms();
	struct waiting *w = ctx;

	w->some = ++w->seen > LOOKED_AT;
	if (item->wrong || item->active)
		return !w->some;
	for (size_t i = 0; i < item->env.n && !w->some; i++) {
		int64_t when;
		enum due due = schedule_due(&schedule_usual, &item->stored,
		    &item->stored.fate[i], now, &when);

		w->some = due != DUE_NEVER && due != DUE_HELD;
	}
	return !w->some;
}

/*
 * Is there anything in the spool that somebody has to run the queue for?  Where
 * that takes long to find out, a runner may do it.
 */
static bool
something_waits(const struct store *store)
{
	struct queue_sum sum;
	struct err ignored;
	struct waiting w = {0};

	(void)queue_scan(store, NULL, 0, find_waiting, &w, &sum, &ignored);
	return w.some;
}

/* The configuration's path, so that it holds in another directory; or NULL. */
static const char *
lasting(const struct options *o)
{
	char *real;
	const char *path;

	if (o->config == NULL || o->config[0] == '/')
		return o->config;
	real = realpath(o->config, NULL);
	path = real ? pool_c(o->pool, str_c(real)) : NULL;
	free(real);
	return path;
}

/* In the background: never returns. */
static _Noreturn void
stay(const struct options *given, int turn, bool until_done)
{
	const volatile sig_atomic_t *leave = interrupt_background();
	struct options o = *given;
	struct runner r;
	int status;

	o.verbose = false;
	o.selectors_n = 0;
	status = runner_prepare(&r, &o);
	if (status == 0)
		status = runner_live(&r,
		    (struct stay){
			.due_first = true,
			.until_done = until_done,
			.turn = turn,
		    },
		    leave);
	runner_close(&r);
	pool_free(o.pool);
	_exit(status);
}

/* Starts a runner, who has the turn from us.  -1 with *e. */
static int
start(const struct options *given, int turn, bool until_done, struct err *e)
{
	struct options o = *given;

	/* What process 1 of a container starts ends with it. */
	if (getpid() == 1)
		return err_set(e, ERR_LIMIT,
		    "process 1 leaves nobody behind in its container");
	o.config = lasting(given);
	if (given->config && o.config == NULL)
		return err_sys(e, "%s", given->config);
	switch (proc_background(&turn, 1, e)) {
	case 0:
		stay(&o, turn, until_done);
	case 1:
		return 0;
	default:
		return -1;
	}
}

static int
nobody(struct err *e)
{
	err_while(e, "nothing runs the queue");
	return -1;
}

/* In the spool of all. */
static int
care_in_vain(const struct store *store, enum care care, struct err *e)
{
	if (care == CARE_LOOK || !turn_stale(store, clock_ms()))
		return 0;
	err_set(e, ERR_LIMIT,
	    "it waits for \"hantar --due\" each minute: systemctl enable --now "
	    "hantar.timer hantar.path, or a line in /etc/cron.d");
	return nobody(e);
}

int
care(const struct options *o, const struct store *store, enum care care,
    struct err *e)
{
	int result = 0;
	bool regular;
	int turn;

	if (care != CARE_LOOK && wake_touch(store, e) < 0)
		log_event(LOG_LEVEL_WARNING, "qmgr", "%s", e->text);
	if (care_of_others(store))
		return care_in_vain(store, care, e);
	switch (turn_take(store, &turn, e)) {
	case TURN_MINE:
		break;
	case TURN_TAKEN:
		return 0;
	case TURN_ERROR:
	default:
		/* No lock: who sends what is due now need not be the one. */
		return care == CARE_NOW ? start(o, -1, false, e) : nobody(e);
	}
	regular = turn_regular(store, turn, clock_ms());
	if (care == CARE_NOW ||
	    (!regular && (care == CARE_LATER || something_waits(store)))) {
		if (!regular)
			turn_sign(turn, false);
		result = start(o, turn, !regular, e);
	}
	turn_end(&turn);
	return result < 0 ? nobody(e) : 0;
}
