/* SPDX-License-Identifier: ISC */
/* mail/complete: whole headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "mail/complete.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define S(literal)                              \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}

#define EPOCH "Thu, 1 Jan 1970 00:00:00 +0000"
#define RECEIVED \
	"Received: by h.example (hantar, from userid 7)\n\tid Q1; " EPOCH "\n"
#define DATE "Date: " EPOCH "\n"
#define FROM "From: Full Name <me@m.example>\n"
#define ID "Message-ID: <0.Q1.r4@m.example>\n"
#define ALL DATE FROM ID

static struct complete
usual(void)
{
	return (struct complete){
	    .sender = {STR("me"), STR("m.example"), STR("")},
	    .login = STR("login"),
	    .full_name = STR("Full Name"),
	    .hostname = STR("h.example"),
	    .mailname = STR("m.example"),
	    .id = STR("Q1"),
	    .random = STR("r4"),
	    .uid = 7,
	    .add = true,
	    .qualify = true,
	};
}

/* text has LF for CRLF; the result, too. */
static void
run(struct buf *got, struct str text, const struct complete *c)
{
	struct pool p = {0};
	struct str line;
	struct head h;
	struct field *f;
	struct buf wire, out;
	size_t n;

	head_init(&h, 1 << 20);
	buf_init(&wire, 1 << 20);
	buf_init(&out, 1 << 20);
	while (text.n > 0 && str_split(&text, '\n', &line)) {
		buf_clear(&wire);
		buf_add(&wire, line);
		buf_add(&wire, STR("\r\n"));
		assert_int_equal(head_line(&h, buf_str(&wire)), HEAD_MORE);
	}
	head_fields(&p, &h, &f, &n);
	complete_header(&out, f, n, c);
	for (size_t i = 0; i < out.n; i++)
		if (out.p[i] != '\r')
			buf_byte(got, out.p[i]);
		else
			assert_true(out.p[i + 1] == '\n');
	pool_free(&p);
	head_free(&h);
	buf_free(&wire);
	buf_free(&out);
}

