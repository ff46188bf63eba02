/* SPDX-License-Identifier: ISC */
#include "smtp/extend.h"

#include <stddef.h>

#include "base/key.h"
#include "mail/login.h"

/* The value is where the keyword's flag stands in struct extend. */
static const struct key keywords[] = {
    {"PIPELINING", offsetof(struct extend, pipelining)},
    {"8BITMIME", offsetof(struct extend, eightbit)},
    {"SIZE", offsetof(struct extend, size)},
    {"SMTPUTF8", offsetof(struct extend, utf8)},
    {"DSN", offsetof(struct extend, dsn)},
    {"STARTTLS", offsetof(struct extend, starttls)},
};

/* The mechanisms in "AUTH" and in "AUTH=", which is older than its standard. */
static void
read_auth(struct extend *x, struct str line)
{
	static const struct str auth = {"AUTH", 4};
	struct str words = str_slice(line, auth.n, line.n);
	struct str word;

	if (!str_istarts(line, auth) || words.n == 0 ||
	    (words.p[0] != ' ' && words.p[0] != '='))
		return;
	words = str_slice(words, 1, words.n);
	while (str_split(&words, ' ', &word)) {
		enum mech mech = mech_find(word);

		if (mech < MECHS)
			x->mechs |= 1U << mech;
	}
}

void
extend_read(struct extend *x, struct str lines)
{
	struct str line;

	*x = (struct extend){0};
	(void)str_split(&lines, '\n', &line);
	while (str_split(&lines, '\n', &line)) {
		struct str words = str_trim(line);
		struct str word;
		int k;

		read_auth(x, words);
		if (!str_split(&words, ' ', &word))
			continue;
		k = key_find(
		    keywords, sizeof(keywords) / sizeof(keywords[0]), word);
		if (k < 0)
			continue;
		*(bool *)((char *)x + keywords[k].value) = true;
		if (keywords[k].value == offsetof(struct extend, size) &&
		    !str_number(str_trim(words), UINT64_MAX, &x->size_max))
			x->size_max = 0;
	}
}
