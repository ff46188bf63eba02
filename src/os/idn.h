/* SPDX-License-Identifier: ISC */
/* Internationalised domain names, by libidn2. */
#ifndef OS_IDN_H
#define OS_IDN_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Appends domain in lower case as A-labels (IDNA2008, non-transitional:
 * C-23), without a trailing dot.  ASCII domains cost no library.  -1 with
 * *e (ERR_SYNTAX) if it is no domain: bad UTF-8, an empty or too long label,
 * over 253 bytes, bytes that no host name has (C-24).
 */
int idn_ascii(struct buf *, struct str domain, struct err *);

#endif
