/* SPDX-License-Identifier: ISC */
/*
 * mail/stuff: rows by requirement; then every text of six bytes that matter,
 * and long ones at random, against a second, slow way to the same result,
 * however the input is cut.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../lib/guard.h"
#include "mail/stuff.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define S(literal)                              \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}

enum { CRS = 30 }; /* that may stand before an LF */

enum { DATA = 1, HEADER = 2 }; /* a row's modes */

static const struct {
	const char *title;
	unsigned mode;
	struct str in;
	struct str out;
} rows[] = {
    {"B-01: LF", 0, S("a\nb\n"), S("a\r\nb\r\n")},
    {"B-01: CRLF", 0, S("a\r\nb\r\n"), S("a\r\nb\r\n")},
    {"B-01: mixed", 0, S("a\nb\r\nc\n"), S("a\r\nb\r\nc\r\n")},
    {"B-01: many CRs", 0, S("a\r\r\r\n\r\r\n"), S("a\r\n\r\n")},
    {"B-01: in the header", HEADER, S("a\r\r\nb\n"), S("a\r\nb\r\n")},
    {"B-02: no newline at the end", 0, S("a\nb"), S("a\r\nb\r\n")},
    {"B-02: a CR at the end", 0, S("a\r"), S("a\r\n")},
    {"B-02: a CR at the end of a header", HEADER, S("a\r"), S("a\r\n")},
    {"B-02: a NUL at the end", 0, S("a\n\0"), S("a\r\n\r\n")},
    {"B-02: nothing stays nothing", 0, S(""), S("")},
    {"B-03: a bare CR in the body", 0, S("a\rb\n"), S("a\r\nb\r\n")},
    {"B-03: two", 0, S("a\r\rb\n"), S("a\r\n\r\nb\r\n")},
    {"B-03: first of a line", 0, S("\rb\n"), S("\r\nb\r\n")},
    {"B-03: in the header", HEADER, S("a\rBcc: b\n"), S("a\rBcc: b\r\n")},
    {"B-03: first in the header", HEADER, S("\rBcc: b\n"), S("\rBcc: b\r\n")},
    {"B-04: NULs", DATA, S("\0a\0b\0\n"), S("ab\r\n")},
    {"B-04: between CR and LF", 0, S("a\r\0\n"), S("a\r\n")},
    {"B-04: behind a CR", 0, S("a\r\0b\n"), S("a\r\nb\r\n")},
    {"A-13: a lone dot", 0, S("a\n.\nb\n"), S("a\r\n")},
    {"A-13: at once", 0, S(".\nb\n"), S("")},
    {"A-13: with CRs", 0, S("a\n.\r\r\nb\n"), S("a\r\n")},
    {"A-13: last, without newline", 0, S("a\n."), S("a\r\n")},
    {"A-13: last, with a CR", 0, S("a\n.\r"), S("a\r\n")},
    {"A-13: with -i", DATA, S("a\n.\nb\n"), S("a\r\n.\r\nb\r\n")},
    {"A-13: last, with -i", DATA, S("a\n."), S("a\r\n.\r\n")},
    {"A-13: in the header", HEADER, S("a\n.\nb\n"), S("a\r\n")},
    {"A-13: a blank before", 0, S(" .\nb\n"), S(" .\r\nb\r\n")},
    {"A-13: a blank behind", 0, S(". \nb\n"), S(". \r\nb\r\n")},
    {"A-13: a NUL before", 0, S("\0.\nb\n"), S(".\r\nb\r\n")},
    {"A-13: a NUL behind", 0, S(".\0\nb\n"), S(".\r\nb\r\n")},
    {"A-13: a CR before", 0, S("\r.\nb\n"), S("\r\n.\r\nb\r\n")},
    {"A-13: a CR and more behind", 0, S(".\rb\n"), S(".\r\nb\r\n")},
    {"A-14: two dots are two", 0, S("..\n..a\n"), S("..\r\n..a\r\n")},
    {"A-14: and one is one", 0, S(".a\n"), S(".a\r\n")},
    {"D-44: LF.LF", DATA, S("a\n.\nb"), S("a\r\n.\r\nb\r\n")},
    {"D-44: LF.CRLF", DATA, S("a\n.\r\nb"), S("a\r\n.\r\nb\r\n")},
    {"D-44: CR.CR", DATA, S("a\r.\rb"), S("a\r\n.\r\nb\r\n")},
    {"D-44: CRLF.LF", DATA, S("a\r\n.\nb"), S("a\r\n.\r\nb\r\n")},
    {"D-44: CR.CRLF", DATA, S("a\r.\r\nb"), S("a\r\n.\r\nb\r\n")},
    {"D-44: with a NUL between", DATA, S("a\n\0.\n\0b"), S("a\r\n.\r\nb\r\n")},
};

