/* SPDX-License-Identifier: ISC */
/* Words of foreign or of our own text on lines of bounded length. */
#ifndef MAIL_FOLD_H
#define MAIL_FOLD_H

#include "base/buf.h"

/*
 * Appends the words of s (what blanks part), with a single blank between
 * them, behind what the last line of out holds; where a line would pass 77
 * columns, next ("\r\n ", say) stands in place of the blank.  A word that no
 * line can hold (RFC 5322, 2.1.1) is cut.  s is printable ASCII.
 */
void fold_words(struct buf *out, struct str s, struct str next);

#endif
