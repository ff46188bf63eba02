/* SPDX-License-Identifier: ISC */
/*
 * To wake who runs the queue: the file `wake` of the spool is touched, after
 * the entry that is meant has been let go.  Who waits is told by inotify, or,
 * where there is none, looks at the file every few seconds; a path unit of
 * systemd may wait as well.
 */
#ifndef SPOOL_WAKE_H
#define SPOOL_WAKE_H

#include <time.h>

#include "spool/store.h"

/* Touches it.  -1 with *e: who runs the queue finds the entry in time. */
int wake_touch(const struct store *, struct err *);

struct wake {
	const struct store *store;
	int fd;		      /* to poll for POLLIN; -1: there is no inotify */
	struct timespec seen; /* when it was touched, as far as we know */
};

/* Begins to watch.  It works without inotify, and without the file, too. */
void wake_watch(struct wake *, const struct store *);
void wake_close(struct wake *);

/*
 * Was it touched since the last call (or wake_watch)?  To be asked before the
 * spool is listed: what comes later is news for the next call.
 */
bool wake_news(struct wake *);

/* ms: who waits looks so often, whether fd is ready or not. */
int64_t wake_often(const struct wake *);

#endif
