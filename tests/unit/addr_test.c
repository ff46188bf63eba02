/* SPDX-License-Identifier: ISC */
/* mail/addr: addresses and lists of them, printed as they were understood. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../lib/guard.h"
#include "mail/addr.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/*
 * A list comes to its addresses as in an envelope, with " {display name}"
 * behind those that have one, joined by " | "; or to "! " and a part of the
 * complaint.
 */
struct row {
	const char *title;
	struct str text;
	const char *result;
};

#define S(literal)                              \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}

#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN
#define LABEL63 SIXTY "abc"
#define FIFTY_OPEN "(((((((((((((((((((((((((((((((((((((((((((((((((("
#define FIFTY_CLOSE "))))))))))))))))))))))))))))))))))))))))))))))))))"
#define U_LABEL                                                            \
	"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4" \
	"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4" \
	"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4" \
	"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"

static const struct row lists[] = {
    {"nothing", S(""), ""},
    {"nothing but blanks", S(" \t\r\n "), ""},
    {"one", S("a@b.c"), "a@b.c"},
    {"A-42: two", S("a@b,c@d"), "a@b | c@d"},
    {"A-42: blanks around the comma", S(" a@b , c@d "), "a@b | c@d"},
    {"A-42: a name", S("Word Word <a@b>"), "a@b {Word Word}"},
    {"A-42: a group", S("g: a@b, C <c@d>;"), "a@b | c@d {C}"},
    {"a bare local part", S("root"), "root"},
    {"bare local parts", S("root, a.b"), "root | a.b"},
    {"a bare one in brackets", S("Admin <root>"), "root {Admin}"},
    {"every atext", S("!#$%&'*+-/=?^_`{|}~0aZ@b"), "!#$%&'*+-/=?^_`{|}~0aZ@b"},
    {"UUCP and percent", S("a!b%c@d"), "a!b%c@d"},
    {"a leading hyphen", S("-f@b"), "-f@b"},
    {"B-26: a comment before", S("(c) a@b"), "a@b"},
    {"B-26: a comment behind", S("a@b (c)"), "a@b"},
    {"B-26: comments everywhere",
	S("(1)a(2)@(3)b(4).(5)c(6),(7)d(8).(9)e(10)@f"), "a@b.c | d.e@f"},
    {"B-26: nested comments", S("(a(b(c)d)e)x@y"), "x@y"},
    {"B-26: a quoted pair in a comment", S("(\\)\\()x@y"), "x@y"},
    {"B-26: 50 deep", S(FIFTY_OPEN FIFTY_CLOSE "x@y"), "x@y"},
    {"B-26: 51 deep", S("(" FIFTY_OPEN FIFTY_CLOSE ")x@y"), "! too deeply"},
    {"B-26: an open comment", S("(a@b"), "! comment is not closed"},
    {"B-26: closed by a quoted pair", S("a@b (c\\)"), "! comment is not"},
    {"B-26: a backslash at the end", S("a@b (c\\"), "! comment is not"},
    {"B-26: a comment not opened", S("a@b )"), "! a comma is missing"},
    {"B-26: quoted string", S("\"a b\"@c"), "\"a b\"@c"},
    {"B-26: quoted pair", S("\"a\\\"b\\\\c\"@d"), "\"a\\\"b\\\\c\"@d"},
    {"B-26: folded quoted string", S("\"a\r\n b\"@c"), "\"a b\"@c"},
    {"B-26: folded by LF alone", S("\"a\n b\"@c"), "\"a b\"@c"},
    {"B-26: domain literal", S("a@[192.0.2.1]"), "a@[192.0.2.1]"},
    {"B-26: IPv6", S("a@ [IPv6:2001:db8::1] (c)"), "a@[IPv6:2001:db8::1]"},
    {"B-26: route", S("<@a,@b:u@c>"), "u@c"},
    {"B-26: route with blanks", S("N <@a , , @b.c (c) : u@d>"), "u@d {N}"},
    {"B-26: route that begins with a comma", S("<,@a:u@c>"), "u@c"},
    {"B-26: the route's domain is not the address's", S("<@a:u>"), "u"},
    {"B-26: route to nobody", S("<@a:>"), "! no address"},
    {"B-26: route without colon", S("<@a>"), "! route"},
    {"B-26: route outside brackets", S("@a:u@c"), "! no address"},
    {"B-26: route of commas", S("<,:u@c>"), "! route"},
    {"B-26: CFWS around dots", S("a . b (c) . c @ d . (x) e"), "a.b.c@d.e"},
    {"B-26: obs-local-part", S("\"a\".b.\"c d\"@e"), "\"a.b.c d\"@e"},
    {"B-26: empty elements", S(", a@b, ,, c@d,"), "a@b | c@d"},
    {"B-26: only commas", S(",,"), ""},
    {"B-26: folded list", S("a@b,\r\n\tc@d\r\n"), "a@b | c@d"},
    {"B-26: folded on a line of blanks", S("a@b,\r\n \r\n c@d"), "a@b | c@d"},
    {"B-26: obs-phrase", S("J. \"Q\". Public <a@b>"), "a@b {J. Q. Public}"},
    {"B-27: loses its quotes", S("\"ab\"@x"), "ab@x"},
    {"B-27: loses them with dots", S("\"a.b\"@x"), "a.b@x"},
    {"B-27: and a quoted pair", S("\"a\\b\"@x"), "ab@x"},
    {"B-27: keeps them for a dot at the end", S("\"a.\"@x"), "\"a.\"@x"},
    {"B-27: keeps them for two dots", S("\"a..b\"@x"), "\"a..b\"@x"},
    {"B-27: keeps them for an at", S("\"a@b\"@x"), "\"a@b\"@x"},
    {"B-27: keeps them for nothing", S("\"\"@x"), "\"\"@x"},
    {"B-27: a space", S("\" \"@x"), "\" \"@x"},
    {"B-28: in a name", S("\"x@y, z\" <a@b>"), "a@b {x@y, z}"},
    {"B-28: in a comment", S("a@b (c@d, e@f)"), "a@b"},
    {"B-28: in a comment in a name", S("A (x@y) B <a@b>"), "a@b {A B}"},
    {"B-28: in a name without quotes", S("x@y <a@b>"), "! in quotes"},
    {"B-28: in a list of names", S("x@y z <a@b>"), "! in quotes"},
    {"B-29: encoded word as a name", S("=?utf-8?q?x=40y?= <a@b>"),
	"a@b {=?utf-8?q?x=40y?=}"},
    {"B-29: encoded word as an address", S("=?utf-8?q?a=40b?="),
	"! encoded word"},
    {"B-29: as a local part", S("=?utf-8?q?a?=@b"), "! encoded word"},
    {"B-29: in brackets", S("<=?utf-8?b?YUBi?=>"), "! encoded word"},
    {"B-29: question marks as such", S("?a?=@b, =?a@b"), "?a?=@b | =?a@b"},
    {"B-30: an empty group", S("undisclosed-recipients:;"), ""},
    {"B-30: with blanks", S("undisclosed recipients : (none) ;"), ""},
    {"B-30: members and others", S("x@y, g: a@b, c@d; , e@f"),
	"x@y | a@b | c@d | e@f"},
    {"B-30: empty elements in it", S("g: , a@b ,, ;"), "a@b"},
    {"B-30: a quoted name", S("\"a, b\": c@d;"), "c@d"},
    {"B-30: two groups", S("a: b@c; d: e@f;"), "b@c | e@f"},
    {"B-30: not ended", S("g: a@b"), "! group is not ended"},
    {"B-30: not ended, empty", S("g:"), "! group is not ended"},
    {"B-30: not begun", S("a@b;"), "! a comma is missing"},
    {"B-30: ended twice", S("g:a@b;;"), "! no address"},
    {"B-30: one in another", S("g: h: a@b;;"), "! a comma is missing"},
    {"B-30: without a name", S(": a@b;"), "! no address"},
    {"B-35: a long local part", S(SIXTY SIXTY SIXTY SIXTY SIXTY "@b"),
	SIXTY SIXTY SIXTY SIXTY SIXTY "@b"},
    {"B-41: UTF-8", S("\xc3\xb6@\xc3\xa4.example"),
	"\xc3\xb6@\xc3\xa4.example"},
    {"B-41: neither folded nor normalised", S("\xc3\x96o\xcc\x88@b"),
	"\xc3\x96o\xcc\x88@b"},
    {"B-41: in quotes", S("\"\xc3\xb6 x\"@b"), "\"\xc3\xb6 x\"@b"},
    {"B-41: overlong", S("\xc0\xaf@b"), "! UTF-8"},
    {"B-41: a surrogate", S("\xed\xa0\x80@b"), "! UTF-8"},
    {"B-41: over U+10FFFF", S("\xf4\x90\x80\x80@b"), "! UTF-8"},
    {"B-41: cut short", S("\xc3@b"), "! UTF-8"},
    {"B-41: Latin-1 in a domain", S("a@\xe4.example"), "! UTF-8"},
    {"B-41: cut by a dot", S("\xc3.\xb6@b"), "! UTF-8"},
    {"C-02: a trailing dot", S("a@b.c."), "a@b.c"},
    {"C-02: and a comma", S("a@b.c. , d@e."), "a@b.c | d@e"},
    {"C-02: and a bracket", S("<a@b.c.>"), "a@b.c"},
    {"two trailing dots", S("a@b.."), "! domain is missing"},
    {"a dot alone", S("a@."), "! domain is missing"},
    {"no domain", S("a@"), "! domain is missing"},
    {"no domain in brackets", S("<a@>"), "! domain is missing"},
    {"no local part", S("@b"), "! no address"},
    {"no local part in brackets", S("N <@b>"), "! route"},
    {"two ats", S("a@b@c"), "! a comma is missing"},
    {"a dot first", S(".a@b"), "! no address"},
    {"a dot last", S("a.@b"), "! no address"},
    {"two dots", S("a..b@c"), "! no address"},
    {"an empty label", S("a@b..c"), "! domain is missing"},
    {"a label that begins with a dot", S("a@.b"), "! domain is missing"},
    {"a hyphen first", S("a@-b.c"), "! hyphen"},
    {"a hyphen last", S("a@b-.c"), "! hyphen"},
    {"a hyphen alone", S("a@-"), "! hyphen"},
    {"an underscore", S("a@b_c.d"), "a@b_c.d"},
    {"a label of 63", S("a@" LABEL63 ".c"), "a@" LABEL63 ".c"},
    {"a label of 64", S("a@" LABEL63 "d.c"), "! label of the domain"},
    {"a U-label of 64, whose A-label is shorter", S("a@" U_LABEL ".c"),
	"a@" U_LABEL ".c"},
    {"a domain of 255", S("a@" LABEL63 "." LABEL63 "." LABEL63 "." LABEL63),
	"a@" LABEL63 "." LABEL63 "." LABEL63 "." LABEL63},
    {"a domain of 257",
	S("a@" LABEL63 "." LABEL63 "." LABEL63 "." LABEL63 ".c"),
	"! domain is too long"},
    {"two words", S("a b@c"), "! no address"},
    {"two words in brackets", S("<a b@c>"), "! no address"},
    {"a word behind a quoted one", S("\"a\"b@c"), "! no address"},
    {"two quoted words", S("\"a\"\"b\"@c"), "! no address"},
    {"two bare words", S("a b"), "! no address"},
    {"words, then an address, no comma", S("a@b c@d"), "! in quotes"},
    {"two in brackets, no comma", S("<a@b> <c@d>"), "! in quotes"},
    {"words behind brackets", S("<a@b> c"), "! in quotes"},
    {"text behind a literal", S("a@[192.0.2.1]x"), "! a comma is missing"},
    {"brackets not closed", S("<a@b"), "! '>' is missing"},
    {"brackets not opened", S("a@b>"), "! a comma is missing"},
    {"brackets in brackets", S("<<a@b>>"), "! '>' is missing"},
    {"brackets of two", S("<a@b,c@d>"), "! '>' is missing"},
    {"the null address in a list", S("a@b, <>"), "! empty address"},
    {"empty quotes alone", S("\"\""), "! empty quotes"},
    {"a quoted string not closed", S("\"a@b"), "! quoted string is not"},
    {"closed by a quoted pair", S("\"a\\\"@b"), "! quoted string is not"},
    {"a backslash last in quotes", S("\"a\\"), "! quoted string is not"},
    {"a backslash outside quotes", S("a\\ b@c"), "! a comma is missing"},
    {"a literal not closed", S("a@[192.0.2.1"), "! literal"},
    {"an empty literal", S("a@[]"), "! literal"},
    {"a literal in a literal", S("a@[[x]]"), "! literal"},
    {"a blank in a literal", S("a@[x y]"), "! literal"},
    {"a quoted pair in a literal", S("a@[x\\]y]"), "! literal"},
    {"a literal in a domain", S("a@b.[192.0.2.1]"), "! a comma is missing"},
    {"a slash in a domain", S("a@b/c"), "! a comma is missing"},
    {"a bracket in a name", S("A [B] <a@b>"), "! a comma is missing"},
    {"a NUL", S("a\0@b"), "! a comma is missing"},
    {"a NUL in quotes", S("\"\0\"@b"), "! control byte"},
    {"a NUL in a comment", S("(\0)a@b"), "! control byte"},
    {"a NUL at the end", S("a@b\0"), "! a comma is missing"},
    {"a NUL in a literal", S("a@[1\0]"), "! literal"},
    {"a tab in a local part", S("\"a\tb\"@c"), "! control byte"},
    {"a tab in a name", S("\"a\tb\" <c@d>"), "c@d {a\tb}"},
    {"DEL in quotes", S("\"\177\"@b"), "! control byte"},
    {"BEL", S("\a@b"), "! no address"},
    {"a vertical tab is no blank", S("a@b\v"), "! a comma is missing"},
    {"an LF that does not fold", S("a@b\nc@d"), "! a comma is missing"},
    {"an LF at the end", S("a@b\n"), "a@b"},
    {"a bare CR", S("a@b\r"), "! a comma is missing"},
    {"a bare CR before", S("\ra@b"), "! no address"},
    {"a bare CR in quotes", S("\"\ra\"@b"), "! control byte"},
    {"an LF in quotes", S("\"a\nb\"@c"), "! control byte"},
    {"a CRLF in quotes, not folding", S("\"a\r\nb\"@c"), "! control byte"},
    {"a bare CR in a comment", S("(\r)a@b"), "! control byte"},
    {"an LF behind a backslash in a comment", S("(\\\n)a@b"), "! control byte"},
    {"a NUL behind a backslash in a comment", S("(\\\0)a@b"), "! control byte"},
};

