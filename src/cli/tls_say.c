/* SPDX-License-Identifier: ISC */
#include "cli/tls_say.h"

#include <sysexits.h>

#include "agent/probe.h"
#include "cli/json.h"

const char *
tls_level_word(enum tls_level level)
{
	static const char *const words[] = {
	    [TLS_LEVEL_NONE] = "none",
	    [TLS_LEVEL_MAY] = "may",
	    [TLS_LEVEL_ENCRYPT] = "encrypt",
	    [TLS_LEVEL_VERIFY] = "verify",
	    [TLS_LEVEL_FINGERPRINT] = "fingerprint",
	};

	return words[level];
}

static const struct tls_fact *
next(const struct tls_host *h, const struct tls_fact *from, const char *word,
    uint32_t number)
{
	for (; from < h->fact + h->n; from++)
		if (from->number == number && str_eq(from->word, str_c(word)))
			return from;
	return NULL;
}

const struct tls_fact *
tls_fact(const struct tls_host *h, const char *word, uint32_t number)
{
	return next(h, h->fact, word, number);
}

/* Of several the first; "" if there is none. */
static struct str
text_of(const struct tls_host *h, const char *word, uint32_t number)
{
	const struct tls_fact *f = tls_fact(h, word, number);

	return f ? f->text : STR("");
}

/* Is that so?  And the words that go with it. */
static bool
is(const struct tls_host *h, const char *word, struct str *why)
{
	const struct tls_fact *yes = tls_fact(h, word, PROBE_YES);
	const struct tls_fact *no = tls_fact(h, word, PROBE_NO);

	*why = yes ? yes->text
	    : no   ? no->text
		   : text_of(h, word, PROBE_UNKNOWN);
	return yes != NULL;
}

/* Whoever has said it may not be what he was. */
static bool
is_number(struct str s)
{
	uint64_t number;

	return str_number(
	    str_slice(s, str_starts(s, STR("-")), s.n), UINT32_MAX, &number);
}

/* ---- for people */

/* "  label: one; two", if there is one. */
static void
text_list(struct buf *b, const struct tls_host *h, const char *label,
    const char *word, uint32_t number, const char *between)
{
	const struct tls_fact *f = tls_fact(h, word, number);

	if (f == NULL)
		return;
	buf_printf(b, "  %s: ", label);
	for (; f; f = next(h, f + 1, word, number))
		buf_printf(b, "%.*s%s", STR_ARG(f->text),
		    next(h, f + 1, word, number) ? between : "\n");
}

static void
text_days(struct buf *b, struct str days)
{
	if (str_starts(days, STR("-")))
		buf_add(b, STR(": it is over"));
	else if (days.n > 0)
		buf_printf(b, ": %.*s days are left", STR_ARG(days));
}

static void
text_certificate(struct buf *b, const struct tls_host *h, uint32_t i)
{
	buf_printf(b, "  certificate %u: %.*s\n", (unsigned)i + 1,
	    STR_ARG(text_of(h, "subject", i)));
	text_list(b, h, "  for", "for", i, ", ");
	text_list(b, h, "  issued by", "issuer", i, "");
	buf_printf(b, "    valid: from %.*s until %.*s",
	    STR_ARG(text_of(h, "from", i)), STR_ARG(text_of(h, "until", i)));
	text_days(b, text_of(h, "days", i));
	buf_printf(b, "\n    key: %.*s; signed by %.*s\n",
	    STR_ARG(text_of(h, "key", i)), STR_ARG(text_of(h, "signature", i)));
	/* As the key takes it. */
	buf_printf(b, "    its fingerprint: %.*s\n    that of its key: %.*s\n",
	    STR_ARG(text_of(h, "sha256", i)),
	    STR_ARG(text_of(h, "key-sha256", i)));
}

static void
text_identity(struct buf *b, const struct tls_host *h)
{
	struct str why;

	if (is(h, "named", &why))
		buf_printf(b, "  verified: yes, by its name, and by %.*s\n",
		    STR_ARG(text_of(h, "top", 0)));
	else
		buf_printf(b, "  verified: no: %.*s\n", STR_ARG(why));
	if (is(h, "printed", &why))
		buf_add(b,
		    STR("  fingerprint: it is one of those that are configured\n"));
	else if (why.n > 0)
		buf_printf(b, "  fingerprint: no: %.*s\n", STR_ARG(why));
}

static void
text_levels(struct buf *b, const struct tls_host *h)
{
	const char *before = " ";

	buf_add(b, STR("  levels of tls that would do:"));
	for (unsigned i = 0; i <= TLS_LEVEL_FINGERPRINT; i++) {
		if (!(h->levels & 1U << i))
			continue;
		buf_printf(
		    b, "%s%s", before, tls_level_word((enum tls_level)i));
		before = ", ";
	}
	buf_printf(b, "%s; the configuration asks for %s\n",
	    h->levels ? "" : " none of them", tls_level_word(h->asked));
}

static void
put_where(struct buf *b, const struct tls_host *h)
{
	buf_add(b, h->name);
	if (h->ip.n > 0 && !str_starts(h->name, STR("[")))
		buf_printf(b, "[%.*s]", STR_ARG(h->ip));
	if (h->port > 0)
		buf_printf(b, ":%u", h->port);
}

