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

struct entry {
	bool here; /* it is of the host */
	struct str login, password;
};

static bool
is_it(const struct entry *entry, struct str *user, struct str *password)
{
	if (!entry->here || entry->login.n == 0 || entry->password.n == 0 ||
	    (user->n > 0 && !str_eq(entry->login, *user)))
		return false;
	*user = entry->login;
	*password = entry->password;
	return true;
}

bool
netrc_find(
    struct str text, struct str host, struct str *user, struct str *password)
{
	struct entry entry = {0};
	struct str word;

	while (next(&text, &word)) {
		if (str_eq(word, STR("machine")) ||
		    str_eq(word, STR("default"))) {
			if (is_it(&entry, user, password))
				return true;
			entry = (struct entry){
			    .here = str_eq(word, STR("default")) ||
				(next(&text, &word) && str_ieq(word, host))};
		} else if (str_eq(word, STR("login"))) {
			(void)next(&text, &entry.login);
		} else if (str_eq(word, STR("password"))) {
			(void)next(&text, &entry.password);
		} else if (str_eq(word, STR("account"))) {
			(void)next(&text, &word);
		} else if (str_eq(word, STR("macdef"))) {
			skip(&text, "\n\n");
		} else if (str_starts(word, STR("#"))) {
			skip(&text, "\n");
		}
	}
	return is_it(&entry, user, password);
}
