/* SPDX-License-Identifier: ISC */
/*
 * To take hold of an entry, and the ends that it can come to: spool-protocol,
 * rules 2, 4, 16, 17 and 19.
 */
#include "spool/take.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/fail.h"
#include "../lib/shelf.h"

static void
never_end(struct entry *entry)
{
	(void)entry;
	for (;;)
		(void)pause();
}

/* G-06: the lock ends with the last process that has it, and not before. */
static void
the_lock_is_inherited(void **state)
{
	struct entry entry;
	struct entry other;
	struct err e;
	pid_t agent;

	(void)state;
	shelf_commit(&entry);
	assert_int_equal(shelf_take(entry.id, &other, &e), TAKE_BUSY);
	entry_close(&other);
	agent = shelf_child(never_end, &entry);
	entry_close(&entry);
	assert_int_equal(shelf_take(entry.id, &other, &e), TAKE_BUSY);
	entry_close(&other);
	assert_int_equal(kill(agent, SIGKILL), 0);
	shelf_wait(agent);
	assert_int_equal(shelf_take(entry.id, &other, &e), TAKE_OK);
	entry_close(&other);
}

/* G-07: removed between our open and our lock. */
static void
a_removed_entry_is_gone(void **state)
{
	struct entry entry;
	struct entry other;
	struct err e;

	(void)state;
	shelf_commit(&entry);
	shelf_mark(&entry, MARK_DELIVERED);
	other = entry_named(&shelf.store, entry.id);
	other.msg = openat(
	    shelf.store.dir, ENTRY_NAME_OF(&entry, ".msg"), O_RDWR | O_CLOEXEC);
	assert_true(other.msg >= 0);
	assert_true(entry_leads(&other, ".msg", other.msg));
	assert_int_equal(entry_remove(&entry, &e), 0);
	assert_int_equal(flock(other.msg, LOCK_EX | LOCK_NB), 0);
	assert_false(entry_leads(&other, ".msg", other.msg));
	entry_close(&other);
	shelf_commit(&entry);
	entry_close(&entry);
	fail_call("fstatat", 1, ENOENT);
	assert_int_equal(shelf_take(entry.id, &other, &e), TAKE_GONE);
	assert_true(fail_over());
	entry_close(&other);
}

static void
spoil(const char *how, const char *id)
{
	char name[64];
	char other[64];

	assert_true(snprintf(name, sizeof(name), "%s%.4s", id, how) > 0);
	how += 5;
	if (strcmp(how, "mode") == 0) {
		assert_int_equal(fchmodat(shelf.folder.fd, name, 0604, 0), 0);
	} else if (strcmp(how, "group") == 0) {
		assert_int_equal(fchmodat(shelf.folder.fd, name, 0620, 0), 0);
	} else if (strcmp(how, "hard link") == 0) {
		assert_int_equal(
		    linkat(shelf.folder.fd, name, shelf.folder.fd, "other", 0),
		    0);
	} else if (strcmp(how, "owner") == 0) {
		assert_int_equal(
		    fchownat(shelf.folder.fd, name, 12345, 12345, 0), 0);
	} else {
		assert_int_equal(
		    renameat(shelf.folder.fd, name, shelf.folder.fd, "x"), 0);
		if (strcmp(how, "link") == 0)
			assert_int_equal(
			    symlinkat("x", shelf.folder.fd, name), 0);
		else if (strcmp(how, "folder") == 0)
			assert_int_equal(
			    mkdirat(shelf.folder.fd, name, 0700), 0);
		else
			assert_int_equal(
			    mkfifoat(shelf.folder.fd, name, 0600), 0);
		assert_true(snprintf(other, sizeof(other), "x") > 0);
	}
}

/* G-34, G-39: such an entry is neither sent nor deleted, but moved away. */
static void
files_not_to_be_believed(void **state)
{
	static const char *const ways[] = {".msg mode", ".msg group",
	    ".msg hard link", ".msg owner", ".msg link", ".msg folder",
	    ".msg fifo", ".env mode", ".env group", ".env hard link",
	    ".env owner", ".env link", ".env folder", ".env fifo"};

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct entry entry;
		struct err e = {0};
		enum take took;

		if (strstr(ways[i], "owner") && getuid() != 0)
			continue;
		shelf_commit(&entry);
		entry_close(&entry);
		spoil(ways[i], entry.id);
		took = shelf_take(entry.id, &entry, &e);
		if (took != TAKE_BROKEN)
			fail_msg("%s: %d %s", ways[i], (int)took, e.text);
		assert_non_null(strstr(e.text, entry.id));
		assert_int_equal(entry_aside(&entry, &e), 0);
		assert_false(
		    shelf_has(entry.id, ".msg") || shelf_has(entry.id, ".env"));
		assert_int_equal(shelf_take(entry.id, &entry, &e), TAKE_GONE);
		entry_close(&entry);
		(void)unlinkat(shelf.folder.fd, "x", 0);
		(void)unlinkat(shelf.folder.fd, "other", 0);
	}
	assert_string_equal(folder_names(&shelf.folder), "corrupt");
}

