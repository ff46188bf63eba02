/* SPDX-License-Identifier: ISC */
/*
 * --tls-test: what a host offers, and what its channel proves.  An smtp agent
 * speaks with it as it would for a message, up to the point where MAIL would
 * be said; here is only judged and printed what that agent reports.
 */
#include <sysexits.h>
#include <unistd.h>

#include "agent/probe.h"
#include "base/clock.h"
#include "cli/hear.h"
#include "cli/inquire.h"
#include "cli/run.h"
#include "cli/say.h"
#include "cli/settle.h"
#include "cli/tls_say.h"
#include "cli/ways.h"
#include "os/group.h"

enum { OUT_MAX = 64 << 20 };

struct test {
	const struct options *o;
	struct conf conf;
	struct dispatch_opts dispatch;
	struct pool *pool;
	struct buf out;
	int status; /* of the first host that has one */
};

/* One host, and what is heard of it. */
struct look {
	struct test *test;
	struct tls_host host;
	const struct demand *demand;
	const struct ip_source *source;
	bool literal;
	bool lmtp;
	struct str domain; /* whose service it is; and that */
	bool foreign;	   /* it is not below it */
	struct str ip[ERRAND_ADDRESSES];
	size_t addresses;
	struct status named; /* its address was looked up: with that end */
	struct status end; /* why the session is over; open: as it should be */
	enum reach reach;
	bool ended;
};

/* As it is with -v for a message. */
static void
show(void *ctx, const struct record *r)
{
	const struct test *t = ctx;
	struct buf b;

	if (!t->o->verbose || t->o->json)
		return;
	buf_init(&b, 2 * REPORT_TEXT);
	buf_printf(&b, "%4u.%03u %.*s\n", (unsigned)(r->number / 1000),
	    (unsigned)(r->number % 1000), STR_ARG(r->text));
	(void)say_text(STDOUT_FILENO, buf_str(&b));
	buf_free(&b);
}

/* ---- the session */

static void
take_dial(struct look *l, const struct record *r)
{
	if (r->number == DIAL_CONNECTED && r->id < l->addresses)
		l->host.ip = l->ip[r->id];
	else
		l->host.trouble = pool_str(l->test->pool, r->status.text);
}

static bool
take_fact(struct look *l, const struct record *r)
{
	struct pool *p = l->test->pool;

	if (l->host.n == PROBE_FACTS)
		return false;
	l->host.fact[l->host.n++] = (struct tls_fact){
	    pool_str(p, r->name), r->number, pool_str(p, r->text)};
	return true;
}

static bool
take(void *ctx, const struct record *r)
{
	struct look *l = ctx;

	switch (r->kind) {
	case RECORD_DIAL:
		take_dial(l, r);
		return true;
	case RECORD_FACT:
		return take_fact(l, r);
	case RECORD_HOST:
		l->end = status_keep(r->status, l->test->pool);
		l->reach = (enum reach)r->number;
		return true;
	case RECORD_SHOW:
		show(l->test, r);
		return true;
	case RECORD_LOG:
	case RECORD_LACK:
		return true;
	case RECORD_END:
		l->ended = true;
		return false;
	case RECORD_MX:
	case RECORD_SRV:
	case RECORD_ADDR:
	case RECORD_FOUND:
	case RECORD_RCPT:
	case RECORD_GATE:
	case RECORD_MUTE:
	case RECORD_KINDS:
	default:
		return false;
	}
}

static void
visit(struct look *l)
{
	const struct test *t = l->test;
	struct errand errand = {
	    .host = l->host.name,
	    .addresses = l->addresses,
	    .port = l->host.port,
	    .last = true,
	    .literal = l->literal,
	    .tls = TLS_LEVEL_MAY,
	    .demand = l->demand,
	    .source = l->source,
	    .encrypted = l->host.encrypted,
	    .lmtp = l->lmtp,
	    .domain = l->domain,
	    .foreign = l->foreign,
	    .helo = t->dispatch.helo,
	    .start = t->dispatch.start,
	    .deadline = clock_now() + t->conf.patience,
	    .show = t->o->verbose,
	    .look = true,
	};
	struct agent agent;
	struct err e;

	memcpy(errand.ip, l->ip, sizeof(l->ip));
	memcpy(errand.wait, t->conf.wait, sizeof(errand.wait));
	if (agent_smtp(&agent, &errand, &e) < 0) {
		l->end = status_own(
		    BLAME_US, "4.3.0", pool_str(t->pool, str_c(e.text)));
		return;
	}
	/* It keeps its deadline itself, and has to say that. */
	hear_agent(&agent, errand.deadline + t->conf.wait[WAIT_QUIT], take, l);
	if (!l->ended && l->end.outcome == OUTCOME_OPEN)
		l->end = status_own(BLAME_US, "4.3.0",
		    STR("the process that made the attempt has died"));
}

