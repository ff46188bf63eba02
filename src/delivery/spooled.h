/* SPDX-License-Identifier: ISC */
/*
 * A message of a run and its entry in the spool: how it gets there, and what
 * is written down when its walk is over.  The numbers are the rules of
 * spool-protocol.
 */
#ifndef DELIVERY_SPOOLED_H
#define DELIVERY_SPOOLED_H

#include "delivery/job.h"
#include "spool/load.h"
#include "spool/schedule.h"

/* What is said of a message when it is given to the spool. */
struct arrival {
	int64_t when; /* wall clock, ms */
	unsigned long uid;
	struct str message_id;
	struct str args; /* as in struct stored */
};

/*
 * Commits a message that stands in job->entry, its recipients sorted:
 * JOB_KEPT.  -1 with *e: JOB_LOOSE or JOB_UNSURE.
 */
int spooled_commit(struct job *, const struct arrival *, struct pool *,
    struct err *) __attribute__((warn_unused_result));

/*
 * The jobs of a message that was written to the entry `first`: its recipients
 * are sorted, and of more than ENVFILE_RCPTS each part is an entry of its
 * own, with a copy of the message.  All are committed at once (now), but for
 * a single one that may be left JOB_COMMITTING, for dispatch.  -1 with *e:
 * some job is not kept.
 */
int spooled_jobs(struct envelope *, const struct content *, struct entry *first,
    const struct arrival *, bool now, struct job **, size_t *n, struct pool *,
    struct err *);

/* Takes back a job that was committed a moment ago. */
void spooled_withdraw(struct job *);

/*
 * After the walk, of a kept message that came at `arrived`: what has been
 * tried in vain, or has failed and is not reported, gets its event lines, and
 * what was in doubt counts one more doubtful send.  Recipients that are open
 * were not tried.  fate is what was known before, NULL: nothing.  Times are the
 * wall clock's, in ms.
 */
void spooled_note(const struct job *, int64_t arrived, const struct fate *,
    const struct schedule *, int64_t now);

/* Marks as reported whoever has failed: the caller has told who sent it. */
void spooled_told(const struct job *);

/* Is something still to be done for one of its recipients? */
bool spooled_waits(const struct job *);

/*
 * The end (17): if all is final and on disk the entry is removed, which is in
 * the log; else it stays, for the queue.  It is closed in any case.
 */
void spooled_end(struct job *);

#endif
