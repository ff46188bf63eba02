/* SPDX-License-Identifier: ISC */
/* Which recipients go together. */
#ifndef DELIVERY_GROUP_H
#define DELIVERY_GROUP_H

#include "delivery/hop.h"

/*
 * Makes a hop of all recipients that go the same way: to the same domain, with
 * the same needs, 1,000 of 100 messages at most.  Returns *n hops, in the
 * run's pool; sets since[SINCE_RUN] and [SINCE_READ] of each recipient.
 */
struct hop *group_recipients(struct run *, size_t *n);

#endif
