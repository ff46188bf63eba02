/* SPDX-License-Identifier: ISC */
/*
 * How an entry comes to be: spool-protocol, rules 1 to 3, 5 and 6, in a real
 * directory, with calls that fail and processes that die.
 */
#include "spool/entry.h"

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

/* G-01: two files, and a name for the envelope when all is written. */
static void
an_entry_is_made_and_removed(void **state)
{
	char marks[SHELF_N];
	struct entry entry;
	struct err e;
	char id[STORE_ID + 1];

	(void)state;
	shelf_commit(&entry);
	memcpy(id, entry.id, sizeof(id));
	assert_true(shelf_has(id, ".msg") && shelf_has(id, ".env") &&
	    !shelf_has(id, ".tmp"));
	assert_int_equal(mark_put(&entry.marks, 1, MARK_DELIVERED, &e), 0);
	assert_int_equal(mark_read(entry.env, &entry.marks, marks, &e), 0);
	assert_memory_equal(marks, "wdw", SHELF_N);
	assert_int_equal(entry_remove(&entry, &e), -1);
	assert_non_null(strstr(e.text, "not finished"));
	assert_true(shelf_has(id, ".msg") && shelf_has(id, ".env"));
	assert_int_equal(mark_put(&entry.marks, 0, MARK_REPORTED, &e), 0);
	assert_int_equal(mark_put(&entry.marks, 2, MARK_WITHDRAWN, &e), 0);
	assert_int_equal(entry_remove(&entry, &e), 0);
	assert_string_equal(folder_names(&shelf.folder), "");
}

/* G-08: letters and digits, 15 of them, never the same twice. */
static void
names_are_unique(void **state)
{
	char last[STORE_ID + 1] = "";

	(void)state;
	for (int i = 0; i < 1000; i++) {
		char id[STORE_ID + 1];

		entry_id(id);
		assert_int_equal(strlen(id), 15);
		assert_true(store_id(str_c(id)));
		/* Two in one microsecond: then the file is there already. */
		assert_true(strcmp(last, id) <= 0);
		memcpy(last, id, sizeof(id));
	}
	assert_false(store_id(STR("")));
	assert_false(store_id(STR("../a")));
	assert_false(store_id(STR("a.b")));
	assert_false(store_id(STR("1234567890123456789012345678")));
}

static void
two_entries_never_share_a_name(void **state)
{
	struct entry entry[64];
	struct err e;

	(void)state;
	for (size_t i = 0; i < 64; i++) {
		assert_int_equal(entry_create(&shelf.store, &entry[i], &e), 0);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(entry[i].id, entry[k].id);
	}
	for (size_t i = 0; i < 64; i++)
		entry_discard(&entry[i]);
	assert_string_equal(folder_names(&shelf.folder), "");
}

