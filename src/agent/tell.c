/* SPDX-License-Identifier: ISC */
#include "agent/tell.h"

#include "base/clock.h"

/* A line of text holds a name or two and a reason. */
enum { LINE = 900 };

static const char *
type_name(enum dns_type type)
{
	switch (type) {
	case DNS_A:
		return "A";
	case DNS_AAAA:
		return "AAAA";
	case DNS_MX:
		return "MX";
	case DNS_SRV:
		return "SRV";
	case DNS_TXT:
		return "TXT";
	case DNS_TLSA:
		return "TLSA";
	default:
		return "?";
	}
}

/* Appends why the DNS did not answer, and who did not. */
static void
add_trouble(struct buf *b, const struct tell *t, const struct dns_question *q)
{
	if (q->trouble == NULL) {
		buf_add(b, STR("timed out"));
		return;
	}
	buf_printf(b, "%s (name server ", q->trouble);
	dns_server(b, t->dns, q->troubled);
	buf_byte(b, ')');
}

static void
show(const struct tell *t, const struct buf *line)
{
	int64_t ms = clock_now() - t->errand->start;
	struct record r = {.kind = RECORD_SHOW, .text = buf_str(line)};

	r.number = ms < 0 ? 0 : ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
	report_put(t->report, &r);
}

void
tell_log(const struct tell *t, enum log_level level, struct str text)
{
	struct record r = {
	    .kind = RECORD_LOG, .number = (uint32_t)level, .text = text};

	report_put(t->report, &r);
}

void
tell_asking(const struct tell *t, const struct dns_question *q)
{
	struct buf line;

	/* Questions for addresses are seen in their answers. */
	if (!t->errand->show ||
	    ((q->type == DNS_A || q->type == DNS_AAAA) && !q->trouble &&
		!q->tcp))
		return;
	buf_init(&line, LINE);
	buf_printf(
	    &line, "%.*s: %s? ", STR_ARG(dns_current(q)), type_name(q->type));
	if (q->trouble) {
		add_trouble(&line, t, q);
		buf_add(&line, STR(", "));
	}
	buf_add(&line, STR("asked "));
	dns_server(&line, t->dns, q->server);
	if (q->tcp)
		buf_add(&line, STR(" over TCP"));
	show(t, &line);
	buf_free(&line);
}

static void
show_record(const struct tell *t, struct str owner, enum dns_type type,
    const struct dns_record *r)
{
	struct buf line;

	buf_init(&line, LINE);
	buf_printf(&line, "%.*s. %s ", STR_ARG(owner), type_name(type));
	if (type == DNS_MX || type == DNS_SRV)
		buf_printf(&line, "%u ", r->preference);
	if (type == DNS_SRV)
		buf_printf(&line, "%u %u ", r->weight, r->port);
	if (type == DNS_MX || type == DNS_SRV)
		buf_printf(&line, "%.*s%s", STR_ARG(r->name),
		    str_eq(r->name, STR(".")) ? "" : ".");
	else
		ip_print(&line, &r->ip);
	show(t, &line);
	buf_free(&line);
}

/* What came, as dig prints it. */
static void
show_answer(const struct tell *t, const struct dns_question *q)
{
	struct str owner = str_c(q->name);
	struct buf line;

	if (!t->errand->show)
		return;
	buf_init(&line, LINE);
	for (size_t i = 0; i < q->answer.aliases; i++) {
		buf_clear(&line);
		buf_printf(&line, "%.*s. CNAME %.*s.", STR_ARG(owner),
		    STR_ARG(q->answer.alias[i]));
		show(t, &line);
		owner = q->answer.alias[i];
	}
	for (size_t i = 0; i < q->answer.n; i++)
		show_record(t, owner, q->type, &q->answer.record[i]);
	if (q->answer.result == DNS_NODATA &&
	    (q->type == DNS_MX || q->type == DNS_SRV)) {
		buf_clear(&line);
		buf_printf(&line, "%.*s: no %s record", STR_ARG(owner),
		    type_name(q->type));
		show(t, &line);
	}
	buf_free(&line);
}

static void
found(
    const struct tell *t, uint32_t id, bool secure, const struct status *status)
{
	struct record r = {.kind = RECORD_FOUND, .id = id};

	r.number = secure;
	r.status = *status;
	report_put(t->report, &r);
}

static void
found_all(const struct tell *t, uint32_t id, bool secure)
{
	struct status status = status_own(BLAME_NONE, "2.0.0", STR("answered"));

	found(t, id, secure, &status);
}

