/* SPDX-License-Identifier: ISC */
#include "trace.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"
#include "journal.h"

#ifndef __x86_64__
#error "the fault engine knows the registers of x86-64 only"
#endif

enum {
	OPTIONS = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK |
	    PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL |
	    PTRACE_O_TRACESYSGOOD,
	CALL_ENDS = SIGTRAP | 0x80, /* where that was asked for */
	/* Only the first PROCESSES are counted in; the others run, and end with
	 * them: a runner that others wake starts one after the other. */
	KNOWN = 16384,
	EARLY = 16,
};

struct tracer {
	const struct target *target;
	const struct order *order;
	struct outcome *result;
	pid_t process[KNOWN]; /* by number; 0: has ended */
	unsigned n;	      /* numbers given */
	pid_t early[EARLY];   /* stopped, and have none yet; or 0 */
	unsigned alive;
	unsigned seen; /* calls among which is the one */
	pid_t lagging; /* waits before a call; or 0 */
	bool begun;
	bool over; /* all are killed, and whoever turns up late */
	struct journal journal;
	struct journal_call open[PROCESSES];
};

static volatile sig_atomic_t rang;

static void
ring(int number)
{
	(void)number;
	rang = 1;
}

/* 0: not at all.  Again and again, as one may come just before we wait. */
static void
ring_in(int ms)
{
	struct itimerval t = {{0, 200000}, {ms / 1000, ms % 1000 * 1000}};

	if (ms == 0)
		t = (struct itimerval){{0, 0}, {0, 0}};
	rang = 0;
	(void)setitimer(ITIMER_REAL, &t, NULL);
}

static void
alarm_in(int seconds)
{
	ring_in(seconds * 1000);
}

static int
ms_since(const struct timespec *then)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int)((now.tv_sec - then->tv_sec) * 1000 +
	    (now.tv_nsec - then->tv_nsec) / 1000000);
}

/* ---------------------------------------------------------------- the child */

/* Stops at the calls of the table; the data of the stop is the call's place. */
static int
filter_calls(void)
{
	struct sock_filter f[4 + 2 * CALLS_MAX];
	unsigned short n = 0;
	struct sock_fprog program = {.filter = f};

#define PUT(...) f[n++] = (struct sock_filter)__VA_ARGS__
	PUT({BPF_LD | BPF_W | BPF_ABS, 0, 0,
	    offsetof(struct seccomp_data, nr)});
	for (size_t i = 0; i < calls_n; i++) {
		if (calls[i].number < 0)
			continue;
		PUT({BPF_JMP | BPF_JEQ | BPF_K, 0, 1,
		    (unsigned)calls[i].number});
		PUT({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_TRACE | (unsigned)i});
	}
	PUT({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW});
#undef PUT
	program.len = n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static _Noreturn void
become(const struct target *t, int wait_fd)
{
	char byte;

	if (read(wait_fd, &byte, 1) != 1)
		_exit(126);
	for (int i = 0; i < 3; i++)
		if (dup2(t->fds[i], i) < 0)
			_exit(126);
	if (dup2(t->page_fd, PAGE_FD) < 0 || filter_calls() < 0)
		_exit(126);
	(void)execv(t->argv[0], t->argv);
	_exit(127);
}

static pid_t
start(const struct target *t)
{
	int gate[2];
	pid_t pid;

	if (pipe2(gate, O_CLOEXEC) < 0)
		err(1, "pipe");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0)
		become(t, gate[0]);
	if (ptrace(PTRACE_SEIZE, pid, 0, OPTIONS) < 0)
		err(1, "PTRACE_SEIZE");
	if (write(gate[1], "", 1) != 1)
		err(1, "write");
	(void)close(gate[0]);
	(void)close(gate[1]);
	return pid;
}

/* ---------------------------------------------------------------- the tracer
 */

static void
go_on(pid_t pid, int signal_number)
{
	/* ESRCH: it has been killed since. */
	if (ptrace(PTRACE_CONT, pid, 0, signal_number) < 0 && errno != ESRCH)
		err(1, "PTRACE_CONT");
}

static int
number_of(const struct tracer *t, pid_t pid)
{
	for (unsigned i = 0; i < t->n; i++)
		if (t->process[i] == pid)
			return (int)i;
	return -1;
}

