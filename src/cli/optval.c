/* SPDX-License-Identifier: ISC */
#include "cli/optval.h"

#include "base/char.h"
#include "base/key.h"
#include "mail/dsn_about.h"

static bool
printable(struct str s, size_t max)
{
	for (size_t i = 0; i < s.n; i++)
		if (!char_is_graph(s.p[i]))
			return false;
	return s.n > 0 && s.n <= max;
}

bool
optval_body(struct str s)
{
	return str_ieq(s, STR("7BIT")) || str_ieq(s, STR("8BITMIME"));
}

unsigned
optval_notified(struct str s)
{
	static const struct key words[] = {
	    {"failure", DSN_ON_FAILURE},
	    {"delay", DSN_ON_DELAY},
	    {"success", DSN_ON_SUCCESS},
	};
	unsigned notify = 0;
	struct str word;

	if (str_ieq(s, STR("never")))
		return DSN_NEVER;
	while (str_split(&s, ',', &word)) {
		int k = key_find(
		    words, sizeof(words) / sizeof(words[0]), str_trim(word));

		if (k < 0)
			return 0;
		notify |= (unsigned)words[k].value;
	}
	return notify;
}

bool
optval_notify(struct str s)
{
	return optval_notified(s) != 0;
}

bool
optval_ret(struct str s)
{
	return str_ieq(s, STR("full")) || str_ieq(s, STR("hdrs"));
}

bool
optval_envid(struct str s)
{
	return printable(s, 100);
}

bool
optval_hops(struct str s)
{
	uint64_t number;

	return str_number(s, 10000, &number);
}

bool
optval_tag(struct str s)
{
	return printable(s, 32) && str_find(s, '/') == s.n;
}
