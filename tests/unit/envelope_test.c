/* SPDX-License-Identifier: ISC */
#include "mail/envelope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "mail/dsn_about.h"

/* Who goes the same way stands together. */
static void
recipients_are_sorted_by_destination(void **state)
{
	static const char *const sorted[] = {
	    "root",
	    "z",
	    "a@[192.0.2.1]",
	    "\"c@z.example\"@A.EXAMPLE",
	    "b@a.example",
	    "x@a.example",
	    "\303\274@a.example",
	    "a@b.example",
	};
	enum { N = sizeof(sorted) / sizeof(sorted[0]) };

	(void)state;
	for (size_t first = 0; first < N; first++) {
		struct recipient rcpt[N] = {0};
		struct envelope env = {.rcpt = rcpt, .n = N};

		for (size_t i = 0; i < N; i++)
			rcpt[i].path = str_c(sorted[(first + 3 * i) % N]);
		envelope_sort(&env);
		for (size_t i = 0; i < N; i++)
			assert_string_equal(rcpt[i].path.p, sorted[i]);
	}
	envelope_sort(&(struct envelope){.n = 0});
}

static void
a_reverse_path_of_its_own(void **state)
{
	struct recipient rcpt[] = {
	    {.path = STR("d@x"), .from = STR("owner@x")},
	    {.path = STR("c@x"), .from = STR("\303\274@x")},
	    {.path = STR("b@x"), .from = STR("")},
	    {.path = STR("a@x"), .from = STR("owner@x")},
	    {.path = STR("e@x")},
	};
	struct envelope env = {.rcpt = rcpt, .n = 5};

	(void)state;
	envelope_sort(&env);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(rcpt[i].path.p[0], "ebadc"[i]);
}

/* for all recipients, with whom the user named. */
static void
what_is_asked_of_reports(void **state)
{
	enum { LONG = 300 };
	char long_path[LONG + 1];
	struct recipient rcpt[] = {
	    {.path = STR("a+b=c@x")},
	    {.path = STR("\"d e\\\r\n\"@x")},
	    {.path = STR("\303\274@x")},
	    {.path = {long_path, LONG}},
	};
	struct envelope env = {.rcpt = rcpt, .n = 4};
	struct pool pool = {0};

	(void)state;
	memset(long_path, '+', LONG); /* three octets each */
	envelope_ask(&env, 0, RET_UNSAID, STR_NONE, &pool);
	for (size_t i = 0; i < env.n; i++)
		assert_true(rcpt[i].notify == 0 && rcpt[i].orcpt.n == 0);
	envelope_ask(&env, DSN_NEVER, RET_HDRS, STR("id"), &pool);
	assert_true(env.ret == RET_HDRS && str_eq(env.envid, STR("id")));
	for (size_t i = 0; i < env.n; i++)
		assert_int_equal(rcpt[i].notify, DSN_NEVER);
	assert_string_equal(rcpt[0].orcpt.p, "rfc822;a+2Bb+3Dc@x");
	assert_string_equal(rcpt[1].orcpt.p, "rfc822;\"d+20e\\+0D+0A\"@x");
	assert_int_equal(rcpt[2].orcpt.n, 0);
	assert_int_equal(rcpt[3].orcpt.n, 0);
	envelope_ask(&env, 0, RET_UNSAID, STR("id"), &pool);
	assert_true(rcpt[0].notify == 0 && rcpt[0].orcpt.n > 0);
	pool_free(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(recipients_are_sorted_by_destination),
	    cmocka_unit_test(a_reverse_path_of_its_own),
	    cmocka_unit_test(what_is_asked_of_reports),
	};

	return cmocka_run_group_tests_name("envelope", tests, NULL, NULL);
}
