/* SPDX-License-Identifier: ISC */
#include "net/demand.h"

#include "base/char.h"

static int
digit(char c)
{
	if (char_is_digit(c))
		return c - '0';
	c = char_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
demand_print(struct str text, unsigned char print[DEMAND_PRINT])
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		int d = digit(text.p[i]);

		if (text.p[i] == ':' && n % 2 == 0)
			continue;
		if (d < 0 || n == (size_t)2 * DEMAND_PRINT)
			return false;
		if (n % 2 == 0)
			print[n / 2] = (unsigned char)(d << 4);
		else
			print[n / 2] |= (unsigned char)d;
		n++;
	}
	return n == (size_t)2 * DEMAND_PRINT;
}
