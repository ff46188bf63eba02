/* SPDX-License-Identifier: ISC */
#include "delivery/hop.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "delivery/outcome.h"
#include "os/sys.h"

/* How much longer than all time-outs together an agent may live. */
enum {
	ATTEMPT_FLOOR_MS = 2 * 3600 * 1000, /* J-09 */
	SLOWEST_OCTETS_PER_MS = 4,
	EXCHANGERS_MAX = 200,
};

void
run_show(const struct run *run, const struct hop *hop, int64_t ms,
    struct str text)
{
	struct buf b;

	if (run->opts->show == NULL)
		return;
	buf_init(&b, 4096);
	buf_printf(&b, "%4" PRId64 ".%03d ", ms / 1000, (int)(ms % 1000));
	if (run->several && hop)
		buf_printf(&b, "[%.*s] ", STR_ARG(hop->target.domain));
	buf_add(&b, text);
	run->opts->show(run->opts->ctx, buf_str(&b));
	buf_free(&b);
}

static void
show_now(const struct run *run, const struct hop *hop, struct str text)
{
	run_show(run, hop, clock_now() - run->opts->start, text);
}

/* The verdict, for people. */
static void
show_verdict(const struct run *run, const struct hop *hop,
    const struct recipient *r)
{
	static const char *const words[] = {
	    [OUTCOME_OPEN] = "Undecided",
	    [OUTCOME_DELIVERED] = "Sent",
	    [OUTCOME_DEFERRED] = "Deferred",
	    [OUTCOME_FAILED] = "Failed",
	};
	struct buf b;

	if (run->opts->show == NULL)
		return;
	buf_init(&b, 4096);
	buf_printf(&b, "<%.*s>... %s (%.*s)", STR_ARG(r->path),
	    words[r->status.outcome], STR_ARG(r->status.text));
	show_now(run, hop, buf_str(&b));
	buf_free(&b);
}

static struct recipient *
member(const struct hop *hop, const struct run *run, size_t i)
{
	return &run->envelope->rcpt[hop->member[i]];
}

/* Is this recipient's fate sealed for this run? */
static bool
sealed(const struct recipient *r)
{
	return r->status.outcome == OUTCOME_DELIVERED ||
	    r->status.outcome == OUTCOME_FAILED ||
	    (r->status.outcome == OUTCOME_DEFERRED &&
		r->status.blame == BLAME_DOUBT);
}

static void
seal(struct hop *hop, struct run *run, struct recipient *r,
    const struct status *status)
{
	if (status)
		r->status = status_keep(*status, run->pool);
	outcome_log(run->envelope, r);
	show_verdict(run, hop, r);
}

/* Nothing is left to try: who is not sealed gets what he has, or status. */
static void
conclude(struct hop *hop, struct run *run, const struct status *status)
{
	for (size_t i = 0; i < hop->n; i++) {
		struct recipient *r = member(hop, run, i);

		if (sealed(r))
			continue;
		seal(hop, run, r,
		    r->status.outcome == OUTCOME_OPEN ? status : NULL);
	}
	free(hop->walk);
	free(hop->list);
	hop->walk = NULL;
	hop->list = NULL;
	hop->state = HOP_OVER;
}

static bool
all_sealed(const struct hop *hop, const struct run *run)
{
	for (size_t i = 0; i < hop->n; i++)
		if (!sealed(member(hop, run, i)))
			return false;
	return true;
}

static bool
leaving(const struct run *run)
{
	return run->opts->leave && *run->opts->leave;
}

static void
conclude_left(struct hop *hop, struct run *run)
{
	struct status left = status_own(BLAME_US, "4.3.0",
	    STR("interrupted before the message was sent"));

	conclude(hop, run, &left);
}

