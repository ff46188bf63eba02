/* SPDX-License-Identifier: ISC */
#include "spool/field.h"

#include "base/code.h"

/* Some time after the year 5000. */
static const uint64_t SECONDS_MAX = 100000000000;

bool
field_word(struct str *rest, struct str *word)
{
	return str_split(rest, ' ', word) && word->n > 0;
}

bool
field_number(struct str word, uint64_t max, uint64_t *value)
{
	return (word.n == 1 || (word.n > 1 && word.p[0] != '0')) &&
	    str_number(word, max, value);
}

void
field_put_time(struct buf *b, int64_t ms)
{
	uint64_t t = ms > 0 ? (uint64_t)ms : 0;

	buf_printf(b, "%llu.%03u", (unsigned long long)(t / 1000),
	    (unsigned)(t % 1000));
}

bool
field_time(struct str word, int64_t *ms)
{
	uint64_t seconds, rest;
	struct str part;

	if (!str_split(&word, '.', &part) ||
	    !field_number(part, SECONDS_MAX, &seconds) || word.n != 3 ||
	    !str_number(word, 999, &rest))
		return false;
	*ms = (int64_t)(seconds * 1000 + rest);
	return true;
}

bool
field_text(struct str escaped, bool spaces, struct pool *p, struct str *text)
{
	struct buf b;
	bool good;

	buf_init(&b, escaped.n + 1);
	good = code_unescape(&b, escaped, spaces);
	if (good)
		*text = pool_str(p, buf_str(&b));
	buf_free(&b);
	return good;
}

void
field_put_ranges(struct buf *b, const size_t *index, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t from = i;

		while (i + 1 < n && index[i + 1] == index[i] + 1)
			i++;
		buf_printf(b, "%s%zu", from > 0 ? "," : "", index[from]);
		if (i > from)
			buf_printf(b, "-%zu", index[i]);
		i++;
	}
}

bool
field_range(struct str *rest, size_t *from, size_t *to)
{
	struct str range, part;
	uint64_t value;

	if (!str_split(rest, ',', &range) || !str_split(&range, '-', &part) ||
	    !field_number(part, UINT32_MAX, &value))
		return false;
	*from = *to = (size_t)value;
	if (range.p == NULL)
		return true;
	if (!field_number(range, UINT32_MAX, &value) || value <= *from)
		return false;
	*to = (size_t)value;
	return true;
}

bool
field_ranges(struct str ranges, size_t count)
{
	size_t least = 0; /* what the next may begin with */

	while (ranges.p != NULL) {
		size_t from, to;

		if (!field_range(&ranges, &from, &to) || from < least ||
		    to >= count)
			return false;
		least = to + 2;
	}
	return least > 0;
}