void
tell_status(const struct tell *t, uint32_t id, const struct status *status)
{
	struct buf line;

	if (t->errand->show) {
		buf_init(&line, LINE);
		buf_add(&line, status->text);
		show(t, &line);
		buf_free(&line);
	}
	found(t, id, false, status);
}

/* "domain b.org", or "domain a.org, an alias of b.org," */
static void
add_subject(struct buf *b, const char *what, const struct dns_question *q)
{
	buf_printf(b, "%s %s", what, q->name);
	if (q->answer.aliases > 0)
		buf_printf(b, ", an alias of %.*s,", STR_ARG(dns_current(q)));
}

static void
warn_useless(const struct tell *t, const struct dns_question *q)
{
	struct buf line;

	buf_init(&line, LINE);
	buf_printf(&line, "%s: %zu of its %s records name no possible host",
	    q->name, q->answer.unusable, type_name(q->type));
	tell_log(t, LOG_LEVEL_WARNING, buf_str(&line));
	buf_free(&line);
}

/* Why there is nothing: writes it to line; the enhanced status code. */
static const char *
explain_mx(const struct tell *t, const struct dns_question *q, struct buf *line)
{
	switch (q->answer.result) {
	case DNS_NXDOMAIN:
		add_subject(line, "domain", q);
		buf_add(line, STR(" does not exist (NXDOMAIN)"));
		return "5.1.2";
	case DNS_LOOP:
		buf_printf(
		    line, "domain %s is an endless chain of CNAMEs", q->name);
		return "5.4.4";
	case DNS_FOUND:
		add_subject(line, "domain", q);
		buf_add(line, STR(" has no MX record that names a host"));
		return "5.4.4";
	case DNS_LATER:
	case DNS_NODATA:
	case DNS_CHASE:
	default:
		buf_printf(line, "MX lookup of %s: ", q->name);
		add_trouble(line, t, q);
		return "4.4.3";
	}
}

void
tell_mx(const struct tell *t, uint32_t id, const struct dns_question *q)
{
	const struct dns_answer *a = &q->answer;
	struct status status;
	struct buf line;

	show_answer(t, q);
	if (a->unusable > 0)
		warn_useless(t, q);
	for (size_t i = 0; i < a->n; i++) {
		struct record r = {
		    .kind = RECORD_MX,
		    .id = id,
		    .number = a->record[i].preference,
		    .name = a->record[i].name,
		};

		report_put(t->report, &r);
	}
	if (a->n > 0 || a->result == DNS_NODATA) {
		found_all(t, id, a->secure);
		return;
	}
	buf_init(&line, LINE);

	const char *enhanced = explain_mx(t, q, &line);

	status = status_own(BLAME_RCPT, enhanced, buf_str(&line));
	tell_status(t, id, &status);
	buf_free(&line);
}

/* The records of one form; how many of them name a host. */
static size_t
put_services(const struct tell *t, uint32_t id, const struct dns_question *q,
    bool encrypted)
{
	const struct dns_answer *a = &q->answer;
	size_t hosts = 0;

	show_answer(t, q);
	if (a->unusable > 0)
		warn_useless(t, q);
	for (size_t i = 0; i < a->n; i++) {
		const struct dns_record *host = &a->record[i];
		struct record r = {
		    .kind = RECORD_SRV,
		    .id = id,
		    .number = host->preference,
		    .weight = host->weight,
		    .port = host->port,
		    .encrypted = encrypted,
		    .name = host->name,
		};

		hosts += !str_eq(host->name, STR("."));
		report_put(t->report, &r);
	}
	return hosts;
}

/* "NAME (NXDOMAIN)": what was asked, and what came of it. */
static void
add_service(struct buf *b, const struct dns_question *q)
{
	static const char *const results[] = {
	    [DNS_FOUND] = "names no possible host",
	    [DNS_NODATA] = "no SRV record",
	    [DNS_NXDOMAIN] = "NXDOMAIN",
	    [DNS_LOOP] = "an endless chain of CNAMEs",
	    [DNS_LATER] = "no answer",
	    [DNS_CHASE] = "no answer",
	};

	buf_printf(b, "%s (%s)", q->name, results[q->answer.result]);
}

