/* SPDX-License-Identifier: ISC */
/* The queue as a list, for people and for programs (A-26, G-16, K-11). */
#ifndef CLI_QUEUE_LIST_H
#define CLI_QUEUE_LIST_H

#include "base/buf.h"
#include "cli/queue_scan.h"

/* Gets the list in pieces; false: no more of it. */
struct queue_sink {
	bool (*put)(void *ctx, struct str piece);
	void *ctx;
};

/*
 * Puts the selected entries, in columns, and how many there are; or, json, an
 * object on a line for each.  now: the wall clock's ms.  *sum says what was
 * found, as far as the sink wanted it.  -1 with *e: there is no list.
 */
int queue_list(const struct store *, const struct selector *, size_t n,
    bool json, int64_t now, const struct queue_sink *, struct queue_sum *,
    struct err *);

#endif
