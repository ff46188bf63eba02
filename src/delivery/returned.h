/* SPDX-License-Identifier: ISC */
/* The message that a report is about, read back from the spool in blocks. */
#ifndef DELIVERY_RETURNED_H
#define DELIVERY_RETURNED_H

#include "base/err.h"
#include "mail/dsn_about.h"
#include "mail/envelope.h"

/*
 * Appends to the file `to` what is returned: all of it, its fields without
 * the empty line, or nothing.  *put grows by as many octets.  -1 with *e.
 */
int returned_copy(int to, const struct content *, enum dsn_returned,
    uint64_t *put, struct err *) __attribute__((warn_unused_result));

/* Does its header say that a program wrote to many (G-30)?  If not: no. */
bool returned_is_bulk(const struct content *);

#endif
