/* SPDX-License-Identifier: ISC */
/*
 * A nameserver that answers from a play's zone, well or badly, over UDP and
 * TCP.  Never blocks; the world drives it.
 */
#ifndef LIB_NAMESERVER_H
#define LIB_NAMESERVER_H

#include "base/buf.h"
#include "play.h"

struct nameserver;

/* Takes two bound descriptors: UDP, and a listening TCP one. */
struct nameserver *nameserver_new(int udp, int tcp, const struct play *);
void nameserver_free(struct nameserver *);

/* As a vtime_idle. */
bool nameserver_run(struct nameserver *, int64_t *next);

/* How often the name was asked for that type ("MX", "a"). */
unsigned nameserver_asked(
    const struct nameserver *, struct str name, unsigned type);

#endif
