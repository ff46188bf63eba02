/* SPDX-License-Identifier: ISC */
#include "agent/start.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "agent/lookup.h"
#include "agent/name.h"
#include "agent/smtp.h"
#include "base/clock.h"
#include "base/log.h"
#include "os/become.h"
#include "os/group.h"
#include "os/proc.h"
#include "os/sys.h"

/* What comes behind the deadline: marks, their sync, the report. */
enum { LAST_WORDS_MS = 60000 };

/* A child's ends of the pipes, and what it is to do. */
struct child {
	int report;
	int command;
	int64_t deadline;
	const struct errand *errand;
	const struct lookup_errand *lookup;
	const struct entry *entry;
	struct str text;    /* an envelope, or the name of a host */
	struct report said; /* of an smtp agent */
	bool alone;	    /* past its first gate */
};

/*
 * Waits for the byte that opens the gate.  The end of the pipe is the end of
 * the dispatcher: then the gate stays shut.  So it does if he could not be
 * told that we wait.
 */
static enum gate
wait_at_gate(void *ctx)
{
	struct child *c = ctx;
	struct pollfd p = {.fd = c->command, .events = POLLIN};
	char byte;
	int ready;

	if (c->said.broken)
		return GATE_SHUT;
	do
		ready = sys_poll(&p, 1, c->deadline);
	while (ready < 0 && errno == EINTR);
	if (ready <= 0 || sys_read(c->command, &byte, 1) != 1)
		return GATE_SHUT;
	/* From here on the verdict is ours to bring home. */
	if (!c->alone)
		proc_detach();
	c->alone = true;
	return byte == GATE_LOOSE ? GATE_LOOSE : GATE_OPEN;
}

static int
run_smtp(void *arg)
{
	struct child *c = arg;

	/* What comes from a network is read without it (J-06); a password is
	 * read, and a socket of this host connected, before and with it: see
	 * smtp_attempt. */
	if (c->errand->login == NULL && !errand_is_socket(c->errand))
		group_drop();
	/* A dispatcher that is stopped reads no report: nobody waits for him
	 * for ever (spool-protocol, 22). */
	proc_end_by(c->deadline + LAST_WORDS_MS);
	report_init(&c->said, c->report);
	smtp_attempt(c->errand, &c->said, wait_at_gate, c, true);
	report_free(&c->said);
	return EX_OK;
}

static int
run_lookup(void *arg)
{
	struct child *c = arg;
	struct report report;
	int result;

	group_drop();
	report_init(&report, c->report);
	result = lookup_serve(c->lookup, c->command, &report);
	report_free(&report);
	return result < 0 ? EX_OSERR : EX_OK;
}

/*
 * Forks a child that runs run(c), with pipes both ways; it keeps what is in
 * keep[2..n), and the first two are for its ends of the pipes.
 */
static int
start(struct agent *agent, int (*run)(void *), struct child *c, int *keep,
    size_t n, struct err *e)
{
	int report[2];
	int command[2];

	*agent = (struct agent){.pid = -1, .report = -1, .command = -1};
	if (sys_pipe(report) < 0)
		return err_sys(e, "cannot make a pipe");
	if (sys_pipe(command) < 0) {
		err_sys(e, "cannot make a pipe");
		sys_close(report[0]);
		sys_close(report[1]);
		return -1;
	}
	c->report = report[1];
	c->command = command[0];
	keep[0] = report[1];
	keep[1] = command[0];
	agent->pid = proc_spawn(run, c, keep, n, e);
	sys_close(report[1]);
	sys_close(command[0]);
	agent->report = report[0];
	agent->command = command[1];
	if (agent->pid > 0)
		return 0;
	agent_end(agent);
	return -1;
}

void
agent_warm(enum tls_level level, const struct demand *demand)
{
	smtp_warm(level, demand);
}

