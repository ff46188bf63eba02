/* SPDX-License-Identifier: ISC */
#include "cli/ways.h"

#include "cli/logins.h"

/* What is asked of a relay that has no level of its own. */
enum { RELAY_USUAL = TLS_LEVEL_ENCRYPT, MX_USUAL = TLS_LEVEL_MAY };

struct ways {
	const struct conf *conf;
	struct relay *section; /* those of conf->relays */
	struct pool *pool;
};

static enum tls_level
level(int64_t said, int64_t otherwise)
{
	return (enum tls_level)(said == CONF_TLS_DEFAULT ? otherwise : said);
}

static int
read_sections(struct ways *w, struct err *e)
{
	const struct conf *c = w->conf;

	w->section = pool_array(w->pool, c->relays_n, sizeof(*w->section));
	for (size_t i = 0; i < c->relays_n; i++) {
		const struct conf_relay *r = &c->relays[i];

		if (r->host.n == 0)
			return err_set(e, ERR_SYNTAX,
			    "[relay \"%.*s\"] says no host",
			    STR_ARG(r->head.name));
		if (relay_hosts(&w->section[i], r->host, w->pool, e) < 0)
			return -1;
		w->section[i].name = r->head.name;
		w->section[i].tls = level(r->tls, RELAY_USUAL);
		if (login_of(&w->section[i].login, &r->login, w->section[i].tls,
			w->pool, e) < 0)
			return err_while(
			    e, "[relay \"%.*s\"]", STR_ARG(r->head.name));
	}
	return 0;
}

/* The main section tells no relay who we are that it does not name itself. */
static bool
is_misplaced(const struct ways *w, struct str relay,
    const struct conf_login *login, struct err *e)
{
	bool section = false;

	for (size_t i = 0; i < w->conf->relays_n; i++)
		section =
		    section || str_eq(w->conf->relays[i].head.name, relay);
	if (login->user.n + login->file.n + login->command.n + login->mechs.n ==
		0 ||
	    (relay.n > 0 && !section))
		return false;
	if (section)
		err_set(e, ERR_SYNTAX,
		    "user, password-file, password-command and auth belong "
		    "into [relay \"%.*s\"], which the key relay names",
		    STR_ARG(relay));
	else
		err_set(e, ERR_SYNTAX,
		    "user, password-file, password-command and auth are for a "
		    "relay, and the key relay names none: no other host is "
		    "told who we are");
	return true;
}

/* The relay that is meant: a section, or hosts.  Empty: NULL. */
static int
find(const struct relay **found, const struct ways *w, struct str text,
    int64_t tls, const struct conf_login *login, struct err *e)
{
	struct relay *relay;

	*found = NULL;
	if (login && is_misplaced(w, text, login, e))
		return -1;
	if (text.n == 0)
		return 0;
	for (size_t i = 0; i < w->conf->relays_n; i++)
		if (str_eq(w->conf->relays[i].head.name, text))
			*found = &w->section[i];
	if (*found)
		return 0;
	relay = pool_take(w->pool, sizeof(*relay));
	*relay = (struct relay){.name = text, .tls = level(tls, RELAY_USUAL)};
	*found = relay;
	if (login && login_of(&relay->login, login, relay->tls, w->pool, e) < 0)
		return -1;
	return relay_hosts(relay, text, w->pool, e);
}

static int
read_route(struct route *route, const struct conf_route *r,
    const struct routes *all, const struct ways *w, struct err *e)
{
	int64_t mx = level(w->conf->tls, MX_USUAL);

	route->pattern = r->head.name;
	route->relay = all->relay;
	route->tls = all->tls;
	if (str_eq(r->relay, STR(CONF_NO_RELAY))) {
		route->relay = NULL;
		route->tls = (enum tls_level)mx;
	} else if (r->relay.n > 0) {
		if (find(&route->relay, w, r->relay, CONF_TLS_DEFAULT, NULL,
			e) < 0)
			return -1;
		route->tls = route->relay->tls;
	}
	route->tls = level(r->tls, route->tls);
	return 0;
}

int
ways_of(
    struct routes *routes, const struct conf *c, struct pool *p, struct err *e)
{
	struct ways w = {.conf = c, .pool = p};
	struct route *route = pool_array(p, c->routes_n, sizeof(*route));

	*routes = (struct routes){.route = route, .n = c->routes_n};
	if (read_sections(&w, e) < 0 ||
	    find(&routes->relay, &w, c->relay, c->tls, &c->login, e) < 0)
		return -1;
	routes->tls =
	    routes->relay ? routes->relay->tls : level(c->tls, MX_USUAL);
	for (size_t i = 0; i < c->routes_n; i++)
		if (read_route(&route[i], &c->routes[i], routes, &w, e) < 0)
			return -1;
	return 0;
}
