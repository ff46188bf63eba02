/* SPDX-License-Identifier: ISC */
/*
 * The hosts of a domain's submission service, as the DNS names them (RFC 6186;
 * RFC 8314, 5.1), in the order in which they are to be tried (RFC 2782).
 */
#ifndef ROUTE_SERVICE_H
#define ROUTE_SERVICE_H

#include "base/pool.h"
#include "mail/status.h"

/* What is asked for: TLS from the first byte, and after STARTTLS. */
#define SERVICE_ENCRYPTED "_submissions._tcp."
#define SERVICE_STARTTLS "_submission._tcp."

enum {
	SERVICE_HOSTS = 100,
	SERVICE_DOMAIN_MAX = 253 - (sizeof(SERVICE_ENCRYPTED) - 1),
};

/* An SRV record. */
struct service_host {
	struct str name; /* "."; there is no such service */
	unsigned port;
	bool encrypted; /* it is one of SERVICE_ENCRYPTED */
	unsigned priority;
	unsigned weight;
	uint32_t rank; /* random: the order among equals without a weight */
	uint32_t draw; /* random, another: among those with one */
};

/*
 * Orders them for one attempt: those with TLS from the first byte before all
 * others, then by priority, and among equals by lots that are drawn by weight.
 * Takes away what names no host; *n is updated.  False with *status if nothing
 * is left.
 */
bool service_order(struct service_host *, size_t *n, struct str domain,
    struct pool *, struct status *status);

/* Is the host's name the domain, or below it? */
bool service_is_within(struct str host, struct str domain);

#endif
