/* SPDX-License-Identifier: ISC */
/*
 * Who gets the mail for a name of this host: a pure function of addresses and
 * aliases.  Headers are not looked at.
 *
 * A name without a domain, or at localhost, is of this host and nowhere else:
 * where no alias leads away from it, it is refused, and never gets a domain.
 * An address at one of the host's own domains is looked up, too (without its
 * domain, H-06), but goes the way of its domain where it has no alias: the
 * mail server of that domain is often another host.
 *
 * "user+ext" is looked up as it is, then as "user".  mailer-daemon without an
 * alias is postmaster, and that is root (H-09).  The alias "*" is for names
 * of this host that have none (H-10).  Each alias is followed once; a name
 * that lists itself means itself; other loops, and more than 10 levels, fail
 * with 5.4.6 (H-05).  An alias "owner-NAME" gives what comes of NAME its own
 * sender (H-07).
 */
#ifndef ROUTE_EXPAND_H
#define ROUTE_EXPAND_H

#include "mail/alias.h"
#include "mail/status.h"

struct expand_opts {
	const struct aliases *aliases; /* NULL: they are not used */
	struct str file;	       /* what people call them */
	/* Why the aliases cannot be known now; empty: they can (H-29). */
	struct str trouble;
	const struct str *own; /* the host's domains, in ASCII */
	size_t own_n;
	/* What is put behind a name of this host without an alias; empty: it is
	 * refused (C-26). */
	struct str domain;
	size_t max; /* targets; more are too many for the rest */
};

/* What one recipient, or a part of it, has come to. */
struct target {
	struct addr addr;
	size_t origin;	      /* the recipient */
	bool expanded;	      /* by an alias, from the recipient */
	struct addr owner;    /* the sender from now on; null: as it was */
	struct status status; /* open, or why it goes no further */
};

/* Does it take a look at the aliases to know where this address leads? */
bool expand_wants(const struct addr *, const struct expand_opts *);

/*
 * Expands rcpt[0..n) into *n_out targets in the order of the recipients.  A
 * recipient that leads only where others have led before has none; the same
 * address may occur more than once.  An owner may be without a domain.
 */
struct target *expand(const struct addr *rcpt, size_t n,
    const struct expand_opts *, struct pool *, size_t *n_out);

/*
 * What becomes of a target of an alias, kept and looked at later: open if it
 * is an address elsewhere.  Others do not lead on, whatever the aliases are
 * now: those that they led to before may have got the message.
 */
struct status expand_again(
    const struct addr *, const struct expand_opts *, struct pool *);

#endif
