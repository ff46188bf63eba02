/* SPDX-License-Identifier: ISC */
/*
 * J-19: what is put into force, in which order, and what a kernel without one
 * of the mechanisms gets.  The last step of each is only said to be done, or
 * the child could not write down what it ran (for coverage).
 */
#include "os/sandbox.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/child.h"

enum { MOST = 8 };

/* glibc's setrlimit. */
#define LIMITS SYS_prlimit64
#define CALLS .call = SYS_prctl, .arg = 1, .value = PR_SET_SECCOMP
#define RULES .call = SYS_landlock_create_ruleset
#define FILES .call = SYS_landlock_restrict_self

struct lock {
	enum sandbox profile;
	size_t ranges;
	struct refusal refusals[MOST];
	int result;
	int number;	  /* errno in what is said; 0: nothing is said */
	const char *says; /* where something is */
};

static const struct lock locks[] = {
    /* All there. */
    {SANDBOX_STREAM, 2, {{CALLS}, {FILES}, {.call = LIMITS}}, 0, 0, NULL},
    {SANDBOX_LOOKUP, 0, {{CALLS}, {FILES}, {.call = LIMITS}}, 0, 0, NULL},
    /* A kernel without Landlock, or a container that hides it: the filter. */
    {SANDBOX_STREAM, 0, {{CALLS}, {RULES, .error = ENOSYS}, {.call = LIMITS}},
	1, ENOSYS, "Landlock"},
    {SANDBOX_LOOKUP, 0,
	{{CALLS}, {RULES, .error = EOPNOTSUPP}, {.call = LIMITS}}, 1,
	EOPNOTSUPP, "Landlock"},
    {SANDBOX_STREAM, 0, {{CALLS}, {RULES, .error = EPERM}, {.call = LIMITS}}, 1,
	EPERM, "Landlock"},
    /* One without seccomp: Landlock. */
    {SANDBOX_STREAM, 0, {{CALLS, .error = EINVAL}, {FILES}, {.call = LIMITS}},
	1, EINVAL, "seccomp"},
    {SANDBOX_STREAM, 0,
	{{CALLS, .error = ENOSYS}, {RULES, .error = ENOSYS}, {.call = LIMITS}},
	1, ENOSYS, "seccomp"},
    /* What is there and does not work is not taken for absent. */
    {SANDBOX_STREAM, 0, {{CALLS, .error = EACCES}, {FILES}, {.call = LIMITS}},
	-1, EACCES, "seccomp"},
    {SANDBOX_STREAM, 0, {{CALLS}, {FILES, .error = E2BIG}, {.call = LIMITS}},
	-1, E2BIG, "Landlock"},
    {SANDBOX_STREAM, 0,
	{{CALLS}, {RULES, .error = EMFILE, .arg = 3, .value = 0},
	    {.call = LIMITS}},
	-1, EMFILE, "Landlock"},
    {SANDBOX_STREAM, 0, {{CALLS}, {FILES}, {.call = LIMITS, .error = EPERM}},
	-1, EPERM, "resource limits"},
    {SANDBOX_STREAM, 0,
	{{CALLS}, {FILES},
	    {.call = SYS_prctl,
		.arg = 1,
		.value = PR_SET_NO_NEW_PRIVS,
		.error = EPERM}},
	-1, EPERM, "no_new_privs"},
    /* More than the filter has room for. */
    {SANDBOX_STREAM, SANDBOX_RANGES + 1, {{CALLS}}, -1, 0, "too many files"},
};

static int
try_lock(void *arg)
{
	static const struct sandbox_range ranges[SANDBOX_RANGES + 1];
	const struct lock *l = arg;
	const struct sandbox_writes writes = {{1, 2}, ranges, l->ranges};
	struct err e = {0};
	size_t n = 0;

	while (l->refusals[n].call != 0)
		n++;
	child_refuse(l->refusals, n);
	CHILD_CHECK(sandbox_lock(l->profile, &writes, &e) == l->result);
	if (l->says == NULL)
		return 0;
	CHILD_CHECK(e.number == l->number);
	CHILD_CHECK(strstr(e.text, l->says) != NULL);
	return 0;
}

static void
what_is_there_is_put_into_force(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(locks) / sizeof(locks[0]); i++) {
		struct lock l = locks[i];

		if (child_run(try_lock, &l) != 0)
			fail_msg("lock %zu", i);
	}
}

/* The limits are those of the marks: no byte behind the last. */
static int
see_limits(void)
{
	static const struct refusal refusals[] = {{CALLS}, {FILES}};
	static const struct sandbox_range ranges[] = {
	    {7, 100, 20}, {8, 3, 9}, {9, 0, 1}};
	const struct sandbox_writes writes = {{1, 2}, ranges, 3};
	struct rlimit size, core, processes;
	struct err e;

	child_refuse(refusals, 2);
	CHILD_CHECK(sandbox_lock(SANDBOX_STREAM, &writes, &e) == 0);
	CHILD_CHECK(getrlimit(RLIMIT_FSIZE, &size) == 0 &&
	    getrlimit(RLIMIT_CORE, &core) == 0 &&
	    getrlimit(RLIMIT_NPROC, &processes) == 0);
	CHILD_CHECK(size.rlim_cur == 120 && size.rlim_max == 120);
	CHILD_CHECK(core.rlim_max == 0 && processes.rlim_max == 0);
	CHILD_CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	return 0;
}

/* Not by _exit, which would write more than may be (tests/lib/leave.c). */
static int
try_limits(void *arg)
{
	(void)arg;
	return (int)syscall(SYS_exit_group, see_limits());
}

static void
the_limits(void **state)
{
	(void)state;
	assert_int_equal(child_run(try_limits, NULL), 0);
}

/* A sanitizer's build cannot be locked, and says so. */
static int
try_sanitized(void *arg)
{
	const struct sandbox_writes writes = {{1, 2}, NULL, 0};
	struct err e;

	(void)arg;
	CHILD_CHECK(sandbox_lock(SANDBOX_STREAM, &writes, &e) == 1);
	CHILD_CHECK(strstr(e.text, "not in this build") != NULL);
	CHILD_CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	return 0;
}

static void
no_lock_under_sanitizers(void **state)
{
	(void)state;
	assert_int_equal(child_run(try_sanitized, NULL), 0);
}

int
main(void)
{
#ifdef HANTAR_SANITIZED
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_lock_under_sanitizers)};

	(void)what_is_there_is_put_into_force;
	(void)the_limits;
#else
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_there_is_put_into_force),
	    cmocka_unit_test(the_limits)};

	(void)no_lock_under_sanitizers;
#endif
	return cmocka_run_group_tests_name("sandbox_lock", tests, NULL, NULL);
}
