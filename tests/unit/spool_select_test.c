/* SPDX-License-Identifier: ISC */
/* Which entries are meant by -qI, -qR and -qS (G-13). */
#include "spool/select.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { SELECTORS = 3 };

/* To a@x.test (done), Bea@y.test and c@y.test, from S@z.test. */
static const struct {
	const char *title;
	const char *selectors[SELECTORS];
	bool matches;
} cases[] = {
    {"none: all", {NULL}, true},
    {"by ID", {"I7AB"}, true},
    {"case does not matter", {"Iab1"}, true},
    {"another ID", {"I7AC"}, false},
    {"not this ID", {"!I7AB"}, false},
    {"not another ID", {"!I8"}, true},
    {"the whole ID and more", {"I7AB12"}, false},
    {"by sender", {"Ss@z"}, true},
    {"another sender", {"Sa@x"}, false},
    {"not another sender", {"!Sa@x"}, true},
    {"by recipient", {"Rbea@"}, true},
    {"the end of one", {"Ry.test"}, true},
    {"done already", {"Rx.test"}, false},
    {"none of them, which is done", {"!Rx.test"}, true},
    {"none of them", {"!Rc@y"}, false},
    {"all hold", {"I7", "Rc@y", "SS@"}, true},
    {"one does not", {"I7", "Rc@y", "!SS@"}, false},
    {"twice the same kind: both", {"Rc@", "Rbea"}, true},
    {"twice the same kind: one", {"Rc@", "Rnobody"}, false},
};

static void
entries(void **state)
{
	struct recipient rcpt[] = {
	    {.path = STR("a@x.test")},
	    {.path = STR("Bea@y.test")},
	    {.path = STR("c@y.test")},
	};
	struct fate fate[] = {
	    {.mark = MARK_DELIVERED},
	    {.mark = MARK_WAITING},
	    {.mark = MARK_DOUBT},
	};
	const struct envelope env = {
	    .id = STR("7AB1"), .from = STR("S@z.test"), .rcpt = rcpt, .n = 3};
	const struct stored stored = {.fate = fate};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct selector s[SELECTORS];
		size_t n = 0;

		for (; n < SELECTORS && cases[i].selectors[n]; n++)
			assert_true(
			    select_read(str_c(cases[i].selectors[n]), &s[n]));
		if (select_matches(s, n, &env, &stored) != cases[i].matches)
			fail_msg("%s", cases[i].title);
	}
}

static void
what_is_no_selector(void **state)
{
	static const char *const texts[] = {
	    "", "I", "!", "!I", "!!Ix", "15m", "f", "Qx", "ix"};
	struct selector s;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (select_read(str_c(texts[i]), &s))
			fail_msg("\"%s\"", texts[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    {"G-13: by ID, sender, recipient", entries, NULL, NULL, NULL},
	    cmocka_unit_test(what_is_no_selector),
	};

	return cmocka_run_group_tests_name("spool_select", tests, NULL, NULL);
}