/* The message is moved first: what is left between is not swept. */
static void
setting_aside_is_done_in_order(void **state)
{
	struct entry entry;
	struct err e;

	(void)state;
	shelf_commit(&entry);
	fail_call("renameat", 1, EIO);
	assert_int_equal(entry_aside(&entry, &e), -1);
	assert_true(fail_over());
	assert_true(shelf_has(entry.id, ".msg") && shelf_has(entry.id, ".env"));
	fail_call("renameat", 2, EIO);
	assert_int_equal(entry_aside(&entry, &e), -1);
	assert_true(fail_over());
	assert_true(
	    !shelf_has(entry.id, ".msg") && shelf_has(entry.id, ".env"));
	assert_int_equal(shelf_take(entry.id, &entry, &e), TAKE_LOST);
	assert_int_equal(entry_aside(&entry, &e), 0);
	assert_string_equal(folder_names(&shelf.folder), "corrupt");
}

/* 19: also without its message. */
static void
a_finished_entry_without_message_is_removed(void **state)
{
	struct entry entry;
	struct err e;

	(void)state;
	shelf_commit(&entry);
	shelf_mark(&entry, MARK_REPORTED);
	entry_close(&entry);
	assert_int_equal(
	    unlinkat(shelf.folder.fd, ENTRY_NAME_OF(&entry, ".msg"), 0), 0);
	assert_int_equal(
	    entry_take(&shelf.store, entry.id, &entry, &e), TAKE_LOST);
	assert_int_equal(entry_remove(&entry, &e), -1); /* not read yet */
	entry.marks.at = SHELF_AT;
	entry.marks.n = SHELF_N;
	assert_int_equal(entry_remove(&entry, &e), 0);
	assert_string_equal(folder_names(&shelf.folder), "");
}

/* Looking at an entry keeps nobody from it. */
static void
peeking_takes_no_lock(void **state)
{
	struct entry entry;
	struct entry seen;
	struct err e;

	(void)state;
	shelf_commit(&entry);
	assert_int_equal(
	    entry_peek(&shelf.store, entry.id, &seen, &e), TAKE_OK);
	assert_int_equal(seen.msg, -1);
	entry_close(&seen);
	entry_close(&entry);
	assert_int_equal(
	    entry_peek(&shelf.store, entry.id, &seen, &e), TAKE_OK);
	assert_int_equal(shelf_take(entry.id, &entry, &e), TAKE_OK);
	entry_close(&entry);
	entry_close(&seen);
	assert_int_equal(
	    entry_peek(&shelf.store, "NONE", &seen, &e), TAKE_GONE);
	entry_close(&seen);
}

/* 16: a report on an entry is written once. */
static void
a_derived_entry_is_made_once(void **state)
{
	struct entry entry;
	struct entry other;
	struct err e;

	(void)state;
	assert_int_equal(
	    entry_derive(&shelf.store, "ABC", 37, &entry, &e), DERIVE_NEW);
	assert_string_equal(entry.id, "ABCB11");
	assert_int_equal(
	    entry_derive(&shelf.store, "ABC", 37, &other, &e), DERIVE_BUSY);
	entry_close(&other);
	entry_close(&entry); /* as if its maker had died */
	assert_int_equal(
	    entry_derive(&shelf.store, "ABC", 37, &entry, &e), DERIVE_NEW);
	assert_int_equal(entry_stage(&entry, SHELF_AT, SHELF_N, &e), 0);
	assert_int_equal(entry_commit(&entry, STR(SHELF_TEXT), &e), 0);
	entry_close(&entry);
	assert_int_equal(
	    entry_derive(&shelf.store, "ABC", 37, &other, &e), DERIVE_THERE);
	entry_close(&other);
	assert_int_equal(entry_derive(&shelf.store,
			     "12345678901234567890123456", 0, &other, &e),
	    DERIVE_ERROR);
	entry_close(&other);
	fail_call("openat", 1, ENOSPC);
	assert_int_equal(
	    entry_derive(&shelf.store, "ABC", 38, &other, &e), DERIVE_ERROR);
	assert_true(fail_over());
	entry_close(&other);
	assert_int_equal(unlinkat(shelf.folder.fd, "ABCB11.msg", 0), 0);
	folder_put(&shelf.folder, "ABCB11.msg", "");
	assert_int_equal(fchmodat(shelf.folder.fd, "ABCB11.msg", 0644, 0), 0);
	assert_int_equal(
	    entry_derive(&shelf.store, "ABC", 37, &other, &e), DERIVE_ERROR);
	entry_close(&other);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, shelf_open, shelf_close)
	const struct CMUnitTest tests[] = {
	    TEST(the_lock_is_inherited),
	    TEST(a_removed_entry_is_gone),
	    TEST(files_not_to_be_believed),
	    TEST(setting_aside_is_done_in_order),
	    TEST(a_finished_entry_without_message_is_removed),
	    TEST(peeking_takes_no_lock),
	    TEST(a_derived_entry_is_made_once),
	};

	return cmocka_run_group_tests_name("spool_take", tests, NULL, NULL);
}
