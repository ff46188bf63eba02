/* SPDX-License-Identifier: ISC */
/* Addresses in fields that are there already: made whole, or replaced. */
#ifndef MAIL_RETOUCH_H
#define MAIL_RETOUCH_H

#include "mail/head.h"
#include "mail/rewrite.h"

struct retouch {
	struct str mailname; /* put behind bare names; empty: they stay */
	const struct rewrite *rewrite; /* NULL: no address is replaced */
};

/*
 * Appends the field, with the mailname behind names that have no domain
 * (B-25), and then with the addresses that rules are for replaced.  What is
 * not part of an address that changes stays to the byte: names, comments,
 * groups, folds.  A rule with a name replaces that, too.  False, and nothing
 * is appended, if the field is no list of addresses, or of none.
 */
bool retouch_field(
    struct buf *out, const struct field *, const struct retouch *);

#endif
