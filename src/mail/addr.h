/* SPDX-License-Identifier: ISC */
/*
 * Mail addresses: the lists of RFC 5322, 3.4 with the obsolete forms of 4.4
 * (comments and blanks anywhere, routes, quoted words between dots, empty
 * list elements), and the envelope form of RFC 5321, 4.1.2.  UTF-8 as in
 * RFC 6531 and 6532.
 *
 * What is taken, where the standards leave or dispute a choice:
 *  - a name without domain ("root") is a local user;
 *  - comments, blanks around dots and the obsolete local part are taken,
 *    a route is dropped; folds (CRLF and a blank) in lists alone;
 *  - an encoded word is no address (RFC 2047, 5), not even a local one;
 *  - a domain is at most 255 octets: labels of letters, digits, "-" (not at
 *    either end) and "_", at most 63, or with UTF-8, of any length, which
 *    is for IDNA to judge; no empty label, so no dot at its end either;
 *  - "[...]" holds printable ASCII without "[", "]", backslash and blanks;
 *    whether it is an address of a host is for routing to say;
 *  - a local part may have any length (the server may judge it), and no
 *    control character even where obsolete syntax had it; UTF-8 in it and
 *    in the domain is well-formed and never behind a backslash;
 *  - display names and comments may hold what they like.
 */
#ifndef MAIL_ADDR_H
#define MAIL_ADDR_H

#include "base/buf.h"
#include "base/err.h"
#include "base/pool.h"
#include "base/str.h"

struct addr {
	struct str local;  /* the content: no quotes, no backslashes */
	struct str domain; /* as written; with brackets if a literal */
	struct str name;   /* display name, its content; may be empty */
};

/*
 * All addresses in text, those in groups too, into *list and *n: text is
 * what follows the colon of a field, or an operand of the command line.  An
 * empty group or an empty text gives n == 0.  What is found lies in the
 * pool; text may go.  -1 with ERR_SYNTAX, which quotes the offender, or
 * with ERR_LIMIT if there are more than max.
 */
int addr_list(struct pool *, struct str text, size_t max, struct addr **list,
    size_t *n, struct err *) __attribute__((warn_unused_result));

/*
 * The one mailbox in text ("a@b" or "Name <a@b>"); "" and "<>" give the null
 * address.  -1 with ERR_SYNTAX for more than one, for a group, for anything
 * with CR, LF, NUL or another control character but the tab.
 */
int addr_one(struct pool *, struct str text, struct addr *, struct err *)
    __attribute__((warn_unused_result));

/* The null address, <>: of no sender. */
static inline bool
addr_is_null(const struct addr *a)
{
	return a->local.n == 0 && a->domain.n == 0;
}

/*
 * Appends the envelope form without angle brackets: the local part in quotes
 * only where it needs them (RFC 5321, 4.1.2).  Never a control character,
 * whatever *a holds.  The null address gives nothing.
 */
void addr_print(struct buf *, const struct addr *);

/* The same mailbox: the local part to the byte, the domain in any case. */
bool addr_same(const struct addr *, const struct addr *);

/* No UTF-8 in local part and domain. */
bool addr_is_ascii(const struct addr *);

#endif
