/* SPDX-License-Identifier: ISC */
/* The recipients of this host, as its aliases file has them. */
#ifndef DELIVERY_RESOLVE_H
#define DELIVERY_RESOLVE_H

#include "mail/envelope.h"

struct resolve_opts {
	const char *file;      /* the aliases; NULL: they are not used */
	bool required;	       /* it has to be there */
	const struct str *own; /* the host's domains, see route/expand.h */
	size_t own_n;
	struct str mailname; /* domain of an owner who has none */
	bool null_client;    /* names without an alias are at the mailname */
	size_t max;	     /* recipients */
};

/*
 * Replaces each recipient that has aliases by those that these lead to (with
 * orig, and from where there is an owner; without one what is asked of reports
 * about it is asked of all that it leads to, but of success only where that is
 * one: else they are `expanded`), each mailbox once.  Who goes
 * no further has a status, and so have all of this host when the file
 * cannot be read: deferred (H-29).  The file is read only if some recipient
 * might be in it.
 */
void resolve_recipients(
    struct envelope *, const struct resolve_opts *, struct pool *);

/* Is it for the aliases to say where it leads? */
bool resolve_wants(const struct addr *, const struct resolve_opts *);

/*
 * The same for the only recipient of an envelope, which was kept since: what
 * an alias had led to stays what it is, and has a status if it leads nowhere.
 */
void resolve_again(
    struct envelope *, const struct resolve_opts *, struct pool *);

#endif