/* The next step of the walk. */
static void
advance(struct hop *hop, struct run *run)
{
	int64_t age = clock_now() - run->opts->start;
	struct status status;

	if (all_sealed(hop, run)) {
		conclude(hop, run, NULL);
		return;
	}
	if (leaving(run)) {
		conclude_left(hop, run);
		return;
	}
	switch (walk_next(hop->walk, age > run->opts->attempts_end,
	    &hop->attempt.step)) {
	case WALK_LOOK_UP:
		hop->state = HOP_ASK_ADDRESS;
		break;
	case WALK_TRY:
		hop->state = HOP_ATTEMPT;
		break;
	case WALK_OVER:
	default:
		status = walk_verdict(hop->walk, run->pool);
		conclude(hop, run, &status);
		break;
	}
}

static void
new_walk(struct hop *hop)
{
	hop->walk = calloc(1, sizeof(*hop->walk));
	if (hop->walk == NULL)
		err_memory();
}

static bool
is_ours(const struct run *run, const struct ip *ip)
{
	return !run->opts->loopback_mx &&
	    (ip_is_loopback(ip) || ip_is_ours(ip));
}

void
hop_begin(struct hop *hop, struct run *run)
{
	struct status loop = status_own(BLAME_RCPT, "5.4.6",
	    STR("this address is this host itself, which takes no mail"));
	struct buf ip;

	hop->attempt.agent = (struct agent){-1, -1, -1};
	switch (hop->target.kind) {
	case NEXT_HOP_MX:
		hop->state = HOP_ASK_MX;
		return;
	case NEXT_HOP_LITERAL:
		if (is_ours(run, &hop->target.ip)) {
			conclude(hop, run, &loop);
			return;
		}
		new_walk(hop);
		hop->walk->literal = true;
		walk_add(hop->walk, hop->target.domain, 0);
		buf_init(&ip, 64);
		ip_print(&ip, &hop->target.ip);
		walk_address(hop->walk, pool_str(run->pool, buf_str(&ip)));
		buf_free(&ip);
		hop->walk->host[0].known = true;
		advance(hop, run);
		return;
	case NEXT_HOP_NONE:
	default:
		conclude(hop, run, &hop->target.status);
	}
}

struct str
hop_question(const struct hop *hop)
{
	return hop->state == HOP_ASK_MX ? hop->target.domain
					: hop->walk->host[hop->walk->at].name;
}

/* The order of the walk, for people. */
static void
show_order(const struct hop *hop, const struct run *run, bool implicit)
{
	struct buf b;

	if (run->opts->show == NULL)
		return;
	buf_init(&b, 4096);
	if (implicit)
		buf_printf(&b, "%.*s has no MX record: the host itself",
		    STR_ARG(hop->target.domain));
	else
		buf_printf(&b, "%.*s: hosts to try, in this order:",
		    STR_ARG(hop->target.domain));
	for (size_t i = 0; !implicit && i < hop->walk->n; i++)
		buf_printf(&b, "%s %.*s (%u)", i ? "," : "",
		    STR_ARG(hop->walk->host[i].name),
		    hop->walk->host[i].preference);
	show_now(run, hop, buf_str(&b));
	buf_free(&b);
}

/* All MX records are here. */
static void
mx_complete(struct hop *hop, struct run *run)
{
	bool implicit = hop->list_n == 0;
	struct status status = {0};

	if (hop->list == NULL)
		hop->list = calloc(1, sizeof(*hop->list));
	if (hop->list == NULL)
		err_memory();
	if (!route_order(hop->list, &hop->list_n, hop->target.domain,
		run->opts->own, run->opts->own_n, run->pool, &status)) {
		conclude(hop, run, &status);
		return;
	}
	new_walk(hop);
	for (size_t i = 0; i < hop->list_n; i++)
		walk_add(hop->walk, hop->list[i].name,
		    hop->list[i].preference);
	free(hop->list);
	hop->list = NULL;
	show_order(hop, run, implicit);
	advance(hop, run);
}

