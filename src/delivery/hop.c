/* SPDX-License-Identifier: ISC */
#include "delivery/hop.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "os/sys.h"

enum { EXCHANGERS_MAX = 200 };

struct str
hop_id(const struct hop *hop)
{
	return hop->member[0].job->envelope->id;
}

/* Nothing is left to try: who is not sealed gets what he has, or status. */
static void
conclude(struct hop *hop, struct run *run, const struct status *status)
{
	for (size_t i = 0; i < hop->n; i++) {
		const struct member *m = &hop->member[i];

		if (run_sealed(m->rcpt))
			continue;
		run_seal(run, hop->target.domain, m,
		    m->rcpt->status.outcome == OUTCOME_OPEN ? status : NULL);
	}
	free(hop->walk);
	free(hop->list);
	hop->walk = NULL;
	hop->list = NULL;
	hop->state = HOP_OVER;
}

enum tls_level
hop_level(const struct hop *hop, const struct walk_host *host)
{
	enum tls_level asked = hop->target.tls;

	return host->encrypted && asked < TLS_LEVEL_ENCRYPT ? TLS_LEVEL_ENCRYPT
							    : asked;
}

static bool
all_sealed(const struct hop *hop)
{
	for (size_t i = 0; i < hop->n; i++)
		if (!run_sealed(hop->member[i].rcpt))
			return false;
	return true;
}

static void
conclude_left(struct hop *hop, struct run *run)
{
	static const char *const why[] = {
	    [JOB_LOOSE] = "interrupted before the message was sent",
	    [JOB_COMMITTING] = "interrupted before the message was sent",
	    [JOB_KEPT] = "left to the queue",
	    [JOB_UNSURE] = "it is not certain whether the spool has it",
	};
	struct status left = status_own(
	    BLAME_US, "4.3.0", str_c(why[hop->member[0].job->state]));

	conclude(hop, run, &left);
}

unsigned
hop_port(const struct hop *hop, const struct run *run)
{
	unsigned port = hop->attempt.step.host->port;

	return port ? port : run->opts->port;
}

/* Has some of the addresses of this step been dialled in vain before? */
static bool
pass_dead(struct hop *hop, const struct run *run)
{
	const struct walk_step *step = &hop->attempt.step;
	bool passed = false;

	for (size_t i = 0; i < step->n; i++) {
		const struct dead_host *h =
		    dead_find(run->dead, step->ip[i], hop_port(hop, run));

		if (h == NULL)
			continue;
		walk_answered(hop->walk, !h->silent);
		walk_tried(
		    hop->walk, h->ip, REACH_NOTHING, step->clear, &h->status);
		passed = true;
	}
	return passed;
}