/* ---- what that means */

static bool
has(const struct tls_host *h, const char *word, uint32_t number)
{
	return tls_fact(h, word, number) != NULL;
}

/* With which levels would mail go on its way? */
static unsigned
levels(const struct look *l)
{
	const struct tls_host *h = &l->host;
	bool well = l->end.outcome == OUTCOME_OPEN;
	bool tls = well && (has(h, "name", 1) || has(h, "helo", 1));
	/* A handshake that fails is followed by another try, in clear. */
	bool clear = (well || l->reach == REACH_STARTTLS) &&
	    (has(h, "name", 0) || has(h, "helo", 0));
	bool good = tls && has(h, "tls", 1);
	bool will[] = {
	    [TLS_LEVEL_NONE] =
		h->encrypted ? tls : has(h, "name", 0) || has(h, "helo", 0),
	    [TLS_LEVEL_MAY] = tls || clear,
	    [TLS_LEVEL_ENCRYPT] = good,
	    [TLS_LEVEL_VERIFY] = good && has(h, "named", 1),
	    [TLS_LEVEL_FINGERPRINT] = good && has(h, "printed", 1),
	};
	unsigned set = 0;

	for (size_t i = 0; i < sizeof(will) / sizeof(will[0]); i++)
		set |= (will[i] ? 1U : 0U) << i;
	return set;
}

/* Why it was not seen to its end: the status. */
static int
trouble(const struct look *l)
{
	const struct status *s = &l->end;
	bool broken = s->code == 0 && s->enhanced[1] == 5;

	/* Files of ours that TLS is in need of. */
	if (s->blame == BLAME_US)
		return s->enhanced[1] == 7 ? EX_CONFIG : EX_OSERR;
	if (s->outcome == OUTCOME_FAILED)
		return EX_UNAVAILABLE;
	return l->reach == REACH_STARTTLS || broken ? EX_PROTOCOL : EX_TEMPFAIL;
}

static int
status_of(const struct look *l)
{
	const struct tls_host *h = &l->host;
	const unsigned proof =
	    1U << TLS_LEVEL_VERIFY | 1U << TLS_LEVEL_FINGERPRINT;
	const struct tls_fact *refusal = tls_fact(h, "refusal", 0);

	if (l->addresses == 0)
		return l->named.enhanced[2] == 3 ? EX_TEMPFAIL : EX_NOHOST;
	if (l->end.outcome != OUTCOME_OPEN)
		return trouble(l);
	if (h->ip.n == 0)
		return EX_TEMPFAIL;
	if (h->levels & proof)
		return EX_OK;
	if (refusal && str_starts(refusal->text, STR("4")))
		return EX_TEMPFAIL;
	if (!has(h, "tls", 0) && !has(h, "tls", 1))
		return EX_UNAVAILABLE;
	if (!has(h, "tls", 1))
		return EX_PROTOCOL;
	return has(h, "named", PROBE_UNKNOWN) ? EX_CONFIG : EX_NOPERM;
}

static void
judge(struct look *l)
{
	struct tls_host *h = &l->host;

	h->levels = levels(l);
	if (l->addresses == 0)
		h->trouble = l->named.text;
	else if (l->end.outcome != OUTCOME_OPEN)
		h->trouble = l->end.text;
	else if (h->ip.n > 0)
		/* Another address has answered. */
		h->trouble = STR_NONE;
	if (h->trouble.n == 0 && !has(h, "tls", 0) && !has(h, "tls", 1) &&
	    !has(h, "refusal", 0))
		h->trouble =
		    STR("it does not offer STARTTLS; is this the right "
			"port? submissions (465) has TLS from the "
			"first byte");
	h->status = status_of(l);
	if (l->test->status == EX_OK)
		l->test->status = h->status;
}

/* With all but its addresses, which are found: say them. */
static void
test_host(struct look *l, const struct found *f)
{
	struct test *t = l->test;

	l->host.fact = pool_array(t->pool, PROBE_FACTS, sizeof(*l->host.fact));
	l->named = f->status;
	l->addresses = f->ips;
	memcpy(l->ip, f->ip, sizeof(l->ip));
	if (l->addresses > 0)
		visit(l);
	judge(l);
	(t->o->json ? tls_say_json : tls_say_text)(&t->out, &l->host);
}

