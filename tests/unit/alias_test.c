/* SPDX-License-Identifier: ISC */
/* mail/alias: the grammar of aliases files. */
#include "mail/alias.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../lib/guard.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/*
 * A file comes to its entries, "name = value, value;", in the order of their
 * names, and its complaints, "!line: text", of which the beginning is given.
 */
struct row {
	const char *title;
	const char *text;
	const char *result;
};

static const struct row rows[] = {
    {"nothing", "", ""},
    {"H-01: comments and empty lines", "# a: b\n\n  # c: d\n \t\n", ""},
    {"H-01: an entry", "root: me@example.org\n", "root = me@example.org;"},
    {"H-01: no end of line", "a:b", "a = name b;"},
    {"H-01: CR LF", "a: b\r\nc: d@e\r\n", "a = name b;c = d@e;"},
    {"H-01: several values", "a: b, c@d ,e", "a = name b, c@d, name e;"},
    {"H-01: blanks around the colon", "a : b", "a = name b;"},
    {"H-01: blanks go on", "a: b,\n\tc,\n d\ne: f",
	"a = name b, name c, name d;e = name f;"},
    {"H-01: the value begins on the next line", "a:\n b", "a = name b;"},
    {"H-01: a comment within", "a: b,\n# no: c\n  # no\n\n d",
	"a = name b, name d;"},
    {"H-01: a backslash goes on", "a: b,\\\nc, \\\r\nd\ne: f",
	"a = name b, name c, name d;e = name f;"},
    {"H-01: a backslash goes on into anything", "a: b,\\\n#c\n",
	"a = name b, name #c;"},
    {"H-01: two backslashes do not", "a: |b\\\\\nc: d",
	"a = command b\\\\;c = name d;"},
    {"H-01: empty values between commas", "a: , b,,c, ", "a = name b, name c;"},
    {"H-01: nothing to go on with", " a: b\nc: d",
	"c = name d;!1: begins with a blank"},
    {"H-02: case", "RooT: Me@B.c", "root = Me@B.c;"},
    {"H-02: quoted", "\"a b#:@c\": d", "a b#:@c = name d;"},
    {"H-02: quoted pairs", "\"a\\\"b\\\\\": d", "a\"b\\ = name d;"},
    {"H-02: the first counts", "b: 1\na: 2\nB: 3\nb: 4\n",
	"a = name 2;b = name 1;!3: b is defined on line 1!4: b is"},
    {"H-02: a quote without end", "\"a: b", "!1: a quote is not ended"},
    {"H-02: a domain", "a@b: c", "!1: the name of an alias has no domain"},
    {"H-02: a domain behind quotes", "\"a\"@b: c", "!1: the name of an alias"},
    {"H-02: no name", ": c", "!1: there is no name"},
    {"H-02: an empty name", "\"\": c", "!1: there is no name"},
    {"no colon", "a b\nc", "!1: not of the form!2: not of the form"},
    {"no colon at all", "root me@example.org", "!1: not of the form"},
    {"no value", "a:\nb: c", "b = name c;!1: nothing behind the name"},
    {"only commas", "a: , ,", "!1: nothing behind the name"},
    {"the line where it began", "\n\na:\n\n (\nb: c",
	"b = name c;!3: a comment is not closed"},
    {"H-03: display names", "a: \"B, C\" <d@e>, F G <h@i>", "a = d@e, h@i;"},
    {"H-03: a comment with a comma", "a: b@c (d, \"e), f", "a = b@c, name f;"},
    {"H-03: not a comment", "a: b@c # d", "!1: this is not one address"},
    {"H-03: a quoted local part", "a: \"b, c\"@d", "a = \"b, c\"@d;"},
    {"H-03: a quoted address", "a: \"b@c\"", "a = b@c;"},
    {"H-03: a quoted name", "a: \"b c\", \"d\"", "a = name b c, name d;"},
    {"H-03: a user", "a: \\a, \"\\b\", \"\\\\c\"",
	"a = user a, user b, user c;"},
    {"H-03: a user elsewhere", "a: \\b@c", "a = b@c;"},
    {"H-03: a file", "a: /b/c, \"/d e\", /f/",
	"a = file /b/c, file /d e, folder /f/;"},
    {"H-03: a quoted folder", "a: \"/d, e/\"", "a = folder /d, e/;"},
    {"H-03: commands", "a: |b, \"|c -d, \\\"e\\\"\", |\"f g\", | h i (j, k",
	"a = command b, command c -d, \"e\", command f g, command h i (j, "
	"name k;"},
    {"H-03: a list", "a: :include:/b, \":include: /c d\", :INCLUDE:/e",
	"a = include /b, include /c d, include /e;"},
    {"H-03: a list somewhere", "a: :include:b", "!1: :include: wants an"},
    {"H-03: no list", "a: :include:", "!1: nothing to run or to read"},
    {"H-03: what Exim has", "a: :fail: no", "!1: ':' begins :include:"},
    {"H-03: no command", "a: |", "!1: nothing to run or to read"},
    {"H-03: quotes with nothing", "a: \"\"", "!1: nothing within the quotes"},
    {"H-03: an empty address", "a: <>", "!1: an empty address"},
    {"H-03: no address", "a: b@", "!1: a domain is missing"},
    {"H-03: two in one", "a: b c", "!1: "},
    {"H-03: a quote that is not ended", "a: \"b", "!1: "},
    {"a control byte", "a: b\x01@c\nd: e", "d = name e;!1: a control byte"},
    {"not UTF-8", "a: \xff@c", "!1: this is not well-formed"},
    {"UTF-8", "\xc3\xa4: \xc3\xb6@c", "\xc3\xa4 = \xc3\xb6@c;"},
    {"errors do not stop it", "a\nb: c\nd\n", "b = name c;!1: not!3: not"},
    {"Debian's file",
	"# /etc/aliases\nmailer-daemon: postmaster\npostmaster: root\n"
	"nobody: root\nhostmaster: root\nusenet: root\nnews: root\n"
	"webmaster: root\nwww: root\nftp: root\nabuse: root\nnoc: root\n"
	"security: root\nroot: admin\n",
	"abuse = name root;ftp = name root;hostmaster = name root;"
	"mailer-daemon = name postmaster;news = name root;nobody = name root;"
	"noc = name root;postmaster = name root;root = name admin;"
	"security = name root;usenet = name root;webmaster = name root;"
	"www = name root;"},
    {"sendmail's page",
	"eric: \\eric, \"|/usr/bin/vacation eric\"\n"
	"list: :include:/usr/local/lib/list, /dev/null\n"
	"owner-list: eric\n",
	"eric = user eric, command /usr/bin/vacation eric;"
	"list = include /usr/local/lib/list, file /dev/null;"
	"owner-list = name eric;"},
    {"Postfix's page",
	"MAILER-DAEMON: postmaster\n# Person who should get root's mail\n"
	"#root: you\nbin:\t\troot\n\"name\": value1, value2,\n   value3\n"
	"x: \"|command with blanks\", user@domain.tld\n",
	"bin = name root;mailer-daemon = name postmaster;"
	"name = name value1, name value2, name value3;"
	"x = command command with blanks, user@domain.tld;"},
};