void
tell_srv(const struct tell *t, uint32_t id,
    const struct dns_question *encrypted, const struct dns_question *starttls)
{
	size_t hosts = put_services(t, id, encrypted, true) +
	    put_services(t, id, starttls, false);
	size_t records = encrypted->answer.n + starttls->answer.n;
	const struct dns_question *later = encrypted->answer.result == DNS_LATER
	    ? encrypted
	    : starttls->answer.result == DNS_LATER ? starttls
						   : NULL;
	bool secure = (encrypted->answer.n == 0 || encrypted->answer.secure) &&
	    (starttls->answer.n == 0 || starttls->answer.secure);
	struct status status;
	struct buf line;

	if (hosts > 0 || (records > 0 && later == NULL)) {
		found_all(t, id, secure);
		return;
	}
	buf_init(&line, LINE);
	if (later) {
		buf_printf(&line, "SRV lookup of %s: ", later->name);
		add_trouble(&line, t, later);
		status = status_own(BLAME_US, "4.4.3", buf_str(&line));
	} else {
		buf_add(&line, STR("the DNS knows no host of this service: "));
		add_service(&line, encrypted);
		buf_add(&line, STR(", "));
		add_service(&line, starttls);
		buf_add(&line, STR("; is the domain right?"));
		status = status_own(BLAME_US, "4.4.4", buf_str(&line));
	}
	tell_status(t, id, &status);
	buf_free(&line);
}

static void
put_address(
    const struct tell *t, uint32_t id, const struct dns_question *q, size_t i)
{
	struct record r = {.kind = RECORD_ADDR, .id = id};
	struct buf ip;

	if (q == NULL || i >= q->answer.n)
		return;
	buf_init(&ip, 64);
	ip_print(&ip, &q->answer.record[i].ip);
	r.name = buf_str(&ip);
	report_put(t->report, &r);
	buf_free(&ip);
}

static size_t
count(const struct dns_question *q)
{
	return q ? q->answer.n : 0;
}

static bool
is(const struct dns_question *q, enum dns_result result)
{
	return q && q->answer.result == result;
}

/* A host of an MX record should be no alias (RFC 2181, 10.3), but may be one
 * to us (C-10). */
static void
remark_alias(const struct tell *t, struct str host,
    const struct dns_question *a, const struct dns_question *aaaa)
{
	const struct dns_question *q = a && a->answer.aliases > 0 ? a : aaaa;
	struct buf line;

	if (q == NULL || q->answer.aliases == 0)
		return;
	buf_init(&line, LINE);
	buf_printf(&line, "host %.*s is an alias (CNAME) of %.*s",
	    STR_ARG(host), STR_ARG(dns_current(q)));
	tell_log(t, LOG_LEVEL_INFO, buf_str(&line));
	buf_free(&line);
}

static const char *
explain_addr(const struct tell *t, struct str host,
    const struct dns_question *a, const struct dns_question *aaaa,
    struct buf *line)
{
	bool gone = is(a, DNS_NXDOMAIN) || is(aaaa, DNS_NXDOMAIN);

	if (is(a, DNS_LATER) || is(aaaa, DNS_LATER)) {
		buf_printf(line, "address lookup of %.*s: ", STR_ARG(host));
		add_trouble(line, t, is(a, DNS_LATER) ? a : aaaa);
		return "4.4.3";
	}
	buf_printf(line, "host %.*s ", STR_ARG(host));
	if (is(a, DNS_LOOP) || is(aaaa, DNS_LOOP))
		buf_add(line, STR("is an endless chain of CNAMEs"));
	else if (gone)
		buf_add(line, STR("has no address (NXDOMAIN)"));
	else
		buf_printf(line, "has no %saddress",
		    !aaaa    ? "IPv4 "
			: !a ? "IPv6 "
			     : "");
	return "5.4.4";
}

void
tell_addr(const struct tell *t, uint32_t id, struct str host,
    const struct dns_question *a, const struct dns_question *aaaa)
{
	struct status status;
	struct buf line;
	size_t most = count(a) > count(aaaa) ? count(a) : count(aaaa);
	bool secure = most > 0;

	if (aaaa)
		show_answer(t, aaaa);
	if (a)
		show_answer(t, a);
	for (size_t i = 0; i < most; i++) {
		put_address(t, id, aaaa, i);
		put_address(t, id, a, i);
	}
	if (count(a) > 0)
		secure = secure && a->answer.secure;
	if (count(aaaa) > 0)
		secure = secure && aaaa->answer.secure;
	if (most > 0) {
		remark_alias(t, host, a, aaaa);
		found_all(t, id, secure);
		return;
	}
	buf_init(&line, LINE);

	const char *enhanced = explain_addr(t, host, a, aaaa, &line);

	status = status_own(BLAME_HOST, enhanced, buf_str(&line));
	tell_status(t, id, &status);
	buf_free(&line);
}
