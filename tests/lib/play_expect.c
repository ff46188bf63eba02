/* SPDX-License-Identifier: ISC */
#include "base/char.h"
#include "mail/status.h"
#include "play_inside.h"
#include "words.h"

/* The words behind the code: a blame, "at HOST", "~ PATTERN". */
static int
read_rest_of_verdict(struct reading *r, struct verdict *v, struct str rest)
{
	static const char *const blames[] = {
	    "none", "host", "sender", "rcpt", "message", "us", "doubt"};
	struct str word;

	while ((word = words_next(&rest)).n > 0) {
		if (str_eq(word, STR("~"))) {
			v->text = rest;
			return 0;
		}
		if (str_eq(word, STR("at"))) {
			v->at = play_name(r->pool, words_next(&rest));
			continue;
		}
		for (size_t i = 0; i < COUNT(blames); i++)
			if (str_eq(word, str_c(blames[i])))
				v->blame = (int)i;
		if (v->blame < 0)
			return play_bad(r->e, v->line, "not understood", word);
	}
	return 0;
}

/* result PATH OUTCOME [ENHANCED [CODE]] [BLAME] [at HOST] [~ PATTERN] */
int
play_result(struct reading *r, const struct line *line, struct str rest)
{
	struct verdict *v = pool_take(r->pool, sizeof(*v));
	struct verdict **list = &r->play->verdicts;
	struct str path = words_next(&rest), word = words_next(&rest);
	struct str before = rest;
	uint64_t code;

	*v = (struct verdict){
	    .line = line, .path = path, .code = -1, .blame = -1};
	APPEND(list, v);
	v->outcome = status_outcome(word);
	if (v->outcome < 0)
		return play_bad(r->e, line, "not an outcome", word);
	word = words_next(&rest);
	if (word.n > 0 && (char_is_digit(word.p[0]) || word.p[0] == '-')) {
		v->enhanced = word;
		before = rest;
		word = words_next(&rest);
	}
	if (str_number(word, 599, &code)) {
		v->code = (int)code;
		before = rest;
	} else if (str_eq(word, STR("-"))) {
		before = rest;
	}
	return read_rest_of_verdict(r, v, before);
}

/* took TIME; took TIME..TIME */
int
play_took(struct reading *r, const struct line *line, struct str rest)
{
	const char *dots = memmem(rest.p, rest.n, "..", 2);
	size_t end = dots ? (size_t)(dots - rest.p) : rest.n;
	struct play *p = r->play;

	if (!words_time(str_slice(rest, 0, end), &p->least) ||
	    !words_time(
		dots ? str_slice(rest, end + 2, rest.n) : rest, &p->most))
		return play_bad(r->e, line, "not a time", rest);
	return 0;
}
