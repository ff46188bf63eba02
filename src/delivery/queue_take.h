/* SPDX-License-Identifier: ISC */
/*
 * The part of a run of the queue (delivery/queue.c) that says which messages
 * are for it, and takes hold of them.
 */
#ifndef DELIVERY_QUEUE_TAKE_H
#define DELIVERY_QUEUE_TAKE_H

#include "base/log.h"
#include "delivery/beside.h"
#include "delivery/job.h"
#include "delivery/queue.h"
#include "spool/load.h"

/* A message that was taken. */
struct queued {
	struct pool pool;
	struct entry entry;
	struct envelope envelope;
	struct content content;
	struct stored stored;
	bool finished; /* what came of it is written down */
};

struct queue {
	const struct store *store;
	const struct queue_opts *opts;
	struct queue_count *count;
	const struct store_item *item;
	size_t items;
	size_t at;	 /* the next one to look at */
	int64_t begun;	 /* wall clock */
	unsigned agents; /* at once, at most */
	struct beside beside;
	struct queued *batch;
	size_t n;
	size_t recipients; /* of all these */
	size_t max;
	struct dead dead;
	bool due_only;
	bool more; /* there may be new entries to send */
};

/* It works on the entry of d. */
struct job queue_job(struct queued *d);

void queue_note(const char *id, enum log_level, const char *text);

/*
 * Looks, without taking hold of it, whether the entry is meant and something
 * may be to be done: the lock costs a write to the disk, and most are not due
 * (4).  When something will be, count->next knows.
 */
bool queue_worth(const struct queue *, const char *id, int64_t now);

/*
 * Takes hold of a message, if something is to be done for it; those of its
 * recipients for whom nothing is are idle.  In any case queue_drop is due, or
 * what ends the job.
 */
bool queue_take(struct queue *, struct queued *, const char *id, int64_t now);
void queue_drop(struct queued *);

/*
 * It was dealt with, and is still there: when something is to be done for it
 * again is in count->next, and what this run could not do is not done at once.
 */
void queue_next(const struct queue *, const char *id, int64_t now);

#endif
