/* SPDX-License-Identifier: ISC */
/* smtp/command: parameters for reports, whatever is asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/dsn_about.h"
#include "smtp/command.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define STR_INIT(literal)                       \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}

static const struct {
	const char *title;
	enum { DSN = 1, SIZE = 2, BODY = 4 } offered;
	const char *from;
	enum ret ret;
	struct str envid;
	const char *line;
} mails[] = {
    {"D-25", DSN, "a@x", RET_FULL, STR_INIT("id"),
	"MAIL FROM:<a@x> RET=FULL ENVID=id"},
    {"D-25", DSN, "a@x", RET_HDRS, STR_INIT(""), "MAIL FROM:<a@x> RET=HDRS"},
    {"D-25", DSN, "a@x", RET_UNSAID, STR_INIT("id"),
	"MAIL FROM:<a@x> ENVID=id"},
    {"D-25: nothing was asked for", DSN, "a@x", RET_UNSAID, STR_INIT(""),
	"MAIL FROM:<a@x>"},
    {"D-25: with others", DSN | SIZE | BODY, "a@x", RET_HDRS, STR_INIT("id"),
	"MAIL FROM:<a@x> SIZE=7 BODY=8BITMIME RET=HDRS ENVID=id"},
    {"D-26: it is not offered", SIZE, "a@x", RET_FULL, STR_INIT("id"),
	"MAIL FROM:<a@x> SIZE=7"},
    {"D-25: the null sender", DSN, "", RET_FULL, STR_INIT("id"),
	"MAIL FROM:<>"},
    {"A-24: xtext", DSN, "a@x", RET_UNSAID, STR_INIT("a+b=c\\<>"),
	"MAIL FROM:<a@x> ENVID=a+2Bb+3Dc\\<>"},
    {"J-01: what an entry of the spool might say", DSN, "a@x", RET_UNSAID,
	STR_INIT("a\r\nRSET b\0\377"),
	"MAIL FROM:<a@x> ENVID=a+0D+0ARSET+20b+00+FF"},
    {"D-13: 100 octets", DSN, "a@x", RET_UNSAID, STR_INIT(HUNDRED),
	"MAIL FROM:<a@x> ENVID=" HUNDRED},
    {"D-13: more as xtext: it is ours alone", DSN, "a@x", RET_FULL,
	STR_INIT("+" TEN TEN TEN TEN TEN TEN TEN TEN TEN "01234567"),
	"MAIL FROM:<a@x> RET=FULL"},
    {"D-13: a long path, 617 octets", DSN,
	HUNDRED HUNDRED HUNDRED HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN
	"abcdefgh",
	RET_UNSAID, STR_INIT(HUNDRED),
	"MAIL FROM:<" HUNDRED HUNDRED HUNDRED HUNDRED TEN TEN TEN TEN TEN TEN
	    TEN TEN TEN "abcdefgh> ENVID=" HUNDRED},
    {"D-13: a long path, and RET before it", DSN,
	HUNDRED HUNDRED HUNDRED HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN
	"abcdefgh",
	RET_FULL, STR_INIT(HUNDRED),
	"MAIL FROM:<" HUNDRED HUNDRED HUNDRED HUNDRED TEN TEN TEN TEN TEN TEN
	    TEN TEN TEN "abcdefgh> RET=FULL"},
};

static void
mail_from(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(mails); i++) {
		const struct extend offered = {
		    .dsn = mails[i].offered & DSN,
		    .size = mails[i].offered & SIZE,
		    .eightbit = mails[i].offered & BODY,
		};
		const struct letter letter = {
		    .from = str_c(mails[i].from),
		    .ret = mails[i].ret,
		    .envid = mails[i].envid,
		    .content = {.size = 7, .eightbit = true},
		};
		struct buf b;

		buf_init(&b, 4096);
		command_mail(&b, &letter, &offered);
		if (strcmp(b.p, mails[i].line) != 0)
			fail_msg("case %zu, %s: \"%s\", not \"%s\"", i,
			    mails[i].title, b.p, mails[i].line);
		buf_free(&b);
	}
}

static const struct {
	const char *title;
	bool dsn;
	const char *from;
	unsigned notify;
	struct str orcpt;
	const char *line; /* behind "RCPT TO:<u@y>" */
} rcpts[] = {
    {"D-25", true, "a@x", DSN_NEVER, STR_INIT("rfc822;u@y"),
	" NOTIFY=NEVER ORCPT=rfc822;u@y"},
    {"D-25", true, "a@x", DSN_ON_SUCCESS | DSN_ON_FAILURE | DSN_ON_DELAY,
	STR_INIT(""), " NOTIFY=SUCCESS,FAILURE,DELAY"},
    {"D-25", true, "a@x", DSN_ON_DELAY, STR_INIT(""), " NOTIFY=DELAY"},
    {"D-25: RET or ENVID was asked for", true, "a@x", 0,
	STR_INIT("rfc822;a+2Bb@y"), " ORCPT=rfc822;a+2Bb@y"},
    {"D-25: nothing was asked for", true, "a@x", 0, STR_INIT(""), ""},
    {"D-26: it is not offered", false, "a@x", DSN_ON_SUCCESS,
	STR_INIT("rfc822;u@y"), ""},
    {"G-21: of a report, never", true, "", DSN_NEVER, STR_INIT("rfc822;u@y"),
	" NOTIFY=NEVER"},
    {"D-25: the null sender is told of nothing", true, "", DSN_ON_SUCCESS,
	STR_INIT("rfc822;u@y"), ""},
    {"3461 4.1: never stands alone", true, "a@x", DSN_NEVER | DSN_ON_DELAY,
	STR_INIT(""), " NOTIFY=NEVER"},
    {"a bare name", true, "a@x", DSN_NEVER, STR_INIT("rfc822;root"),
	" NOTIFY=NEVER"},
    {"J-01: a blank", true, "a@x", 0, STR_INIT("rfc822;u@y NOTIFY=NEVER"), ""},
    {"J-01: a line end", true, "a@x", 0, STR_INIT("rfc822;u@y\r\nRSET"), ""},
    {"J-01: no xtext", true, "a@x", 0, STR_INIT("rfc822;u=@y"), ""},
    {"J-01: not ASCII", true, "a@x", 0, STR_INIT("rfc822;\303\274@y"), ""},
    {"J-01: another type", true, "a@x", 0, STR_INIT("x400;u@y"), ""},
    {"D-13: 500 octets", true, "a@x", DSN_NEVER,
	STR_INIT("rfc822;" HUNDRED HUNDRED HUNDRED HUNDRED TEN TEN TEN TEN TEN
		TEN TEN TEN TEN "1@y"),
	" NOTIFY=NEVER ORCPT=rfc822;" HUNDRED HUNDRED HUNDRED HUNDRED TEN TEN
	    TEN TEN TEN TEN TEN TEN TEN "1@y"},
    {"D-13: 501 octets", true, "a@x", DSN_NEVER,
	STR_INIT("rfc822;" HUNDRED HUNDRED HUNDRED HUNDRED TEN TEN TEN TEN TEN
		TEN TEN TEN TEN "12@y"),
	" NOTIFY=NEVER"},
};