/* Feeds in, cut into pieces of n bytes (the first of them of `first`). */
static void
feed(struct lines *l, struct str in, size_t first, size_t n, bool one_line,
    struct buf *out)
{
	while (in.n > 0 && !l->done) {
		struct str piece = str_slice(in, 0, first ? first : n);
		size_t before = piece.n;
		size_t had = out->n;
		size_t took;

		lines_feed(l, &piece, out, one_line);
		took = before - piece.n;
		assert_true(took > 0);
		assert_true(one_line || l->done || piece.n == 0);
		assert_true(out->n - had <= 2 * took + LINES_HELD);
		first = first > took ? first - took : 0;
		in = str_slice(in, took, in.n);
	}
	lines_end(l, out);
	lines_end(l, out);
	assert_false(out->over);
}

static void
table(void **state)
{
	struct buf out;
	size_t wrong = 0;

	(void)state;
	buf_init(&out, 1000);
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t first = 0; first <= rows[i].in.n; first++) {
			struct lines l = {.dots_are_data = rows[i].mode & DATA,
			    .header = rows[i].mode & HEADER};

			buf_clear(&out);
			feed(&l, guard_str(rows[i].in), first, 1000, false,
			    &out);
			if (str_eq(buf_str(&out), rows[i].out))
				continue;
			print_error("%s\n", rows[i].title);
			wrong++;
			break;
		}
	buf_free(&out);
	assert_int_equal(wrong, 0);
}

/* One line without its LF, the slow way; false if it ends the input. */
static bool
slow_line(struct str line, unsigned mode, struct buf *out)
{
	size_t end = line.n;
	size_t crs = 0;
	bool nul = str_find(line, '\0') < line.n;

	while (end > 0 &&
	    (line.p[end - 1] == '\0' || (line.p[end - 1] == '\r' && crs < CRS)))
		crs += line.p[--end] == '\r';
	line.n = end;
	if (!(mode & DATA) && !nul && str_eq(line, STR(".")))
		return false;
	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] == '\r')
			buf_add(out, mode & HEADER ? STR("\r") : STR("\r\n"));
		else if (line.p[i] != '\0')
			buf_byte(out, line.p[i]);
	buf_add(out, STR("\r\n"));
	return true;
}

static void
slow(struct str in, unsigned mode, struct buf *out)
{
	struct str line;

	while (in.n > 0) {
		size_t n = str_find(in, '\n');

		line = str_slice(in, 0, n);
		if (!slow_line(line, mode, out))
			return;
		in = str_slice(in, n + 1, in.n);
	}
}

/* D-44: only CRLF, whole, and no NUL. */
static void
check_wire(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		assert_true(s.p[i] != '\0');
		if (s.p[i] == '\r')
			assert_true(i + 1 < s.n && s.p[i + 1] == '\n');
		if (s.p[i] == '\n')
			assert_true(i > 0 && s.p[i - 1] == '\r');
	}
	assert_true(s.n == 0 || s.p[s.n - 1] == '\n');
}

/*
 * D-42, D-43: what the server takes out of sent, by RFC 5321, 4.5.2: the
 * lines before the lone dot, which must be the last, less the first dot.
 */
