/* SPDX-License-Identifier: ISC */
/*
 * The other ends: a nameserver and mail hosts, as a play wants them, on real
 * sockets of the loopback device, in the thread of whoever tests.  The
 * nameserver is 127.0.0.1, and each host has addresses of its own from
 * 127.0.0.10 on; they all listen on one port, which this run has for itself.
 *
 * world_idle is made for vtime_start; a program with a real clock calls it
 * in a loop, and waits a little in between.
 */
#ifndef LIB_WORLD_H
#define LIB_WORLD_H

#include "peer.h"
#include "play.h"

struct world;

/* NULL with *e if there are no sockets to be had. */
struct world *world_new(const struct play *, struct faults *, struct err *);
void world_free(struct world *);

unsigned world_port(const struct world *);

/* As a vtime_idle; ctx is the world. */
bool world_idle(void *ctx, int64_t *next);

/*
 * The client is done: whatever is still under way is played, and what was
 * expected of it but did not happen is a fault.
 */
void world_finish(struct world *);

/* How often a name was asked for a type ("MX") of the DNS. */
unsigned world_asked(const struct world *, struct str name, struct str type);

/* The hosts that connections came to, in order: "mx1.test mx2.test". */
struct str world_order(const struct world *);

#endif
