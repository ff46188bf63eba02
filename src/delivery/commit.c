/* SPDX-License-Identifier: ISC */
#include "delivery/commit.h"

#include "base/err.h"
#include "base/log.h"

static void
say(const struct job *job, enum log_level level, struct str text)
{
	log_event(level, "qmgr", "%.*s: %.*s", STR_ARG(job->envelope->id),
	    STR_ARG(text));
}

static void
settle(struct commit *c, bool done)
{
	static const enum job_state states[] = {JOB_LOOSE, JOB_KEPT};
	struct job *job = c->job;
	struct err e;
	int kept = entry_settle(job->entry, done, &e);

	/* One that is committed here is all of the mail (spooled_jobs). */
	c->job = NULL;
	job->state = kept < 0 ? JOB_UNSURE : states[kept];
	if (kept > 0)
		err_memory_safe();
	if (kept == 0)
		say(job, LOG_LEVEL_WARNING,
		    STR("not in the spool: it goes on without"));
	if (kept < 0)
		say(job, LOG_LEVEL_ERROR, str_c(e.text));
}

void
commit_start(struct commit *c, struct job *job)
{
	struct err e;
	int result;

	*c = (struct commit){.agent = {-1, -1, -1}};
	c->job = job;
	report_reader_init(&c->reader);
	if (agent_commit(&c->agent, job->entry, job->text, &e) == 0)
		return;
	say(job, LOG_LEVEL_WARNING, str_c(e.text));
	result = entry_commit(job->entry, job->text, &e);
	if (result < 0)
		say(job, LOG_LEVEL_ERROR, str_c(e.text));
	report_reader_free(&c->reader);
	settle(c, result == 0);
}

int
commit_fd(const struct commit *c)
{
	return c->job ? c->agent.report : -1;
}

/* Why it failed is all that it says. */
static void
heard(void *ctx, struct str line)
{
	const struct commit *c = ctx;
	struct record r;
	struct err e;

	if (report_parse(line, &r, &e) == 0 && r.kind == RECORD_LOG)
		say(c->job, LOG_LEVEL_ERROR, r.text);
}

bool
commit_go_on(struct commit *c, bool wait)
{
	struct err e;
	int more;

	if (c->job == NULL)
		return false;
	do
		more = report_read(&c->reader, c->agent.report, heard, c, &e);
	while (wait && more > 0);
	if (more > 0)
		return false;
	report_reader_free(&c->reader);
	settle(c, agent_finish(&c->agent));
	return true;
}
