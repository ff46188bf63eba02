/* SPDX-License-Identifier: ISC */
/* The byte stream under deadlines, in virtual time. */
#include "os/io.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "os/sys.h"
#include "../lib/child.h"
#include "../lib/vtime.h"

struct pair {
	struct io io;
	int peer;
};

static struct pair *
open_pair(void)
{
	struct pair *p = malloc(sizeof(*p));
	int fds[2];

	assert_non_null(p);
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	io_init(&p->io, fds[0]);
	p->peer = fds[1];
	return p;
}

static void
close_pair(struct pair *p)
{
	io_close(&p->io);
	io_close(&p->io); /* idempotent */
	sys_close(p->peer);
	free(p);
}

static void
what_is_written_arrives(void **state)
{
	struct pair *p = open_pair();
	struct err e;
	char got[8];

	(void)state;
	assert_int_equal(
	    io_write(&p->io, STR("hello"), clock_now() + 100, &e), 0);
	assert_int_equal(read(p->peer, got, sizeof(got)), 5);
	assert_memory_equal(got, "hello", 5);
	assert_false(io_pending(&p->io));
	assert_int_equal(write(p->peer, "abc", 3), 3);
	assert_true(io_pending(&p->io));
	assert_int_equal(io_fill(&p->io, clock_now() + 100, &e), 0);
	assert_true(str_eq(io_unread(&p->io), STR("abc")));
	io_consume(&p->io, 2);
	assert_true(str_eq(io_unread(&p->io), STR("c")));
	close_pair(p);
}

/* D-11: a silent peer costs the deadline, not more, and no real time. */
static void
silence_ends_at_the_deadline(void **state)
{
	struct pair *p = open_pair();
	int64_t start = clock_now();
	struct err e;

	(void)state;
	assert_int_equal(io_fill(&p->io, start + 300000, &e), -1);
	assert_int_equal(e.kind, ERR_TIMEOUT);
	assert_int_equal(clock_now() - start, 300000);
	close_pair(p);
}

static void
a_peer_that_takes_nothing_ends_at_the_deadline(void **state)
{
	struct pair *p = open_pair();
	size_t n = 8 << 20;
	char *much = calloc(1, n);
	int64_t start = clock_now();
	struct err e;

	(void)state;
	assert_non_null(much);
	assert_int_equal(
	    io_write(&p->io, str_of(much, n), start + 180000, &e), -1);
	assert_int_equal(e.kind, ERR_TIMEOUT);
	assert_int_equal(clock_now() - start, 180000);
	free(much);
	close_pair(p);
}

/* D-45: a word of the other side's ends the wait for room, if it matters. */
static void
what_is_heard_ends_the_writing(void **state)
{
	struct pair *p = open_pair();
	size_t n = 8 << 20;
	char *much = calloc(1, n);
	int64_t start = clock_now();
	struct err e;

	(void)state;
	assert_non_null(much);
	/* As long as there is room, all is written. */
	assert_int_equal(write(p->peer, "no\r\n", 4), 4);
	assert_int_equal(
	    io_write_unless_heard(&p->io, STR("hello"), start + 100, &e), 0);
	assert_int_equal(
	    io_write_unless_heard(&p->io, str_of(much, n), start + 180000, &e),
	    1);
	assert_int_equal(clock_now() - start, 0);
	assert_true(str_eq(io_unread(&p->io), STR("no\r\n")));
	assert_true(io_pending(&p->io));
	/* What was heard before counts, too. */
	assert_int_equal(
	    io_write_unless_heard(&p->io, str_of(much, n), start + 180000, &e),
	    1);
	/* And the end does, though it is no word. */
	io_consume(&p->io, 4);
	assert_int_equal(shutdown(p->peer, SHUT_WR), 0);
	assert_int_equal(
	    io_write_unless_heard(&p->io, str_of(much, n), start + 180000, &e),
	    1);
	assert_true(io_pending(&p->io));
	assert_int_equal(clock_now() - start, 0);
	free(much);
	close_pair(p);
}

static void
the_end_of_the_stream_is_an_error_of_its_own(void **state)
{
	struct pair *p = open_pair();
	struct err e;

	(void)state;
	assert_int_equal(write(p->peer, "x", 1), 1);
	assert_int_equal(shutdown(p->peer, SHUT_WR), 0);
	assert_int_equal(io_fill(&p->io, clock_now() + 100, &e), 0);
	io_consume(&p->io, 1);
	assert_int_equal(io_fill(&p->io, clock_now() + 100, &e), -1);
	assert_int_equal(e.kind, ERR_CLOSED);
	assert_true(io_pending(&p->io));
	close_pair(p);
}

static void
writing_to_nobody_is_an_error_and_no_signal(void **state)
{
	struct pair *p = open_pair();
	struct err e;

	(void)state;
	sys_close(p->peer);
	p->peer = -1;
	assert_int_equal(
	    io_write(&p->io, STR("hello"), clock_now() + 100, &e), -1);
	assert_int_equal(e.kind, ERR_CLOSED);
	close_pair(p);
}

