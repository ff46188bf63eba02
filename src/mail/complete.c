/* SPDX-License-Identifier: ISC */
#include "mail/complete.h"

#include "base/char.h"
#include "base/key.h"
#include "mail/date.h"
#include "os/idn.h"

enum {
	WIDTH = 77,	    /* of the lines that are made here */
	ENCODED_WIDTH = 75, /* of those with encoded words (RFC 2047, 2) */
	WORD_MAX = 60,	    /* a longer word of a name is encoded: it folds */
	NAME_MAX_OCTETS = 1000,
};

/* Fields that are not sent (B-21, B-22, B-24). */
static const struct key removed[] = {
    {"Bcc", 0},
    {"Resent-Bcc", 0},
    {"Return-Path", 0},
    {"Content-Length", 0},
};

/* Fields that are no better than none if they are empty (B-15). */
static const struct key identities[] = {
    {"Message-ID", 0},
    {"Resent-Message-ID", 0},
};

static bool
is_one_of(const struct key *keys, size_t n, const struct field *f)
{
	return key_find(keys, n, f->name) >= 0;
}

static bool
is_empty(const struct field *f)
{
	return str_trim(f->value).n == 0;
}

static bool
is_sent(const struct field *f, bool add)
{
	if (is_one_of(removed, sizeof(removed) / sizeof(removed[0]), f))
		return false;
	return !(add && is_one_of(identities, 2, f) && is_empty(f));
}

/* The octets of the last line. */
static size_t
column(const struct buf *out)
{
	const char *newline = memrchr(out->p, '\n', out->n);

	return newline ? (size_t)(out->p + out->n - newline) - 1 : out->n;
}

/* A word behind a blank, on a new line where it would be too long for this. */
static void
put_word(struct buf *out, struct str word)
{
	if (column(out) + 1 + word.n > WIDTH)
		buf_add(out, STR("\r\n"));
	buf_byte(out, ' ');
	buf_add(out, word);
}

static bool
is_control(char c)
{
	return (unsigned char)c < ' ' || c == 127;
}

/* s without the bytes that could begin a line (B-42). */
static void
put_clean(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_control(s.p[i]))
			buf_byte(out, s.p[i]);
}

static bool
is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* The octets of the UTF-8 character at the start of s. */
static size_t
character(struct str s)
{
	size_t n = 1;

	while (n < s.n && is_continuation(s.p[n]))
		n++;
	return n;
}

static bool
is_plain_q(char c)
{
	return char_is_letter(c) || char_is_digit(c) || c == '-' || c == '!' ||
	    c == '*' || c == '+' || c == '/';
}

/* RFC 2047 "Q" words, cut between characters. */
static void
put_encoded(struct buf *out, struct str name)
{
	bool utf8 = key_is_utf8(name);
	struct str start = utf8 ? STR("=?utf-8?Q?") : STR("=?iso-8859-1?Q?");

	/* The longest character is four octets, and "?=" ends the word. */
	if (column(out) + start.n + 4 * 3 + 2 > ENCODED_WIDTH)
		buf_add(out, STR("\r\n "));
	buf_add(out, start);
	while (name.n > 0) {
		size_t n = utf8 ? character(name) : 1;

		if (column(out) + 3 * n + 2 > ENCODED_WIDTH) {
			buf_add(out, STR("?=\r\n "));
			buf_add(out, start);
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
put_escaped(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_byte(out, '\\');
		buf_byte(out, s.p[i]);
	}
}

/* The words of name, within quotes or not, folded between them. */
static void
put_words(struct buf *out, struct str name, bool quote)
{
	const char *first = name.p;
	struct buf token;
	struct str word;

	buf_init(&token, 2 * NAME_MAX_OCTETS + 2);
	while (str_split(&name, ' ', &word)) {
		buf_clear(&token);
		if (quote && word.p == first)
			buf_byte(&token, '"');
		put_escaped(&token, word);
		if (quote && name.p == NULL)
			buf_byte(&token, '"');
		if (word.p == first)
			buf_add(out, buf_str(&token));
		else
			put_word(out, buf_str(&token));
	}
	buf_free(&token);
}

/* Without controls, and with single blanks between the words. */
static void
clean_name(struct buf *clean, struct str name)
{
	if (name.n > NAME_MAX_OCTETS) {
		size_t n = NAME_MAX_OCTETS;

		for (int i = 0; i < 3 && is_continuation(name.p[n]); i++)
			n--;
		name = str_slice(name, 0, n);
	}
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i] == '\t' ? ' ' : name.p[i];
		bool again = clean->n == 0 || clean->p[clean->n - 1] == ' ';

		if (!is_control(c) && !(c == ' ' && again))
			buf_byte(clean, c);
	}
	if (clean->n > 0 && clean->p[clean->n - 1] == ' ')
		buf_cut(clean, clean->n - 1);
}

void
complete_phrase(struct buf *out, struct str name)
{
	bool encode = false;
	bool plain = true;
	size_t word = 0;
	struct buf clean;

	buf_init(&clean, NAME_MAX_OCTETS);
	clean_name(&clean, name);
	for (size_t i = 0; i < clean.n; i++) {
		char c = clean.p[i];

		/* What looks encoded must not be decoded by the reader. */
		encode = encode || char_is_high(c) ||
		    (c == '=' && clean.p[i + 1] == '?');
		plain = plain &&
		    (char_is_letter(c) || char_is_digit(c) || c == ' ' ||
			c == '-' || c == '_' || c == '\'');
		word = c == ' ' ? 0 : word + (c == '"' || c == '\\') + 1;
		encode = encode || word > WORD_MAX;
	}
	if (encode)
		put_encoded(out, buf_str(&clean));
	else if (clean.n > 0)
		put_words(out, buf_str(&clean), !plain);
	buf_free(&clean);
}