static const struct {
	const char *title;
	const char *in;
	const char *out; /* behind Received */
} rows[] = {
    {"B-13, B-14, B-15, B-18: nothing is there", "", ALL},
    {"B-11: all is there", ALL "X: y\n", ALL "X: y\n"},
    {"B-13: Date is missing", FROM ID, FROM ID DATE},
    {"B-14: From is missing", DATE ID, DATE ID FROM},
    {"B-15: Message-ID is missing", DATE FROM, DATE FROM ID},
    {"B-15: Message-ID is empty", "Message-ID: \n \n" DATE FROM, DATE FROM ID},
    {"B-15: one of two is empty", "message-id:\n" ALL, ALL},
    {"B-15: one is never changed", "MESSAGE-ID:  <x@y>  (z)\n" DATE FROM,
	"MESSAGE-ID:  <x@y>  (z)\n" DATE FROM},
    {"B-11: case, blanks, folds, order, repeats",
	"subject:  a  \nX-B:\tc\n\td\n \n" ALL "X-B: e\nSubject: f\n",
	"subject:  a  \nX-B:\tc\n\td\n \n" ALL "X-B: e\nSubject: f\n"},
    {"B-11: names that begin alike", "X-Date: a\nDateX: b\nFro: c\n",
	"X-Date: a\nDateX: b\nFro: c\n" ALL},
    {"B-14: an empty From is none of ours", "From:\n" DATE ID,
	"From:\n" DATE ID},
    {"B-16: several authors", "From: a@b, C <d@e>\n" DATE ID,
	"From: a@b, C <d@e>\n" DATE ID "Sender: Full Name <me@m.example>\n"},
    {"B-16: and their Sender", "From: a@b, c@d\nsender: a@b\n" DATE ID,
	"From: a@b, c@d\nsender: a@b\n" DATE ID},
    {"B-16: not because the envelope's sender differs",
	"From: other@b\n" DATE ID, "From: other@b\n" DATE ID},
    {"B-16: nor for what cannot be read", "From: a@b, c d\n" DATE ID,
	"From: a@b, c d\n" DATE ID},
    {"B-18: before other trace fields", "Received: x\n" ALL,
	"Received: x\n" ALL},
    {"B-21: Return-Path", "Return-Path: <a@b>\n" ALL "return-path:\n", ALL},
    {"B-22: Bcc, folded, in any case",
	"Bcc: a,\n\tb\n \nBCC: c\nbcc:\nResent-Bcc: d\n" ALL,
	"Resent-Date: " EPOCH "\nResent-From: Full Name <me@m.example>\n"
	"Resent-Message-ID: <0.Q1.r4.r@m.example>\n" ALL},
    {"B-22: Bcc with a blank before its colon", ALL "Bcc : a\n", ALL},
    {"B-22: no other name", ALL "X-Bcc: a\nBcc-X: b\n",
	ALL "X-Bcc: a\nBcc-X: b\n"},
    {"B-23: nobody is left, nothing is added", "Bcc: a\n" ALL, ALL},
    {"B-24: Content-Length", "Content-Length: 7\n" ALL "Content-Type: x\n",
	ALL "Content-Type: x\n"},
    {"B-32: all is added on top of the block",
	"X: y\nResent-To: a@b\n" ALL "To: b\n",
	"X: y\nResent-Date: " EPOCH "\nResent-From: Full Name <me@m.example>\n"
	"Resent-Message-ID: <0.Q1.r4.r@m.example>\nResent-To: a@b\n" ALL
	"To: b\n"},
    {"B-32: what is missing of the topmost",
	"Resent-From: x@y\nResent-To: a@b\nReceived: y\nResent-Date: b\n"
	"Resent-Message-ID: c\n" ALL,
	"Resent-Date: " EPOCH "\nResent-Message-ID: <0.Q1.r4.r@m.example>\n"
	"Resent-From: x@y\nResent-To: a@b\nReceived: y\nResent-Date: b\n"
	"Resent-Message-ID: c\n" ALL},
    {"B-32: nothing is missing",
	"Resent-From: x@y\nResent-Date: y\nResent-Message-ID: z\n" ALL,
	"Resent-From: x@y\nResent-Date: y\nResent-Message-ID: z\n" ALL},
    {"B-32: the original's fields are looked at by themselves",
	"Resent-From: x@y\nResent-Date: y\nResent-Message-ID: z\n",
	"Resent-From: x@y\nResent-Date: y\nResent-Message-ID: z\n" ALL},
    {"B-42: a name that ends in a name of ours", "Resent-: x\n",
	"Resent-: x\n" ALL},
    {"B-25: cron's", "From: root (Cron Daemon)\nTo: root\n" DATE ID,
	"From: root@m.example (Cron Daemon)\nTo: root@m.example\n" DATE ID},
    {"B-25: in five fields, in any case",
	"FROM: a\nsender: b\nReply-To: c\nto: d\ncC: e\n" DATE ID,
	"FROM: a@m.example\nsender: b@m.example\nReply-To: c@m.example\n"
	"to: d@m.example\ncC: e@m.example\n" DATE ID},
    {"B-25: in no other", ALL "X-To: a\nIn-Reply-To: b\nTo-X: c\nReturn: d\n",
	ALL "X-To: a\nIn-Reply-To: b\nTo-X: c\nReturn: d\n"},
    {"B-25 B-11: what has a domain stays", ALL "To: a@localhost, <b@c>\n",
	ALL "To: a@localhost, <b@c>\n"},
    {"B-25: in each field of a name", "From: a\nFrom: b@c\nFrom: d\n" DATE ID,
	"From: a@m.example\nFrom: b@c\nFrom: d@m.example\n" DATE ID},
    {"B-25: a field without an address", ALL "To:\nCc: undisclosed: ;\n",
	ALL "To:\nCc: undisclosed: ;\n"},
    {"B-25: a field that is no list", ALL "To: a, b c, d\nCc: \"e\n",
	ALL "To: a, b c, d\nCc: \"e\n"},
    {"B-25: of a message that is resent, what is new about it",
	"Resent-To: a\nResent-From: b\nReceived: x\nResent-To: c\n"
	"From: d\nTo: e\n" DATE ID,
	"Resent-Date: " EPOCH "\nResent-Message-ID: <0.Q1.r4.r@m.example>\n"
	"Resent-To: a@m.example\nResent-From: b@m.example\nReceived: x\n"
	"Resent-To: c\nFrom: d\nTo: e\n" DATE ID},
};

static void
headers(void **state)
{
	struct complete c = usual();
	size_t wrong = 0;
	struct buf got, expected;

	(void)state;
	buf_init(&got, 1 << 20);
	buf_init(&expected, 1 << 20);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_clear(&got);
		buf_clear(&expected);
		buf_printf(&expected, "%s%s", RECEIVED, rows[i].out);
		run(&got, str_c(rows[i].in), &c);
		if (str_eq(buf_str(&got), buf_str(&expected)))
			continue;
		print_error("%s:\n%s", rows[i].title, got.p);
		wrong++;
	}
	buf_free(&got);
	buf_free(&expected);
	assert_int_equal(wrong, 0);
}

