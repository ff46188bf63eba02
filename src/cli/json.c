/* SPDX-License-Identifier: ISC */
#include "cli/json.h"

#include "base/char.h"
#include "base/key.h"

enum { REPLACEMENT = 0xfffd, ASTRAL = 0x10000 };

/* The length of the character that a lead byte begins; 1 where it is none. */
static size_t
length(unsigned char lead)
{
	return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
}

/* Takes one character, or one byte that is none. */
static unsigned
take(struct str *rest)
{
	struct str c = str_slice(*rest, 0, length((unsigned char)*rest->p));
	unsigned value = REPLACEMENT;

	if (!key_is_utf8(c))
		c.n = 1;
	else if (c.n == 1)
		value = (unsigned char)*c.p;
	else {
		value = (unsigned char)*c.p & (0xffU >> (c.n + 1));
		for (size_t i = 1; i < c.n; i++)
			value = value << 6 | ((unsigned char)c.p[i] & 0x3fU);
	}
	*rest = str_slice(*rest, c.n, rest->n);
	return value;
}

static void
put(struct buf *b, unsigned c)
{
	if (c == '"' || c == '\\')
		buf_printf(b, "\\%c", (char)c);
	else if (c == ' ' || (c < 128 && char_is_graph((char)c)))
		buf_byte(b, (char)c);
	else if (c < ASTRAL)
		buf_printf(b, "\\u%04x", c);
	else
		buf_printf(b, "\\u%04x\\u%04x", 0xd800 + ((c - ASTRAL) >> 10),
		    0xdc00 + ((c - ASTRAL) & 0x3ff));
}

void
json_string(struct buf *b, struct str s)
{
	buf_byte(b, '"');
	while (s.n > 0)
		put(b, take(&s));
	buf_byte(b, '"');
}

void
json_text(struct buf *b, struct str s)
{
	if (s.n > 0)
		json_string(b, s);
	else
		buf_add(b, STR("null"));
}

void
json_time(struct buf *b, int64_t ms)
{
	if (ms > 0)
		buf_printf(
		    b, "%lld.%03d", (long long)(ms / 1000), (int)(ms % 1000));
	else
		buf_add(b, STR("null"));
}