static void
print_list(struct buf *b, const struct addr *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_add(b, STR(" | "));
		addr_print(b, &list[i]);
		if (list[i].name.n > 0)
			buf_printf(b, " {%.*s}", STR_ARG(list[i].name));
	}
}

static bool
as_expected(
    const struct row *row, int status, struct str got, const struct err *e)
{
	if (strncmp(row->result, "! ", 2) != 0)
		return status == 0 && str_eq(got, str_c(row->result));
	return status < 0 && e->kind == ERR_SYNTAX &&
	    strstr(e->text, row->result + 2) != NULL;
}

static size_t
run(const struct row *row, bool one)
{
	struct err e = {0};
	struct pool p = {0};
	struct addr *list = NULL;
	struct addr a;
	size_t wrong = 0;
	size_t n = 1;
	struct buf got;
	int status;

	buf_init(&got, 100000);
	if (one)
		status = addr_one(&p, guard_str(row->text), &a, &e);
	else
		status = addr_list(
		    &p, guard_str(row->text), SIZE_MAX, &list, &n, &e);
	if (status == 0)
		print_list(&got, one ? &a : list, n);
	if (!as_expected(row, status, buf_str(&got), &e)) {
		print_error("%s: expected \"%s\", got \"%s\" %s\n", row->title,
		    row->result, got.p, e.text);
		wrong = 1;
	}
	buf_free(&got);
	pool_free(&p);
	return wrong;
}

