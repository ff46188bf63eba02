/* SPDX-License-Identifier: ISC */
/* Children, the start of a program, files without a name, and the log. */
#include "os/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "os/file.h"
#include "os/journal.h"
#include "os/sys.h"
#include "os/user.h"

/* What a child has: its kept descriptor works, others are gone. */
struct check {
	int kept, other;
};

static int
look_around(void *arg)
{
	const struct check *c = arg;

	if (fcntl(c->kept, F_GETFD) < 0)
		return 1;
	if (fcntl(c->other, F_GETFD) >= 0 || errno != EBADF)
		return 2;
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			return 3;
	return 0;
}

/* A-51, J-06: a child has what it was given and nothing else. */
static void
a_child_keeps_what_it_was_given(void **state)
{
	struct check c = {
	    sys_open("/dev/null", O_RDONLY, 0), sys_open("/dev/null", 0, 0)};
	struct err e;
	int status;
	pid_t pid = proc_spawn(look_around, &c, &c.kept, 1, &e);

	(void)state;
	assert_true(pid > 0);
	assert_true(proc_reap(pid, true, &status));
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	/* Of one that is not ours nobody can say that all went well. */
	assert_true(proc_reap(pid, true, &status));
	assert_int_not_equal(status, 0);
	sys_close(c.kept);
	sys_close(c.other);
}

static int
sleep_long(void *arg)
{
	(void)arg;
	(void)sleep(100);
	return 0;
}

static int
sleep_long_under_a_deadline(void *arg)
{
	proc_end_by(clock_now() + 50);
	return sleep_long(arg);
}

/* Spool-protocol 10 and 22: it ends, whatever it waits for. */
static void
a_child_ends_by_its_deadline(void **state)
{
	struct err e;
	int status = 0;
	pid_t pid = proc_spawn(sleep_long_under_a_deadline, NULL, NULL, 0, &e);

	(void)state;
	assert_true(pid > 0);
	assert_true(proc_reap(pid, true, &status));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGALRM);
}

