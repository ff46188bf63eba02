/* SPDX-License-Identifier: ISC */
/*
 * Lines are joined to entries; an entry is split into name and value; what
 * the value is made of is the matter of alias_value.c.
 */
#include "mail/alias.h"

#include <stdlib.h>

#include "base/char.h"
#include "base/code.h"
#include "base/key.h"
#include "mail/alias_value.h"

enum { ENTRY_MAX = 4 << 20, NAME_LONGEST = 1000 };

struct reading {
	struct aliases *a;
	struct pool *pool;
	struct buf entry; /* what has been joined so far */
	unsigned line;	  /* where it began; 0: there is none */
	bool joined;	  /* the last line ended with a backslash */
	size_t room;	  /* of a->entry */
	unsigned broken;  /* the first line that cannot be read, or 0 */
};

static void
complain(struct reading *r, unsigned line, struct str text)
{
	struct aliases *a = r->a;
	struct buf inert;

	if (a->wrong_n == ALIAS_WRONG_MAX)
		return;
	if (a->wrong == NULL)
		a->wrong =
		    pool_array(r->pool, ALIAS_WRONG_MAX, sizeof(*a->wrong));
	buf_init(&inert, 500);
	code_inert(&inert, text, 400);
	a->wrong[a->wrong_n++] =
	    (struct alias_wrong){line, pool_str(r->pool, buf_str(&inert))};
	buf_free(&inert);
}

/* The entry cannot be read. */
static void
unreadable(struct reading *r, unsigned line, struct str text)
{
	if (r->broken == 0)
		r->broken = line;
	complain(r, line, text);
}

/* May c stand in a name that has no quotes? */
static bool
is_plain(char c)
{
	struct str specials = STR("\"\\@,;:<>()[]");

	return char_is_high(c) ||
	    (char_is_graph(c) && str_find(specials, c) == specials.n);
}

/*
 * Takes the name and the colon behind it, and leaves the value in *rest.
 */
static int
take_name(struct str *rest, struct buf *name, struct err *e)
{
	bool quoted = rest->p[0] == '"';
	size_t end = 0;

	if (quoted) {
		end = alias_quoted(name, *rest);
		if (end == 0)
			return err_set(e, ERR_SYNTAX, "a quote is not ended");
	} else {
		while (end < rest->n && is_plain(rest->p[end]))
			end++;
		buf_add(name, str_slice(*rest, 0, end));
	}
	*rest = str_trim(str_slice(*rest, end, rest->n));
	if (rest->n > 0 && rest->p[0] == '@')
		return err_set(e, ERR_SYNTAX,
		    "the name of an alias has no domain, it is what stands "
		    "before the '@'");
	if (rest->n == 0 || rest->p[0] != ':')
		return err_set(e, ERR_SYNTAX, "not of the form name: value");
	*rest = str_trim(str_slice(*rest, 1, rest->n));
	if (name->n == 0)
		return err_set(e, ERR_SYNTAX, "there is no name");
	if (name->over)
		return err_set(e, ERR_LIMIT, "the name is too long");
	return 0;
}

static void
keep(struct reading *r, const struct alias *alias)
{
	struct aliases *a = r->a;

	if (a->n == r->room) {
		struct alias *larger;

		r->room = r->room ? 2 * r->room : 16;
		larger = pool_array(r->pool, r->room, sizeof(*larger));
		if (a->n > 0)
			memcpy(larger, a->entry, a->n * sizeof(*larger));
		a->entry = larger;
	}
	a->entry[a->n++] = *alias;
}

static int
read_entry(struct reading *r, struct str text, struct buf *name, struct err *e)
{
	struct alias alias = {.line = r->line};

	for (size_t i = 0; i < text.n; i++)
		if (!char_is_graph(text.p[i]) && !char_is_high(text.p[i]) &&
		    text.p[i] != ' ' && text.p[i] != '\t')
			return err_set(e, ERR_SYNTAX, "a control byte");
	if (!key_is_utf8(text))
		return err_set(e, ERR_SYNTAX, "this is not well-formed UTF-8");
	if (take_name(&text, name, e) < 0)
		return -1;
	for (size_t i = 0; i < name->n; i++)
		name->p[i] = char_lower(name->p[i]);
	alias.name = pool_str(r->pool, buf_str(name));
	alias.size = text.n;
	if (alias_value(text, &alias.item, &alias.n, r->pool, e) < 0)
		return -1;
	keep(r, &alias);
	return 0;
}

