/* SPDX-License-Identifier: ISC */
#include "delivery/run.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/code.h"
#include "delivery/outcome.h"

/* A line for people, and what it names: text from elsewhere, made inert. */
enum {
	SHOWN_MAX = 3000,
	DOMAIN_SHOWN_MAX = 255,
	PATH_SHOWN_MAX = 1000,
	STATUS_SHOWN_MAX = 1500,
};

bool
run_leaving(const struct run *run)
{
	return run->opts->leave && *run->opts->leave;
}

void
run_show(const struct run *run, struct str domain, int64_t ms, struct str text)
{
	struct buf b;

	if (run->opts->show == NULL)
		return;
	buf_init(&b, 4096);
	buf_printf(&b, "%4" PRId64 ".%03d ", ms / 1000, (int)(ms % 1000));
	if (run->several && domain.n > 0) {
		buf_byte(&b, '[');
		code_inert(&b, domain, DOMAIN_SHOWN_MAX);
		buf_add(&b, STR("] "));
	}
	code_inert(&b, text, SHOWN_MAX);
	run->opts->show(run->opts->ctx, buf_str(&b));
	buf_free(&b);
}

void
run_show_now(const struct run *run, struct str domain, struct str text)
{
	run_show(run, domain, clock_now() - run->opts->start, text);
}

bool
run_sealed(const struct recipient *r)
{
	return r->status.outcome == OUTCOME_DELIVERED ||
	    r->status.outcome == OUTCOME_FAILED ||
	    (r->status.outcome == OUTCOME_DEFERRED &&
		r->status.blame == BLAME_DOUBT);
}

/* The verdict, for people. */
static void
show_verdict(
    const struct run *run, struct str domain, const struct recipient *r)
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
	code_inert(&b, r->path, PATH_SHOWN_MAX);
	buf_printf(&b, "... %s (", words[r->status.outcome]);
	code_inert(&b, r->status.text, STATUS_SHOWN_MAX);
	buf_byte(&b, ')');
	run_show_now(run, domain, buf_str(&b));
	buf_free(&b);
}

void
run_mark(const struct member *m)
{
	const struct status *s = &m->rcpt->status;

	if (s->outcome == OUTCOME_FAILED)
		job_mark(m->job, m->rcpt, MARK_FAILED);
	else if (s->outcome == OUTCOME_DEFERRED && s->blame == BLAME_DOUBT)
		job_mark(m->job, m->rcpt, MARK_DOUBT);
	else if (s->outcome == OUTCOME_DELIVERED && s->code == 0)
		/* No server has said so: an alias discards it. */
		job_mark(m->job, m->rcpt, MARK_DELIVERED);
}

void
run_seal(const struct run *run, struct str domain, const struct member *m,
    const struct status *status)
{
	struct recipient *r = m->rcpt;

	if (status)
		r->status = status_keep(*status, run->pool);
	run_mark(m);
	outcome_log(m->job->envelope, r);
	show_verdict(run, domain, r);
	if (--m->job->open == 0 && run->opts->over)
		run->opts->over(run->opts->over_ctx, m->job);
}
