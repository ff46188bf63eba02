/* SPDX-License-Identifier: ISC */
/* The directory of the spool, real ones. */
#include "spool/store.h"

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
#include "../lib/folder.h"
#include "base/buf.h"
#include "base/clock.h"
#include "spool/entry.h"

static const uid_t NOBODY_ELSE = (uid_t)-1;

static const char *
inside(const char *name)
{
	return folder_path(&folder, name);
}

static mode_t
mode_of(int dir, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & 07777;
}

static void
it_is_made_where_its_parent_is(void **state)
{
	struct store s;
	struct err e;

	(void)state;
	assert_int_equal(store_open(&s, inside("spool//"), NOBODY_ELSE, &e), 0);
	assert_false(s.shared);
	assert_int_equal(s.owner, geteuid());
	store_close(&s);
	store_close(&s);
	assert_int_equal(mode_of(folder.fd, "spool"), 0700);
	assert_int_equal(store_open(&s, inside("spool/"), NOBODY_ELSE, &e), 0);
	store_close(&s);
	assert_int_equal(store_open(&s, inside("a/b"), NOBODY_ELSE, &e), -1);
	assert_string_equal(folder_names(&folder), "spool");
	/* Without a slash: where we are. */
	assert_int_equal(fchdir(folder.fd), 0);
	assert_int_equal(store_open(&s, "here", NOBODY_ELSE, &e), 0);
	store_close(&s);
	assert_int_equal(chdir("/"), 0);
	assert_string_equal(folder_names(&folder), "here spool");
}

/* The way to the spool is as durable as what is in it. */
static void
making_it_fails(void **state)
{
	static const char *const calls[] = {
	    "open", "mkdirat", "fsync", "fstat"};
	struct store s;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		fail_call(calls[i], 1, EIO);
		assert_int_equal(
		    store_open(&s, inside(calls[i]), NOBODY_ELSE, &e), -1);
		assert_true(fail_over());
		assert_int_equal(e.kind, ERR_SYSTEM);
		assert_int_equal(e.number, EIO);
	}
}

/* G-34 */
static void
what_is_not_ours_is_refused(void **state)
{
	struct store s;
	struct err e;

	(void)state;
	folder_put(&folder, "file", "");
	assert_int_equal(store_open(&s, inside("file"), NOBODY_ELSE, &e), -1);
	assert_int_equal(mkdirat(folder.fd, "real", 0700), 0);
	assert_int_equal(symlinkat("real", folder.fd, "link"), 0);
	assert_int_equal(store_open(&s, inside("link"), NOBODY_ELSE, &e), -1);
	assert_int_equal(store_open(&s, inside("link/"), NOBODY_ELSE, &e), -1);
	assert_int_equal(fchmodat(folder.fd, "real", 0703, 0), 0);
	assert_int_equal(store_open(&s, inside("real"), NOBODY_ELSE, &e), -1);
	assert_non_null(strstr(e.text, "by all"));
	assert_int_equal(fchmodat(folder.fd, "real", 0755, 0), 0);
	assert_int_equal(store_open(&s, inside("real"), NOBODY_ELSE, &e), 0);
	store_close(&s);
	if (getuid() != 0)
		return;
	assert_int_equal(fchownat(folder.fd, "real", 12345, 12345, 0), 0);
	assert_int_equal(store_open(&s, inside("real"), NOBODY_ELSE, &e), -1);
	assert_non_null(strstr(e.text, "uid 12345"));
	assert_non_null(strstr(e.text, ": chown 0 "));
	assert_int_equal(store_open(&s, inside("real"), 12345, &e), 0);
	store_close(&s);
}

