/* SPDX-License-Identifier: ISC */
/*
 * Addresses and address lists: RFC 5322, 3.4 with the obsolete forms of 4.4.
 *
 * Taken: comments (nested to 50), quoted strings and pairs, domain literals,
 * groups, routes (dropped), white space and comments around dots, empty list
 * elements, UTF-8 that is well-formed.  What is in a comment or a display
 * name is never an address.  Refused: control bytes, empty local parts and
 * labels, two dots in a row, labels over 63 and domains over 255 octets,
 * encoded words as addresses.  A bare local part is an address without
 * domain: a local name, for a sendmail command.
 */
#ifndef MAIL_ADDR_H
#define MAIL_ADDR_H

#include "base/buf.h"
#include "base/err.h"
#include "base/pool.h"

struct addr {
	struct str local;  /* the content, without quotes */
	struct str domain; /* as written, without comments and trailing dot;
	                      a literal with its brackets; or empty */
	struct str name;   /* display name, without quotes; or empty */
};

/*
 * Reads a list of addresses into *list (in the pool).  The members of groups
 * are included; an empty list is none.  -1 with *e: ERR_SYNTAX names what is
 * wrong and where, ERR_LIMIT that there are more than max.
 */
int addr_list(struct pool *, struct str text, size_t max, struct addr **list,
    size_t *n, struct err *);

/*
 * Reads exactly one mailbox, with or without display name.  "" and "<>" are
 * the null address, in which all is empty.
 */
int addr_one(struct pool *, struct str text, struct addr *, struct err *);

/*
 * Appends the address as it stands in an envelope, without angle brackets:
 * quoted only where that is needed (B-27).
 */
void addr_print(struct buf *, const struct addr *);

/* The same mailbox: local parts byte by byte, domains but for ASCII case. */
bool addr_same(const struct addr *, const struct addr *);

bool addr_is_null(const struct addr *);
bool addr_is_ascii(const struct addr *);

#endif
