/* SPDX-License-Identifier: ISC */
#include "os/command.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/pool.h"
#include "os/group.h"
#include "os/proc.h"
#include "os/sys.h"

enum { NOT_FOUND = 127, LOOK_AGAIN_MS = 5 };

static char **
argv_of(struct str words, struct pool *p)
{
	char **argv = pool_array(p, words.n / 2 + 2, sizeof(*argv));
	size_t n = 0;
	struct str word;

	while (str_word(&words, " \t", &word)) {
		argv[n] = pool_array(p, word.n + 1, 1);
		memcpy(argv[n++], word.p, word.n);
	}
	argv[n] = NULL;
	return argv;
}

struct child {
	char **argv;
	int output;
};

/* In the child, which has nothing of ours but the end of the pipe. */
static int
become(void *arg)
{
	const struct child *c = arg;
	struct sigaction usual = {.sa_handler = SIG_DFL};

	group_drop();
	(void)setpgid(0, 0);
	(void)sigemptyset(&usual.sa_mask);
	(void)sigaction(SIGPIPE, &usual, NULL);
	(void)sigaction(SIGXFSZ, &usual, NULL);
	if (dup2(c->output, 1) >= 0)
		(void)execvp(c->argv[0], c->argv);
	return NOT_FOUND;
}

/* Reads up to its end.  1: that came; 0: not in time; -1 with *e. */
static int
read_all(int fd, struct buf *out, int64_t deadline, struct err *e)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int ready = sys_poll(&p, 1, deadline);
		char *room;
		ssize_t n;

		if (ready == 0)
			return 0;
		if (ready < 0 && errno == EINTR)
			continue;
		room =
		    out->n < out->max ? buf_room(out, out->max - out->n) : NULL;
		if (room == NULL)
			return err_set(e, ERR_LIMIT,
			    "it says more than %zu bytes", out->max);
		n = ready < 0 ? -1 : sys_read(fd, room, out->max - out->n);
		if (n < 0)
			return err_sys(e, "cannot read what it says");
		if (n == 0)
			return 1;
		buf_grew(out, (size_t)n);
	}
}

/* Waits for its end; false if that does not come in time. */
static bool
ended(pid_t pid, int64_t deadline, int *status)
{
	while (!proc_reap(pid, false, status)) {
		int64_t now = clock_now();

		if (now >= deadline)
			return false;
		(void)sys_poll(NULL, 0, now + LOOK_AGAIN_MS);
	}
	return true;
}

static int
judge(int status, struct err *e)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status))
		return err_set(e, ERR_SYSTEM, "it was killed by signal %d",
		    WTERMSIG(status));
	if (WEXITSTATUS(status) == NOT_FOUND)
		return err_set(e, ERR_SYSTEM,
		    "there is no such program, or it may not be run (status "
		    "%d)",
		    NOT_FOUND);
	return err_set(
	    e, ERR_SYSTEM, "it failed with status %d", WEXITSTATUS(status));
}

int
command_output(
    struct str words, struct buf *out, int64_t deadline, struct err *e)
{
	struct pool pool = {0};
	struct child c = {.argv = argv_of(words, &pool)};
	int ends[2];
	int status = -1;
	int result;
	pid_t pid;

	if (c.argv[0] == NULL || sys_pipe(ends) < 0) {
		result = c.argv[0] ? err_sys(e, "cannot make a pipe")
				   : err_set(e, ERR_SYNTAX, "it has no words");
		pool_free(&pool);
		return result;
	}
	c.output = ends[1];
	pid = proc_spawn(become, &c, &ends[1], 1, e);
	sys_close(ends[1]);
	if (pid < 0) {
		result = -1;
	} else {
		result = read_all(ends[0], out, deadline, e);
		if (result > 0 && ended(pid, deadline, &status))
			result = judge(status, e);
		else if (result >= 0)
			result =
			    err_set(e, ERR_TIMEOUT, "it did not end in time");
		/* Its children, too, whatever it left. */
		(void)kill(-pid, SIGKILL);
		if (status == -1) {
			proc_kill(pid);
			(void)proc_reap(pid, true, &status);
		}
	}
	sys_close(ends[0]);
	pool_free(&pool);
	return result;
}
