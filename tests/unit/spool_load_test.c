/* SPDX-License-Identifier: ISC */
/* The envelope of a real entry: read, marked, and added to. */
#include "spool/load.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/fail.h"
#include "../lib/shelf.h"
#include "base/buf.h"
#include "base/clock.h"

static struct pool pool;

/* What entry_load gives. */
static struct envelope env;
static struct stored stored;
static struct err e;

static int
tear_down(void **state)
{
	pool_free(&pool);
	return shelf_close(state);
}

static int64_t
wall(void)
{
	struct timespec now = clock_wall();

	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A committed entry for three, whose message is "body". */
static void
commit(struct entry *entry)
{
	struct recipient rcpt[3] = {
	    {.path = STR("a@example.org")},
	    {.path = STR("b@example.org")},
	    {.path = STR("c@example.org")},
	};
	struct envelope made = {.from = STR("x@y"), .rcpt = rcpt, .n = 3};
	struct stored s = {.arrived = wall(), .size = 4, .uid = 4711};
	struct buf b;

	buf_init(&b, ENVFILE_HEAD);
	assert_int_equal(envfile_write(&b, &made, &s, &e), 0);
	assert_int_equal(entry_create(&shelf.store, entry, &e), 0);
	assert_int_equal(write(entry->msg, "body", 4), 4);
	assert_int_equal(entry_stage(entry, s.marks, 3, &e), 0);
	assert_int_equal(entry_commit(entry, buf_str(&b), &e), 0);
	assert_int_equal(entry_settle(entry, true, &e), 1);
	buf_free(&b);
}

static enum load
load(struct entry *entry)
{
	return entry_load(entry, &pool, &env, &stored, &e);
}

/* 4: what another has marked is on disk before anybody acts on it. */
static void
what_does_not_wait_is_synced(void **state)
{
	struct entry entry;
	char id[STORE_ID + 1];

	(void)state;
	commit(&entry);
	memcpy(id, entry.id, sizeof(id));
	entry_close(&entry);
	assert_int_equal(entry_take(&shelf.store, id, &entry, &e), TAKE_OK);
	fail_call("fdatasync", 1, EIO);
	assert_int_equal(load(&entry), LOAD_OK);
	assert_false(fail_over());
	assert_int_equal(mark_put(&entry.marks, 2, MARK_DELIVERED, &e), 0);
	entry_close(&entry);

	assert_int_equal(entry_take(&shelf.store, id, &entry, &e), TAKE_OK);
	fail_call("fdatasync", 1, EIO);
	assert_int_equal(load(&entry), LOAD_ERROR);
	assert_true(fail_over());
	assert_int_equal(load(&entry), LOAD_OK);
	entry_close(&entry);
	/* Who only looks acts on nothing. */
	fail_call("fdatasync", 1, EIO);
	assert_int_equal(entry_peek(&shelf.store, id, &entry, &e), TAKE_OK);
	assert_int_equal(load(&entry), LOAD_OK);
	assert_false(fail_over());
	entry_close(&entry);
}

static void
marks_are_found_again(void **state)
{
	struct entry entry;
	char id[STORE_ID + 1];

	(void)state;
	commit(&entry);
	memcpy(id, entry.id, sizeof(id));
	assert_int_equal(mark_put(&entry.marks, 1, MARK_DOUBT, &e), 0);
	assert_int_equal(entry_doubts(&entry, 1, 3, &e), 0);
	assert_int_equal(entry_doubts(&entry, 2, 12, &e), 0);
	entry_close(&entry);
	assert_int_equal(entry_take(&shelf.store, id, &entry, &e), TAKE_OK);
	assert_int_equal(load(&entry), LOAD_OK);
	assert_true(str_eq(env.id, str_c(id)) && env.n == 3);
	assert_int_equal(stored.fate[0].mark, MARK_WAITING);
	assert_int_equal(stored.fate[1].mark, MARK_DOUBT);
	assert_int_equal(stored.fate[1].doubts, 3);
	assert_int_equal(stored.fate[2].doubts, 9);
	/* G-36: who it is from, the file says, not its text. */
	assert_int_equal(stored.uid, getuid());
	assert_int_equal(mark_put(&entry.marks, 0, MARK_DELIVERED, &e), 0);
	assert_int_equal(entry_remove(&entry, &e), -1);
	assert_int_equal(mark_put(&entry.marks, 1, MARK_DELIVERED, &e), 0);
	assert_int_equal(mark_put(&entry.marks, 2, MARK_REPORTED, &e), 0);
	assert_int_equal(entry_remove(&entry, &e), 0);
	assert_string_equal(folder_names(&shelf.folder), "");
}

static const struct event attempt = {
    .kind = EVENT_ATTEMPT,
    .when = 2000000000000,
    .next = 2000000300000,
    .who = {"0-1", 3},
    .status = {OUTCOME_DEFERRED, BLAME_HOST, 421, {4, 3, 2}, {"busy\n", 5}},
    .relay = {"mx[192.0.2.1]:25", 16},
};

static void
events_are_appended(void **state)
{
	struct entry entry;
	struct stat st;

	(void)state;
	commit(&entry);
	assert_int_equal(entry_event(&entry, &attempt, &e), 0);
	assert_int_equal(entry_event(&entry, &attempt, &e), 0);
	assert_int_equal(load(&entry), LOAD_OK);
	assert_int_equal(stored.fate[1].attempts, 2);
	assert_int_equal(stored.fate[2].attempts, 0);
	assert_true(stored.fate[1].next == attempt.next);
	assert_true(str_eq(stored.fate[0].status.text, STR("busy\n")));
	assert_int_equal(fstat(entry.env, &st), 0);
	assert_true(st.st_mtim.tv_sec == attempt.when / 1000);
	entry_close(&entry);
}

/* A power cut has left half a line, or zeros. */
static void
a_torn_line_is_cut_off(void **state)
{
	char zeros[700] = {0};
	struct entry entry;

	(void)state;
	commit(&entry);
	assert_int_equal(entry_event(&entry, &attempt, &e), 0);
	assert_true(lseek(entry.env, 0, SEEK_END) > 0);
	assert_int_equal(write(entry.env, "event 20", 8), 8);
	assert_int_equal(write(entry.env, zeros, sizeof(zeros)), 700);
	assert_int_equal(load(&entry), LOAD_OK);
	assert_int_equal(stored.fate[0].attempts, 1);
	assert_int_equal(entry_event(&entry, &attempt, &e), 0);
	assert_int_equal(load(&entry), LOAD_OK);
	assert_int_equal(stored.fate[0].attempts, 2);
	assert_int_equal(stored.strange, 0);
	entry_close(&entry);
}

/* G-18: a full disk costs the line, and nothing else. */
static void
a_line_without_space_is_dropped(void **state)
{
	static const char *const calls[] = {"fstat", "ftruncate", "pwrite"};
	struct entry entry;
	struct stat st;

	(void)state;
	commit(&entry);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		fail_call(calls[i], 1, ENOSPC);
		assert_int_equal(entry_event(&entry, &attempt, &e), -1);
		assert_true(fail_over());
		assert_int_equal(e.number, ENOSPC);
		assert_int_equal(load(&entry), LOAD_OK);
		assert_int_equal(stored.spoke, 0);
		/* But when that was is known, and counts (18, 20). */
		assert_int_equal(fstat(entry.env, &st), 0);
		assert_true(st.st_mtim.tv_sec == attempt.when / 1000);
		assert_int_equal(stored.fate[0].attempts, 1);
		assert_true(stored.fate[0].last == attempt.when);
		assert_int_equal(
		    mark_put(&entry.marks, 2, MARK_SENDING, &e), 0);
	}
	fail_call("futimens", 1, EPERM);
	assert_int_equal(entry_event(&entry, &attempt, &e), 0);
	assert_true(fail_over());
	entry_close(&entry);
}

