/* SPDX-License-Identifier: ISC */
/*
 * Text of any bytes as header fields may hold it: atoms, quoted strings and
 * the encoded words of RFC 2047.  Both functions fold, never put a control
 * character out but the CRLF of a fold, and leave no line of blanks.
 * `column` is how much of the line is written already.
 */
#ifndef MAIL_WORD_H
#define MAIL_WORD_H

#include "base/buf.h"

/*
 * Appends a display name: as it is, in quotes, or if it is not ASCII as
 * encoded words.  Control characters go, runs of blanks become one, those at
 * both ends none; what is empty then gives nothing.
 */
void word_phrase(struct buf *, struct str name, size_t column);

/*
 * Appends all of s as encoded words (Q, at most 75 characters each, in lines
 * of at most 76), as they may stand in a phrase, a comment or plain text:
 * utf-8, split between characters, if s is that; else iso-8859-1, or
 * unknown-8bit if it is not that either.
 */
void word_encode(struct buf *, struct str s, size_t column);

/* True if s reads as an encoded word. */
bool word_is_encoded(struct str s);

#endif
