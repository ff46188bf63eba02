/* SPDX-License-Identifier: ISC */
#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"

/* What an empty buffer points at; size 0 says that it is nobody's. */
static char nothing[1];

enum { PAGE = 4096, MIDDLE = PAGE / 2 };

static void
check(const struct buf *b)
{
	assert(b->p != NULL && b->n <= b->max && b->p[b->n] == '\0');
	assert(b->size == 0 ? b->n == 0 : b->n < b->size);
}

void
buf_init(struct buf *b, size_t max)
{
	assert(max < SIZE_MAX / 4);
	*b = (struct buf){.p = nothing, .max = max};
}

void
buf_free(struct buf *b)
{
	if (b->size > 0)
		free(b->p);
	buf_init(b, b->max);
}

void
buf_wipe(struct buf *b)
{
	if (b->size > 0)
		explicit_bzero(b->p, b->size);
	buf_free(b);
}

void
buf_clear(struct buf *b)
{
	check(b);
	b->n = 0;
	b->over = false;
	if (b->size > 0)
		b->p[0] = '\0';
}

char *
buf_room(struct buf *b, size_t n)
{
	check(b);
	if (n > b->max - b->n) {
		b->over = true;
		return NULL;
	}
	if (b->n + n + 1 > b->size) {
		size_t size = b->size ? b->size * 2 : 128;
		char *p;

		if (size > b->max + 1)
			size = b->max + 1;
		if (size < b->n + n + 1)
			size = b->n + n + 1;
		p = realloc(b->size ? b->p : NULL, size);
		if (p == NULL)
			err_memory();
		p[b->n] = '\0';
		b->p = p;
		b->size = size;
	}
	return b->p + b->n;
}

void
buf_grew(struct buf *b, size_t n)
{
	if (n == 0)
		return;
	assert(b->size > b->n && n < b->size - b->n);
	b->n += n;
	b->p[b->n] = '\0';
}

void
buf_add(struct buf *b, struct str s)
{
	if (s.n == 0)
		return;

	char *room = buf_room(b, s.n);

	if (room == NULL)
		return;
	memcpy(room, s.p, s.n);
	buf_grew(b, s.n);
}

void
buf_byte(struct buf *b, char c)
{
	check(b);
	if (b->n + 1 >= b->size) {
		buf_add(b, str_of(&c, 1));
		return;
	}
	/* There is room: what is done for every byte of a text is short. */
	b->p[b->n++] = c;
	b->p[b->n] = '\0';
}

void
buf_printf(struct buf *b, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0) {
		b->over = true;
		return;
	}

	char *room = buf_room(b, (size_t)n);

	if (room == NULL || n == 0)
		return;
	va_start(ap, format);
	(void)vsnprintf(room, (size_t)n + 1, format, ap);
	va_end(ap);
	buf_grew(b, (size_t)n);
}

void
buf_shift(struct buf *b, size_t n)
{
	check(b);
	if (n == 0)
		return;
	if (n > b->n)
		n = b->n;
	memmove(b->p, b->p + n, b->n - n);
	buf_cut(b, b->n - n);
}

void
buf_cut(struct buf *b, size_t n)
{
	check(b);
	if (n >= b->n)
		return;
	b->n = n;
	b->p[n] = '\0';
}

char *
buf_block(size_t n)
{
	size_t pages = (MIDDLE + n) / PAGE + 1;
	char *p = aligned_alloc(PAGE, pages * PAGE);

	if (p == NULL)
		err_memory();
	return p + MIDDLE;
}

void
buf_block_free(char *block)
{
	if (block)
		free(block - MIDDLE);
}
