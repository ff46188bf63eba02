/* SPDX-License-Identifier: ISC */
/*
 * Names of this host among the recipients of the queue: what the aliases make
 * of them now.
 */
#ifndef DELIVERY_FORWARD_H
#define DELIVERY_FORWARD_H

#include "delivery/job.h"
#include "delivery/resolve.h"
#include "spool/envfile.h"

/*
 * Looks again for where recipient r of a kept message leads, if it has no
 * domain (H-29).  One address: r becomes that.  Several: its mark is one, so
 * they get an entry of their own, and when that is on disk r is done with;
 * or, with a status, has to wait.  What an alias has led to is not looked up
 * a second time, but for names that had no alias.
 */
void forward_name(const struct store *, const struct job *,
    const struct stored *, struct recipient *, const struct resolve_opts *,
    struct pool *);

#endif
