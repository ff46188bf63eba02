/* SPDX-License-Identifier: ISC */
/* Going on in the background, and children that have all that we have. */
#include "os/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/child.h"
#include "../lib/words.h"
#include "os/sys.h"

enum { OTHER = 40, NOT_STARTED = 42, WELL = 'w', WRONG = 'x' };

static bool
leads_nowhere(int fd)
{
	struct stat st, null;

	return fstat(fd, &st) == 0 && stat("/dev/null", &null) == 0 &&
	    st.st_rdev == null.st_rdev;
}

/* Nothing of its caller's is left to it that anybody could wait for. */
static bool
is_alone(void)
{
	char where[10];

	return getsid(0) == getpid() && getcwd(where, sizeof(where)) &&
	    strcmp(where, "/") == 0 && leads_nowhere(0) && leads_nowhere(1) &&
	    leads_nowhere(2) && fcntl(OTHER, F_GETFD) < 0 && raise(SIGHUP) == 0;
}

struct leaving {
	int keep;
	const struct refusal *refusal; /* NULL: none */
};

/* Says, on the descriptor that was kept, how it is in the background. */
static int
leave(void *arg)
{
	const struct leaving *l = arg;
	struct err e;
	char byte;

	CHILD_CHECK(dup2(l->keep, OTHER) == OTHER && chdir("/tmp") == 0);
	if (l->refusal)
		child_refuse(l->refusal, 1);
	switch (proc_background(&l->keep, 1, &e)) {
	case 1:
		return 0;
	case 0:
		byte = is_alone() ? WELL : WRONG;
		return sys_write(l->keep, &byte, 1) == 1 ? 0 : 1;
	default:
		CHILD_CHECK(strstr(e.text, "cannot start a process"));
		return NOT_STARTED;
	}
}

/* G-12: what is said by who has left, and what his parent returns. */
static void
into_the_background(void **state)
{
	static const struct refusal no_process = {
	    .call = SYS_clone, .error = EAGAIN};
	static const struct refusal no_root = {
	    .call = SYS_chdir, .error = EACCES};
	static const struct {
		const struct refusal *refusal;
		int status;
		char said; /* 0: it ended without a word */
	} cases[] = {
	    {NULL, 0, WELL}, {&no_process, NOT_STARTED, 0}, {&no_root, 0, 0}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct leaving l = {.refusal = cases[i].refusal};
		char said = 0;
		int ends[2];

		assert_int_equal(sys_pipe(ends), 0);
		l.keep = ends[1];
		assert_int_equal(child_run(leave, &l), cases[i].status);
		sys_close(ends[1]);
		assert_true(sys_read(ends[0], &said, 1) >= 0);
		assert_int_equal(said, cases[i].said);
		sys_close(ends[0]);
	}
}

static volatile sig_atomic_t asked;

static void
be_asked(int number)
{
	(void)number;
	asked = 1;
}

/* Has what its parent has; waits until it is asked to leave. */
static int
branch(void *arg)
{
	sigset_t none;

	if (fcntl(*(int *)arg, F_GETFD) < 0)
		return 1;
	(void)sigemptyset(&none);
	while (asked == 0)
		(void)sigsuspend(&none);
	return 7;
}

static void
a_branch(void **state)
{
	struct sigaction was;
	sigset_t usr1, mask;
	struct err e;
	int status = 0;
	int ends[2];
	pid_t pid;

	(void)state;
	assert_int_equal(sys_pipe(ends), 0);
	(void)sigemptyset(&usr1);
	(void)sigaddset(&usr1, SIGUSR1);
	assert_int_equal(sigprocmask(SIG_BLOCK, &usr1, &mask), 0);
	assert_int_equal(sigaction(SIGUSR1,
			     &(struct sigaction){.sa_handler = be_asked}, &was),
	    0);
	pid = proc_branch(branch, &ends[0], &e);
	assert_true(pid > 0);
	proc_ask(0); /* nobody: not the process group */
	proc_ask(-1);
	proc_ask(pid);
	assert_true(proc_reap(pid, true, &status));
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_int_equal(asked, 0);
	assert_int_equal(sigaction(SIGUSR1, &was, NULL), 0);
	assert_int_equal(sigprocmask(SIG_SETMASK, &mask, NULL), 0);
	sys_close(ends[0]);
	sys_close(ends[1]);
}

static int
at_once(void *arg)
{
	(void)arg;
	return 0;
}

static int
no_branch(void *arg)
{
	const struct refusal *r = arg;
	struct err e;
	int status;
	pid_t pid;

	child_refuse(r, 1);
	pid = proc_branch(at_once, NULL, &e);
	if (pid < 0)
		return e.number == r->error ? NOT_STARTED : 1;
	CHILD_CHECK(proc_reap(pid, true, &status) && WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Without a process; or its parent died before it could ask to die with it. */
static void
a_branch_that_cannot_be(void **state)
{
	struct refusal no_process = {.call = SYS_clone, .error = EAGAIN};
	struct refusal no_parent = {.call = SYS_getppid, .error = EPERM};

	(void)state;
	assert_int_equal(child_run(no_branch, &no_process), NOT_STARTED);
	assert_int_equal(child_run(no_branch, &no_parent), EX_OSERR);
}

/* As many as it may give itself, and never fewer than it has. */
static int
more(void *arg)
{
	static const struct refusal refused = {
	    .call = SYS_prlimit64, .error = EPERM};
	const struct rlimit narrow = {.rlim_cur = 50, .rlim_max = 100};
	static const size_t wanted[][2] = {
	    {0, 50}, {50, 50}, {80, 80}, {60, 80}, {100, 100}, {1000, 100}};

	(void)arg;
	CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &narrow) == 0);
	for (size_t i = 0; i < COUNT(wanted); i++) {
		proc_more_descriptors(wanted[i][0]);
		CHILD_CHECK(proc_descriptors() == wanted[i][1]);
	}
	child_refuse(&refused, 1);
	proc_more_descriptors(200);
	return 0;
}

static void
more_descriptors(void **state)
{
	(void)state;
	assert_int_equal(child_run(more, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(into_the_background),
	    cmocka_unit_test(a_branch),
	    cmocka_unit_test(a_branch_that_cannot_be),
	    cmocka_unit_test(more_descriptors),
	};

	return cmocka_run_group_tests_name(
	    "proc_background", tests, NULL, NULL);
}