/* rules for From, of which some are for all. */
static const struct {
	const char *title;
	const char *rules;
	const char *in;
	const char *out;
} rewritings[] = {
    {"a qualified address without rules", "", "From: a@b\n", "From: a@b\n"},
    {"one with a rule for others", "c@d => x@y", "From: a@b\n", "From: a@b\n"},
    {"the address, and its name stays", "x@y", "From: A <a@b>\n",
	"From: A <x@y>\n"},
    {"the name, too", "X <x@y>", "From: A <a@b>\n", "From: X <x@y>\n"},
    {"in each field", "x@y", "From: a@b\nfrom: C <c>\n",
	"From: x@y\nfrom: C <x@y>\n"},
    {"in no other", "x@y",
	"From: a@b\nSender: c@d\nReply-To: e@f\nTo: g@h\nX-From: i@j\n",
	"From: x@y\nSender: c@d\nReply-To: e@f\nTo: g@h\nX-From: i@j\n"},
    {"B-14: one that is added", "me@m.example => X <x@y>", "To: g@h\n",
	"To: g@h\nFrom: X <x@y>\n"},
    {"B-14: with the caller's name", "@y.z", "To: g@h\n",
	"To: g@h\nFrom: Full Name <me@y.z>\n"},
    {"B-16: and a Sender that is", "me@m.example => @y", "From: a@b, c@d\n",
	"From: a@b, c@d\nSender: Full Name <me@y>\n"},
    {"one that cannot be read, for all", "x@y", "From: a b <c@d\n",
	"From: Full Name <x@y>\n"},
    {"an empty one, for all", "X <x@y>", "From:\n", "From: X <x@y>\n"},
    {"one that cannot be read, for some", "@b => x@y, @y", "From: a b\n",
	"From: a b\n"},
    {"B-32: the resender, and the author before", "@m.example => @y, @b => @z",
	"Resent-From: c\nResent-Date: d\nResent-Message-ID: e\nResent-To: f@b\n"
	"Received: g\nResent-From: h@b\nFrom: i@b\n",
	"Resent-From: c@y\nResent-Date: d\nResent-Message-ID: e\n"
	"Resent-To: f@b\nReceived: g\nResent-From: h@b\nFrom: i@z\n"},
};

static void
rewritten(void **state)
{
	struct buf in, got, want;
	size_t wrong = 0;

	(void)state;
	buf_init(&in, 1 << 20);
	buf_init(&got, 1 << 20);
	buf_init(&want, 1 << 20);
	for (size_t i = 0; i < COUNT(rewritings); i++) {
		struct complete c = usual();
		struct pool p = {0};
		struct rewrite r;
		struct err e;

		assert_int_equal(
		    rewrite_read(&r, str_c(rewritings[i].rules), &p, &e), 0);
		c.from = &r;
		buf_clear(&in);
		buf_clear(&got);
		buf_clear(&want);
		buf_printf(&in, DATE ID "%s", rewritings[i].in);
		buf_printf(&want, RECEIVED DATE ID "%s", rewritings[i].out);
		run(&got, buf_str(&in), &c);
		if (!str_eq(buf_str(&got), buf_str(&want))) {
			print_error("%s:\n%s", rewritings[i].title, got.p);
			wrong++;
		}
		pool_free(&p);
	}
	buf_free(&in);
	buf_free(&got);
	buf_free(&want);
	assert_int_equal(wrong, 0);
}

/* A-37, B-25: -G adds nothing but Received, and does not replace. */
static void
relayed(void **state)
{
	struct complete c = usual();
	struct buf got;

	(void)state;
	c.add = false;
	c.qualify = false;
	buf_init(&got, 1 << 20);
	run(&got, STR("Resent-To: a\nMessage-ID:\nBcc: b\nFrom: c, d\nX: y\n"),
	    &c);
	assert_string_equal(
	    got.p, RECEIVED "Resent-To: a\nMessage-ID:\nFrom: c, d\nX: y\n");
	buf_free(&got);
}

