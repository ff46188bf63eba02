/* SPDX-License-Identifier: ISC */
/* Encodings of bytes as text. */
#ifndef BASE_CODE_H
#define BASE_CODE_H

#include "base/buf.h"

/*
 * Appends s with every byte that is not printable ASCII as \xNN: text from
 * elsewhere becomes inert, on one line, in logs, reports and on terminals.
 * A tab becomes a space.  At most max bytes are appended; what is cut off
 * is marked by "...".
 */
void code_inert(struct buf *b, struct str s, size_t max);

/*
 * Appends s so that it can be had back, on one line: printable ASCII as it
 * is, but for the backslash and, unless spaces are kept, the space; every
 * other byte as \xNN.
 */
void code_escape(struct buf *b, struct str s, bool keep_spaces);

/*
 * Appends what code_escape was given.  False, and nothing is appended, if s
 * is nothing that it could have made.
 */
bool code_unescape(struct buf *b, struct str s, bool keep_spaces)
    __attribute__((warn_unused_result));

/*
 * Appends s as xtext (RFC 3461, 4): printable ASCII as it is, but for '+' and
 * '='; every other byte as +HH.
 */
void code_xtext(struct buf *b, struct str s);

/* Appends s in base64 (RFC 4648, 4), in one line. */
void code_base64(struct buf *b, struct str s);

/*
 * Appends what s holds in base64.  False, and nothing is appended, if s is
 * not exactly that: another character (a blank too), padding that is missing
 * or stands within, bits that are left over (RFC 4648, 3).
 */
bool code_unbase64(struct buf *b, struct str s)
    __attribute__((warn_unused_result));

/*
 * Appends n in base 36 (digits, upper-case letters), padded with zeros to
 * width, at most 13.
 */
void code_base36(struct buf *b, uint64_t n, size_t width);

#endif
