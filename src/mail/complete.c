/* SPDX-License-Identifier: ISC */
#include "mail/complete.h"

#include "base/key.h"
#include "mail/date.h"

enum { WORD_MAX = 75 }; /* RFC 2047, 2 */

/* Fields that are not sent (B-21, B-22, B-24). */
static const struct key removed[] = {
    {"Bcc", 0},
    {"Resent-Bcc", 0},
    {"Return-Path", 0},
    {"Content-Length", 0},
};

static bool
is_empty(const struct field *f)
{
	return str_trim(f->value).n == 0;
}

static bool
is_sent(const struct field *f)
{
	if (key_find(removed, sizeof(removed) / sizeof(removed[0]), f->name) >=
	    0)
		return false;
	return !(str_ieq(f->name, STR("Message-ID")) && is_empty(f));
}

/* The octets of the UTF-8 character at the start of s. */
static size_t
character(struct str s)
{
	size_t n = 1;

	while (n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n++;
	return n;
}

static bool
is_plain_q(char c)
{
	return key_is_letter(c) || key_is_digit(c) || c == '-' || c == '!' ||
	    c == '*' || c == '+' || c == '/';
}

/* RFC 2047 "Q" words, cut between characters. */
static void
put_encoded(struct buf *out, struct str name)
{
	bool utf8 = key_is_utf8(name);
	const char *charset = utf8 ? "=?utf-8?Q?" : "=?iso-8859-1?Q?";
	size_t start = out->n;

	buf_add(out, str_c(charset));
	while (name.n > 0) {
		size_t n = utf8 ? character(name) : 1;

		/* Each octet takes three, and "?=" two more. */
		if (out->n - start + 3 * n + 2 > WORD_MAX) {
			buf_add(out, STR("?=\r\n "));
			start = out->n;
			buf_add(out, str_c(charset));
		}
		for (size_t i = 0; i < n; i++) {
			char c = name.p[i];

			if (is_plain_q(c))
				buf_byte(out, c);
			else if (c == ' ')
				buf_byte(out, '_');
			else
				buf_printf(out, "=%02X", (unsigned char)c);
		}
		name = str_slice(name, n, name.n);
	}
	buf_add(out, STR("?="));
}

static void
put_quoted(struct buf *out, struct str name)
{
	buf_byte(out, '"');
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] == '"' || name.p[i] == '\\')
			buf_byte(out, '\\');
		buf_byte(out, name.p[i]);
	}
	buf_byte(out, '"');
}

void
complete_phrase(struct buf *out, struct str name)
{
	struct buf clean;
	bool high = false;
	bool plain = true;

	buf_init(&clean, 1024);
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i] == '\t' ? ' ' : name.p[i];

		if (((unsigned char)c < ' ') || c == 127)
			continue;
		high = high || key_is_high(c);
		plain = plain &&
		    (key_is_letter(c) || key_is_digit(c) || c == ' ' ||
			c == '-' || c == '_' || c == '\'');
		buf_byte(&clean, c);
	}

	struct str phrase = str_trim(buf_str(&clean));

	/* What looks encoded must not be decoded by the reader. */
	if (high)
		put_encoded(out, phrase);
	else if (plain)
		buf_add(out, phrase);
	else
		put_quoted(out, phrase);
	buf_free(&clean);
}

static void
put_sender(struct buf *out, const struct complete *c)
{
	struct addr own = {c->login, c->mailname, STR_NONE};
	size_t before;

	if (c->full_name.n > 0) {
		before = out->n;
		complete_phrase(out, c->full_name);
		buf_add(out, out->n > before ? STR(" <") : STR("<"));
	} else {
		buf_byte(out, '<');
	}
	addr_print(out, addr_is_null(&c->sender) ? &own : &c->sender);
	buf_byte(out, '>');
}

static void
put_message_id(struct buf *out, const struct complete *c)
{
	buf_printf(out, "<%lld.%.*s.%.*s@%.*s>", (long long)c->now,
	    STR_ARG(c->id), STR_ARG(c->random), STR_ARG(c->mailname));
}

/* Date, From and Message-ID, each under prefix, where fields lack it. */
static void
put_missing(struct buf *out, struct str prefix, const struct field *fields,
    size_t n, const struct complete *c)
{
	static const char *const names[] = {"Date", "From", "Message-ID"};

	for (size_t i = 0; i < 3; i++) {
		struct buf name;
		const struct field *f;

		buf_init(&name, 64);
		buf_add(&name, prefix);
		buf_add(&name, str_c(names[i]));
		f = head_find(fields, n, buf_str(&name), 0);
		if (f == NULL || (i == 2 && is_empty(f))) {
			buf_add(out, buf_str(&name));
			buf_add(out, STR(": "));
			if (i == 0)
				date_5322(out, c->now);
			else if (i == 1)
				put_sender(out, c);
			else
				put_message_id(out, c);
			buf_add(out, STR("\r\n"));
		}
		buf_free(&name);
	}
}

void
complete_header(struct buf *out, const struct field *fields, size_t n,
    const struct complete *c)
{
	size_t from;
	size_t to;

	buf_printf(out,
	    "Received: by %.*s (hantar, from userid %lu)\r\n\tid %.*s; ",
	    STR_ARG(c->hostname), c->uid, STR_ARG(c->id));
	date_5322(out, c->now);
	buf_add(out, STR("\r\n"));
	if (c->add && head_resent(fields, n, &from, &to))
		put_missing(out, STR("Resent-"), fields + from, to - from, c);
	for (size_t i = 0; i < n; i++)
		if (is_sent(&fields[i]))
			buf_add(out, fields[i].raw);
	if (c->add)
		put_missing(out, STR(""), fields, n, c);
}
