/* SPDX-License-Identifier: ISC */
/*
 * J-19: a compromised agent tries what it should not be able to do, as root
 * and as an ordinary user.  The tries are system calls, not library
 * functions: who has taken an agent over calls what he likes.
 */
#include "os/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "os/proc.h"

enum { NOBODY = 65534 };

/* What a try may use: descriptors made before the lock. */
static int data[2];
static pid_t parent;

static long
try_open(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY, 0);
}

static long
try_create(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/tmp/hantar-sandbox-test",
	    O_WRONLY | O_CREAT, 0600);
}

static long
try_unlink(void)
{
	return syscall(SYS_unlinkat, AT_FDCWD, "/tmp/none", 0);
}

static long
try_exec(void)
{
	static char *const argv[] = {NULL};

	return syscall(SYS_execve, "/bin/true", argv, argv);
}

static long
try_fork(void)
{
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static long
try_kill(void)
{
	return syscall(SYS_kill, parent, 0);
}

static long
try_ptrace(void)
{
	return syscall(SYS_ptrace, PTRACE_ATTACH, parent, 0, 0);
}

static long
try_unix_socket(void)
{
	return syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
}

static long
try_inet_socket(void)
{
	return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

static long
try_setuid(void)
{
	return syscall(SYS_setresuid, 0, 0, 0);
}

static long
try_dumpable(void)
{
	return syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
}

struct
try {
	const char *name;
	long (*call)(void);
	bool lookup_may;
};

static const struct try tries[] = {
    {"open a file", try_open, false},
    {"create a file", try_create, false},
    {"remove a file", try_unlink, false},
    {"execute", try_exec, false},
    {"fork", try_fork, false},
    {"signal the dispatcher", try_kill, false},
    {"trace the dispatcher", try_ptrace, false},
    {"make a UNIX socket", try_unix_socket, false},
    {"make an Internet socket", try_inet_socket, true},
    {"change the user", try_setuid, false},
    {"become dumpable", try_dumpable, false},
};

struct job {
	enum sandbox profile;
	const struct try *try;
};

/* 0: refused with EPERM; 1: it worked; 2: refused otherwise; 3: no lock. */
static int
run_try(void *arg)
{
	const struct job *job = arg;
	struct err e;

	if (sandbox_lock(job->profile, &e) != 0)
		return 3;
	errno = 0;
	if (job->try->call() >= 0)
		return 1;
	return errno == EPERM ? 0 : 2;
}

/* What an agent does all day still works. */
static int
run_work(void *arg)
{
	const struct job *job = arg;
	struct pollfd p = {.fd = data[0], .events = POLLIN};
	struct err e;
	char byte = 'x';
	void *memory;

	if (sandbox_lock(job->profile, &e) != 0)
		return 3;
	memory = malloc(1 << 22);
	if (memory == NULL)
		return 1;
	free(memory);
	if (write(data[1], &byte, 1) != 1 || poll(&p, 1, 1000) != 1 ||
	    read(data[0], &byte, 1) != 1)
		return 1;
	proc_detach();
	return 0;
}

static int
run(int (*function)(void *), struct job *job, uid_t uid)
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (uid != 0 &&
		    (setgroups(0, NULL) < 0 || setgid(uid) < 0 ||
			setuid(uid) < 0))
			_exit(4);
		_exit(function(job));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
all_tries(enum sandbox profile, uid_t uid)
{
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		struct job job = {profile, &tries[i]};
		bool may = profile == SANDBOX_LOOKUP && tries[i].lookup_may;
		int result = run(run_try, &job, uid);

		if (result != (may ? 1 : 0))
			fail_msg("profile %d, uid %u: to %s gave %d", profile,
			    (unsigned)uid, tries[i].name, result);
	}
	assert_int_equal(run(run_work, &(struct job){profile, NULL}, uid), 0);
}

/* As root where the test is root; as another user in any case. */
static void
locked_in(void **state)
{
	uid_t self = getuid();

	(void)state;
	parent = getpid();
	assert_int_equal(pipe(data), 0);
	for (int profile = 0; profile < SANDBOXES; profile++) {
		all_tries((enum sandbox)profile, 0);
		if (self == 0)
			all_tries((enum sandbox)profile, NOBODY);
	}
}

/* A sanitizer's build cannot be locked, and says so. */
static void
not_locked_in(void **state)
{
	(void)state;
	assert_int_equal(
	    run(run_try, &(struct job){SANDBOX_STREAM, &tries[0]}, 0), 3);
}

int
main(void)
{
#ifdef HANTAR_SANITIZED
	const struct CMUnitTest tests[] = {cmocka_unit_test(not_locked_in)};

	(void)locked_in;
#else
	const struct CMUnitTest tests[] = {cmocka_unit_test(locked_in)};

	(void)not_locked_in;
#endif
	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
