/* SPDX-License-Identifier: ISC */
/*
 * What a dispatcher believes of an agent's report (DESIGN, 2: "every agent's
 * report is hostile input").  The agent here is a list of lines.
 */
#include "delivery/hop.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/shelf.h"
#include "../lib/vtime.h"
#include "base/clock.h"
#include "delivery/dispatcher.h"
#include "os/sys.h"

enum { LINES = 8 };

struct story {
	const char *title;
	const char *line[LINES];
	bool lied;
	const char *outcome; /* of the two recipients, when it is over */
};

#define DIALLED "dial 0 1 1 0 0 2.0.0 connected"
#define TAKEN "1 4 250 2.0.0 250 ok"
#define REFUSED "3 3 550 5.1.1 550 no"
#define LATER "2 3 450 4.2.0 450 later"

static const struct story stories[] = {
    {"the truth", {DIALLED, "gate 0", "rcpt 0 " TAKEN, "rcpt 1 " TAKEN, "end"},
	false, "delivered delivered"},
    {"one refused, one taken",
	{DIALLED, "rcpt 0 " REFUSED, "gate 0", "rcpt 1 " TAKEN, "end"}, false,
	"failed delivered"},
    {"a delivery before the gate", {DIALLED, "rcpt 0 " TAKEN, "end"}, true,
	"deferred deferred"},
    {"a delivery without a connection", {"gate 0", "rcpt 0 " TAKEN, "end"},
	true, "deferred deferred"},
    {"the same recipient twice",
	{DIALLED, "rcpt 0 " LATER, "rcpt 0 " REFUSED, "end"}, true,
	"deferred deferred"},
    {"delivered and then refused",
	{DIALLED, "gate 0", "rcpt 0 " TAKEN, "rcpt 0 " REFUSED, "end"}, true,
	"delivered deferred"},
    {"a recipient that it was not given", {DIALLED, "rcpt 2 " REFUSED, "end"},
	true, "deferred deferred"},
    {"an undecided verdict", {DIALLED, "rcpt 0 0 0 0 0.0.0 what", "end"}, true,
	"deferred deferred"},
    {"an address that it was not given",
	{"dial 1 1 1 0 0 2.0.0 connected", "end"}, true, "deferred deferred"},
    {"two connections", {DIALLED, DIALLED, "end"}, true, "deferred deferred"},
    {"two gates", {DIALLED, "gate 0", "gate 0", "end"}, true,
	"deferred deferred"},
    {"a host that delivers", {DIALLED, "host 3 1 1 250 2.0.0 ok", "end"}, true,
	"deferred deferred"},
    {"two verdicts on the host",
	{DIALLED, "host 1 2 1 421 4.3.2 a", "host 1 2 1 421 4.3.2 b", "end"},
	true, "deferred deferred"},
    {"an answer of the DNS", {DIALLED, "mx 0 1 evil.example", "end"}, true,
	"deferred deferred"},
    {"nothing but an end: the same attempt does not come again", {"end"}, false,
	"deferred deferred"},
    {"a failure twice",
	{"dial 0 0 2 1 0 4.4.1 no", "dial 0 0 2 1 0 4.4.1 no", "end"}, true,
	"deferred deferred"},
    {"an address that failed and connects",
	{"dial 0 0 2 1 0 4.4.1 no", DIALLED, "end"}, true, "deferred deferred"},
    {"no report at all", {"hello"}, true, "deferred deferred"},
    {"an end that comes too early", {DIALLED, "gate 0"}, false,
	"deferred deferred"},
    {"words behind the end count no more",
	{DIALLED, "gate 0", "end", "rcpt 0 " TAKEN}, false,
	"deferred deferred"},
};

struct world {
	struct pool pool;
	struct recipient rcpt[2];
	struct envelope envelope;
	struct content content;
	struct dispatch_opts opts;
	struct run run;
	struct hop hop;
	struct dest dest;
	struct dead dead;
	struct job job;
	struct member member[2];
};

