/* SPDX-License-Identifier: ISC */
/*
 * One pass, no recursion.  A list element begins with words; what follows
 * them says what they were: '@' a local part, '<' a display name, ':' the
 * name of a group, ',' or ';' or the end a bare local part.
 */
#include "mail/addr.h"

#include "base/key.h"
#include "mail/addr_scan.h"

static bool
is_encoded_word(struct str s)
{
	return s.n > 4 && str_starts(s, STR("=?")) &&
	    str_eq(str_slice(s, s.n - 2, s.n), STR("?="));
}

/* Takes the words as local part and s->domain into an address. */
static int
complete(struct scan *s, struct addr *a)
{
	struct str local = buf_str(&s->words.local);

	if (!s->words.any || !s->words.proper || s->words.want_word)
		return scan_wrong(s, "this is no address");
	if (local.n == 0 && s->domain.n == 0)
		return scan_wrong(s, "an address of empty quotes");
	if (str_find(local, '\t') < local.n)
		return scan_wrong(s, "a control byte in an address");
	if (is_encoded_word(local))
		return scan_wrong(s, "an encoded word is no address");
	if (!key_is_utf8(local) || !key_is_utf8(buf_str(&s->domain)))
		return scan_wrong(s, "this is not well-formed UTF-8");
	if (scan_overflowed(s))
		return scan_wrong(s, "the address is too long");
	a->local = pool_str(s->pool, local);
	a->domain = pool_str(s->pool, buf_str(&s->domain));
	return 0;
}

/* "@a,@b:" in front of an address: read and dropped (RFC 5322, 4.4). */
static int
route(struct scan *s)
{
	while (scan_peek(s) == '@' || scan_peek(s) == ',') {
		bool at = scan_peek(s) == '@';

		s->at++;
		if ((at ? scan_domain(s) : scan_blanks(s)) < 0)
			return -1;
	}
	if (scan_peek(s) != ':' || s->domain.n == 0)
		return scan_wrong(s, "a route without an address");
	s->at++;
	buf_clear(&s->domain);
	return 0;
}

/* At '<': up to and including '>'. */
static int
angle(struct scan *s, struct addr *a, struct addr_place *place)
{
	place->begin = s->words.any ? s->words.from : s->at;
	place->from = ++s->at;
	if (scan_overflowed(s))
		return scan_wrong(s, "the display name is too long");
	*a = (struct addr){
	    STR(""), STR(""), pool_str(s->pool, buf_str(&s->words.phrase))};
	scan_restart(s);
	if (scan_blanks(s) < 0)
		return -1;
	if (scan_peek(s) == '>') {
		s->at++;
		return 0;
	}
	if ((scan_peek(s) == '@' || scan_peek(s) == ',') && route(s) < 0)
		return -1;
	if (scan_words(s) < 0)
		return -1;
	if (scan_peek(s) == '@') {
		s->at++;
		if (scan_domain(s) < 0)
			return -1;
	}
	if (scan_peek(s) != '>')
		return scan_wrong(s, "'>' is missing");
	place->local = s->words.to;
	place->to = s->at++;
	place->end = s->at;
	return complete(s, a);
}

/* Not in brackets; s->words and s->domain are what was read. */
static int
plain(struct scan *s, struct addr *a, struct addr_place *place)
{
	size_t from = s->words.from;
	size_t local = s->words.to;
	size_t to = s->domain.n > 0 ? s->domain_to : local;

	*place = (struct addr_place){from, from, local, to, to};
	return complete(s, a);
}

/*
 * The next address.  1: *a is one; 0: the end of the text; -1: an error.
 */
