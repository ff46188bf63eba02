/* SPDX-License-Identifier: ISC */
/* Which recipients go together, and whose answer an answer is. */
#include "delivery/group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "delivery/inquiry.h"
#include "os/sandbox.h"
#include "os/sys.h"

enum { JOBS = 2 * SANDBOX_RANGES };

/*
 * J-09: no agent gets more messages than it can mark the recipients of,
 * however many wait for one domain.
 */
static void
many_messages_for_one_domain(void **state)
{
	static struct envelope env[JOBS];
	static struct recipient rcpt[JOBS];
	static struct job job[JOBS];
	struct pool pool = {0};
	struct dispatch_opts opts = {0};
	struct run run = {
	    .job = job, .jobs = JOBS, .opts = &opts, .pool = &pool};
	struct hop *hop;
	size_t all = 0;
	size_t n;

	(void)state;
	for (size_t i = 0; i < JOBS; i++) {
		rcpt[i] = (struct recipient){.path = STR("a@example.org")};
		rcpt[i].addr.domain = STR("example.org");
		env[i] = (struct envelope){.rcpt = &rcpt[i], .n = 1};
		job[i] = (struct job){.envelope = &env[i]};
	}
	hop = group_recipients(&run, &n);
	assert_true(n > 1);
	for (size_t i = 0; i < n; i++) {
		assert_true(hop[i].n <= SANDBOX_RANGES);
		assert_ptr_equal(hop[i].member, hop[0].member + all);
		all += hop[i].n;
	}
	assert_int_equal(all, JOBS);
	pool_free(&pool);
}

/* C-34: a lookup agent that decides nothing is not believed. */
static void
an_undecided_answer_is_none(void **state)
{
	struct hop hop = {.state = HOP_MX};
	struct run run = {0};
	struct inquiry q = {.run = &run, .hop = &hop, .n = 1};
	struct str line = STR("found 0 0 0 0 0 0.0.0 what\n");
	int pipe[2];

	(void)state;
	assert_int_equal(sys_pipe(pipe), 0);
	assert_int_equal(sys_write(pipe[1], line.p, line.n), line.n);
	q.agent.report = pipe[0];
	report_reader_init(&q.answers);
	inquiry_read(&q);
	assert_true(q.lost);
	assert_int_equal(hop.state, HOP_MX);
	report_reader_free(&q.answers);
	sys_close(pipe[0]);
	sys_close(pipe[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(many_messages_for_one_domain),
	    cmocka_unit_test(an_undecided_answer_is_none),
	};

	return cmocka_run_group_tests_name("group", tests, NULL, NULL);
}
