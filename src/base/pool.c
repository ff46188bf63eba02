/* SPDX-License-Identifier: ISC */
#include "base/pool.h"

#include <stdalign.h>
#include <stdlib.h>

#include "base/err.h"

struct pool_chunk {
	struct pool_chunk *next;
	size_t size;
	alignas(max_align_t) char data[];
};

#ifdef POOL_EACH
enum { CHUNK = 1 };
#else
enum { CHUNK = 4000 };
#endif

void *
pool_take(struct pool *p, size_t n)
{
	size_t align = alignof(max_align_t);

	if (n > SIZE_MAX / 4)
		err_memory();
	if (n == 0)
		n = 1;
#ifndef POOL_EACH
	n = (n + align - 1) / align * align;
#else
	(void)align;
#endif
	if (p->chunks == NULL || p->left < n) {
		size_t size = n > CHUNK ? n : CHUNK;
		struct pool_chunk *c = calloc(1, sizeof(*c) + size);

		if (c == NULL)
			err_memory();
		c->size = size;
		c->next = p->chunks;
		p->chunks = c;
		p->left = size;
	}

	char *piece = p->chunks->data + (p->chunks->size - p->left);

	p->left -= n;
	return piece;
}

void *
pool_array(struct pool *p, size_t count, size_t size)
{
	if (size > 0 && count > SIZE_MAX / 4 / size)
		err_memory();
	return pool_take(p, count * size);
}

struct str
pool_str(struct pool *p, struct str s)
{
	char *copy = pool_take(p, s.n + 1);

	if (s.n > 0)
		memcpy(copy, s.p, s.n);
	return str_of(copy, s.n);
}

const char *
pool_c(struct pool *p, struct str s)
{
	return pool_str(p, s).p;
}

void
pool_free(struct pool *p)
{
	struct pool_chunk *next;

	for (struct pool_chunk *c = p->chunks; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	*p = (struct pool){0};
}
