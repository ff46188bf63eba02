/* SPDX-License-Identifier: ISC */
#include "spool/select.h"

static const struct {
	char letter;
	enum select_by by;
} letters[] = {
    {'I', SELECT_ID},
    {'R', SELECT_RECIPIENT},
    {'S', SELECT_SENDER},
};

bool
select_read(struct str text, struct selector *s)
{
	bool negated = str_starts(text, STR("!"));
	struct str rest = str_slice(text, negated, text.n);

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (rest.n > 1 && rest.p[0] == letters[i].letter) {
			*s = (struct selector){
			    letters[i].by, negated, str_slice(rest, 1, rest.n)};
			return true;
		}
	return false;
}

static bool
has(struct str text, struct str part)
{
	for (size_t i = 0; i + part.n <= text.n; i++)
		if (str_istarts(str_slice(text, i, text.n), part))
			return true;
	return false;
}

static bool
some_recipient(
    const struct envelope *env, const struct stored *stored, struct str part)
{
	for (size_t i = 0; i < env->n; i++)
		if (!mark_final(stored->fate[i].mark) &&
		    has(env->rcpt[i].path, part))
			return true;
	return false;
}

static bool
found(const struct selector *s, const struct envelope *env,
    const struct stored *stored)
{
	switch (s->by) {
	case SELECT_ID:
		return has(env->id, s->part);
	case SELECT_SENDER:
		return has(env->from, s->part);
	case SELECT_RECIPIENT:
		break;
	}
	return some_recipient(env, stored, s->part);
}

bool
select_matches(const struct selector *s, size_t n, const struct envelope *env,
    const struct stored *stored)
{
	for (size_t i = 0; i < n; i++)
		if (found(&s[i], env, stored) == s[i].negated)
			return false;
	return true;
}
