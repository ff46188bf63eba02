/* SPDX-License-Identifier: ISC */
#include "smtp/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "smtp/extend.h"

struct row {
	const char *title;
	const char *bytes;
	enum reply_state state;
	unsigned code;
	const char *printed; /* or NULL */
	size_t left;	     /* bytes that are not the reply's */
};

static const struct row rows[] = {
    {"D-06: one line", "250 ok\r\n", REPLY_DONE, 250, "250 ok", 0},
    {"D-06: no text", "250\r\n", REPLY_DONE, 250, "250", 0},
    {"D-06: a space and no text", "250 \r\n", REPLY_DONE, 250, "250", 0},
    {"D-06: empty lines within", "550-\r\n550-5.2.1 full\r\n550 bye\r\n",
	REPLY_DONE, 550, "550 5.2.1 full bye", 0},
    {"D-06: several lines", "250-a\r\n250-b\r\n250 c\r\n", REPLY_DONE, 250,
	"250 a b c", 0},
    {"D-06: the last line may have no text", "250-a\r\n250\r\n", REPLY_DONE,
	250, "250 a", 0},
    {"D-09: bare LF ends a line", "220 hi\n", REPLY_DONE, 220, "220 hi", 0},
    {"D-09: control bytes are made visible", "250 a\001b\033[31m\r\n",
	REPLY_DONE, 250, "250 a\\x01b\\x1b[31m", 0},
    {"D-16: not one byte more is taken", "250 ok\r\n354 go\r\n", REPLY_DONE,
	250, "250 ok", 8},
    {"D-06: not complete", "250-a\r\n250 b", REPLY_MORE, 0, NULL, 0},
    {"D-06: the code changes", "250-a\r\n550 b\r\n", REPLY_BAD, 0, NULL, 0},
    {"D-06: two digits", "25 ok\r\n", REPLY_BAD, 0, NULL, 0},
    {"D-06: four digits", "2500 ok\r\n", REPLY_BAD, 0, NULL, 0},
    {"D-06: first digit 1", "150 ok\r\n", REPLY_BAD, 0, NULL, 0},
    {"D-06: first digit 6", "650 ok\r\n", REPLY_BAD, 0, NULL, 0},
    {"D-06: zeros", "000 ok\r\n", REPLY_BAD, 0, NULL, 0},
    {"D-06: an empty line", "\r\n", REPLY_BAD, 0, NULL, 0},
    {"D-06: another protocol", "HTTP/1.1 400 Bad Request\r\n", REPLY_BAD, 0,
	NULL, 0},
    {"D-06: a tab behind the code", "250\tok\r\n", REPLY_BAD, 0, NULL, 0},
    {"D-07: an unknown code is of its class", "259 ok\r\n", REPLY_DONE, 259,
	"259 ok", 0},
};

static enum reply_state
feed(struct reply *r, struct str in, size_t chunk, size_t *left)
{
	enum reply_state state = REPLY_MORE;

	reply_start(r);
	while (state == REPLY_MORE && in.n > 0) {
		struct str piece = str_slice(in, 0, chunk);
		size_t before = piece.n;

		state = reply_feed(r, &piece);
		in = str_slice(in, before - piece.n, in.n);
	}
	*left = in.n;
	return state;
}

/* Every row, whole and in pieces of every size. */
static void
table(void **state)
{
	struct reply r;

	(void)state;
	reply_init(&r);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t chunk = 1; chunk < 40; chunk++) {
			size_t left;
			struct str in = str_c(rows[i].bytes);
			enum reply_state got = feed(&r, in, chunk, &left);
			struct buf b;

			if (got != rows[i].state)
				fail_msg("%s: state %d", rows[i].title, got);
			if (got != REPLY_DONE)
				continue;
			buf_init(&b, 1000);
			reply_print(&b, &r, 500);
			assert_int_equal(r.code, rows[i].code);
			assert_string_equal(b.p, rows[i].printed);
			assert_int_equal(left, rows[i].left);
			buf_free(&b);
		}
	reply_free(&r);
}

static void
repeat(struct buf *b, const char *text, size_t n)
{
	while (n-- > 0)
		buf_add(b, str_c(text));
}

