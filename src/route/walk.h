/* SPDX-License-Identifier: ISC */
/*
 * Which host, which address next: the walk over the hosts of one next hop as
 * a pure function of what has happened.  It opens no socket and asks no
 * clock.  The caller alternates: walk_next says what to do, walk_found or
 * walk_tried tells what came of it.
 */
#ifndef ROUTE_WALK_H
#define ROUTE_WALK_H

#include "base/pool.h"
#include "mail/errand.h"
#include "mail/status.h"

enum { WALK_HOSTS = 50, WALK_ADDRESSES = 16 };

enum address_state {
	ADDRESS_UNTRIED,
	ADDRESS_TRIED,
	ADDRESS_AGAIN_CLEAR, /* TLS failed: once more without */
};

struct walk_host {
	struct str name;
	unsigned preference;
	unsigned port;	/* 0: the usual one */
	bool encrypted; /* TLS from the first byte */
	bool lmtp;	/* speaks LMTP */
	bool literal;	/* it is an address literal */
	bool service;	/* not a host: a domain that has to be asked for some */
	/* Whose service it is, where the DNS says so; empty: its own. */
	struct str domain;
	bool foreign; /* nothing but that says that it belongs to domain */
	bool known;   /* its addresses were asked for */
	size_t n;
	struct str ip[WALK_ADDRESSES]; /* or the path of its socket */
	enum address_state state[WALK_ADDRESSES];
};

struct walk {
	struct walk_host host[WALK_HOSTS];
	size_t n;
	size_t at;	    /* the host that is walked now */
	unsigned port;	    /* the usual one */
	unsigned addresses; /* tried so far */
	unsigned sessions;  /* that got past greeting and handshake */
	bool demanding;	    /* where TLS fails, it is not tried in clear text */
	bool temporary;	    /* some host was silent, or unknown for now */
	bool refused;	    /* some host's greeting was a 5yz */
	bool addressless;   /* some host has no address */
	bool looped;	    /* cut off: a host is ourselves */
	bool cut_short;	    /* a bound was reached with hosts left */
	bool silent;	    /* some address did not answer at all */
	bool answered;	    /* some address did, be it to refuse */
	struct status last; /* the last thing that a host did to us */
};

enum walk_move {
	WALK_LOOK_UP, /* ask for the addresses, or hosts, of host[at] */
	WALK_TRY,     /* an attempt: see walk_step */
	WALK_OVER,    /* no host is left: walk_verdict */
};

struct walk_step {
	const struct walk_host *host;
	struct str ip[ERRAND_ADDRESSES];
	size_t n;
	bool clear; /* this time without TLS */
	bool last;  /* nothing is left to try after this */
};

/*
 * An empty walk is all zeros; hosts are added in the order of the walk.  The
 * host, of which there may be more to say; NULL if it is one too many.
 */
struct walk_host *walk_add(struct walk *, struct str name, unsigned preference);

/*
 * Adds a host behind host[at], which is a service, and `after` others of it;
 * NULL if it is one too many.  walk_served: these are all.
 */
struct walk_host *walk_serve(struct walk *, size_t after, struct str name);
void walk_served(struct walk *);

/* Adds an address to host[at]; more than WALK_ADDRESSES are passed over. */
void walk_address(struct walk *, struct str ip);

/* Adds its only address, be it a socket; nobody is asked for another. */
void walk_known(struct walk_host *, struct str ip);

/* The same of a host that is nothing but an address. */
void walk_literal(struct walk_host *, struct str ip);

/*
 * The lookup of host[at] is over; status is delivered if it has addresses,
 * failed if it has none, deferred if that is not known now.
 */
void walk_found(struct walk *, const struct status *);

/*
 * host[at] turned out to be this host itself: it and all that are not better
 * are cut off (C-15).
 */
void walk_ours(struct walk *);

/*
 * An address of host[at] was tried: how far that came, and what went wrong
 * (an open status if nothing did).  clear: it was without TLS by walk_next's
 * word.
 */
void walk_tried(struct walk *, struct str ip, enum reach, bool clear,
    const struct status *);

/* An address was dialled, and answered (be it to refuse) or kept silent. */
void walk_answered(struct walk *, bool answered);

/* What to do next; late: the time for new attempts is over. */
enum walk_move walk_next(struct walk *, bool late, struct walk_step *);

/*
 * The status of the recipients that no host has judged, when the walk is
 * over.  Its text is the walk's or the pool's.
 */
struct status walk_verdict(const struct walk *, struct pool *);

#endif
