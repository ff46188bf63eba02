/* SPDX-License-Identifier: ISC */
/* One question to the DNS, or to the system, outside of any delivery. */
#ifndef CLI_INQUIRE_H
#define CLI_INQUIRE_H

#include "agent/start.h"
#include "route/route.h"
#include "route/service.h"

enum { INQUIRE_HOSTS = 100 };

/* What was found; its texts are in the pool. */
struct found {
	struct pool *pool;
	struct exchanger list[INQUIRE_HOSTS + 1]; /* room for an implicit one */
	size_t n;
	struct service_host served[SERVICE_HOSTS];
	size_t served_n;
	struct str ip[ERRAND_ADDRESSES];
	size_t ips;
	bool secure;
	struct status status;
	/* What is said for people on the way; NULL: nobody listens. */
	void (*show)(void *ctx, const struct record *);
	void *ctx;
};

/*
 * Asks the DNS what there is of a name ("mx", "srv" or "addr", as
 * agent_request has it), or the system for the addresses of a host, for at most
 * so many ms.  Nothing comes in an order that has to do with chance.
 */
void inquire_dns(struct found *, const struct lookup_errand *, int64_t patience,
    const char *what, struct str name);
void inquire_name(struct found *, const struct lookup_errand *,
    int64_t patience, struct str host);

#endif
