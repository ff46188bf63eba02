/* SPDX-License-Identifier: ISC */
/* mail/addr: printing, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "mail/addr.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* B-27: what is printed is read again as the same address. */
static void
canonical(void **state)
{
	struct buf first, second;

	(void)state;
	buf_init(&first, 1000);
	buf_init(&second, 1000);
	for (unsigned c = 0; c < 256 * 256; c++) {
		char local[2] = {(char)(c & 255), (char)(c >> 8)};
		struct addr a = {str_of(local, 2), STR("b"), STR("")};
		struct pool p = {0};
		struct addr again;
		struct err e;

		buf_clear(&first);
		buf_clear(&second);
		addr_print(&first, &a);
		if (addr_one(&p, buf_str(&first), &again, &e) == 0) {
			assert_true(str_eq(a.local, again.local));
			assert_true(str_eq(a.domain, again.domain));
			addr_print(&second, &again);
			assert_true(str_eq(buf_str(&first), buf_str(&second)));
		}
		pool_free(&p);
	}
	buf_free(&first);
	buf_free(&second);
}

/* a name alone is no address. */
static void
null(void **state)
{
	struct addr none = {STR(""), STR(""), STR("Name")};
	struct addr local = {STR("a"), STR(""), STR("")};

	(void)state;
	assert_true(addr_is_null(&none));
	assert_false(addr_is_null(&local));
}

/* B-34: the limit is told from a fault; A-42, B-35: many are taken. */
static void
limits(void **state)
{
	struct pool p = {0};
	struct addr *list;
	struct err e = {0};
	struct buf text;
	size_t n;

	(void)state;
	buf_init(&text, 1 << 20);
	for (int i = 0; i < 20000; i++)
		buf_printf(&text, "u%d@example.org, ", i);
	assert_int_equal(
	    addr_list(&p, buf_str(&text), 20000, &list, &n, &e), 0);
	assert_int_equal(n, 20000);
	assert_true(str_eq(list[19999].local, STR("u19999")));
	assert_int_equal(
	    addr_list(&p, buf_str(&text), 19999, &list, &n, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	assert_int_equal(addr_list(&p, STR("a"), 0, &list, &n, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	assert_int_equal(addr_list(&p, STR(""), 0, &list, &n, &e), 0);
	pool_free(&p);
	buf_free(&text);
}

/* What does not fit is refused, never cut. */
static void
giants(void **state)
{
	static const char *const frames[][2] = {
	    {"", "@b"},
	    {"\"", "\"@b"},
	    {"\"", "\" <a@b>"},
	    {"x ", " <a@b>"},
	    {"<", "@b>"},
	    {"a@\xc3\xa4", ""},
	    {"a@[", "]"},
	};
	struct buf text;

	(void)state;
	buf_init(&text, 1 << 20);
	for (size_t i = 0; i < COUNT(frames); i++) {
		struct pool p = {0};
		struct addr a;
		struct err e = {0};

		buf_clear(&text);
		buf_add(&text, str_c(frames[i][0]));
		for (int k = 0; k < 100000; k++)
			buf_byte(&text, 'x');
		buf_add(&text, str_c(frames[i][1]));
		assert_int_equal(addr_one(&p, buf_str(&text), &a, &e), -1);
		assert_int_equal(e.kind, ERR_SYNTAX);
		pool_free(&p);
	}
	buf_free(&text);
}

/* The complaint shows where, and is printable. */
static void
complaint(void **state)
{
	struct pool p = {0};
	struct addr a;
	struct err e = {0};

	(void)state;
	assert_int_equal(addr_one(&p, STR("\xc3\xa4 <b@c"), &a, &e), -1);
	assert_string_equal(e.text, "'>' is missing at \"\\xc3\\xa4 <b@c\"");
	pool_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(canonical),
	    cmocka_unit_test(null),
	    cmocka_unit_test(limits),
	    cmocka_unit_test(giants),
	    cmocka_unit_test(complaint),
	};

	return cmocka_run_group_tests_name(
	    "mail/addr, limits", tests, NULL, NULL);
}
