/* SPDX-License-Identifier: ISC */
#include "mail/addr_scan.h"

#include "base/code.h"
#include "base/char.h"

enum {
	COMMENT_DEPTH = 50,
	LABEL_MAX = 63,
	DOMAIN_MAX = 255,
	/* U-labels take more octets than the A-labels that they stand for. */
	DOMAIN_UTF8_MAX = 1000,
	ELEMENT_MAX = 64 * 1024,
};

void
scan_init(struct scan *s, struct pool *p, struct str text, struct err *e)
{
	*s = (struct scan){.text = text, .pool = p, .e = e};
	buf_init(&s->words.local, ELEMENT_MAX);
	buf_init(&s->words.phrase, ELEMENT_MAX);
	buf_init(&s->domain, DOMAIN_UTF8_MAX);
}

void
scan_free(struct scan *s)
{
	buf_free(&s->words.local);
	buf_free(&s->words.phrase);
	buf_free(&s->domain);
}

void
scan_restart(struct scan *s)
{
	struct words *w = &s->words;

	buf_clear(&w->local);
	buf_clear(&w->phrase);
	w->proper = true;
	w->want_word = true;
	w->any = false;
	buf_clear(&s->domain);
}

char
scan_peek(const struct scan *s)
{
	return s->at < s->text.n ? s->text.p[s->at] : '\0';
}

bool
scan_at_end(const struct scan *s)
{
	return s->at >= s->text.n;
}

int
scan_wrong(struct scan *s, const char *what)
{
	size_t from = s->at > 40 ? s->at - 40 : 0;
	struct buf near;

	buf_init(&near, 200);
	code_inert(&near, str_trim(str_slice(s->text, from, s->at + 30)), 150);
	err_set(s->e, ERR_SYNTAX, "%s at \"%s\"", what, near.p);
	buf_free(&near);
	return -1;
}

bool
scan_overflowed(const struct scan *s)
{
	return s->words.local.over || s->words.phrase.over || s->domain.over;
}

