/* SPDX-License-Identifier: ISC */
/* The lookup agent as a process of its own, locked in, in real time. */
#include "agent/lookup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/looker.h"
#include "base/clock.h"
#include "os/proc.h"
#include "net/dns.h"
#include "os/sys.h"

static struct wire w;

static const struct zone_record zone[] = {
    {"example.org", DNS_MX, 10, "mx1.example.org"},
    {"example.org", DNS_MX, 20, "mx2.example.org"},
    {"null.org", DNS_MX, 0, "."},
    {"bare.org", DNS_A, 0, "192.0.2.9"},
    {"four.example.org", DNS_A, 0, "192.0.2.4"},
    {NULL, 0, 0, NULL},
};

static int
begin(void **state)
{
	(void)state;
	looker_start(zone, LOOKER_REAL);
	return 0;
}

struct served {
	pid_t pid;
	int command;
	int report;
	struct report_reader reader;
};

struct ends {
	int command;
	int report;
};

static int
answer(void *arg)
{
	const struct ends *ends = arg;
	struct report r;
	int result;

	report_init(&r, ends->report);
	result = lookup_serve(&looker.errand, ends->command, &r);
	report_free(&r);
	return result < 0;
}

static void
start_serving(struct served *s)
{
	int command[2], report[2];
	struct ends ends;
	struct err e;

	looker.errand.start = clock_now();
	looker.errand.timeout = 20000;
	looker.said[0] = '\0';
	assert_int_equal(pipe(command), 0);
	assert_int_equal(pipe(report), 0);
	ends = (struct ends){command[0], report[1]};
	s->pid =
	    proc_spawn(answer, &ends, (int[]){command[0], report[1]}, 2, &e);
	assert_true(s->pid > 0);
	close(command[0]);
	close(report[1]);
	s->command = command[1];
	s->report = report[0];
	report_reader_init(&s->reader);
}

/* Runs the name server and reads until so many lines have come, or the end. */
static void
serve(struct served *s, size_t lines)
{
	int64_t until = clock_now() + 20000;

	for (;;) {
		struct pollfd fds[] = {
		    {.fd = s->report, .events = POLLIN},
		    {.fd = looker.oracle.udp, .events = POLLIN},
		    {.fd = looker.oracle.tcp, .events = POLLIN},
		    {.fd = looker.oracle.conn, .events = POLLIN},
		};
		size_t n = 0;
		int64_t next;
		struct err e;

		for (const char *p = looker.said; *p; p++)
			n += *p == '\n';
		if (n >= lines)
			return;
		assert_true(clock_now() < until);
		assert_true(poll(fds, 4, 10000) > 0);
		while (oracle_idle(looker.all, &next))
			continue;
		if (fds[0].revents != 0 &&
		    report_read(
			&s->reader, s->report, looker_collect, NULL, &e) <= 0)
			return;
	}
}

static int
stop_serving(struct served *s)
{
	int status;

	close(s->command);
	serve(s, SIZE_MAX);
	close(s->report);
	report_reader_free(&s->reader);
	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
one_agent_answers_all(void **state)
{
	struct served s;

	(void)state;
	start_serving(&s);
	assert_int_equal(write(s.command, "mx 1 example.org\nad", 19), 19);
	serve(&s, 3);
	assert_int_equal(
	    write(s.command, "dr 2 four.example.org\nmx 3 null.org\n", 36), 36);
	serve(&s, 7);
	assert_non_null(strstr(looker.said, "mx 1 10 mx1.example.org\n"));
	assert_non_null(strstr(looker.said, "addr 2 192.0.2.4\n"));
	assert_non_null(strstr(looker.said, "mx 3 0 .\n"));
	assert_int_equal(stop_serving(&s), 0);
}

static void
say_more_over_tcp(struct oracle *o, const struct query *q)
{
	if (q->tcp) {
		zone_say(o, q);
		return;
	}
	wire_reply(&w, q, USUAL | TC);
	oracle_wire(o, &w);
}

static void
c33_tcp_behind_the_lock(void **state)
{
	struct served s;

	(void)state;
	looker.oracle.answer = say_more_over_tcp;
	start_serving(&s);
	assert_int_equal(write(s.command, "mx 1 null.org\n", 14), 14);
	serve(&s, 2);
	assert_string_equal(
	    looker.said, "mx 1 0 .\nfound 1 1 1 0 0 2.0.0 answered\n");
	assert_int_equal(looker.oracle.asked_tcp, 1);
	assert_int_equal(stop_serving(&s), 0);
}

/* The end of the pipe is the end of the run, whatever is still open. */
static void
the_end_of_requests(void **state)
{
	struct served s;

	(void)state;
	looker.oracle.answer = oracle_silent;
	start_serving(&s);
	assert_int_equal(write(s.command, "mx 1 example.org\n", 17), 17);
	assert_int_equal(stop_serving(&s), 0);
	assert_string_equal(looker.said, "");
}

static void
a_broken_request(void **state)
{
	static char line[1000];
	struct served s;

	(void)state;
	start_serving(&s);
	assert_int_equal(write(s.command, "give 1 a.org\n", 13), 13);
	serve(&s, SIZE_MAX);
	assert_string_equal(looker.said, "log 0 no request for a lookup\n");
	assert_int_equal(stop_serving(&s), 1);
	memset(line, 'x', sizeof(line));
	start_serving(&s);
	assert_int_equal(write(s.command, line, sizeof(line)), sizeof(line));
	serve(&s, SIZE_MAX);
	assert_int_equal(stop_serving(&s), 1);
}

/* More than are taken at a time, and more than are asked at a time. */
static void
many_requests(void **state)
{
	enum { MANY = 1500 };
	struct served s;
	struct buf all;
	pid_t writer;

	(void)state;
	start_serving(&s);
	buf_init(&all, 100000);
	for (unsigned i = 0; i < MANY; i++)
		buf_printf(&all, "mx %u bare.org\n", i);
	writer = fork();
	assert_true(writer >= 0);
	if (writer == 0)
		_exit(write(s.command, all.p, all.n) != (ssize_t)all.n);
	serve(&s, MANY);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
	assert_int_equal(looker.oracle.asked, MANY);
	assert_int_equal(stop_serving(&s), 0);
	buf_free(&all);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, looker_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(one_agent_answers_all),
	    CASE(c33_tcp_behind_the_lock),
	    CASE(the_end_of_requests),
	    CASE(a_broken_request),
	    CASE(many_requests),
	};

	const char *preload = getenv("LD_PRELOAD");

	if (preload && strstr(preload, "vgpreload")) {
		print_message("lookup_serve: skipped, valgrind does not know "
			      "the calls of the lock\n");
		return 0;
	}
	return cmocka_run_group_tests_name("lookup_serve", tests, NULL, NULL);
}