/* A hop with two recipients at the literal of this host, about to try. */
static void
set_up(struct world *w)
{
	static const char *const paths[] = {"a@[127.0.0.1]", "b@[127.0.0.1]"};

	*w = (struct world){0};
	for (size_t i = 0; i < 2; i++) {
		w->rcpt[i].path = str_c(paths[i]);
		w->member[i] = (struct member){&w->job, &w->rcpt[i]};
	}
	w->envelope =
	    (struct envelope){.id = STR("ID"), .rcpt = w->rcpt, .n = 2};
	w->job = (struct job){.envelope = &w->envelope, .content = &w->content};
	w->opts = (struct dispatch_opts){.loopback_mx = true,
	    .attempt_limit = 7200000,
	    .attempts_end = INT64_MAX,
	    .patience_end = INT64_MAX};
	w->run = (struct run){
	    .job = &w->job,
	    .jobs = 1,
	    .opts = &w->opts,
	    .pool = &w->pool,
	    .dead = &w->dead,
	};
	w->hop = (struct hop){
	    .dest = &w->dest,
	    .target = route_domain(
		STR("[127.0.0.1]"), STR(""), &w->opts.routes, &w->pool),
	    .member = w->member,
	    .n = 2,
	};
	hop_begin(&w->hop, &w->run);
	assert_int_equal(w->hop.state, HOP_ATTEMPT);
	hop_prepare(&w->hop, &w->run);
}

static void
reports_and_what_is_believed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
		const struct story *story = &stories[i];
		struct world w;
		struct buf b;

		set_up(&w);
		for (size_t k = 0; k < LINES && story->line[k]; k++)
			hop_heard(&w.hop, &w.run, str_c(story->line[k]));
		if (w.hop.attempt.lied != story->lied)
			fail_msg(
			    "%s: lied %d", story->title, w.hop.attempt.lied);
		hop_attempt_over(&w.hop, &w.run);
		/* The only address is tried: nothing is left to do. */
		assert_int_equal(w.hop.state, HOP_OVER);
		buf_init(&b, 1000);
		buf_printf(&b, "%s %s", status_word(w.rcpt[0].status.outcome),
		    status_word(w.rcpt[1].status.outcome));
		if (!str_eq(buf_str(&b), str_c(story->outcome)))
			fail_msg("%s: %s", story->title, b.p);
		buf_free(&b);
		dead_free(&w.dead);
		pool_free(&w.pool);
	}
}

/*
 * D-48, J-09: what a session had no time for goes over another one, for as long
 * as that brings somebody further; each has its limit.
 */
static void
d48_another_session(void **state)
{
	static const char *const words[] = {
	    DIALLED, "gate 0", "rcpt 0 " TAKEN, "end"};
	struct world w;
	int64_t left;

	(void)state;
	vtime_start(NULL, NULL);
	set_up(&w);
	w.opts.start = clock_now();
	w.opts.attempts_end = 1000;
	w.rcpt[1].from = STR("the owner of a list");
	hop_prepare(&w.hop, &w.run);
	assert_int_equal(w.hop.attempt.errand.letters, 2);
	left = w.hop.attempt.errand.deadline - clock_now();
	assert_int_equal(left, w.opts.attempt_limit + ERRAND_SESSION);
	assert_int_equal(sys_poll(NULL, 0, clock_now() + ERRAND_SESSION), 0);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		hop_heard(&w.hop, &w.run, str_c(words[i]));
	hop_attempt_over(&w.hop, &w.run);
	assert_int_equal(w.hop.state, HOP_ATTEMPT);
	assert_int_equal(w.rcpt[0].status.outcome, OUTCOME_DELIVERED);
	hop_prepare(&w.hop, &w.run);
	assert_int_equal(w.hop.attempt.errand.letters, 1);
	left = w.hop.attempt.errand.deadline - clock_now();
	assert_int_equal(left, w.opts.attempt_limit);
	hop_heard(&w.hop, &w.run, STR(DIALLED));
	hop_heard(&w.hop, &w.run, STR("end"));
	hop_attempt_over(&w.hop, &w.run);
	assert_int_equal(w.hop.state, HOP_OVER);
	assert_int_equal(w.rcpt[1].status.outcome, OUTCOME_DEFERRED);
	vtime_stop();
	dead_free(&w.dead);
	pool_free(&w.pool);
}

