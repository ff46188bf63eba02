/* SPDX-License-Identifier: ISC */
/* base/str and base/key: views, numbers, keywords, UTF-8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/char.h"
#include "base/key.h"
#include "base/str.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define assert_str(s, literal) assert_true(str_eq(s, STR(literal)))

static void
equality(void **state)
{
	(void)state;
	assert_true(str_eq(STR_NONE, STR("")));
	assert_true(str_eq(STR("a\0b"), STR("a\0b")));
	assert_false(str_eq(STR("a\0b"), STR("a\0c")));
	assert_false(str_eq(STR("a"), STR("ab")));
	assert_true(str_eq(str_c(NULL), STR_NONE));
	assert_int_equal(str_c("abc").n, 3);

	assert_true(str_ieq(STR("MaIl"), STR("mAiL")));
	assert_true(str_ieq(STR_NONE, STR("")));
	assert_false(str_ieq(STR("mail"), STR("mails")));
	/* The neighbours of the letters are not folded, nor is Latin-1. */
	assert_false(str_ieq(STR("@"), STR("`")));
	assert_false(str_ieq(STR("["), STR("{")));
	assert_false(str_ieq(STR("\xc4"), STR("\xe4")));

	assert_true(str_starts(STR("abc"), STR("ab")));
	assert_true(str_starts(STR("abc"), STR_NONE));
	assert_true(str_starts(STR_NONE, STR("")));
	assert_false(str_starts(STR("abc"), STR("AB")));
	assert_false(str_starts(STR("ab"), STR("abc")));
	assert_true(str_istarts(STR("abc"), STR("AB")));
	assert_false(str_istarts(STR("ab"), STR("abc")));
}

static void
slices(void **state)
{
	struct str s = STR("abcdef");

	(void)state;
	assert_str(str_slice(s, 0, 6), "abcdef");
	assert_str(str_slice(s, 2, 4), "cd");
	assert_str(str_slice(s, 4, SIZE_MAX), "ef");
	assert_str(str_slice(s, 4, 2), "");
	assert_str(str_slice(s, 9, SIZE_MAX), "");
	assert_ptr_equal(str_slice(s, 9, SIZE_MAX).p, s.p + 6);
	assert_int_equal(str_slice(STR_NONE, 1, 2).n, 0);

	assert_str(str_trim(STR(" \t\r\nab c\n\r\t ")), "ab c");
	assert_str(str_trim(STR(" \t\r\n")), "");
	assert_str(str_trim(STR("\v a\f")), "\v a\f");
	assert_int_equal(str_trim(STR_NONE).n, 0);

	assert_int_equal(str_find(s, 'a'), 0);
	assert_int_equal(str_find(s, 'f'), 5);
	assert_int_equal(str_find(s, 'x'), 6);
	assert_int_equal(str_find(STR("a\0b"), '\0'), 1);
	assert_int_equal(str_find(STR_NONE, 'x'), 0);
	assert_int_equal(str_find(STR("\xff"), (char)0xff), 0);
}

