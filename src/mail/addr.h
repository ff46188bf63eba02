/* SPDX-License-Identifier: ISC */
/*
 * Addresses and address lists: RFC 5322, 3.4 with the obsolete forms of 4.4.
 *
 * Taken: comments (nested to 50), quoted strings and pairs, domain literals,
 * groups, routes (dropped), white space and comments around dots, words and
 * quoted strings with dots between as a local part, empty list elements, one
 * trailing dot of a domain (dropped), UTF-8 that is well-formed.  What is in
 * a comment or a display name is never an address.  A bare local part is an
 * address without domain: a local name, for a sendmail command.
 *
 * Refused: control bytes (a tab in a local part is one), line ends that do
 * not fold, empty labels, a missing local part ("\"\"@b" has one, and that
 * is empty; "\"\"" alone has none), dots that are not single and between
 * words, white space, brackets and backslashes in a literal, domains of other
 * bytes than letters, digits, hyphen, underscore and UTF-8, hyphens at the
 * ends of a label, labels over 63 and domains over 255 octets (unless there
 * is UTF-8 in them: their A-labels are shorter), encoded words as addresses,
 * display names that need quotes and have none.  Local parts may have any
 * length (B-35); what a literal means is not looked at here.
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

/* Where a mailbox stands in the text that it was read from. */
struct addr_place {
	size_t begin; /* its display name, or its '<'; or from */
	size_t from;  /* what is between the brackets; or the address */
	size_t local; /* behind the last word of the local part */
	size_t to;    /* behind the address, before a '>' */
	size_t end;   /* behind that '>'; or to */
};

/*
 * Reads a list as addr_list does, of any length and without keeping it: each
 * address is shown when it has been read, and its texts live no longer than
 * that.  -1 with *e where one is wrong; those before it have been shown.
 */
typedef void addr_visit(
    void *ctx, const struct addr *, const struct addr_place *);
int addr_each(struct str text, addr_visit *, void *ctx, struct err *);

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

bool addr_is_null(const struct addr *);

#endif
