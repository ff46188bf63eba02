/* SPDX-License-Identifier: ISC */
#include "base/code.h"

static bool
is_plain(char c)
{
	return c == '\t' || (c >= 32 && c < 127);
}

void
code_inert(struct buf *b, struct str s, size_t max)
{
	struct str mark = str_slice(STR("..."), 0, max);
	size_t whole = 0; /* bytes of s that fit, if the mark has to as well */
	size_t n = 0;

	for (size_t i = 0; i < s.n && n <= max; i++) {
		n += is_plain(s.p[i]) ? 1 : 4;
		if (n <= max - mark.n)
			whole = i + 1;
	}
	if (n <= max) {
		whole = s.n;
		mark = STR_NONE;
	}
	for (size_t i = 0; i < whole; i++)
		if (s.p[i] == '\t')
			buf_byte(b, ' ');
		else if (is_plain(s.p[i]))
			buf_byte(b, s.p[i]);
		else
			buf_printf(b, "\\x%02x", (unsigned char)s.p[i]);
	buf_add(b, mark);
}

void
code_base36(struct buf *b, uint64_t n, size_t width)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	char text[13];
	size_t at = sizeof(text);

	do {
		text[--at] = digits[n % 36];
		n /= 36;
	} while (n > 0);
	while (sizeof(text) - at < width && at > 0)
		text[--at] = '0';
	buf_add(b, str_of(text + at, sizeof(text) - at));
}
