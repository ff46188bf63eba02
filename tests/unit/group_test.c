/* SPDX-License-Identifier: ISC */
/* Which recipients go together, and whose answer an answer is. */
#include "delivery/group.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "delivery/inquiry.h"
#include "os/proc.h"
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
	struct dest *dest;
	size_t all = 0;
	size_t n;

	(void)state;
	for (size_t i = 0; i < JOBS; i++) {
		rcpt[i] = (struct recipient){.path = STR("a@example.org")};
		rcpt[i].addr.domain = STR("example.org");
		env[i] = (struct envelope){.rcpt = &rcpt[i], .n = 1};
		job[i] = (struct job){.envelope = &env[i]};
	}
	dest = group_recipients(&run, &n);
	assert_int_equal(n, 1);
	assert_true(dest->n > 1);
	for (size_t i = 0; i < dest->n; i++) {
		const struct hop *hop = &dest->hop[i];

		assert_true(hop->n <= SANDBOX_RANGES);
		assert_int_equal(hop->id, i);
		assert_ptr_equal(hop->dest, dest);
		assert_ptr_equal(hop->member, dest->hop[0].member + all);
		all += hop->n;
	}
	assert_int_equal(all, JOBS);
	pool_free(&pool);
}

/* G-14, D-48: few messages share one connection, many have up to four. */
static void
how_many_connections(void **state)
{
	static const size_t expected[][2] = {
	    {1, 1}, {49, 1}, {50, 2}, {99, 3}, {100, 4}, {800, 4}};

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		static struct envelope env[JOBS];
		static struct recipient rcpt[JOBS];
		static struct job job[JOBS];
		struct pool pool = {0};
		struct dispatch_opts opts = {0};
		struct run run = {.job = job,
		    .jobs = expected[i][0],
		    .opts = &opts,
		    .pool = &pool};
		size_t least = JOBS;
		size_t most = 0;
		struct dest *dest;
		size_t n;

		for (size_t k = 0; k < run.jobs; k++) {
			rcpt[k] = (struct recipient){.path = STR("a@x.test")};
			rcpt[k].addr.domain = STR("x.test");
			env[k] = (struct envelope){.rcpt = &rcpt[k], .n = 1};
			job[k] = (struct job){.envelope = &env[k]};
		}
		dest = group_recipients(&run, &n);
		assert_int_equal(dest->n, expected[i][1]);
		for (size_t k = 0; k < dest->n; k++) {
			size_t share = dest->hop[k].n;

			least = share < least ? share : least;
			most = share > most ? share : most;
		}
		/* Nobody has much more to do than another. */
		assert_true(most - least <= dest->n);
		pool_free(&pool);
	}
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

/* A name server that says nothing. */
static int
mute_server(char *name, size_t size)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t n = sizeof(at);
	int fd = sys_socket(AF_INET, SOCK_DGRAM);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	assert_true(
	    snprintf(name, size, "127.0.0.1:%u", ntohs(at.sin_port)) > 0);
	return fd;
}

static void
kill_agent(struct inquiry *q)
{
	struct pollfd p = {.fd = q->agent.report, .events = POLLIN};

	proc_kill(q->agent.pid);
	assert_int_equal(poll(&p, 1, 10000), 1);
	inquiry_read(q);
}

/*
 * C-34: one death of the lookup agent costs nobody an answer; a second one is
 * no accident.
 */
static void
a_dead_agent_is_replaced_once(void **state)
{
	char name[32];
	int server = mute_server(name, sizeof(name));
	struct envelope env = {.id = STR("1A")};
	struct job job = {.envelope = &env};
	struct dispatch_opts opts = {
	    .lookup = {.nameserver = str_c(name), .timeout = 60000}};
	struct walk walk = {
	    .n = 1, .host = {{.name = STR("mx.x.test"), .n = 2}}};
	struct hop hop[] = {
	    {.state = HOP_ASK_MX, .target = {.domain = STR("x.test")}},
	    {.state = HOP_ASK_ADDRESS, .id = 1, .walk = &walk},
	    {.state = HOP_RUNNING, .id = 2},
	};
	struct run run = {.job = &job, .jobs = 1, .opts = &opts};
	struct inquiry q = {
	    .run = &run, .hop = hop, .n = 3, .agent = {-1, -1, -1}};

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_true(inquiry_ask(&q, &hop[0]));
		assert_true(inquiry_ask(&q, &hop[1]));
		assert_true(hop[0].state == HOP_MX);
		assert_true(hop[1].state == HOP_ADDRESS);
		hop[0].list_n = 3;
		assert_false(q.lost);
		kill_agent(&q);
		if (i > 0)
			break;
		assert_int_equal(hop[0].state, HOP_ASK_MX);
		assert_int_equal(hop[0].list_n, 0);
		assert_int_equal(hop[0].deadline, INT64_MAX);
		assert_int_equal(hop[1].state, HOP_ASK_ADDRESS);
		assert_int_equal(walk.host[0].n, 0);
		assert_int_equal(hop[2].state, HOP_RUNNING);
	}
	assert_true(q.lost);
	assert_int_equal(hop[0].state, HOP_MX);
	inquiry_rest(&q);
	proc_collect();
	sys_close(server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(many_messages_for_one_domain),
	    cmocka_unit_test(how_many_connections),
	    cmocka_unit_test(an_undecided_answer_is_none),
	    cmocka_unit_test(a_dead_agent_is_replaced_once),
	};

	return cmocka_run_group_tests_name("group", tests, NULL, NULL);
}
