/* SPDX-License-Identifier: ISC */
#include "agent/probe.h"

#include "net/demand.h"
#include "smtp/extend.h"

static void
put(struct report *report, const char *word, uint32_t number, struct str text)
{
	struct record r = {
	    .kind = RECORD_FACT,
	    .name = str_c(word),
	    .number = number,
	    .text = text,
	};

	report_put(report, &r);
}

static void
put_logins(struct report *report, bool encrypted, struct str line)
{
	struct str words = extend_logins(line);
	struct str word;

	while (str_word(&words, " ", &word))
		put(report, "login", encrypted, word);
}

static void
put_offers(struct report *report, bool encrypted, struct str lines)
{
	struct str line;

	if (str_split(&lines, '\n', &line))
		put(report, "name", encrypted, line);
	while (str_split(&lines, '\n', &line)) {
		line = str_trim(line);
		if (line.n == 0)
			continue;
		put(report, "offer", encrypted, line);
		put_logins(report, encrypted, line);
	}
}

static void
put_reply(struct report *report, const char *word, uint32_t number,
    const struct reply *reply)
{
	struct buf b;

	buf_init(&b, REPORT_TEXT);
	reply_print(&b, reply, REPORT_TEXT);
	put(report, word, number, buf_str(&b));
	buf_free(&b);
}

static void
put_certificate(void *ctx, unsigned n, const char *what, struct str text)
{
	static const struct str name = {"name", 4};

	put(ctx, str_eq(str_c(what), name) ? "for" : what, n, text);
}

static void
put_proof(struct report *report, const struct demand *demand,
    const struct tls_proof *proof, const struct io *io)
{
	struct buf b;

	buf_init(&b, REPORT_TEXT);
	buf_printf(&b, "%s, %s (%d bits)%s%s", proof->version, proof->cipher,
	    proof->bits, proof->group[0] ? ", group " : "", proof->group);
	put(report, "tls", proof->recent, buf_str(&b));
	buf_free(&b);
	tls_show(io, put_certificate, report);
	put(report, "named",
	    proof->named       ? PROBE_YES
		: proof->blind ? PROBE_UNKNOWN
			       : PROBE_NO,
	    str_c(proof->unnamed.text));
	if (demand && demand->prints > 0)
		put(report, "printed", proof->printed,
		    str_c(proof->unprinted.text));
}

void
probe_seen(struct report *report, const struct demand *demand,
    const struct sight *sight)
{
	bool fine = sight->reply && sight->reply->code / 100 == 2;

	if (sight->reply == NULL)
		put_proof(report, demand, sight->proof, sight->io);
	else if (sight->step == STEP_GREETING)
		put_reply(report, "greeting", 0, sight->reply);
	else if ((sight->step == STEP_EHLO || sight->step == STEP_LHLO) && fine)
		put_offers(
		    report, sight->encrypted, buf_str(&sight->reply->text));
	else if (sight->step == STEP_HELO && fine)
		put_reply(report, "helo", sight->encrypted, sight->reply);
	else if (sight->step == STEP_STARTTLS && !fine)
		put_reply(report, "refusal", 0, sight->reply);
	/* Who watches, watches. */
	report_flush(report);
}
