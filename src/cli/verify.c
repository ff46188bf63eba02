/* SPDX-License-Identifier: ISC */
/*
 * -bv: how an address would be routed, and why.  Aliases, routes and relays
 * are looked at as for a message; the DNS is asked for the hosts of a domain;
 * no host is connected to.
 */
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/code.h"
#include "cli/inquire.h"
#include "cli/run.h"
#include "cli/say.h"
#include "cli/settle.h"
#include "cli/tls_say.h"
#include "cli/verify_say.h"
#include "delivery/unique.h"
#include "net/demand.h"

enum { OUT_MAX = 64 << 20, PATH_LONGEST = 1 << 20, OPERAND_SHOWN = 1000 };

struct verify {
	const struct options *o;
	struct conf conf;
	struct identity who;
	struct resolve_opts resolve;
	struct dispatch_opts dispatch;
	struct envelope env;
	struct buf out;
	int status; /* of the worst */
};

/* Asks the DNS what there is of a domain; f->status says how that went. */
static void
look_up(const struct verify *v, const char *what, struct str domain,
    struct found *f)
{
	inquire_dns(f, &v->dispatch.lookup, v->conf.dns_patience, what, domain);
}

/* The status of a message for that address. */
static int
exit_of(const struct status *s)
{
	if (s->outcome == OUTCOME_FAILED)
		return status_exit(s);
	return s->outcome == OUTCOME_DEFERRED ? EX_TEMPFAIL : EX_OK;
}

static void
say_all(struct verify *v, const struct str text[VERIFY_WORDS], int status)
{
	/* A failure has precedence over what is only not known now. */
	if (status != EX_OK && (status != EX_TEMPFAIL || v->status == EX_OK))
		v->status = status;
	verify_say(&v->out, text, status, v->o->json);
}

static struct str
kept(const struct verify *v, struct buf *b)
{
	struct str text = pool_str(v->o->pool, buf_str(b));

	buf_free(b);
	return text;
}

/* Why the mail goes this way. */
static struct str
reason(const struct verify *v, const struct next_hop *hop, struct str domain,
    struct str from)
{
	const struct routes *routes = &v->conf.ways;
	const struct route *route = NULL;
	struct next_hop plain =
	    route_domain(domain, STR(""), &(struct routes){0}, v->o->pool);
	struct buf b;

	if (plain.kind != NEXT_HOP_NONE)
		route = route_find(routes, plain.domain);
	buf_init(&b, 1024);
	if (route)
		buf_printf(&b, "[route \"%.*s\"]", STR_ARG(route->pattern));
	else if (hop->relay && hop->relay == route_account(routes, from))
		buf_printf(
		    &b, "from, of [relay \"%.*s\"]", STR_ARG(hop->relay->name));
	else if (hop->relay)
		buf_add(&b, STR("relay, of the main section"));
	return kept(v, &b);
}

static void
put_host(const struct verify *v, struct buf *b, struct verify_host h)
{
	if (h.at.port == 0)
		h.at.port = (unsigned)v->conf.smtp_port;
	verify_put_host(b, &h, v->o->json);
}

/* Those that the DNS names now, without lots; or *status says why none. */
static void
put_service(const struct verify *v, struct buf *b, struct str domain,
    struct status *status)
{
	struct found a = {.pool = v->o->pool};

	look_up(v, "srv", domain, &a);
	*status = a.status;
	if (a.status.outcome != OUTCOME_DELIVERED ||
	    !service_order(a.served, &a.served_n, domain, v->o->pool, status))
		return;
	for (size_t i = 0; i < a.served_n; i++) {
		const struct service_host *s = &a.served[i];
		struct verify_host h = {
		    .at = {.name = s->name,
			.port = s->port,
			.encrypted = s->encrypted},
		};

		if (!a.secure && !service_is_within(s->name, domain))
			h.as = domain;
		put_host(v, b, h);
	}
}

