/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/interrupt.h"
#include "cli/place.h"
#include "cli/runner.h"
#include "os/proc.h"
#include "os/sys.h"
#include "spool/turn.h"
#include "spool/wake.h"

enum {
	PASSES_MAX = 4, /* at once */
	/* ms: what comes so soon after one another is one pass's; a pass that
	 * takes longer than that does not keep what is new waiting; the stamp
	 * is no older; what failed is not tried at once. */
	GATHER = 10,
	SLOW = 2000,
	STAMP = 10 * 60000,
	AGAIN = 60000,
};

/* A child that is at work, and the pipe on which it says what is left. */
struct pass {
	pid_t pid;
	int pipe;
	int64_t begun;
};

struct live {
	struct runner *r;
	struct stay stay;
	const volatile sig_atomic_t *leave;
	struct wake wake;
	struct pass pass[PASSES_MAX];
	size_t n;
	int64_t next;	 /* wall clock: something is due */
	int64_t regular; /* clock_now: a run is due, whatever is */
	int64_t start;	 /* clock_now: a pass is wanted; INT64_MAX: none */
	bool all;	 /* the pass that is wanted tries all */
	bool said;	 /* the log knows that we stay */
};

/* ---------------------------------------------------------------- the child */

struct mission {
	struct live *live;
	bool due_only;
	int to;
};

static int
work(void *arg)
{
	const struct mission *mission = arg;
	const struct live *live = mission->live;
	struct runner *r = live->r;
	struct queue_count count;
	struct conf conf;
	struct err e;
	int status = EX_OK;

	interrupt_by_parent();
	/* What holds by now (G-38); what cannot be read holds up all mail. */
	if (settle_conf(&conf, r->o, &e)) {
		log_event(LOG_LEVEL_ERROR, "qmgr", "%s", e.text);
		return EX_CONFIG;
	}
	r->conf = conf;
	status = runner_once(r, mission->due_only, live->leave, &count);
	if (status == EX_OK &&
	    sys_write(mission->to, &count.next, sizeof(count.next)) < 0)
		status = EX_OSERR;
	return status;
}

/* --------------------------------------------------------------- the parent */

/* Then something is wanted at the latest. */
static void
want(struct live *live, int64_t when)
{
	if (when < live->start)
		live->start = when;
}

/* A pass could not be started: who does not stay leaves it to those who come
 * again. */
static void
put_off(struct live *live, int64_t now)
{
	if (live->stay.every > 0 || live->stay.until_done)
		want(live, now + AGAIN);
}

/* Starts a pass: what happens from here on is for the next one. */
static void
begin(struct live *live)
{
	struct mission mission = {.live = live, .due_only = !live->all};
	struct pass *pass = &live->pass[live->n];
	int64_t now = clock_now();
	int ends[2];
	struct err e;

	live->start = INT64_MAX;
	(void)wake_news(&live->wake);
	if (sys_pipe(ends) < 0) {
		log_event(LOG_LEVEL_ERROR, "qmgr", "pipe: %s", strerror(errno));
		put_off(live, now);
		return;
	}
	mission.to = ends[1];
	*pass = (struct pass){
	    .pid = proc_branch(work, &mission, &e),
	    .pipe = ends[0],
	    .begun = now,
	};
	sys_close(ends[1]);
	if (pass->pid < 0) {
		log_event(LOG_LEVEL_ERROR, "qmgr", "%s", e.text);
		sys_close(ends[0]);
		put_off(live, now);
		return;
	}
	live->all = false;
	live->n++;
	/* It will say; what others are at looks busy to it. */
	live->next = INT64_MAX;
}

/* A pass is over. */
static void
collect(struct live *live, size_t i)
{
	struct pass *pass = &live->pass[i];
	int64_t next = clock_ms() + AGAIN;
	int64_t told;
	int status;

	if (sys_read(pass->pipe, &told, sizeof(told)) == (ssize_t)sizeof(told))
		next = told;
	sys_close(pass->pipe);
	(void)proc_reap(pass->pid, true, &status);
	*pass = live->pass[--live->n];
	if (next < live->next)
		live->next = next;
}

/* May a pass begin, that is wanted? */
static bool
may_begin(const struct live *live, int64_t now)
{
	int64_t youngest = 0;

	/* It is somebody else's turn. */
	if (live->stay.every > 0 && live->stay.turn < 0 && !live->all)
		return false;
	for (size_t i = 0; i < live->n; i++)
		if (live->pass[i].begun > youngest)
			youngest = live->pass[i].begun;
	return live->n == 0 || (live->n < PASSES_MAX && now - youngest >= SLOW);
}

