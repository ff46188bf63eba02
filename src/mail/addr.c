/* SPDX-License-Identifier: ISC */
/*
 * One pass, no recursion.  A list element begins with words; what follows
 * them says what they were: '@' a local part, '<' a display name, ':' the
 * name of a group, ',' or ';' or the end a bare local part.
 */
#include "mail/addr.h"

#include "base/code.h"
#include "base/key.h"

enum {
	COMMENT_DEPTH = 50,
	LABEL_MAX = 63,
	DOMAIN_MAX = 255,
	ELEMENT_MAX = 64 * 1024,
};

/* What words have been read so far. */
struct words {
	struct buf local;  /* as a local part: content and dots */
	struct buf phrase; /* as a display name: words and single spaces */
	bool proper;       /* words and dots alternate */
	bool want_word;    /* at the start or behind a dot */
	bool any;
};

struct scan {
	struct str text;
	size_t at;
	bool group;
	struct pool *pool;
	struct err *e;
	struct words words;
	struct buf domain;
};

static char
peek(const struct scan *s)
{
	return s->at < s->text.n ? s->text.p[s->at] : '\0';
}

static bool
at_end(const struct scan *s)
{
	return s->at >= s->text.n;
}

/* An error, with the part of the text around it. */
static int
wrong(struct scan *s, const char *what)
{
	size_t from = s->at > 40 ? s->at - 40 : 0;
	struct buf near;

	buf_init(&near, 200);
	code_inert(&near,
	    str_trim(str_slice(s->text, from, s->at + 30)), 150);
	err_set(s->e, ERR_SYNTAX, "%s at \"%s\"", what, near.p);
	buf_free(&near);
	return -1;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* RFC 5322, 3.2.3, and bytes of UTF-8 (RFC 6532). */
static bool
is_atext(char c)
{
	return key_is_letter(c) || key_is_digit(c) || key_is_high(c) ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* A comment, nested ones included; at its '('. */
static int
comment(struct scan *s)
{
	size_t depth = 0;

	do {
		char c = peek(s);

		if (at_end(s))
			return wrong(s, "a comment is not closed");
		s->at++;
		if (c == '\\')
			s->at++;
		else if (c == '(' && ++depth > COMMENT_DEPTH)
			return wrong(s, "comments are nested too deeply");
		else if (c == ')')
			depth--;
	} while (depth > 0);
	return 0;
}

static int
blanks(struct scan *s)
{
	for (;;) {
		if (is_blank(peek(s)) && !at_end(s))
			s->at++;
		else if (peek(s) == '(') {
			if (comment(s) < 0)
				return -1;
		} else
			return 0;
	}
}

static void
words_start(struct words *w)
{
	buf_clear(&w->local);
	buf_clear(&w->phrase);
	w->proper = true;
	w->want_word = true;
	w->any = false;
}

static void
words_add(struct words *w, struct str word)
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
words_dot(struct words *w)
{
	w->proper = w->proper && !w->want_word;
	w->want_word = true;
	w->any = true;
	buf_byte(&w->local, '.');
	buf_byte(&w->phrase, '.');
}

/* A quoted string, at its opening quote. */
static int
quoted(struct scan *s)
{
	struct buf content;
	int result = -1;

	buf_init(&content, ELEMENT_MAX);
	for (s->at++;; s->at++) {
		char c = peek(s);

		if (at_end(s)) {
			wrong(s, "a quoted string is not closed");
			break;
		}
		if (c == '"') {
			s->at++;
			words_add(&s->words, buf_str(&content));
			result = 0;
			break;
		}
		if (c == '\\') {
			s->at++;
			c = peek(s);
		}
		/* The line ends of folding are no content. */
		if (c == '\r' || c == '\n')
			continue;
		if ((c < ' ' && c != '\t' && !key_is_high(c)) || c == 127) {
			wrong(s, "a control byte in a quoted string");
			break;
		}
		buf_byte(&content, c);
	}
	buf_free(&content);
	return result;
}

/* Words, quoted strings and dots, up to something else. */
static int
words(struct scan *s)
{
	for (;;) {
		size_t from;

		if (blanks(s) < 0)
			return -1;
		if (peek(s) == '"') {
			if (quoted(s) < 0)
				return -1;
			continue;
		}
		if (peek(s) == '.') {
			s->at++;
			words_dot(&s->words);
			continue;
		}
		from = s->at;
		while (!at_end(s) && is_atext(peek(s)))
			s->at++;
		if (s->at == from)
			return 0;
		words_add(&s->words, str_slice(s->text, from, s->at));
	}
}

/* "[192.0.2.1]": no white space, brackets or controls within. */
static int
literal(struct scan *s)
{
	size_t from = s->at++;

	while (!at_end(s) && peek(s) != ']') {
		char c = peek(s);

		if (!key_is_graph(c) || c == '[' || c == '\\')
			return wrong(s, "this is no address literal");
		s->at++;
	}
	if (at_end(s) || s->at == from + 1)
		return wrong(s, "this is no address literal");
	s->at++;
	buf_add(&s->domain, str_slice(s->text, from, s->at));
	return 0;
}

static bool
is_label(char c)
{
	return key_is_letter(c) || key_is_digit(c) || key_is_high(c) ||
	    c == '-' || c == '_';
}

/* A domain into s->domain, behind its '@'. */
static int
domain(struct scan *s)
{
	buf_clear(&s->domain);
	if (blanks(s) < 0)
		return -1;
	if (peek(s) == '[')
		return literal(s) < 0 ? -1 : blanks(s);
	for (;;) {
		size_t from = s->at;

		while (!at_end(s) && is_label(peek(s)))
			s->at++;
		/* A trailing dot is dropped (C-02). */
		if (s->at == from && s->domain.n > 0) {
			buf_cut(&s->domain, s->domain.n - 1);
			break;
		}
		if (s->at == from)
			return wrong(s, "a domain is missing or malformed");
		if (s->at - from > LABEL_MAX)
			return wrong(s, "a label of the domain is too long");
		if (s->text.p[from] == '-' || s->text.p[s->at - 1] == '-')
			return wrong(
			    s, "a label begins or ends with a hyphen");
		buf_add(&s->domain, str_slice(s->text, from, s->at));
		if (blanks(s) < 0)
			return -1;
		if (peek(s) != '.')
			break;
		s->at++;
		buf_byte(&s->domain, '.');
		if (blanks(s) < 0)
			return -1;
	}
	if (s->domain.n > DOMAIN_MAX)
		return wrong(s, "the domain is too long");
	return 0;
}

/* Takes the words as local part and s->domain into an address. */
static int
complete(struct scan *s, struct addr *a)
{
	struct str local = buf_str(&s->words.local);

	if (!s->words.any || !s->words.proper || s->words.want_word)
		return wrong(s, "this is no address");
	if (str_starts(local, STR("=?")) && local.n > 4 &&
	    local.p[local.n - 2] == '?' && local.p[local.n - 1] == '=')
		return wrong(s, "an encoded word is no address");
	if (!key_is_utf8(local) || !key_is_utf8(buf_str(&s->domain)))
		return wrong(s, "this is not well-formed UTF-8");
	a->local = pool_str(s->pool, local);
	a->domain = pool_str(s->pool, buf_str(&s->domain));
	return 0;
}

/* "@a,@b:" in front of an address: read and dropped (RFC 5322, 4.4). */
static int
route(struct scan *s)
{
	while (peek(s) == '@' || peek(s) == ',') {
		bool at = peek(s) == '@';

		s->at++;
		if ((at ? domain(s) : blanks(s)) < 0)
			return -1;
	}
	if (peek(s) != ':')
		return wrong(s, "a route without an address");
	s->at++;
	return blanks(s);
}

/* Behind '<': up to and including '>'. */
static int
angle(struct scan *s, struct addr *a)
{
	*a = (struct addr){
	    .name = pool_str(s->pool, buf_str(&s->words.phrase))};
	words_start(&s->words);
	buf_clear(&s->domain);
	if (blanks(s) < 0)
		return -1;
	if (peek(s) == '>') {
		s->at++;
		return 0;
	}
	if (peek(s) == '@' && route(s) < 0)
		return -1;
	if (words(s) < 0)
		return -1;
	if (peek(s) == '@') {
		s->at++;
		if (domain(s) < 0)
			return -1;
	}
	if (peek(s) != '>')
		return wrong(s, "'>' is missing");
	s->at++;
	return complete(s, a);
}

/*
 * The next address.  1: *a is one; 0: the end of the text; -1: an error.
 */
static int
next(struct scan *s, struct addr *a)
{
	for (;;) {
		words_start(&s->words);
		buf_clear(&s->domain);
		if (words(s) < 0)
			return -1;

		char c = peek(s);

		if (c == '<') {
			s->at++;
			return angle(s, a) < 0 ? -1 : 1;
		}
		*a = (struct addr){.name = STR("")};
		if (c == '@') {
			s->at++;
			if (domain(s) < 0)
				return -1;
			return complete(s, a) < 0 ? -1 : 1;
		}
		if (s->words.any && c == ':' && !s->group) {
			s->group = true;
			s->at++;
			continue;
		}
		if (s->words.any)
			return complete(s, a) < 0 ? -1 : 1;
		if (at_end(s))
			return s->group ? wrong(s, "a group is not ended by ';'")
					: 0;
		if (c == ';' && s->group)
			s->group = false;
		else if (c != ',')
			return wrong(s, "this is no address");
		s->at++;
	}
}

/* Behind an address: what may separate it from the next. */
static int
separator(struct scan *s)
{
	if (blanks(s) < 0)
		return -1;
	if (at_end(s) || peek(s) == ',' || (peek(s) == ';' && s->group))
		return 0;
	return wrong(s, "a comma is missing, or this belongs in quotes");
}

static void
scan_init(struct scan *s, struct pool *p, struct str text, struct err *e)
{
	*s = (struct scan){.text = text, .pool = p, .e = e};
	buf_init(&s->words.local, ELEMENT_MAX);
	buf_init(&s->words.phrase, ELEMENT_MAX);
	buf_init(&s->domain, 4096);
}

static void
scan_free(struct scan *s)
{
	buf_free(&s->words.local);
	buf_free(&s->words.phrase);
	buf_free(&s->domain);
}

/* The element does not fit, or holds a NUL. */
static bool
overflowed(const struct scan *s)
{
	return s->words.local.over || s->words.phrase.over || s->domain.over;
}

int
addr_list(struct pool *p, struct str text, size_t max, struct addr **list,
    size_t *n, struct err *e)
{
	struct addr *all = NULL;
	size_t count = 0;
	size_t room = 0;
	struct addr a;
	struct scan s;
	int more;

	scan_init(&s, p, text, e);
	while ((more = next(&s, &a)) > 0) {
		if (addr_is_null(&a))
			more = wrong(&s, "an empty address");
		else if (count == max)
			more = err_set(
			    e, ERR_LIMIT, "more than %zu addresses", max);
		else if (separator(&s) < 0 || overflowed(&s))
			more = overflowed(&s)
			    ? wrong(&s, "an address is too long")
			    : -1;
		if (more < 0)
			break;
		if (count == room) {
			struct addr *larger = pool_array(
			    p, room ? 2 * room : 4, sizeof(*larger));

			if (count > 0)
				memcpy(larger, all, count * sizeof(*all));
			all = larger;
			room = room ? 2 * room : 4;
		}
		all[count++] = a;
	}
	scan_free(&s);
	if (more < 0)
		return -1;
	*list = all;
	*n = count;
	return 0;
}

int
addr_one(struct pool *p, struct str text, struct addr *a, struct err *e)
{
	struct scan s;
	int got;

	*a = (struct addr){STR(""), STR(""), STR("")};
	for (size_t i = 0; i < text.n; i++)
		if ((text.p[i] < ' ' && !key_is_high(text.p[i])) ||
		    text.p[i] == 127)
			return err_set(
			    e, ERR_SYNTAX, "a control byte in an address");
	if (str_trim(text).n == 0)
		return 0;
	scan_init(&s, p, text, e);
	got = next(&s, a);
	if (got >= 0 && (got == 0 || s.group || blanks(&s) < 0 || !at_end(&s)))
		got = wrong(&s, "this is not one address");
	if (got >= 0 && overflowed(&s))
		got = wrong(&s, "the address is too long");
	scan_free(&s);
	return got < 0 ? -1 : 0;
}

/* Does the local part need no quotes: atoms with single dots between? */
static bool
is_dot_atom(struct str local)
{
	bool want = true;

	for (size_t i = 0; i < local.n; i++) {
		bool dot = local.p[i] == '.';

		if (dot ? want : !is_atext(local.p[i]))
			return false;
		want = dot;
	}
	return !want;
}

void
addr_print(struct buf *b, const struct addr *a)
{
	if (addr_is_null(a))
		return;
	if (is_dot_atom(a->local)) {
		buf_add(b, a->local);
	} else {
		buf_byte(b, '"');
		for (size_t i = 0; i < a->local.n; i++) {
			if (a->local.p[i] == '"' || a->local.p[i] == '\\')
				buf_byte(b, '\\');
			buf_byte(b, a->local.p[i]);
		}
		buf_byte(b, '"');
	}
	if (a->domain.n > 0) {
		buf_byte(b, '@');
		buf_add(b, a->domain);
	}
}

bool
addr_same(const struct addr *a, const struct addr *b)
{
	return str_eq(a->local, b->local) && str_ieq(a->domain, b->domain);
}

bool
addr_is_null(const struct addr *a)
{
	return a->local.n == 0 && a->domain.n == 0;
}

bool
addr_is_ascii(const struct addr *a)
{
	for (size_t i = 0; i < a->local.n; i++)
		if (key_is_high(a->local.p[i]))
			return false;
	for (size_t i = 0; i < a->domain.n; i++)
		if (key_is_high(a->domain.p[i]))
			return false;
	return true;
}