/*
 * D-37, spool-protocol 12: past the gate an agent without a verdict leaves
 * doubt, for those that it has not judged; before it, none.
 */
static void
doubt_past_the_gate(void **state)
{
	(void)state;
	for (int open = 0; open < 2; open++) {
		struct world w;

		set_up(&w);
		hop_heard(&w.hop, &w.run, STR(DIALLED));
		hop_heard(&w.hop, &w.run, STR("rcpt 0 " REFUSED));
		if (open)
			hop_heard(&w.hop, &w.run, STR("gate 0"));
		hop_attempt_over(&w.hop, &w.run);
		assert_int_equal(w.rcpt[0].status.outcome, OUTCOME_FAILED);
		assert_int_equal(w.rcpt[1].status.outcome, OUTCOME_DEFERRED);
		assert_int_equal(
		    w.rcpt[1].status.blame, open ? BLAME_DOUBT : BLAME_US);
		dead_free(&w.dead);
		pool_free(&w.pool);
	}
}

/* A sound end past the gate, with no verdict and no reason: doubt, too. */
static void
silence_past_the_gate_is_doubt(void **state)
{
	struct world w;

	(void)state;
	set_up(&w);
	hop_heard(&w.hop, &w.run, STR(DIALLED));
	hop_heard(&w.hop, &w.run, STR("gate 0"));
	hop_heard(&w.hop, &w.run, STR("end"));
	hop_attempt_over(&w.hop, &w.run);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(w.rcpt[i].status.blame, BLAME_DOUBT);
	dead_free(&w.dead);
	pool_free(&w.pool);
}

/* But if it says that it never came to the dot, the next host may. */
static void
a_reason_past_the_gate_is_none(void **state)
{
	struct world w;

	(void)state;
	set_up(&w);
	hop_heard(&w.hop, &w.run, STR(DIALLED));
	hop_heard(&w.hop, &w.run, STR("gate 0"));
	hop_heard(&w.hop, &w.run, STR("host 3 2 1 0 4.4.2 lost in the body"));
	hop_heard(&w.hop, &w.run, STR("end"));
	hop_attempt_over(&w.hop, &w.run);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(w.rcpt[i].status.blame, BLAME_HOST);
	dead_free(&w.dead);
	pool_free(&w.pool);
}

/* once the run is left no gate opens any more. */
static void
no_gate_when_leaving(void **state)
{
	volatile sig_atomic_t leave = 1;
	struct world w;

	(void)state;
	set_up(&w);
	w.opts.leave = &leave;
	hop_heard(&w.hop, &w.run, STR(DIALLED));
	hop_heard(&w.hop, &w.run, STR("gate 0"));
	assert_false(w.hop.attempt.gate_open);
	hop_leave(&w.hop, &w.run);
	assert_int_equal(w.hop.state, HOP_OVER);
	assert_int_equal(w.rcpt[0].status.outcome, OUTCOME_DEFERRED);
	dead_free(&w.dead);
	pool_free(&w.pool);
}

struct truth {
	enum mark mark;
	const char *line;
	enum outcome outcome;
	bool doubt;
	enum mark then;
};

/*
 * Spool-protocol 12: of a message in the spool the mark is the truth, the
 * report its explanation; where they differ the mark counts.
 */
