/* SPDX-License-Identifier: ISC */
/* J-09: who goes on beside slow hosts, and what is heard of him. */
#include "delivery/beside.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/child.h"
#include "os/proc.h"
#include "os/sys.h"

static const struct next_hop first = {
    .kind = NEXT_HOP_MX, .domain = {"a.test", 6}};
static const struct next_hop second = {
    .kind = NEXT_HOP_MX, .domain = {"b.test", 6}};
static const struct relay relay = {.n = 0};
static const struct next_hop third = {
    .kind = NEXT_HOP_RELAY, .relay = &relay, .domain = {"a.test", 6}};

struct work {
	struct beside beside;
	struct slow slow;
	int status; /* that it ends with; -1: it tells */
	bool again; /* and begins another */
};

/* What it has, and what not. */
enum { HAS_FD = 1, HAS_FIRST = 2, HAS_SECOND = 4, HAS_THIRD = 8 };

static int
has(const struct work *w)
{
	return (fcntl(w->slow.fd[0], F_GETFD) >= 0 ? HAS_FD : 0) |
	    (beside_has(&w->beside, &first) ? HAS_FIRST : 0) |
	    (beside_has(&w->beside, &second) ? HAS_SECOND : 0) |
	    (beside_has(&w->beside, &third) ? HAS_THIRD : 0);
}

static int
run(void *ctx)
{
	struct work *w = ctx;
	const struct next_hop *more[] = {&second};
	int told = has(w);

	if (w->status >= 0)
		return w->status;
	if (w->again) {
		struct work other = *w;
		int heard = 0;

		other.again = false;
		other.slow.target = more;
		if (!beside_begin(&other.beside, &other.slow, run, &other) ||
		    beside_end(
			&other.beside, true, NULL, &heard, sizeof(heard)) != 1)
			return EX_SOFTWARE;
		told |= heard << 4;
	}
	return beside_tell(&w->beside, &told, sizeof(told));
}

static int
begin(struct work *w)
{
	static const struct next_hop *target[] = {&first};
	static int fd;
	int told = -1;
	int result;

	w->beside = (struct beside){.pipe = -1};
	assert_int_equal(
	    beside_end(&w->beside, true, NULL, &told, sizeof(told)), 0);
	fd = dup(0);
	w->slow = (struct slow){target, 1, &fd, 1};
	assert_true(beside_begin(&w->beside, &w->slow, run, w));
	assert_true(w->beside.pid > 0);
	/* It is not over before it has said so, and is heard once. */
	while ((result = beside_end(
		    &w->beside, false, NULL, &told, sizeof(told))) == 0)
		(void)sys_poll(NULL, 0, 0);
	assert_int_equal(
	    beside_end(&w->beside, false, NULL, &told, sizeof(told)), 0);
	/* This one has what it had, and may go where it is. */
	assert_int_equal(has(w), HAS_FD);
	(void)close(fd);
	return result == 1 ? told : -1;
}

static void
what_it_has(void **state)
{
	struct work once = {.status = -1};
	struct work twice = {.status = -1, .again = true};

	(void)state;
	assert_int_equal(begin(&once), HAS_FIRST);
	assert_int_equal(
	    begin(&twice), HAS_FIRST | (HAS_FIRST | HAS_SECOND) << 4);
}

static void
one_that_dies(void **state)
{
	struct work w = {.status = EX_OK};

	(void)state;
	assert_int_equal(begin(&w), -1);
}

/* A signal's word is handed on, while its end is waited for. */
static volatile sig_atomic_t leave;
static volatile sig_atomic_t asked;

static void
on_signal(int number)
{
	(void)number;
	asked = 1;
}

static int
wait_for_signal(void *ctx)
{
	const struct work *w = ctx;
	int told = 1;

	while (!asked)
		(void)sys_poll(NULL, 0, 0);
	return beside_tell(&w->beside, &told, sizeof(told));
}

static void
one_that_is_asked(void **state)
{
	struct work w = {0};
	int told = 0;

	(void)state;
	assert_true(signal(SIGUSR1, on_signal) != SIG_ERR);
	leave = 1;
	assert_true(beside_begin(&w.beside, &w.slow, wait_for_signal, &w));
	assert_int_equal(
	    beside_end(&w.beside, true, &leave, &told, sizeof(told)), 1);
	assert_int_equal(told, 1);
	assert_true(signal(SIGUSR1, SIG_DFL) != SIG_ERR);
}

/* Where none can be begun, nothing is left of it. */
static int
refused(void *arg)
{
	static const struct refusal calls[] = {
	    {SYS_pipe2, EMFILE, 0, 0}, {SYS_clone, EAGAIN, 0, 0}};
	struct work w = {0};

	child_refuse(&calls[*(size_t *)arg], 1);
	CHILD_CHECK(!beside_begin(&w.beside, &w.slow, run, &w));
	CHILD_CHECK(w.beside.pid == 0 && w.beside.taken_n == 0);
	CHILD_CHECK(fcntl(3, F_GETFD) < 0 && fcntl(4, F_GETFD) < 0);
	return 0;
}

static int
refused_first(void *arg)
{
	for (int fd = 3; fd < 100; fd++)
		(void)close(fd);
	return refused(arg);
}

static void
none(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(child_run(refused_first, &i), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_it_has),
	    cmocka_unit_test(one_that_dies),
	    cmocka_unit_test(one_that_is_asked),
	    cmocka_unit_test(none),
	};

	return cmocka_run_group_tests_name("beside", tests, NULL, NULL);
}