/* B-14, B-16, A-16: whose mailbox it is. */
static void
senders(void **state)
{
	static const struct {
		const char *title;
		struct addr sender;
		struct str name;
		const char *from;
	} cases[] = {
	    {"B-14: the envelope's", {S("a"), S("b"), S("x")}, S("N"),
		"From: N <a@b>\n"},
	    {"B-14: without a name", {S("a"), S("b"), S("x")}, S(""),
		"From: <a@b>\n"},
	    {"B-14: with a name of nothing", {S("a"), S("b"), S("")},
		S(" \r\n"), "From: <a@b>\n"},
	    {"B-14: null: the caller's", {S(""), S(""), S("")}, S("N"),
		"From: N <login@m.example>\n"},
	    {"a local name", {S("root"), S(""), S("")}, S("N"),
		"From: N <root@m.example>\n"},
	    {"B-27: quoted", {S("a b"), S("c"), S("")}, S("N"),
		"From: N <\"a b\"@c>\n"},
	    {"B-42: line ends in -F", {S("a"), S("b"), S("")},
		S("N\r\nBcc: x\n\n"), "From: \"NBcc: x\" <a@b>\n"},
	    {"B-40: a domain in another script",
		{S("a"),
		    S("b\xc3\xbc"
		      "cher.example"),
		    S("")},
		S("N"), "From: N <a@xn--bcher-kva.example>\n"},
	    {"B-42: line ends in an address",
		{S("a\r\nBcc:c"), S("b\n"), S("")}, S("N"),
		"From: N <\"aBcc:c\"@b>\n"},
	};
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct complete c = usual();
		struct buf got;

		buf_init(&got, 1 << 20);
		c.sender = cases[i].sender;
		c.full_name = cases[i].name;
		run(&got, STR(DATE ID), &c);
		if (strcmp(got.p + sizeof(RECEIVED DATE ID) - 1,
			cases[i].from) != 0) {
			print_error("%s:\n%s", cases[i].title, got.p);
			wrong++;
		}
		buf_free(&got);
	}
	assert_int_equal(wrong, 0);
}

/* B-42: no value of ours makes a line, whichever it stands in. */
static void
injection(void **state)
{
	const struct str evil = STR("e\r\nBcc: x\r\n\r\n\0y\n");
	struct complete c = usual();
	struct str *values[] = {&c.login, &c.full_name, &c.hostname,
	    &c.mailname, &c.id, &c.random, &c.sender.local, &c.sender.domain};

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		struct buf got;
		size_t lines = 0;

		buf_init(&got, 1 << 20);
		c = usual();
		*values[i] = evil;
		if (i == 0)
			c.sender = (struct addr){STR(""), STR(""), STR("")};
		run(&got, STR("Resent-To: a\n"), &c);
		assert_int_equal(strlen(got.p), got.n);
		assert_null(strstr(got.p, "\n\n"));
		assert_null(strstr(got.p, "\nBcc"));
		for (size_t k = 0; k < got.n; k++)
			lines += got.p[k] == '\n' && got.p[k + 1] != ' ' &&
			    got.p[k + 1] != '\t';
		assert_int_equal(lines, 8);
		buf_free(&got);
	}
}

/* B-15: it differs with time, id and random part; B-32: and in a resending. */
static void
unique(void **state)
{
	struct complete cases[5];
	struct buf seen[5];

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		cases[i] = usual();
		cases[i].now = i == 1;
		if (i == 2)
			cases[i].id = STR("Q2");
		if (i == 3)
			cases[i].random = STR("r5");
		if (i == 4)
			cases[i].mailname = STR("n.example");
		buf_init(&seen[i], 10000);
		run(&seen[i], STR("Date: x\nFrom: y\n"), &cases[i]);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(
			    strstr(seen[i].p, "\nMessage-ID:"),
			    strstr(seen[k].p, "\nMessage-ID:"));
	}
	for (size_t i = 0; i < 5; i++)
		buf_free(&seen[i]);
}

/* Long host names and names make short lines, where there is a blank. */
static void
folding(void **state)
{
	struct complete c = usual();
	struct buf got;
	size_t column = 0;

	(void)state;
	c.hostname = STR("a-rather-long-host-name.in-a-long-domain.example");
	c.mailname = c.hostname;
	c.sender.local = STR("an-even-longer-local-part-of-an-address");
	c.full_name = STR("A Very Long Name, Of Many Words; \"Quotes\" And So "
			  "On, So That It Does Not Fit On One Line Nor On Two");
	c.uid = 4294967295;
	buf_init(&got, 10000);
	run(&got, STR("Resent-To: a\n"), &c);
	for (size_t i = 0; i < got.n; i++) {
		column = got.p[i] == '\n' ? 0 : column + 1;
		assert_true(column < 78);
	}
	buf_free(&got);
}

static int
in_utc(void **state)
{
	(void)state;
	if (setenv("TZ", "UTC0", 1) < 0)
		return -1;
	tzset();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(headers),
	    cmocka_unit_test(rewritten),
	    cmocka_unit_test(relayed),
	    cmocka_unit_test(senders),
	    cmocka_unit_test(injection),
	    cmocka_unit_test(unique),
	    cmocka_unit_test(folding),
	};

	return cmocka_run_group_tests_name(
	    "mail/complete", tests, in_utc, NULL);
}