/* Makes the call fail as the order says; or for good, with error. */
static void
refuse(struct user_regs_struct *regs, int error)
{
	regs->orig_rax = (unsigned long long)-1; /* no call at all */
	regs->rax = (unsigned long long)-(long long)error;
}

/* Who dies with the start of a child unsaid leaves one that has no number. */
static void
kill_all(struct tracer *t)
{
	t->over = true;
	for (unsigned i = 0; i < t->n; i++)
		if (t->process[i] != 0)
			(void)kill(t->process[i], SIGKILL);
	for (unsigned i = 0; i < EARLY; i++)
		if (t->early[i] != 0)
			(void)kill(t->early[i], SIGKILL);
}

/* The others, too, stop at their next call, as nobody lets them go on. */
static void
stand_still(struct tracer *t, pid_t pid)
{
	enum after_pause then;

	alarm_in(0);
	if (t->journal.file)
		(void)fflush(t->journal.file);
	then = t->target->pause();
	if (then == PAUSE_KILL)
		(void)kill(pid, SIGKILL);
	if (then == PAUSE_END)
		kill_all(t);
	alarm_in(LIMIT);
}

static void
at_call(struct tracer *t, pid_t pid, unsigned p, size_t i)
{
	const struct order *o = t->order;
	struct user_regs_struct regs;
	bool here;

	if (calls[i].number == SYS_prctl ||
	    (o->nofile && calls[i].number == SYS_openat) || o->call == i) {
		if (ptrace(PTRACE_GETREGS, pid, 0, &regs) < 0)
			return; /* killed */
		if (calls[i].number == SYS_prctl && regs.rdi == MAIN_BEGINS) {
			t->begun = true;
			return;
		}
	}
	if (!t->begun || p >= PROCESSES)
		return;
	t->result->counts[p][i]++;
	if (o->journal)
		(void)journal_before(
		    &t->journal, &t->open[p], calls[i].name, pid);
	if (o->call == i && (o->any || o->process == p))
		t->seen++;
	here = o->n > 0 && o->call == i && (o->any || o->process == p) &&
	    (o->and_on ? t->seen >= o->n : t->seen == o->n);
	if (here && !t->result->fired)
		t->result->fd = (long)regs.rdi;
	if (here) {
		t->result->fired = 1;
		if (o->lag) {
			t->lagging = pid;
			ring_in(LAG_MS);
			return;
		}
		if (o->pause) {
			stand_still(t, pid);
			return;
		}
		if (o->kill) {
			(void)kill(pid, SIGKILL);
			return;
		}
		if (o->is_short)
			regs.rdx = regs.rdx > 0;
		else if (calls[i].number != SYS_brk)
			refuse(&regs, o->error);
		else if (regs.rdi != 0)	  /* the question cannot fail */
			refuse(&regs, 0); /* too low: glibc asks again */
	} else if (o->nofile && calls[i].number == SYS_openat &&
	    (regs.rdx & O_TMPFILE) == O_TMPFILE) {
		refuse(&regs, EOPNOTSUPP);
	} else {
		return;
	}
	(void)ptrace(PTRACE_SETREGS, pid, 0, &regs);
}

/* A process that has been started: numbers go in this order. */
static void
at_start(struct tracer *t, pid_t pid)
{
	unsigned long child;

	if (ptrace(PTRACE_GETEVENTMSG, pid, 0, &child) < 0)
		return;
	if (t->n == KNOWN)
		errx(1, "more than %d processes", KNOWN);
	t->process[t->n++] = (pid_t)child;
	t->alive++;
	if (t->over)
		(void)kill((pid_t)child, SIGKILL);
	for (unsigned i = 0; i < EARLY; i++)
		if (t->early[i] == (pid_t)child) {
			t->early[i] = 0;
			go_on((pid_t)child, 0);
		}
}

/* One that stops before its parent is seen to start it. */
static void
at_early_stop(struct tracer *t, pid_t pid)
{
	if (t->over) {
		(void)kill(pid, SIGKILL);
		return;
	}
	for (unsigned i = 0; i < EARLY; i++)
		if (t->early[i] == 0) {
			t->early[i] = pid;
			return;
		}
	errx(1, "more than %d processes whose start is unseen", EARLY);
}

