/* SPDX-License-Identifier: ISC */
#include "delivery/job.h"

#include "base/log.h"
#include "os/sys.h"

size_t
job_mark_of(const struct job *job, const struct recipient *r)
{
	return (size_t)(r - job->envelope->rcpt);
}

static void
trouble(const struct job *job, const struct err *e)
{
	log_event(LOG_LEVEL_ERROR, "qmgr", "%.*s: %s",
	    STR_ARG(job->envelope->id), e->text);
}

void
job_mark(const struct job *job, const struct recipient *r, enum mark mark)
{
	struct err e;

	if (job->state == JOB_KEPT &&
	    mark_put(&job->entry->marks, job_mark_of(job, r), mark, &e) < 0)
		trouble(job, &e);
}

enum mark
job_marked(const struct job *job, const struct recipient *r)
{
	const struct entry *entry = job->entry;
	char byte;

	if (job->state != JOB_KEPT)
		return MARK_WAITING;
	/* What cannot be read may have been sent. */
	if (sys_pread(entry->env, &byte, 1,
		entry->marks.at + (off_t)job_mark_of(job, r)) != 1 ||
	    !mark_known(byte))
		return MARK_SENDING;
	return (enum mark)byte;
}

bool
job_sync(const struct job *job)
{
	struct err e;

	if (job->state != JOB_KEPT || mark_sync(&job->entry->marks, &e) == 0)
		return true;
	trouble(job, &e);
	return false;
}
