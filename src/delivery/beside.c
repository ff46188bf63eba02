/* SPDX-License-Identifier: ISC */
#include "delivery/beside.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "os/proc.h"
#include "os/sys.h"

/* ms: a signal is handed on so much later. */
enum { LATEST = 500 };

struct task {
	struct beside *beside;
	const struct slow *slow;
	int (*run)(void *ctx);
	void *ctx;
	int to;
};

static void
leave_alone(struct beside *b, const struct slow *slow)
{
	const struct next_hop **taken =
	    pool_array(&b->pool, b->taken_n + slow->n, sizeof(*taken));

	for (size_t i = 0; i < b->taken_n; i++)
		taken[i] = b->taken[i];
	for (size_t i = 0; i < slow->n; i++)
		taken[b->taken_n++] = slow->target[i];
	b->taken = taken;
}

static int
work(void *arg)
{
	const struct task *task = arg;
	struct beside *b = task->beside;

	for (size_t i = 0; i < task->slow->fds; i++)
		sys_close(task->slow->fd[i]);
	leave_alone(b, task->slow);
	b->pid = 0;
	b->pipe = task->to;
	return task->run(task->ctx);
}

bool
beside_begin(
    struct beside *b, const struct slow *slow, int (*run)(void *ctx), void *ctx)
{
	struct task task = {b, slow, run, ctx, -1};
	struct err e;
	int ends[2];

	if (sys_pipe(ends) < 0) {
		log_event(LOG_LEVEL_ERROR, "qmgr", "pipe: %s", strerror(errno));
		return false;
	}
	task.to = ends[1];
	b->pid = proc_branch(work, &task, &e);
	sys_close(ends[1]);
	if (b->pid > 0) {
		b->pipe = ends[0];
		return true;
	}
	log_event(LOG_LEVEL_ERROR, "qmgr", "%s", e.text);
	sys_close(ends[0]);
	b->pid = 0;
	return false;
}

int
beside_tell(const struct beside *b, const void *told, size_t n)
{
	return sys_write(b->pipe, told, n) == (ssize_t)n ? EX_OK : EX_OSERR;
}

/* Until it says something, or ends; what we are told, so is it. */
static void
await(const struct beside *b, const volatile sig_atomic_t *leave)
{
	struct pollfd p = {.fd = b->pipe, .events = POLLIN};
	sig_atomic_t asked = 0;

	do {
		if (leave && *leave != asked) {
			asked = *leave;
			proc_ask(b->pid);
		}
	} while (sys_poll(&p, 1, clock_now() + LATEST) <= 0);
}

int
beside_end(struct beside *b, bool wait, const volatile sig_atomic_t *leave,
    void *told, size_t n)
{
	struct pollfd p = {.fd = b->pipe, .events = POLLIN};
	bool whole;
	int status;

	if (b->pid == 0)
		return 0;
	if (wait)
		await(b, leave);
	else if (sys_poll(&p, 1, clock_now()) <= 0)
		return 0;
	whole = sys_read(b->pipe, told, n) == (ssize_t)n;
	sys_close(b->pipe);
	(void)proc_reap(b->pid, true, &status);
	b->pid = 0;
	return whole ? 1 : -1;
}

bool
beside_has(const struct beside *b, const struct next_hop *target)
{
	for (size_t i = 0; i < b->taken_n; i++)
		if (target->kind == b->taken[i]->kind &&
		    target->relay == b->taken[i]->relay &&
		    str_eq(target->domain, b->taken[i]->domain))
			return true;
	return false;
}
