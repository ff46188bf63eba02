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

static bool
stays(char c, bool keep_spaces)
{
	return (c > 32 && c < 127 && c != '\\') || (c == ' ' && keep_spaces);
}

void
code_escape(struct buf *b, struct str s, bool keep_spaces)
{
	for (size_t i = 0; i < s.n; i++)
		if (stays(s.p[i], keep_spaces))
			buf_byte(b, s.p[i]);
		else
			buf_printf(b, "\\x%02x", (unsigned char)s.p[i]);
}

/* The value of a digit that "%02x" writes; 16 if it is none. */
static unsigned
hex(char c)
{
	return c >= '0' && c <= '9' ? (unsigned)(c - '0')
	    : c >= 'a' && c <= 'f'  ? (unsigned)(c - 'a' + 10)
				    : 16;
}

bool
code_unescape(struct buf *b, struct str s, bool keep_spaces)
{
	size_t before = b->n;

	for (size_t i = 0; i < s.n; i++) {
		unsigned value = 256;

		if (stays(s.p[i], keep_spaces)) {
			buf_byte(b, s.p[i]);
			continue;
		}
		if (s.n - i >= 4 && s.p[i] == '\\' && s.p[i + 1] == 'x' &&
		    hex(s.p[i + 2]) < 16 && hex(s.p[i + 3]) < 16)
			value = 16 * hex(s.p[i + 2]) + hex(s.p[i + 3]);
		/* One form for each byte. */
		if (value > 255 || stays((char)value, keep_spaces)) {
			buf_cut(b, before);
			return false;
		}
		buf_byte(b, (char)value);
		i += 3;
	}
	return true;
}

void
code_xtext(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] > 32 && s.p[i] < 127 && s.p[i] != '+' &&
		    s.p[i] != '=')
			buf_byte(b, s.p[i]);
		else
			buf_printf(b, "+%02X", (unsigned char)s.p[i]);
}

#define BASE64 \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

void
code_base64(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i += 3) {
		size_t n = s.n - i < 3 ? s.n - i : 3;
		char four[4] = {'=', '=', '=', '='};
		uint32_t bits = 0;

		for (size_t k = 0; k < 3; k++)
			bits =
			    bits << 8 | (k < n ? (unsigned char)s.p[i + k] : 0);
		for (size_t k = 0; k <= n; k++)
			four[k] = BASE64[bits >> (18 - 6 * k) & 63];
		buf_add(b, str_of(four, sizeof(four)));
	}
}

bool
code_unbase64(struct buf *b, struct str s)
{
	size_t before = b->n;
	uint32_t bits = 0;
	unsigned open = 0; /* how many of them are of no byte yet */
	size_t pad = 0;
	bool fine = s.n % 4 == 0;

	while (pad < 2 && pad < s.n && s.p[s.n - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; fine && i < s.n - pad; i++) {
		size_t digit = str_find(STR(BASE64), s.p[i]);

		bits = bits << 6 | (uint32_t)(digit & 63);
		open += 6;
		fine = digit < STR(BASE64).n;
		if (open < 8)
			continue;
		open -= 8;
		buf_byte(b, (char)(bits >> open & 255));
	}
	if (fine && (bits & ((1U << open) - 1)) == 0)
		return true;
	buf_cut(b, before);
	return false;
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
