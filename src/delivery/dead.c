/* SPDX-License-Identifier: ISC */
#include "delivery/dead.h"

enum { NETWORK = 4 }; /* x.4.x of RFC 3463 */

const struct dead_host *
dead_find(const struct dead *d, struct str ip, unsigned port)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->host[i].port == port && str_eq(d->host[i].ip, ip))
			return &d->host[i];
	return NULL;
}

void
dead_note(struct dead *d, const struct dead_host *host)
{
	struct dead_host *h = &d->host[d->n];

	/* What is wrong here says nothing of the host. */
	if (host->status.blame == BLAME_US || d->n == DEAD_HOSTS ||
	    dead_find(d, host->ip, host->port))
		return;
	*h = *host;
	h->ip = pool_str(&d->pool, host->ip);
	h->status = status_keep(host->status, &d->pool);
	d->n++;
}

void
dead_connected(struct dead *d, const struct dead_host *host, enum reach reach)
{
	const struct status *s = &host->status;

	if (reach == REACH_CONNECTED && s->blame == BLAME_HOST &&
	    s->code == 0 && s->enhanced[1] == NETWORK)
		dead_note(d, host);
}

void
dead_free(struct dead *d)
{
	pool_free(&d->pool);
	d->n = 0;
}
