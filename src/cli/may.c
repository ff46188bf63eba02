/* SPDX-License-Identifier: ISC */
#include "cli/may.h"

#include <sysexits.h>
#include <unistd.h>

#include "base/pool.h"

static const struct {
	size_t list; /* in struct conf */
	const char *key;
	const char *what;
} rules[] = {
    [MAY_SUBMIT] = {offsetof(struct conf, submit_users),
	"authorized-submit-users", "send mail"},
    [MAY_LIST] = {offsetof(struct conf, mailq_users), "authorized-mailq-users",
	"look at the queue"},
    [MAY_RUN] = {offsetof(struct conf, flush_users), "authorized-flush-users",
	"run the queue"},
};

static bool
is_meant(struct str word, const struct user *u)
{
	uint64_t number;

	if (str_eq(word, STR("anyone")))
		return true;
	if (str_number(word, UINT32_MAX, &number))
		return number == u->uid;
	return u->known && str_eq(word, u->login);
}

bool
may_by_list(struct str list, const struct user *u)
{
	struct str word;

	while (str_word(&list, ", ", &word)) {
		bool no = str_starts(word, STR("!"));

		if (is_meant(str_slice(word, no, word.n), u))
			return !no;
	}
	return false;
}

int
may(enum may what, const struct conf *c, bool admin, struct err *e)
{
	const struct str *list =
	    (const void *)((const char *)c + rules[what].list);
	struct pool p = {0};
	struct user u;
	bool yes;

	/* Whom that is about is not looked up where it is about nobody. */
	if (admin || getuid() == 0 || str_eq(*list, STR("anyone")))
		return 0;
	user_self(&u, &p);
	yes = may_by_list(*list, &u);
	if (!yes)
		err_set(e, ERR_LIMIT, "user %.*s may not %s (%s)",
		    STR_ARG(u.login), rules[what].what, rules[what].key);
	pool_free(&p);
	return yes ? 0 : EX_NOPERM;
}