/* The hosts of a relay in their order; or *status says why there are none. */
static struct str
hosts_of_relay(
    const struct verify *v, const struct relay *relay, struct status *status)
{
	struct buf b;

	buf_init(&b, 64 * 1024);
	for (size_t i = 0; i < relay->n; i++) {
		const struct relay_host *h = &relay->host[i];

		if (h->service)
			put_service(v, &b, h->name, status);
		else
			put_host(v, &b, (struct verify_host){.at = *h});
	}
	return kept(v, &b);
}

/* The MX hosts in their order; or *status says why there are none. */
static struct str
hosts_of_domain(struct verify *v, struct str domain, struct status *status)
{
	struct found a = {.pool = v->o->pool};
	struct buf b;

	look_up(v, "mx", domain, &a);
	*status = a.status;
	if (status->outcome != OUTCOME_DELIVERED ||
	    !route_order(a.list, &a.n, domain, v->dispatch.own,
		v->dispatch.own_n, v->o->pool, status))
		return STR_NONE;
	buf_init(&b, 64 * 1024);
	for (size_t i = 0; i < a.n; i++)
		put_host(v, &b,
		    (struct verify_host){.at = {.name = a.list[i].name},
			.mx = true,
			.preference = a.list[i].preference});
	return kept(v, &b);
}

static struct str
host_of_literal(const struct verify *v, struct str literal)
{
	struct buf b;

	buf_init(&b, 1024);
	if (v->o->json)
		put_host(v, &b, (struct verify_host){.at = {.name = literal}});
	else
		buf_add(&b, literal);
	return kept(v, &b);
}

/* From where it is connected to. */
static struct str
source_of(const struct verify *v, const struct ip_source *source)
{
	static const int families[] = {AF_INET, AF_INET6};
	struct buf b;

	buf_init(&b, 200);
	for (size_t i = 0; source && i < 2; i++) {
		const struct ip *ip = ip_source_of(source, families[i]);

		if (ip && b.n > 0)
			buf_add(&b, STR(", "));
		if (ip)
			ip_print(&b, ip);
	}
	return kept(v, &b);
}

/* Where the secret is, never the secret. */
static struct str
secret_of(const struct verify *v, const struct login *login)
{
	static const char *const kinds[] = {
	    [SECRET_NONE] = "",
	    [SECRET_FILE] = "file ",
	    [SECRET_COMMAND] = "command ",
	    [SECRET_DESCRIPTOR] = "descriptor ",
	    [SECRET_CREDENTIAL] = "credential ",
	    [SECRET_NETRC] = "netrc ",
	};
	struct str from = login->from;
	struct str word = from;
	struct buf b;

	/* Its arguments are nobody's business. */
	if (login->kind == SECRET_COMMAND && str_word(&from, " \t", &word))
		from = word;
	buf_init(&b, PATH_LONGEST);
	if (login->kind != SECRET_NONE)
		buf_printf(&b, "%s%.*s", kinds[login->kind],
		    STR_ARG(login->kind == SECRET_COMMAND ? word : from));
	return kept(v, &b);
}

/* What is asked of the connection, and who we are on it. */
static void
tell_channel(const struct verify *v, struct str text[VERIFY_WORDS],
    const struct next_hop *hop)
{
	const struct relay *relay = hop->relay;

	text[VERIFY_TLS] = str_c(tls_level_word(hop->tls));
	text[VERIFY_SOURCE] = source_of(v, hop->source);
	if (hop->demand && hop->demand->verify)
		text[VERIFY_AUTHORITIES] = hop->demand->authorities;
	if (hop->demand)
		text[VERIFY_CERTIFICATE] = hop->demand->certificate;
	if (relay)
		text[VERIFY_RELAY] = relay->name;
	if (relay && relay->login) {
		text[VERIFY_USER] = relay->login->user;
		text[VERIFY_PASSWORD] = secret_of(v, relay->login);
	}
}