static void
at_end(struct tracer *t, pid_t pid, int status, const struct timespec *then)
{
	struct outcome *r = t->result;
	int p = number_of(t, pid);
	int s = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (p < 0)
		return;
	t->alive--;
	t->process[p] = 0;
	if (t->order->journal && p < PROCESSES)
		journal_exit(&t->journal, (unsigned)p,
		    WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	if (s != 0 && s != SIGKILL && s != SIGTERM) {
		r->crash = s;
		r->crashed = p;
	}
	if (p != 0)
		return;
	r->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	r->signal = s;
	r->ms = ms_since(then);
	alarm_in(GRACE);
}

/* Where the call is noted, up to its end. */
static void
go_on_to_end(const struct tracer *t, pid_t pid, int number)
{
	bool noted = number >= 0 && number < PROCESSES && t->open[number].name;

	if (!noted)
		go_on(pid, 0);
	else if (ptrace(PTRACE_SYSCALL, pid, 0, 0) < 0 && errno != ESRCH)
		err(1, "PTRACE_SYSCALL");
}

static void
at_stop(struct tracer *t, pid_t pid, int status)
{
	int event = status >> 16;
	int number = number_of(t, pid);
	unsigned long i;

	switch (event) {
	case PTRACE_EVENT_SECCOMP:
		if (ptrace(PTRACE_GETEVENTMSG, pid, 0, &i) == 0)
			at_call(t, pid,
			    number < 0 ? PROCESSES : (unsigned)number,
			    (size_t)i);
		if (t->lagging != pid)
			go_on_to_end(t, pid, number);
		break;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		at_start(t, pid);
		go_on(pid, 0);
		break;
	case PTRACE_EVENT_STOP:
		if (number < 0)
			at_early_stop(t, pid);
		else
			go_on(pid, 0);
		break;
	default:
		if (event == 0 && WSTOPSIG(status) == CALL_ENDS) {
			journal_after(&t->journal, &t->open[number],
			    (unsigned)number, pid);
			go_on(pid, 0);
			break;
		}
		go_on(pid, event == 0 ? WSTOPSIG(status) : 0);
	}
}

/* The limit is over: an end to all of them. */
static void
give_up(struct tracer *t)
{
	bool first_lives = t->result->status < 0 && t->result->signal == 0;

	if (first_lives)
		t->result->late = 1;
	else
		t->result->left = (int)t->alive;
	kill_all(t);
}

static void
at_ring(struct tracer *t)
{
	pid_t pid = t->lagging;

	if (pid == 0) {
		give_up(t);
		return;
	}
	t->lagging = 0;
	alarm_in(LIMIT);
	go_on_to_end(t, pid, number_of(t, pid));
}

static void
open_journal(struct tracer *t)
{
	t->journal.file = fopen(t->target->journal, "we");
	if (t->journal.file == NULL)
		err(1, "%s", t->target->journal);
}

void
trace(const struct target *target, const struct order *order,
    struct outcome *result)
{
	struct tracer t = {.target = target, .order = order, .result = result};
	struct sigaction sa = {.sa_handler = ring};
	struct timespec then;
	bool memory = order->n > 0 && calls[order->call].number < 0;

	*result = (struct outcome){.status = -1, .fd = -1};
	memset(target->page, 0, sizeof(*target->page));
	if (memory) {
		target->page->process = order->process;
		target->page->and_on = order->and_on;
		target->page->n = order->n;
	}
	if (order->journal)
		open_journal(&t);
	(void)sigaction(SIGALRM, &sa, NULL);
	(void)clock_gettime(CLOCK_MONOTONIC, &then);
	t.process[0] = start(target);
	t.n = t.alive = 1;
	alarm_in(LIMIT);
	while (t.alive > 0 || t.over) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno == ECHILD && t.over)
			break;
		if (pid < 0 && errno == EINTR) {
			if (rang)
				at_ring(&t);
			continue;
		}
		if (pid < 0)
			err(1, "waitpid");
		if (WIFSTOPPED(status))
			at_stop(&t, pid, status);
		else
			at_end(&t, pid, status, &then);
	}
	alarm_in(0);
	if (t.journal.file)
		(void)fclose(t.journal.file);
	result->processes = t.n;
	if (memory)
		result->fired = (int)target->page->fired;
	for (size_t i = 0; i < calls_n; i++)
		for (unsigned p = 0; calls[i].number < 0 && p < PROCESSES; p++)
			result->counts[p][i] = target->page->allocations[p];
}
