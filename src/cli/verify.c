/* SPDX-License-Identifier: ISC */
/*
 * -bv: how an address would be routed, and why.  Aliases, routes and relays
 * are looked at as for a message; the DNS is asked for the hosts of a domain;
 * no host is connected to.
 */
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/inquire.h"
#include "cli/json.h"
#include "cli/run.h"
#include "cli/say.h"
#include "cli/settle.h"
#include "cli/tls_say.h"
#include "delivery/unique.h"

enum { OUT_MAX = 64 << 20, PATH_LONGEST = 1 << 20 };

struct verify {
	const struct options *o;
	struct conf conf;
	struct identity who;
	struct resolve_opts resolve;
	struct dispatch_opts dispatch;
	struct str from;
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

/* ---- what is said: the same in both forms */

/* What a word of a line, or of an object, says. */
struct fact {
	const char *word;
	struct str text;
};

static void
say(struct verify *v, const struct fact *fact, size_t n)
{
	const char *before = ": ";

	for (size_t i = 0; i < n; i++) {
		if (v->o->json) {
			buf_add(&v->out, i ? STR(", ") : STR("{"));
			json_string(&v->out, str_c(fact[i].word));
			buf_add(&v->out, STR(": "));
			json_string(&v->out, fact[i].text);
		} else if (i == 0) {
			buf_add(&v->out, fact[i].text);
		} else if (fact[i].text.n > 0) {
			buf_printf(&v->out, "%s%s %.*s", before, fact[i].word,
			    STR_ARG(fact[i].text));
			before = "; ";
		}
	}
	buf_add(&v->out, v->o->json ? STR("}\n") : STR("\n"));
}

/* Why the mail goes this way. */
static struct str
reason(const struct verify *v, const struct next_hop *hop, struct str domain)
{
	const struct routes *routes = &v->conf.ways;
	const struct route *route = NULL;
	struct next_hop plain =
	    route_domain(domain, STR(""), &(struct routes){0}, v->o->pool);
	struct buf b;
	struct str text;

	if (plain.kind != NEXT_HOP_NONE)
		route = route_find(routes, plain.domain);
	buf_init(&b, 1024);
	if (route)
		buf_printf(&b, "[route \"%.*s\"]", STR_ARG(route->pattern));
	else if (hop->relay && hop->relay == route_account(routes, v->from))
		buf_printf(
		    &b, "from, of [relay \"%.*s\"]", STR_ARG(hop->relay->name));
	else if (hop->relay)
		buf_add(&b, STR("relay, of the main section"));
	text = pool_str(v->o->pool, buf_str(&b));
	buf_free(&b);
	return text;
}

static void
put_host(const struct verify *v, struct buf *b, const struct relay_host *h)
{
	buf_printf(b, "%s%s", b->n > 0 ? ", " : "", h->lmtp ? "lmtp:" : "");
	if (h->path.n > 0) {
		buf_add(b, h->path);
		return;
	}
	buf_printf(b, "%s%.*s:%u%s", h->lmtp ? "//" : "", STR_ARG(h->name),
	    h->port ? h->port : (unsigned)v->conf.smtp_port,
	    h->encrypted ? " (TLS from the first byte)" : "");
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
		const struct service_host *h = &a.served[i];

		put_host(v, b,
		    &(struct relay_host){.name = h->name,
			.port = h->port,
			.encrypted = h->encrypted});
		if (!a.secure && !service_is_within(h->name, domain))
			buf_printf(b, " (as %.*s)", STR_ARG(domain));
	}
}

/* The hosts of a relay in their order; or *status says why there are none. */
static struct str
hosts_of_relay(
    const struct verify *v, const struct relay *relay, struct status *status)
{
	struct str text;
	struct buf b;

	buf_init(&b, 64 * 1024);
	for (size_t i = 0; i < relay->n; i++) {
		const struct relay_host *h = &relay->host[i];

		if (h->service)
			put_service(v, &b, h->name, status);
		else
			put_host(v, &b, h);
	}
	text = pool_str(v->o->pool, buf_str(&b));
	buf_free(&b);
	return text;
}

