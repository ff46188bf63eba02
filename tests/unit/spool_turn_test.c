/* SPDX-License-Identifier: ISC */
/* Who runs the queue, who comes again, and how he is woken. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/fail.h"
#include "../lib/shelf.h"
#include "os/sys.h"
#include "spool/turn.h"
#include "spool/wake.h"

#define NOW INT64_C(1795550400000)

static struct err e;

/* Takes the turn that is free. */
static int
mine(void)
{
	int fd;

	assert_int_equal(turn_take(&shelf.store, &fd, &e), TURN_MINE);
	return fd;
}

/* G-15 */
static void
one_at_a_time(void **state)
{
	int first = mine();
	int second;
	pid_t child;

	(void)state;
	assert_int_equal(turn_take(&shelf.store, &second, &e), TURN_TAKEN);
	assert_int_equal(second, -1);
	/* Who inherits it has it, and it ends with the last who does, even if
	 * nobody gives it up. */
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		for (;;)
			(void)pause();
	turn_end(&first);
	assert_int_equal(first, -1);
	assert_int_equal(turn_take(&shelf.store, &second, &e), TURN_TAKEN);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	second = mine();
	turn_end(&second);
}

/* G-15: only a run that comes again, and was here lately, is relied on. */
static void
who_comes_again(void **state)
{
	static const struct {
		char sign;     /* of the last one; 0: there was none */
		int64_t stamp; /* before now; -1: never */
		bool regular;
	} cases[] = {
	    {'r', 0, true},
	    {'r', TURN_STALE, true},
	    {'r', TURN_STALE + 1, false},
	    {'r', -TURN_STALE - 1, false}, /* the clock was put back */
	    {'r', -1, false},
	    {'b', 0, false},
	    {0, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = mine();

		assert_int_equal(ftruncate(fd, 0), 0);
		(void)unlinkat(shelf.store.dir, "stamp", 0);
		if (cases[i].sign)
			turn_sign(fd, cases[i].sign == 'r');
		if (cases[i].stamp != -1)
			assert_int_equal(
			    store_stamp(&shelf.store, NOW - cases[i].stamp, &e),
			    0);
		assert_int_equal(
		    turn_regular(&shelf.store, fd, NOW), cases[i].regular);
		turn_end(&fd);
	}
}

/* G-18: what the disk refuses makes more runs, not fewer. */
static void
a_sign_that_cannot_be_written(void **state)
{
	int fd = mine();

	(void)state;
	assert_int_equal(store_stamp(&shelf.store, NOW, &e), 0);
	fail_call("pwrite", 1, ENOSPC);
	turn_sign(fd, true);
	assert_true(fail_over());
	assert_false(turn_regular(&shelf.store, fd, NOW));
	turn_end(&fd);
	fail_call("openat", 1, EROFS);
	assert_int_equal(turn_take(&shelf.store, &fd, &e), TURN_ERROR);
	assert_int_equal(fd, -1);
	fail_call("flock", 1, ENOLCK);
	assert_int_equal(turn_take(&shelf.store, &fd, &e), TURN_ERROR);
	assert_true(fail_over());
}

/* The stamp of another user is set to now, whatever we wanted. */
static void
a_stamp_of_another(void **state)
{
	(void)state;
	assert_int_equal(store_stamp(&shelf.store, NOW, &e), 0);
	fail_call("futimens", 1, EPERM);
	assert_int_equal(store_stamp(&shelf.store, NOW - 1, &e), 0);
	assert_true(fail_over());
	assert_true(store_stamped(&shelf.store, &e) != NOW - 1);
	fail_call("futimens", 1, EROFS);
	assert_int_equal(store_stamp(&shelf.store, NOW, &e), -1);
	assert_true(fail_over());
}

static void
is_woken(struct wake *wake)
{
	struct pollfd p = {.fd = wake->fd, .events = POLLIN};

	assert_int_equal(wake_touch(&shelf.store, &e), 0);
	if (wake->fd >= 0)
		assert_int_equal(poll(&p, 1, 1000), 1);
	assert_true(wake_news(wake));
}

static void
news(void **state)
{
	struct wake wake;

	(void)state;
	wake_watch(&wake, &shelf.store);
	assert_true(wake.fd >= 0);
	assert_false(wake_news(&wake));
	is_woken(&wake);
	assert_false(wake_news(&wake));
	/* Another file in its place is watched as well. */
	assert_int_equal(unlinkat(shelf.store.dir, "wake", 0), 0);
	(void)wake_news(&wake);
	assert_int_equal(wake_touch(&shelf.store, &e), 0);
	assert_true(wake_news(&wake));
	is_woken(&wake);
	wake_close(&wake);
	assert_true(wake_often(&wake) < 60000);
}

/* Without inotify the time of the file is what there is. */
static void
blind(void **state)
{
	const struct timespec then = {.tv_sec = 1000};
	struct wake wake = {.store = &shelf.store, .fd = -1};

	(void)state;
	assert_false(wake_news(&wake));
	is_woken(&wake);
	assert_false(wake_news(&wake));
	assert_int_equal(utimensat(shelf.store.dir, "wake",
			     (const struct timespec[]){then, then}, 0),
	    0);
	is_woken(&wake);
}

static void
waking_fails(void **state)
{
	(void)state;
	fail_call("openat", 1, EROFS);
	assert_int_equal(wake_touch(&shelf.store, &e), -1);
	assert_int_equal(wake_touch(&shelf.store, &e), 0);
	fail_call("futimens", 1, EROFS);
	assert_int_equal(wake_touch(&shelf.store, &e), -1);
	assert_true(fail_over());
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, shelf_open, shelf_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_at_a_time),
	    TEST(who_comes_again),
	    TEST(a_sign_that_cannot_be_written),
	    TEST(a_stamp_of_another),
	    TEST(news),
	    TEST(blind),
	    TEST(waking_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
