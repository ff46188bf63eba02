/* SPDX-License-Identifier: ISC */
/* One message of a run, and what the spool knows of it. */
#ifndef DELIVERY_JOB_H
#define DELIVERY_JOB_H

#include "mail/envelope.h"
#include "spool/entry.h"

enum job_state {
	JOB_LOOSE,	/* in no spool: reports alone count */
	JOB_COMMITTING, /* no gate opens before it is settled */
	JOB_KEPT,	/* in the spool: the marks are the truth */
	JOB_UNSURE,	/* perhaps in the spool: nobody but the queue sends */
};

struct job {
	struct envelope *envelope; /* recipient i has mark i */
	const struct content *content;
	enum job_state state;
	struct entry *entry; /* NULL if loose from the start */
	struct str text;     /* of the envelope, if it is to be committed */
	size_t open; /* recipients whose fate dispatch has not sealed yet */
};

/* Which mark is the recipient's. */
size_t job_mark_of(const struct job *, const struct recipient *);

/* Marks the recipient, if the message is kept; trouble is in the log. */
void job_mark(const struct job *, const struct recipient *, enum mark);

/* The mark that stands; of what is not kept, MARK_WAITING. */
enum mark job_marked(const struct job *, const struct recipient *);

/*
 * What was marked is on disk.  False, and in the log, if that is not
 * certain.
 */
bool job_sync(const struct job *);

/*
 * The same, where the dispatcher has marked something, or left an agent alone
 * with it: what the others have reported they had put on disk before.
 */
bool job_settled(const struct job *);

/* What the mark of a recipient says whose verdict was not reported. */
struct status job_unreported(enum mark);

#endif
