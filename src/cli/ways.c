/* SPDX-License-Identifier: ISC */
#include "cli/ways.h"

#include "cli/logins.h"
#include "mail/rewrite.h"
#include "net/demand.h"
#include "net/host.h"

/* What is asked of those that have no level of their own. */
enum { RELAY_USUAL = TLS_LEVEL_VERIFY, MX_USUAL = TLS_LEVEL_MAY };

struct ways {
	const struct conf *conf;
	struct relay *section; /* those of conf->relays */
	const struct ip_source *source;
	struct pool *pool;
};

static struct str
or_else(struct str said, struct str otherwise)
{
	return said.n > 0 ? said : otherwise;
}

/*
 * What is said over what would hold otherwise.  Whoever gives a fingerprint
 * wants it to be looked at.
 */
static struct conf_tls
over(const struct conf_tls *said, const struct conf_tls *otherwise)
{
	struct conf_tls t = {
	    .level = said->level,
	    .prints = or_else(said->prints, otherwise->prints),
	    .authorities = or_else(said->authorities, otherwise->authorities),
	    .certificate = or_else(said->certificate, otherwise->certificate),
	    .key = said->certificate.n > 0 ? said->key : otherwise->key,
	};

	if (t.level == CONF_TLS_DEFAULT)
		t.level = said->prints.n > 0 ? TLS_LEVEL_FINGERPRINT
					     : otherwise->level;
	return t;
}

static void
add_prints(struct demand *d, struct str rest)
{
	struct str one;

	while (str_word(&rest, ", ", &one))
		d->prints += demand_print(one, d->print[d->prints]);
}

/* The same, as the floors below take it. */
static int
demand_of(const struct demand **demand, const struct conf_tls *t,
    struct str whose, struct pool *p, struct err *e)
{
	struct demand *d = pool_take(p, sizeof(*d));

	*demand = NULL;
	if (t->level == TLS_LEVEL_FINGERPRINT && t->prints.n == 0)
		return err_set(e, ERR_SYNTAX,
		    "%.*s: tls = fingerprint, and there is no tls-fingerprint",
		    STR_ARG(whose));
	*d = (struct demand){
	    .strict = t->level >= TLS_LEVEL_ENCRYPT,
	    .verify = t->level == TLS_LEVEL_VERIFY,
	    .authorities = t->authorities,
	    .certificate = t->certificate,
	    .key = t->key,
	};
	if (t->level == TLS_LEVEL_FINGERPRINT)
		add_prints(d, t->prints);
	if (d->strict || d->certificate.n > 0)
		*demand = d;
	return 0;
}

/* What is said, or what holds otherwise. */
static int
source_of(const struct ip_source **made, struct str said,
    const struct ip_source *otherwise, const struct ways *w, struct err *e)
{
	struct ip_source *source;

	*made = otherwise;
	if (said.n == 0)
		return 0;
	source = pool_take(w->pool, sizeof(*source));
	if (ip_source(source, said, e) < 0)
		return -1;
	if ((w->conf->ip == IP_V4 && source->v4.family == 0) ||
	    (w->conf->ip == IP_V6 && source->v6.family == 0))
		return err_set(e, ERR_SYNTAX,
		    "source-address = %.*s and ip = %s exclude each other: "
		    "nothing could be connected to",
		    STR_ARG(said), w->conf->ip == IP_V4 ? "ipv4" : "ipv6");
	*made = source;
	return 0;
}

/* Is somebody told who we are? */
static bool
is_login(const struct conf_login *login)
{
	return login->user.n + login->file.n + login->command.n > 0;
}

/* Whom we tell who we are, must not be able to do without TLS (E-08), unless it
 * is said that it is to be so. */
static void
guard_login(struct conf_tls *t, bool login)
{
	if (login && t->level == TLS_LEVEL_MAY)
		t->level = TLS_LEVEL_ENCRYPT;
}

/* What nobody is between has no need of it. */
static int64_t
usual_level(const struct relay *relay)
{
	if (relay && relay_is_socket(relay))
		return TLS_LEVEL_NONE;
	return relay ? RELAY_USUAL : MX_USUAL;
}

/* Whoever could forge an answer of the DNS would be told, too (RFC 6186, 6). */
static int
guard_service(
    const struct relay *relay, enum tls_level level, bool login, struct err *e)
{
	for (size_t i = 0; login && i < relay->n; i++)
		if (relay->host[i].service && level < TLS_LEVEL_VERIFY)
			return err_set(e, ERR_SYNTAX,
			    "srv:%.*s and user: a host that the DNS names is "
			    "told who we are only if it proves its name: tls = "
			    "verify, or fingerprint",
			    STR_ARG(relay->host[i].name));
	return 0;
}

