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

enum {
	SLOWEST_OCTETS_PER_MS = 4,
	/* Of records of one attempt, and of those for each recipient. */
	RECORDS_BASE = 5000,
	RECORDS_EACH = 500,
};

/* The limit is for each message; beside it, big ones may go at a slow pace.
 * Of many the last one begins while the session is young. */
static int64_t
attempt_deadline(const struct run *run, const struct letter *letter, size_t n)
{
	int64_t limit = run->opts->attempt_limit + (n > 1 ? ERRAND_SESSION : 0);
	uint64_t most = 0;

	for (size_t i = 0; i < n; i++)
		if (letter[i].content.size > most)
			most = letter[i].content.size;
	return clock_now() + limit + (int64_t)(most / SLOWEST_OCTETS_PER_MS);
}

/*
 * The letters of an attempt, and how many: the recipients of each message that
 * are not sealed yet, those of another sender in one of their own (H-07).
 */
static size_t
write_letters(struct hop *hop, struct run *run, struct letter *letter)
{
	struct attempt *a = &hop->attempt;
	struct str *to = pool_array(run->pool, hop->n, sizeof(*to));
	size_t *mark = pool_array(run->pool, hop->n, sizeof(*mark));
	struct asked *asked = pool_array(run->pool, hop->n, sizeof(*asked));
	size_t letters = 0;
	size_t n = 0;

	for (size_t i = 0; i < hop->n; i++) {
		struct member *m = &hop->member[i];
		struct letter *l = letters ? &letter[letters - 1] : NULL;
		struct str from = member_from(m);
		const struct envelope *env = m->job->envelope;
		/* The owner of a list is not asked for by who writes to it. */
		bool owned = m->rcpt->from.p != NULL;

		if (run_sealed(m->rcpt))
			continue;
		m->rcpt->since[SINCE_CONNECTING] = clock_now();
		m->rcpt->since[SINCE_SENDING] = 0;
		if (l == NULL || a->job[letters - 1] != m->job ||
		    !str_eq(l->from, from)) {
			a->job[letters] = m->job;
			l = &letter[letters++];
			*l = (struct letter){
			    .from = from,
			    .to = &to[n],
			    .first = n,
			    .utf8 = hop->utf8,
			    .asked = &asked[n],
			    .ret = owned ? RET_UNSAID : env->ret,
			    .envid = owned ? STR_NONE : env->envid,
			    .content = *m->job->content,
			    .marks = m->job->entry ? m->job->entry->marks
						   : MARKS_NONE,
			    .mark = &mark[n],
			};
		}
		a->rcpt[n] = m;
		mark[n] = job_mark_of(m->job, m->rcpt);
		m->rcpt->conn_use = (unsigned)letters;
		asked[n] = (struct asked){m->rcpt->notify, m->rcpt->orcpt};
		to[n++] = m->rcpt->path;
		l->n++;
	}
	return letters;
}

void
hop_prepare(struct hop *hop, struct run *run)
{
	struct attempt *a = &hop->attempt;
	struct walk_step step = a->step;
	const struct dispatch_opts *opts = run->opts;
	struct letter *letter;
	size_t letters;

	*a = (struct attempt){.agent = {-1, -1, -1}, .step = step};
	a->rcpt = pool_array(run->pool, hop->n, sizeof(*a->rcpt));
	a->judged = pool_array(run->pool, hop->n, sizeof(*a->judged));
	a->job = pool_array(run->pool, hop->n, sizeof(*a->job));
	letter = pool_array(run->pool, hop->n, sizeof(*letter));
	letters = write_letters(hop, run, letter);
	a->errand = (struct errand){
	    .host = step.host->name,
	    .domain = step.host->domain,
	    .foreign = step.host->foreign,
	    .addresses = step.n,
	    .port = hop_port(hop, run),
	    .lmtp = step.host->lmtp,
	    .last = step.last,
	    .literal = step.host->literal,
	    .tls = step.clear ? TLS_LEVEL_NONE : hop_level(hop, step.host),
	    .demand = hop->target.demand,
	    .source = hop->target.source,
	    .encrypted = step.host->encrypted,
	    .login = hop->target.relay ? hop->target.relay->login : NULL,
	    .helo = opts->helo,
	    .letter = letter,
	    .letters = letters,
	    .start = opts->start,
	    .deadline = attempt_deadline(run, letter, letters),
	    .show = opts->show != NULL,
	};
	memcpy(a->errand.ip, step.ip, sizeof(step.ip));
	memcpy(a->errand.wait, opts->wait, sizeof(opts->wait));
	report_reader_init(&a->reader);
	hop->deadline = a->errand.deadline + opts->wait[WAIT_DOT];
	hop->state = HOP_RUNNING;
	if (step.clear)
		run_show_now(run, hop->target.domain,
		    STR("TLS failed: once more, in clear text"));
}