static void
verify_one(struct verify *v, const struct recipient *r)
{
	struct str from = envelope_from(&v->env, r);
	struct str text[VERIFY_WORDS] = {
	    [VERIFY_ADDRESS] = r->path, [VERIFY_ALIAS] = r->orig};
	struct status status = r->status;
	struct next_hop hop = {.kind = NEXT_HOP_NONE};

	if (status.outcome == OUTCOME_OPEN) {
		hop = route_domain(
		    r->addr.domain, from, &v->conf.ways, v->o->pool);
		status = hop.status;
	}
	if (hop.kind == NEXT_HOP_MX)
		text[VERIFY_HOSTS] = hosts_of_domain(v, hop.domain, &status);
	else if (hop.relay)
		text[VERIFY_HOSTS] = hosts_of_relay(v, hop.relay, &status);
	else if (hop.kind == NEXT_HOP_LITERAL)
		text[VERIFY_HOSTS] = host_of_literal(v, hop.domain);
	if (text[VERIFY_HOSTS].n > 0) {
		status = (struct status){0};
		tell_channel(v, text, &hop);
		text[VERIFY_BY] = reason(v, &hop, r->addr.domain, from);
		if (v->o->json || r->from.p || v->who.orig.n > 0)
			text[VERIFY_SENDER] = from;
	} else {
		text[VERIFY_OUTCOME] = str_c(status_word(status.outcome));
		text[VERIFY_WHY] = status.text;
	}
	say_all(v, text, exit_of(&status));
}

/* An address as it stands in MAIL or RCPT. */
static struct str
path_of(const struct addr *a, struct pool *p)
{
	struct str path = STR("");
	struct buf b;

	buf_init(&b, PATH_LONGEST);
	if (!addr_is_null(a)) {
		unique_path(&b, a);
		path = pool_str(p, buf_str(&b));
	}
	buf_free(&b);
	return path;
}

/* What is no address goes nowhere; the others are looked at. */
static void
refuse(struct verify *v, const char *operand, const struct err *e)
{
	struct str text[VERIFY_WORDS] = {[VERIFY_OUTCOME] = STR("failed")};
	struct buf b;

	buf_init(&b, PATH_LONGEST);
	code_inert(&b, str_c(operand), OPERAND_SHOWN);
	text[VERIFY_ADDRESS] = kept(v, &b);
	buf_init(&b, PATH_LONGEST);
	code_inert(&b, str_c(e->text), sizeof(e->text));
	text[VERIFY_WHY] = kept(v, &b);
	say_all(v, text, EX_DATAERR);
}

static int
verify_all(struct verify *v, struct err *e)
{
	const struct options *o = v->o;
	struct addr *addr = pool_array(o->pool, o->operands_n, sizeof(*addr));
	struct envelope *env = &v->env;
	size_t n = 0;

	for (size_t i = 0; i < o->operands_n; i++)
		if (addr_one(o->pool, str_c(o->operands[i]), &addr[n], e) < 0)
			refuse(v, o->operands[i], e);
		else
			n++;
	unique_add(env, addr, n, o->pool);
	for (size_t i = 0; i < env->n; i++)
		env->rcpt[i].path = path_of(&env->rcpt[i].addr, o->pool);
	resolve_recipients(env, &v->resolve, o->pool);
	for (size_t i = 0; i < env->n; i++)
		verify_one(v, &env->rcpt[i]);
	if (!say_page(STDOUT_FILENO, buf_str(&v->out))) {
		err_sys(e, "standard output");
		return EX_IOERR;
	}
	return 0;
}

int
run_verify(const struct options *o)
{
	struct verify v = {.o = o};
	struct err e = {0};
	int status = settle_conf(&v.conf, o, &e);

	if (status == 0)
		status = settle_identity(&v.who, &v.conf, o, &e);
	if (status == 0 && o->operands_n == 0) {
		err_set(&e, ERR_SYNTAX, "no address to look at");
		status = EX_USAGE;
	}
	if (status == 0) {
		v.resolve = settle_resolve(&v.conf, &v.who, o);
		settle_dispatch(&v.dispatch, &v.conf, &v.who, o, clock_now());
		v.env.from = path_of(&v.who.envelope, o->pool);
		buf_init(&v.out, OUT_MAX);
		status = verify_all(&v, &e);
		buf_free(&v.out);
	}
	if (status == 0)
		return v.status;
	(void)say_error(o->name, STR_NONE, str_c(e.text));
	return status;
}
