/* SPDX-License-Identifier: ISC */
/* mail/phrase: display names of all kinds, read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "mail/phrase.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define S(literal)                              \
	{                                       \
		"" literal, sizeof(literal) - 1 \
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
	phrase_put(&field, name);
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
		phrase_put(&b, names[i].name);
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
		phrase_put(&b, buf_str(&name));
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
	assert_int_equal(access(python, X_OK), 0);
	buf_init(&text, 100000);
	buf_init(&command, 100000);
	buf_init(&wanted, 10000);
	buf_init(&clean, 10000);
	for (size_t i = 0; i < COUNT(names); i++) {
		buf_add(&text, STR("From: "));
		phrase_put(&text, names[i].name);
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
		phrase_put(&text, names[i].name);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(phrases),
	    cmocka_unit_test(random_names),
	    cmocka_unit_test(long_names),
	    cmocka_unit_test(python_agrees),
	};

	return cmocka_run_group_tests_name("mail/phrase", tests, NULL, NULL);
}
