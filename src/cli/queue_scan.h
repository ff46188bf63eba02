/* SPDX-License-Identifier: ISC */
/* All entries of a spool, one after the other, as they are seen by a list. */
#ifndef CLI_QUEUE_SCAN_H
#define CLI_QUEUE_SCAN_H

#include "spool/look.h"
#include "spool/select.h"

struct queue_item {
	const char *id;
	const char *wrong; /* NULL; else it cannot be read, and why */
	bool active;	   /* in delivery */
	struct envelope env;
	struct stored stored;
};

struct queue_sum {
	size_t entries;	 /* that could be read, selected */
	uint64_t octets; /* of their messages */
	size_t incoming; /* messages without envelope */
	size_t unread;	 /* newer versions, or an error; may be read later */
	size_t others;	 /* of other users, which are not looked at */
	size_t broken;	 /* entries that are none, in place or set aside */
};

/*
 * Calls each for every entry that something is to be done for, and for those
 * that cannot be read unless there is a selection.  What it gets lives until
 * it returns; with false it ends the scan.  -1 with *e: the spool cannot be
 * listed.
 */
int queue_scan(const struct store *, const struct selector *, size_t n,
    bool (*each)(void *ctx, const struct queue_item *), void *ctx,
    struct queue_sum *, struct err *);

#endif