void
tls_say_text(struct buf *b, const struct tls_host *h)
{
	const struct tls_fact *tls = tls_fact(h, "tls", 1);

	if (tls == NULL)
		tls = tls_fact(h, "tls", 0);
	put_where(b, h);
	buf_add(
	    b, h->encrypted ? STR(", TLS from the first byte\n") : STR("\n"));
	text_list(b, h, "greeting", "greeting", 0, "");
	text_list(b, h, "EHLO is refused; to HELO", "helo", 0, "");
	text_list(b, h, "offers in clear", "offer", 0, "; ");
	text_list(b, h, "STARTTLS is refused", "refusal", 0, "");
	if (tls) {
		buf_printf(b, "  TLS: %.*s%s\n", STR_ARG(tls->text),
		    tls->number
			? ""
			: ": older than TLS 1.2, which is demanded from encrypt on");
		text_list(b, h, "EHLO is refused; to HELO", "helo", 1, "");
		text_list(b, h, "offers with TLS", "offer", 1, "; ");
		for (uint32_t i = 0; tls_fact(h, "subject", i); i++)
			text_certificate(b, h, i);
		text_identity(b, h);
	}
	if (h->trouble.n > 0)
		buf_printf(b, "  trouble: %.*s\n", STR_ARG(h->trouble));
	text_levels(b, h);
}

/* ---- for programs */

static void
json_key(struct buf *b, const char *key)
{
	buf_add(b, b->n > 0 && b->p[b->n - 1] == '{' ? STR("") : STR(", "));
	json_string(b, str_c(key));
	buf_add(b, STR(": "));
}

static void
json_member(struct buf *b, const char *key, struct str text)
{
	json_key(b, key);
	json_text(b, text);
}

static void
json_list(struct buf *b, const struct tls_host *h, const char *key,
    const char *word, uint32_t number)
{
	const char *before = "";

	json_key(b, key);
	buf_byte(b, '[');
	for (const struct tls_fact *f = tls_fact(h, word, number); f;
	     f = next(h, f + 1, word, number)) {
		buf_add(b, str_c(before));
		json_string(b, f->text);
		before = ", ";
	}
	buf_byte(b, ']');
}

static void
json_certificate(struct buf *b, const struct tls_host *h, uint32_t i)
{
	static const char *const words[] = {"subject", "issuer", "from",
	    "until", "key", "signature", "sha256", "key-sha256"};
	struct str days = text_of(h, "days", i);

	buf_byte(b, '{');
	for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
		json_member(b, words[k], text_of(h, words[k], i));
	json_list(b, h, "for", "for", i);
	json_key(b, "days");
	buf_add(b, is_number(days) ? days : STR("null"));
	buf_byte(b, '}');
}

static void
json_bool(struct buf *b, const char *key, bool yes)
{
	json_key(b, key);
	buf_add(b, yes ? STR("true") : STR("false"));
}

void
tls_say_json(struct buf *b, const struct tls_host *h)
{
	const struct tls_fact *tls = tls_fact(h, "tls", 1);
	struct str why;

	if (tls == NULL)
		tls = tls_fact(h, "tls", 0);
	buf_byte(b, '{');
	json_member(b, "host", h->name);
	json_member(b, "ip", h->ip);
	json_key(b, "port");
	if (h->port > 0)
		buf_printf(b, "%u", h->port);
	else
		buf_add(b, STR("null"));
	json_bool(b, "wrapped", h->encrypted);
	json_member(b, "greeting", text_of(h, "greeting", 0));
	json_member(b, "helo",
	    text_of(h, "helo", 0).n > 0 ? text_of(h, "helo", 0)
					: text_of(h, "helo", 1));
	json_list(b, h, "offers", "offer", 0);
	json_list(b, h, "logins", "login", 0);
	json_member(b, "starttls-refused", text_of(h, "refusal", 0));
	json_member(b, "tls", tls ? tls->text : STR(""));
	json_list(b, h, "tls-offers", "offer", 1);
	json_list(b, h, "tls-logins", "login", 1);
	json_key(b, "certificates");
	buf_byte(b, '[');
	for (uint32_t i = 0; tls_fact(h, "subject", i); i++) {
		buf_add(b, i ? STR(", ") : STR(""));
		json_certificate(b, h, i);
	}
	buf_byte(b, ']');
	json_bool(b, "verified", is(h, "named", &why));
	json_member(b, "why-not", why);
	json_member(b, "authority",
	    is(h, "named", &why) ? text_of(h, "top", 0) : STR(""));
	json_bool(b, "fingerprint", is(h, "printed", &why));
	json_member(b, "trouble", h->trouble);
	json_member(b, "asked", str_c(tls_level_word(h->asked)));
	json_key(b, "levels");
	buf_byte(b, '[');
	for (unsigned i = 0, n = 0; i <= TLS_LEVEL_FINGERPRINT; i++) {
		if (!(h->levels & 1U << i))
			continue;
		buf_add(b, n++ ? STR(", ") : STR(""));
		json_string(b, str_c(tls_level_word((enum tls_level)i)));
	}
	buf_add(b, STR("]"));
	json_key(b, "status");
	buf_printf(b, "%d}\n", h->status);
}