static void
lists_are_read(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++)
		wrong += run(&lists[i], false);
	assert_int_equal(wrong, 0);
}

static const struct row ones[] = {
    {"A-16: nothing", S(""), ""},
    {"A-16: nothing but blanks", S(" \t "), ""},
    {"A-16: the null address", S("<>"), ""},
    {"A-16: with blanks", S(" < (c) > "), ""},
    {"A-17: an address", S("a@b"), "a@b"},
    {"A-17: in brackets", S("<a@b>"), "a@b"},
    {"A-17: with a name", S("Name <a@b>"), "a@b {Name}"},
    {"A-17: a tab between", S("Name\t<a@b>"), "a@b {Name}"},
    {"A-17: with a comment", S("(x) a@b (y)"), "a@b"},
    {"A-17: a bare local part", S("root"), "root"},
    {"A-17: two", S("a@b,c@d"), "! not one address"},
    {"A-17: a comma behind", S("a@b,"), "! not one address"},
    {"A-17: a comma before", S(", a@b"), "! not one address"},
    {"A-17: commas", S(","), "! not one address"},
    {"A-17: a group", S("g: a@b;"), "! not one address"},
    {"A-17: an empty group", S("g:;"), "! not one address"},
    {"A-17: a comment alone", S("(a@b)"), "! not one address"},
    {"A-17: CR", S("a@b\r"), "! control byte"},
    {"A-17: LF", S("a@b\n"), "! control byte"},
    {"A-17: CRLF and a blank", S("a@b\r\n "), "! control byte"},
    {"A-17: LF and a field", S("a@b\nBcc: c@d"), "! control byte"},
    {"A-17: NUL", S("a@b\0"), "! control byte"},
    {"A-17: NUL alone", S("\0"), "! control byte"},
    {"A-17: LF alone", S("\n"), "! control byte"},
    {"A-17: DEL", S("\177"), "! control byte"},
    {"A-17: empty quotes", S("\"\""), "! empty quotes"},
    {"A-17: an open comment behind", S("a@b ("), "! comment is not closed"},
    {"A-17: UTF-8", S("\xc3\xb6@b"), "\xc3\xb6@b"},
};

static void
one_is_read(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(ones); i++)
		wrong += run(&ones[i], true);
	assert_int_equal(wrong, 0);
}

/* Each prefix of each row is read without a byte too many being touched. */
static void
prefixes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++)
		for (size_t n = 0; n < lists[i].text.n; n++) {
			struct str text = str_slice(lists[i].text, 0, n);
			struct pool p = {0};
			struct addr *list;
			struct err e;
			size_t count;

			(void)addr_list(
			    &p, guard_str(text), 10, &list, &count, &e);
			pool_free(&p);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lists_are_read),
	    cmocka_unit_test(one_is_read),
	    cmocka_unit_test(prefixes),
	};

	return cmocka_run_group_tests_name("mail/addr", tests, NULL, NULL);
}
