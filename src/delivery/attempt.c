/* SPDX-License-Identifier: ISC */
/*
 * An attempt, seen from the dispatcher: what an agent is told, and what it
 * may say.  A record that is out of its turn makes the agent a liar, whose
 * recipients are in doubt once its gate was open.
 */
#include "delivery/hop.h"

#include "base/clock.h"
#include "base/log.h"
#include "delivery/outcome.h"
#include "os/sys.h"

/* In attempt.member: this recipient has its verdict. */
#define JUDGED SIZE_MAX

/* How much longer than all time-outs together an agent may live. */
enum {
	ATTEMPT_FLOOR_MS = 2 * 3600 * 1000, /* J-09 */
	SLOWEST_OCTETS_PER_MS = 4,
	/* Of records of one attempt, and of those for each recipient. */
	RECORDS_BASE = 5000,
	RECORDS_EACH = 500,
};

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
		struct recipient *r = hop_member(hop, run, i);

		if (run_sealed(r))
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
	    .utf8 = hop->utf8,
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
		run_show_now(run, hop->target.domain,
		    STR("the TLS handshake failed: once more, in clear text"));
}

/* "host[ip]:port" of the attempt. */
static struct str
relay(const struct attempt *a, struct run *run)
{
	struct buf b;
	struct str text;

	buf_init(&b, 1024);
	errand_host(&b, &a->errand, a->ip);
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
	buf_add(&b, STR("host "));
	errand_host(&b, &a->errand, a->ip);
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
	size_t i = 0;

	while (i < a->errand.addresses && !str_eq(a->errand.ip[i], r->name))
		i++;
	/* An address that it was given, once, and none behind a success. */
	if (i == a->errand.addresses || a->dialled[i] || a->ip.n > 0)
		return false;
	a->dialled[i] = true;
	a->dials++;
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

/* Is it the host's word that it takes no more recipients at once (D-30)? */
static bool
is_too_many(const struct status *s)
{
	return s->code == 452 ||
	    (s->code == 552 && s->outcome == OUTCOME_DEFERRED);
}

static bool
rcpt_record(struct hop *hop, struct run *run, const struct record *r)
{
	struct attempt *a = &hop->attempt;
	struct recipient *rcpt;
	struct status status;

	if (r->id >= a->errand.n || a->ip.n == 0 ||
	    a->member[r->id] == JUDGED || r->status.outcome == OUTCOME_OPEN)
		return false;
	rcpt = &run->envelope->rcpt[a->member[r->id]];
	if (r->status.outcome == OUTCOME_DELIVERED && !a->gate_open)
		return false;
	a->delivered += r->status.outcome == OUTCOME_DELIVERED;
	a->too_many = a->too_many || is_too_many(&r->status);
	if (rcpt->since[SINCE_SENDING] == 0)
		rcpt->since[SINCE_SENDING] = clock_now();
	status = attributed(r->status, a, run);
	rcpt->relay = relay(a, run);
	rcpt->status = status;
	if (run_sealed(rcpt))
		run_seal(run, hop->target.domain, rcpt, NULL);
	a->member[r->id] = JUDGED; /* once is enough */
	return true;
}

static void
sending_now(struct attempt *a, struct run *run)
{
	for (size_t i = 0; i < a->errand.n; i++)
		if (a->member[i] != JUDGED)
			run->envelope->rcpt[a->member[i]].since[SINCE_SENDING] =
			    clock_now();
}

static bool
gate_record(struct hop *hop, struct run *run)
{
	struct attempt *a = &hop->attempt;

	if (a->gate_asked || a->ip.n == 0)
		return false;
	a->gate_asked = true;
	sending_now(a, run);
	if (run_leaving(run))
		return true;
	/* In-process the gate asks for this flag instead of the byte.  Who
	 * cannot be given the byte would wait for it for ever. */
	a->gate_open =
	    a->agent.command < 0 || sys_write(a->agent.command, "g", 1) == 1;
	return a->gate_open;
}

/* An honest agent says so much at most: what it shows is the most of it. */
static size_t
records_max(const struct attempt *a)
{
	return RECORDS_BASE + RECORDS_EACH * a->errand.n;
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
	if (++a->records > records_max(a)) {
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
		run_show(run, hop->target.domain, r.number, r.text);
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

		if (a->member[i] == JUDGED)
			continue;
		r = &run->envelope->rcpt[a->member[i]];
		r->relay = relay(a, run);
		run_seal(run, hop->target.domain, r, &status);
	}
}

/* What the attempt means for the walk. */
static void
tell_walk(struct hop *hop, const struct attempt *a)
{
	struct status none = {0};

	/*
	 * Who took as many as it takes at once is asked again for the rest
	 * (RFC 5321, 4.5.3.1.10), as long as that brings somebody further.
	 */
	if (a->too_many && a->delivered > 0 && a->host.outcome == OUTCOME_OPEN)
		return;
	if (a->ip.n > 0)
		walk_tried(hop->walk, a->ip, a->reach, a->step.clear,
		    a->host.outcome != OUTCOME_OPEN ? &a->host : &none);
	else if (a->host.outcome != OUTCOME_OPEN)
		walk_tried(hop->walk, a->errand.ip[0], REACH_NOTHING,
		    a->step.clear, &a->host);
}

void
hop_attempt_over(struct hop *hop, struct run *run)
{
	struct attempt *a = &hop->attempt;
	bool sound = a->ended && !a->lied && a->dials > 0;
	struct status died = status_own(BLAME_US, "4.3.0",
	    STR("the process that made the attempt has died"));

	report_reader_free(&a->reader);
	agent_end(&a->agent);
	hop->deadline = INT64_MAX;
	/* Past the gate, who has no verdict is in doubt (spool-protocol, 12),
	 * unless the agent says what kept it from sending. */
	if (a->gate_open && (!sound || a->host.outcome == OUTCOME_OPEN))
		doubt(hop, run);
	/* With no word against the host it has spoken to everybody. */
	if (sound && a->ip.n > 0 && a->host.outcome == OUTCOME_OPEN)
		a->reach = REACH_SESSION;
	if (!sound) {
		log_event(LOG_LEVEL_ERROR, "smtp", "%.*s: %.*s",
		    STR_ARG(run->envelope->id), STR_ARG(died.text));
		a->host = died;
	}
	if (a->host.outcome != OUTCOME_OPEN && a->ip.n > 0)
		for (size_t i = 0; i < hop->n; i++)
			if (hop_member(hop, run, i)->status.outcome ==
			    OUTCOME_OPEN)
				hop_member(hop, run, i)->relay = relay(a, run);
	tell_walk(hop, a);
	hop_advance(hop, run);
}
