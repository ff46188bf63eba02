/* SPDX-License-Identifier: ISC */
/* Changes to entries, by ID, under their locks (G-17). */
#ifndef CLI_QUEUE_CHANGE_H
#define CLI_QUEUE_CHANGE_H

#include "spool/store.h"

/* All entries, for whoever names them; no ID that we make is as short. */
#define CHANGE_ALL "ALL"

enum change { CHANGE_HOLD, CHANGE_RELEASE, CHANGE_REQUEUE, CHANGE_DELETE };

struct change_opts {
	enum change change;
	unsigned long uid; /* who asks: of an admin, for the log alone */
	int64_t now;	   /* ms of the wall clock */
	/* Gets a sentence on each entry; status is 0 if it is done. */
	void (*say)(void *ctx, int status, const char *id, const char *text);
	void *ctx;
};

/*
 * Changes one entry.  Returns the exit status: 0, also if it was so already;
 * 64 no ID; 65 broken; 69 there is none; 74 it could not be written; 75 it is
 * in delivery; 77 it is somebody else's.
 */
int queue_change(
    const struct store *, const char *id, const struct change_opts *);

/*
 * Changes all that the caller may change: for a user, his own.  Of several
 * failures the first is returned, but 75 only where there is no other.
 */
int queue_change_all(const struct store *, const struct change_opts *);

/* The status of two changes in a row. */
int queue_change_worst(int before, int status);

#endif
