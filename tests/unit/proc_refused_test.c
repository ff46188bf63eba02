/* SPDX-License-Identifier: ISC */
/* Children and starts where the system does not give what it should. */
#include "os/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/child.h"
#include "os/sys.h"

enum { NOBODY = 65534 };

/* What standard_is_open returns, unless something is wrong. */
enum { OF_NULL = 42, OF_PIPE };

/* How /dev/null is opened for a child. */
#define NULL_OPEN                                      \
	.call = SYS_openat, .error = ENOENT, .arg = 3, \
	.value = O_RDWR | O_CLOEXEC

/* What a child returns, or -1. */
static int
spawned(int (*run)(void *))
{
	struct err e;
	int status;
	pid_t pid = proc_spawn(run, NULL, NULL, 0, &e);

	if (pid < 0 || !proc_reap(pid, true, &status) || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static int
standard_is_open(void *arg)
{
	char byte;

	(void)arg;
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			return 1;
	for (int fd = 3; fd < 100; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return 2;
	/* Nothing, or a pipe to itself: nobody else hears what it says. */
	if (sys_write(2, "x", 1) != 1 || fcntl(0, F_SETFL, O_NONBLOCK) < 0)
		return 3;
	return read(0, &byte, 1) == 1 ? OF_PIPE : OF_NULL;
}

static int
no_process(void *arg)
{
	static const struct refusal refusals[] = {
	    {.call = SYS_clone, .error = EAGAIN}};
	struct err e;

	(void)arg;
	child_refuse(refusals, 1);
	CHILD_CHECK(proc_spawn(standard_is_open, NULL, NULL, 0, &e) == -1);
	CHILD_CHECK(e.number == EAGAIN);
	CHILD_CHECK(strstr(e.text, "cannot start a process") != NULL);
	return 0;
}

/* Its parent died before it could ask to die with it. */
static int
no_parent(void *arg)
{
	static const struct refusal refusals[] = {
	    {.call = SYS_getppid, .error = EPERM}};

	(void)arg;
	child_refuse(refusals, 1);
	CHILD_CHECK(spawned(standard_is_open) == EX_OSERR);
	return 0;
}

/* A bare chroot: a pipe stands in. */
static int
no_null(void *arg)
{
	static const struct refusal refusals[] = {{NULL_OPEN}};

	(void)arg;
	CHILD_CHECK(spawned(standard_is_open) == OF_NULL);
	child_refuse(refusals, 1);
	CHILD_CHECK(spawned(standard_is_open) == OF_PIPE);
	return 0;
}

static int
no_pipe(void *arg)
{
	static const struct refusal refusals[] = {
	    {NULL_OPEN}, {.call = SYS_pipe2, .error = EMFILE}};

	(void)arg;
	child_refuse(refusals, 2);
	CHILD_CHECK(spawned(standard_is_open) == EX_OSERR);
	return 0;
}

static int
no_dup(void *arg)
{
	static const struct refusal refusals[] = {
#ifdef SYS_dup2
	    {.call = SYS_dup2, .error = EBUSY},
#endif
	    {.call = SYS_dup3, .error = EBUSY},
	};

	(void)arg;
	child_refuse(refusals, sizeof(refusals) / sizeof(refusals[0]));
	CHILD_CHECK(spawned(standard_is_open) == EX_OSERR);
	return 0;
}

/* Linux before 5.9: arg is what tells which descriptors are open, if it is to
 * be missing as well. */
static int
no_close_range(void *arg)
{
	static const struct refusal refusals[] = {
	    {.call = SYS_close_range, .error = ENOSYS}};
	enum { FIRST = 40, LAST = 60 };

	if (arg)
		child_own(arg);
	for (int fd = FIRST; fd <= LAST; fd += 5)
		CHILD_CHECK(dup2(STDERR_FILENO, fd) == fd);
	child_refuse(refusals, 1);
	CHILD_CHECK(spawned(standard_is_open) == OF_NULL);
	proc_sane();
	for (int fd = FIRST; fd <= LAST; fd += 5)
		CHILD_CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	return 0;
}

/* nobody has descriptors that are not for him. */
static void
descriptors_one_by_one(void **state)
{
	(void)state;
	assert_int_equal(child_run(no_close_range, NULL), 0);
#ifndef HANTAR_SANITIZED /* a leak checker needs /proc itself */
	char proc[] = "/proc";

	assert_int_equal(child_run(no_close_range, proc), 0);
#endif
}

static void
a_child_that_cannot_start(void **state)
{
	(void)state;
	assert_int_equal(child_run(no_process, NULL), 0);
	assert_int_equal(child_run(no_parent, NULL), 0);
	assert_int_equal(child_run(no_null, NULL), 0);
	assert_int_equal(child_run(no_pipe, NULL), 0);
	assert_int_equal(child_run(no_dup, NULL), 0);
}

/* spool-protocol, 9: behind its gate an agent outlives its dispatcher, and
 * what is pressed at the terminal. */
static int
detach(void *arg)
{
	static const int signals[] = {SIGHUP, SIGINT, SIGTERM};
	int dies = -1;

	(void)arg;
	CHILD_CHECK(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
	proc_detach();
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		CHILD_CHECK(raise(signals[i]) == 0);
	CHILD_CHECK(prctl(PR_GET_PDEATHSIG, &dies) == 0 && dies == 0);
	return 0;
}

static void
detached(void **state)
{
	(void)state;
	assert_int_equal(child_run(detach, NULL), 0);
}

/* Somebody else has collected it: no error, and nobody waits. */
static void
a_child_that_is_gone(void **state)
{
	struct err e;
	int status = 77;
	pid_t pid = proc_spawn(standard_is_open, NULL, NULL, 0, &e);

	(void)state;
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(proc_reap(pid, true, &status));
	assert_int_equal(WEXITSTATUS(status), EX_OSERR);
	assert_true(proc_reap(pid, false, &status));
	proc_drop(pid);
	proc_kill(0); /* not the process group */
}

static int
descriptors(void *arg)
{
	static const struct refusal refusals[] = {
	    {.call = SYS_prlimit64, .error = EPERM}};
	struct rlimit limit;

	(void)arg;
	CHILD_CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = 77;
	CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	CHILD_CHECK(proc_descriptors() == 77);
	child_refuse(refusals, 1);
	CHILD_CHECK(proc_descriptors() == 256);
	return 0;
}

static void
how_many_descriptors(void **state)
{
	(void)state;
	assert_int_equal(child_run(descriptors, NULL), 0);
}

/* The program was installed set-uid by mistake: it is the caller. */
static int
set_uid(void *arg)
{
	(void)arg;
	CHILD_CHECK(setresgid(NOBODY, 0, 0) == 0);
	CHILD_CHECK(setresuid(NOBODY, 0, 0) == 0);
	proc_sane();
	CHILD_CHECK(geteuid() == NOBODY && getegid() == NOBODY);
	CHILD_CHECK(setresuid(0, 0, 0) < 0 && setresgid(0, 0, 0) < 0);
	return 0;
}

/* The same the other way round. */
static int
set_to_nobody(void *arg)
{
	(void)arg;
	CHILD_CHECK(setresgid(0, NOBODY, 0) == 0);
	CHILD_CHECK(setresuid(0, NOBODY, 0) == 0);
	proc_sane();
	CHILD_CHECK(geteuid() == 0 && getegid() == 0);
	return 0;
}

static int
stays_set(void *arg)
{
	static const struct refusal refusals[] = {
	    {.call = SYS_setresuid, .error = EAGAIN}};
	int *said = arg;

	CHILD_CHECK(setresuid(0, NOBODY, 0) == 0);
	child_refuse(refusals, 1);
	(void)dup2(*said, STDERR_FILENO);
	proc_sane();
	return 0;
}

/* How many octets a start that cannot be sane has said. */
static ssize_t
insane(int (*f)(void *))
{
	char text[256] = "";
	int ends[2];
	ssize_t n;

	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(child_run(f, &ends[1]), EX_OSERR);
	n = read(ends[0], text, sizeof(text) - 1);
	if (n > 0)
		assert_memory_equal(text, "hantar: ", 8);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return n;
}

static void
privileges_are_given_up(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return; /* nobody else can be given any */
	assert_int_equal(child_run(set_uid, NULL), 0);
	assert_int_equal(child_run(set_to_nobody, NULL), 0);
	assert_true(insane(stays_set) > 0);
}

/* what is closed and cannot be opened is not a file's number later. */
static int
no_null_at_the_start(void *arg)
{
	int *said = arg;

	child_own("/dev");
	(void)dup2(*said, STDERR_FILENO);
	(void)close(0);
	proc_sane();
	return 0;
}

static void
a_start_without_null(void **state)
{
	(void)state;
	assert_true(insane(no_null_at_the_start) > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(descriptors_one_by_one),
	    cmocka_unit_test(a_child_that_cannot_start),
	    cmocka_unit_test(detached),
	    cmocka_unit_test(a_child_that_is_gone),
	    cmocka_unit_test(how_many_descriptors),
	    cmocka_unit_test(privileges_are_given_up),
	    cmocka_unit_test(a_start_without_null),
	};

	return cmocka_run_group_tests_name("proc_refused", tests, NULL, NULL);
}
