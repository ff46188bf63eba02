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

/* False if it cannot be read. */
static bool
read_mark(const struct job *job, const struct recipient *r, enum mark *mark)
{
	const struct entry *entry = job->entry;
	char byte = 0;
	ssize_t got = sys_pread(
	    entry->env, &byte, 1, entry->marks.at + (off_t)job_mark_of(job, r));

	*mark = (enum mark)byte;
	return got == 1 && mark_known(byte);
}

void
job_mark(const struct job *job, const struct recipient *r, enum mark mark)
{
	enum mark there;
	struct err e;

	if (job->state != JOB_KEPT)
		return;
	/* Doubt, where nothing can be read, is ours: the mark may know. */
	if (mark == MARK_DOUBT && !read_mark(job, r, &there))
		return;
	job->entry->unsynced = true;
	if (mark_put(&job->entry->marks, job_mark_of(job, r), mark, &e) < 0)
		trouble(job, &e);
}

enum mark
job_marked(const struct job *job, const struct recipient *r)
{
	enum mark mark;

	if (job->state != JOB_KEPT)
		return MARK_WAITING;
	/* What cannot be read may have been sent. */
	return read_mark(job, r, &mark) ? mark : MARK_SENDING;
}

bool
job_sync(const struct job *job)
{
	struct err e;

	if (job->state != JOB_KEPT)
		return true;
	if (mark_sync(&job->entry->marks, &e) == 0) {
		job->entry->unsynced = false;
		return true;
	}
	trouble(job, &e);
	return false;
}

bool
job_settled(const struct job *job)
{
	return job->state != JOB_KEPT || !job->entry->unsynced || job_sync(job);
}

struct status
job_unreported(enum mark mark)
{
	if (mark == MARK_DELIVERED)
		return status_own(BLAME_MESSAGE, "2.0.0",
		    STR("delivered; the process that sent it ended before it "
			"could say more"));
	if (mark == MARK_FAILED)
		return status_own(BLAME_MESSAGE, "5.0.0",
		    STR("refused; the process that sent it ended before it "
			"could say more"));
	return status_own(BLAME_DOUBT, "4.4.2",
	    STR("the process that sent the message ended without a verdict: "
		"it may be delivered twice"));
}
