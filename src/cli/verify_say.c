/* SPDX-License-Identifier: ISC */
#include "cli/verify_say.h"

#include "cli/json.h"

static void
put_line(struct buf *b, const struct verify_host *h)
{
	const struct relay_host *at = &h->at;

	buf_add(b, b->n > 0 ? STR(", ") : STR(""));
	buf_add(b, at->lmtp ? STR("lmtp:") : STR(""));
	if (at->path.n > 0) {
		buf_add(b, at->path);
		return;
	}
	buf_printf(b, "%s%.*s", at->lmtp ? "//" : "", STR_ARG(at->name));
	if (h->mx)
		buf_printf(b, " (%u)", h->preference);
	else
		buf_printf(b, ":%u%s", at->port,
		    at->encrypted ? " (TLS from the first byte)" : "");
	if (h->as.n > 0)
		buf_printf(b, " (as %.*s)", STR_ARG(h->as));
}

static void
put_object(struct buf *b, const struct verify_host *h)
{
	const struct relay_host *at = &h->at;

	buf_add(b, b->n > 0 ? STR(", ") : STR(""));
	buf_add(b, STR("{\"host\": "));
	json_string(b, at->path.n > 0 ? at->path : at->name);
	buf_printf(b, ", \"port\": %u, \"protocol\": \"%s\", \"wrapped\": %s",
	    at->port, at->lmtp ? "lmtp" : "smtp",
	    at->encrypted ? "true" : "false");
	if (h->mx)
		buf_printf(b, ", \"preference\": %u", h->preference);
	if (h->as.n > 0) {
		buf_add(b, STR(", \"as\": "));
		json_string(b, h->as);
	}
	buf_byte(b, '}');
}

void
verify_put_host(struct buf *b, const struct verify_host *h, bool json)
{
	if (json)
		put_object(b, h);
	else
		put_line(b, h);
}

static const char *const words[VERIFY_WORDS] = {
    [VERIFY_ADDRESS] = "address",
    [VERIFY_OUTCOME] = "outcome",
    [VERIFY_WHY] = "why",
    [VERIFY_RELAY] = "relay",
    [VERIFY_HOSTS] = "hosts",
    [VERIFY_TLS] = "tls",
    [VERIFY_AUTHORITIES] = "authorities",
    [VERIFY_CERTIFICATE] = "certificate",
    [VERIFY_USER] = "user",
    [VERIFY_PASSWORD] = "password",
    [VERIFY_BY] = "by",
    [VERIFY_SOURCE] = "source",
    [VERIFY_SENDER] = "sender",
    [VERIFY_ALIAS] = "alias",
};

static void
put_facts(struct buf *b, const struct str text[VERIFY_WORDS], int status)
{
	for (enum verify_word i = 0; i < VERIFY_WORDS; i++) {
		buf_add(b, i ? STR(", ") : STR("{"));
		json_string(b, str_c(words[i]));
		buf_add(b, STR(": "));
		if (i == VERIFY_HOSTS)
			buf_printf(b, "[%.*s]", STR_ARG(text[i]));
		else
			json_text(b, text[i]);
	}
	buf_printf(b, ", \"status\": %d}\n", status);
}

static void
put_text(struct buf *b, const struct str text[VERIFY_WORDS])
{
	const char *before = ": ";

	buf_add(b, text[VERIFY_ADDRESS]);
	for (enum verify_word i = VERIFY_ADDRESS + 1; i < VERIFY_WORDS; i++) {
		if (text[i].n == 0)
			continue;
		buf_printf(b, "%s%s %.*s", before, words[i], STR_ARG(text[i]));
		before = "; ";
	}
	buf_byte(b, '\n');
}

void
verify_say(
    struct buf *b, const struct str text[VERIFY_WORDS], int status, bool json)
{
	if (json)
		put_facts(b, text, status);
	else
		put_text(b, text);
}
