/* SPDX-License-Identifier: ISC */
#include "delivery/naming.h"

struct heard {
	struct hop *hop;
	struct run *run;
	bool lied;
};

static void
line(void *ctx, struct str text)
{
	struct heard *heard = ctx;
	struct record r;
	struct err e;

	heard->lied = heard->lied || report_parse(text, &r, &e) < 0;
	if (heard->lied || heard->hop->state != HOP_NAME)
		return;
	if (r.kind == RECORD_SHOW)
		run_show(
		    heard->run, heard->hop->target.domain, r.number, r.text);
	else if (r.kind == RECORD_ADDR || r.kind == RECORD_FOUND)
		hop_looked_up(heard->hop, heard->run, &r);
	else
		heard->lied = true;
}

static void
end(struct hop *h)
{
	report_reader_free(&h->attempt.reader);
	agent_end(&h->attempt.agent);
}

void
naming_ask(struct hop *h, struct run *run)
{
	struct lookup_errand lookup = run->opts->lookup;
	struct str name = hop_question(h);
	struct heard heard = {h, run, false};
	struct report report;
	struct err e;

	lookup.family = hop_family(h, run);
	hop_asked(h);
	if (run->opts->in_process) {
		report_direct(&report, line, &heard);
		agent_name_here(&lookup, name, &report);
		report_free(&report);
		return;
	}
	report_reader_init(&h->attempt.reader);
	if (agent_name(&h->attempt.agent, &lookup, name, &e) == 0)
		return;
	report_reader_free(&h->attempt.reader);
	hop_lookup_lost(h, run, e.text);
}

void
naming_read(struct hop *h, struct run *run)
{
	struct heard heard = {h, run, false};
	struct err e;
	int more;

	if (h->state != HOP_NAME)
		return;
	more = report_read(
	    &h->attempt.reader, h->attempt.agent.report, line, &heard, &e);
	if (h->state == HOP_NAME && more > 0 && !heard.lied)
		return;
	end(h);
	if (h->state == HOP_NAME)
		hop_lookup_lost(
		    h, run, "the process that looks up names has died");
}

void
naming_expire(struct hop *h, struct run *run, int64_t now)
{
	if (h->state != HOP_NAME || now < h->deadline)
		return;
	end(h);
	hop_lookup_lost(
	    h, run, "the address of the relay was not found in time");
}
