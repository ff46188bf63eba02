/* SPDX-License-Identifier: ISC */
/* The recipients of a message, each once. */
#ifndef DELIVERY_UNIQUE_H
#define DELIVERY_UNIQUE_H

#include "mail/envelope.h"

/*
 * Appends the address as it stands in a command: its domain in ASCII (B-40),
 * but for one that is no domain.
 */
void unique_path(struct buf *, const struct addr *);

/*
 * Adds n addresses to the envelope's recipients; of several that are the
 * same mailbox the first stays: local parts are compared byte by byte,
 * domains in ASCII and without regard to case.  Takes n log n steps.
 */
void unique_add(
    struct envelope *, const struct addr *, size_t n, struct pool *);

/* Takes away from the envelope's recipients those that are in addr[0..n). */
void unique_remove(
    struct envelope *, const struct addr *, size_t n, struct pool *);

/* Of recipients that are the same mailbox the first stays, as it is. */
void unique_once(struct envelope *, struct pool *);

#endif
