/* SPDX-License-Identifier: ISC */
#include "os/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
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
			(void)close_range(from, next - 1, 0);
		if (next == ~0U)
			return;
		from = next + 1;
	}
}

/* Points 0, 1 and 2 at /dev/null. */
static int
quiet_standard(void)
{
	int fd = open("/dev/null", O_RDWR);

	if (fd < 0)
		return -1;
	for (int i = 0; i < 3; i++)
		if (dup2(fd, i) < 0)
			return -1;
	if (fd > 2)
		(void)close(fd);
	return 0;
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
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EX_OSERR);
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
#ifdef HANTAR_SANITIZED
	/* exit, so that the leak checker looks. */
	exit(run(arg));
#else
	_exit(run(arg));
#endif
}

void
proc_detach(void)
{
	act(SIGHUP, SIG_IGN);
	act(SIGINT, SIG_IGN);
	act(SIGTERM, SIG_IGN);
	(void)prctl(PR_SET_PDEATHSIG, 0);
}

bool
proc_reap(pid_t pid, bool wait, int *status)
{
	pid_t got;

	do
		got = waitpid(pid, status, wait ? 0 : WNOHANG);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		*status = 0; /* ECHILD: somebody else collected it */
	return got != 0;
}

void
proc_kill(pid_t pid)
{
	if (pid > 0)
		(void)kill(pid, SIGKILL);
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
proc_sane(void)
{
	static const struct rlimit no_core = {0, 0};
	int fd;

	/* open gives the lowest free number: fills the gaps in turn. */
	while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd < 3)
		;
	if (fd < 0)
		_exit(EX_OSERR); /* or a file would become standard output */
	(void)close(fd);
	(void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	act(SIGPIPE, SIG_IGN);
	act(SIGXFSZ, SIG_IGN); /* EFBIG is an error like any other */
	act(SIGCHLD, SIG_DFL);
	unmask();
	(void)umask(077);
	(void)setrlimit(RLIMIT_CORE, &no_core);
}
