/* SPDX-License-Identifier: ISC */
/* Whole files, and files without a name, where the system does not help. */
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/child.h"
#include "../lib/fail.h"
#include "../lib/folder.h"
#include "os/sys.h"

/* J-10: file systems without O_TMPFILE (NFS) give a file that loses its name
 * at once, and nobody else can read it. */
static void
a_name_for_a_moment(void **state)
{
	static const int errors[] = {EOPNOTSUPP, EISDIR, EINVAL, ENOENT};
	struct folder f;
	struct stat st;
	struct err e;

	(void)state;
	folder_make(&f);
	assert_int_equal(setenv("TMPDIR", f.path, 1), 0);
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		int fd;

		fail_call("open", 1, errors[i]);
		fd = file_nameless(&e);
		assert_true(fail_over());
		assert_true(fd >= 0);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(st.st_nlink, 0);
		assert_int_equal(st.st_mode & 0777, 0600);
		assert_string_equal(folder_names(&f), "");
		sys_close(fd);
	}
	assert_int_equal(unsetenv("TMPDIR"), 0);
	folder_remove(&f);
}

/* What else the system says is not tried in another way. */
static void
no_file_at_all(void **state)
{
	struct err e;
	char *deep = malloc(5000);

	(void)state;
	assert_non_null(deep);
	fail_call("open", 1, EACCES);
	assert_int_equal(file_nameless(&e), -1);
	assert_int_equal(e.number, EACCES);
	assert_non_null(strstr(e.text, "temporary file in /tmp"));
	memset(deep, '/', 4999);
	deep[4999] = '\0';
	assert_int_equal(setenv("TMPDIR", deep, 1), 0);
	fail_call("open", 1, EOPNOTSUPP);
	assert_int_equal(file_nameless(&e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	assert_true(fail_over());
	assert_int_equal(unsetenv("TMPDIR"), 0);
	free(deep);
}

/* J-10: a relative one would be where the caller stands. */
static void
tmpdir_is_absolute(void **state)
{
	char link[64];
	char where[64] = "";
	struct err e;
	int fd;

	(void)state;
	assert_int_equal(setenv("TMPDIR", ".", 1), 0);
	fd = file_nameless(&e);
	assert_true(fd >= 0);
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	assert_true(readlink(link, where, sizeof(where) - 1) > 0);
	assert_memory_equal(where, "/tmp/", 5);
	sys_close(fd);
	assert_int_equal(unsetenv("TMPDIR"), 0);
}

static int
without_chance(void *arg)
{
	static const struct refusal refusals[] = {
	    {.call = SYS_getrandom, .error = ENOSYS}};
	unsigned char byte = 0;
	struct err e;

	(void)arg;
	child_refuse(refusals, 1);
	CHILD_CHECK(sys_random(&byte, 1) == -1);
	/* The file without a name needs none... */
	CHILD_CHECK(file_nameless(&e) >= 0);
	/* ...and a name that can be guessed is not given. */
	fail_call("open", 1, EOPNOTSUPP);
	CHILD_CHECK(file_nameless(&e) == -1);
	CHILD_CHECK(fail_over());
	CHILD_CHECK(e.number == ENOSYS && strstr(e.text, "random"));
	return 0;
}

static void
no_random_number_no_name(void **state)
{
	(void)state;
	assert_int_equal(child_run(without_chance, NULL), 0);
}

/* A device that takes nothing, and says neither why nor that it failed. */
static int
takes_nothing(void *arg)
{
	const int *fd = arg;
	const struct refusal refusals[] = {
	    {.call = SYS_write, .arg = 1, .value = (unsigned)*fd}};
	struct err e;

	child_refuse(refusals, 1);
	CHILD_CHECK(file_write(*fd, STR("x"), &e) == -1);
	CHILD_CHECK(e.kind == ERR_LIMIT && strstr(e.text, "no progress"));
	CHILD_CHECK(file_write(*fd, STR(""), &e) == 0);
	return 0;
}

static void
writing(void **state)
{
	int ends[2];
	struct err e;
	char got[4] = "";

	(void)state;
	assert_int_equal(sys_pipe(ends), 0);
	file_widen(ends[1]);
	assert_true(fcntl(ends[1], F_GETPIPE_SZ) >= 65536);
	assert_int_equal(file_write(ends[1], STR("abc"), &e), 0);
	assert_int_equal(sys_read(ends[0], got, sizeof(got)), 3);
	assert_string_equal(got, "abc");
	fail_call("write", 1, ENOSPC);
	assert_int_equal(file_write(ends[1], STR("abc"), &e), -1);
	assert_int_equal(e.number, ENOSPC);
	assert_int_equal(child_run(takes_nothing, &ends[1]), 0);
	sys_close(ends[0]);
	sys_close(ends[1]);
}

/* What cannot be read is an error; what is not there is not. */
static void
reading(void **state)
{
	static const char *const calls[] = {"open", "fstat", "read"};
	struct folder f;
	char path[128];
	struct buf b;
	struct err e;

	(void)state;
	folder_make(&f);
	folder_put(&f, "f", "0123456789");
	(void)snprintf(path, sizeof(path), "%s/f", f.path);
	buf_init(&b, 10);
	/* As much as there is room for, to the byte. */
	assert_int_equal(file_read(path, &b, &e), 1);
	assert_true(str_eq(buf_str(&b), STR("0123456789")));
	buf_clear(&b);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		fail_call(calls[i], 1, EIO);
		assert_int_equal(file_read(path, &b, &e), -1);
		assert_true(fail_over());
		assert_int_equal(e.number, EIO);
		assert_non_null(strstr(e.text, path));
	}
	folder_put(&f, "f", "0123456789a");
	assert_int_equal(file_read(path, &b, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	(void)strcat(path, "/g");
	assert_int_equal(file_read(path, &b, &e), 0);
	buf_free(&b);
	folder_remove(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_name_for_a_moment),
	    cmocka_unit_test(no_file_at_all),
	    cmocka_unit_test(tmpdir_is_absolute),
	    cmocka_unit_test(no_random_number_no_name),
	    cmocka_unit_test(writing),
	    cmocka_unit_test(reading),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
