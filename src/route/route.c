/* SPDX-License-Identifier: ISC */
#include "route/route.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/code.h"
#include "os/idn.h"

static struct next_hop
nowhere(const char *enhanced, struct str text)
{
	return (struct next_hop){
	    .kind = NEXT_HOP_NONE,
	    .status = status_own(BLAME_RCPT, enhanced, text),
	};
}

/* "[192.0.2.1]", "[IPv6:2001:db8::1]" (RFC 5321, 4.1.3). */
static struct next_hop
literal(struct str domain)
{
	struct str inner = str_slice(domain, 1, domain.n - 1);
	struct next_hop hop = {.kind = NEXT_HOP_LITERAL, .domain = domain};
	bool tagged = str_istarts(inner, STR("IPv6:"));

	if (tagged)
		inner = str_slice(inner, 5, inner.n);
	if (domain.p[domain.n - 1] != ']' || !ip_parse(inner, &hop.ip) ||
	    tagged != (hop.ip.family == AF_INET6))
		return nowhere("5.1.2",
		    STR("the domain is no address literal that is known"));
	return hop;
}

/* How much of the domain the pattern names; 0: it does not fit. */
static size_t
fits(struct str pattern, struct str domain)
{
	struct str end;

	if (str_eq(pattern, STR("*")))
		return 1;
	if (pattern.n > domain.n || domain.p[0] == '[')
		return 0;
	end = str_slice(domain, domain.n - pattern.n, domain.n);
	if (!str_ieq(pattern, end))
		return 0;
	/* That of the domain itself is as long as one of what is below the
	 * same name, less the dot: they do not compete. */
	return pattern.p[0] == '.' || pattern.n == domain.n ? pattern.n + 1 : 0;
}

const struct route *
route_find(const struct routes *routes, struct str domain)
{
	const struct route *found = NULL;
	size_t best = 0;

	for (size_t i = 0; i < routes->n; i++) {
		size_t fit = fits(routes->route[i].pattern, domain);

		if (fit > best) {
			best = fit;
			found = &routes->route[i];
		}
	}
	return found;
}

static struct next_hop
hop_to(struct str domain, struct pool *p)
{
	struct next_hop hop = {.kind = NEXT_HOP_MX};
	struct buf ascii;
	struct err e;

	if (domain.n == 0)
		return nowhere("5.1.1",
		    STR("a name without a domain, and no alias has led away "
			"from it"));
	if (domain.n > 2 && domain.p[0] == '[')
		return literal(pool_str(p, domain));
	buf_init(&ascii, 1024);
	if (idn_ascii(&ascii, domain, &e) < 0) {
		buf_clear(&ascii);
		code_inert(&ascii, str_c(e.text), 1000);
		hop = nowhere("5.1.2", pool_str(p, buf_str(&ascii)));
	} else {
		hop.domain = pool_str(p, buf_str(&ascii));
	}
	buf_free(&ascii);
	return hop;
}

const struct relay *
route_account(const struct routes *routes, struct str from)
{
	const struct relay *found = NULL;
	size_t best = 0;

	for (size_t i = 0; i < routes->accounts; i++) {
		struct str pattern = routes->account[i].pattern;
		struct str end = from;

		if (pattern.p[0] == '@' && from.n <= pattern.n)
			continue;
		if (pattern.p[0] == '@')
			end = str_slice(from, from.n - pattern.n, from.n);
		if (!str_ieq(pattern, end) || pattern.n <= best)
			continue;
		best = pattern.n;
		found = routes->account[i].relay;
	}
	return found;
}

struct next_hop
route_domain(struct str domain, struct str from, const struct routes *routes,
    struct pool *p)
{
	struct next_hop hop = hop_to(domain, p);
	const struct route *route = NULL;
	const struct relay *relay = routes->relay;
	const struct relay *own;

	if (hop.kind == NEXT_HOP_NONE)
		return hop;
	route = route_find(routes, hop.domain);
	own = route ? NULL : route_account(routes, from);
	hop.tls = routes->tls;
	hop.demand = routes->demand;
	hop.source = routes->source;
	if (route) {
		relay = route->relay;
		hop.tls = route->tls;
		hop.demand = route->demand;
		hop.source = route->source;
	} else if (own) {
		relay = own;
		hop.tls = own->tls;
		hop.demand = own->demand;
		hop.source = own->source;
	}
	if (relay == NULL)
		return hop;
	return (struct next_hop){.kind = NEXT_HOP_RELAY,
	    .relay = relay,
	    .tls = hop.tls,
	    .demand = hop.demand,
	    .source = hop.source,
	    .domain = relay->name};
}

static int
by_preference(const void *left, const void *right)
{
	const struct exchanger *a = left;
	const struct exchanger *b = right;

	if (a->preference != b->preference)
		return a->preference < b->preference ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return 0;
}

static bool
usable(struct str name)
{
	struct ip ip;

	return !str_eq(name, STR(".")) && name.n > 0 && !ip_parse(name, &ip);
}

static bool
is_own(struct str name, const struct str *own, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_ieq(name, own[i]))
			return true;
	return false;
}

bool
route_order(struct exchanger *list, size_t *n, struct str domain,
    const struct str *own, size_t own_n, struct pool *p, struct status *status)
{
	size_t kept = 0;
	struct buf text;

	if (*n == 0) {
		list[0] = (struct exchanger){0, domain, 0};
		*n = 1;
	} else if (*n == 1 && str_eq(list[0].name, STR("."))) {
		*status = status_own(BLAME_RCPT, "5.1.10",
		    STR("the domain takes no mail (null MX)"));
		return false;
	}
	for (size_t i = 0; i < *n; i++)
		if (usable(list[i].name))
			list[kept++] = list[i];
	if (kept == 0) {
		*status = status_own(BLAME_RCPT, "5.4.4",
		    STR("none of the domain's MX records names a host"));
		return false;
	}
	qsort(list, kept, sizeof(*list), by_preference);
	for (size_t i = 0; i < kept; i++) {
		if (!is_own(list[i].name, own, own_n))
			continue;
		/* This one and its equals, which may stand before it. */
		size_t first = i;

		while (first > 0 &&
		    list[first - 1].preference == list[i].preference)
			first--;
		kept = first;
	}
	*n = kept;
	if (kept > 0)
		return true;
	buf_init(&text, 1024);
	buf_printf(&text,
	    "mail for %.*s loops back to this host, which takes none",
	    STR_ARG(domain));
	*status = status_own(BLAME_RCPT, "5.4.6", pool_str(p, buf_str(&text)));
	buf_free(&text);
	return false;
}