static void
mx_record(struct hop *hop, struct run *run, const struct record *r)
{
	struct exchanger *x;

	if (hop->list == NULL)
		hop->list = calloc(EXCHANGERS_MAX + 1, sizeof(*hop->list));
	if (hop->list == NULL)
		err_memory();
	if (hop->list_n == EXCHANGERS_MAX)
		return;
	x = &hop->list[hop->list_n];
	x->preference = r->number;
	x->name = pool_str(run->pool, r->name);
	/* Without random bytes the order of the answer has to do. */
	if (sys_random(&x->rank, sizeof(x->rank)) < 0)
		x->rank = (uint32_t)hop->list_n;
	hop->list_n++;
}

static void
address_record(struct hop *hop, struct run *run, const struct record *r)
{
	struct walk_host *h = &hop->walk->host[hop->walk->at];
	struct ip ip;

	if (h->known || !ip_parse(r->name, &ip))
		return;
	if (is_ours(run, &ip)) {
		log_event(LOG_LEVEL_WARNING, "smtp",
		    "%.*s: %.*s[%.*s] is this host: a mail loop",
		    STR_ARG(run->envelope->id), STR_ARG(h->name),
		    STR_ARG(r->name));
		walk_ours(hop->walk);
		return;
	}
	walk_address(hop->walk, pool_str(run->pool, r->name));
}

void
hop_looked_up(struct hop *hop, struct run *run, const struct record *r)
{
	struct status status;

	if (hop->state == HOP_MX && r->kind == RECORD_MX) {
		mx_record(hop, run, r);
		return;
	}
	if (hop->state == HOP_ADDRESS && r->kind == RECORD_ADDR) {
		/* Cut off by an address before: the rest is of no interest. */
		if (hop->walk->at < hop->walk->n)
			address_record(hop, run, r);
		return;
	}
	if (r->kind != RECORD_FOUND)
		return;
	if (hop->state == HOP_MX) {
		if (r->status.outcome == OUTCOME_DELIVERED)
			mx_complete(hop, run);
		else
			conclude(hop, run, &r->status);
	} else if (hop->state == HOP_ADDRESS) {
		if (hop->walk->at < hop->walk->n) {
			status = status_keep(r->status, run->pool);
			walk_found(hop->walk, &status);
		}
		advance(hop, run);
	}
}

void
hop_lookup_lost(struct hop *hop, struct run *run, const char *why)
{
	struct record r = {.kind = RECORD_FOUND};

	r.status = status_own(BLAME_US, "4.4.3", str_c(why));
	hop_looked_up(hop, run, &r);
}

/* An attempt may take its time-outs, and a big message at a slow pace. */
static int64_t
attempt_deadline(const struct run *run)
{
	return clock_now() + ATTEMPT_FLOOR_MS +
	    (int64_t)(run->content->size / SLOWEST_OCTETS_PER_MS);
}

void
hop_prepare(struct hop *hop, struct run *run)
{
	struct attempt *a = &hop->attempt;
	struct walk_step step = a->step;
	const struct dispatch_opts *opts = run->opts;
	struct str *to = pool_array(run->pool, hop->n, sizeof(*to));
	size_t n = 0;

	*a = (struct attempt){.agent = {-1, -1, -1}, .step = step};
	a->member = pool_array(run->pool, hop->n, sizeof(*a->member));
	for (size_t i = 0; i < hop->n; i++) {
		struct recipient *r = member(hop, run, i);

		if (sealed(r))
			continue;
		r->since[SINCE_CONNECTING] = clock_now();
		r->since[SINCE_SENDING] = 0;
		a->member[n] = hop->member[i];
		to[n++] = r->path;
	}
	a->errand = (struct errand){
	    .host = step.host->name,
	    .addresses = step.n,
	    .port = opts->port,
	    .last = step.last,
	    .literal = hop->walk->literal,
	    .tls = step.clear ? TLS_LEVEL_NONE : opts->tls,
	    .helo = opts->helo,
	    .from = run->envelope->from,
	    .to = to,
	    .n = n,
	    .content = *run->content,
	    .start = opts->start,
	    .deadline = attempt_deadline(run),
	    .show = opts->show != NULL,
	};
	memcpy(a->errand.ip, step.ip, sizeof(step.ip));
	memcpy(a->errand.wait, opts->wait, sizeof(opts->wait));
	report_reader_init(&a->reader);
	hop->deadline = a->errand.deadline + opts->wait[WAIT_DOT];
	hop->state = HOP_RUNNING;
	if (step.clear)
		show_now(run, hop,
		    STR("the TLS handshake failed: once more, in clear text"));
}

