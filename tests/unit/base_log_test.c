/* SPDX-License-Identifier: ISC */
/* base/err, base/code, base/log and base/clock: what people read. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/code.h"
#include "base/err.h"
#include "base/log.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
errors(void **state)
{
	struct err e = {0};

	(void)state;
	assert_int_equal(err_set(&e, ERR_SYNTAX, "line %d: %s", 7, "no"), -1);
	assert_int_equal(e.kind, ERR_SYNTAX);
	assert_int_equal(e.number, 0);
	assert_string_equal(e.text, "line 7: no");

	assert_int_equal(err_while(&e, "reading %s", "x.conf"), -1);
	assert_int_equal(e.kind, ERR_SYNTAX);
	assert_string_equal(e.text, "reading x.conf: line 7: no");

	errno = ENOENT;
	assert_int_equal(err_sys(&e, "%s", "/etc/x"), -1);
	assert_int_equal(e.kind, ERR_SYSTEM);
	assert_int_equal(e.number, ENOENT);
	assert_string_equal(e.text, "/etc/x: No such file or directory");
	assert_int_equal(err_while(&e, "start"), -1);
	assert_int_equal(e.number, ENOENT);

	/* An error is not what was before it. */
	(void)err_set(&e, ERR_LIMIT, "too much");
	assert_int_equal(e.number, 0);
	assert_string_equal(e.text, "too much");
}

/* Long texts are cut; the reason of the system stays whole. */
static void
errors_are_cut(void **state)
{
	struct err e = {0};
	char text[1000];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';

	(void)err_set(&e, ERR_LIMIT, "%s", text);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	(void)err_while(&e, "%s", "abc");
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	assert_memory_equal(e.text, "abc: xx", 7);
	(void)err_while(&e, "%s", text);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	assert_non_null(strstr(e.text, "x: abc: xx"));

	errno = EACCES;
	(void)err_sys(&e, "%s", text);
	assert_non_null(strstr(e.text, "xxx: Permission denied"));
	for (int i = 0; i < 1000; i++)
		(void)err_while(&e, "layer %d", i);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	assert_memory_equal(e.text, "layer 999: layer 998: ", 22);
}

static void
inert(void **state)
{
	static const struct {
		struct str in;
		size_t max;
		const char *out;
	} rows[] = {
	    {{"", 0}, 10, ""},
	    {{NULL, 0}, 0, ""},
	    {{"plain ~!", 8}, 100, "plain ~!"},
	    {{"a\tb", 3}, 100, "a b"},
	    {{"a\r\nb", 4}, 100, "a\\x0d\\x0ab"},
	    {{"\0\x1f\x7f\x80\xff", 5}, 100, "\\x00\\x1f\\x7f\\x80\\xff"},
	    {{"\033[2J", 4}, 100, "\\x1b[2J"},
	    {{"\xc3\xa4", 2}, 100, "\\xc3\\xa4"},
	    {{"\xc2\x9b"
	      "2J",
		 4},
		100, "\\xc2\\x9b2J"}, /* a one-byte CSI */
	    /* What fits is not cut, what does not is cut to fit. */
	    {{"abcdef", 6}, 6, "abcdef"},
	    {{"abcdefg", 7}, 6, "abc..."},
	    {{"ab\n", 3}, 6, "ab\\x0a"},
	    {{"abc\n", 4}, 6, "abc..."},
	    {{"a\nbc", 4}, 6, "a..."}, /* never half an escape */
	    {{"\n\n", 2}, 8, "\\x0a\\x0a"},
	    {{"\n\n", 2}, 7, "\\x0a..."},
	    {{"abcd", 4}, 3, "..."},
	    {{"abc", 3}, 3, "abc"},
	    {{"abc", 3}, 2, ".."},
	    {{"ab", 2}, 2, "ab"},
	    {{"ab", 2}, 1, "."},
	    {{"a", 1}, 1, "a"},
	    {{"a", 1}, 0, ""},
	};
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_clear(&b);
		code_inert(&b, rows[i].in, rows[i].max);
		assert_string_equal(b.p, rows[i].out);
		/* The same behind other content: max counts what is added. */
		buf_clear(&b);
		buf_add(&b, STR("0123456789"));
		code_inert(&b, rows[i].in, rows[i].max);
		assert_string_equal(b.p + 10, rows[i].out);
	}
	/* Each byte: one printable character or four, and nothing else. */
	for (int i = 0; i < 256; i++) {
		char c = (char)i;

		buf_clear(&b);
		code_inert(&b, str_of(&c, 1), 4);
		assert_int_equal(
		    b.n, i == '\t' || (i >= 32 && i < 127) ? 1 : 4);
		for (size_t k = 0; k < b.n; k++)
			assert_true(b.p[k] >= 32 && b.p[k] < 127);
	}
	buf_free(&b);
}

