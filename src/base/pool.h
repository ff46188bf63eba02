/* SPDX-License-Identifier: ISC */
/*
 * Memory with the lifetime of one task (a message, a configuration, an
 * attempt): taken piece by piece, given back as a whole.  Never returns
 * NULL: no memory ends the process (base/err.h).  Under POOL_EACH every
 * piece is a malloc of its own, so that sanitizers see each edge.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include "base/str.h"

struct pool {
	struct pool_chunk *chunks;
	size_t left; /* bytes free at the end of the first chunk */
};

/* An empty pool is all zeros: struct pool p = {0}. */

/* n zeroed bytes, aligned for any type. */
void *pool_take(struct pool *p, size_t n);

/* As pool_take for count elements of size bytes; overflow is "no memory". */
void *pool_array(struct pool *p, size_t count, size_t size);

/* A copy of s, with a '\0' behind it. */
struct str pool_str(struct pool *p, struct str s);
const char *pool_c(struct pool *p, struct str s);

/* Gives everything back; the pool is then empty and usable.  Idempotent. */
void pool_free(struct pool *p);

#endif
