/* SPDX-License-Identifier: ISC */
#include "os/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "os/group.h"
#include "os/sys.h"

static void
act(int signal_number, void (*action)(int))
{
	struct sigaction sa = {.sa_handler = action};

	(void)sigemptyset(&sa.sa_mask);
	(void)sigaction(signal_number, &sa, NULL);
}

static void
unmask(void)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
end(int fd, bool only_exec)
{
	if (only_exec)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	else
		(void)close(fd);
}

/*
 * What close_range does where the system has none (Linux before 5.9) or does
 * not let us.  The limit may have been lower when they were opened: only where
 * nobody knows which are open is it believed.
 */
static void
end_each(unsigned from, unsigned to, bool only_exec)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *d;
	unsigned most = (unsigned)proc_descriptors();

	if (dir == NULL)
		for (; from <= to && from < most; from++)
			end((int)from, only_exec);
	/* cppcheck-suppress readdirCalled; hantar has no threads */
	while (dir && (d = readdir(dir)) != NULL) {
		uint64_t fd;

		if (str_number(str_c(d->d_name), to, &fd) && fd >= from &&
		    (int)fd != dirfd(dir))
			end((int)fd, only_exec);
	}
	if (dir)
		(void)closedir(dir);
}

static void
end_range(unsigned from, unsigned to, bool only_exec)
{
	if (close_range(from, to, only_exec ? CLOSE_RANGE_CLOEXEC : 0) < 0)
		end_each(from, to, only_exec);
}

/* Closes every descriptor from 3 on that is not in keep, sorted or not. */
static void
close_others(const int *keep, size_t n)
{
	unsigned from = 3;

	for (;;) {
		unsigned next = ~0U;

		for (size_t i = 0; i < n; i++)
			if (keep[i] >= 0 && (unsigned)keep[i] >= from &&
			    (unsigned)keep[i] < next)
				next = (unsigned)keep[i];
		if (next > from)
			end_range(from, next - 1, false);
		if (next == ~0U)
			return;
		from = next + 1;
	}
}

/* Points 0, 1 and 2 at nothing. */
static int
quiet_standard(void)
{
	int ends[2];
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* Without it (a bare chroot) a pipe with no other end does as well. */
	ends[0] = ends[1] = fd;
	if (fd < 0 && sys_pipe(ends) < 0)
		return -1;
	if (dup2(ends[0], 0) < 0 || dup2(ends[1], 1) < 0 ||
	    dup2(ends[1], 2) < 0)
		return -1;
	for (int i = 0; i < 2; i++)
		if (ends[i] > 2 && (i == 0 || ends[1] != ends[0]))
			(void)close(ends[i]);
	return 0;
}

/* The end of a child. */
static _Noreturn void
finish(int status, const int *keep, size_t n)
{
#ifdef HANTAR_SANITIZED
	(void)keep;
	(void)n;
	/* exit, so that the leak checker looks. */
	exit(status);
#else
	/* Who waits at the other end of a pipe learns of our end before the
	 * kernel takes the memory apart. */
	for (size_t i = 0; i < n; i++)
		sys_close(keep[i]);
	_exit(status);
#endif
}

void
proc_follow(pid_t parent)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EX_OSERR);
}

pid_t
proc_spawn(
    int (*run)(void *arg), void *arg, const int *keep, size_t n, struct err *e)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0)
		return err_sys(e, "cannot start a process");
	if (pid > 0)
		return pid;

	log_to(NULL, NULL);
	proc_follow(parent);
	act(SIGHUP, SIG_DFL);
	act(SIGINT, SIG_DFL);
	act(SIGTERM, SIG_DFL);
	act(SIGCHLD, SIG_DFL);
	act(SIGPIPE, SIG_IGN);
	act(SIGXFSZ, SIG_IGN);
	unmask();
	close_others(keep, n);
	if (quiet_standard() < 0)
		_exit(EX_OSERR);
	finish(run(arg), keep, n);
}

pid_t
proc_branch(int (*run)(void *arg), void *arg, struct err *e)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0)
		return err_sys(e, "cannot start a process");
	if (pid > 0)
		return pid;
	proc_follow(parent);
	finish(run(arg), NULL, 0);
}