static struct look
begin(struct test *t, const struct relay *relay, struct str name, unsigned port,
    bool encrypted)
{
	return (struct look){
	    .test = t,
	    .demand = relay->demand,
	    .source = relay->source,
	    .host =
		{
		    .name = name,
		    .port = port ? port : (unsigned)t->conf.smtp_port,
		    .encrypted = encrypted,
		    .asked = relay->tls,
		},
	};
}

static void
test_one(
    struct test *t, const struct relay *relay, const struct relay_host *host)
{
	struct look l =
	    begin(t, relay, host->name, host->port, host->encrypted);
	struct found f = {.pool = t->pool, .show = show, .ctx = t};
	struct buf ip;

	l.literal = host->literal;
	l.lmtp = host->lmtp;
	buf_init(&ip, 64);
	if (host->path.n > 0) {
		l.host.port = 0;
		f.ip[f.ips++] = host->path;
	} else if (host->literal) {
		ip_print(&ip, &host->ip);
		f.ip[f.ips++] = pool_str(t->pool, buf_str(&ip));
	} else {
		inquire_name(
		    &f, &t->dispatch.lookup, t->conf.dns_patience, host->name);
	}
	buf_free(&ip);
	test_host(&l, &f);
}

/* The hosts that the DNS names, by the DNS alone. */
static void
test_service(struct test *t, const struct relay *relay, struct str domain)
{
	struct found service = {.pool = t->pool, .show = show, .ctx = t};
	struct look l = begin(t, relay, domain, 0, false);

	inquire_dns(
	    &service, &t->dispatch.lookup, t->conf.dns_patience, "srv", domain);
	if (service.status.outcome != OUTCOME_DELIVERED ||
	    !service_order(service.served, &service.served_n, domain, t->pool,
		&service.status)) {
		test_host(&l, &service);
		return;
	}
	for (size_t i = 0; i < service.served_n; i++) {
		const struct service_host *h = &service.served[i];
		struct found f = {.pool = t->pool, .show = show, .ctx = t};

		l = begin(t, relay, h->name, h->port, h->encrypted);
		l.domain = domain;
		l.foreign =
		    !service.secure && !service_is_within(h->name, domain);
		inquire_dns(&f, &t->dispatch.lookup, t->conf.dns_patience,
		    "addr", h->name);
		test_host(&l, &f);
	}
}

/* The hosts of one operand, or of the configuration. */
static int
test_relay(struct test *t, struct str text, struct err *e)
{
	struct relay relay;

	if (ways_look(&relay, &t->conf, text, t->pool, e) < 0) {
		err_while(e, "%.*s", STR_ARG(text));
		return EX_USAGE;
	}
	for (size_t i = 0; i < relay.n; i++) {
		if (relay.host[i].service)
			test_service(t, &relay, relay.host[i].name);
		else
			test_one(t, &relay, &relay.host[i]);
		if (!say_page(STDOUT_FILENO, buf_str(&t->out))) {
			err_sys(e, "standard output");
			return EX_IOERR;
		}
		buf_clear(&t->out);
	}
	return 0;
}

static int
test_all(struct test *t, struct err *e)
{
	const struct options *o = t->o;
	int status = 0;

	if (o->operands_n == 0 && t->conf.relay.n > 0)
		return test_relay(t, t->conf.relay, e);
	if (o->operands_n == 0) {
		err_set(e, ERR_SYNTAX,
		    "no host to look at, and the key relay names none");
		return EX_USAGE;
	}
	for (size_t i = 0; i < o->operands_n && status == 0; i++)
		status = test_relay(t, str_c(o->operands[i]), e);
	return status;
}

int
run_tls_test(const struct options *o)
{
	struct test t = {.o = o, .pool = o->pool};
	struct identity who;
	struct err e = {0};
	int status;

	/* Who names a host goes his own way (J-05). */
	group_drop();
	status = settle_conf(&t.conf, o, &e);
	if (status == 0)
		status = settle_identity(&who, &t.conf, o, &e);
	if (status == 0) {
		settle_dispatch(&t.dispatch, &t.conf, &who, o, clock_now());
		buf_init(&t.out, OUT_MAX);
		status = test_all(&t, &e);
		buf_free(&t.out);
	}
	if (status == 0)
		return t.status;
	(void)say_error(o->name, STR_NONE, str_c(e.text));
	return status;
}
