/* SPDX-License-Identifier: ISC */
#include "mail/head.h"

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

	while (n < line.n && key_is_graph(line.p[n]) && line.p[n] != ':')
		n++;
	return n <= NAME_MAX_OCTETS ? n : 0;
}

/* Where the colon is that ends the name of n octets; 0 if there is none. */
static size_t
colon(struct str line, size_t n)
{
	size_t at = n;

	while (at < line.n && (line.p[at] == ' ' || line.p[at] == '\t'))
		at++;
	return n > 0 && at < line.n && line.p[at] == ':' ? at : 0;
}

static bool
is_separator(struct str line)
{
	while (line.n > 0 && line.p[0] == '>')
		line = str_slice(line, 1, line.n);
	return str_starts(line, STR("From "));
}

enum head_said
head_line(struct head *h, struct str line)
{
	size_t name = name_length(line);
	size_t at = colon(line, name);
	bool fold = line.n > 2 && (line.p[0] == ' ' || line.p[0] == '\t');

	if (line.n <= 2)
		return HEAD_END;
	if (!h->begun && is_separator(line))
		return HEAD_MORE;
	if (!(fold && h->begun) && at == 0)
		return HEAD_BODY;
	if (line.n > h->text.max - h->text.n)
		return HEAD_TOO_LARGE;
	h->begun = true;
	if (fold) {
		buf_add(&h->text, line);
		return HEAD_MORE;
	}
	buf_add(&h->text, str_slice(line, 0, name));
	buf_add(&h->text, str_slice(line, at, line.n));
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
head_find(
    const struct field *fields, size_t n, struct str name, size_t nth)
{
	for (size_t i = 0; i < n; i++)
		if (str_ieq(fields[i].name, name) && nth-- == 0)
			return &fields[i];
	return NULL;
}

static bool
is_resent(const struct field *f)
{
	return str_istarts(f->name, STR("Resent-"));
}

static bool
is_trace(const struct field *f)
{
	return str_ieq(f->name, STR("Received")) ||
	    str_ieq(f->name, STR("Return-Path"));
}

bool
head_resent(
    const struct field *fields, size_t n, size_t *from, size_t *to)
{
	size_t first = 0;
	size_t end;

	while (first < n && !is_resent(&fields[first]))
		first++;
	if (first == n)
		return false;
	for (end = first + 1; end < n; end++) {
		if (is_trace(&fields[end]) || !is_resent(&fields[end]))
			break;
		if (head_find(fields + first, end - first, fields[end].name,
			0) != NULL)
			break;
	}
	*from = first;
	*to = end;
	return true;
}

static const struct key plain_names[] = {{"To", 0}, {"Cc", 0}, {"Bcc", 0}};
static const struct key resent_names[] = {
    {"Resent-To", 0}, {"Resent-Cc", 0}, {"Resent-Bcc", 0}};

static bool
any_resent_recipient(const struct field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (key_find(resent_names, 3, fields[i].name) >= 0)
			return true;
	return false;
}

int
head_recipients(struct pool *p, const struct field *fields, size_t n,
    size_t max, struct addr **list, size_t *count, struct err *e)
{
	const struct key *names = plain_names;
	struct addr *all = NULL;
	size_t total = 0;
	size_t from = 0;
	size_t to = n;

	if (any_resent_recipient(fields, n)) {
		names = resent_names;
		(void)head_resent(fields, n, &from, &to);
	}
	for (size_t i = from; i < to; i++) {
		struct addr *more;
		struct addr *joined;
		size_t k;

		if (key_find(names, 3, fields[i].name) < 0)
			continue;
		if (addr_list(p, fields[i].value, max - total, &more, &k, e) <
		    0)
			return err_while(e, "%.*s", STR_ARG(fields[i].name));
		if (k == 0)
			continue;
		joined = pool_array(p, total + k, sizeof(*joined));
		if (total > 0)
			memcpy(joined, all, total * sizeof(*all));
		memcpy(joined + total, more, k * sizeof(*more));
		all = joined;
		total += k;
	}
	*list = all;
	*count = total;
	return 0;
}
