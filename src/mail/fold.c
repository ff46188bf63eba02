/* SPDX-License-Identifier: ISC */
#include "mail/fold.h"

enum {
	WIDTH = 77,
	WORD_MAX = 900, /* a line has 998 octets, and something before it */
};

static size_t
column(const struct buf *out)
{
	const char *newline = memrchr(out->p, '\n', out->n);

	return newline ? (size_t)(out->p + out->n - newline) - 1 : out->n;
}

void
fold_words(struct buf *out, struct str s, struct str next)
{
	bool first = true;
	struct str word;

	while (str_split(&s, ' ', &word)) {
		while (word.n > 0) {
			struct str part = str_slice(word, 0, WORD_MAX);
			size_t at = column(out);

			/* A line that next has begun is as empty as can be. */
			if (at + !first + part.n > WIDTH && at + 2 > next.n)
				buf_add(out, next);
			else if (!first)
				buf_byte(out, ' ');
			buf_add(out, part);
			word = str_slice(word, part.n, word.n);
			first = false;
		}
	}
}
