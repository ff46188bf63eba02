/* SPDX-License-Identifier: ISC */
#include "mail/retouch.h"

#include "mail/phrase.h"

enum { LINE_LONGEST = 998 }; /* RFC 5322, 2.1.1 */

/* Begins a line where so many more octets would be too many for this one. */
static void
make_room(struct buf *out, size_t more)
{
	size_t column = phrase_column(out);
	struct str line = str_slice(buf_str(out), out->n - column, out->n);

	if (column + more > LINE_LONGEST && str_trim(line).n > 0)
		buf_add(out, STR("\r\n "));
}

/* Leaves of the blanks at the end one at the start of a line, else none. */
static void
cut_blanks(struct buf *out)
{
	size_t n = out->n;

	while (n > 0 && (out->p[n - 1] == ' ' || out->p[n - 1] == '\t'))
		n--;
	if (n > 0 && out->p[n - 1] == '\n' && n < out->n)
		n++;
	buf_cut(out, n);
}

/*
 * Each appends value from `at` on, up to the mailbox there and with it, and
 * returns where it goes on.
 */
static size_t
put_qualified(struct buf *out, struct str value, size_t at,
    const struct addr_place *place, struct str mailname)
{
	size_t more = place->to - place->begin + 1 + mailname.n;

	buf_add(out, str_slice(value, at, place->begin));
	make_room(out, more);
	buf_add(out, str_slice(value, place->begin, place->local));
	buf_byte(out, '@');
	phrase_clean(out, mailname);
	return place->local;
}

static size_t
put_replaced(struct buf *out, struct str value, size_t at,
    const struct addr_place *place, const struct addr *a)
{
	struct buf address;

	buf_add(out, str_slice(value, at, place->begin));
	buf_init(&address, value.n + 64 * 1024);
	phrase_address(&address, a);
	make_room(out, place->from - place->begin + address.n);
	buf_add(out, str_slice(value, place->begin, place->from));
	buf_add(out, buf_str(&address));
	buf_free(&address);
	return place->to;
}

static size_t
put_renamed(struct buf *out, struct str value, size_t at,
    const struct addr_place *place, struct str name, const struct addr *a)
{
	buf_add(out, str_slice(value, at, place->begin));
	cut_blanks(out);
	phrase_mailbox(out, name, a);
	return place->end;
}

static void
put_addresses(struct buf *out, struct str value, const struct addr *list,
    const struct addr_place *place, size_t n, const struct retouch *r)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		struct addr a = list[i];
		bool bare = a.domain.n == 0 && r->mailname.n > 0;
		const struct rewrite_rule *rule;

		if (bare)
			a.domain = r->mailname;
		rule = rewrite_addr(r->rewrite, &a);
		if (rule && rule->to.name.n > 0)
			at = put_renamed(
			    out, value, at, &place[i], rule->to.name, &a);
		else if (rule)
			at = put_replaced(out, value, at, &place[i], &a);
		else if (bare)
			at = put_qualified(
			    out, value, at, &place[i], r->mailname);
	}
	buf_add(out, str_slice(value, at, value.n));
}

bool
retouch_field(struct buf *out, const struct field *f, const struct retouch *r)
{
	struct pool p = {0};
	struct addr_place *place;
	struct addr *list;
	struct err ignored;
	size_t n;
	bool fine =
	    addr_places(&p, f->value, &list, &place, &n, &ignored) == 0 &&
	    n > 0;

	if (fine) {
		buf_add(out, f->name);
		buf_byte(out, ':');
		put_addresses(out, f->value, list, place, n, r);
	}
	pool_free(&p);
	return fine;
}
