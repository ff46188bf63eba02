/* SPDX-License-Identifier: ISC */
/* Domains as the DNS takes them. */
#include "os/idn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../lib/child.h"

#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN

static const char *const good[][2] = {
    {"example.org", "example.org"},
    {"EXAMPLE.Org.", "example.org"},
    {"a_b-c.example", "a_b-c.example"},
    {"b\xc3\xbc"
     "cher.example",
	"xn--bcher-kva.example"},
    {"B\xc3\x9c"
     "CHER.Example.",
	"xn--bcher-kva.example"},
    /* The same word, its accent apart. */
    {"bu\xcc\x88"
     "cher.example",
	"xn--bcher-kva.example"},
    /* Not the transitional "fass". */
    {"fa\xc3\x9f.example", "xn--fa-hia.example"},
    /* Other full stops. */
    {"b\xc3\xbc"
     "cher\xe3\x80\x82"
     "example",
	"xn--bcher-kva.example"},
    {SIXTY "123.example", SIXTY "123.example"},
};

static const char *const bad[] = {
    "",
    ".",
    "..",
    "a..example",
    ".example",
    "a b.example",
    "a/b",
    "a\r\nb",
    SIXTY "1234.example",
    SIXTY "." SIXTY "." SIXTY "." SIXTY "." SIXTY,
    "\xff.example",
    "\xc3\xbc..example",
    "\303\274a b.example",
    "xn--\xc3\xbc.example",
    "\xe2\x80\x8d.example",
};

static void
domains(void **state)
{
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, 2000);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		buf_clear(&b);
		buf_add(&b, STR("KEPT "));
		if (idn_ascii(&b, str_c(good[i][0]), &e) < 0)
			fail_msg("%s: %s", good[i][0], e.text);
		assert_memory_equal(b.p, "KEPT ", 5);
		assert_string_equal(b.p + 5, good[i][1]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		buf_clear(&b);
		if (idn_ascii(&b, str_c(bad[i]), &e) == 0)
			fail_msg("\"%s\" became %s", bad[i], b.p);
		assert_int_equal(e.kind, ERR_SYNTAX);
	}
	buf_clear(&b);
	assert_int_equal(idn_ascii(&b, str_of("a\0b", 3), &e), -1);
	assert_int_equal(idn_ascii(&b, str_of("\xc3\xbc\0b", 4), &e), -1);
	assert_int_equal(e.kind, ERR_SYNTAX);
	buf_free(&b);
}

/* However long it is, it is refused, not cut. */
static void
too_long(void **state)
{
	static char text[3000];
	struct buf b;
	struct err e;

	(void)state;
	memset(text, 'a', sizeof(text));
	buf_init(&b, 20);
	assert_int_equal(idn_ascii(&b, str_of(text, 21), &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	buf_free(&b);
	buf_init(&b, 4000);
	assert_int_equal(idn_ascii(&b, str_of(text, sizeof(text)), &e), -1);
	assert_int_equal(e.kind, ERR_SYNTAX);
	memcpy(text, "\xc3\xbc", 2);
	for (size_t n = 1000; n < sizeof(text); n += 24) {
		buf_clear(&b);
		assert_int_equal(idn_ascii(&b, str_of(text, n), &e), -1);
		assert_int_equal(e.kind, ERR_SYNTAX);
	}
	buf_free(&b);
}

/* The library is asked for when it is needed, and may be missing. */
static int
missing(void *arg)
{
	struct buf b;
	struct err e;

	(void)arg;
	child_no_libraries();
	buf_init(&b, 100);
	CHILD_CHECK(idn_ascii(&b, STR("example.org"), &e) == 0);
	CHILD_CHECK(idn_ascii(&b, STR("\xc3\xbc.example"), &e) == -1);
	CHILD_CHECK(e.kind == ERR_SYSTEM);
	CHILD_CHECK(strstr(e.text, "libidn2 is missing") != NULL);
	buf_free(&b);
	return 0;
}

static void
without_the_library(void **state)
{
	(void)state;
	assert_int_equal(child_run(missing, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    /* First: once loaded, it is there. */
	    cmocka_unit_test(without_the_library),
	    cmocka_unit_test(domains),
	    cmocka_unit_test(too_long),
	};

	return cmocka_run_group_tests_name("idn", tests, NULL, NULL);
}
