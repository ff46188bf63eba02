/* SPDX-License-Identifier: ISC */
/*
 * Owned bytes that grow up to a hard maximum, set when the buffer is made.
 * p is never NULL and p[n] is always '\0', so that a buffer of text is a C
 * string at once.  What would pass the maximum is not added and raises the
 * flag `over`, which stays up until buf_clear: build the whole, ask once.
 * No memory ends the process (base/err.h).  Low-level: knows only base/.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/str.h"

struct buf {
	char *p;
	size_t n;
	size_t size; /* allocated, the terminating '\0' included */
	size_t max;  /* n never passes it */
	bool over;   /* something did not fit */
};

/* An empty buffer; allocates nothing.  max < SIZE_MAX / 4. */
void buf_init(struct buf *b, size_t max);

/* Releases the memory; b is then as after buf_init.  Idempotent. */
void buf_free(struct buf *b);

/*
 * As buf_free, and nothing that was in the buffer stays in memory, if it never
 * grew: see to the room (buf_room) before a secret comes.
 */
void buf_wipe(struct buf *b);

/* Forgets the content and the flag, keeps the memory. */
void buf_clear(struct buf *b);

/* What is added must not lie in b itself: b's bytes may move. */
void buf_add(struct buf *b, struct str s);
void buf_byte(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Room for at least n more bytes behind the content; the caller writes up to
 * n bytes at the pointer and then calls buf_grew.  NULL (and the flag) if
 * the maximum does not allow it.
 */
char *buf_room(struct buf *b, size_t n);
void buf_grew(struct buf *b, size_t n);

/* Drops the first n bytes (all of them if n is larger). */
void buf_shift(struct buf *b, size_t n);

/* Cuts the content to its first n bytes; larger n changes nothing. */
void buf_cut(struct buf *b, size_t n);

/*
 * n bytes for a block that is read into, in the middle of a page.  Where
 * malloc puts a large block, a few bytes into a page, some processors (AMD's)
 * fill it five times as slowly out of what begins with a page, as the
 * kernel's does; and whoever copies on from a page's begin meets the same.
 */
char *buf_block(size_t n);
void buf_block_free(char *block); /* or NULL */

static inline struct str
buf_str(const struct buf *b)
{
	return (struct str){b->p, b->n};
}

#endif
