/* SPDX-License-Identifier: ISC */
#include "delivery/derived.h"

#include "base/code.h"
#include "spool/field.h"
#include "spool/load.h"

static const struct {
	struct str word;
	unsigned part; /* the first of its derived IDs */
	bool marked;   /* the other entry's marks tell that it is there */
} kinds[] = {
    [DERIVED_FAILED] = {{"failed ", 7}, 0, true},
    [DERIVED_DELAYED] = {{"delayed ", 8}, ENVFILE_RCPTS, false},
    [DERIVED_UNDELIVERED] = {{"undelivered ", 12}, 0, true},
    [DERIVED_FORWARDED] = {{"forwarded ", 10}, 2 * ENVFILE_RCPTS, true},
    [DERIVED_SUCCEEDED] = {{"succeeded ", 10}, 3 * ENVFILE_RCPTS, false},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

void
derived_name(
    struct buf *b, const char *id, enum derived_kind kind, size_t first)
{
	buf_printf(b, "%sB", id);
	code_base36(b, kinds[kind].part + first, 1);
}

int
derived_there(const struct store *store, const char *id, enum derived_kind kind,
    size_t first, struct err *e)
{
	enum take found = TAKE_GONE;
	struct entry entry;
	struct buf name;

	buf_init(&name, STORE_ID);
	derived_name(&name, id, kind, first);
	if (!name.over) {
		found = entry_peek(store, name.p, &entry, e);
		entry_close(&entry);
	}
	buf_free(&name);
	return found == TAKE_OK ? 1 : found == TAKE_GONE ? 0 : -1;
}

enum derive
derived_make(const struct store *store, const char *id, enum derived_kind kind,
    size_t first, struct entry *entry, struct err *e)
{
	return entry_derive(
	    store, id, kinds[kind].part + (unsigned)first, entry, e);
}

void
derived_put(
    struct buf *b, enum derived_kind kind, const size_t *index, size_t n)
{
	buf_add(b, kinds[kind].word);
	field_put_ranges(b, index, n);
}

bool
derived_is(const struct stored *s, enum derived_kind kind)
{
	return str_starts(s->args, kinds[kind].word);
}

/* The recipients that it is about; none if it is no such entry. */
static struct str
ranges_of(const struct stored *s, size_t n)
{
	struct str ranges =
	    str_slice(s->args, str_find(s->args, ' ') + 1, s->args.n);

	return field_ranges(ranges, n) ? ranges : STR_NONE;
}

bool
derived_about(const struct stored *s, size_t i, size_t n)
{
	struct str ranges = ranges_of(s, n);
	size_t from, to;

	while (ranges.p != NULL && field_range(&ranges, &from, &to))
		if (i >= from && i <= to)
			return true;
	return false;
}

/* The length of the ID from which this one comes; 0 if it comes of none. */
static size_t
origin_length(const char *id, enum derived_kind kind, size_t first)
{
	size_t n = strlen(id);
	size_t length = 0;
	struct buf suffix;

	buf_init(&suffix, STORE_ID);
	derived_name(&suffix, "", kind, first);
	if (n > suffix.n && memcmp(id + n - suffix.n, suffix.p, suffix.n) == 0)
		length = n - suffix.n;
	buf_free(&suffix);
	return length;
}

/* Is the mark of recipient i final there, and on disk? */
static bool
is_marked(const struct store *store, const char *id, size_t i)
{
	struct envelope env;
	struct stored stored;
	struct pool pool = {0};
	struct entry entry;
	struct err e;
	enum take found = entry_peek(store, id, &entry, &e);
	bool marked = found == TAKE_GONE;

	if (found == TAKE_OK &&
	    entry_load(&entry, &pool, &env, &stored, &e) == LOAD_OK &&
	    i < env.n && mark_final(stored.fate[i].mark)) {
		/* Who marked it may not have come as far as that. */
		const struct marks seen = {.fd = entry.env};

		marked = mark_sync(&seen, &e) == 0;
	}
	entry_close(&entry);
	pool_free(&pool);
	return marked;
}

bool
derived_settled(
    const struct store *store, const char *id, const struct stored *s)
{
	struct str ranges = ranges_of(s, ENVFILE_RCPTS);
	char origin[STORE_ID + 1] = "";
	size_t first, last;

	if (ranges.p == NULL || !field_range(&ranges, &first, &last))
		return true;
	for (unsigned k = 0; k < KINDS; k++) {
		size_t n;

		if (!kinds[k].marked || !derived_is(s, (enum derived_kind)k))
			continue;
		n = origin_length(id, (enum derived_kind)k, first);
		if (n == 0)
			continue;
		memcpy(origin, id, n);
		return is_marked(store, origin, first);
	}
	return true;
}
