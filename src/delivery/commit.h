/* SPDX-License-Identifier: ISC */
/*
 * The commit of a message beside its delivery: a child writes, and nothing of
 * the entry is touched while it lives (spool-protocol, 5 to 7).
 */
#ifndef DELIVERY_COMMIT_H
#define DELIVERY_COMMIT_H

#include "agent/start.h"
#include "delivery/job.h"

struct commit {
	struct job *job; /* NULL: there is none, or it is settled */
	struct agent agent;
	struct report_reader reader;
};

/*
 * Begins; where no child can be had, it is done at once.  One job of a run, at
 * most, is to be committed.
 */
void commit_start(struct commit *, struct job *);

/* What to poll for reading; -1 when nothing is to come. */
int commit_fd(const struct commit *);

/*
 * Takes what has come, or waits for the end (wait).  True when the job has
 * just been settled: kept, loose or unsure, which is in the log.
 */
bool commit_go_on(struct commit *, bool wait);

#endif