/* The parts of a text, joined with "|". */
static void
split(void **state)
{
	static const struct {
		struct str text;
		const char *parts;
	} rows[] = {
	    {{"", 0}, "|"},
	    {{"a", 1}, "a|"},
	    {{",", 1}, "||"},
	    {{"a,b", 3}, "a|b|"},
	    {{"a,", 2}, "a||"},
	    {{",,a", 3}, "||a|"},
	    {{NULL, 0}, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str rest = rows[i].text;
		struct str part;
		char got[20];
		size_t n = 0;

		while (str_split(&rest, ',', &part))
			n += (size_t)snprintf(
			    got + n, sizeof(got) - n, "%.*s|", STR_ARG(part));
		got[n] = '\0';
		assert_string_equal(got, rows[i].parts);
		assert_null(rest.p);
	}
}

static void
words_and_order(void **state)
{
	struct str rest = STR(", ab,  c ,,");
	struct str word;

	(void)state;
	assert_true(str_word(&rest, ", ", &word));
	assert_true(str_eq(word, STR("ab")));
	assert_true(str_word(&rest, ", ", &word));
	assert_true(str_eq(word, STR("c")));
	assert_false(str_word(&rest, ", ", &word));
	assert_false(str_word(&rest, ", ", &word));

	assert_int_equal(str_compare(STR("a"), STR("a")), 0);
	assert_int_equal(str_compare(STR_NONE, STR("")), 0);
	assert_true(str_compare(STR("a"), STR("ab")) < 0);
	assert_true(str_compare(STR("ab"), STR("a")) > 0);
	assert_true(str_compare(STR("b"), STR("ab")) > 0);
	assert_true(str_compare(STR("\xff"), STR("a")) > 0);
}

static void
numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		bool good;
		uint64_t value;
	} rows[] = {
	    {"0", 0, true, 0},
	    {"1", 0, false, 0},
	    {"007", 7, true, 7},
	    {"8", 7, false, 0},
	    {"65535", 65535, true, 65535},
	    {"65536", 65535, false, 0},
	    {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
	    {"18446744073709551616", UINT64_MAX, false, 0},
	    {"18446744073709551620", UINT64_MAX, false, 0},
	    {"99999999999999999999", UINT64_MAX, false, 0},
	    {"184467440737095516150", UINT64_MAX, false, 0},
	    {"00000000000000000000000000001", UINT64_MAX, true, 1},
	    {"", UINT64_MAX, false, 0},
	    {" 1", UINT64_MAX, false, 0},
	    {"1 ", UINT64_MAX, false, 0},
	    {"+1", UINT64_MAX, false, 0},
	    {"-1", UINT64_MAX, false, 0},
	    {"0x1", UINT64_MAX, false, 0},
	    {"1/", UINT64_MAX, false, 0},
	    {"1:", UINT64_MAX, false, 0},
	};
	uint64_t value = 4711;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		value = 4711;
		assert_int_equal(
		    str_number(str_c(rows[i].text), rows[i].max, &value),
		    rows[i].good);
		/* What is refused leaves the value as it was. */
		assert_int_equal(value, rows[i].good ? rows[i].value : 4711);
	}
	assert_false(str_number(STR("1\0"), UINT64_MAX, &value));
	assert_false(str_number(STR_NONE, UINT64_MAX, &value));
}

/* A length that is no int must not become a negative precision. */
static void
printed_width(void **state)
{
	struct str s = {"x", (size_t)INT_MAX + 1};

	(void)state;
	assert_int_equal(str_width(s), INT_MAX);
	s.n = SIZE_MAX;
	assert_int_equal(str_width(s), INT_MAX);
	s.n = 1;
	assert_int_equal(str_width(s), 1);
}

/* Exactly the ASCII characters, whatever the sign of char. */
static void
classes(void **state)
{
	(void)state;
	for (int i = 0; i < 256; i++) {
		char c = (char)i;
		bool upper = i >= 'A' && i <= 'Z';
		bool lower = i >= 'a' && i <= 'z';

		assert_int_equal(
		    (unsigned char)char_lower(c), upper ? i + 32 : i);
		assert_int_equal(char_is_letter(c), upper || lower);
		assert_int_equal(char_is_digit(c), i >= '0' && i <= '9');
		assert_int_equal(char_is_graph(c), i > 32 && i < 127);
		assert_int_equal(char_is_high(c), i >= 128);
	}
}

static void
keywords(void **state)
{
	static const struct key keys[] = {
	    {"size", 1},
	    {"8bitmime", 2},
	    {"size", 3},
	};

	(void)state;
	assert_int_equal(key_find(keys, 3, STR("SIZE")), 0);
	assert_int_equal(key_find(keys, 3, STR("8BitMime")), 1);
	assert_int_equal(key_find(keys, 3, STR("siz")), -1);
	assert_int_equal(key_find(keys, 3, STR("size ")), -1);
	assert_int_equal(key_find(keys, 3, STR("size\0")), -1);
	assert_int_equal(key_find(keys, 3, STR_NONE), -1);
	assert_int_equal(key_find(NULL, 0, STR("size")), -1);
}

