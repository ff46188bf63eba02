/* SPDX-License-Identifier: ISC */
/* One agent that is asked one thing, outside of any delivery. */
#ifndef CLI_HEAR_H
#define CLI_HEAR_H

#include "agent/start.h"

/*
 * Hands each record that the agent reports to take(ctx), until that wants no
 * more (false), the agent has ended, the deadline is over, it says more than
 * any has to, or what it says is no record; then ends it.
 */
void hear_agent(struct agent *, int64_t deadline,
    bool (*take)(void *ctx, const struct record *), void *ctx);

#endif
