/* SPDX-License-Identifier: ISC */
/*
 * Rules by which senders get other addresses.  Whoever asks for it names each
 * address that is changed, or says that all are.
 *
 *	me@example.org                      all become this one
 *	@example.org                        all get this domain
 *	@lan => @example.org                those at this domain do
 *	@.lan => me@example.org             those at a domain below it
 *	root@a.lan => Host A <me@example.org>, @a.lan => @example.org
 *
 * The first rule that fits counts.  Neither local parts nor domains differ by
 * case where they are compared.
 */
#ifndef MAIL_REWRITE_H
#define MAIL_REWRITE_H

#include "mail/addr.h"

struct rewrite_rule {
	struct str pattern; /* in ASCII: "me@a", "@a", "@.a"; empty: all */
	struct addr to;	    /* its domain in ASCII; without local: that alone */
};

struct rewrite {
	const struct rewrite_rule *rule;
	size_t n;
};

/* Reads rules, which live in the pool; empty text: none.  -1 with *e. */
int rewrite_read(struct rewrite *, struct str text, struct pool *, struct err *)
    __attribute__((warn_unused_result));

/*
 * Changes the address, but for its display name, as the rules say; NULL if
 * none fits, else the rule, whose name is that of the new address, if it has
 * one.  No rule fits the null address.
 */
const struct rewrite_rule *rewrite_addr(const struct rewrite *, struct addr *);

/* Does a rule fit whatever there may be, and name a whole address? */
bool rewrite_is_for_all(const struct rewrite *);

#endif
