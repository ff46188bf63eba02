/* SPDX-License-Identifier: ISC */
/*
 * The words of an envelope's lines.  There is one form for everything, so
 * that what is read and written again is the same; what is read may be
 * anybody's.
 */
#ifndef SPOOL_FIELD_H
#define SPOOL_FIELD_H

#include "base/buf.h"
#include "base/pool.h"

/* Takes the next word, ended by one space; it is not empty. */
bool field_word(struct str *rest, struct str *word);

/* A decimal number as printf writes it, at most max. */
bool field_number(struct str word, uint64_t max, uint64_t *value);

/* An instant of the wall clock in ms: "1732477000.123". */
void field_put_time(struct buf *, int64_t ms);
bool field_time(struct str word, int64_t *ms);

/* An escaped word or, with spaces, rest of a line; the result is p's. */
bool field_text(
    struct str escaped, bool spaces, struct pool *p, struct str *text);

/*
 * Indexes of recipients as ranges, "0-4,7": index[] ascends.  field_ranges is
 * true if that is what it is, and all are below count; then field_range
 * takes one after the other, [*from, *to], and is false at the end.
 */
void field_put_ranges(struct buf *, const size_t *index, size_t n);
bool field_ranges(struct str ranges, size_t count);
bool field_range(struct str *rest, size_t *from, size_t *to);

#endif