int
agent_smtp(struct agent *agent, const struct errand *errand, struct err *e)
{
	struct child c = {.errand = errand, .deadline = errand->deadline};
	size_t n = 2;
	int *keep = calloc(2 * errand->letters + n + 1, sizeof(*keep));
	int result;

	if (keep == NULL)
		err_memory();
	for (size_t i = 0; i < errand->letters; i++) {
		keep[n++] = errand->letter[i].content.fd;
		keep[n++] = errand->letter[i].marks.fd;
	}
	keep[n++] = login_descriptor(errand->login);
	result = start(agent, run_smtp, &c, keep, n, e);
	free(keep);
	return result;
}

int
agent_lookup(
    struct agent *agent, const struct lookup_errand *lookup, struct err *e)
{
	struct child c = {.lookup = lookup};
	int keep[2];

	if (start(agent, run_lookup, &c, keep, 2, e) < 0)
		return -1;
	/* Who asks must not wait for who answers, who may wait for him. */
	if (fcntl(agent->command, F_SETFL, O_NONBLOCK) == 0)
		return 0;
	err_sys(e, "cannot prepare a pipe");
	agent_end(agent);
	return -1;
}

static int
run_name(void *arg)
{
	struct child *c = arg;
	struct report report;
	struct err e;

	group_drop();
	report_init(&report, c->report);
	/* What it lacks, the smtp agents say. */
	if (become_other(&e) < 0)
		name_refused(&report, &e);
	else
		name_look_up(c->lookup, c->text, &report);
	report_free(&report);
	return EX_OK;
}

int
agent_name(struct agent *agent, const struct lookup_errand *lookup,
    struct str host, struct err *e)
{
	struct child c = {.lookup = lookup, .text = host};
	int keep[2];

	return start(agent, run_name, &c, keep, 2, e);
}

static int
run_commit(void *arg)
{
	const struct child *c = arg;
	struct report report;
	struct err e;
	int result;

	/* Once begun it is seen through, whoever lives. */
	proc_detach();
	report_init(&report, c->report);
	result = entry_commit(c->entry, c->text, &e);
	if (result < 0) {
		struct record r = {.kind = RECORD_LOG,
		    .number = LOG_LEVEL_ERROR,
		    .text = str_c(e.text)};

		report_put(&report, &r);
		report_flush(&report);
	}
	report_free(&report);
	return result < 0 ? EX_IOERR : EX_OK;
}

int
agent_commit(struct agent *agent, const struct entry *entry, struct str text,
    struct err *e)
{
	struct child c = {.entry = entry, .text = text};
	int keep[] = {
	    -1, -1, entry->msg, entry->env, entry->marks.fd, entry->store->dir};

	return start(
	    agent, run_commit, &c, keep, sizeof(keep) / sizeof(keep[0]), e);
}

bool
agent_finish(struct agent *agent)
{
	int status = -1;

	sys_close(agent->command);
	sys_close(agent->report);
	if (agent->pid > 0)
		(void)proc_reap(agent->pid, true, &status);
	*agent = (struct agent){.pid = -1, .report = -1, .command = -1};
	return status == 0;
}

void
agent_release(struct agent *agent)
{
	sys_close(agent->command);
	sys_close(agent->report);
	*agent = (struct agent){.pid = -1, .report = -1, .command = -1};
}

void
agent_request(struct buf *b, const char *what, uint32_t id, struct str name)
{
	buf_printf(b, "%s %u %.*s\n", what, (unsigned)id, STR_ARG(name));
}

void
agent_end(struct agent *agent)
{
	sys_close(agent->command);
	sys_close(agent->report);
	proc_drop(agent->pid);
	*agent = (struct agent){.pid = -1, .report = -1, .command = -1};
}

void
agent_stop(struct agent *agent)
{
	proc_kill(agent->pid);
	(void)agent_finish(agent);
}

void
agent_smtp_here(const struct errand *errand, struct report *report,
    enum gate (*gate)(void *ctx), void *ctx)
{
	smtp_attempt(errand, report, gate, ctx, false);
}

void
agent_lookup_here(const struct lookup_errand *lookup, struct report *report,
    struct str request)
{
	lookup_answer(lookup, report, request);
}

void
agent_name_here(
    const struct lookup_errand *lookup, struct str host, struct report *report)
{
	name_look_up(lookup, host, report);
}
