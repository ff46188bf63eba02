/* SPDX-License-Identifier: ISC */
/* What talks to a network is never root. */
#include "os/become.h"

#include <errno.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/child.h"
#include "os/proc.h"

enum { NOBODY = 65534 };

/* What f returned. */
static int
in_child(int (*f)(void *arg), void *arg)
{
	struct err e;
	int status = -1;
	pid_t pid = proc_spawn(f, arg, NULL, 0, &e);

	assert_true(pid > 0);
	assert_true(proc_reap(pid, true, &status));
	return status;
}

/* Whom root's children become, by what the system's file says. */
static const struct other {
	const char *passwd; /* NULL: there is none */
	unsigned uid, gid;
} others[] = {
    {"root:x:0:0::/:\n" HANTAR_USER ":x:17:18::/:\n", 17, 18},
    {HANTAR_USER "x:x:1:1::/:\nx" HANTAR_USER ":x:2:2::/:\n", NOBODY, NOBODY},
    {"root:x:0:0::/:\nbroken\n", NOBODY, NOBODY},
    {NULL, NOBODY, NOBODY},
};

/* J-06: real, effective and stored, and no group besides. */
static int
is_another(void *arg)
{
	const struct other *o = arg;
	const gid_t some[] = {4, 5};
	struct err e;
	uid_t uid[3];
	gid_t gid[3];

	child_own("/etc");
	if (o->passwd)
		child_put("/etc/passwd", o->passwd);
	CHILD_CHECK(setgroups(2, some) == 0);
	CHILD_CHECK(become_other(&e) == 0);
	CHILD_CHECK(getresuid(&uid[0], &uid[1], &uid[2]) == 0);
	CHILD_CHECK(getresgid(&gid[0], &gid[1], &gid[2]) == 0);
	for (int i = 0; i < 3; i++)
		CHILD_CHECK(uid[i] == o->uid && gid[i] == o->gid);
	CHILD_CHECK(getgroups(0, NULL) == 0);
	CHILD_CHECK(setresuid(0, 0, 0) < 0 && setresgid(0, 0, 0) < 0);
#ifndef HANTAR_SANITIZED /* a leak checker looks into its own process */
	CHILD_CHECK(prctl(PR_GET_DUMPABLE) == 0);
#endif
	/* Once is enough. */
	CHILD_CHECK(become_other(&e) == 0);
	return 0;
}

static void
another(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return; /* nobody else can become another */
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct other o = others[i];

		if (in_child(is_another, &o) != 0)
			fail_msg("user %u: %s", o.uid, o.passwd);
	}
}

/*
 * J-06, J-08: what cannot be given up for want of a right is told; of what
 * else goes wrong (EAGAIN: the user has too many processes), or only seems to
 * go right, nothing follows but an end.
 */
static const struct {
	struct refusal call;
	int result;
} refusals[] = {
    {{SYS_setgroups, EPERM, 0, 0}, 1},
    {{SYS_setresgid, EPERM, 0, 0}, 1},
    {{SYS_setresgid, EINVAL, 0, 0}, 1},
    {{SYS_setresuid, EPERM, 0, 0}, 1},
    {{SYS_setresuid, EINVAL, 0, 0}, 1},
    {{SYS_setresuid, EAGAIN, 0, 0}, -1},
    {{SYS_setgroups, ENOMEM, 0, 0}, -1},
    {{SYS_setresuid, 0, 0, 0}, -1},
    {{SYS_setresgid, 0, 0, 0}, -1},
    {{SYS_getresuid, EFAULT, 0, 0}, -1},
    {{SYS_getresgid, EFAULT, 0, 0}, -1},
    {{SYS_getgroups, EFAULT, 0, 0}, -1},
    /* Root's rights could be had again. */
    {{SYS_setresuid, 0, 1, (unsigned)-1}, -1},
};

static int
refuse(void *arg)
{
	size_t i = *(size_t *)arg;
	struct err e = {.kind = ERR_NONE};

	child_refuse(&refusals[i].call, 1);
	CHILD_CHECK(become_other(&e) == refusals[i].result);
	CHILD_CHECK(e.kind == ERR_SYSTEM);
	CHILD_CHECK((strstr(e.text, "another user than root (set") != NULL) ==
	    (refusals[i].call.error != 0 && refusals[i].call.error != EFAULT));
	return 0;
}

static void
what_is_refused(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (in_child(refuse, &i) != 0)
			fail_msg("refusal %zu", i);
}

/* A user other than root has nothing to give up, and is asked for nothing. */
static int
stay(void *arg)
{
	static const struct refusal none[] = {
	    {SYS_setresuid, EIO, 0, 0}, {SYS_setgroups, EIO, 0, 0}};
	struct err e;

	(void)arg;
	CHILD_CHECK(geteuid() != 0 || setuid(NOBODY) == 0);
	child_refuse(none, 2);
	CHILD_CHECK(become_other(&e) == 0);
	return 0;
}

static void
who_is_not_root(void **state)
{
	(void)state;
	assert_int_equal(in_child(stay, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(another),
	    cmocka_unit_test(what_is_refused),
	    cmocka_unit_test(who_is_not_root),
	};

	return cmocka_run_group_tests_name("become", tests, NULL, NULL);
}