/* J-10, J-13: whatever the umask is. */
static void
only_the_owner_may_read(void **state)
{
	mode_t old = umask(0);
	struct entry entry;
	struct stat st;

	(void)state;
	shelf_commit(&entry);
	assert_int_equal(fstat(entry.msg, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(fstat(entry.env, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	entry_close(&entry);
	umask(old);
}

/* An agent may not read who else got the message. */
static void
the_marks_descriptor_only_writes(void **state)
{
	struct entry entry;
	const struct marks none = MARKS_NONE;
	struct err e;
	char byte;

	(void)state;
	shelf_commit(&entry);
	assert_int_equal(pread(entry.marks.fd, &byte, 1, 0), -1);
	assert_int_equal(mark_put(&entry.marks, 2, MARK_SENDING, &e), 0);
	assert_int_equal(pread(entry.env, &byte, 1, SHELF_AT + 2), 1);
	assert_int_equal(byte, 's');
	entry_close(&entry);
	/* Without a spool there is nothing to mark. */
	assert_int_equal(mark_put(&none, 0, MARK_SENDING, &e), 0);
	assert_int_equal(mark_sync(&none, &e), 0);
}

static void
unknown_marks_are_found(void **state)
{
	struct entry entry;
	struct err e;
	char marks[SHELF_N];

	(void)state;
	shelf_commit(&entry);
	assert_int_equal(pwrite(entry.env, "!", 1, SHELF_AT + 1), 1);
	assert_int_equal(mark_read(entry.env, &entry.marks, marks, &e), -1);
	assert_non_null(strstr(e.text, "recipient 1"));
	assert_int_equal(entry_remove(&entry, &e), -1);
	assert_int_equal(ftruncate(entry.env, SHELF_AT + 1), 0);
	assert_int_equal(mark_read(entry.env, &entry.marks, marks, &e), -1);
	entry_close(&entry);
}

/*
 * What holds after a commit that has failed: whoever runs the queue finds
 * nothing to send.
 */
static void
nothing_is_left_to_send(const char *id)
{
	struct entry entry;
	struct err e;
	char marks[SHELF_N];
	enum take took = shelf_take(id, &entry, &e);

	if (took == TAKE_OK || took == TAKE_LOST) {
		assert_int_equal(
		    mark_read(entry.env, &entry.marks, marks, &e), 0);
		assert_memory_equal(marks, "xxx", SHELF_N);
	} else {
		assert_true(took == TAKE_GONE || took == TAKE_BARE);
	}
	entry_close(&entry);
}

/*
 * G-03, G-18: each call on the way fails once.  Then the entry is either
 * committed, or no run of the queue will send it.
 */
static void
any_call_fails(void **state)
{
	static const int errors[] = {ENOSPC, EROFS, EIO, EDQUOT, EMFILE};
	unsigned tried = 0;

	(void)state;
	for (size_t k = 0; k < sizeof(errors) / sizeof(errors[0]); k++)
		for (unsigned n = 1;; n++) {
			struct entry entry;
			char id[STORE_ID + 1];
			bool done;
			bool hit;
			struct err e;

			fail_call(NULL, n, errors[k]);
			done = shelf_submit(&entry, &e) == 0;
			hit = fail_over();
			if (!hit) {
				assert_true(done);
				entry_close(&entry);
				break;
			}
			tried++;
			memcpy(id, entry.id, sizeof(id));
			if (done)
				fail_msg("%s failed unseen", fail_what());
			assert_int_equal(e.kind, ERR_SYSTEM);
			assert_int_equal(entry_settle(&entry, false, &e), 0);
			assert_int_equal(entry.marks.fd, -1);
			entry_discard(&entry);
			nothing_is_left_to_send(id);
		}
	assert_true(tried >= 5 * 12);
}

/*
 * The commit went through, but whoever did it died before he said so; then
 * each call of taking it back fails once.
 */
static void
taking_back_fails(void **state)
{
	(void)state;
	for (unsigned n = 1;; n++) {
		struct entry entry;
		char id[STORE_ID + 1];
		struct err e;
		int settled;

		assert_int_equal(shelf_submit(&entry, &e), 0);
		memcpy(id, entry.id, sizeof(id));
		fail_call(NULL, n, EIO);
		settled = entry_settle(&entry, false, &e);
		if (!fail_over()) {
			assert_int_equal(settled, 0);
			entry_discard(&entry);
			break;
		}
		if (settled < 0) {
			entry_close(&entry);
			continue;
		}
		entry_discard(&entry);
		nothing_is_left_to_send(id);
	}
	/* A disk that takes nothing at all: that is said. */
	struct entry entry;
	struct err e;

	assert_int_equal(shelf_submit(&entry, &e), 0);
	(void)close(entry.marks.fd);
	entry.marks.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	fail_call("unlinkat", 1, EROFS);
	assert_int_equal(entry_settle(&entry, false, &e), -1);
	assert_true(fail_over());
	assert_true(shelf_has(entry.id, ".env"));
	entry_close(&entry);
}

/* No name in the spool: what was made does not stay. */
static void
a_lock_that_cannot_be_had(void **state)
{
	struct entry entry;
	struct err e;

	(void)state;
	fail_call("flock", 1, ENOLCK);
	assert_int_equal(entry_create(&shelf.store, &entry, &e), -1);
	assert_true(fail_over());
	assert_string_equal(folder_names(&shelf.folder), "");
	/* Somebody else was quicker: another name is found. */
	fail_call("flock", 1, EWOULDBLOCK);
	assert_int_equal(entry_create(&shelf.store, &entry, &e), 0);
	assert_true(fail_over());
	entry_discard(&entry);
	fail_call("fstatat", 1, ENOENT);
	assert_int_equal(entry_create(&shelf.store, &entry, &e), 0);
	assert_true(fail_over());
	entry_close(&entry);
}

static void
commit_and_die(struct entry *entry)
{
	struct err e;

	if (entry_commit(entry, STR(SHELF_TEXT), &e) == 0)
		(void)kill(getpid(), SIGKILL);
}

/* 6: the child has committed, but could not say so. */
static void
a_commit_that_nobody_heard_of(void **state)
{
	struct entry entry;
	struct err e;

	(void)state;
	assert_int_equal(entry_create(&shelf.store, &entry, &e), 0);
	assert_int_equal(entry_stage(&entry, SHELF_AT, SHELF_N, &e), 0);
	shelf_wait(shelf_child(commit_and_die, &entry));
	assert_true(shelf_has(entry.id, ".env"));
	assert_int_equal(entry_settle(&entry, false, &e), 0);
	assert_false(shelf_has(entry.id, ".env"));
	assert_true(shelf_has(entry.id, ".msg"));
	entry_discard(&entry);
	assert_string_equal(folder_names(&shelf.folder), "");
}

static void
make_file(struct entry *entry)
{
	struct err e;

	if (entry_make(entry, &e) == 1)
		(void)kill(getpid(), SIGKILL);
}

static void
what_a_dead_process_left_is_bare(void **state)
{
	struct entry entry = entry_named(&shelf.store, "DEAD");
	struct entry other;
	struct err e;

	(void)state;
	shelf_wait(shelf_child(make_file, &entry));
	assert_int_equal(shelf_take("DEAD", &other, &e), TAKE_BARE);
	entry_discard(&other);
	assert_int_equal(shelf_take("DEAD", &other, &e), TAKE_GONE);
	entry_close(&other);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, shelf_open, shelf_close)
	const struct CMUnitTest tests[] = {
	    TEST(an_entry_is_made_and_removed),
	    TEST(names_are_unique),
	    TEST(two_entries_never_share_a_name),
	    TEST(only_the_owner_may_read),
	    TEST(the_marks_descriptor_only_writes),
	    TEST(unknown_marks_are_found),
	    TEST(any_call_fails),
	    TEST(taking_back_fails),
	    TEST(a_lock_that_cannot_be_had),
	    TEST(a_commit_that_nobody_heard_of),
	    TEST(what_a_dead_process_left_is_bare),
	};

	return cmocka_run_group_tests_name("spool_entry", tests, NULL, NULL);
}