void
hop_advance(struct hop *hop, struct run *run)
{
	int64_t age = clock_now() - run->opts->start;
	struct status status;
	enum walk_move move;

	if (all_sealed(hop)) {
		conclude(hop, run, NULL);
		return;
	}
	if (run_leaving(run)) {
		conclude_left(hop, run);
		return;
	}
	do
		move = walk_next(hop->walk, age > run->opts->attempts_end,
		    &hop->attempt.step);
	while (move == WALK_TRY && pass_dead(hop, run));
	switch (move) {
	case WALK_LOOK_UP:
		hop->state = hop->target.relay ? HOP_ASK_NAME : HOP_ASK_ADDRESS;
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
	hop->walk->demanding = hop->target.tls > TLS_LEVEL_MAY;
}

static bool
is_ours(const struct run *run, const struct ip *ip)
{
	return !run->opts->loopback_mx &&
	    (ip_is_loopback(ip) || ip_is_ours(ip));
}

static struct str
ip_text(const struct ip *ip, struct pool *p)
{
	struct str text;
	struct buf b;

	buf_init(&b, 64);
	ip_print(&b, ip);
	text = pool_str(p, buf_str(&b));
	buf_free(&b);
	return text;
}

/* The hosts of a relay, in their order. */
static void
walk_relay(struct hop *hop, const struct relay *relay, struct pool *p)
{
	new_walk(hop);
	for (size_t i = 0; i < relay->n; i++) {
		const struct relay_host *host = &relay->host[i];
		struct walk_host *h =
		    walk_add(hop->walk, host->name, (unsigned)i);

		if (h == NULL)
			return;
		h->port = host->port;
		h->encrypted = host->encrypted;
		if (host->literal)
			walk_literal(h, ip_text(&host->ip, p));
	}
}

void
hop_begin(struct hop *hop, struct run *run)
{
	struct status loop = status_own(BLAME_RCPT, "5.4.6",
	    STR("this address is this host itself, which takes no mail"));

	hop->attempt.agent = (struct agent){-1, -1, -1};
	hop->patience = run->opts->lookup_patience;
	switch (hop->target.kind) {
	case NEXT_HOP_RELAY:
		walk_relay(hop, hop->target.relay, run->pool);
		hop_advance(hop, run);
		return;
	case NEXT_HOP_MX:
		hop->state = HOP_ASK_MX;
		return;
	case NEXT_HOP_LITERAL:
		if (is_ours(run, &hop->target.ip)) {
			conclude(hop, run, &loop);
			return;
		}
		new_walk(hop);
		walk_literal(walk_add(hop->walk, hop->target.domain, 0),
		    ip_text(&hop->target.ip, run->pool));
		hop_advance(hop, run);
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
	run_show_now(run, hop->target.domain, buf_str(&b));
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
		walk_add(hop->walk, hop->list[i].name, hop->list[i].preference);
	free(hop->list);
	hop->list = NULL;
	show_order(hop, run, implicit);
	hop_advance(hop, run);
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
	/* Who says that this host is to be the relay, knows what he does. */
	if (hop->state == HOP_ADDRESS && is_ours(run, &ip)) {
		log_event(LOG_LEVEL_WARNING, "smtp",
		    "%.*s: %.*s[%.*s] is this host: a mail loop",
		    STR_ARG(hop_id(hop)), STR_ARG(h->name), STR_ARG(r->name));
		walk_ours(hop->walk);
		return;
	}
	if (h->n < WALK_ADDRESSES)
		walk_address(hop->walk, pool_str(run->pool, r->name));
}

/* Its answer is there: the time stands. */
static void
answered(struct hop *hop)
{
	hop->patience -= clock_now() - hop->asked_at;
	hop->deadline = INT64_MAX;
}

void
hop_looked_up(struct hop *hop, struct run *run, const struct record *r)
{
	struct status status;

	if (hop->state != HOP_MX && hop->state != HOP_ADDRESS &&
	    hop->state != HOP_NAME)
		return;
	if (hop->state == HOP_MX && r->kind == RECORD_MX) {
		mx_record(hop, run, r);
		return;
	}
	if (hop->state != HOP_MX && r->kind == RECORD_ADDR) {
		/* Cut off by an address before: the rest is of no interest. */
		if (hop->walk->at < hop->walk->n)
			address_record(hop, run, r);
		return;
	}
	if (r->kind != RECORD_FOUND)
		return;
	answered(hop);
	if (hop->state == HOP_MX) {
		if (r->status.outcome == OUTCOME_DELIVERED)
			mx_complete(hop, run);
		else
			conclude(hop, run, &r->status);
	} else {
		if (hop->walk->at < hop->walk->n) {
			status = status_keep(r->status, run->pool);
			walk_found(hop->walk, &status);
		}
		hop_advance(hop, run);
	}
}

void
hop_asked(struct hop *hop)
{
	static const enum hop_state waits[] = {
	    [HOP_ASK_MX] = HOP_MX,
	    [HOP_ASK_ADDRESS] = HOP_ADDRESS,
	    [HOP_ASK_NAME] = HOP_NAME,
	};

	hop->state = waits[hop->state];
	hop->asked_at = clock_now();
	hop->deadline = hop->asked_at + hop->patience;
}

void
hop_ask_again(struct hop *hop, struct run *run)
{
	struct walk *walk = hop->walk;

	if (hop->state != HOP_MX && hop->state != HOP_ADDRESS)
		return;
	answered(hop);
	/* What has come of the answer comes again. */
	if (hop->state == HOP_MX) {
		hop->list_n = 0;
		hop->state = HOP_ASK_MX;
	} else if (walk->at < walk->n) {
		walk->host[walk->at].n = 0;
		hop->state = HOP_ASK_ADDRESS;
	} else {
		hop_advance(hop, run);
	}
}

void
hop_no_agent(struct hop *hop, struct run *run, const struct err *e)
{
	struct status status =
	    status_own(BLAME_US, "4.3.0", pool_str(run->pool, str_c(e->text)));

	report_reader_free(&hop->attempt.reader);
	conclude(hop, run, &status);
}

void
hop_lookup_lost(struct hop *hop, struct run *run, const char *why)
{
	struct record r = {.kind = RECORD_FOUND};

	r.status = status_own(BLAME_US, "4.4.3", str_c(why));
	hop_looked_up(hop, run, &r);
}

bool
hop_is_past_gate(const struct hop *hop)
{
	return hop->state == HOP_RUNNING && attempt_past_gate(&hop->attempt);
}

void
hop_leave(struct hop *hop, struct run *run)
{
	if (hop->state == HOP_OVER || hop_is_past_gate(hop))
		return;
	if (hop->state == HOP_RUNNING || hop->state == HOP_NAME) {
		report_reader_free(&hop->attempt.reader);
		agent_end(&hop->attempt.agent);
	}
	conclude_left(hop, run);
}

void
hop_release(struct hop *hop)
{
	const struct attempt *a = &hop->attempt;

	for (size_t i = 0; i < a->errand.letters; i++)
		if (a->job[i]->entry)
			a->job[i]->entry->unsynced = true;
	report_reader_free(&hop->attempt.reader);
	agent_release(&hop->attempt.agent);
	free(hop->walk);
	hop->walk = NULL;
	hop->state = HOP_OVER;
}