static void
base36(void **state)
{
	static const struct {
		uint64_t n;
		size_t width;
		const char *out;
	} rows[] = {
	    {0, 0, "0"},
	    {0, 1, "0"},
	    {0, 3, "000"},
	    {35, 1, "Z"},
	    {36, 1, "10"},
	    {1295, 2, "ZZ"},
	    {1296, 2, "100"},
	    {UINT64_MAX, 1, "3W5E11264SGSF"},
	    {1, 13, "0000000000001"},
	    {1, SIZE_MAX, "0000000000001"},
	};
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_clear(&b);
		code_base36(&b, rows[i].n, rows[i].width);
		assert_string_equal(b.p, rows[i].out);
	}
	buf_free(&b);
}

/* xtext is what RFC 3461, 4, says, of every byte. */
static void
xtext(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	code_xtext(&b, STR("!a+b=c ~\\\"<>\r\n\t\0\177\200\377"));
	assert_string_equal(b.p, "!a+2Bb+3Dc+20~\\\"<>+0D+0A+09+00+7F+80+FF");
	for (int c = 0; c < 256; c++) {
		char byte = (char)c;

		buf_clear(&b);
		code_xtext(&b, str_of(&byte, 1));
		for (size_t i = 0; i < b.n; i++)
			assert_true(b.p[i] > 32 && b.p[i] < 127 &&
			    b.p[i] != '=' && (b.p[i] != '+' || b.n == 3));
	}
	buf_free(&b);
}

struct heard {
	unsigned lines;
	enum log_level level;
	char part[20];
	char text[3000];
};

static void
hear(void *ctx, enum log_level level, const char *part, struct str line)
{
	struct heard *heard = ctx;

	heard->lines++;
	heard->level = level;
	(void)snprintf(heard->part, sizeof(heard->part), "%s", part);
	assert_true(line.n < sizeof(heard->text));
	memcpy(heard->text, line.p, line.n);
	heard->text[line.n] = '\0';
	for (size_t i = 0; i < line.n; i++)
		assert_true(line.p[i] >= 32 && line.p[i] < 127);
}

/* J-01: one event is one line, whatever a stranger has put in it. */
static void
log_lines(void **state)
{
	struct heard heard = {0};
	char text[5000];

	(void)state;
	log_to(NULL, NULL);
	log_event(LOG_LEVEL_ERROR, "smtp", "nobody hears %d", 1);

	log_to(hear, &heard);
	log_event(LOG_LEVEL_INFO, "smtp", "to=<%s>, status=%s",
	    "a@b\nOct 1 host sshd[1]: root logged in\r\n", "sent");
	assert_int_equal(heard.lines, 1);
	assert_int_equal(heard.level, LOG_LEVEL_INFO);
	assert_string_equal(heard.part, "smtp");
	assert_string_equal(heard.text,
	    "to=<a@b\\x0aOct 1 host sshd[1]: root logged in\\x0d\\x0a>, "
	    "status=sent");

	log_event(LOG_LEVEL_WARNING, "pickup", "%s", "\033]0;x\a\x9b");
	assert_string_equal(heard.text, "\\x1b]0;x\\x07\\x9b");

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_event(LOG_LEVEL_INFO, "smtp", "%s", text);
	assert_true(strlen(heard.text) <= 2000);
	memset(text, '\n', sizeof(text) - 1);
	log_event(LOG_LEVEL_INFO, "smtp", "%s", text);
	assert_true(strlen(heard.text) <= 2000);
	assert_string_equal(heard.text + strlen(heard.text) - 7, "\\x0a...");
	log_event(LOG_LEVEL_INFO, "smtp", "%s", "");
	assert_string_equal(heard.text, "");
	assert_int_equal(heard.lines, 5);

	log_to(NULL, NULL);
	log_event(LOG_LEVEL_INFO, "smtp", "nobody hears");
	assert_int_equal(heard.lines, 5);
}

static void
clocks(void **state)
{
	int64_t last = clock_now();
	struct timespec wall = clock_wall();

	(void)state;
	assert_true(last > 0);
	for (int i = 0; i < 1000; i++) {
		int64_t now = clock_now();

		assert_true(now >= last);
		last = now;
	}
	assert_true(wall.tv_sec > 1700000000);
	assert_true(wall.tv_nsec >= 0 && wall.tv_nsec < 1000000000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(errors),
	    cmocka_unit_test(errors_are_cut),
	    cmocka_unit_test(inert),
	    cmocka_unit_test(base36),
	    cmocka_unit_test(xtext),
	    cmocka_unit_test(log_lines),
	    cmocka_unit_test(clocks),
	};

	return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}