/* The file grows no further than it can be read. */
static void
there_is_an_end_to_events(void **state)
{
	struct entry entry;

	(void)state;
	commit(&entry);
	assert_int_equal(ftruncate(entry.env, ENVFILE_MAX - 1), 0);
	assert_int_equal(pwrite(entry.env, "\n", 1, ENVFILE_MAX - 1), 1);
	assert_int_equal(entry_event(&entry, &attempt, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	assert_int_equal(load(&entry), LOAD_OK);
	assert_int_equal(stored.strange, 1);
	assert_int_equal(ftruncate(entry.env, ENVFILE_MAX + 1), 0);
	assert_int_equal(load(&entry), LOAD_BROKEN);
	entry_close(&entry);
}

static void
what_cannot_be_read(void **state)
{
	static const struct {
		const char *call;
		unsigned n;
	} calls[] = {{"fstat", 1}, {"fstat", 2}, {"pread", 1}};
	struct entry entry;

	(void)state;
	commit(&entry);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		fail_call(calls[i].call, calls[i].n, EIO);
		assert_int_equal(load(&entry), LOAD_ERROR);
		assert_true(fail_over());
	}
	fail_call("pwrite", 1, EIO);
	assert_int_equal(entry_doubts(&entry, 0, 1, &e), -1);
	assert_true(fail_over());
	/* The message has lost its end. */
	assert_int_equal(ftruncate(entry.msg, 3), 0);
	assert_int_equal(load(&entry), LOAD_BROKEN);
	assert_non_null(strstr(e.text, "3 octets"));
	assert_int_equal(ftruncate(entry.msg, 4), 0);
	assert_int_equal(load(&entry), LOAD_OK);
	assert_int_equal(pwrite(entry.env, "2", 1, 13), 1);
	assert_int_equal(load(&entry), LOAD_VERSION);
	assert_int_equal(pwrite(entry.env, "x", 1, 13), 1);
	assert_int_equal(load(&entry), LOAD_BROKEN);
	assert_non_null(strstr(e.text, entry.id));
	entry_close(&entry);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, shelf_open, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(what_does_not_wait_is_synced),
	    TEST(marks_are_found_again),
	    TEST(events_are_appended),
	    TEST(a_torn_line_is_cut_off),
	    TEST(a_line_without_space_is_dropped),
	    TEST(there_is_an_end_to_events),
	    TEST(what_cannot_be_read),
	};

	return cmocka_run_group_tests_name("spool_load", tests, NULL, NULL);
}
