/* SPDX-License-Identifier: ISC */
#include "mail/head.h"

#include "base/char.h"
#include "base/key.h"

enum { NAME_MAX_OCTETS = 77 };

void
head_init(struct head *h, size_t max)
{
	buf_init(&h->text, max);
	h->begun = false;
}

void
head_free(struct head *h)
{
	buf_free(&h->text);
}

/* The length of the field name at the start of line, 0 if it has none. */
static size_t
name_length(struct str line)
{
	size_t n = 0;

	while (n < line.n && char_is_graph(line.p[n]) && line.p[n] != ':')
		n++;
	return n <= NAME_MAX_OCTETS ? n : 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Where the colon is that ends the name of n octets; 0 if there is none. */
static size_t
colon(struct str line, size_t n)
{
	size_t at = n;

	while (at < line.n && is_blank(line.p[at]))
		at++;
	return n > 0 && at < line.n && line.p[at] == ':' ? at : 0;
}

static bool
is_separator(struct str line)
{
	while (line.n > 0 && line.p[0] == '>')
		line = str_slice(line, 1, line.n);
	return line.n > 6 && str_starts(line, STR("From")) &&
	    is_blank(line.p[4]);
}

/* Appends s, and other in place of each CR that does not stand before LF. */
static void
put_line(struct buf *out, struct str s, struct str other)
{
	size_t from = 0;

	for (size_t i = 0; i < s.n; i++) {
		i += str_find(str_slice(s, i, s.n), '\r');
		if (i >= s.n || (i + 1 < s.n && s.p[i + 1] == '\n'))
			continue;
		buf_add(out, str_slice(s, from, i));
		buf_add(out, other);
		from = i + 1;
	}
	buf_add(out, str_slice(s, from, s.n));
}

void
head_body_line(struct buf *out, struct str line)
{
	put_line(out, line, STR("\r\n"));
}

enum head_said
head_line(struct head *h, struct str line)
{
	size_t name = name_length(line);
	size_t at = colon(line, name);
	bool fold = line.n > 2 && is_blank(line.p[0]);

	if (line.n <= 2)
		return HEAD_END;
	if (!h->begun && at == 0 && is_separator(line))
		return HEAD_MORE;
	if (!(fold && h->begun) && at == 0)
		return HEAD_BODY;
	if (line.n > h->text.max - h->text.n)
		return HEAD_TOO_LARGE;
	h->begun = true;
	if (fold) {
		put_line(&h->text, line, STR(" "));
		return HEAD_MORE;
	}
	buf_add(&h->text, str_slice(line, 0, name));
	put_line(&h->text, str_slice(line, at, line.n), STR(" "));
	return HEAD_MORE;
}

/* The octets of the field at the start of text, continuations included. */
static size_t
field_length(struct str text)
{
	size_t end = 0;

	do {
		struct str rest = str_slice(text, end, text.n);
		size_t newline = str_find(rest, '\n');

		end += newline < rest.n ? newline + 1 : rest.n;
	} while (end < text.n && (text.p[end] == ' ' || text.p[end] == '\t'));
	return end;
}

void
head_fields(
    struct pool *p, const struct head *h, struct field **fields, size_t *n)
{
	struct str text = buf_str(&h->text);
	size_t count = 0;

	for (size_t at = 0; at < text.n; count++)
		at += field_length(str_slice(text, at, text.n));
	*fields = pool_array(p, count, sizeof(**fields));
	*n = count;
	for (size_t i = 0; i < count; i++) {
		struct field *f = &(*fields)[i];
		size_t name;

		f->raw = str_slice(text, 0, field_length(text));
		name = str_find(f->raw, ':');
		f->name = str_slice(f->raw, 0, name);
		f->value = str_slice(f->raw, name + 1, f->raw.n);
		text = str_slice(text, f->raw.n, text.n);
	}
}

const struct field *
head_find(const struct field *fields, size_t n, struct str name, size_t nth)
{
	for (size_t i = 0; i < n; i++)
		if (str_ieq(fields[i].name, name) && nth-- == 0)
			return &fields[i];
	return NULL;
}

/* How recipients are named in a resent block, and in the rest. */
static const struct key recipient_names[2][3] = {
    {{"To", 0}, {"Cc", 0}, {"Bcc", 0}},
    {{"Resent-To", 0}, {"Resent-Cc", 0}, {"Resent-Bcc", 0}},
};

static bool
is_recipients(const struct field *f, bool resent)
{
	return key_find(recipient_names[resent], 3, f->name) >= 0;
}

/* The fields of a resent block, and what ends one. */
enum { RESENT_NAMES = 8 };
static const struct key block_names[] = {
    {"Resent-Date", 0},
    {"Resent-From", 0},
    {"Resent-Sender", 0},
    {"Resent-To", 0},
    {"Resent-Cc", 0},
    {"Resent-Bcc", 0},
    {"Resent-Message-ID", 0},
    {"Resent-Reply-To", 0},
    {"Received", 0},
    {"Return-Path", 0},
};

bool
head_resent(const struct field *fields, size_t n, size_t *from, size_t *to)
{
	unsigned seen = 0;
	int before = -1;
	bool begun = false;

	for (size_t i = 0; i < n; i++) {
		int name = key_find(block_names,
		    sizeof(block_names) / sizeof(block_names[0]),
		    fields[i].name);
		bool resent = name >= 0 && name < RESENT_NAMES;
		bool again = resent && name != before && seen >> name & 1;

		if (begun && (again || name >= RESENT_NAMES))
			break;
		before = name;
		if (!resent)
			continue;
		if (!begun)
			*from = i;
		begun = true;
		seen |= 1U << name;
		*to = i + 1;
	}
	return begun;
}

static bool
any_resent_recipient(const struct field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_recipients(&fields[i], true))
			return true;
	return false;
}

/* Addresses that are being joined. */
struct heap {
	struct addr *p;
	size_t n, room;
};

static void
join(struct pool *p, struct heap *h, const struct addr *more, size_t n)
{
	if (n > h->room - h->n) {
		struct addr *larger;

		h->room = 2 * (h->n + n);
		larger = pool_array(p, h->room, sizeof(*larger));
		if (h->n > 0)
			memcpy(larger, h->p, h->n * sizeof(*larger));
		h->p = larger;
	}
	if (n > 0)
		memcpy(h->p + h->n, more, n * sizeof(*more));
	h->n += n;
}

int
head_recipients(struct pool *p, const struct field *fields, size_t n,
    size_t max, struct addr **list, size_t *count, struct err *e)
{
	struct heap all = {0};
	bool resent = any_resent_recipient(fields, n);
	size_t from = 0;
	size_t to = n;

	if (resent)
		(void)head_resent(fields, n, &from, &to);
	for (size_t i = from; i < to; i++) {
		struct addr *more;
		size_t k;

		if (!is_recipients(&fields[i], resent))
			continue;
		if (addr_list(p, fields[i].value, max - all.n, &more, &k, e) ==
		    0) {
			join(p, &all, more, k);
			continue;
		}
		if (e->kind == ERR_LIMIT)
			return err_set(
			    e, ERR_LIMIT, "more than %zu recipients", max);
		return err_while(e, "%.*s", STR_ARG(fields[i].name));
	}
	*list = all.p;
	*count = all.n;
	return 0;
}
