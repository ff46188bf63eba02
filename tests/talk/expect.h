/* SPDX-License-Identifier: ISC */
/* Compares what a play expects with what came. */
#ifndef TALK_EXPECT_H
#define TALK_EXPECT_H

#include "mail/envelope.h"
#include "../lib/world.h"

struct heard {
	struct envelope env; /* as it was left */
	struct buf show;     /* the conversation, as -v shows it */
	struct buf log;
	int64_t took;	/* virtual ms */
	unsigned stuck; /* waits that would never have ended */
};

/* Each difference becomes a fault. */
void expect_all(const struct play *, const struct world *, const struct heard *,
    struct faults *);

/*
 * A play that `fails` must fail so.  One that is pending must fail somehow:
 * true if it did.
 */
bool expect_failure(const struct play *, struct faults *);

#endif
