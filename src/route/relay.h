/* SPDX-License-Identifier: ISC */
/* Relays: hosts that take the mail for others, as the configuration names
 * them. */
#ifndef ROUTE_RELAY_H
#define ROUTE_RELAY_H

#include "base/err.h"
#include "base/pool.h"
#include "mail/errand.h"
#include "net/host.h"

enum { RELAY_HOSTS = 20 };

struct relay_host {
	struct str name; /* in ASCII; or "[192.0.2.1]"; or "localhost" */
	bool literal;
	bool service; /* a domain, whose DNS names the hosts: route/service.h */
	struct ip ip; /* of a literal */
	struct str path; /* of its socket, if it is one of this host */
	unsigned port;	 /* 0: that of the key smtp-port */
	bool encrypted;	 /* TLS from the first byte, no STARTTLS (RFC 8314) */
	bool lmtp;	 /* speaks LMTP instead of SMTP (RFC 2033) */
};

struct relay {
	struct str name;	 /* for people */
	struct relay_host *host; /* tried in this order */
	size_t n;
	enum tls_level tls;
	const struct login *login;	/* who we are for them; NULL: nobody */
	const struct demand *demand;	/* what the channel has to prove */
	const struct ip_source *source; /* to connect from; NULL: any */
};

/*
 * Reads one host: "mail.example.org", which is looked up as the system does it
 * (never its MX records; "[mail.example.org]", as other programs write it,
 * means the same), or an address, in brackets where that is needed; behind it
 * ":587", ":submission" (587), ":submissions" (465), ":smtp" or ":lmtp" (24).
 * In front there may be smtp://, submission://, submissions:// (smtps://) or
 * lmtp://.  Port 465 and submissions are encrypted from the first byte.  Or
 * "srv:example.org": the hosts, and their ports, that the DNS names for that
 * domain.  Or "lmtp:/path", a UNIX socket.  LMTP is never spoken on port 25.
 * -1 with *e.
 */
int relay_host(struct relay_host *, struct str text, struct pool *,
    struct err *) __attribute__((warn_unused_result));

/* Gives those hosts a port that have none: that of submission (RFC 6409). */
void relay_submits(struct relay *);

/*
 * Reads one or more hosts, separated by commas or blanks: all of them sockets,
 * or none.  The list is in the pool.
 */
int relay_hosts(struct relay *, struct str text, struct pool *, struct err *)
    __attribute__((warn_unused_result));

/* Are its hosts sockets of this host? */
bool relay_is_socket(const struct relay *);

#endif