static void
a_child_can_be_killed(void **state)
{
	struct err e;
	int status = 0;
	pid_t pid = proc_spawn(sleep_long, NULL, NULL, 0, &e);

	(void)state;
	assert_true(pid > 0);
	assert_false(proc_reap(pid, false, &status));
	proc_kill(pid);
	assert_true(proc_reap(pid, true, &status));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

/* More than it remembers; no zombie is left. */
static void
dropped_children_are_collected(void **state)
{
	enum { MANY = 150 };
	pid_t pid[MANY];
	struct err e;

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		pid[i] = proc_spawn(sleep_long, NULL, NULL, 0, &e);
		assert_true(pid[i] > 0);
	}
	for (size_t i = 0; i < MANY; i++)
		proc_drop(pid[i]);
	proc_drop(-1); /* who never was */
	proc_collect();
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static int
spawn_and_die(void *arg)
{
	int *pipe_end = arg;
	struct err e;

	if (proc_spawn(sleep_long, NULL, pipe_end, 1, &e) < 0)
		return 1;
	return 0;
}

/* Before its gate an agent dies with its dispatcher (spool-protocol, 9). */
static void
a_child_dies_with_its_parent(void **state)
{
	struct pollfd p = {.events = POLLIN};
	int ends[2];
	struct err e;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(sys_pipe(ends), 0);
	pid = proc_spawn(spawn_and_die, &ends[1], &ends[1], 1, &e);
	assert_true(pid > 0);
	sys_close(ends[1]);
	assert_true(proc_reap(pid, true, &status));
	/* The grandchild held the pipe: its end says that it is gone. */
	p.fd = ends[0];
	assert_int_equal(poll(&p, 1, 5000), 1);
	sys_close(ends[0]);
}

/* A-51, J-10, J-16: /dev/null for closed descriptors, umask, no core dump. */
static void
a_program_starts_sane(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		struct rlimit core;
		struct stat null;
		struct stat st;

		close(0);
		close(1);
		close(2);
		proc_sane();
		if (stat("/dev/null", &null) < 0)
			_exit(1);
		for (int fd = 0; fd < 3; fd++)
			if (fstat(fd, &st) < 0 || st.st_rdev != null.st_rdev)
				_exit(2);
		if (getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_cur != 0)
			_exit(3);
		if (umask(0) != 077)
			_exit(4);
		(void)raise(SIGPIPE);
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* J-10: a temporary file has no name and is its holder's alone. */
static void
a_file_without_a_name(void **state)
{
	struct err e;
	struct stat st;
	char got[6] = "";
	int fd = file_nameless(&e);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(file_write(fd, STR("hello"), &e), 0);
	assert_int_equal(sys_pread(fd, got, 5, 0), 5);
	assert_string_equal(got, "hello");
	sys_close(fd);
	assert_int_equal(setenv("TMPDIR", "/nowhere", 1), 0);
	assert_int_equal(file_nameless(&e), -1);
	assert_non_null(strstr(e.text, "/nowhere"));
	assert_int_equal(unsetenv("TMPDIR"), 0);
}

static void
reading_files(void **state)
{
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, 10);
	assert_int_equal(file_read("/nowhere/at/all", &b, &e), 0);
	assert_int_equal(file_read("/tmp", &b, &e), -1);
	assert_non_null(strstr(e.text, "not a regular file"));
	assert_int_equal(file_read("/etc/passwd", &b, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	buf_free(&b);
}

/* K-13: a log in a file; a newline in what is logged makes no new line. */
static void
the_log_in_a_file(void **state)
{
	char path[] = "/tmp/hantar-log-XXXXXX";
	int fd = mkstemp(path);
	struct buf b;
	struct err e;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(journal_open(str_c(path), "hantar", &e), 0);
	log_event(LOG_LEVEL_INFO, "smtp", "one %s", "a\nforged: line");
	log_to(NULL, NULL);
	buf_init(&b, 10000);
	assert_int_equal(file_read(path, &b, &e), 1);
	assert_non_null(strstr(b.p, "hantar/smtp["));
	assert_non_null(strstr(b.p, "one a\\x0aforged: line\n"));
	assert_int_equal(str_find(buf_str(&b), '\n'), b.n - 1);
	buf_free(&b);
	sys_close(fd);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(journal_open(STR("relative"), "hantar", &e), -1);
	assert_int_equal(journal_open(STR("/nowhere/log"), "hantar", &e), -1);
}

/* who we are is the uid's matter, not the environment's. */
static void
who_we_are(void **state)
{
	struct pool p = {0};
	struct user u;

	(void)state;
	assert_int_equal(setenv("LOGNAME", "nobody", 1), 0);
	user_self(&u, &p);
	assert_int_equal(u.uid, getuid());
	if (getuid() == 0)
		assert_true(str_eq(u.login, STR("root")));
	assert_true(user_hostname(&p).n > 0);
	pool_free(&p);
}

static int
at_once(void *arg)
{
	(void)arg;
	return 0;
}

/* What process 1 of a container inherits it collects, and waits for nobody. */
static void
orphans(void **state)
{
	struct err e;
	siginfo_t info;
	pid_t gone = proc_spawn(at_once, NULL, NULL, 0, &e);
	pid_t there = proc_spawn(sleep_long, NULL, NULL, 0, &e);
	int status;

	(void)state;
	assert_true(gone > 0 && there > 0);
	assert_int_equal(
	    waitid(P_PID, (id_t)gone, &info, WEXITED | WNOWAIT), 0);
	proc_orphans();
	assert_int_equal(waitpid(gone, &status, 0), -1);
	proc_kill(there);
	assert_int_equal(waitpid(there, &status, 0), there);
}

static volatile sig_atomic_t called;

static void
call(int number)
{
	(void)number;
	called = 1;
}

/* a wait without work ends at its time, or with a signal. */
static void
a_rest(void **state)
{
	const struct itimerval soon = {.it_value = {.tv_usec = 1}};
	const int64_t hour = 3600000;
	struct sigaction was;

	(void)state;
	assert_true(sys_rest(NULL, 0, clock_now() + 1, &called));
	assert_true(sys_rest(NULL, 0, 0, &called));
	assert_int_equal(
	    sigaction(SIGALRM, &(struct sigaction){.sa_handler = call}, &was),
	    0);
	assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
	assert_false(sys_rest(NULL, 0, clock_now() + hour, &called));
	assert_false(sys_rest(NULL, 0, clock_now() + hour, &called));
	called = 0;
	assert_int_equal(sigaction(SIGALRM, &was, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_child_keeps_what_it_was_given),
	    cmocka_unit_test(a_child_can_be_killed),
	    cmocka_unit_test(a_child_ends_by_its_deadline),
	    cmocka_unit_test(dropped_children_are_collected),
	    cmocka_unit_test(a_child_dies_with_its_parent),
	    cmocka_unit_test(a_program_starts_sane),
	    cmocka_unit_test(a_file_without_a_name),
	    cmocka_unit_test(reading_files),
	    cmocka_unit_test(the_log_in_a_file),
	    cmocka_unit_test(who_we_are),
	    cmocka_unit_test(orphans),
	    cmocka_unit_test(a_rest),
	};

	return cmocka_run_group_tests_name("proc", tests, NULL, NULL);
}