/* What there is to wait for, in clock_now. */
static int64_t
until(const struct live *live, int64_t now)
{
	int64_t wall = clock_ms();
	int64_t when = now + wake_often(&live->wake);

	if (live->next - wall < when - now)
		when = now + (live->next - wall);
	if (live->regular < when)
		when = live->regular;
	if (live->start < when)
		when = live->start;
	/* One that is wanted, and may not begin yet. */
	if (when <= now && !may_begin(live, now))
		when = now + SLOW;
	return when;
}

/*
 * Until something happens.  False: it cannot be waited for; then at least a
 * pass that runs can.
 */
static bool
wait_for_something(struct live *live, bool leaving)
{
	struct pollfd p[PASSES_MAX + 1];
	size_t n = live->n;
	bool gathers = live->start < INT64_MAX;

	for (size_t i = 0; i < n; i++)
		p[i] =
		    (struct pollfd){.fd = live->pass[i].pipe, .events = POLLIN};
	/* While more is gathered there is no news. */
	p[n] = (struct pollfd){
	    .fd = gathers ? -1 : live->wake.fd, .events = POLLIN};
	if (leaving
		? sys_poll(p, n, INT64_MAX) < 0
		: !sys_rest(p, n + 1, until(live, clock_now()), live->leave)) {
		if (leaving ? errno == EINTR : *live->leave != 0)
			return true;
		if (n > 0)
			collect(live, 0);
		return n > 0;
	}
	for (size_t i = n; i-- > 0;)
		if (p[i].revents)
			collect(live, i);
	return true;
}

/* Looks what is wanted by now. */
static void
look(struct live *live)
{
	int64_t now = clock_now();
	int64_t wall = clock_ms();
	int64_t every = live->stay.every > 0 ? live->stay.every : STAMP;
	struct err ignored;

	if (live->n == 0)
		proc_orphans();
	if (live->stay.every > 0 && live->stay.turn < 0 &&
	    turn_take(&live->r->store, &live->stay.turn, &ignored) == TURN_MINE)
		turn_sign(live->stay.turn, true);
	if (live->start == INT64_MAX && wake_news(&live->wake))
		want(live, now + GATHER);
	if (live->next <= wall || live->regular <= now)
		want(live, now);
	if (live->regular <= now)
		live->regular += every;
	if (live->regular <= now)
		live->regular = now + every;
	if (live->start <= now && may_begin(live, now))
		begin(live);
}

static void
say_once(struct live *live)
{
	struct str spool;

	if (live->said || live->stay.every > 0 || !live->stay.until_done)
		return;
	live->said = true;
	spool = place_path(&live->r->conf, live->r->o->pool);
	log_event(LOG_LEVEL_INFO, "qmgr",
	    "nothing else runs the queue of %.*s: it is run in the background "
	    "until it is empty",
	    STR_ARG(spool));
}

/* Is nothing left to be done? */
static bool
is_done(const struct live *live)
{
	if (live->stay.every > 0 || live->n > 0 || live->start < INT64_MAX)
		return false;
	return !live->stay.until_done || live->next == INT64_MAX;
}

/*
 * Gives up the turn; but who came before that, and could not have it, relies
 * on us, so that we look once more.  True if we go.
 */
static bool
give_up(struct live *live)
{
	struct err ignored;

	turn_end(&live->stay.turn);
	if (!wake_news(&live->wake) ||
	    turn_take(&live->r->store, &live->stay.turn, &ignored) != TURN_MINE)
		return true;
	want(live, clock_now());
	return false;
}

/* Asked to go: no pass begins any more, and those that run end in order. */
static void
leave_all(struct live *live)
{
	sig_atomic_t asked = 0;

	while (live->n > 0) {
		if (*live->leave != asked) {
			asked = *live->leave;
			for (size_t i = 0; i < live->n; i++)
				proc_ask(live->pass[i].pid);
		}
		(void)wait_for_something(live, true);
	}
}

int
runner_live(
    struct runner *r, struct stay stay, const volatile sig_atomic_t *leave)
{
	int64_t now = clock_now();
	struct live live = {
	    .r = r,
	    .stay = stay,
	    .leave = leave,
	    .next = INT64_MAX,
	    .regular = now + (stay.every > 0 ? stay.every : STAMP),
	    .start = now,
	    .all = !stay.due_first,
	};

	r->stamps = stay.every > 0 || stay.until_done;
	wake_watch(&live.wake, &r->store);
	while (*leave == 0) {
		look(&live);
		if (is_done(&live)) {
			if (give_up(&live))
				break;
			continue;
		}
		if (live.n == 0 && live.start == INT64_MAX)
			say_once(&live);
		if (!wait_for_something(&live, false))
			break;
	}
	if (*leave)
		leave_all(&live);
	turn_end(&live.stay.turn);
	if (live.said)
		log_event(LOG_LEVEL_INFO, "qmgr",
		    is_done(&live) ? "the queue in the background is done: "
				     "nothing is left to be sent"
				   : "the run of the queue in the background "
				     "ends before its time");
	wake_close(&live.wake);
	return EX_OK;
}
