/* SPDX-License-Identifier: ISC */
#include "base/code.h"

void
code_inert(struct buf *b, struct str s, size_t max)
{
	size_t end = max > 3 ? b->n + max - 3 : b->n;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i] == '\t' ? ' ' : s.p[i];
		bool plain = c >= 32 && c < 127;

		if (b->n + (plain ? 1 : 4) > end) {
			buf_add(b, STR("..."));
			return;
		}
		if (plain)
			buf_byte(b, c);
		else
			buf_printf(b, "\\x%02x", (unsigned char)c);
	}
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