static void
the_mark_is_the_truth(void **state)
{
	static const struct truth truths[] = {
	    {MARK_DELIVERED, "rcpt 0 " TAKEN, OUTCOME_DELIVERED, false,
		MARK_DELIVERED},
	    {MARK_FAILED, "rcpt 0 " REFUSED, OUTCOME_FAILED, false,
		MARK_FAILED},
	    {MARK_WAITING, "rcpt 0 " LATER, OUTCOME_DEFERRED, false,
		MARK_WAITING},
	    {MARK_SENDING, "rcpt 0 2 6 0 4.4.2 lost", OUTCOME_DEFERRED, true,
		MARK_DOUBT},
	    {MARK_SENDING, "rcpt 0 " LATER, OUTCOME_DEFERRED, true, MARK_DOUBT},
	    {MARK_SENDING, "rcpt 0 " TAKEN, OUTCOME_DEFERRED, true, MARK_DOUBT},
	    {MARK_DELIVERED, "rcpt 0 " REFUSED, OUTCOME_DELIVERED, false,
		MARK_DELIVERED},
	    {MARK_DELIVERED, "rcpt 0 " LATER, OUTCOME_DELIVERED, false,
		MARK_DELIVERED},
	    {MARK_FAILED, "rcpt 0 " LATER, OUTCOME_FAILED, false, MARK_FAILED},
	    {MARK_WAITING, "rcpt 0 " TAKEN, OUTCOME_DEFERRED, false,
		MARK_WAITING},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(truths) / sizeof(truths[0]); i++) {
		const struct truth *truth = &truths[i];
		struct entry entry;
		struct world w;

		print_message(
		    "%s, and %s\n", mark_word(truth->mark), truth->line);
		shelf_commit(&entry);
		set_up(&w);
		w.job.entry = &entry;
		w.job.state = JOB_KEPT;
		hop_heard(&w.hop, &w.run, STR(DIALLED));
		hop_heard(&w.hop, &w.run, STR("gate 0"));
		shelf_mark(&entry, truth->mark);
		hop_heard(&w.hop, &w.run, str_c(truth->line));
		hop_attempt_over(&w.hop, &w.run);
		assert_int_equal(w.rcpt[0].status.outcome, truth->outcome);
		assert_int_equal(
		    w.rcpt[0].status.blame == BLAME_DOUBT, truth->doubt);
		assert_int_equal(job_marked(&w.job, &w.rcpt[0]), truth->then);
		entry_close(&entry);
		dead_free(&w.dead);
		pool_free(&w.pool);
	}
}

/* Spool-protocol 12: what is marked is read when the agent is gone. */
static void
past_the_gate_its_end_is_waited_for(void **state)
{
	struct world w;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)pause();
		_exit(0);
	}
	set_up(&w);
	w.hop.attempt.agent.pid = pid;
	hop_heard(&w.hop, &w.run, STR(DIALLED));
	hop_heard(&w.hop, &w.run, STR("gate 0"));
	hop_attempt_over(&w.hop, &w.run);
	errno = 0;
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	dead_free(&w.dead);
	pool_free(&w.pool);
}

/*
 * Its commit ended in the dark, so that it was left, and its agent has said
 * something in the same moment.
 */
static void
who_was_left_is_not_heard(void **state)
{
	struct dispatcher d = {0};
	struct world w;
	int pipe[2];

	(void)state;
	set_up(&w);
	assert_int_equal(sys_pipe(pipe), 0);
	w.hop.attempt.agent.report = pipe[0];
	d.run = w.run;
	hop_heard(&w.hop, &d.run, STR(DIALLED));
	hop_leave(&w.hop, &d.run);
	dispatcher_read(&d, &w.hop);
	assert_int_equal(w.hop.state, HOP_OVER);
	assert_int_equal(w.rcpt[0].status.outcome, OUTCOME_DEFERRED);
	sys_close(pipe[1]);
	dead_free(&w.dead);
	pool_free(&w.pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reports_and_what_is_believed),
	    cmocka_unit_test(d48_another_session),
	    cmocka_unit_test(doubt_past_the_gate),
	    cmocka_unit_test(silence_past_the_gate_is_doubt),
	    cmocka_unit_test(a_reason_past_the_gate_is_none),
	    cmocka_unit_test(no_gate_when_leaving),
	    cmocka_unit_test_setup_teardown(
		the_mark_is_the_truth, shelf_open, shelf_close),
	    cmocka_unit_test(past_the_gate_its_end_is_waited_for),
	    cmocka_unit_test(who_was_left_is_not_heard),
	};

	return cmocka_run_group_tests_name("attempt", tests, NULL, NULL);
}