static void
print_item(struct buf *b, const struct alias_item *item)
{
	static const char *const words[] = {
	    [ALIAS_ADDRESS] = "",
	    [ALIAS_NAME] = "name ",
	    [ALIAS_USER] = "user ",
	    [ALIAS_FILE] = "file ",
	    [ALIAS_FOLDER] = "folder ",
	    [ALIAS_COMMAND] = "command ",
	    [ALIAS_INCLUDE] = "include ",
	};

	buf_add(b, str_c(words[item->type]));
	if (item->type == ALIAS_ADDRESS)
		addr_print(b, &item->addr);
	else if (item->type == ALIAS_NAME || item->type == ALIAS_USER)
		buf_add(b, item->addr.local);
	else
		buf_add(b, item->text);
}

/* How much of the expected text a complaint has to begin with. */
static size_t
given(const char *rest)
{
	const char *next = strchr(rest + 1, '!');

	return next ? (size_t)(next - rest) : strlen(rest);
}

static void
check(const struct row *row)
{
	struct pool p = {0};
	struct aliases a;
	struct buf b;
	const char *rest;

	alias_parse(&a, guard_str(str_c(row->text)), &p);
	buf_init(&b, 1 << 16);
	for (size_t i = 0; i < a.n; i++) {
		buf_printf(&b, "%.*s = ", STR_ARG(a.entry[i].name));
		for (size_t k = 0; k < a.entry[i].n; k++) {
			buf_add(&b, k ? STR(", ") : STR(""));
			print_item(&b, &a.entry[i].item[k]);
		}
		buf_byte(&b, ';');
	}
	if (!str_starts(str_c(row->result), buf_str(&b)))
		fail_msg("%s: %s", row->title, b.p);
	rest = row->result + b.n;
	for (size_t i = 0; i < a.wrong_n; i++) {
		size_t n = *rest == '!' ? given(rest) : 0;

		buf_clear(&b);
		buf_printf(
		    &b, "!%u: %.*s", a.wrong[i].line, STR_ARG(a.wrong[i].text));
		if (n == 0 || !str_starts(buf_str(&b), str_of(rest, n)))
			fail_msg("%s: %s", row->title, b.p);
		rest += n;
	}
	if (*rest != '\0')
		fail_msg("%s: not seen: %s", row->title, rest);
	buf_free(&b);
	pool_free(&p);
}

