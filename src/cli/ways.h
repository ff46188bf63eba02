/* SPDX-License-Identifier: ISC */
/* Which way the mail goes: the relays and routes of the configuration. */
#ifndef CLI_WAYS_H
#define CLI_WAYS_H

#include "base/err.h"
#include "cli/values.h"
#include "route/route.h"

/*
 * Fills in what routing needs; it is in the pool.  -1 with *e where one part of
 * the configuration does not fit another: a relay without a host, say.
 */
int ways_of(struct routes *, const struct conf *, struct pool *, struct err *)
    __attribute__((warn_unused_result));

/*
 * The relay that this text would mean as the key relay, but all that its
 * connection can prove is only to be looked at (net/demand.h).
 */
int ways_look(struct relay *, const struct conf *, struct str text,
    struct pool *, struct err *) __attribute__((warn_unused_result));

#endif
