/* SPDX-License-Identifier: ISC */
/* Reports, and what a crash or a full disk at any point leaves of them. */
#include "delivery/bounce.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/desk.h"
#include "../lib/fail.h"
#include "../lib/words.h"

/* Rule 16: a report that is there is not written again. */
static void
killed_before_the_marks(void **state)
{
	struct recipient r[] = {{.path = STR("a@x.example")},
	    {.path = STR("b@x.example")}, {.path = STR("c@x.example")}};
	/* The first is marked last. */
	static const char *const left[] = {"ffw", "frw"};

	(void)state;
	desk_submit("me@m.example", r, 3, "ffw");
	assert_int_equal(desk_bounce(), 0);
	for (size_t i = 0; i < COUNT(left); i++) {
		desk_mark(left[i]);
		desk_take(desk.entry.id);
		assert_int_equal(desk_bounce(), 0);
		desk_marks_are("rrw");
		assert_int_equal(desk_entries(), 2);
	}
	/* Meanwhile another has failed: nobody has been told of him. */
	desk_mark("frf");
	desk_take(desk.entry.id);
	assert_int_equal(desk_bounce(), 0);
	desk_marks_are("rrr");
	assert_true(desk_has("B2"));
	assert_int_equal(desk_entries(), 3);
}

/* Its maker has died before the commit. */
static void
killed_before_the_commit(void **state)
{
	struct recipient r = {.path = STR("a@x.example")};
	char name[64];

	(void)state;
	desk_submit("me@m.example", &r, 1, "f");
	assert_true(
	    snprintf(name, sizeof(name), "%sB0.msg", desk.entry.id) > 0);
	folder_put(&shelf.folder, name, "half of");
	assert_int_equal(desk_bounce(), 0);
	assert_int_equal(desk_entries(), 2);
	desk_marks_are("r");
}

/*
 * G-29: whichever call fails, who is marked reported has a report on disk, and
 * the next run makes none that is there already.
 */
static void
every_call_fails(void **state)
{
	struct recipient r[] = {
	    {.path = STR("a@x.example")}, {.path = STR("b@x.example")}};
	unsigned failed = 0;
	bool more = true;

	(void)state;
	for (unsigned n = 1; more; n++) {
		char marks[3] = "";
		int result;

		desk_submit("me@m.example", r, 2, "ff");
		fail_call(NULL, n, ENOSPC);
		result = desk_bounce();
		more = fail_over();
		assert_int_equal(mark_read(desk.entry.env, &desk.entry.marks,
				     marks, &desk.e),
		    0);
		if (result == 0)
			assert_string_equal(marks, "rr");
		else
			failed++;
		if (strchr(marks, 'r'))
			assert_true(desk_has("B0"));
		desk_take(desk.entry.id);
		assert_int_equal(desk_bounce(), 0);
		desk_marks_are("rr");
		assert_true(desk_has("B0"));
		assert_false(desk_has("B1"));
	}
	assert_true(failed > 15);
}

static void
bounce_and_die(struct entry *ignored)
{
	(void)ignored;
	(void)desk_bounce();
	_exit(0);
}

/* The same, where the process is killed before the call. */
static void
every_call_kills(void **state)
{
	struct recipient r[] = {
	    {.path = STR("a@x.example")}, {.path = STR("b@x.example")}};
	int status = 1;

	(void)state;
	for (unsigned n = 1; status != 0; n++) {
		char marks[3] = "";
		pid_t pid;

		desk_submit("me@m.example", r, 2, "ff");
		fail_call(NULL, n, FAIL_DIES);
		pid = shelf_child(bounce_and_die, NULL);
		(void)fail_over();
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(mark_read(desk.entry.env, &desk.entry.marks,
				     marks, &desk.e),
		    0);
		if (strchr(marks, 'r'))
			assert_true(desk_has("B0"));
		desk_take(desk.entry.id);
		assert_int_equal(desk_bounce(), 0);
		desk_marks_are("rr");
		assert_true(desk_has("B0"));
		assert_false(desk_has("B1"));
	}
}

