/* SPDX-License-Identifier: ISC */
#include "mail/retouch.h"

#include "mail/phrase.h"

enum {
	LINE_LONGEST = 998, /* RFC 5322, 2.1.1 */
	ADDRESS_ROOM = 1024,
};

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

/* A field on its way out. */
struct work {
	const struct retouch *r;
	struct str value;
	size_t at; /* up to here value is in out */
	struct buf *out;
	size_t n; /* addresses */
};

static void
put_up_to(struct work *w, size_t to)
{
	buf_add(w->out, str_slice(w->value, w->at, to));
	w->at = to;
}

/* Each puts the mailbox in that place, and what is before it. */
static void
put_qualified(struct work *w, const struct addr_place *place)
{
	struct str mailname = w->r->mailname;

	put_up_to(w, place->begin);
	make_room(w->out, place->to - place->begin + 1 + mailname.n);
	put_up_to(w, place->local);
	buf_byte(w->out, '@');
	phrase_clean(w->out, mailname);
}

static void
put_replaced(
    struct work *w, const struct addr_place *place, const struct addr *a)
{
	struct buf address;

	buf_init(&address, ADDRESS_ROOM + a->local.n * 2);
	phrase_address(&address, a);
	put_up_to(w, place->begin);
	make_room(w->out, place->from - place->begin + address.n);
	put_up_to(w, place->from);
	buf_add(w->out, buf_str(&address));
	buf_free(&address);
	w->at = place->to;
}

static void
put_renamed(struct work *w, const struct addr_place *place, struct str name,
    const struct addr *a)
{
	put_up_to(w, place->begin);
	cut_blanks(w->out);
	phrase_mailbox(w->out, name, a);
	w->at = place->end;
}

static void
put_address(void *ctx, const struct addr *given, const struct addr_place *place)
{
	struct work *w = ctx;
	struct addr a = *given;
	bool bare = a.domain.n == 0 && w->r->mailname.n > 0;
	const struct rewrite_rule *rule;

	w->n++;
	if (bare)
		a.domain = w->r->mailname;
	rule = rewrite_addr(w->r->rewrite, &a);
	if (rule && rule->to.name.n > 0)
		put_renamed(w, place, rule->to.name, &a);
	else if (rule)
		put_replaced(w, place, &a);
	else if (bare)
		put_qualified(w, place);
}

bool
retouch_field(struct buf *out, const struct field *f, const struct retouch *r)
{
	struct work w = {.r = r, .value = f->value, .out = out};
	size_t before = out->n;
	struct err ignored;

	buf_add(out, f->name);
	buf_byte(out, ':');
	if (addr_each(f->value, put_address, &w, &ignored) < 0 || w.n == 0) {
		buf_cut(out, before);
		return false;
	}
	put_up_to(&w, f->value.n);
	return true;
}
