/* SPDX-License-Identifier: ISC */
/*
 * The dispatcher: sees messages through, to a status for each recipient.
 * It decides with pure functions (route/) and acts by agents (agent/); it
 * reads no byte from the network, and believes no agent more than it must.
 */
#ifndef DELIVERY_DISPATCH_H
#define DELIVERY_DISPATCH_H

#include "delivery/job.h"
#include "delivery/opts.h"

/*
 * Tries to deliver to every recipient of every message; when it returns each
 * has a status that is not open, and every attempt is in the log.  -1 with
 * *e when this machine refused a process or a pipe on the way: recipients who
 * wanted it are deferred, by BLAME_US.
 */
int dispatch(struct job *, size_t jobs, const struct dispatch_opts *,
    struct pool *, struct err *);

#endif