/* "host[ip]:port" of the attempt. */
static struct str
relay(const struct attempt *a, struct run *run)
{
	struct buf b;
	struct str text;

	buf_init(&b, 1024);
	if (a->errand.literal)
		buf_printf(&b, "%.*s", STR_ARG(a->errand.host));
	else
		buf_printf(&b, "%.*s[%.*s]", STR_ARG(a->errand.host),
		    STR_ARG(a->ip));
	buf_printf(&b, ":%u", a->errand.port);
	text = pool_str(run->pool, buf_str(&b));
	buf_free(&b);
	return text;
}

/* A refusal's text with the name of who said it in front (K-06). */
static struct status
attributed(struct status s, const struct attempt *a, struct run *run)
{
	struct buf b;

	if (s.outcome == OUTCOME_DELIVERED)
		return status_keep(s, run->pool);
	buf_init(&b, 4096);
	if (a->errand.literal)
		buf_printf(&b, "host %.*s", STR_ARG(a->errand.host));
	else
		buf_printf(&b, "host %.*s[%.*s]", STR_ARG(a->errand.host),
		    STR_ARG(a->ip));
	buf_add(&b, s.code ? STR(" said: ") : STR(": "));
	buf_add(&b, s.text);
	s.text = pool_str(run->pool, buf_str(&b));
	buf_free(&b);
	return s;
}

static bool
dial_record(struct hop *hop, struct run *run, const struct record *r)
{
	struct attempt *a = &hop->attempt;
	struct status status;
	bool known = false;

	for (size_t i = 0; i < a->errand.addresses; i++)
		known = known || str_eq(a->errand.ip[i], r->name);
	if (!known || a->ip.n > 0)
		return false;
	if (r->number > 0) {
		a->ip = pool_str(run->pool, r->name);
		a->reach = REACH_CONNECTED;
		return true;
	}
	status = status_keep(r->status, run->pool);
	log_event(LOG_LEVEL_INFO, "smtp", "%.*s: %.*s",
	    STR_ARG(run->envelope->id), STR_ARG(status.text));
	walk_tried(hop->walk, r->name, REACH_NOTHING, a->step.clear, &status);
	return true;
}

static bool
rcpt_record(struct hop *hop, struct run *run, const struct record *r)
{
	struct attempt *a = &hop->attempt;
	struct recipient *rcpt;
	struct status status;

	if (r->id >= a->errand.n || a->ip.n == 0)
		return false;
	rcpt = &run->envelope->rcpt[a->member[r->id]];
	if (r->status.outcome == OUTCOME_OPEN || sealed(rcpt) ||
	    a->member[r->id] == SIZE_MAX)
		return false;
	if (r->status.outcome == OUTCOME_DELIVERED && !a->gate_open)
		return false;
	if (rcpt->since[SINCE_SENDING] == 0)
		rcpt->since[SINCE_SENDING] = clock_now();
	status = attributed(r->status, a, run);
	rcpt->relay = relay(a, run);
	rcpt->status = status;
	if (sealed(rcpt))
		seal(hop, run, rcpt, NULL);
	a->member[r->id] = SIZE_MAX; /* judged: once is enough */
	return true;
}

static void
sending_now(struct attempt *a, struct run *run)
{
	for (size_t i = 0; i < a->errand.n; i++)
		if (a->member[i] != SIZE_MAX)
			run->envelope->rcpt[a->member[i]]
			    .since[SINCE_SENDING] = clock_now();
}

static bool
gate_record(struct hop *hop, struct run *run)
{
	struct attempt *a = &hop->attempt;

	if (a->gate_asked || a->ip.n == 0)
		return false;
	a->gate_asked = true;
	sending_now(a, run);
	if (leaving(run))
		return true;
	/* In-process the gate asks for this flag instead of the byte. */
	a->gate_open = a->agent.command < 0 ||
	    sys_write(a->agent.command, "g", 1) == 1;
	return true;
}