/* What has been joined is an entry: reads it, and forgets it. */
static void
end_entry(struct reading *r)
{
	struct str text = str_trim(buf_str(&r->entry));
	struct buf name;
	struct err e;

	buf_init(&name, NAME_LONGEST);
	if (r->entry.over)
		unreadable(r, r->line, STR("the entry is too long"));
	else if (r->line > 0 && text.n > 0 &&
	    read_entry(r, text, &name, &e) < 0)
		unreadable(r, r->line, str_c(e.text));
	buf_free(&name);
	buf_clear(&r->entry);
	r->line = 0;
}

/* Adds a line; is there a backslash at its end, which joins the next? */
static bool
add_line(struct reading *r, struct str text)
{
	size_t slashes = 0;

	while (slashes < text.n && text.p[text.n - 1 - slashes] == '\\')
		slashes++;
	buf_add(&r->entry, str_slice(text, 0, text.n - slashes % 2));
	return slashes % 2 == 1;
}

static void
take_line(struct reading *r, struct str text, unsigned line)
{
	struct str content = str_trim(text);

	if (text.n > 0 && text.p[text.n - 1] == '\r')
		text = str_slice(text, 0, text.n - 1);
	if (r->joined) {
		r->joined = add_line(r, text);
		return;
	}
	if (content.n == 0 || content.p[0] == '#')
		return;
	if (text.p[0] != ' ' && text.p[0] != '\t') {
		end_entry(r);
		r->line = line;
	} else if (r->line == 0) {
		unreadable(r, line,
		    STR("begins with a blank, and there is no entry before it "
			"that could go on"));
		return;
	}
	r->joined = add_line(r, text);
}

static int
by_name(const void *left, const void *right)
{
	const struct alias *a = left;
	const struct alias *b = right;
	int order = str_compare(a->name, b->name);

	if (order != 0)
		return order;
	return a->line < b->line ? -1 : a->line > b->line;
}

static int
by_line(const void *left, const void *right)
{
	const struct alias_wrong *a = left;
	const struct alias_wrong *b = right;

	return a->line < b->line ? -1 : a->line > b->line;
}

/* Of entries with the same name the first stays (H-02). */
static void
drop_doubles(struct reading *r)
{
	struct aliases *a = r->a;
	size_t kept = 0;
	struct buf text;

	if (a->n == 0)
		return;
	qsort(a->entry, a->n, sizeof(*a->entry), by_name);
	buf_init(&text, NAME_LONGEST + 100);
	for (size_t i = 1; i < a->n; i++) {
		if (!str_eq(a->entry[i].name, a->entry[kept].name)) {
			a->entry[++kept] = a->entry[i];
			continue;
		}
		buf_clear(&text);
		buf_printf(&text, "%.*s is defined on line %u",
		    STR_ARG(a->entry[i].name), a->entry[kept].line);
		complain(r, a->entry[i].line, buf_str(&text));
	}
	buf_free(&text);
	a->n = kept + 1;
}

void
alias_parse(struct aliases *a, struct str text, struct pool *p)
{
	struct reading r = {.a = a, .pool = p};
	unsigned number = 0;
	struct str line;

	*a = (struct aliases){0};
	buf_init(&r.entry, ENTRY_MAX);
	while (a->wrong_n < ALIAS_WRONG_MAX && str_split(&text, '\n', &line))
		take_line(&r, line, ++number);
	end_entry(&r);
	buf_free(&r.entry);
	drop_doubles(&r);
	if (a->wrong_n > 1)
		qsort(a->wrong, a->wrong_n, sizeof(*a->wrong), by_line);
	for (size_t i = 0; i < a->wrong_n && a->broken == NULL; i++)
		if (a->wrong[i].line == r.broken)
			a->broken = &a->wrong[i];
}

static int
by_key(const void *key, const void *entry)
{
	const struct str *name = key;
	const struct alias *alias = entry;

	return str_compare(*name, alias->name);
}

const struct alias *
alias_find(const struct aliases *a, struct str name)
{
	const struct alias *found = NULL;
	struct str key;
	struct buf lower;

	buf_init(&lower, NAME_LONGEST);
	for (size_t i = 0; i < name.n; i++)
		buf_byte(&lower, char_lower(name.p[i]));
	key = buf_str(&lower);
	if (a->n > 0 && !lower.over)
		found =
		    bsearch(&key, a->entry, a->n, sizeof(*a->entry), by_key);
	buf_free(&lower);
	return found;
}