/* The MX hosts in their order; or *status says why there are none. */
static struct str
hosts_of_domain(struct verify *v, struct str domain, struct status *status)
{
	struct found a = {.pool = v->o->pool};
	struct str text;
	struct buf b;

	look_up(v, "mx", domain, &a);
	*status = a.status;
	if (status->outcome != OUTCOME_DELIVERED ||
	    !route_order(a.list, &a.n, domain, v->dispatch.own,
		v->dispatch.own_n, v->o->pool, status))
		return STR_NONE;
	buf_init(&b, 64 * 1024);
	for (size_t i = 0; i < a.n; i++)
		buf_printf(&b, "%s%.*s (%u)", i ? ", " : "",
		    STR_ARG(a.list[i].name), a.list[i].preference);
	text = pool_str(v->o->pool, buf_str(&b));
	buf_free(&b);
	return text;
}

/* A failure has precedence over what is only not known now. */
static void
mind(struct verify *v, const struct status *s)
{
	if (s->outcome == OUTCOME_FAILED)
		v->status = status_exit(s);
	else if (s->outcome == OUTCOME_DEFERRED && v->status == EX_OK)
		v->status = EX_TEMPFAIL;
}

static void
say_status(struct verify *v, const struct recipient *r, const struct status *s)
{
	const struct fact facts[] = {
	    {"address", r->path},
	    {"outcome", str_c(status_word(s->outcome))},
	    {"why", s->text},
	    {"alias", r->orig},
	};

	mind(v, s);
	say(v, facts, sizeof(facts) / sizeof(facts[0]));
}

static void
verify_one(struct verify *v, const struct recipient *r)
{
	struct status status = r->status;
	struct fact facts[] = {{"address", r->path}, {"relay", STR_NONE},
	    {"hosts", STR_NONE}, {"tls", STR_NONE}, {"user", STR_NONE},
	    {"by", STR_NONE}, {"sender", STR_NONE}, {"alias", r->orig}};
	struct next_hop hop;

	if (status.outcome == OUTCOME_OPEN) {
		hop = route_domain(
		    r->addr.domain, v->from, &v->conf.ways, v->o->pool);
		status = hop.status;
		if (hop.kind == NEXT_HOP_MX)
			facts[2].text = hosts_of_domain(v, hop.domain, &status);
		else if (hop.relay)
			facts[2].text = hosts_of_relay(v, hop.relay, &status);
	}
	if (status.outcome != OUTCOME_OPEN && facts[2].text.n == 0) {
		say_status(v, r, &status);
		return;
	}
	if (hop.kind == NEXT_HOP_LITERAL)
		facts[2].text = hop.domain;
	facts[3].text = str_c(tls_level_word(hop.tls));
	facts[5].text = reason(v, &hop, r->addr.domain);
	if (v->who.orig.n > 0)
		facts[6].text = v->from;
	if (hop.relay) {
		facts[1].text = hop.relay->name;
		if (hop.relay->login)
			facts[4].text = hop.relay->login->user;
	}
	say(v, facts, sizeof(facts) / sizeof(facts[0]));
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

static int
verify_all(struct verify *v, struct err *e)
{
	const struct options *o = v->o;
	struct addr *addr = pool_array(o->pool, o->operands_n, sizeof(*addr));
	struct envelope env = {0};

	for (size_t i = 0; i < o->operands_n; i++)
		if (addr_one(o->pool, str_c(o->operands[i]), &addr[i], e) < 0) {
			err_while(e, "%.100s", o->operands[i]);
			return EX_DATAERR;
		}
	unique_add(&env, addr, o->operands_n, o->pool);
	for (size_t i = 0; i < env.n; i++)
		env.rcpt[i].path = path_of(&env.rcpt[i].addr, o->pool);
	resolve_recipients(&env, &v->resolve, o->pool);
	for (size_t i = 0; i < env.n; i++)
		verify_one(v, &env.rcpt[i]);
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
		v.from = path_of(&v.who.envelope, o->pool);
		buf_init(&v.out, OUT_MAX);
		status = verify_all(&v, &e);
		buf_free(&v.out);
	}
	if (status == 0)
		return v.status;
	(void)say_error(o->name, STR_NONE, str_c(e.text));
	return status;
}
