/* SPDX-License-Identifier: ISC */
/*
 * What processes that died, and power cuts, leave in the spool (19, 21 of
 * spool-protocol).  An entry with message and envelope is the runner's
 * matter; here go messages without envelope, never committed, whoever's
 * lock is gone, and envelopes without message.
 */
#ifndef SPOOL_SWEEP_H
#define SPOOL_SWEEP_H

#include "spool/store.h"

struct swept {
	size_t removed; /* never committed, or finished */
	size_t aside;	/* to corrupt/: never deleted, never sent (G-39) */
	size_t left;	/* locked, of another version, or with an error */
};

/*
 * Sweeps the entries of store_list.  say(ctx, text) gets a sentence, for the
 * log, on what is set aside or cannot be dealt with.
 */
void sweep(const struct store *, const struct store_item *, size_t n,
    void (*say)(void *ctx, const char *text), void *ctx, struct swept *);

#endif