void
hop_heard(struct hop *hop, struct run *run, struct str line)
{
	struct attempt *a = &hop->attempt;
	struct record r;
	struct err e;
	bool fine = true;

	if (a->lied || a->ended)
		return;
	if (report_parse(line, &r, &e) < 0) {
		a->lied = true;
		return;
	}
	switch (r.kind) {
	case RECORD_DIAL:
		fine = dial_record(hop, run, &r);
		break;
	case RECORD_RCPT:
		fine = rcpt_record(hop, run, &r);
		break;
	case RECORD_HOST:
		fine = a->ip.n > 0 && a->host.outcome == OUTCOME_OPEN &&
		    r.status.outcome != OUTCOME_DELIVERED;
		if (fine)
			a->host = attributed(r.status, a, run);
		a->reach = (enum reach)r.number;
		break;
	case RECORD_GATE:
		fine = gate_record(hop, run);
		break;
	case RECORD_SHOW:
		run_show(run, hop, r.number, r.text);
		break;
	case RECORD_LOG:
		log_event((enum log_level)r.number, "smtp", "%.*s: %.*s",
		    STR_ARG(run->envelope->id), STR_ARG(r.text));
		break;
	case RECORD_END:
		a->ended = true;
		break;
	case RECORD_MX:
	case RECORD_ADDR:
	case RECORD_FOUND:
	case RECORD_KINDS:
	default:
		fine = false;
		break;
	}
	a->lied = a->lied || !fine;
}

/* An agent that died, or cannot be believed, past the gate: doubt. */
static void
doubt(struct hop *hop, struct run *run)
{
	struct attempt *a = &hop->attempt;
	struct status status = status_own(BLAME_DOUBT, "4.4.2",
	    STR("the process that sent the message ended without a verdict: "
		"it may be delivered twice"));

	for (size_t i = 0; i < a->errand.n; i++) {
		struct recipient *r;

		if (a->member[i] == SIZE_MAX)
			continue;
		r = &run->envelope->rcpt[a->member[i]];
		r->relay = relay(a, run);
		seal(hop, run, r, &status);
	}
}

void
hop_attempt_over(struct hop *hop, struct run *run)
{
	struct attempt *a = &hop->attempt;
	bool sound = a->ended && !a->lied;
	struct status died = status_own(BLAME_US, "4.3.0",
	    STR("the process that made the attempt has died"));
	struct status none = {0};

	report_reader_free(&a->reader);
	agent_end(&a->agent);
	hop->deadline = INT64_MAX;
	if (!sound && a->gate_open)
		doubt(hop, run);
	if (!sound) {
		log_event(LOG_LEVEL_ERROR, "smtp", "%.*s: %.*s",
		    STR_ARG(run->envelope->id), STR_ARG(died.text));
		a->host = died;
	}
	if (a->host.outcome != OUTCOME_OPEN && a->ip.n > 0)
		for (size_t i = 0; i < hop->n; i++)
			if (member(hop, run, i)->status.outcome == OUTCOME_OPEN)
				member(hop, run, i)->relay = relay(a, run);
	if (a->ip.n > 0)
		walk_tried(hop->walk, a->ip, a->reach, a->step.clear,
		    a->host.outcome != OUTCOME_OPEN ? &a->host : &none);
	else if (!sound)
		walk_tried(hop->walk, a->errand.ip[0], REACH_NOTHING,
		    a->step.clear, &died);
	advance(hop, run);
}

void
hop_leave(struct hop *hop, struct run *run)
{
	if (hop->state == HOP_OVER ||
	    (hop->state == HOP_RUNNING && hop->attempt.gate_open))
		return;
	if (hop->state == HOP_RUNNING) {
		report_reader_free(&hop->attempt.reader);
		agent_end(&hop->attempt.agent);
	}
	conclude_left(hop, run);
}