void
proc_detach(void)
{
	act(SIGHUP, SIG_IGN);
	act(SIGINT, SIG_IGN);
	act(SIGTERM, SIG_IGN);
	(void)prctl(PR_SET_PDEATHSIG, 0);
}

void
proc_end_by(int64_t deadline)
{
	int64_t now = clock_now();
	int64_t ms = deadline > now ? deadline - now : 1;
	struct itimerval timer = {
	    .it_value = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000}};

	act(SIGALRM, SIG_DFL);
	(void)setitimer(ITIMER_REAL, &timer, NULL);
}

bool
proc_reap(pid_t pid, bool wait, int *status)
{
	pid_t got;

	do
		got = waitpid(pid, status, wait ? 0 : WNOHANG);
	while (got < 0 && errno == EINTR);
	/* ECHILD, somebody else collected it: nobody says that it was good. */
	if (got < 0)
		*status = W_EXITCODE(EX_OSERR, 0);
	return got != 0;
}

void
proc_kill(pid_t pid)
{
	if (pid > 0)
		(void)kill(pid, SIGKILL);
}

void
proc_ask(pid_t pid)
{
	if (pid > 0)
		(void)kill(pid, SIGUSR1);
}

/* Killed, and not collected yet. */
static struct {
	pid_t pid[64];
	size_t n;
} dropped;

/* Collects who is gone; or, waiting, everybody. */
static void
collect(bool wait)
{
	size_t kept = 0;
	int status;

	for (size_t i = 0; i < dropped.n; i++)
		if (!proc_reap(dropped.pid[i], wait, &status))
			dropped.pid[kept++] = dropped.pid[i];
	dropped.n = kept;
}

void
proc_drop(pid_t pid)
{
	int status;

	if (pid <= 0 || proc_reap(pid, false, &status))
		return;
	proc_kill(pid);
	collect(dropped.n == sizeof(dropped.pid) / sizeof(dropped.pid[0]));
	dropped.pid[dropped.n++] = pid;
}

void
proc_collect(void)
{
	collect(true);
}

void
proc_orphans(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

int
proc_background(const int *keep, size_t n, struct err *e)
{
	pid_t pid = fork();

	if (pid < 0)
		return err_sys(e, "cannot start a process");
	if (pid > 0)
		return 1;
	(void)setsid();
	act(SIGHUP, SIG_IGN);
	log_to(NULL, NULL);
	/* Who reads our output must not wait for us, nor who locks a file, nor
	 * who wants to take away what is mounted. */
	close_others(keep, n);
	if (quiet_standard() < 0 || chdir("/") < 0)
		_exit(EX_OSERR);
	return 0;
}

size_t
proc_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 256;
	return limit.rlim_cur > 1 << 20 ? 1 << 20 : (size_t)limit.rlim_cur;
}

void
proc_more_descriptors(size_t wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

void
proc_sane(void)
{
	static const struct rlimit no_core = {0, 0};
	static const char sorry[] =
	    "hantar: a standard descriptor is closed, and /dev/null cannot "
	    "be opened instead\n";

	/* open gives the lowest free number; none that is free may stay so, or
	 * a file would become standard output. */
	for (int fd = 0; fd < 3; fd++) {
		/* Reading from a closed one stays an error. */
		int mode = fd == 0 ? O_WRONLY : O_RDWR;

		int opened =
		    fcntl(fd, F_GETFD) >= 0 ? fd : open("/dev/null", mode);

		if (opened == fd)
			continue;
		(void)sys_write(STDERR_FILENO, sorry, sizeof(sorry) - 1);
		_exit(EX_OSERR);
	}
	group_begin();
	end_range(3, ~0U, true);
	act(SIGPIPE, SIG_IGN);
	act(SIGXFSZ, SIG_IGN); /* EFBIG is an error like any other */
	act(SIGCHLD, SIG_DFL);
	unmask();
	(void)umask(077);
	(void)setrlimit(RLIMIT_CORE, &no_core);
}