/*
 * Rule 16: the recipient by whom the report is found again is marked when the
 * others are on disk; and it is done when he is, too.
 */
static void
marks_are_synced_in_order(void **state)
{
	struct recipient r[] = {
	    {.path = STR("a@x.example")}, {.path = STR("b@x.example")}};
	static const char *const left[] = {"fr", "rr"};

	(void)state;
	for (unsigned n = 1; n <= 2; n++) {
		desk_submit("me@m.example", r, 2, "ff");
		fail_call("fdatasync", n, EIO);
		assert_int_equal(desk_bounce(), -1);
		assert_true(fail_over());
		desk_marks_are(left[n - 1]);
	}
}

/* What cannot be read cannot be returned: the next run tries again. */
static void
the_message_has_lost_its_end(void **state)
{
	struct recipient r = {.path = STR("a@x.example")};

	(void)state;
	desk_submit("me@m.example", &r, 1, "f");
	desk.content.size += 10;
	assert_int_equal(desk_bounce(), -1);
	desk_contains(desk.e.text, "lost its end");
	desk_marks_are("f");
	assert_false(desk_has("B0"));
}

/* G-29: the disk is full; the marks wait. */
static void
the_disk_is_full(void **state)
{
	static const char *const calls[] = {
	    "openat", "write", "fsync", "renameat"};
	struct recipient r = {.path = STR("a@x.example")};

	(void)state;
	for (size_t i = 0; i < COUNT(calls); i++) {
		desk_submit("me@m.example", &r, 1, "f");
		fail_call(calls[i], 1, ENOSPC);
		assert_int_equal(desk_bounce(), -1);
		assert_true(fail_over());
		desk_contains(desk.e.text, "No space left");
		desk_marks_are("f");
		assert_false(desk_has("B0"));
	}
}

/* Entries are full: whoever has failed is in some report, once. */
static void
many_recipients(void **state)
{
	static struct recipient r[ENVFILE_RCPTS];
	static char path[ENVFILE_RCPTS][32];
	struct envelope made = {
	    .from = STR("me@m.example"), .rcpt = r, .n = ENVFILE_RCPTS};
	size_t times = 0;

	(void)state;
	for (size_t i = 0; i < ENVFILE_RCPTS; i++) {
		assert_true(snprintf(path[i], sizeof(path[i]), "u%zu@x.example",
				i) > 0);
		r[i].path = str_c(path[i]);
	}
	desk_commit(&made, DESK_MESSAGE);
	/* Every other one: their list is as long as it can be. */
	for (size_t i = 0; i < ENVFILE_RCPTS; i++)
		assert_int_equal(
		    mark_put(&desk.entry.marks, i,
			i % 2 ? MARK_WAITING : MARK_FAILED, &desk.e),
		    0);
	assert_int_equal(desk_bounce(), 0);
	for (size_t i = 0; i < ENVFILE_RCPTS; i++) {
		assert_int_equal(job_marked(&desk.job, &desk.env.rcpt[i]),
		    i % 2 ? MARK_WAITING : MARK_REPORTED);
		/* Their reports are found again. */
		if (i % 2 == 0)
			assert_int_equal(mark_put(&desk.entry.marks, i,
					     MARK_FAILED, &desk.e),
			    0);
	}
	times = desk_entries();
	assert_in_range(times, 2, 5);
	assert_int_equal(desk_bounce(), 0);
	assert_int_equal(desk_entries(), times);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, desk_open, desk_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(killed_before_the_marks),
	    TEST(killed_before_the_commit),
	    TEST(every_call_fails),
	    TEST(every_call_kills),
	    TEST(marks_are_synced_in_order),
	    TEST(the_message_has_lost_its_end),
	    TEST(the_disk_is_full),
	    TEST(many_recipients),
	};

	(void)setenv("TZ", "UTC0", 1);
	return cmocka_run_group_tests_name(
	    "delivery/bounce, faults", tests, NULL, NULL);
}
