/* SPDX-License-Identifier: ISC */
/* mail/retouch: addresses in fields, made whole or replaced by mail/rewrite. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../lib/guard.h"
#include "mail/retouch.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TEN "0123456789"
#define EIGHTY TEN TEN TEN TEN TEN TEN TEN TEN
#define HUNDRED EIGHTY TEN TEN
#define LONG HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED

struct row {
	const char *title;
	const char *in;	 /* behind the colon; LF is CRLF there, too */
	const char *out; /* the same; NULL: it is no list of addresses */
};

/* Does the field come to that? */
static bool
comes_to(const struct row *row, const struct retouch *r)
{
	struct field f;
	struct buf raw, out, got;
	bool done;

	buf_init(&raw, 1 << 16);
	buf_init(&out, 1 << 16);
	buf_init(&got, 1 << 16);
	buf_add(&raw, STR("From:"));
	for (const char *c = row->in; *c; c++)
		buf_add(&raw, *c == '\n' ? STR("\r\n") : str_of(c, 1));
	buf_add(&raw, STR("\r\n"));
	f.raw = guard_str(buf_str(&raw));
	f.name = str_slice(f.raw, 0, 4);
	f.value = str_slice(f.raw, 5, f.raw.n);
	done = retouch_field(&out, &f, r);
	for (size_t i = 0; i < out.n; i++)
		if (out.p[i] != '\r')
			buf_byte(&got, out.p[i]);
		else
			assert_true(out.p[i + 1] == '\n');
	buf_clear(&raw);
	if (row->out)
		buf_printf(&raw, "From:%s\n", row->out);
	if (!str_eq(buf_str(&raw), buf_str(&got)) || done != (row->out != NULL))
		print_error("%s: \"%s\"\n", row->title, got.p);
	else
		row = NULL;
	buf_free(&raw);
	buf_free(&out);
	buf_free(&got);
	return row == NULL;
}

static const struct row bare[] = {
    {"one", " root", " root@m.x"},
    {"no blank", "root", "root@m.x"},
    {"with a comment", " root (Cron Daemon)", " root@m.x (Cron Daemon)"},
    {"a comment in front", " (c) root", " (c) root@m.x"},
    {"in brackets", " Admin <root>", " Admin <root@m.x>"},
    {"B-26: blanks and comments in them", " A < root (c) >",
	" A < root@m.x (c) >"},
    {"B-26: behind a route", " <@a,@b:root>", " <@a,@b:root@m.x>"},
    {"B-26: dots with blanks", " a . b (c)", " a . b@m.x (c)"},
    {"B-27: quoted", " \"a b\"", " \"a b\"@m.x"},
    {"B-27: quoted parts", " \"a@b\".c", " \"a@b\".c@m.x"},
    {"in a list", " a, b@c,d,,E <e> , f",
	" a@m.x, b@c,d@m.x,,E <e@m.x> , f@m.x"},
    {"B-30: in a group", " g: a, b@c;, d", " g: a@m.x, b@c;, d@m.x"},
    {"B-28: not in names and comments", " \"a, b\" <c@d> (e, f)",
	" \"a, b\" <c@d> (e, f)"},
    {"folded", "\n a\n\t(b\n c),\n d", "\n a@m.x\n\t(b\n c),\n d@m.x"},
    {"8-bit", " \xc3\xbc (\xe4)", " \xc3\xbc@m.x (\xe4)"},
    {"B-29: encoded words of a name", " =?utf-8?Q?a?= <b>",
	" =?utf-8?Q?a?= <b@m.x>"},
    {"B-29: as an address", " =?utf-8?Q?a?=", NULL},
    {"whole ones", " a@b, C <d@e>, <f@[1.2.3.4]>",
	" a@b, C <d@e>, <f@[1.2.3.4]>"},
    {"nobody", "", NULL},
    {"nobody in a group", " undisclosed:;", NULL},
    {"no list", " a b", NULL},
    {"the null address", " MAILER-DAEMON <>", NULL},
    {"no line is longer than 998 for it",
	" \"" LONG HUNDRED "\" (" EIGHTY "), b",
	" \"" LONG HUNDRED "\"@m.x (" EIGHTY "), \n b@m.x"},
};

/* B-25. */
static void
qualified(void **state)
{
	const struct retouch r = {.mailname = STR("m.x")};
	const struct retouch none = {.mailname = STR("")};
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(bare); i++) {
		struct row same = bare[i];

		wrong += !comes_to(&bare[i], &r);
		if (same.out)
			same.out = same.in;
		wrong += !comes_to(&same, &none);
	}
	assert_int_equal(wrong, 0);
}

#define LAN "root@m.x => H <me@x.y>, @m.x => @x.y, @.lan => \"b c\"@x.y"

static const struct row replaced[] = {
    {"with a name", " root", " H <me@x.y>"},
    {"in place of another", " Mr. Root <root@m.x>", " H <me@x.y>"},
    {"comments stay", " (1) \"R\" <root(2)> (Cron Daemon)",
	" (1) H <me@x.y> (Cron Daemon)"},
    {"the domain alone", " Bin (c) <bin@m.x>", " Bin (c) <bin@x.y>"},
    {"of a name", " bin (c)", " bin@x.y (c)"},
    {"no rule fits", " Bin < bin @ z . y > (c)", " Bin < bin @ z . y > (c)"},
    {"what is no list stays", " a b, root", NULL},
    {"encoded words stay", " =?utf-8?Q?a?= <a@b.lan>",
	" =?utf-8?Q?a?= <\"b c\"@x.y>"},
    {"one of several", " a@b, root@m.x,c@d", " a@b, H <me@x.y>,c@d"},
    {"all of a group", " g:root,bin@m.x;, C <root@m.x>",
	" g: H <me@x.y>,bin@x.y;, H <me@x.y>"},
    {"B-26: a route goes with it", " <@r:bin@m.x>", " <bin@x.y>"},
    {"B-26: blanks and comments within", " bin (1) . a @ (2) m . (3) x (4)",
	" bin.a@x.y (4)"},
    {"a trailing dot", " bin@m.x.", " bin@x.y"},
    {"folded", "\n \n  Mr.\n Root\n <root@m.x>\n (c)",
	"\n \n  H <me@x.y>\n (c)"},
    {"8-bit around it", " \xc3\xbc\xe4 (\xe4) <bin@m.x>",
	" \xc3\xbc\xe4 (\xe4) <bin@x.y>"},
    {"8-bit in a comment", " U (\xe4) <bin@m.x>", " U (\xe4) <bin@x.y>"},
    {"no line is longer than 998 for it",
	" \"" LONG HUNDRED "\" <b@z> (" EIGHTY "), a@b.lan",
	" \"" LONG HUNDRED "\" <b@z> (" EIGHTY "), \n \"b c\"@x.y"},
};

/* From under rules, behind qualification (B-25). */
static void
rewritten(void **state)
{
	struct retouch r = {.mailname = STR("m.x")};
	struct pool p = {0};
	struct rewrite rules;
	struct err e;
	size_t wrong = 0;

	(void)state;
	assert_int_equal(rewrite_read(&rules, STR(LAN), &p, &e), 0);
	r.rewrite = &rules;
	for (size_t i = 0; i < COUNT(replaced); i++)
		wrong += !comes_to(&replaced[i], &r);
	assert_int_equal(wrong, 0);
	pool_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(qualified),
	    cmocka_unit_test(rewritten),
	};

	return cmocka_run_group_tests_name("mail/retouch", tests, NULL, NULL);
}
