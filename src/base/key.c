/* SPDX-License-Identifier: ISC */
#include "base/key.h"

#include "base/char.h"

int
key_find(const struct key *keys, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_ieq(str_c(keys[i].name), name))
			return (int)i;
	return -1;
}

/* Levenshtein's distance, one row of his matrix at a time. */
size_t
key_distance(struct str a, struct str b)
{
	size_t row[65];

	if (a.n > 64 || b.n > 64)
		return SIZE_MAX;
	for (size_t j = 0; j <= b.n; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t best = diagonal +
			    (char_lower(a.p[i - 1]) != char_lower(b.p[j - 1]));

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[b.n];
}

/*
 * The form of a character by its first byte: how many bytes follow, and the
 * bounds of the second, which exclude overlong forms and surrogates.
 */
static const struct {
	unsigned char first, last, more, low, high;
} forms[] = {
    {0x00, 0x7f, 0, 0, 0},
    {0xc2, 0xdf, 1, 0x80, 0xbf},
    {0xe0, 0xe0, 2, 0xa0, 0xbf},
    {0xe1, 0xec, 2, 0x80, 0xbf},
    {0xed, 0xed, 2, 0x80, 0x9f},
    {0xee, 0xef, 2, 0x80, 0xbf},
    {0xf0, 0xf0, 3, 0x90, 0xbf},
    {0xf1, 0xf3, 3, 0x80, 0xbf},
    {0xf4, 0xf4, 3, 0x80, 0x8f},
};

/* The length of the character at the start of s, 0 if it is malformed. */
static size_t
utf8_length(struct str s)
{
	unsigned char c = (unsigned char)s.p[0];

	for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
		if (c < forms[f].first || c > forms[f].last)
			continue;
		if (s.n < (size_t)forms[f].more + 1)
			return 0;
		for (size_t i = 1; i <= forms[f].more; i++) {
			unsigned char d = (unsigned char)s.p[i];

			if (d < (i == 1 ? forms[f].low : 0x80) ||
			    d > (i == 1 ? forms[f].high : 0xbf))
				return 0;
		}
		return (size_t)forms[f].more + 1;
	}
	return 0;
}

bool
key_is_utf8(struct str s)
{
	while (s.n > 0) {
		size_t n = utf8_length(s);

		if (n == 0)
			return false;
		s = str_slice(s, n, s.n);
	}
	return true;
}
