/* SPDX-License-Identifier: ISC */
#include "mail/envelope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(recipients_are_sorted_by_destination),
	    cmocka_unit_test(a_reverse_path_of_its_own),
	};

	return cmocka_run_group_tests_name("envelope", tests, NULL, NULL);
}