/* Whom the attempt is at, as the log has it. */
static struct str
relay(const struct attempt *a, struct run *run)
{
	struct buf b;
	struct str text;

	buf_init(&b, 1024);
	errand_peer(&b, &a->errand, a->ip);
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

	/* An address that it was given, once, and none behind a success. */
	if (r->id >= a->errand.addresses || a->dialled[r->id] || a->ip.n > 0)
		return false;
	a->dialled[r->id] = true;
	a->dials++;
	walk_answered(hop->walk, r->number != DIAL_SILENT);
	if (r->number == DIAL_CONNECTED) {
		a->ip = a->errand.ip[r->id];
		a->reach = REACH_CONNECTED;
		return true;
	}
	status = status_keep(r->status, run->pool);
	log_event(LOG_LEVEL_INFO, "smtp", "%.*s: %.*s", STR_ARG(hop_id(hop)),
	    STR_ARG(status.text));
	walk_tried(hop->walk, a->errand.ip[r->id], REACH_NOTHING, a->step.clear,
	    &status);
	dead_note(run->dead,
	    &(struct dead_host){a->errand.ip[r->id], a->errand.port,
		r->number == DIAL_SILENT, status});
	return true;
}

/* Is it the host's word that it takes no more recipients at once (D-30)? */
static bool
is_too_many(const struct status *s)
{
	return s->code == 452 ||
	    (s->code == 552 && s->outcome == OUTCOME_DEFERRED);
}

/* Has the gate been opened for the message of recipient i? */
static bool
may_be_sent(const struct attempt *a, size_t i)
{
	const struct letter *l;

	if (!a->gate_open)
		return false;
	l = &a->errand.letter[a->gates - 1];
	return i >= l->first && i < l->first + l->n;
}

bool
attempt_past_gate(const struct attempt *a)
{
	for (size_t i = 0; a->gate_open && i < a->errand.letter[a->gates - 1].n;
	     i++)
		if (!a->judged[a->errand.letter[a->gates - 1].first + i])
			return true;
	return false;
}

/*
 * Past the gate of a message that is kept the mark is the truth, the report
 * its explanation (spool-protocol, 12).  Of doubt there need be no mark.
 */
static bool
agrees(const struct attempt *a, const struct record *r)
{
	static const enum mark marks[] = {
	    [OUTCOME_OPEN] = MARK_SENDING,
	    [OUTCOME_DELIVERED] = MARK_DELIVERED,
	    [OUTCOME_DEFERRED] = MARK_WAITING,
	    [OUTCOME_FAILED] = MARK_FAILED,
	};
	const struct member *m = a->rcpt[r->id];
	enum outcome outcome = r->status.outcome;

	if (m->job->state != JOB_KEPT || !may_be_sent(a, r->id) ||
	    (outcome == OUTCOME_DEFERRED && r->status.blame == BLAME_DOUBT))
		return true;
	return job_marked(m->job, m->rcpt) == marks[outcome];
}

static bool
rcpt_record(struct hop *hop, struct run *run, const struct record *r)
{
	struct attempt *a = &hop->attempt;
	struct recipient *rcpt;
	struct status status;

	if (r->id >= errand_recipients(&a->errand) || a->ip.n == 0 ||
	    a->judged[r->id] || r->status.outcome == OUTCOME_OPEN)
		return false;
	rcpt = a->rcpt[r->id]->rcpt;
	if (r->status.outcome == OUTCOME_DELIVERED && !may_be_sent(a, r->id))
		return false;
	if (!agrees(a, r))
		return false;
	a->delivered += r->status.outcome == OUTCOME_DELIVERED;
	/* Behind the end of data it is a word on him, or on the message. */
	a->too_many =
	    a->too_many || (is_too_many(&r->status) && !may_be_sent(a, r->id));
	if (rcpt->since[SINCE_SENDING] == 0)
		rcpt->since[SINCE_SENDING] = clock_now();
	status = attributed(r->status, a, run);
	rcpt->relay = relay(a, run);
	rcpt->status = status;
	rcpt->relayed = a->mute && status.outcome == OUTCOME_DELIVERED;
	if (run_sealed(rcpt))
		run_seal(run, hop->target.domain, a->rcpt[r->id], NULL);
	a->judged[r->id] = true; /* once is enough */
	return true;
}

static void
sending_now(struct attempt *a, const struct letter *l)
{
	for (size_t i = l->first; i < l->first + l->n; i++)
		if (!a->judged[i])
			a->rcpt[i]->rcpt->since[SINCE_SENDING] = clock_now();
}

/* False if who waits cannot be told. */
static bool
open_gate(struct attempt *a, const struct run *run)
{
	enum job_state state = a->job[a->gates - 1]->state;
	char byte = state == JOB_KEPT ? GATE_OPEN : GATE_LOOSE;

	if (run_leaving(run) || state == JOB_COMMITTING || state == JOB_UNSURE)
		return true;
	a->gate_waits = false;
	/* In-process the gate asks for this flag instead of the byte.  Who
	 * cannot be given the byte would wait for it for ever. */
	a->gate_open =
	    a->agent.command < 0 || sys_write(a->agent.command, &byte, 1) == 1;
	return a->gate_open;
}

