/* SPDX-License-Identifier: ISC */
#include "delivery/inquiry.h"

#include <errno.h>

#include "base/log.h"
#include "os/sys.h"

static const char DIED[] = "the lookup process has died";

/*
 * A question's number says which hop asks, and for the how-many-eth time: an
 * answer that comes too late is not taken for that of the next question.
 */
static uint32_t
number_of(const struct inquiry *q, const struct hop *h)
{
	return (uint32_t)(h->id + q->n * h->asked);
}

/* The hop that an answer is for; NULL if it waits for none. */
static struct hop *
hop_of(const struct inquiry *q, uint32_t number)
{
	struct hop *h = &q->hop[number % q->n];

	if (number_of(q, h) != number)
		return NULL;
	return hop_awaits_answer(h) ? h : NULL;
}

static void
line(void *ctx, struct str text)
{
	struct inquiry *q = ctx;
	struct hop *h;
	struct record r;
	struct err e;

	if (q->lost)
		return;
	if (report_parse(text, &r, &e) < 0 ||
	    (r.kind == RECORD_FOUND && r.status.outcome == OUTCOME_OPEN)) {
		q->lost = true;
		return;
	}
	switch (r.kind) {
	case RECORD_SHOW:
		run_show(q->run, STR_NONE, r.number, r.text);
		break;
	case RECORD_LOG:
		log_event((enum log_level)r.number, "smtp", "%.*s: %.*s",
		    STR_ARG(q->run->job->envelope->id), STR_ARG(r.text));
		break;
	case RECORD_MX:
	case RECORD_SRV:
	case RECORD_ADDR:
	case RECORD_FOUND:
		h = hop_of(q, r.id);
		if (h)
			hop_looked_up(h, q->run, &r);
		break;
	case RECORD_DIAL:
	case RECORD_RCPT:
	case RECORD_HOST:
	case RECORD_GATE:
	case RECORD_FACT:
	case RECORD_LACK:
	case RECORD_MUTE:
	case RECORD_END:
	case RECORD_KINDS:
	default:
		q->lost = true;
		break;
	}
}

static void
start(struct inquiry *q)
{
	struct err e;

	report_reader_init(&q->answers);
	if (agent_lookup(&q->agent, &q->run->opts->lookup, &e) == 0)
		return;
	report_reader_free(&q->answers);
	q->trouble = e;
	q->lost = true;
}

void
inquiry_rest(struct inquiry *q)
{
	if (q->agent.pid < 0)
		return;
	report_reader_free(&q->answers);
	agent_end(&q->agent);
}

/*
 * A fault that one answer brings about is not to cost all other domains of
 * the run theirs: who waits asks another agent.  More than once it is no
 * accident.
 */
static void
died(struct inquiry *q)
{
	if (q->lost || q->restarted) {
		q->lost = true;
		return;
	}
	q->restarted = true;
	log_event(LOG_LEVEL_WARNING, "smtp", "%.*s: %s: another is started",
	    STR_ARG(q->run->job->envelope->id), DIED);
	inquiry_rest(q);
	for (size_t i = 0; i < q->n; i++)
		hop_ask_again(&q->hop[i], q->run);
}

static void
ask_here(struct inquiry *q, struct str request)
{
	struct report report;

	report_direct(&report, line, q);
	agent_lookup_here(&q->run->opts->lookup, &report, request);
	report_free(&report);
}

/* What it wants to ask, as agent_request takes it. */
static const char *
what_of(const struct inquiry *q, const struct hop *h)
{
	static const char *const addresses[] = {
	    [IP_ANY] = "addr",
	    [IP_V4] = "addr4",
	    [IP_V6] = "addr6",
	};

	if (h->state == HOP_ASK_MX)
		return "mx";
	if (h->state == HOP_ASK_SRV)
		return "srv";
	return addresses[hop_family(h, q->run)];
}

bool
inquiry_ask(struct inquiry *q, struct hop *h)
{
	struct buf request;
	bool asked = true;

	if (q->agent.pid < 0 && !q->lost && !q->run->opts->in_process)
		start(q);
	if (q->lost) {
		hop_asked(h);
		hop_lookup_lost(h, q->run, DIED);
		return true;
	}
	h->asked++;
	buf_init(&request, 512);
	agent_request(
	    &request, what_of(q, h), number_of(q, h), hop_question(h));
	if (q->run->opts->in_process) {
		hop_asked(h);
		ask_here(q, str_slice(buf_str(&request), 0, request.n - 1));
	} else if (sys_write(q->agent.command, request.p, request.n) ==
	    (ssize_t)request.n) {
		hop_asked(h);
	} else if (errno == EAGAIN) {
		asked = false;
	} else {
		asked = false;
		died(q);
	}
	buf_free(&request);
	return asked;
}

void
inquiry_read(struct inquiry *q)
{
	struct err e;

	if (report_read(&q->answers, q->agent.report, line, q, &e) <= 0)
		died(q);
}

void
inquiry_expire(struct inquiry *q, struct hop *h, int64_t now)
{
	if (!hop_awaits_answer(h))
		return;
	if (q->lost)
		hop_lookup_lost(h, q->run, DIED);
	else if (now >= h->deadline)
		hop_lookup_lost(h, q->run, "the DNS gave no answer in time");
}
