/* SPDX-License-Identifier: ISC */
#include "words.h"

#include "base/char.h"

struct str
words_next(struct str *rest)
{
	struct str s = str_trim(*rest);
	size_t end = 0;

	if (s.n > 0 && s.p[0] == '"') {
		s = str_slice(s, 1, s.n);
		end = str_find(s, '"');
		*rest = str_slice(s, end + 1, s.n);
		return str_slice(s, 0, end);
	}
	while (end < s.n && s.p[end] != ' ' && s.p[end] != '\t')
		end++;
	*rest = str_trim(str_slice(s, end, s.n));
	return str_slice(s, 0, end);
}

static int
hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, char_lower(c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

enum token { TOKEN_END, TOKEN_BYTE, TOKEN_ANY };

/* The byte that an escape stands for; s begins behind the backslash. */
static char
escaped(struct str *s)
{
	static const char from[] = "rnt0s", to[] = "\r\n\t\0 ";
	char c = s->p[0];
	const char *at = c ? strchr(from, c) : NULL;

	if (c == 'x' && s->n > 2 && hex(s->p[1]) >= 0 && hex(s->p[2]) >= 0) {
		c = (char)(hex(s->p[1]) * 16 + hex(s->p[2]));
		*s = str_slice(*s, 3, s->n);
		return c;
	}
	*s = str_slice(*s, 1, s->n);
	return at ? to[at - from] : c;
}

static enum token
next_token(struct str *s, char *byte)
{
	if (s->n == 0)
		return TOKEN_END;

	char c = s->p[0];

	*s = str_slice(*s, 1, s->n);
	*byte = c == '\\' && s->n > 0 ? escaped(s) : c;
	return c == '*' ? TOKEN_ANY : TOKEN_BYTE;
}

void
words_unescape(struct buf *b, struct str s)
{
	char byte;

	while (next_token(&s, &byte) != TOKEN_END)
		buf_byte(b, byte);
}

bool
words_match(struct str pattern, struct str text)
{
	struct str behind = STR_NONE; /* the last star, */
	size_t at = 0, from = 0;      /* and what it has eaten up to */

	for (;;) {
		char byte = 0;
		enum token token = next_token(&pattern, &byte);

		if (token == TOKEN_ANY) {
			behind = pattern.n > 0 ? pattern : str_of("", 0);
			from = at;
		} else if (token == TOKEN_END && at == text.n) {
			return true;
		} else if (token == TOKEN_BYTE && at < text.n &&
		    text.p[at] == byte) {
			at++;
		} else if (behind.p != NULL && from < text.n) {
			pattern = behind;
			at = ++from;
		} else {
			return false;
		}
	}
}

bool
words_time(struct str s, int64_t *ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
	size_t digits = 0;
	uint64_t n;

	while (digits < s.n && char_is_digit(s.p[digits]))
		digits++;
	if (!str_number(str_slice(s, 0, digits), 1000000, &n))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (str_eq(str_slice(s, digits, s.n), str_c(units[i].unit))) {
			*ms = (int64_t)n * units[i].ms;
			return true;
		}
	return false;
}
