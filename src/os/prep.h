/* SPDX-License-Identifier: ISC */
/* Passwords and user names in Unicode. */
#ifndef OS_PREP_H
#define OS_PREP_H

#include "base/buf.h"

/*
 * Appends s as SASLprep wants it (RFC 4013): other blanks become spaces, what
 * is seen by nobody goes, and the rest gets its one form (NFKC).  ASCII stays
 * as it is, and so does what is no UTF-8, what has a character that no password
 * may have, what is written from the left and from the right, and what cannot
 * be given a form here: who has stored it has not prepared it either, and
 * whether it is right, the server says.  Loads libunistring for what is not
 * ASCII.
 */
void prep_sasl(struct buf *out, struct str s);

#endif