/* G-34: what one user's process puts there, the group's runner can take. */
static void
the_form_of_a_group(void **state)
{
	struct entry entry;
	struct store s;
	struct stat st;
	struct err e;

	(void)state;
	assert_int_equal(mkdirat(folder.fd, "spool", 0700), 0);
	if (getuid() == 0)
		assert_int_equal(fchownat(folder.fd, "spool", 0, 12345, 0), 0);
	assert_int_equal(fchmodat(folder.fd, "spool", 0770, 0), 0);
	assert_int_equal(store_open(&s, inside("spool"), NOBODY_ELSE, &e), 0);
	assert_true(s.shared);
	assert_int_equal(entry_create(&s, &entry, &e), 0);
	assert_int_equal(fstat(entry.msg, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(st.st_gid, s.group);
	assert_true(store_trusts(&s, &st));
	st.st_uid = 4711;
	assert_true(store_trusts(&s, &st));
	st.st_gid = s.group + 1;
	assert_false(store_trusts(&s, &st));
	/* Where the group cannot be given, nothing is left. */
	fail_call("fchmod", 1, EPERM);
	assert_int_equal(store_make(&s, "A.msg"), -1);
	assert_true(fail_over());
	assert_int_equal(faccessat(s.dir, "A.msg", F_OK, 0), -1);
	assert_int_equal(store_aside(&s, ENTRY_NAME_OF(&entry, ".msg")), 0);
	assert_int_equal(mode_of(s.dir, "corrupt"), 0770);
	entry_close(&entry);
	store_close(&s);
}

/* Root leaves nothing behind that the spool's owner could not use. */
static void
root_works_for_the_owner(void **state)
{
	struct entry entry;
	struct store s;
	struct stat st;
	struct err e;

	(void)state;
	if (getuid() != 0)
		return;
	assert_int_equal(mkdirat(folder.fd, "spool", 0700), 0);
	assert_int_equal(fchownat(folder.fd, "spool", 12345, 12346, 0), 0);
	assert_int_equal(store_open(&s, inside("spool"), 12345, &e), 0);
	assert_int_equal(entry_create(&s, &entry, &e), 0);
	assert_int_equal(fstat(entry.msg, &st), 0);
	assert_int_equal(st.st_uid, 12345);
	assert_int_equal(st.st_gid, 12346);
	assert_int_equal(st.st_mode & 07777, 0600);
	entry_discard(&entry);
	store_close(&s);
}

/* G-18: a minimum of space and of files. */
static void
room_is_asked_for(void **state)
{
	struct store s;
	struct err e;

	(void)state;
	assert_int_equal(store_open(&s, folder.path, NOBODY_ELSE, &e), 0);
	assert_int_equal(store_room(&s, 0, 0, &e), 0);
	assert_int_equal(store_room(&s, 1, 1, &e), 0);
	assert_int_equal(store_room(&s, UINT64_MAX, 0, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	fail_call("fstatvfs", 1, EIO);
	assert_int_equal(store_room(&s, 0, 0, &e), -1);
	assert_true(fail_over());
	assert_int_equal(e.kind, ERR_SYSTEM);
	store_close(&s);
}

static void
the_stamp_tells_when_it_was_put(void **state)
{
	const int64_t now = 1732477000123;
	struct store s;
	struct err e;

	(void)state;
	assert_int_equal(store_open(&s, folder.path, NOBODY_ELSE, &e), 0);
	assert_int_equal(store_stamped(&s, &e), 0);
	assert_int_equal(store_stamp(&s, now, &e), 0);
	assert_int_equal(store_stamped(&s, &e), now);
	assert_int_equal(store_stamp(&s, now + 60000, &e), 0);
	assert_int_equal(store_stamped(&s, &e), now + 60000);
	fail_call("openat", 1, EROFS);
	assert_int_equal(store_stamp(&s, now, &e), -1);
	assert_true(fail_over());
	fail_call("futimens", 1, EROFS);
	assert_int_equal(store_stamp(&s, now, &e), -1);
	/* It was made by another of the group that runs the queue. */
	fail_call("futimens", 1, EPERM);
	assert_int_equal(store_stamp(&s, now, &e), 0);
	assert_true(fail_over());
	assert_true(store_stamped(&s, &e) > now + 60000);
	assert_true(fail_over());
	fail_call("fstatat", 1, EIO);
	assert_int_equal(store_stamped(&s, &e), -1);
	assert_true(fail_over());
	store_close(&s);
}

static void
entries_are_listed_in_order(void **state)
{
	static const struct {
		const char *id;
		unsigned has;
	} want[] = {
	    {"0A", STORE_MSG | STORE_ENV},
	    {"0AB1", STORE_MSG},
	    {"0B", STORE_ENV},
	    {"Zz", STORE_TMP},
	    {"stamp", STORE_TMP},
	};
	struct store_item *item;
	struct pool p = {0};
	struct store s;
	size_t strange;
	struct err e;
	size_t n;

	(void)state;
	assert_int_equal(store_open(&s, folder.path, NOBODY_ELSE, &e), 0);
	assert_int_equal(store_list(&s, &p, &item, &n, &strange, &e), 0);
	assert_int_equal(n, 0);
	folder_put(&folder, "0B.env", "");
	folder_put(&folder, "0AB1.msg", "");
	folder_put(&folder, "0A.msg", "");
	folder_put(&folder, "0A.env", "");
	folder_put(&folder, "Zz.tmp", "");
	folder_put(&folder, "stamp.tmp", "");
	folder_put(&folder, "stamp", "");
	assert_int_equal(mkdirat(folder.fd, "corrupt", 0700), 0);
	/* strange: */
	folder_put(&folder, "0A.old", "");
	folder_put(&folder, "0-A.msg", "");
	folder_put(&folder, ".msg", "");
	folder_put(&folder, "1234567890123456789012345678.msg", "");
	folder_put(&folder, "A.msg.msg", "");
	folder_put(&folder, "core", "");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
		    store_list(&s, &p, &item, &n, &strange, &e), 0);
		assert_int_equal(n, sizeof(want) / sizeof(want[0]));
		for (size_t k = 0; k < n; k++) {
			assert_string_equal(item[k].id, want[k].id);
			assert_int_equal(item[k].has, want[k].has);
		}
		assert_int_equal(strange, 6);
	}
	fail_call("openat", 1, EMFILE);
	assert_int_equal(store_list(&s, &p, &item, &n, &strange, &e), -1);
	assert_true(fail_over());
	pool_free(&p);
	store_close(&s);
}

static void
setting_aside_fails(void **state)
{
	static const char *const calls[] = {"openat", "mkdirat", "renameat"};
	struct store s;
	struct err e;

	(void)state;
	assert_int_equal(store_open(&s, folder.path, NOBODY_ELSE, &e), 0);
	folder_put(&folder, "A.msg", "");
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		fail_call(calls[i], 1, EIO);
		assert_int_equal(store_aside(&s, "A.msg"), -1);
		assert_true(fail_over());
		assert_true(folder_has(&folder, "A.msg"));
	}
	assert_int_equal(store_aside(&s, "A.msg"), 0);
	assert_string_equal(folder_names(&folder), "corrupt");
	store_close(&s);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, folder_open, folder_close)
	const struct CMUnitTest tests[] = {
	    TEST(it_is_made_where_its_parent_is),
	    TEST(making_it_fails),
	    TEST(what_is_not_ours_is_refused),
	    TEST(the_form_of_a_group),
	    TEST(root_works_for_the_owner),
	    TEST(room_is_asked_for),
	    TEST(the_stamp_tells_when_it_was_put),
	    TEST(entries_are_listed_in_order),
	    TEST(setting_aside_fails),
	};

	return cmocka_run_group_tests_name("spool_store", tests, NULL, NULL);
}