bool
scan_is_atext(char c)
{
	return char_is_letter(c) || char_is_digit(c) || char_is_high(c) ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/*
 * A line end counts as a blank only where it folds or is the last of the
 * text: "a@b\nc" is no list.
 */
static bool
is_blank(const struct scan *s)
{
	struct str rest = str_slice(s->text, s->at, s->text.n);
	char c = scan_peek(s);

	if (c == ' ' || c == '\t')
		return true;
	if (c == '\r' && str_starts(rest, STR("\r\n")))
		return true;
	return c == '\n' &&
	    (rest.n == 1 || rest.p[1] == ' ' || rest.p[1] == '\t');
}

/* A comment, nested ones included; at its '('. */
static int
comment(struct scan *s)
{
	size_t depth = 0;
	bool pair = false; /* behind a backslash */

	do {
		char c = scan_peek(s);

		if (scan_at_end(s))
			return scan_wrong(s, "a comment is not closed");
		if ((c == '\r' || c == '\n' || c == '\0') &&
		    (pair || !is_blank(s)))
			return scan_wrong(s, "a control byte in a comment");
		s->at++;
		if (pair || c == '\\')
			pair = !pair;
		else if (c == '(' && ++depth > COMMENT_DEPTH)
			return scan_wrong(s, "comments are nested too deeply");
		else if (c == ')')
			depth--;
	} while (depth > 0);
	return 0;
}

int
scan_blanks(struct scan *s)
{
	for (;;) {
		if (is_blank(s))
			s->at++;
		else if (scan_peek(s) != '(')
			return 0;
		else if (comment(s) < 0)
			return -1;
	}
}

static void
add_word(struct words *w, struct str word)
{
	w->proper = w->proper && w->want_word;
	w->want_word = false;
	w->any = true;
	buf_add(&w->local, word);
	if (w->phrase.n > 0)
		buf_byte(&w->phrase, ' ');
	buf_add(&w->phrase, word);
}

static void
add_dot(struct words *w)
{
	w->proper = w->proper && !w->want_word;
	w->want_word = true;
	w->any = true;
	buf_byte(&w->local, '.');
	buf_byte(&w->phrase, '.');
}

/* The content of a quoted string; behind its opening quote. */
static int
quoted_content(struct scan *s, struct buf *content)
{
	for (;; s->at++) {
		char c = scan_peek(s);

		if (c == '"') {
			s->at++;
			return 0;
		}
		/* The line ends of folding are no content. */
		if ((c == '\r' || c == '\n') && is_blank(s))
			continue;
		if (c == '\\') {
			s->at++;
			c = scan_peek(s);
		}
		if (scan_at_end(s))
			return scan_wrong(s, "a quoted string is not closed");
		if ((c < ' ' && c != '\t' && !char_is_high(c)) || c == 127)
			return scan_wrong(
			    s, "a control byte in a quoted string");
		buf_byte(content, c);
	}
}

static int
quoted(struct scan *s)
{
	struct buf content;
	int result;

	buf_init(&content, ELEMENT_MAX);
	s->at++;
	result = quoted_content(s, &content);
	if (content.over)
		result = scan_wrong(s, "a quoted string is too long");
	if (result == 0)
		add_word(&s->words, buf_str(&content));
	buf_free(&content);
	return result;
}

int
scan_words(struct scan *s)
{
	for (;;) {
		size_t from;

		if (scan_blanks(s) < 0)
			return -1;
		from = s->at;
		if (!s->words.any)
			s->words.from = from;
		if (scan_peek(s) == '"') {
			if (quoted(s) < 0)
				return -1;
		} else if (scan_peek(s) == '.') {
			s->at++;
			add_dot(&s->words);
		} else {
			while (scan_is_atext(scan_peek(s)))
				s->at++;
			if (s->at == from)
				return 0;
			add_word(&s->words, str_slice(s->text, from, s->at));
		}
		s->words.to = s->at;
	}
}

/* "[192.0.2.1]": no white space, brackets or controls within. */
static int
literal(struct scan *s)
{
	size_t from = s->at++;

	while (scan_peek(s) != ']') {
		char c = scan_peek(s);

		if (!char_is_graph(c) || c == '[' || c == '\\')
			return scan_wrong(s, "this is no address literal");
		s->at++;
	}
	s->at++;
	if (s->at == from + 2 || s->at - from > DOMAIN_MAX)
		return scan_wrong(s, "this is no address literal");
	buf_add(&s->domain, str_slice(s->text, from, s->at));
	s->domain_to = s->at;
	return 0;
}

static bool
has_high(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (char_is_high(s.p[i]))
			return true;
	return false;
}

static bool
is_label(char c)
{
	return char_is_letter(c) || char_is_digit(c) || char_is_high(c) ||
	    c == '-' || c == '_';
}

/* One label onto s->domain. */
static int
label(struct scan *s)
{
	size_t from = s->at;
	struct str l;

	while (is_label(scan_peek(s)))
		s->at++;
	l = str_slice(s->text, from, s->at);
	if (l.n == 0)
		return scan_wrong(s, "a domain is missing or malformed");
	if (l.n > LABEL_MAX && !has_high(l))
		return scan_wrong(s, "a label of the domain is too long");
	if (l.p[0] == '-' || l.p[l.n - 1] == '-')
		return scan_wrong(s, "a label begins or ends with a hyphen");
	buf_add(&s->domain, l);
	return 0;
}

int
scan_domain(struct scan *s)
{
	struct str all;

	buf_clear(&s->domain);
	if (scan_blanks(s) < 0)
		return -1;
	if (scan_peek(s) == '[')
		return literal(s) < 0 ? -1 : scan_blanks(s);
	for (;;) {
		if (label(s) < 0)
			return -1;
		s->domain_to = s->at;
		if (scan_blanks(s) < 0)
			return -1;
		if (scan_peek(s) != '.')
			break;
		s->domain_to = ++s->at;
		if (scan_blanks(s) < 0)
			return -1;
		/* A trailing dot is dropped (C-02). */
		if (!is_label(scan_peek(s)) && scan_peek(s) != '.')
			break;
		buf_byte(&s->domain, '.');
	}
	all = buf_str(&s->domain);
	if (s->domain.over || (all.n > DOMAIN_MAX && !has_high(all)))
		return scan_wrong(s, "the domain is too long");
	return 0;
}