static bool
gate_record(struct hop *hop, struct run *run, size_t letter)
{
	struct attempt *a = &hop->attempt;

	/* In their order, and none while another is not settled. */
	if (letter < a->gates || letter >= a->errand.letters || a->ip.n == 0 ||
	    attempt_past_gate(a))
		return false;
	a->gates = letter + 1;
	a->gate_open = false;
	hop->dest->reached = true;
	sending_now(a, &a->errand.letter[letter]);
	a->gate_waits = true;
	return open_gate(a, run);
}

void
hop_open_gate(struct hop *hop, const struct run *run)
{
	struct attempt *a = &hop->attempt;

	if (hop->state == HOP_RUNNING && a->gate_waits && !open_gate(a, run))
		a->lied = true;
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
	/* An honest one says so much at most: what it shows is most of it. */
	if (++a->records >
	    RECORDS_BASE + RECORDS_EACH * errand_recipients(&a->errand)) {
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
		fine = gate_record(hop, run, r.number);
		break;
	case RECORD_SHOW:
		run_show(run, hop->target.domain, r.number, r.text);
		break;
	case RECORD_LOG:
		log_event((enum log_level)r.number, "smtp", "%.*s: %.*s",
		    STR_ARG(hop_id(hop)), STR_ARG(r.text));
		break;
	case RECORD_LACK:
		/* All agents of a run lack the same. */
		if (!run->lacking)
			log_event(LOG_LEVEL_WARNING, "smtp",
			    "%.*s: warning: agents are locked in without %.*s",
			    STR_ARG(hop_id(hop)), STR_ARG(r.text));
		run->lacking = true;
		break;
	case RECORD_MUTE:
		a->mute = true;
		break;
	case RECORD_END:
		a->ended = true;
		break;
	case RECORD_MX:
	case RECORD_SRV:
	case RECORD_ADDR:
	case RECORD_FOUND:
	case RECORD_FACT:
	case RECORD_KINDS:
	default:
		fine = false;
		break;
	}
	a->lied = a->lied || !fine;
}

/*
 * An agent that died, or cannot be believed, past the gate: what is marked
 * counts (spool-protocol, 12), and everything else is doubt.
 */
static void
conclude_unreported(struct hop *hop, struct run *run)
{
	struct attempt *a = &hop->attempt;
	const struct letter *l = &a->errand.letter[a->gates - 1];
	const struct job *job = a->job[a->gates - 1];
	bool synced = job_sync(job);

	for (size_t i = l->first; i < l->first + l->n; i++) {
		struct status status;
		enum mark mark;

		if (a->judged[i])
			continue;
		a->judged[i] = true;
		mark = job_marked(job, a->rcpt[i]->rcpt);
		/* What is in no spool has no marks: that says nothing. */
		if (mark == MARK_WAITING && job->state == JOB_KEPT)
			continue;
		status = job_unreported(synced ? mark : MARK_SENDING);
		a->rcpt[i]->rcpt->relay = relay(a, run);
		run_seal(run, hop->target.domain, a->rcpt[i], &status);
	}
}

/* Is there a message that it did not come to? */
static bool
untried(const struct attempt *a)
{
	for (size_t i = 0; i < errand_recipients(&a->errand); i++)
		if (!a->judged[i])
			return true;
	return false;
}

/* What the attempt means for the walk. */
static void
tell_walk(struct hop *hop, const struct run *run, const struct attempt *a)
{
	struct status none = {0};

	dead_connected(run->dead,
	    &(struct dead_host){a->ip, a->errand.port, true, a->host},
	    a->reach);

	/*
	 * Who took as many as it takes at once, recipients or messages, or as
	 * there was time for, is asked again for the rest (RFC 5321,
	 * 4.5.3.1.10), as long as that brings somebody further.
	 */
	if (a->delivered > 0 &&
	    ((a->too_many && a->host.outcome == OUTCOME_OPEN) || untried(a))) {
		hop->went_on = clock_now();
		return;
	}
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
	/* As long as it lives its marks are its own (spool-protocol, 12). */
	if (attempt_past_gate(a))
		agent_stop(&a->agent);
	else
		agent_end(&a->agent);
	hop->deadline = INT64_MAX;
	/* Past the gate, who has no verdict is in doubt, unless the agent says
	 * what kept it from sending. */
	if (attempt_past_gate(a) && (!sound || a->host.outcome == OUTCOME_OPEN))
		conclude_unreported(hop, run);
	/* With no word against the host it has spoken to everybody. */
	if (sound && a->ip.n > 0 && a->host.outcome == OUTCOME_OPEN)
		a->reach = REACH_SESSION;
	if (!sound) {
		log_event(LOG_LEVEL_ERROR, "smtp", "%.*s: %.*s",
		    STR_ARG(hop_id(hop)), STR_ARG(died.text));
		a->host = died;
	}
	if (a->host.outcome != OUTCOME_OPEN && a->ip.n > 0)
		for (size_t i = 0; i < hop->n; i++)
			if (hop->member[i].rcpt->status.outcome == OUTCOME_OPEN)
				hop->member[i].rcpt->relay = relay(a, run);
	tell_walk(hop, run, a);
	hop_advance(hop, run);
}
