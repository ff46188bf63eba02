/* SPDX-License-Identifier: ISC */
/* Who may do what. */
#include "cli/may.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>
#include <cmocka.h>

static const struct {
	const char *list;
	const char *login; /* of the user 1000; NULL: he has none */
	bool yes;
} cases[] = {
    {"anyone", "alice", true},
    {"anyone", NULL, true},
    {"", "alice", false},
    {"alice", "alice", true},
    {"alice", "alicia", false},
    {"Alice", "alice", false},
    {"bob, alice", "alice", true},
    {"bob carol", "alice", false},
    {"1000", "alice", true},
    {"1000", NULL, true},
    {"1001 100 10000", "alice", false},
    {"!alice", "alice", false},
    {"!alice anyone", "alice", false},
    {"!1000,anyone", NULL, false},
    {"!bob, anyone", "alice", true},
    {"anyone !alice", "alice", true}, /* the first decides */
    {"!anyone alice", "alice", false},
    {"uid1000", NULL, false}, /* what we call him is no login */
    {"!", "alice", false},
};

/* J-12 */
static void
lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *login = cases[i].login;
		const struct user u = {
		    .uid = 1000,
		    .login = login ? str_c(login) : STR("uid1000"),
		    .known = login != NULL,
		};

		if (may_by_list(str_c(cases[i].list), &u) != cases[i].yes)
			fail_msg("\"%s\" of %s", cases[i].list,
			    login ? login : "nobody known");
	}
}

/* J-12: they are not the user's to set. */
static void
the_command_line(void **state)
{
	static const char *const names[] = {"authorized-submit-users",
	    "authorized-mailq-users", "authorized-flush-users"};
	struct pool p = {0};
	struct conf c;
	struct err e;

	(void)state;
	conf_default(&c, &p);
	for (size_t i = 0; i < 3; i++) {
		struct str name = str_c(names[i]);

		assert_int_equal(
		    conf_option(&c, name, STR("anyone"), &p, &e), -1);
		assert_non_null(strstr(e.text, "in the file"));
		assert_int_equal(conf_set(&c, name, STR("a/b"), &p, &e), -1);
		assert_non_null(strstr(e.text, "\"a/b\" is no user"));
		assert_int_equal(conf_set(&c, name, STR("!"), &p, &e), -1);
		assert_int_equal(conf_set(&c, name, STR("!a, 7"), &p, &e), 0);
	}
	assert_int_equal(
	    conf_option(&c, STR("mailq-entries"), STR("all"), &p, &e), -1);
	assert_int_equal(c.mailq_all, 0);
	pool_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lists),
	    cmocka_unit_test(the_command_line),
	};

	return cmocka_run_group_tests_name("may", tests, NULL, NULL);
}
