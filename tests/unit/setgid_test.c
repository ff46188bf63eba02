/* SPDX-License-Identifier: ISC */
/* The group of a set-group-ID program: put aside, in force, given up. */
#include "os/group.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/child.h"
#include "os/sys.h"

enum { NOBODY = 65534, SPOOL = 4711 };

/* What the kernel has done when nobody has started our program. */
static int
become(uid_t uid)
{
	CHILD_CHECK(setgroups(0, NULL) == 0);
	CHILD_CHECK(setresgid(NOBODY, SPOOL, SPOOL) == 0);
	CHILD_CHECK(setresuid(uid, uid, uid) == 0);
	return 0;
}

static bool
has(gid_t effective, gid_t saved)
{
	gid_t gid[3];

	return getresgid(&gid[0], &gid[1], &gid[2]) == 0 && gid[0] == NOBODY &&
	    gid[1] == effective && gid[2] == saved;
}

/* J-06: in force between the two calls, and at no other time. */
static int
in_turn(void *arg)
{
	(void)arg;
	if (become(NOBODY) != 0)
		return 1;
	group_begin();
	CHILD_CHECK(has(NOBODY, SPOOL));
	CHILD_CHECK(group_kept() && group_is(SPOOL) && !group_is(NOBODY));
	CHILD_CHECK(group_installed());
	for (int i = 0; i < 2; i++) {
		errno = ENOTTY;
		group_raise();
		CHILD_CHECK(has(SPOOL, SPOOL) && errno == ENOTTY);
		group_lower();
		CHILD_CHECK(has(NOBODY, SPOOL) && errno == ENOTTY);
		CHILD_CHECK(prctl(PR_GET_DUMPABLE) == 0);
	}
	group_drop();
	CHILD_CHECK(has(NOBODY, NOBODY) && !group_kept());
	group_raise();
	CHILD_CHECK(has(NOBODY, NOBODY));
	group_lower();
	group_drop();
	CHILD_CHECK(setegid(SPOOL) < 0 && prctl(PR_GET_DUMPABLE) == 0);
	return 0;
}

/* J-06: it is around the calls that need the spool, and they alone. */
static int
around_calls(void *arg)
{
	const char *folder = arg;
	struct stat st;
	int dir;

	CHILD_CHECK(chown(folder, 0, SPOOL) == 0 && chmod(folder, 02770) == 0);
	if (become(NOBODY) != 0)
		return 1;
	group_begin();
	CHILD_CHECK(sys_open(folder, O_RDONLY | O_DIRECTORY, 0) < 0);
	group_raise();
	dir = sys_open(folder, O_RDONLY | O_DIRECTORY, 0);
	group_lower();
	CHILD_CHECK(openat(dir, "a", O_WRONLY | O_CREAT, 0600) < 0);
	CHILD_CHECK(sys_openat(dir, "a", O_WRONLY | O_CREAT, 0600) >= 0);
	CHILD_CHECK(has(NOBODY, SPOOL));
	CHILD_CHECK(sys_fstatat(dir, "a", &st) == 0 && st.st_gid == SPOOL);
	CHILD_CHECK(sys_renameat(dir, "a", dir, "b") == 0);
	CHILD_CHECK(sys_unlinkat(dir, "b") == 0);
	CHILD_CHECK(sys_unlinkat(dir, "b") < 0 && errno == ENOENT);
	CHILD_CHECK(has(NOBODY, SPOOL));
	group_drop();
	CHILD_CHECK(sys_openat(dir, "a", O_WRONLY | O_CREAT, 0600) < 0);
	return 0;
}

/* J-03: words stay, files do not, and nothing else. */
static int
environment(void *arg)
{
	(void)arg;
	CHILD_CHECK(clearenv() == 0);
	CHILD_CHECK(setenv("TZ", "Asia/Tokyo", 1) == 0);
	CHILD_CHECK(setenv("LANG", "../../tmp/x", 1) == 0);
	CHILD_CHECK(setenv("LC_ALL", "/tmp/x", 1) == 0);
	CHILD_CHECK(setenv("LC_TIME", ":/tmp/x", 1) == 0);
	CHILD_CHECK(setenv("EMAIL", "a@b.test", 1) == 0);
	CHILD_CHECK(setenv("PATH", "/tmp/x", 1) == 0);
	if (become(NOBODY) != 0)
		return 1;
	group_begin();
	CHILD_CHECK(strcmp(getenv("TZ"), "Asia/Tokyo") == 0);
	CHILD_CHECK(strstr(getenv("PATH"), "/tmp") == NULL);
	CHILD_CHECK(environ[0] && environ[1] && environ[2] == NULL);
	return 0;
}

/* Root needs no group, and a set-user-ID bit gives nothing. */
static int
for_root(void *arg)
{
	(void)arg;
	if (become(0) != 0)
		return 1;
	group_begin();
	CHILD_CHECK(has(NOBODY, NOBODY) && !group_kept());
	return 0;
}

static int
refused(void *arg)
{
	static const struct refusal lower[] = {
	    {.call = SYS_setresgid, .error = EAGAIN}};
	static const struct refusal verify[] = {{.call = SYS_setresgid}};
	const char *when = arg;

	if (become(NOBODY) != 0)
		return 1;
	(void)close(STDERR_FILENO);
	if (strcmp(when, "begin") == 0)
		child_refuse(lower, 1);
	group_begin();
	if (strcmp(when, "lower") == 0) {
		group_raise();
		child_refuse(lower, 1);
		group_lower();
	}
	if (strcmp(when, "drop") == 0)
		child_refuse(lower, 1);
	if (strcmp(when, "verify") == 0)
		child_refuse(verify, 1);
	group_drop();
	return 0;
}

static void
the_group(void **state)
{
	char folder[] = "/tmp/hantar-setgid-XXXXXX";

	(void)state;
	if (geteuid() != 0)
		return; /* nobody else can be given any */
	assert_int_equal(child_run(in_turn, NULL), 0);
	assert_non_null(mkdtemp(folder));
	assert_int_equal(child_run(around_calls, folder), 0);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(child_run(environment, NULL), 0);
	assert_int_equal(child_run(for_root, NULL), 0);
}

/* What cannot be given up is not kept: the process ends. */
static void
what_is_refused(void **state)
{
	static char when[][8] = {"begin", "lower", "drop", "verify"};

	(void)state;
	if (geteuid() != 0)
		return;
	for (size_t i = 0; i < sizeof(when) / sizeof(when[0]); i++)
		assert_int_equal(child_run(refused, when[i]), EX_OSERR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_group),
	    cmocka_unit_test(what_is_refused),
	};

	return cmocka_run_group_tests_name("setgid", tests, NULL, NULL);
}
