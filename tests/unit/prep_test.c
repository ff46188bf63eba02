/* SPDX-License-Identifier: ISC */
/* F-13: os/prep, SASLprep. */
#include "os/prep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "../lib/child.h"
#include "../lib/words.h"

/* U+2168, the Roman numeral nine: prepared, it is "IX". */
#define NINE "\342\205\250"

static const struct {
	const char *title, *in, *out;
} cases[] = {
    {"RFC 4013, 3: SOFT HYPHEN mapped to nothing", "I\302\255X", "IX"},
    {"RFC 4013, 3: no transformation", "user", "user"},
    {"RFC 4013, 3: case preserved", "USER", "USER"},
    {"RFC 4013, 3: output is NFKC", "\302\252", "a"},
    {"RFC 4013, 3: output is NFKC", NINE, "IX"},
    {"2.1: other blanks are spaces", "a\302\240b\343\200\200c", "a b c"},
    {"2.1: with no width, too", "a\342\200\213b" NINE, "a bIX"},
    {"2.1: joiners go", "a\342\200\214b\342\200\215c\357\273\277", "abc"},
    {"2.1: variants go", NINE "\357\270\217", "IX"},
    {"2.2: composed", "ramo\314\201n", "ram\303\263n"},
    {"2.2: one of two forms", "p\342\204\253ssword", "p\303\205ssword"},
    {"2.2: outside the first plane", "\360\235\204\236", "\360\235\204\236"},
    {"nothing", "", ""},
    {"what is left may be nothing", "\302\255", ""},
    /* 2.4: what is written from the right. */
    {"2.4: Hebrew", "\327\251" NINE "\327\251", "\327\251" NINE "\327\251"},
    {"2.4: Hebrew alone", "\327\251\302\255\327\234", "\327\251\327\234"},
    {"RFC 4013, 3: bidirectional check", "\330\2471\302\255",
	"\330\2471\302\255"},
    {"2.4: digits between", "\330\2471\330\250\302\255", "\330\2471\330\250"},
    {"2.4: a digit first", "1\330\247\302\255", "1\330\247\302\255"},
    {"2.4: Latin between", "\330\247a\330\250\302\255",
	"\330\247a\330\250\302\255"},
    /* As it is: what nobody can prepare. */
    {"ASCII is passed", "tab\there \177", "tab\there \177"},
    {"no UTF-8", "latin \351" NINE, "latin \351" NINE},
    {"no UTF-8: a surrogate", "\355\240\200" NINE, "\355\240\200" NINE},
};

static void
must_give(const char *title, struct str in, struct str want)
{
	struct buf out;

	buf_init(&out, 1000);
	buf_add(&out, STR("kept"));
	prep_sasl(&out, in);
	assert_memory_equal(out.p, "kept", 4);
	buf_shift(&out, 4);
	if (!str_eq(buf_str(&out), want))
		fail_msg("%s: \"%s\", not \"%s\"", title, out.p, want.p);
	buf_free(&out);
}

static void
prepared(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		must_give(
		    cases[i].title, str_c(cases[i].in), str_c(cases[i].out));
}

/* 2.3: the ends of each range that RFC 3454 has, and what is beside them. */
static const struct {
	const char *table;
	unsigned from, to;
	bool alone; /* what is beside it may be had */
} forbidden[] = {
    {"C.2.1", 0x0, 0x1f, false},
    {"C.2.1", 0x7f, 0x7f, false},
    {"C.2.2", 0x80, 0x9f, false},
    {"C.2.2", 0x06dd, 0x06dd, true},
    {"C.2.2", 0x070f, 0x070f, false},
    {"C.2.2", 0x180e, 0x180e, true},
    {"C.2.2", 0x2028, 0x2029, false},
    {"C.2.2", 0x2061, 0x2063, true},
    {"C.2.2", 0x206a, 0x206f, true},
    {"C.2.2, C.6", 0xfff9, 0xfffd, false},
    {"C.2.2", 0x1d173, 0x1d17a, true},
    {"C.3", 0xe000, 0xf8ff, false},
    {"C.3", 0xf0000, 0xffffd, false},
    {"C.3", 0x100000, 0x10fffd, false},
    {"C.4", 0xfdd0, 0xfdef, false},
    {"C.4", 0xfffe, 0xffff, false},
    {"C.4", 0x1fffe, 0x1ffff, true},
    {"C.4", 0x2fffe, 0x2ffff, true},
    {"C.4", 0xefffe, 0xeffff, false},
    {"C.4", 0xffffe, 0xfffff, false},
    {"C.4", 0x10fffe, 0x10ffff, false},
    {"C.7", 0x2ff0, 0x2ffb, true},
    {"C.8", 0x200e, 0x200f, true},
    {"C.8", 0x202a, 0x202e, false},
    {"C.9", 0xe0001, 0xe0001, true},
    {"C.9", 0xe0020, 0xe007f, true},
};

static void
put_utf8(struct buf *b, unsigned c)
{
	if (c < 0x80) {
		buf_byte(b, (char)c);
	} else if (c < 0x800) {
		buf_byte(b, (char)(0xc0 | c >> 6));
	} else if (c < 0x10000) {
		buf_byte(b, (char)(0xe0 | c >> 12));
		buf_byte(b, (char)(0x80 | (c >> 6 & 63)));
	} else {
		buf_byte(b, (char)(0xf0 | c >> 18));
		buf_byte(b, (char)(0x80 | (c >> 12 & 63)));
		buf_byte(b, (char)(0x80 | (c >> 6 & 63)));
	}
	if (c >= 0x80)
		buf_byte(b, (char)(0x80 | (c & 63)));
}

/* Is what stands beside this character prepared? */
static bool
is_taken(unsigned c)
{
	struct buf in, out;
	bool taken;

	buf_init(&in, 100);
	buf_init(&out, 100);
	put_utf8(&in, c);
	buf_add(&in, STR(NINE));
	prep_sasl(&out, buf_str(&in));
	taken = !str_eq(buf_str(&in), buf_str(&out));
	buf_free(&in);
	buf_free(&out);
	return taken;
}

static void
what_is_forbidden(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(forbidden); i++) {
		unsigned from = forbidden[i].from;
		unsigned to = forbidden[i].to;

		for (unsigned c = from; c <= to;
		     c = c < to && c + 1000 > to ? to : c + 1000)
			if (is_taken(c))
				fail_msg("%s: U+%04X", forbidden[i].table, c);
		if (forbidden[i].alone &&
		    (!is_taken(from - 1) || !is_taken(to + 1)))
			fail_msg("%s: beside U+%04X", forbidden[i].table, from);
	}
}

/* The library is asked for when it is needed, and may be missing. */
static int
missing(void *arg)
{
	(void)arg;
	child_no_libraries();
	CHILD_CHECK(!is_taken('a'));
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
	    cmocka_unit_test(prepared),
	    cmocka_unit_test(what_is_forbidden),
	};

	return cmocka_run_group_tests_name("prep", tests, NULL, NULL);
}
