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
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/folder.h"
#include "os/proc.h"

enum { NOBODY = 65534 };

/* What a try may use: descriptors made before the lock. */
static int data[2];
static pid_t parent;

/* A file with marks at 3 and 4, as an agent has it; one it may only read. */
static int marked;
static int message;

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

static long
try_pwrite(int fd, const char *bytes, size_t n, off_t at)
{
	return syscall(SYS_pwrite64, fd, bytes, n, at);
}

static long
try_before(void)
{
	return try_pwrite(marked, "d", 1, 2);
}

static long
try_behind(void)
{
	return try_pwrite(marked, "d", 1, 5);
}

static long
try_far_behind(void)
{
	return try_pwrite(marked, "d", 1, (1LL << 32) + 3);
}

static long
try_negative(void)
{
	return try_pwrite(marked, "d", 1, -1);
}

static long
try_two_bytes(void)
{
	return try_pwrite(marked, "dd", 2, 3);
}

static long
try_many_bytes(void)
{
	return try_pwrite(marked, "d", (size_t)(1ULL << 32) + 1, 3);
}

static long
try_no_byte(void)
{
	return try_pwrite(marked, "d", 0, 3);
}

static long
try_write(void)
{
	return syscall(SYS_write, marked, "d", 1);
}

static long
try_write_message(void)
{
	return syscall(SYS_write, message, "d", 1);
}

static long
try_mark_message(void)
{
	return try_pwrite(message, "d", 1, 3);
}

static long
try_share_message(void)
{
	return syscall(
	    SYS_mmap, NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, message, 0);
}

static long
try_flock(void)
{
	return syscall(SYS_flock, message, LOCK_UN);
}

static long
try_truncate(void)
{
	return syscall(SYS_ftruncate, marked, 0);
}

static long
try_sync_message(void)
{
	return syscall(SYS_fdatasync, message);
}

static long
try_seek(void)
{
	return syscall(SYS_lseek, marked, 0, SEEK_SET);
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
    {"write before the marks", try_before, false},
    {"write behind the marks", try_behind, false},
    {"write 4 GiB behind", try_far_behind, false},
    {"write before the file", try_negative, false},
    {"write two marks at once", try_two_bytes, false},
    {"write 4 GiB and a mark", try_many_bytes, false},
    {"write nothing", try_no_byte, false},
    {"write where it stands", try_write, false},
    {"write the message", try_write_message, false},
    {"mark the message", try_mark_message, false},
    {"share the message", try_share_message, false},
    {"unlock the entry", try_flock, false},
    {"cut the envelope", try_truncate, false},
    {"sync the message", try_sync_message, false},
    {"seek", try_seek, false},
};

struct job {
	enum sandbox profile;
	const struct try *try;
};

static int
lock(enum sandbox profile)
{
	const struct sandbox_range range = {marked, 3, 2};
	const struct sandbox_writes writes = {{-1, data[1]}, &range, 1};
	struct err e;

	return sandbox_lock(profile, &writes, &e);
}

/* 0: refused with EPERM; 1: it worked; 2: refused otherwise; 3: no lock. */
static int
run_try(void *arg)
{
	const struct job *job = arg;

	if (lock(job->profile) != 0)
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
	char byte = 'x';
	void *memory;

	if (lock(job->profile) != 0)
		return 3;
	memory = malloc(1 << 22);
	if (memory == NULL)
		return 1;
	free(memory);
	if (write(data[1], &byte, 1) != 1 || poll(&p, 1, 1000) != 1 ||
	    read(data[0], &byte, 1) != 1)
		return 1;
	if (pread(message, &byte, 1, 0) != 1 || byte != '0' ||
	    pwrite(marked, "d", 1, 3) != 1 || pwrite(marked, "f", 1, 4) != 1 ||
	    fdatasync(marked) != 0)
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
	struct folder f;
	uid_t self = getuid();

	(void)state;
	parent = getpid();
	assert_int_equal(pipe(data), 0);
	folder_make(&f);
	folder_put(&f, "env", "01234567");
	folder_put(&f, "msg", "01234567");
	marked = openat(f.fd, "env", O_WRONLY);
	message = openat(f.fd, "msg", O_RDWR);
	assert_true(marked >= 0 && message >= 0);
	for (int profile = 0; profile < SANDBOXES; profile++) {
		all_tries((enum sandbox)profile, 0);
		if (self == 0)
			all_tries((enum sandbox)profile, NOBODY);
	}
	assert_string_equal(folder_get(&f, "env"), "012df567");
	assert_string_equal(folder_get(&f, "msg"), "01234567");
	(void)close(marked);
	(void)close(message);
	folder_remove(&f);
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
