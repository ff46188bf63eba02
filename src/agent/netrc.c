/* SPDX-License-Identifier: ISC */
#include "agent/netrc.h"

#define BLANKS " \t\r\n"

/* The next word, without its quotes; false at the end. */
static bool
next(struct str *rest, struct str *word)
{
	size_t i = 0;

	while (i < rest->n && strchr(BLANKS, rest->p[i]) && rest->p[i])
		i++;
	*rest = str_slice(*rest, i, rest->n);
	if (rest->n == 0 || rest->p[0] != '"')
		return str_word(rest, BLANKS, word);
	*rest = str_slice(*rest, 1, rest->n);
	i = str_find(*rest, '"');
	*word = str_slice(*rest, 0, i);
	*rest = str_slice(*rest, i + 1, rest->n);
	return true;
}

/* A comment lasts to the end of its line, a macro to the next empty line. */
static void
skip(struct str *rest, const char *end)
{
	const char *at = memmem(rest->p, rest->n, end, strlen(end));

	*rest = at ? str_slice(*rest, (size_t)(at - rest->p), rest->n)
		   : str_slice(*rest, rest->n, rest->n);
}

struct str
netrc_password(struct str text, struct str host, struct str user)
{
	struct str login = STR_NONE, password = STR_NONE;
	bool here = false;
	struct str word;

	while (next(&text, &word)) {
		bool begins = str_eq(word, STR("machine")) ||
		    str_eq(word, STR("default"));

		if (begins && here && password.n > 0 && str_eq(login, user))
			return password;
		if (str_eq(word, STR("default"))) {
			here = true;
		} else if (str_eq(word, STR("machine"))) {
			here = next(&text, &word) && str_ieq(word, host);
		} else if (str_eq(word, STR("login"))) {
			if (!next(&text, &login))
				break;
		} else if (str_eq(word, STR("password"))) {
			if (!next(&text, &password))
				break;
		} else if (str_eq(word, STR("account"))) {
			(void)next(&text, &word);
		} else if (str_eq(word, STR("macdef"))) {
			skip(&text, "\n\n");
		} else if (str_starts(word, STR("#"))) {
			skip(&text, "\n");
		}
		if (begins)
			login = password = STR_NONE;
	}
	return here && str_eq(login, user) ? password : STR_NONE;
}