/* Two sides that only write: D-17. */
static bool
drain_peer(void *ctx, int64_t *next)
{
	struct pair *p = ctx;
	char block[4096];
	ssize_t got = read(p->peer, block, sizeof(block));

	(void)next;
	if (got > 0)
		assert_true(
		    write(p->peer, "ok\r\n", 4) == 4 || errno == EAGAIN);
	return got > 0;
}

/* D-17: input is taken while output waits. */
static void
no_deadlock_when_both_write(void **state)
{
	struct pair *p = open_pair();
	size_t n = 4 << 20;
	char *much = calloc(1, n);
	struct err e;

	(void)state;
	assert_non_null(much);
	vtime_start(drain_peer, p);
	assert_int_equal(
	    io_write(&p->io, str_of(much, n), clock_now() + 1000, &e), 0);
	assert_true(io_unread(&p->io).n > 0);
	assert_true(io_unread(&p->io).n <= IO_IN_SIZE);
	free(much);
	close_pair(p);
}

/* D-17: a buffer that is full behind what was consumed takes more, in order. */
static void
input_moves_up(void **state)
{
	struct pair *p = open_pair();
	size_t n = 8 << 20;
	char *much = calloc(1, n);
	char block[IO_IN_SIZE];
	struct str unread;
	struct err e;

	(void)state;
	assert_non_null(much);
	memset(block, 'a', sizeof(block));
	assert_int_equal(write(p->peer, block, sizeof(block)), sizeof(block));
	assert_int_equal(write(p->peer, "bcd", 3), 3);
	assert_int_equal(io_fill(&p->io, clock_now() + 100, &e), 0);
	assert_int_equal(io_unread(&p->io).n, IO_IN_SIZE);
	io_consume(&p->io, 2);
	assert_int_equal(
	    io_write(&p->io, str_of(much, n), clock_now() + 100, &e), -1);
	assert_int_equal(e.kind, ERR_TIMEOUT);
	unread = io_unread(&p->io);
	assert_int_equal(unread.n, IO_IN_SIZE);
	assert_memory_equal(unread.p + unread.n - 4, "aabc", 4);
	io_consume(&p->io, unread.n);
	assert_int_equal(io_fill(&p->io, clock_now() + 100, &e), 0);
	assert_true(str_eq(io_unread(&p->io), STR("d")));
	free(much);
	close_pair(p);
}

/* What is no socket fails in its own way, both ways. */
static void
other_errors_say_what_failed(void **state)
{
	struct io io;
	struct err e;
	int ends[2];

	(void)state;
	assert_int_equal(sys_pipe(ends), 0);
	io_init(&io, ends[0]);
	assert_int_equal(io_fill(&io, clock_now() + 100, &e), -1);
	assert_int_equal(e.number, ENOTSOCK);
	assert_non_null(strstr(e.text, "receiving"));
	assert_true(io_pending(&io));
	assert_int_equal(io_write(&io, STR("x"), clock_now() + 100, &e), -1);
	assert_int_equal(e.number, ENOTSOCK);
	assert_non_null(strstr(e.text, "sending"));
	io_close(&io);
	sys_close(ends[1]);
}

static int
cannot_wait(void *arg)
{
	static const struct refusal refusals[] = {
#ifdef SYS_poll
	    {.call = SYS_poll, .error = ENOMEM},
#endif
	    {.call = SYS_ppoll, .error = ENOMEM},
	};
	struct pair *p = arg;
	struct err e;

	vtime_stop();
	child_refuse(refusals, sizeof(refusals) / sizeof(refusals[0]));
	CHILD_CHECK(io_fill(&p->io, clock_now() + 60000, &e) == -1);
	CHILD_CHECK(e.number == ENOMEM && strstr(e.text, "waiting"));
	return 0;
}

static void
waiting_may_fail(void **state)
{
	struct pair *p = open_pair();

	(void)state;
	assert_int_equal(child_run(cannot_wait, p), 0);
	close_pair(p);
}

static int virtual(void **state)
{
	(void)state;
	vtime_start(NULL, NULL);
	return 0;
}

static int
not_stuck(void **state)
{
	(void)state;
	assert_int_equal(vtime_stuck(), 0);
	vtime_stop();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		what_is_written_arrives, virtual, not_stuck),
	    cmocka_unit_test_setup_teardown(
		silence_ends_at_the_deadline, virtual, not_stuck),
	    cmocka_unit_test_setup_teardown(
		a_peer_that_takes_nothing_ends_at_the_deadline, virtual,
		not_stuck),
	    cmocka_unit_test_setup_teardown(
		what_is_heard_ends_the_writing, virtual, not_stuck),
	    cmocka_unit_test_setup_teardown(
		the_end_of_the_stream_is_an_error_of_its_own, virtual,
		not_stuck),
	    cmocka_unit_test_setup_teardown(
		writing_to_nobody_is_an_error_and_no_signal, virtual,
		not_stuck),
	    cmocka_unit_test_setup_teardown(
		no_deadlock_when_both_write, virtual, not_stuck),
	    cmocka_unit_test_setup_teardown(input_moves_up, virtual, not_stuck),
	    cmocka_unit_test_setup_teardown(
		other_errors_say_what_failed, virtual, not_stuck),
	    cmocka_unit_test_setup_teardown(
		waiting_may_fail, virtual, not_stuck),
	};

	return cmocka_run_group_tests_name("io", tests, NULL, NULL);
}
