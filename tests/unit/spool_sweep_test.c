/* SPDX-License-Identifier: ISC */
/* G-02, G-39: rules 19 and 21 of spool-protocol. */
#include "spool/sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/fail.h"
#include "../lib/shelf.h"
#include "base/buf.h"
#include "spool/envfile.h"

static struct swept swept;
static struct buf said;

static void
say(void *ctx, const char *text)
{
	(void)ctx;
	buf_printf(&said, "%s\n", text);
}

static void
run(void)
{
	struct store_item *item;
	struct pool p = {0};
	size_t strange;
	struct err e;
	size_t n;

	buf_clear(&said);
	assert_int_equal(
	    store_list(&shelf.store, &p, &item, &n, &strange, &e), 0);
	sweep(&shelf.store, item, n, say, NULL, &swept);
	pool_free(&p);
}

/* An envelope for one, without a message. */
static void
put_envelope(const char *name, char mark, char version)
{
	struct recipient rcpt = {.path = STR("a@example.org")};
	struct envelope env = {.rcpt = &rcpt, .n = 1};
	struct stored s = {.arrived = 1};
	struct buf b;
	struct err e;

	buf_init(&b, 1000);
	assert_int_equal(envfile_write(&b, &env, &s, &e), 0);
	b.p[s.marks] = mark;
	b.p[13] = version;
	folder_put(&shelf.folder, name, b.p);
	buf_free(&b);
}

static void
what_was_never_committed_is_removed(void **state)
{
	struct entry held;
	struct entry entry;
	struct err e;

	(void)state;
	assert_int_equal(entry_create(&shelf.store, &held, &e), 0);
	assert_int_equal(entry_stage(&held, SHELF_AT, SHELF_N, &e), 0);
	shelf_commit(&entry);
	entry_close(&entry);
	folder_put(&shelf.folder, "A.msg", "");
	folder_put(&shelf.folder, "B.msg", "");
	folder_put(&shelf.folder, "B.tmp", "");
	folder_put(&shelf.folder, "C.tmp", "");
	folder_put(&shelf.folder, "stamp", "");
	folder_put(&shelf.folder, "other", "");
	run();
	assert_int_equal(swept.removed, 3);
	assert_int_equal(swept.aside, 0);
	/* Locked: left, however old; committed: not looked at. */
	assert_int_equal(swept.left, 1);
	assert_true(shelf_has(held.id, ".msg") && shelf_has(held.id, ".tmp"));
	assert_true(shelf_has(entry.id, ".msg") && shelf_has(entry.id, ".env"));
	assert_true(folder_has(&shelf.folder, "stamp") &&
	    folder_has(&shelf.folder, "other"));
	assert_false(folder_has(&shelf.folder, "B.tmp"));
	assert_int_equal(said.n, 0);
	entry_close(&held);
	run();
	assert_int_equal(swept.removed, 1);
	assert_false(shelf_has(held.id, ".msg"));
}

static void
an_envelope_without_message(void **state)
{
	(void)state;
	put_envelope("A.env", 'd', '1');
	put_envelope("B.env", 'w', '1');
	put_envelope("C.env", 'w', '2');
	folder_put(&shelf.folder, "D.env", "garbage\n");
	run();
	assert_int_equal(swept.removed, 1);
	assert_int_equal(swept.aside, 2);
	assert_int_equal(swept.left, 1);
	assert_string_equal(folder_names(&shelf.folder), "C.env corrupt");
	assert_non_null(strstr(said.p, "set aside: B.msg is missing\n"));
	assert_non_null(strstr(said.p, "C.env: of another version\n"));
	assert_non_null(strstr(said.p, "set aside: D.env: "));
}

static void
files_not_to_be_believed(void **state)
{
	(void)state;
	assert_int_equal(symlinkat("/etc/passwd", shelf.folder.fd, "A.msg"), 0);
	assert_int_equal(mkfifoat(shelf.folder.fd, "B.env", 0600), 0);
	run();
	assert_int_equal(swept.aside, 2);
	assert_string_equal(folder_names(&shelf.folder), "corrupt");
}

/* What cannot be done is said, and left for another time. */
static void
calls_fail(void **state)
{
	static const struct {
		const char *call;
		unsigned n;
	} rows[] = {
	    {"openat", 2}, /* 1 is the directory's */
	    {"openat", 3},
	    {"fstatat", 1},
	    {"fstat", 1},
	    {"fstat", 2},
	    {"pread", 1},
	    {"mkdirat", 1},
	    {"renameat", 1},
	};

	(void)state;
	put_envelope("A.env", 'w', '1');
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fail_call(rows[i].call, rows[i].n, EIO);
		run();
		if (!fail_over() || !folder_has(&shelf.folder, "A.env"))
			fail_msg("%s %u", rows[i].call, rows[i].n);
		assert_int_equal(swept.left, 1);
		assert_true(said.n > 0);
	}
	put_envelope("A.env", 'r', '1');
	fail_call("unlinkat", 1, EROFS);
	run();
	assert_true(fail_over());
	assert_int_equal(swept.left, 1);
	run();
	assert_int_equal(swept.removed, 1);
	folder_put(&shelf.folder, "B.tmp", "");
	fail_call("fstatat", 1, EIO);
	run();
	assert_true(fail_over());
	assert_int_equal(swept.left, 1);
	assert_true(folder_has(&shelf.folder, "B.tmp"));
}

enum { MAKERS = 3, EACH = 60 };

/* Entries come to be, and nobody holds them afterwards. */
static void
make_entries(struct entry *none)
{
	(void)none;
	for (int i = 0; i < EACH; i++) {
		struct entry entry;
		struct err e;

		if (shelf_submit(&entry, &e) < 0)
			_exit(1);
		entry_close(&entry);
	}
}

/* 3, 21: who sweeps takes nothing from who is about to commit. */
static void
sweeping_beside_makers(void **state)
{
	struct store_item *item;
	struct pool p = {0};
	pid_t maker[MAKERS];
	size_t whole = 0;
	size_t strange;
	struct err e;
	size_t n;

	(void)state;
	for (int i = 0; i < MAKERS; i++)
		maker[i] = shelf_child(make_entries, NULL);
	for (int i = 0; i < MAKERS; i++) {
		int status;
		pid_t ended;

		do {
			run();
			ended = waitpid(maker[i], &status, WNOHANG);
		} while (ended == 0);
		assert_int_equal(ended, maker[i]);
		assert_int_equal(status, 0);
	}
	run();
	assert_int_equal(
	    store_list(&shelf.store, &p, &item, &n, &strange, &e), 0);
	for (size_t i = 0; i < n; i++)
		whole += item[i].has == (STORE_MSG | STORE_ENV);
	assert_int_equal(whole, MAKERS * EACH);
	assert_int_equal(n, whole);
	pool_free(&p);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, shelf_open, shelf_close)
	const struct CMUnitTest tests[] = {
	    TEST(what_was_never_committed_is_removed),
	    TEST(an_envelope_without_message),
	    TEST(files_not_to_be_believed),
	    TEST(calls_fail),
	    TEST(sweeping_beside_makers),
	};

	int failed;

	buf_init(&said, 1 << 16);
	failed = cmocka_run_group_tests_name("spool_sweep", tests, NULL, NULL);
	buf_free(&said);
	return failed;
}
