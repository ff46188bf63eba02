/* SPDX-License-Identifier: ISC */
/* Who is beyond the limits that a host has announced (D-29). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "smtp/dialogue.h"

static const struct str first[] = {
    {"a@x.test", 8}, {"b@X.test", 8}, {"\"@\"@y.test", 10}, {"c@z.test", 8}};
static const struct str second[] = {{"d@x.test", 8}, {"e@v.test", 8}};
static const struct str third[] = {{"f@x.test", 8}};

static const struct letter letters[] = {
    {.to = first, .n = 4, .first = 0},
    {.to = second, .n = 2, .first = 4},
    {.to = third, .n = 1, .first = 6},
};

/* Of each recipient: '.' he is within, '-' was judged before, or by what. */
static char verdict[8];

static void
judge(struct session *s, size_t i, const struct status *status)
{
	size_t paren = str_find(status->text, '(');

	assert_int_equal(status->outcome, OUTCOME_DEFERRED);
	assert_int_equal(status->code, 452);
	assert_int_equal(verdict[s->letter->first + i], '.');
	/* M, R, or the D of RCPTDOMAINMAX. */
	verdict[s->letter->first + i] =
	    status->text.n - paren > 10 ? 'D' : status->text.p[paren + 1];
	s->rcpt[i] = RCPT_JUDGED;
}

static void
limits(void **state)
{
	static const struct {
		uint32_t limit[LIMITS];
		const char *before, *after;
	} rows[] = {
	    {{0, 0, 0}, ".......", "......."},
	    {{3, 4, 4}, ".......", "......."},
	    {{999999, 999999, 999999}, ".......", "......."},
	    {{1, 0, 0}, ".......", "....MMM"},
	    {{2, 0, 0}, ".......", "......M"},
	    {{0, 1, 0}, ".......", ".RRR.R."},
	    {{0, 3, 0}, ".......", "...R..."},
	    {{0, 0, 1}, ".......", "..DD.D."},
	    {{0, 0, 2}, ".......", "...D.D."},
	    {{0, 0, 3}, ".......", ".....D."},
	    {{1, 2, 1}, ".......", "..RRMMM"},
	    {{2, 1, 1}, ".......", ".RRR.RM"},
	    /* Who was judged before counts nowhere. */
	    {{1, 0, 0}, "----...", "----..M"},
	    {{0, 1, 0}, "-......", "-.RR.R."},
	    {{0, 0, 1}, "--.....", "--.DDDD"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct errand errand = {.letter = letters, .letters = 3};
		const struct session_hooks hooks = {.show = NULL};
		unsigned char states[8] = {0};
		struct session s = {
		    .errand = &errand, .hooks = &hooks, .states = states};

		for (size_t k = 0; k < 7; k++) {
			verdict[k] = rows[i].before[k];
			states[k] = verdict[k] == '-' ? RCPT_JUDGED : RCPT_OPEN;
		}
		memcpy(s.offered.limit, rows[i].limit, sizeof(rows[i].limit));
		dialogue_turn(&s, &letters[1]);
		dialogue_limits(&s, judge);
		assert_string_equal(verdict, rows[i].after);
		assert_ptr_equal(s.letter, &letters[1]);
		/* Once is enough. */
		dialogue_limits(&s, judge);
		assert_string_equal(verdict, rows[i].after);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests_name("smtp/limits", tests, NULL, NULL);
}