static int
next(struct scan *s, struct addr *a, struct addr_place *place)
{
	for (;;) {
		char c;

		scan_restart(s);
		if (scan_words(s) < 0)
			return -1;
		c = scan_peek(s);
		if (c == '<')
			return angle(s, a, place) < 0 ? -1 : 1;
		*a = (struct addr){.name = STR("")};
		if (c == '@') {
			s->at++;
			if (scan_domain(s) < 0)
				return -1;
			return plain(s, a, place) < 0 ? -1 : 1;
		}
		if (s->words.any && c == ':' && !s->group) {
			s->group = true;
			s->at++;
			continue;
		}
		if (s->words.any)
			return plain(s, a, place) < 0 ? -1 : 1;
		if (scan_at_end(s) && !s->group)
			return 0;
		if (scan_at_end(s))
			return scan_wrong(s, "a group is not ended by ';'");
		if (c == ';' && s->group)
			s->group = false;
		else if (c != ',')
			return scan_wrong(s, "this is no address");
		s->at++;
	}
}

/* Behind an address: what may separate it from the next. */
static int
separator(struct scan *s)
{
	char c;

	if (scan_blanks(s) < 0)
		return -1;
	c = scan_peek(s);
	if (scan_at_end(s) || c == ',' || (c == ';' && s->group))
		return 0;
	return scan_wrong(s, "a comma is missing, or this belongs in quotes");
}

/* The next one of a list, with what is behind it; as next. */
static int
next_of_list(struct scan *s, struct addr *a, struct addr_place *place)
{
	int more = next(s, a, place);

	if (more > 0 && addr_is_null(a))
		return scan_wrong(s, "an empty address");
	if (more > 0 && separator(s) < 0)
		return -1;
	return more;
}

int
addr_list(struct pool *p, struct str text, size_t max, struct addr **list,
    size_t *n, struct err *e)
{
	struct addr_place ignored;
	struct addr *all = NULL;
	size_t count = 0;
	size_t room = 0;
	struct addr a;
	struct scan s;
	int more;

	scan_init(&s, p, text, e);
	while ((more = next_of_list(&s, &a, &ignored)) > 0) {
		if (count == max) {
			more = err_set(
			    e, ERR_LIMIT, "more than %zu addresses", max);
			break;
		}
		if (count == room) {
			struct addr *larger;

			room = room ? 2 * room : 4;
			larger = pool_array(p, room, sizeof(*larger));
			if (count > 0)
				memcpy(larger, all, count * sizeof(*all));
			all = larger;
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
addr_each(struct str text, addr_visit *visit, void *ctx, struct err *e)
{
	enum { TOGETHER = 50 }; /* whose texts are freed at a time */
	struct addr_place place = {0};
	struct pool p = {0};
	size_t n = 0;
	struct addr a;
	struct scan s;
	int more;

	scan_init(&s, &p, text, e);
	while ((more = next_of_list(&s, &a, &place)) > 0) {
		visit(ctx, &a, &place);
		if (++n % TOGETHER == 0)
			pool_free(&p);
	}
	scan_free(&s);
	pool_free(&p);
	return more;
}

static bool
has_control(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] >= 0 && s.p[i] < ' ' && s.p[i] != '\t') ||
		    s.p[i] == 127)
			return true;
	return false;
}

int
addr_one(struct pool *p, struct str text, struct addr *a, struct err *e)
{
	struct addr_place ignored;
	struct scan s;
	int got;

	*a = (struct addr){STR(""), STR(""), STR("")};
	if (has_control(text))
		return err_set(e, ERR_SYNTAX, "a control byte in an address");
	if (str_trim(text).n == 0)
		return 0;
	scan_init(&s, p, text, e);
	got = scan_blanks(&s);
	if (got == 0 && scan_peek(&s) != ',')
		got = next(&s, a, &ignored);
	else if (got == 0)
		got = scan_wrong(&s, "this is not one address");
	if (got >= 0 && scan_blanks(&s) < 0)
		got = -1;
	else if (got >= 0 && (got == 0 || s.group || !scan_at_end(&s)))
		got = scan_wrong(&s, "this is not one address");
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

		if (dot ? want : !scan_is_atext(local.p[i]))
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
addr_is_null(const struct addr *a)
{
	return a->local.n == 0 && a->domain.n == 0;
}