static void
files(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check(&rows[i]);
}

static void
found_in_any_case(void **state)
{
	struct pool p = {0};
	struct aliases a;
	const struct alias *found;

	(void)state;
	alias_parse(&a, STR("c: 1\nB: 2\na: 3\n\nc: 4\n"), &p);
	found = alias_find(&a, STR("b"));
	assert_non_null(found);
	assert_int_equal(found->line, 2);
	assert_ptr_equal(found, alias_find(&a, STR("B")));
	assert_int_equal(alias_find(&a, STR("C"))->line, 1);
	assert_null(alias_find(&a, STR("")));
	assert_null(alias_find(&a, STR("ab")));
	assert_null(alias_find(&a, STR("d")));
	alias_parse(&a, STR(""), &p);
	assert_null(alias_find(&a, STR("a")));
	pool_free(&p);
}

/* Only what cannot be read stops delivery. */
static void
twice_is_not_broken(void **state)
{
	struct pool p = {0};
	struct aliases a;

	(void)state;
	alias_parse(&a, STR("a: 1\na: 2\n"), &p);
	assert_int_equal(a.wrong_n, 1);
	assert_null(a.broken);
	alias_parse(&a, STR("a: 1\na: 2\nb\nc\n"), &p);
	assert_int_equal(a.wrong_n, 3);
	assert_ptr_equal(a.broken, &a.wrong[1]);
	assert_int_equal(a.broken->line, 3);
	pool_free(&p);
}

static void
bounds(void **state)
{
	struct pool p = {0};
	struct aliases a;
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 24);
	for (int i = 0; i < 1000; i++)
		buf_add(&b, STR("wrong\n"));
	alias_parse(&a, buf_str(&b), &p);
	assert_int_equal(a.wrong_n, ALIAS_WRONG_MAX);
	assert_non_null(a.broken);

	buf_clear(&b);
	for (int i = 0; i < 2000; i++)
		buf_byte(&b, 'n');
	buf_add(&b, STR(": x"));
	alias_parse(&a, buf_str(&b), &p);
	assert_int_equal(a.n, 0);
	assert_int_equal(a.wrong_n, 1);
	assert_null(alias_find(&a, buf_str(&b)));

	buf_clear(&b);
	buf_add(&b, STR("a: b"));
	for (int i = 0; i < 6 << 18; i++)
		buf_add(&b, STR(",\n c"));
	alias_parse(&a, buf_str(&b), &p);
	assert_int_equal(a.n, 0);
	assert_int_equal(a.wrong_n, 1);
	assert_int_equal(a.wrong[0].line, 1);
	buf_free(&b);
	pool_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    {"H-01, H-02, H-03: files", files, NULL, NULL, NULL},
	    {"H-02: names in any case", found_in_any_case, NULL, NULL, NULL},
	    {"H-02, H-29: a name that is there twice breaks nothing",
		twice_is_not_broken, NULL, NULL, NULL},
	    {"H-01: everything is bounded", bounds, NULL, NULL, NULL},
	};

	return cmocka_run_group_tests_name("alias", tests, NULL, NULL);
}