static void
distance(void **state)
{
	static const struct {
		const char *a, *b;
		size_t edits;
	} rows[] = {
	    {"", "", 0},
	    {"", "abc", 3},
	    {"abc", "", 3},
	    {"relay", "relay", 0},
	    {"relay", "RELAY", 0},
	    {"relay", "rely", 1},
	    {"relay", "relays", 1},
	    {"relay", "delay", 1},
	    {"hostname", "hsotname", 2},
	    {"kitten", "sitting", 3},
	    {"abc", "xyz", 3},
	};
	char text[65];
	struct str long_64 = {text, 64};
	struct str long_65 = {text, 65};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str a = str_c(rows[i].a);
		struct str b = str_c(rows[i].b);

		assert_int_equal(key_distance(a, b), rows[i].edits);
		assert_int_equal(key_distance(b, a), rows[i].edits);
	}
	memset(text, 'x', sizeof(text));
	assert_int_equal(key_distance(long_64, long_64), 0);
	assert_int_equal(key_distance(long_64, STR_NONE), 64);
	assert_int_equal(key_distance(STR_NONE, long_64), 64);
	assert_true(key_distance(long_65, long_64) == SIZE_MAX);
	assert_true(key_distance(STR("x"), long_65) == SIZE_MAX);
}

/* B-41: RFC 3629, 4, the grammar, at its edges. */
static void
utf8(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
	    {"", true},
	    {"plain\x01\x7f", true},
	    {"\xc2\x80", true},		/* U+0080 */
	    {"\xdf\xbf", true},		/* U+07FF */
	    {"\xe0\xa0\x80", true},	/* U+0800 */
	    {"\xec\xbf\xbf", true},	/* U+CFFF */
	    {"\xed\x80\x80", true},	/* U+D000 */
	    {"\xed\x9f\xbf", true},	/* U+D7FF */
	    {"\xee\x80\x80", true},	/* U+E000 */
	    {"\xef\xbf\xbf", true},	/* U+FFFF */
	    {"\xf0\x90\x80\x80", true}, /* U+10000 */
	    {"\xf3\xbf\xbf\xbf", true}, /* U+FFFFF */
	    {"\xf4\x8f\xbf\xbf", true}, /* U+10FFFF */
	    {"a\xc3\xa4z\xe2\x82\xac", true},
	    /* overlong */
	    {"\xc0\x80", false},
	    {"\xc0\xaf", false},
	    {"\xc1\xbf", false},
	    {"\xe0\x80\xaf", false},
	    {"\xe0\x9f\xbf", false},
	    {"\xf0\x80\x80\xaf", false},
	    {"\xf0\x8f\xbf\xbf", false},
	    /* surrogates */
	    {"\xed\xa0\x80", false},
	    {"\xed\xbf\xbf", false},
	    {"\xed\xa0\xbd\xed\xb8\x80", false},
	    /* above U+10FFFF */
	    {"\xf4\x90\x80\x80", false},
	    {"\xf5\x80\x80\x80", false},
	    {"\xf8\x88\x80\x80\x80", false},
	    {"\xfe", false},
	    {"\xff", false},
	    /* not begun, not ended */
	    {"\x80", false},
	    {"a\xbf", false},
	    {"\xc3", false},
	    {"\xe2\x82", false},
	    {"\xf0\x90\x80", false},
	    {"\xc3z", false},
	    {"\xe2\x82z", false},
	    {"\xe2z\xac", false},
	    {"\xf0\x90\x80z", false},
	    {"\xf0\x90\xc0\x80", false},
	    {"\xc3\xc3\xa4", false},
	    {"good, then \xc3", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (key_is_utf8(str_c(rows[i].text)) != rows[i].good)
			fail_msg("row %zu", i);
	assert_true(key_is_utf8(STR("a\0b")));
	assert_true(key_is_utf8(STR_NONE));
	/* A character that is cut is not completed from behind the view. */
	assert_false(key_is_utf8(str_of("\xe2\x82\xac", 2)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(equality),
	    cmocka_unit_test(slices),
	    cmocka_unit_test(split),
	    cmocka_unit_test(words_and_order),
	    cmocka_unit_test(numbers),
	    cmocka_unit_test(printed_width),
	    cmocka_unit_test(classes),
	    cmocka_unit_test(keywords),
	    cmocka_unit_test(distance),
	    cmocka_unit_test(utf8),
	};

	return cmocka_run_group_tests_name("base/str", tests, NULL, NULL);
}