/* The submitter's mailbox; a null sender is the caller (B-14). */
static void
put_sender(struct buf *out, const struct complete *c)
{
	struct addr a = c->sender;
	size_t before = out->n + 1;
	struct buf mailbox, path, domain;
	struct err e;

	if (addr_is_null(&a))
		a = (struct addr){c->login, c->mailname, STR_NONE};
	if (a.domain.n == 0)
		a.domain = c->mailname;
	/* In a header that needs no SMTPUTF8 (B-40), if it has such a form. */
	buf_init(&domain, 1024);
	if (!str_is_ascii(a.domain) && idn_ascii(&domain, a.domain, &e) == 0)
		a.domain = buf_str(&domain);
	buf_init(&mailbox, 256 * 1024);
	buf_init(&path, 256 * 1024);
	addr_print(&path, &a);
	buf_byte(&mailbox, '<');
	put_clean(&mailbox, buf_str(&path));
	buf_byte(&mailbox, '>');
	buf_byte(out, ' ');
	complete_phrase(out, c->full_name);
	if (out->n == before)
		buf_cut(out, before - 1);
	put_word(out, buf_str(&mailbox));
	buf_free(&path);
	buf_free(&mailbox);
	buf_free(&domain);
}

/* What is added for a resending differs by its end. */
static void
put_message_id(struct buf *out, const struct complete *c, bool resent)
{
	struct buf id;

	buf_init(&id, 4096);
	buf_printf(&id, "<%lld.", (long long)c->now);
	put_clean(&id, c->id);
	buf_byte(&id, '.');
	put_clean(&id, c->random);
	buf_add(&id, resent ? STR(".r@") : STR("@"));
	put_clean(&id, c->mailname);
	buf_byte(&id, '>');
	put_word(out, buf_str(&id));
	buf_free(&id);
}

/* Is there a field of that name, not an empty one if `filled`? */
static bool
has(const struct field *fields, size_t n, struct str prefix, struct str name,
    bool filled)
{
	for (size_t i = 0; i < n; i++) {
		struct str own = fields[i].name;

		if (str_istarts(own, prefix) &&
		    str_ieq(str_slice(own, prefix.n, own.n), name) &&
		    !(filled && is_empty(&fields[i])))
			return true;
	}
	return false;
}

/* Has one From several mailboxes?  RFC 5322, 3.6.2, wants a Sender then. */
static bool
has_authors(const struct field *fields, size_t n, struct str prefix)
{
	for (size_t i = 0; i < n; i++) {
		struct pool p = {0};
		struct addr *list;
		struct err e;
		size_t count = 0;

		if (!has(&fields[i], 1, prefix, STR("From"), false))
			continue;
		if (addr_list(
			&p, fields[i].value, SIZE_MAX, &list, &count, &e) < 0)
			count = 0;
		pool_free(&p);
		if (count > 1)
			return true;
	}
	return false;
}

static void
put_name(struct buf *out, struct str prefix, struct str name)
{
	buf_add(out, prefix);
	buf_add(out, name);
	buf_byte(out, ':');
}

/* What fields lack, each under prefix. */
static void
put_missing(struct buf *out, struct str prefix, const struct field *fields,
    size_t n, const struct complete *c)
{
	if (!has(fields, n, prefix, STR("Date"), false)) {
		put_name(out, prefix, STR("Date"));
		buf_byte(out, ' ');
		date_5322(out, c->now);
		buf_add(out, STR("\r\n"));
	}
	if (!has(fields, n, prefix, STR("From"), false)) {
		put_name(out, prefix, STR("From"));
		put_sender(out, c);
		buf_add(out, STR("\r\n"));
	} else if (!has(fields, n, prefix, STR("Sender"), false) &&
	    has_authors(fields, n, prefix)) {
		put_name(out, prefix, STR("Sender"));
		put_sender(out, c);
		buf_add(out, STR("\r\n"));
	}
	if (!has(fields, n, prefix, STR("Message-ID"), true)) {
		put_name(out, prefix, STR("Message-ID"));
		put_message_id(out, c, prefix.n > 0);
		buf_add(out, STR("\r\n"));
	}
}

static void
put_received(struct buf *out, const struct complete *c)
{
	struct buf who;

	buf_init(&who, 100);
	buf_printf(&who, "(hantar, from userid %lu)", c->uid);
	buf_add(out, STR("Received: by "));
	put_clean(out, c->hostname);
	put_word(out, buf_str(&who));
	buf_add(out, STR("\r\n\tid "));
	put_clean(out, c->id);
	buf_add(out, STR("; "));
	date_5322(out, c->now);
	buf_add(out, STR("\r\n"));
	buf_free(&who);
}

void
complete_header(struct buf *out, const struct field *fields, size_t n,
    const struct complete *c)
{
	size_t from = n;
	size_t to = n;

	put_received(out, c);
	if (c->add)
		(void)head_resent(fields, n, &from, &to);
	for (size_t i = 0; i < n; i++) {
		if (i == from)
			put_missing(
			    out, STR("Resent-"), fields + from, to - from, c);
		if (is_sent(&fields[i], c->add))
			buf_add(out, fields[i].raw);
	}
	if (c->add)
		put_missing(out, STR(""), fields, n, c);
}
