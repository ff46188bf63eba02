/* SPDX-License-Identifier: ISC */
#include "smtp/extend.h"

#include <stddef.h>

#include "base/key.h"

/* The value is where the keyword's flag stands in struct extend. */
static const struct key keywords[] = {
    {"PIPELINING", offsetof(struct extend, pipelining)},
    {"8BITMIME", offsetof(struct extend, eightbit)},
    {"SIZE", offsetof(struct extend, size)},
    {"SMTPUTF8", offsetof(struct extend, utf8)},
    {"DSN", offsetof(struct extend, dsn)},
    {"STARTTLS", offsetof(struct extend, starttls)},
};

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
