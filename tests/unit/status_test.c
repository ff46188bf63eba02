/* SPDX-License-Identifier: ISC */
/* mail/status: what replies and our own words come to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sysexits.h>
#include <cmocka.h>

#include "mail/status.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *title;
	enum blame blame;
	unsigned code;
	const char *text;
	enum outcome outcome;
	const char *enhanced;
	int exit;
} replies[] = {
    {"D-07: 2yz", BLAME_RCPT, 250, "ok", OUTCOME_DELIVERED, "2.0.0", EX_OK},
    {"D-07: 4yz", BLAME_RCPT, 499, "no", OUTCOME_DEFERRED, "4.0.0",
	EX_TEMPFAIL},
    {"D-07: 5yz", BLAME_RCPT, 599, "no", OUTCOME_FAILED, "5.0.0",
	EX_UNAVAILABLE},
    {"D-07: 3yz where none belongs", BLAME_MESSAGE, 354, "go", OUTCOME_DEFERRED,
	"4.0.0", EX_TEMPFAIL},
    {"D-28: the text's enhanced code", BLAME_RCPT, 550, "5.2.1 disabled",
	OUTCOME_FAILED, "5.2.1", EX_UNAVAILABLE},
    {"D-28: and nothing else", BLAME_RCPT, 250, "2.1.5", OUTCOME_DELIVERED,
	"2.1.5", EX_OK},
    {"D-28: of another class", BLAME_MESSAGE, 550, "4.2.1 disabled",
	OUTCOME_FAILED, "5.0.0", EX_UNAVAILABLE},
    {"D-28: of two parts", BLAME_MESSAGE, 550, "5.2 disabled", OUTCOME_FAILED,
	"5.0.0", EX_UNAVAILABLE},
    {"D-28: of four parts", BLAME_MESSAGE, 550, "5.2.1.1 disabled",
	OUTCOME_FAILED, "5.0.0", EX_UNAVAILABLE},
    {"D-28: with a letter", BLAME_MESSAGE, 550, "5.2.x disabled",
	OUTCOME_FAILED, "5.0.0", EX_UNAVAILABLE},
    {"D-28: with an empty part", BLAME_MESSAGE, 550, "5..1 disabled",
	OUTCOME_FAILED, "5.0.0", EX_UNAVAILABLE},
    {"D-28: with four digits", BLAME_MESSAGE, 550, "5.0001.1 disabled",
	OUTCOME_FAILED, "5.0.0", EX_UNAVAILABLE},
    {"D-28: glued to the text", BLAME_MESSAGE, 550, "5.2.1: disabled",
	OUTCOME_FAILED, "5.0.0", EX_UNAVAILABLE},
    {"D-28: later in the text", BLAME_MESSAGE, 550, "no 5.2.1", OUTCOME_FAILED,
	"5.0.0", EX_UNAVAILABLE},
    {"no text", BLAME_MESSAGE, 550, "", OUTCOME_FAILED, "5.0.0",
	EX_UNAVAILABLE},
    {"3463: a bare 550 for a recipient", BLAME_RCPT, 550, "no", OUTCOME_FAILED,
	"5.1.1", EX_NOUSER},
    {"3463: a bare 550 for a message", BLAME_MESSAGE, 550, "no", OUTCOME_FAILED,
	"5.0.0", EX_UNAVAILABLE},
    {"3463: a bare 452 for a recipient", BLAME_RCPT, 452, "full",
	OUTCOME_DEFERRED, "4.3.1", EX_TEMPFAIL},
    {"A-46: unknown user", BLAME_RCPT, 550, "5.1.1 no", OUTCOME_FAILED, "5.1.1",
	EX_NOUSER},
    {"A-46: moved", BLAME_RCPT, 551, "5.1.6 no", OUTCOME_FAILED, "5.1.6",
	EX_NOUSER},
    {"A-46: no such host", BLAME_RCPT, 550, "5.1.2 no", OUTCOME_FAILED, "5.1.2",
	EX_NOHOST},
    {"A-46: null MX", BLAME_RCPT, 556, "no mail", OUTCOME_FAILED, "5.1.10",
	EX_NOHOST},
    {"A-46: not known yet", BLAME_RCPT, 450, "4.1.1 later", OUTCOME_DEFERRED,
	"4.1.1", EX_TEMPFAIL},
    {"A-47: a message that cannot be sent so", BLAME_MESSAGE, 554, "5.6.1 no",
	OUTCOME_FAILED, "5.6.1", EX_DATAERR},
    {"A-46: other", BLAME_MESSAGE, 554, "5.7.1 spam", OUTCOME_FAILED, "5.7.1",
	EX_UNAVAILABLE},
    {"A-46: a server's 5.4.4 is not ours", BLAME_RCPT, 550, "5.4.4 no",
	OUTCOME_FAILED, "5.4.4", EX_UNAVAILABLE},
};

static void
check(const char *title, const struct status *s, enum outcome outcome,
    const char *enhanced, int exit)
{
	struct buf b;

	buf_init(&b, 100);
	status_enhanced(&b, s);
	if (s->outcome != outcome || strcmp(b.p, enhanced) != 0 ||
	    status_exit(s) != exit)
		fail_msg("%s: %s %s %d", title, status_word(s->outcome), b.p,
		    status_exit(s));
	buf_free(&b);
}

static void
of_replies(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(replies); i++) {
		struct str text = str_c(replies[i].text);
		struct status s =
		    status_reply(replies[i].blame, replies[i].code, text);

		check(replies[i].title, &s, replies[i].outcome,
		    replies[i].enhanced, replies[i].exit);
		assert_int_equal(s.code, replies[i].code);
		assert_int_equal(s.blame, replies[i].blame);
		assert_true(str_eq(s.text, text));
	}
}

static const struct {
	const char *title;
	enum blame blame;
	const char *enhanced;
	enum outcome outcome;
	int exit;
} own[] = {
    {"class 2", BLAME_NONE, "2.0.0", OUTCOME_DELIVERED, EX_OK},
    {"class 4", BLAME_HOST, "4.4.1", OUTCOME_DEFERRED, EX_TEMPFAIL},
    {"class 5", BLAME_US, "5.3.5", OUTCOME_FAILED, EX_UNAVAILABLE},
    {"A-46: no such domain", BLAME_RCPT, "5.1.2", OUTCOME_FAILED, EX_NOHOST},
    {"A-46: null MX", BLAME_RCPT, "5.1.10", OUTCOME_FAILED, EX_NOHOST},
    {"A-46: no host to be found", BLAME_RCPT, "5.4.4", OUTCOME_FAILED,
	EX_NOHOST},
    {"A-46: unknown user", BLAME_RCPT, "5.1.1", OUTCOME_FAILED, EX_NOUSER},
    {"A-47: 8-bit and no 8BITMIME", BLAME_MESSAGE, "5.6.3", OUTCOME_FAILED,
	EX_DATAERR},
};

static void
of_ours(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(own); i++) {
		struct status s =
		    status_own(own[i].blame, own[i].enhanced, STR("text"));

		check(own[i].title, &s, own[i].outcome, own[i].enhanced,
		    own[i].exit);
		assert_int_equal(s.code, 0);
		assert_int_equal(s.blame, own[i].blame);
	}
}

static void
words(void **state)
{
	static const char *const all[] = {
	    [OUTCOME_OPEN] = "open",
	    [OUTCOME_DELIVERED] = "delivered",
	    [OUTCOME_DEFERRED] = "deferred",
	    [OUTCOME_FAILED] = "failed",
	};

	(void)state;
	for (int i = 0; i < (int)COUNT(all); i++) {
		assert_string_equal(status_word((enum outcome)i), all[i]);
		assert_int_equal(status_outcome(str_c(all[i])), i);
	}
	assert_int_equal(status_outcome(STR("")), -1);
	assert_int_equal(status_outcome(STR("Failed")), -1);
	assert_int_equal(status_outcome(STR("failed ")), -1);
}

/* An outcome that is still open is no success. */
static void
undecided(void **state)
{
	struct status s = {0};

	(void)state;
	check("nothing yet", &s, OUTCOME_OPEN, "0.0.0", EX_TEMPFAIL);
}

static void
kept(void **state)
{
	char text[] = "5.1.1 no such user";
	struct status s = status_reply(BLAME_RCPT, 550, str_c(text));
	struct pool p = {0};

	(void)state;
	s = status_keep(s, &p);
	text[0] = 'x';
	assert_true(str_eq(s.text, STR("5.1.1 no such user")));
	assert_int_equal(s.code, 550);
	pool_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(of_replies),
	    cmocka_unit_test(of_ours),
	    cmocka_unit_test(words),
	    cmocka_unit_test(undecided),
	    cmocka_unit_test(kept),
	};

	return cmocka_run_group_tests_name("mail/status", tests, NULL, NULL);
}
