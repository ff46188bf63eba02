/* SPDX-License-Identifier: ISC */
/* mail/complete: whole headers; and display names of all kinds, read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
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
	"X: y\nResent-To: a\n" ALL "To: b\n",
	"X: y\nResent-Date: " EPOCH "\nResent-From: Full Name <me@m.example>\n"
	"Resent-Message-ID: <0.Q1.r4.r@m.example>\nResent-To: a\n" ALL
	"To: b\n"},
    {"B-32: what is missing of the topmost",
	"Resent-From: x\nResent-To: a\nReceived: y\nResent-Date: b\n"
	"Resent-Message-ID: c\n" ALL,
	"Resent-Date: " EPOCH "\nResent-Message-ID: <0.Q1.r4.r@m.example>\n"
	"Resent-From: x\nResent-To: a\nReceived: y\nResent-Date: b\n"
	"Resent-Message-ID: c\n" ALL},
    {"B-32: nothing is missing",
	"Resent-From: x\nResent-Date: y\nResent-Message-ID: z\n" ALL,
	"Resent-From: x\nResent-Date: y\nResent-Message-ID: z\n" ALL},
    {"B-32: the original's fields are looked at by themselves",
	"Resent-From: x\nResent-Date: y\nResent-Message-ID: z\n",
	"Resent-From: x\nResent-Date: y\nResent-Message-ID: z\n" ALL},
    {"B-42: a name that ends in a name of ours", "Resent-: x\n",
	"Resent-: x\n" ALL},
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

/* A-37: -G adds nothing but Received, and does not replace. */
static void
relayed(void **state)
{
	struct complete c = usual();
	struct buf got;

	(void)state;
	c.add = false;
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

static const struct {
	struct str name;
	const char *phrase; /* as printed, or NULL */
} names[] = {
    {S("Jane Doe"), "Jane Doe"},
    {S("jane_doe-o'neill 3"), "jane_doe-o'neill 3"},
    {S("  Jane \t  Doe "), "Jane Doe"},
    {S("J. Doe"), "\"J. Doe\""},
    {S("Doe, Jane"), "\"Doe, Jane\""},
    {S("x@y, <z>; (c): [d]"), "\"x@y, <z>; (c): [d]\""},
    {S("\"Jane\" \\Doe"), "\"\\\"Jane\\\" \\\\Doe\""},
    {S("\\"), "\"\\\\\""},
    {S("\""), "\"\\\"\""},
    {S("(Jane"), "\"(Jane\""},
    {S("Jane\r\nBcc: x"), "\"JaneBcc: x\""},
    {S("Ja\0ne\177\033"), "Jane"},
    {S("J\xc3\xbcrgen"), "=?utf-8?Q?J=C3=BCrgen?="},
    {S("J\xfcrgen"), "=?iso-8859-1?Q?J=FCrgen?="},
    {S("J\xc3\0\xbcr\r\ngen X\n"), "=?utf-8?Q?J=C3=BCrgen_X?="},
    {S("=?utf-8?Q?evil?="), "=?utf-8?Q?=3D=3Futf-8=3FQ=3Fevil=3F=3D?="},
    {S("a =?x b"), "=?utf-8?Q?a_=3D=3Fx_b?="},
    {S("a=b?"), "\"a=b?\""},
    {S("\xc3\xbc@\"_?=.,()<>\\"), NULL},
    {S("\xf0\x9f\x93\xa7 mail \xf0\x9f\x93\xa7"), NULL},
    {S("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8"
       "\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e \xe6\x97\xa5\xe6\x9c"
       "\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"),
	NULL},
    {S("\x80\x9f\xa0\xff latin"), NULL},
    {S("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
       "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
	NULL},
    {S("\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\""),
	NULL},
    {S("many words that are plain and that make, all in all, a long name of "
       "a person who may well exist, or may not, who knows; let it be"),
	NULL},
    {S("many words that are plain and that make all in all a long name of "
       "a person who may well exist or may not who knows let it be so"),
	NULL},
};

/* What a reader should see: without controls, with single blanks. */
static void
normal(struct buf *b, struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		c = c == '\t' ? ' ' : c;
		if (c < ' ' || c == 127 ||
		    (c == ' ' && (b->n == 0 || b->p[b->n - 1] == ' ')))
			continue;
		buf_byte(b, (char)c);
	}
	if (b->n > 0 && b->p[b->n - 1] == ' ')
		buf_cut(b, b->n - 1);
}

/* One field whose lines are short, and one address with that name. */
static void
check_name(struct str name)
{
	struct pool p = {0};
	struct buf field, wanted;
	struct addr *list;
	struct err e;
	size_t count;
	size_t start = 0;

	buf_init(&field, 100000);
	buf_init(&wanted, 100000);
	buf_add(&field, STR("From: "));
	complete_phrase(&field, name);
	buf_add(&field, STR("\r\n <a@b>\r\n"));
	for (size_t i = 0; i < field.n; i++) {
		assert_true(field.p[i] >= ' ' || field.p[i] == '\r' ||
		    field.p[i] == '\n');
		assert_true(field.p[i] < 127);
		if (field.p[i] != '\n')
			continue;
		assert_true(field.p[i - 1] == '\r');
		assert_true(i - 1 - start <= 77);
		assert_true(i + 1 == field.n || field.p[i + 1] == ' ');
		start = i + 1;
	}
	assert_int_equal(addr_list(&p, str_slice(buf_str(&field), 5, field.n),
			     2, &list, &count, &e),
	    0);
	assert_int_equal(count, 1);
	assert_true(str_eq(list[0].local, STR("a")));
	normal(&wanted, name);
	if (strstr(field.p, "=?") == NULL)
		assert_true(str_eq(list[0].name, buf_str(&wanted)));
	buf_free(&field);
	buf_free(&wanted);
	pool_free(&p);
}

/* B-17 */
static void
phrases(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10000);
	for (size_t i = 0; i < COUNT(names); i++) {
		buf_clear(&b);
		complete_phrase(&b, names[i].name);
		if (names[i].phrase != NULL)
			assert_string_equal(b.p, names[i].phrase);
		check_name(names[i].name);
	}
	buf_free(&b);
}

