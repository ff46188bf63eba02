/* SPDX-License-Identifier: ISC */
/*
 * --check: all that would end a submission with 78, or keep its mail waiting,
 * before there is one.  Every file that the configuration names is opened, as
 * whoever asks may open it; each that is wrong has a line of its own.
 */
#include <sysexits.h>

#include "agent/secret.h"
#include "base/clock.h"
#include "cli/place.h"
#include "cli/run.h"
#include "cli/say.h"
#include "cli/settle.h"
#include "net/tls.h"
#include "os/sys.h"

struct check {
	const struct options *o;
	const void **seen; /* what was looked at */
	size_t n;
	int status;
};

static bool
is_new(struct check *k, const void *thing)
{
	if (thing == NULL)
		return false;
	for (size_t i = 0; i < k->n; i++)
		if (k->seen[i] == thing)
			return false;
	k->seen[k->n++] = thing;
	return true;
}

static void
complain(struct check *k, const char *kind, struct str whose, struct err *e)
{
	err_while(e, "%s %.*s", kind, STR_ARG(whose));
	(void)say_error(k->o->name, STR_NONE, str_c(e->text));
	k->status = EX_CONFIG;
}

/* The authorities, and our own certificate and key. */
static void
check_demand(struct check *k, const char *kind, struct str whose,
    const struct demand *demand)
{
	struct tls *tls;
	struct err e;

	if (!is_new(k, demand))
		return;
	tls = tls_new(demand, &e);
	if (tls == NULL)
		complain(k, kind, whose, &e);
	tls_free(tls);
}

/* The password, if it lies somewhere: no program is run for a check. */
static void
check_login(struct check *k, const struct relay *relay)
{
	const struct login *login = relay->login;
	struct errand errand = {.login = login};
	struct secret secret;
	struct err e;

	if (!is_new(k, login) || login->kind == SECRET_COMMAND ||
	    login->kind == SECRET_DESCRIPTOR)
		return;
	errand.host = relay->host[0].name;
	if (secret_get(&secret, &errand, clock_now(), &e) < 0)
		complain(k, "relay", relay->name, &e);
	secret_wipe(&secret);
}

/* Is each of them an address of this host? */
static void
check_source(struct check *k, const char *kind, struct str whose,
    const struct ip_source *source)
{
	static const int families[] = {AF_INET, AF_INET6};

	if (!is_new(k, source))
		return;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		const struct ip *ip = ip_source_of(source, families[i]);
		struct err e;
		int fd;

		if (ip == NULL)
			continue;
		fd = sys_socket(families[i], SOCK_STREAM);
		if (fd < 0)
			err_sys(&e, "source-address");
		if (fd < 0 || ip_bind(fd, ip, &e) < 0)
			complain(k, kind, whose, &e);
		sys_close(fd);
	}
}

static void
check_relay(struct check *k, const struct relay *relay)
{
	if (!is_new(k, relay))
		return;
	check_demand(k, "relay", relay->name, relay->demand);
	check_source(k, "relay", relay->name, relay->source);
	check_login(k, relay);
}

static void
check_ways(struct check *k, const struct routes *routes)
{
	size_t most = 4 * (2 + 2 * routes->n + routes->accounts);

	k->seen = pool_array(k->o->pool, most, sizeof(*k->seen));
	check_relay(k, routes->relay);
	check_demand(k, "MX", STR("hosts"), routes->demand);
	check_source(k, "MX", STR("hosts"), routes->source);
	for (size_t i = 0; i < routes->accounts; i++)
		check_relay(k, routes->account[i].relay);
	for (size_t i = 0; i < routes->n; i++) {
		const struct route *route = &routes->route[i];

		/* What a relay has to prove is for the route to say. */
		check_demand(k, "route", route->pattern, route->demand);
		check_source(k, "route", route->pattern, route->source);
		if (route->relay)
			check_login(k, route->relay);
	}
}

int
run_check(const struct options *o)
{
	struct check k = {.o = o};
	struct conf c;
	struct err e;
	int status = settle_conf(&c, o, &e);

	if (status == 0)
		status = settle_delivery(&c, &e);
	if (status != 0) {
		(void)say_error(o->name, STR_NONE, str_c(e.text));
		return status;
	}
	check_ways(&k, &c.ways);
	if (c.spool_path.n > 0 && place_try(&c, &e) < 0) {
		err_while(&e, "spool");
		(void)say_error(o->name, STR_NONE, str_c(e.text));
		k.status = EX_CONFIG;
	}
	return k.status;
}
