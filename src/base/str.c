/* SPDX-License-Identifier: ISC */
#include "base/str.h"

#include "base/char.h"

bool
str_ieq(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (char_lower(a.p[i]) != char_lower(b.p[i]))
			return false;
	return true;
}

int
str_compare(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;

	if (order != 0)
		return order;
	return a.n < b.n ? -1 : a.n > b.n;
}

bool
str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_eq(str_of(s.p, prefix.n), prefix);
}

bool
str_istarts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_ieq(str_of(s.p, prefix.n), prefix);
}

bool
str_is_ascii(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (char_is_high(s.p[i]))
			return false;
	return true;
}

struct str
str_slice(struct str s, size_t from, size_t to)
{
	if (to > s.n)
		to = s.n;
	if (from > to)
		from = to;
	return str_of(s.p ? s.p + from : NULL, to - from);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str
str_trim(struct str s)
{
	size_t from = 0;
	size_t to = s.n;

	while (from < to && is_blank(s.p[from]))
		from++;
	while (to > from && is_blank(s.p[to - 1]))
		to--;
	return str_slice(s, from, to);
}

size_t
str_find(struct str s, char c)
{
	const char *hit = s.n ? memchr(s.p, c, s.n) : NULL;

	return hit ? (size_t)(hit - s.p) : s.n;
}

bool
str_split(struct str *rest, char c, struct str *part)
{
	if (rest->p == NULL)
		return false;

	size_t at = str_find(*rest, c);

	*part = str_of(rest->p, at);
	if (at == rest->n)
		*rest = STR_NONE;
	else
		*rest = str_of(rest->p + at + 1, rest->n - at - 1);
	return true;
}

bool
str_word(struct str *rest, const char *separators, struct str *word)
{
	struct str not_it = str_c(separators);
	size_t from = 0;
	size_t to;

	while (from < rest->n && str_find(not_it, rest->p[from]) < not_it.n)
		from++;
	to = from;
	while (to < rest->n && str_find(not_it, rest->p[to]) == not_it.n)
		to++;
	*word = str_slice(*rest, from, to);
	*rest = str_slice(*rest, to, rest->n);
	return word->n > 0;
}

bool
str_number(struct str s, uint64_t max, uint64_t *value)
{
	uint64_t n = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;

		uint64_t digit = (uint64_t)(s.p[i] - '0');

		if (n > (UINT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
		if (n > max)
			return false;
	}
	*value = n;
	return true;
}
