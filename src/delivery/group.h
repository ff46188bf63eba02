/* SPDX-License-Identifier: ISC */
/* Which recipients go together. */
#ifndef DELIVERY_GROUP_H
#define DELIVERY_GROUP_H

#include "delivery/hop.h"

/*
 * Finds all recipients that go the same way: to the same domain, with the
 * same needs; many of them make several hops, of 1,000 recipients or 250
 * messages at most.  Returns *n destinations, their hops one behind the other,
 * in the run's pool; sets since[SINCE_RUN] and [SINCE_READ] of each recipient.
 */
struct dest *group_recipients(struct run *, size_t *n);

#endif
