/* SPDX-License-Identifier: ISC */
/* The words of talk files: splitting, escapes, patterns, durations. */
#ifndef LIB_WORDS_H
#define LIB_WORDS_H

#include "base/buf.h"

/* Of an array. */
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/*
 * Takes the next word off *rest; blanks separate words, "..." holds one
 * together (without its quotes).  Empty when there is none.
 */
struct str words_next(struct str *rest);

/* Appends s with its escapes resolved: \r \n \t \0 \s (space) \xHH \\. */
void words_unescape(struct buf *b, struct str s);

/*
 * Does text match the whole pattern?  * is any run of bytes; escapes as
 * above, and \*.
 */
bool words_match(struct str pattern, struct str text);

/* "5s", "250ms", "5m", "1h" in milliseconds; false if it is none. */
bool words_time(struct str s, int64_t *ms);

#endif
