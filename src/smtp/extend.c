/* SPDX-License-Identifier: ISC */
#include "smtp/extend.h"

#include <stddef.h>

#include "base/char.h"
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

struct str
extend_logins(struct str line)
{
	static const struct str auth = {"AUTH", 4};
	struct str words = str_slice(line, auth.n, line.n);

	if (!str_istarts(line, auth) || words.n == 0 ||
	    (words.p[0] != ' ' && words.p[0] != '='))
		return STR_NONE;
	return str_slice(words, 1, words.n);
}

static void
read_auth(struct extend *x, struct str line)
{
	struct str words = extend_logins(line);
	struct str word;

	while (str_split(&words, ' ', &word)) {
		enum mech mech = mech_find(word);

		if (mech < MECHS)
			x->mechs |= 1U << mech;
	}
}

static const struct key limits[] = {
    {"MAILMAX", LIMIT_MAILS},
    {"RCPTMAX", LIMIT_RCPTS},
    {"RCPTDOMAINMAX", LIMIT_DOMAINS},
};

/* "NAME" or "NAME=value" (RFC 9422, 4). */
static bool
is_limit(struct str name, struct str value)
{
	for (size_t i = 0; i < name.n; i++)
		if (!char_is_letter(name.p[i]) && !char_is_digit(name.p[i]) &&
		    name.p[i] != '-' && name.p[i] != '_')
			return false;
	for (size_t i = 0; i < value.n; i++)
		if (!char_is_graph(value.p[i]) || value.p[i] == ';')
			return false;
	return name.n > 0 && (value.p == NULL || value.n > 0);
}

/* All of the line, or nothing.  Of a limit that is there twice the least. */
static void
read_limits(uint32_t limit[LIMITS], struct str words)
{
	uint32_t least[LIMITS];
	struct str value;

	memcpy(least, limit, sizeof(least));
	while (str_split(&words, ' ', &value)) {
		struct str name;
		uint64_t max;
		int k;

		(void)str_split(&value, '=', &name);
		if (!is_limit(name, value))
			return;
		k = key_find(limits, LIMITS, name);
		if (k < 0 || value.n == 0 || value.n > 6 || value.p[0] == '0' ||
		    !str_number(value, 999999, &max))
			continue;
		if (least[k] == 0 || max < least[k])
			least[k] = (uint32_t)max;
	}
	memcpy(limit, least, sizeof(least));
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
		if (str_ieq(word, STR("LIMITS")))
			read_limits(x->limit, words);
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