static void
receive(struct str sent, struct buf *got)
{
	check_wire(sent);
	for (;;) {
		size_t n = str_find(sent, '\n') + 1;
		struct str line = str_slice(sent, 0, n);

		assert_true(sent.n > 0);
		sent = str_slice(sent, n, sent.n);
		if (str_eq(line, STR(".\r\n")))
			break;
		if (line.p[0] == '.')
			line = str_slice(line, 1, line.n);
		buf_add(got, line);
	}
	assert_int_equal(sent.n, 0);
}

static void
check_dots(struct str content, size_t first, size_t n)
{
	struct buf sent, got;
	struct dots d = {0};
	struct str in = content;

	buf_init(&sent, 1 << 20);
	buf_init(&got, 1 << 20);
	while (in.n > 0) {
		struct str piece = str_slice(in, 0, first ? first : n);
		size_t had = sent.n;

		dots_feed(&d, piece, &sent);
		assert_true(sent.n - had <= 2 * piece.n);
		in = str_slice(in, piece.n, in.n);
		first = 0;
	}
	dots_end(&d, &sent);
	receive(buf_str(&sent), &got);
	assert_true(str_eq(buf_str(&got), content));
	buf_free(&sent);
	buf_free(&got);
}

/* All the counts, too, must not depend on the cut. */
static void
check_same(const struct lines *a, const struct lines *b)
{
	assert_int_equal(a->done, b->done);
	assert_int_equal(a->high, b->high);
	assert_int_equal(a->bare_crs, b->bare_crs);
	assert_int_equal(a->nuls, b->nuls);
	assert_int_equal(a->longest, b->longest);
}

static void
check(struct str in, unsigned mode)
{
	struct lines whole = {
	    .dots_are_data = mode & DATA, .header = mode & HEADER};
	struct lines start = whole;
	struct buf expected, out;

	buf_init(&expected, 1 << 18);
	buf_init(&out, 1 << 18);
	slow(in, mode, &expected);
	if (!(mode & HEADER))
		check_wire(buf_str(&expected));
	feed(&whole, in, 0, in.n, false, &out);
	assert_true(str_eq(buf_str(&out), buf_str(&expected)));
	for (size_t first = 0; first < in.n; first++)
		for (int one_line = 0; one_line < 2; one_line++) {
			struct lines l = start;

			buf_clear(&out);
			feed(&l, in, first, first ? in.n : 1, one_line, &out);
			assert_true(str_eq(buf_str(&out), buf_str(&expected)));
			check_same(&whole, &l);
		}
	for (size_t first = 0; first < expected.n && !(mode & HEADER); first++)
		check_dots(buf_str(&expected), first, first ? 100000 : 1);
	buf_free(&expected);
	buf_free(&out);
}

/* Every text of up to `longest` bytes of those that matter, in all modes. */
static void
exhaustive(void **state)
{
	static const char bytes[] = {'\n', '\r', '\0', '.', 'x'};
	enum { KINDS = sizeof(bytes), LONGEST = 5 };
	size_t count = 1;

	(void)state;
	for (size_t n = 1; n <= LONGEST; n++) {
		count *= KINDS;
		for (size_t k = 0; k < count; k++) {
			char in[LONGEST];
			size_t rest = k;

			for (size_t i = 0; i < n; i++, rest /= KINDS)
				in[i] = bytes[rest % KINDS];
			for (unsigned mode = 0; mode < 4; mode++)
				check(str_of(in, n), mode);
		}
	}
}

static uint32_t
random_next(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

/* Longer ones: runs of one kind of byte, so that counters overflow theirs. */
static void
at_random(void **state)
{
	static const char bytes[] = {
	    '\n', '\r', '\r', '\0', '.', 'x', (char)0xc3, '\n'};
	uint32_t x = 2463534242;
	char in[200];

	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		size_t n = 0;

		while (n < sizeof(in)) {
			char c = bytes[random_next(&x) % COUNT(bytes)];
			size_t run = random_next(&x) % 8;

			if (run == 0)
				run = random_next(&x) % 80;
			for (; run > 0 && n < sizeof(in); run--)
				in[n++] = c;
		}
		check(str_of(in, n), round % 4);
	}
}

