/* SPDX-License-Identifier: ISC */
/* An agent that is asked one thing: cli/hear.h. */
#include "cli/hear.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum { PATIENCE_MS = 60000 };

static unsigned heard;

static bool
count(void *ctx, const struct record *r)
{
	(void)ctx;
	assert_int_equal(r->kind, RECORD_LOG);
	heard++;
	return true;
}

static struct agent
start(const char *says, unsigned times)
{
	struct agent agent;
	int out[2];
	int in[2];

	assert_int_equal(pipe(out), 0);
	assert_int_equal(pipe(in), 0);
	agent = (struct agent){fork(), out[0], in[1]};
	if (agent.pid == 0) {
		for (unsigned i = 0; i < times; i++)
			if (write(out[1], says, strlen(says)) < 0)
				_exit(1);
		_exit(0);
	}
	assert_true(agent.pid > 0);
	(void)close(out[1]);
	(void)close(in[0]);
	heard = 0;
	return agent;
}

static void
to_its_end(void **state)
{
	struct agent agent = start("log 2 so\n", 19000);

	(void)state;
	hear_agent(&agent, clock_now() + PATIENCE_MS, count, NULL);
	assert_int_equal(heard, 19000);
}

/* One that was taken over is heard no longer than any has to be. */
static void
without_end(void **state)
{
	struct agent agent = start("log 2 so\n", UINT32_MAX);
	pid_t pid = agent.pid;

	(void)state;
	hear_agent(&agent, clock_now() + PATIENCE_MS, count, NULL);
	assert_int_equal(heard, 20000);
	assert_int_equal(kill(pid, 0), -1);
}

static void
no_record(void **state)
{
	struct agent agent = start("log 2 so\nnonsense\nlog 2 so\n", 1);

	(void)state;
	hear_agent(&agent, clock_now() + PATIENCE_MS, count, NULL);
	assert_int_equal(heard, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(to_its_end),
	    cmocka_unit_test(without_end),
	    cmocka_unit_test(no_record),
	};

	return cmocka_run_group_tests_name("hear", tests, NULL, NULL);
}
