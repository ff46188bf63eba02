/* SPDX-License-Identifier: ISC */
/* Copies of text whose end is the end of readable memory. */
#ifndef LIB_GUARD_H
#define LIB_GUARD_H

#include "base/str.h"

/*
 * A copy of s, flush against a page that cannot be read, good until the
 * second call after this one; s is at most 64 KiB.
 */
struct str guard_str(struct str s);

#endif
