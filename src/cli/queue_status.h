/* SPDX-License-Identifier: ISC */
/* How the queue fares, for monitors (K-14). */
#ifndef CLI_QUEUE_STATUS_H
#define CLI_QUEUE_STATUS_H

#include "base/buf.h"
#include "cli/queue_scan.h"

enum health {
	HEALTH_FINE,
	HEALTH_WARNING, /* nobody runs the queue, or something is old */
	HEALTH_TROUBLE, /* entries that are broken or cannot be read */
};

/* An entry is counted once: where it fits first. */
struct queue_status {
	struct queue_sum sum;
	size_t active, held, due, waiting;
	size_t recipients;
	/* ms of the wall clock; 0: none */
	int64_t oldest; /* arrival, of those that are not held */
	int64_t next;	/* attempt, of those that wait */
	int64_t run;	/* the last one of the queue */
};

/* Looks at the whole spool.  -1 with *e. */
int queue_status(
    const struct store *, int64_t now, struct queue_status *, struct err *);

enum health queue_health(const struct queue_status *, int64_t now);

/* A line that says all in short, then "word number" each; or an object. */
void queue_status_text(struct buf *, const struct queue_status *, int64_t now);
void queue_status_json(struct buf *, const struct queue_status *, int64_t now);

#endif