/* What a relay has to be like that says it so; login: it is told who we are. */
static int
ask_relay(struct relay *relay, const struct conf_tls *said, bool login,
    const struct ways *w, struct err *e)
{
	const struct conf_tls usual = {.level = usual_level(relay),
	    .authorities = w->conf->tls.authorities};
	struct conf_tls t = over(said, &usual);

	guard_login(&t, login);
	relay->tls = (enum tls_level)t.level;
	if (guard_service(relay, relay->tls, login, e) < 0)
		return -1;
	return demand_of(&relay->demand, &t, relay->name, w->pool, e);
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
		w->section[i].name = r->head.name;
		if (relay_hosts(&w->section[i], r->host, w->pool, e) < 0 ||
		    ask_relay(&w->section[i], &r->tls, is_login(&r->login), w,
			e) < 0 ||
		    source_of(
			&w->section[i].source, r->source, w->source, w, e) < 0)
			return -1;
		if (login_of(&w->section[i].login, &r->login, w->section[i].tls,
			w->pool, e) < 0)
			return err_while(
			    e, "[relay \"%.*s\"]", STR_ARG(r->head.name));
		/* Who says who he is, submits. */
		if (w->section[i].login)
			relay_submits(&w->section[i]);
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

/*
 * The relay that is meant: a section, or hosts, of which this is said.  Empty:
 * NULL.  *said becomes what holds for it.
 */
static int
find(const struct relay **found, const struct ways *w, struct str text,
    const struct conf_tls **said, const struct conf_login *login, struct err *e)
{
	struct relay *relay;

	*found = NULL;
	if (login && is_misplaced(w, text, login, e))
		return -1;
	for (size_t i = 0; i < w->conf->relays_n && text.n > 0; i++)
		if (str_eq(w->conf->relays[i].head.name, text)) {
			*found = &w->section[i];
			*said = &w->conf->relays[i].tls;
		}
	if (*found || text.n == 0)
		return 0;
	relay = pool_take(w->pool, sizeof(*relay));
	*relay = (struct relay){.name = text, .source = w->source};
	*found = relay;
	if (relay_hosts(relay, text, w->pool, e) < 0 ||
	    ask_relay(relay, *said, login && is_login(login), w, e) < 0)
		return -1;
	if (login && login_of(&relay->login, login, relay->tls, w->pool, e) < 0)
		return -1;
	if (relay->login)
		relay_submits(relay);
	return 0;
}

static int
read_route(struct route *route, const struct conf_route *r,
    const struct routes *all, const struct conf_tls *main, const struct ways *w,
    struct err *e)
{
	static const struct conf_tls nothing = {.level = CONF_TLS_DEFAULT};
	const struct conf_tls *base = main;
	struct conf_tls t, usual = {0};

	route->pattern = r->head.name;
	route->relay = all->relay;
	if (str_eq(r->relay, STR(CONF_NO_RELAY))) {
		route->relay = NULL;
		/* What the main section asks, it asks of its relay. */
		base = all->relay && main == &w->conf->tls ? &nothing
							   : &w->conf->tls;
	} else if (r->relay.n > 0) {
		base = &nothing;
		if (find(&route->relay, w, r->relay, &base, NULL, e) < 0)
			return -1;
	}
	usual.level = usual_level(route->relay);
	usual.authorities = w->conf->tls.authorities;
	t = over(base, &usual);
	t = over(&r->tls, &t);
	guard_login(&t, route->relay && route->relay->login);
	if (source_of(&route->source, r->source,
		route->relay ? route->relay->source : w->source, w, e) < 0)
		return err_while(
		    e, "[route \"%.*s\"]", STR_ARG(route->pattern));
	route->tls = (enum tls_level)t.level;
	if (route->relay &&
	    guard_service(
		route->relay, route->tls, route->relay->login != NULL, e) < 0)
		return err_while(
		    e, "[route \"%.*s\"]", STR_ARG(route->pattern));
	return demand_of(&route->demand, &t, route->pattern, w->pool, e);
}

/* What a rule makes of senders chooses the relay that it belongs to. */
static struct str
target_of(const struct rewrite_rule *rule, struct pool *p)
{
	struct str path;
	struct buf b;

	buf_init(&b, 1 << 20);
	if (rule->to.local.n > 0)
		addr_print(&b, &rule->to);
	else
		buf_printf(&b, "@%.*s", STR_ARG(rule->to.domain));
	path = pool_str(p, buf_str(&b));
	buf_free(&b);
	return path;
}

/* Rules are for who chooses the relay: by `from`, or by saying nothing. */
static int
read_rules(struct rewrite *rules, const struct conf *c,
    const struct conf_relay *r, struct pool *p, struct err *e)
{
	bool rewrites = r->rewrite.sender.n + r->rewrite.from.n > 0;

	*rules = (struct rewrite){NULL, 0};
	if (rewrites && r->from.n == 0 && !str_eq(c->relay, r->head.name))
		return err_set(e, ERR_SYNTAX,
		    "[relay \"%.*s\"] says how senders are rewritten, but "
		    "not of whom: neither has it the key from, nor does the "
		    "key relay name it",
		    STR_ARG(r->head.name));
	return r->from.n > 0 ? rewrite_read(rules, r->rewrite.sender, p, e) : 0;
}

/* Whose mail goes to which relay of its own; what is said there comes first. */
static int
read_accounts(struct routes *routes, const struct ways *w, struct err *e)
{
	const struct conf *c = w->conf;
	struct rewrite *rules =
	    pool_array(w->pool, c->relays_n, sizeof(*rules));
	struct account *account;
	size_t n = 0;

	for (size_t i = 0; i < c->relays_n; i++) {
		if (read_rules(&rules[i], c, &c->relays[i], w->pool, e) < 0)
			return -1;
		n += c->relays[i].from.n + rules[i].n;
	}
	account = pool_array(w->pool, n, sizeof(*account));
	routes->account = account;
	for (size_t i = 0; i < c->relays_n; i++) {
		struct str rest = c->relays[i].from;
		struct str one;

		while (str_word(&rest, " ", &one))
			account[routes->accounts++] =
			    (struct account){one, &w->section[i]};
	}
	for (size_t i = 0; i < c->relays_n; i++)
		for (size_t k = 0; k < rules[i].n; k++)
			account[routes->accounts++] = (struct account){
			    target_of(&rules[i].rule[k], w->pool),
			    &w->section[i]};
	return 0;
}

int
ways_of(
    struct routes *routes, const struct conf *c, struct pool *p, struct err *e)
{
	const struct conf_tls usual = {.level = MX_USUAL};
	struct ways w = {.conf = c, .pool = p};
	struct route *route = pool_array(p, c->routes_n, sizeof(*route));
	const struct conf_tls *said = &c->tls;
	struct conf_tls mx = over(said, &usual);

	*routes = (struct routes){.route = route, .n = c->routes_n};
	if (source_of(&w.source, c->source, NULL, &w, e) < 0 ||
	    read_sections(&w, e) < 0 ||
	    find(&routes->relay, &w, c->relay, &said, &c->login, e) < 0)
		return -1;
	if (read_accounts(routes, &w, e) < 0)
		return -1;
	if (c->null_client && routes->relay == NULL)
		return err_set(e, ERR_SYNTAX,
		    "null-client is for who has a relay, and the key relay "
		    "names none");
	routes->tls = (enum tls_level)mx.level;
	routes->source = w.source;
	if (routes->relay) {
		routes->tls = routes->relay->tls;
		routes->demand = routes->relay->demand;
		routes->source = routes->relay->source;
	} else if (demand_of(&routes->demand, &mx, STR("MX hosts"), p, e) < 0) {
		return -1;
	}
	for (size_t i = 0; i < c->routes_n; i++)
		if (read_route(&route[i], &c->routes[i], routes, said, &w, e) <
		    0)
			return -1;
	return 0;
}

int
ways_look(struct relay *relay, const struct conf *c, struct str text,
    struct pool *p, struct err *e)
{
	const struct conf_tls usual = {
	    .level = RELAY_USUAL, .authorities = c->tls.authorities};
	struct ways w = {.conf = c, .pool = p};
	struct demand *d = pool_take(p, sizeof(*d));
	const struct conf_tls *said = &c->tls;
	const struct relay *found;
	struct conf_tls t;

	/* Who has a user there submits: that says which port is meant. */
	if (source_of(&w.source, c->source, NULL, &w, e) < 0 ||
	    read_sections(&w, e) < 0 ||
	    find(&found, &w, text, &said,
		str_eq(text, c->relay) ? &c->login : NULL, e) < 0)
		return -1;
	if (found == NULL || found->n == 0)
		return err_set(
		    e, ERR_SYNTAX, "\"%.*s\" names no host", STR_ARG(text));
	t = over(said, &usual);
	*d = (struct demand){
	    .verify = true,
	    .look = true,
	    .authorities = t.authorities,
	    .certificate = t.certificate,
	    .key = t.key,
	};
	add_prints(d, t.prints);
	*relay = *found;
	relay->demand = d;
	return 0;
}
