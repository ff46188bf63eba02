/* SPDX-License-Identifier: ISC */
/* JSON (RFC 8259) in ASCII alone, whatever the texts are. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include "base/buf.h"

/*
 * Appends s as a string: what is no printable ASCII as \uXXXX, and bytes
 * that are no UTF-8 as U+FFFD each.
 */
void json_string(struct buf *, struct str s);

/* The same, but null where it is empty. */
void json_text(struct buf *, struct str s);

/* An instant in seconds, ms their fraction; null for 0, which is none. */
void json_time(struct buf *, int64_t ms);

#endif