/* D-08: long lines are read and cut; endless replies are garbage. */
static void
bounds(void **state)
{
	struct reply r;
	struct buf b;
	size_t left;

	(void)state;
	reply_init(&r);
	buf_init(&b, 1 << 20);

	buf_add(&b, STR("250 "));
	repeat(&b, "x", 10000);
	buf_add(&b, STR("\r\n"));
	assert_int_equal(feed(&r, buf_str(&b), 700, &left), REPLY_DONE);
	assert_true(r.text.n <= REPLY_LINE_KEPT);

	buf_clear(&b);
	repeat(&b, "250-x\r\n", REPLY_LINES);
	buf_add(&b, STR("250 x\r\n"));
	assert_int_equal(feed(&r, buf_str(&b), 700, &left), REPLY_BAD);

	buf_clear(&b);
	repeat(&b, "250-x\r\n", REPLY_LINES - 1);
	buf_add(&b, STR("250 x\r\n"));
	assert_int_equal(feed(&r, buf_str(&b), 700, &left), REPLY_DONE);

	buf_clear(&b);
	repeat(&b, "x", REPLY_BYTES + 1000);
	assert_int_equal(feed(&r, buf_str(&b), 700, &left), REPLY_BAD);
	assert_true(r.line.size <= 2 * REPLY_LINE_KEPT);
	assert_true(left > 0);

	buf_free(&b);
	reply_free(&r);
}

/* D-05: keywords in any case, unknown ones ignored, the first line no one. */
static void
extensions(void **state)
{
	struct extend x;

	(void)state;
	extend_read(&x,
	    STR("STARTTLS PIPELINING\npipelining\nSize 1000\n"
		"X-NEW 1 2\n8bitmime\nSTARTTLS\n"));
	assert_true(x.pipelining && x.eightbit && x.starttls && x.size);
	assert_int_equal(x.size_max, 1000);
	extend_read(&x, STR("STARTTLS\n"));
	assert_false(x.starttls);
	/* D-20: no limit is known. */
	extend_read(&x, STR("host\nSIZE\n"));
	assert_true(x.size);
	assert_int_equal(x.size_max, 0);
	extend_read(&x, STR("host\nSIZE 99999999999999999999999\n"));
	assert_true(x.size);
	assert_int_equal(x.size_max, 0);
	extend_read(&x, STR(""));
	assert_false(x.size || x.pipelining || x.eightbit || x.starttls);
}

/* D-29: limits of 1 to 999999, the least of each; a wrong line is none. */
static void
limits(void **state)
{
	static const struct {
		const char *text;
		uint32_t mails, rcpts, domains;
	} lines[] = {
	    {"LIMITS", 0, 0, 0},
	    {"limits mailmax=1 RcptMax=20 RCPTDOMAINMAX=999999", 1, 20, 999999},
	    {"LIMITS RCPTMAX=5\nPIPELINING\nLIMITS MAILMAX=7 RCPTMAX=6", 7, 5,
		0},
	    {"LIMITS RCPTMAX=5 RCPTMAX=4", 0, 4, 0},
	    {"LIMITS NEW NEW_2=x MAILMAX=3 X-Y=\\:~", 3, 0, 0},
	    {"LIMITS MAILMAX=0 RCPTMAX=1000000 RCPTDOMAINMAX=2", 0, 0, 2},
	    {"LIMITS MAILMAX=05 RCPTMAX=-1 RCPTDOMAINMAX=+2", 0, 0, 0},
	    {"LIMITS MAILMAX RCPTMAX=5x RCPTDOMAINMAX=99999999999999999999", 0,
		0, 0},
	    {"LIMITS MAILMAX=1 RCPTMAX=", 0, 0, 0},
	    {"LIMITS MAILMAX=1  RCPTMAX=2", 0, 0, 0},
	    {"LIMITS MAILMAX=1 =2", 0, 0, 0},
	    {"LIMITS MAILMAX=1;RCPTMAX=2", 0, 0, 0},
	    {"LIMITS MAILMAX=1 X=\xc3\xb6", 0, 0, 0},
	    {"LIMITS MAILMAX=1 X\x01=2", 0, 0, 0},
	    {"LIMITS=MAILMAX=1", 0, 0, 0},
	    {"LIMITS MAILMAX=1=2 RCPTMAX=3", 0, 3, 0},
	};
	struct extend x;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct buf b;

		buf_init(&b, 1000);
		buf_printf(&b, "LIMITS MAILMAX=9\n%s\n", lines[i].text);
		extend_read(&x, buf_str(&b));
		buf_free(&b);
		assert_int_equal(x.limit[LIMIT_MAILS], lines[i].mails);
		assert_int_equal(x.limit[LIMIT_RCPTS], lines[i].rcpts);
		assert_int_equal(x.limit[LIMIT_DOMAINS], lines[i].domains);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(table),
	    cmocka_unit_test(bounds),
	    cmocka_unit_test(extensions),
	    cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
