/* SPDX-License-Identifier: ISC */
#include "delivery/hop.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "os/sys.h"

struct str
hop_id(const struct hop *hop)
{
	return hop->member[0].job->envelope->id;
}

void
hop_conclude(struct hop *hop, struct run *run, const struct status *status)
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
	free(hop->served);
	hop->walk = NULL;
	hop->list = NULL;
	hop->served = NULL;
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

	hop_conclude(hop, run, &left);
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

/* What there is to be asked about the host of the walk. */
static enum hop_state
question_about(const struct hop *hop, const struct walk_host *host)
{
	if (host->service)
		return HOP_ASK_SRV;
	/* What the DNS has named, the DNS knows. */
	return hop->target.relay && host->domain.n == 0 ? HOP_ASK_NAME
							: HOP_ASK_ADDRESS;
}

void
hop_advance(struct hop *hop, struct run *run)
{
	int64_t since = hop->went_on ? hop->went_on : run->opts->start;
	int64_t age = clock_now() - since;
	struct status status;
	enum walk_move move;

	if (all_sealed(hop)) {
		hop_conclude(hop, run, NULL);
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
		hop->state =
		    question_about(hop, &hop->walk->host[hop->walk->at]);
		break;
	case WALK_TRY:
		hop->state = HOP_ATTEMPT;
		break;
	case WALK_OVER:
	default:
		status = walk_verdict(hop->walk, run->pool);
		hop_conclude(hop, run, &status);
		break;
	}
}

void
hop_set_out(struct hop *hop, const struct run *run)
{
	hop->walk = calloc(1, sizeof(*hop->walk));
	if (hop->walk == NULL)
		err_memory();
	hop->walk->port = run->opts->port;
	hop->walk->demanding = hop->target.tls > TLS_LEVEL_MAY;
}

bool
hop_is_ours(const struct run *run, const struct ip *ip)
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
walk_relay(struct hop *hop, const struct relay *relay, const struct run *run)
{
	hop_set_out(hop, run);
	for (size_t i = 0; i < relay->n; i++) {
		const struct relay_host *host = &relay->host[i];
		struct walk_host *h =
		    walk_add(hop->walk, host->name, (unsigned)i);

		if (h == NULL)
			return;
		h->port = host->port;
		h->encrypted = host->encrypted;
		h->service = host->service;
		h->lmtp = host->lmtp;
		if (host->path.n > 0)
			walk_known(h, host->path);
		if (host->literal)
			walk_literal(h, ip_text(&host->ip, run->pool));
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
		walk_relay(hop, hop->target.relay, run);
		hop_advance(hop, run);
		return;
	case NEXT_HOP_MX:
		hop->state = HOP_ASK_MX;
		return;
	case NEXT_HOP_LITERAL:
		if (hop_is_ours(run, &hop->target.ip)) {
			hop_conclude(hop, run, &loop);
			return;
		}
		hop_set_out(hop, run);
		walk_literal(walk_add(hop->walk, hop->target.domain, 0),
		    ip_text(&hop->target.ip, run->pool));
		hop_advance(hop, run);
		return;
	case NEXT_HOP_NONE:
	default:
		hop_conclude(hop, run, &hop->target.status);
	}
}

void
hop_no_agent(struct hop *hop, struct run *run, const struct err *e)
{
	struct status status =
	    status_own(BLAME_US, "4.3.0", pool_str(run->pool, str_c(e->text)));

	report_reader_free(&hop->attempt.reader);
	hop_conclude(hop, run, &status);
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
