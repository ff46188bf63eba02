/* SPDX-License-Identifier: ISC */
#include "route/service.h"

#include <stdlib.h>

#include "net/host.h"

static int
by_priority(const void *left, const void *right)
{
	const struct service_host *a = left;
	const struct service_host *b = right;

	if (a->encrypted != b->encrypted)
		return a->encrypted ? -1 : 1;
	if (a->priority != b->priority)
		return a->priority < b->priority ? -1 : 1;
	/* Who has no weight comes first: he is drawn by no number but 0. */
	if ((a->weight > 0) != (b->weight > 0))
		return a->weight > 0 ? 1 : -1;
	return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static bool
are_equals(const struct service_host *a, const struct service_host *b)
{
	return a->encrypted == b->encrypted && a->priority == b->priority;
}

/* Which of the n equals the number draws (RFC 2782, "Weight"). */
static size_t
drawn(const struct service_host *list, size_t n, uint32_t draw)
{
	uint64_t sum = 0;
	uint64_t number;
	size_t i = 0;

	for (size_t k = 0; k < n; k++)
		sum += list[k].weight;
	/* 0 to sum, each as often as any other. */
	number = (uint64_t)draw * (sum + 1) >> 32;
	sum = list[0].weight;
	while (sum < number)
		sum += list[++i].weight;
	return i;
}

/* Moves the one that is drawn to the front; the others keep their order. */
static void
draw_first(struct service_host *list, size_t n)
{
	size_t i = drawn(list, n, list[0].draw);
	struct service_host one = list[i];
	/* Each number draws once: it belongs to the place. */
	uint32_t used = list[0].draw;

	for (size_t k = i; k > 0; k--) {
		uint32_t draw = list[k].draw;

		list[k] = list[k - 1];
		list[k].draw = draw;
	}
	list[0] = one;
	list[0].draw = used;
}

/* C-11: what looks like an address is no name of a host. */
static bool
usable(const struct service_host *h)
{
	struct ip ip;

	return h->name.n > 0 && h->port > 0 && !str_eq(h->name, STR(".")) &&
	    !ip_parse(h->name, &ip);
}

bool
service_order(struct service_host *list, size_t *n, struct str domain,
    struct pool *p, struct status *status)
{
	size_t kept = 0;
	struct buf text;

	for (size_t i = 0; i < *n; i++)
		if (usable(&list[i]))
			list[kept++] = list[i];
	*n = kept;
	if (kept > 0)
		qsort(list, kept, sizeof(*list), by_priority);
	for (size_t i = 0; i < kept; i++) {
		size_t equals = 1;

		while (i + equals < kept &&
		    are_equals(&list[i], &list[i + equals]))
			equals++;
		draw_first(&list[i], equals);
	}
	if (kept > 0)
		return true;
	buf_init(&text, 1024);
	buf_printf(&text,
	    "the DNS says that %.*s has no service that takes mail of its "
	    "users (SRV \".\" at " SERVICE_ENCRYPTED "%.*s or " SERVICE_STARTTLS
	    "%.*s): name a host as the relay",
	    STR_ARG(domain), STR_ARG(domain), STR_ARG(domain));
	*status = status_own(BLAME_US, "4.4.4", pool_str(p, buf_str(&text)));
	buf_free(&text);
	return false;
}

bool
service_is_within(struct str host, struct str domain)
{
	struct str end =
	    str_slice(host, host.n > domain.n ? host.n - domain.n : 0, host.n);

	return domain.n > 0 && str_ieq(end, domain) &&
	    (host.n == domain.n || host.p[host.n - domain.n - 1] == '.');
}