static void
rcpt_to(void **state)
{
	const struct str to = STR("u@y");

	(void)state;
	for (size_t i = 0; i < COUNT(rcpts); i++) {
		const struct extend offered = {.dsn = rcpts[i].dsn};
		const struct asked asked = {rcpts[i].notify, rcpts[i].orcpt};
		const struct letter letter = {
		    .from = str_c(rcpts[i].from),
		    .to = &to,
		    .n = 1,
		    .asked = &asked,
		};
		struct buf b;

		buf_init(&b, 4096);
		command_rcpt(&b, &letter, 0, &offered);
		assert_true(str_starts(buf_str(&b), STR("RCPT TO:<u@y>")));
		buf_shift(&b, strlen("RCPT TO:<u@y>"));
		if (strcmp(b.p, rcpts[i].line) != 0)
			fail_msg("case %zu, %s: \"%s\", not \"%s\"", i,
			    rcpts[i].title, b.p, rcpts[i].line);
		buf_free(&b);
	}
}

/* D-13: with a path as long as can be, the line is no longer than allowed. */
static void
longest_rcpt(void **state)
{
	enum { LINE = 512 + 500 - 2 };
	static const struct extend offered = {.dsn = true};
	char path[500];
	char orcpt[500];
	struct asked asked = {.notify = DSN_NEVER};
	struct str to = {path, sizeof(path)};
	struct letter letter = {
	    .from = STR("a@x"), .to = &to, .n = 1, .asked = &asked};
	size_t longest = 0;

	(void)state;
	memset(path, 'u', sizeof(path));
	memset(orcpt, 'u', sizeof(orcpt));
	memcpy(orcpt, "rfc822;@", 8);
	for (size_t n = 8; n <= sizeof(orcpt); n++) {
		struct buf b;

		asked.orcpt = str_of(orcpt, n);
		buf_init(&b, 4096);
		command_rcpt(&b, &letter, 0, &offered);
		assert_true(b.n <= LINE);
		longest = b.n > longest ? b.n : longest;
		buf_free(&b);
	}
	assert_int_equal(longest, LINE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(mail_from),
	    cmocka_unit_test(rcpt_to),
	    cmocka_unit_test(longest_rcpt),
	};

	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