/* B-03, B-04, and what the envelope is told of the content. */
static void
counts(void **state)
{
	struct lines l = {.dots_are_data = true};
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	feed(
	    &l, STR("abc\n\0a\rb\r\r\n.\nabcdef\r\0g\r"), 0, 1000, false, &out);
	assert_int_equal(l.bare_crs, 2);
	assert_int_equal(l.nuls, 2);
	assert_int_equal(l.longest, 6);
	assert_false(l.high);
	buf_clear(&out);
	feed(&l, STR("0123456789012345678901234567890123456789\x80\n"), 0, 3,
	    false, &out);
	assert_true(l.high);
	assert_int_equal(l.longest, 41);

	/* What follows the end is not looked at. */
	l = (struct lines){0};
	feed(&l, STR("a\n.\n\xff\0\r"), 0, 1000, false, &out);
	assert_true(l.done && !l.high);
	assert_int_equal(l.nuls, 0);
	buf_free(&out);
}

/* One byte that is not ASCII is seen wherever it stands (D-22). */
static void
high_anywhere(void **state)
{
	char in[200];
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	memset(in, 'x', sizeof(in));
	for (size_t i = 0; i <= sizeof(in); i++) {
		struct lines l = {0};

		if (i < sizeof(in))
			in[i] = (char)0x80;
		buf_clear(&out);
		feed(&l, str_of(in, sizeof(in)), 0, sizeof(in), false, &out);
		assert_int_equal(l.high, i < sizeof(in));
		if (i < sizeof(in))
			in[i] = 'x';
	}
	buf_free(&out);
}

/* The header's mode may change with each line; the rest is not taken. */
static void
line_by_line(void **state)
{
	struct str in = STR("a\rb\nc\rd\ne");
	struct lines l = {.header = true};
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	lines_feed(&l, &in, &out, true);
	assert_true(str_eq(buf_str(&out), STR("a\rb\r\n")));
	assert_true(str_eq(in, STR("c\rd\ne")));
	l.header = false;
	lines_feed(&l, &in, &out, true);
	assert_true(str_eq(buf_str(&out), STR("a\rb\r\nc\r\nd\r\n")));
	lines_feed(&l, &in, &out, true);
	assert_int_equal(in.n, 0);
	lines_end(&l, &out);
	assert_true(str_eq(buf_str(&out), STR("a\rb\r\nc\r\nd\r\ne\r\n")));
	buf_free(&out);
}

/* B-05: a line of any length, and B-01 with more CRs than are held. */
static void
long_lines(void **state)
{
	enum { MANY = 300000 };
	struct lines l = {0};
	struct buf in, out;

	(void)state;
	buf_init(&in, 1 << 20);
	buf_init(&out, 1 << 20);
	for (int i = 0; i < MANY; i++)
		buf_byte(&in, 'x');
	feed(&l, buf_str(&in), 1, 4096, false, &out);
	assert_int_equal(out.n, MANY + 2);
	assert_int_equal(l.longest, MANY);
	assert_memory_equal(out.p, in.p, MANY);

	buf_clear(&in);
	buf_clear(&out);
	l = (struct lines){.header = true};
	for (int i = 0; i < MANY; i++)
		buf_byte(&in, '\r');
	buf_byte(&in, '\n');
	feed(&l, buf_str(&in), 1, 4096, false, &out);
	assert_int_equal(out.n, MANY - CRS + 2);
	assert_int_equal(l.bare_crs, MANY - CRS);
	buf_free(&in);
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(table),
	    cmocka_unit_test(exhaustive),
	    cmocka_unit_test(at_random),
	    cmocka_unit_test(counts),
	    cmocka_unit_test(high_anywhere),
	    cmocka_unit_test(line_by_line),
	    cmocka_unit_test(long_lines),
	};

	return cmocka_run_group_tests_name("mail/stuff", tests, NULL, NULL);
}