/* B-17, B-42: names of any bytes. */
static void
random_names(void **state)
{
	static const char some[] = "a =?\"\\\r\n\t@<(,\xc3\xbc\xe4.";
	uint32_t x = 2463534242;

	(void)state;
	for (int round = 0; round < 4000; round++) {
		char name[300];
		size_t n;

		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		n = x % sizeof(name);
		for (size_t i = 0; i < n; i++) {
			x ^= x << 13;
			x ^= x >> 17;
			x ^= x << 5;
			name[i] = round % 4 == 0 ? (char)(x >> 8)
			    : round % 4 == 1
			    ? some[(x >> 8) % sizeof(some)]
			    : some[(x >> 8) % (round % 4 == 2 ? 2 : 12)];
		}
		check_name(str_of(name, n));
	}
}

/* A name over the limit is cut between characters. */
static void
long_names(void **state)
{
	struct buf name, b;

	(void)state;
	buf_init(&name, 100000);
	buf_init(&b, 100000);
	for (size_t shift = 0; shift < 4; shift++) {
		buf_clear(&name);
		for (size_t i = 0; i < shift; i++)
			buf_byte(&name, 'x');
		for (int i = 0; i < 1000; i++)
			buf_add(&name, STR("\xf0\x9f\x93\xa7"));
		buf_clear(&b);
		complete_phrase(&b, buf_str(&name));
		assert_null(strstr(b.p, "iso-8859-1"));
		assert_true(b.n < 6000);
		check_name(buf_str(&name));
	}
	buf_free(&name);
	buf_free(&b);
}

/* Reads messages that are parted by NUL, and prints whom they are from. */
static const char reader[] =
    "import email, email.header, email.utils, sys\n"
    "for m in sys.stdin.buffer.read().split(b'\\0')[:-1]:\n"
    "    m = ''.join(email.message_from_bytes(m)['From'].splitlines())\n"
    "    name, path = email.utils.parseaddr(m)\n"
    "    assert path == 'a@b', path\n"
    "    name = email.header.decode_header(name)\n"
    "    name = str(email.header.make_header(name))\n"
    "    sys.stdout.buffer.write(name.encode() + b'\\n')\n";

static void
put_latin1(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 128) {
			buf_byte(b, (char)c);
			continue;
		}
		buf_byte(b, (char)(0xc0 | c >> 6));
		buf_byte(b, (char)(0x80 | (c & 63)));
	}
}

/*
 * B-17: another program reads the same name out of each phrase.  (Python's
 * newer parser, of policy.default, is not asked: up to 3.11 at least it leaves
 * the blank between two encoded words of a phrase, against RFC 2047, 6.2.)
 */
static void
python_agrees(void **state)
{
	char path[] = "/tmp/complete_test.XXXXXX";
	const char *python = getenv("PYTHON");
	struct buf text, command, wanted, clean;
	char line[4096];
	FILE *f;
	int fd;

	(void)state;
	python = python ? python : "/usr/bin/python3";
	if (access(python, X_OK) < 0)
		skip();
	buf_init(&text, 100000);
	buf_init(&command, 100000);
	buf_init(&wanted, 10000);
	buf_init(&clean, 10000);
	for (size_t i = 0; i < COUNT(names); i++) {
		buf_add(&text, STR("From: "));
		complete_phrase(&text, names[i].name);
		buf_add(&text, STR("\r\n <a@b>\r\n\r\n\0"));
	}
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text.p, text.n), text.n);
	(void)close(fd);
	buf_printf(&command, "%s -c \"%s\" <%s", python, reader, path);
	f = popen(command.p, "r");
	assert_non_null(f);
	for (size_t i = 0; i < COUNT(names); i++) {
		bool latin1;

		buf_clear(&wanted);
		buf_clear(&clean);
		buf_clear(&text);
		normal(&clean, names[i].name);
		complete_phrase(&text, names[i].name);
		latin1 = strstr(text.p, "=?iso-8859-1?") != NULL;
		if (latin1)
			put_latin1(&wanted, buf_str(&clean));
		else
			buf_add(&wanted, buf_str(&clean));
		buf_byte(&wanted, '\n');
		assert_non_null(fgets(line, sizeof(line), f));
		assert_string_equal(line, wanted.p);
	}
	assert_int_equal(pclose(f), 0);
	(void)unlink(path);
	buf_free(&text);
	buf_free(&command);
	buf_free(&wanted);
	buf_free(&clean);
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
	    cmocka_unit_test(relayed),
	    cmocka_unit_test(senders),
	    cmocka_unit_test(injection),
	    cmocka_unit_test(unique),
	    cmocka_unit_test(folding),
	    cmocka_unit_test(phrases),
	    cmocka_unit_test(random_names),
	    cmocka_unit_test(long_names),
	    cmocka_unit_test(python_agrees),
	};

	return cmocka_run_group_tests_name(
	    "mail/complete", tests, in_utc, NULL);
}
