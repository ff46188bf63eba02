/* SPDX-License-Identifier: ISC */
/*
 * mail/addr and other people's verdicts: with HANTAR_CORPORA naming the
 * folder of the corpora, addresses/ in it is judged (isemail by Dominic
 * Sayers, flanker by Mailgun).  Where we differ, a table says why; a
 * difference that is in no table, or that is no more, is a fault.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "mail/addr.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct differs {
	unsigned number; /* of the case, or of the line */
	const char *why;
};

static const char null_address[] = "A-16: the null address";
static const char bare[] = "a local name, for a sendmail command";
static const char root_dot[] = "C-02: a trailing dot is dropped";
static const char long_local[] = "B-35: left to the server to judge";
static const char obsolete[] = "B-26: RFC 5322, 4.4 has it";
static const char a_label[] = "route/ judges what a domain means";

static const struct differs isemail[] = {
    {1, null_address},
    {2, bare},
    {18, bare},
    {35, root_dot},
    {160, "RFC 6532, 3.2: UTF-8 is VCHAR, which may be quoted"},
};

static const struct differs flanker_valid[] = {
    {67, "no '!' in a domain: route/ could not look it up"},
};

static const struct differs flanker_invalid[] = {
    {14, bare},
    {15, bare},
    {22, bare},
    {53, bare},
    {68, bare},
    {93, bare},
    {23, long_local},
    {52, root_dot},
    {64, root_dot},
    {97, root_dot},
    {13, obsolete},
    {78, obsolete},
    {84, obsolete},
    {101, a_label},
};

static FILE *
corpus(const char *name)
{
	const char *top = getenv("HANTAR_CORPORA");
	struct buf path;
	FILE *f;

	assert_non_null(top);
	buf_init(&path, 4096);
	buf_printf(&path, "%s/addresses/%s", top, name);
	f = fopen(path.p, "rb");
	if (f == NULL)
		fail_msg("%s cannot be read", path.p);
	buf_free(&path);
	return f;
}

static bool
accepted(struct str address)
{
	struct pool p = {0};
	struct addr a;
	struct err e;
	bool yes = addr_one(&p, address, &a, &e) == 0;

	pool_free(&p);
	return yes;
}

static const struct differs *
listed(const struct differs *table, size_t n, unsigned number)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].number == number)
			return &table[i];
	return NULL;
}

/* The number of faults, 0 or 1: agreed must be what the table says. */
static size_t
judge(const struct differs *table, size_t n, unsigned number, bool agreed,
    const char *shown)
{
	const struct differs *d = listed(table, n, number);

	if (agreed == (d == NULL))
		return 0;
	print_error("%u: %s, but %s: %s", number,
	    agreed ? "we agree" : "we differ",
	    d ? d->why : "there is no reason in the table", shown);
	return 1;
}

/* The value of up to four hexadecimal digits. */
static unsigned
hex(const char *digits)
{
	char copy[5] = {0};

	memcpy(copy, digits, 4);
	return (unsigned)strtoul(copy, NULL, 16);
}

/* A JSON string, whose opening quote is at text; only BMP escapes below 256. */
static void
unescape(struct buf *out, const char *text)
{
	for (text++; *text != '"' && *text != '\0'; text++) {
		unsigned c = (unsigned char)*text;

		if (c == '\\') {
			c = (unsigned char)*++text;
			if (c == 'u') {
				c = hex(text + 1);
				text += 4;
			} else if (c == 'n' || c == 'r' || c == 't') {
				c = c == 'n' ? '\n' : c == 'r' ? '\r' : '\t';
			}
			if (c >= 128) {
				buf_byte(out, (char)(0xc0 | c >> 6));
				c = 0x80 | (c & 63);
			}
		}
		buf_byte(out, (char)c);
	}
}

/* B-26, B-27: what isemail calls an error is refused, what it calls valid is
 * taken; what it calls obsolete or odd is ours to choose. */
static void
isemail_cases(void **state)
{
	FILE *f = corpus("isemail-tests.tsv");
	char line[2000];
	struct buf address;
	size_t wrong = 0;
	size_t cases = 0;

	(void)state;
	assert_non_null(f);
	buf_init(&address, 2000);
	while (fgets(line, sizeof(line), f) != NULL) {
		struct str rest = str_trim(str_c(line));
		struct str number, category, diagnosis;
		uint64_t id;
		bool yes, bad;

		if (line[0] == '#' || !str_split(&rest, '\t', &number) ||
		    !str_split(&rest, '\t', &category) ||
		    !str_split(&rest, '\t', &diagnosis) ||
		    !str_number(number, 1000, &id))
			continue;
		buf_clear(&address);
		unescape(&address, rest.p);
		yes = accepted(buf_str(&address));
		bad = str_eq(category, STR("ISEMAIL_ERR"));
		cases++;
		if (bad || str_eq(category, STR("ISEMAIL_RFC5321")) ||
		    str_eq(category, STR("ISEMAIL_DNSWARN")) ||
		    str_eq(category, STR("ISEMAIL_VALID_CATEGORY")))
			wrong += judge(isemail, COUNT(isemail), (unsigned)id,
			    yes == !bad, line);
	}
	(void)fclose(f);
	buf_free(&address);
	assert_int_equal(cases, 164);
	assert_int_equal(wrong, 0);
}

/* One address a line, up to "  #". */
static void
flanker_lines(const char *name, bool good, const struct differs *table,
    size_t n, size_t expected)
{
	FILE *f = corpus(name);
	char line[2000];
	size_t wrong = 0;
	size_t cases = 0;

	assert_non_null(f);
	for (unsigned number = 1; fgets(line, sizeof(line), f); number++) {
		char *remark = strstr(line, "  #");
		struct str address;

		if (remark != NULL)
			*remark = '\0';
		address = str_trim(str_c(line));
		if (address.n == 0 || line[0] == '#')
			continue;
		cases++;
		wrong +=
		    judge(table, n, number, accepted(address) == good, line);
	}
	(void)fclose(f);
	assert_int_equal(cases, expected);
	assert_int_equal(wrong, 0);
}

static void
flanker_good(void **state)
{
	(void)state;
	flanker_lines("flanker-mailbox_valid.txt", true, flanker_valid,
	    COUNT(flanker_valid), 151);
}

static void
flanker_bad(void **state)
{
	(void)state;
	flanker_lines("flanker-mailbox_invalid.txt", false, flanker_invalid,
	    COUNT(flanker_invalid), 85);
}

int
main(void)
{
	const char *top = getenv("HANTAR_CORPORA");
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(isemail_cases),
	    cmocka_unit_test(flanker_good),
	    cmocka_unit_test(flanker_bad),
	};

	/* Without the corpora these tests are not selected. */
	if (top == NULL || top[0] == '\0')
		return 0;
	return cmocka_run_group_tests_name(
	    "mail/addr, corpora", tests, NULL, NULL);
}
