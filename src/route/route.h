/* SPDX-License-Identifier: ISC */
/*
 * Where the mail of a domain goes, as a pure function of its name and of
 * what the DNS said.
 */
#ifndef ROUTE_ROUTE_H
#define ROUTE_ROUTE_H

#include "base/pool.h"
#include "mail/errand.h"
#include "mail/status.h"
#include "net/host.h"
#include "route/relay.h"

enum next_hop_kind {
	NEXT_HOP_RELAY,	  /* the hosts of a relay */
	NEXT_HOP_MX,	  /* the MX records of a domain */
	NEXT_HOP_LITERAL, /* one address */
	NEXT_HOP_NONE,	  /* nowhere: status says why */
};

/* What the configuration says about the mail of some domains (C-30). */
struct route {
	/* "example.org"; ".example.org": all that is below it; "*": all. */
	struct str pattern;
	const struct relay *relay; /* NULL: none, but the MX hosts */
	enum tls_level tls;
	const struct demand *demand;	/* see net/demand.h; NULL: none */
	const struct ip_source *source; /* to connect from; NULL: any */
};

/* A relay for the mail of some senders. */
struct account {
	struct str pattern; /* "me@example.org", "@example.org" */
	const struct relay *relay;
};

/* What it says about all mail. */
struct routes {
	const struct relay *relay; /* where no route fits; NULL: MX hosts */
	enum tls_level tls;
	const struct demand *demand;
	const struct ip_source *source;
	const struct route *route;
	size_t n;
	const struct account *account; /* where no route fits, before relay */
	size_t accounts;
};

struct next_hop {
	enum next_hop_kind kind;
	const struct relay *relay; /* RELAY */
	enum tls_level tls;
	const struct demand *demand;
	const struct ip_source *source;
	struct str domain; /* MX: in ASCII; LITERAL: as written; RELAY: name */
	struct ip ip;	   /* LITERAL */
	struct status status; /* NONE */
};

/*
 * The route for a domain in ASCII, or for an address literal (to which only
 * "*" applies): its own one, else that of the nearest domain above it, else
 * "*"; NULL if none fits.
 */
const struct route *route_find(const struct routes *, struct str domain);

/* The relay for mail from a reverse-path, the nearest pattern; NULL: none. */
const struct relay *route_account(const struct routes *, struct str from);

/*
 * The next hop for a recipient's domain, as written (may be IDN, end in a
 * dot, be an address literal, or empty), and mail from this reverse-path. Names
 * are allocated in the pool.
 */
struct next_hop route_domain(
    struct str domain, struct str from, const struct routes *, struct pool *);

struct exchanger {
	unsigned preference;
	struct str name;
	uint32_t rank; /* random: the order among equals */
};

/*
 * Orders the exchangers of a domain for one attempt: by preference, equals
 * by rank (C-03); removes those that cannot be used (C-11, C-13); cuts off,
 * from the first that has one of the own names on, all that are not better
 * (C-15).  own is in lower case.  An empty list becomes the domain itself
 * (implicit MX, C-04), a null MX (C-12) or a list that is cut to nothing
 * (C-16) a status.  *n is updated; returns true if there is a host to try,
 * else *status says why not.  list has room for one more than *n.
 */
bool route_order(struct exchanger *list, size_t *n, struct str domain,
    const struct str *own, size_t own_n, struct pool *, struct status *status);

#endif
