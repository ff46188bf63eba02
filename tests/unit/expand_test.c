/* SPDX-License-Identifier: ISC */
/* route/expand: who gets the mail for names of this host. */
#include "route/expand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { MAX = 8 };

/*
 * The recipients, a list of addresses, come to targets: the address; the
 * recipient in parentheses, if an alias led from there; " by " and the owner;
 * " = " and the status, where there is one.
 */
static const struct row {
	const char *title;
	const char *aliases; /* NULL: not used */
	const char *rcpt;
	const char *result;
} rows[] = {
    {"elsewhere", "a: x@y", "a@example.org, b@c", "a@example.org, b@c"},
    {"H-01", "root: me@x", "root", "me@x (root)"},
    {"H-01: several", "r: a@x, b@x", "r", "a@x (r), b@x (r)"},
    {"H-02: case", "RooT: me@x", "rOOt", "me@x (rOOt)"},
    {"H-01: one leads to another", "a: b\nb: c, d@x\nc: e@x", "a",
	"e@x (a), d@x (a)"},
    {"H-24, C-26: no alias", "a: x@y", "bob", "bob = 5.1.1"},
    {"H-24: nor has what it leads to", "a: bob, x@y", "a",
	"bob (a) = 5.1.1, x@y (a)"},
    {"C-26: localhost is here", "a: x@y", "a@localhost, b@LOCALHOST",
	"x@y (a@localhost), b@LOCALHOST = 5.1.1"},
    {"C-26: so it is with a domain", "a: x@y", "a@localhost.localdomain",
	"x@y (a@localhost.localdomain)"},
    {"A-21: no aliases", NULL, "root, a@host.test, b@x",
	"root = 5.1.1, a@host.test, b@x"},
    {"H-06: our domains", "a: x@y", "a@host.test, a@HOME.test, a@far.test",
	"x@y (a@host.test), a@far.test"},
    {"H-06: our domain in another script", "a: x@y",
	"a@B\xc3\xbc"
	"cher.example, a@\xc3\xb6.example",
	"x@y (a@B\xc3\xbc"
	"cher.example), a@\xc3\xb6.example"},
    {"H-06: no alias there", "a: x@y", "b@home.test", "b@home.test"},
    {"H-06: the alias leads to our domain", "root: root@home.test",
	"root, root@home.test", "root@home.test (root)"},
    {"H-06: by way of another", "root: a\na: a@home.test", "root",
	"a@home.test (root)"},
    {"H-06: with a detail", "a: x@y\nb+c: z@y", "a+d, b+c, b+d, +a",
	"x@y (a+d), z@y (b+c), b+d = 5.1.1, +a = 5.1.1"},
    {"H-06: up to the first '+'", "a: x@y\na+b: z@y", "a+b+c", "x@y (a+b+c)"},
    {"H-09: postmaster", "root: x@y", "postmaster, PostMaster@localhost",
	"x@y (postmaster)"},
    {"H-09: mailer-daemon", "root: x@y", "MAILER-DAEMON",
	"x@y (MAILER-DAEMON)"},
    {"H-09: by way of postmaster", "root: x@y\npostmaster: p@y",
	"mailer-daemon", "p@y (mailer-daemon)"},
    {"H-09: their own", "mailer-daemon: m@y\nroot: x@y", "mailer-daemon",
	"m@y (mailer-daemon)"},
    {"H-09: no root", "a: b@c", "postmaster", "postmaster = 5.1.1"},
    {"H-09: not elsewhere", "root: x@y", "postmaster@home.test",
	"postmaster@home.test"},
    {"H-09: not for root", "postmaster: x@y", "root", "root = 5.1.1"},
    {"H-09: root is not one of them", "root: postmaster", "root",
	"postmaster (root) = 5.1.1"},
    {"H-10: the rest", "*: x@y\na: z@y", "a, b, c@home.test",
	"z@y (a), x@y (b), c@home.test"},
    {"H-10: is not itself", "*: bob", "al", "bob (al) = 5.1.1"},
    {"H-05: itself", "a: a, x@y", "a", "\"\\\\a\" (a) = 4.3.5, x@y (a)"},
    {"H-05: itself at localhost", "a: A@localhost", "a",
	"\"\\\\A\" (a) = 4.3.5"},
    {"H-05: a loop of two", "a: b\nb: a", "a", "a (a) = 5.4.6"},
    {"H-05: a loop and a way out", "a: b, x@y\nb: c\nc: a, z@y", "a",
	"a (a) = 5.4.6, z@y (a), x@y (a)"},
    {"H-05: a loop through our domain", "a: b@host.test\nb: a", "a",
	"a (a) = 5.4.6"},
    {"H-05: each alias once", "a: b, c\nb: d\nc: d\nd: x@y", "a, b, d, a",
	"x@y (a)"},
    {"H-05: 10 levels",
	"1: 2\n2: 3\n3: 4\n4: 5\n5: 6\n6: 7\n7: 8\n8: 9\n9: 10\n10: x@y", "1",
	"x@y (1)"},
    {"H-05: 11 levels",
	"0: 1\n1: 2\n2: 3\n3: 4\n4: 5\n5: 6\n6: 7\n7: 8\n8: 9\n9: 10\n"
	"10: x@y",
	"0", "10 (0) = 5.4.6"},
    {"H-05: no harm to others",
	"0: 1\n1: 2\n2: 3\n3: 4\n4: 5\n5: 6\n6: 7\n7: 8\n8: 9\n9: 10\n"
	"10: x@y",
	"0, 1", "10 (0) = 5.4.6"},
    {"H-03: what cannot be delivered yet",
	"a: /b, \"|c d\", :include:/e, /f/, \\a", "a",
	"/b (a) = 4.3.5, \"|c d\" (a) = 4.3.5, \":include:/e\" (a) = 4.3.5, "
	"/f/ (a) = 4.3.5, \"\\\\a\" (a) = 4.3.5"},
    {"H-28: discarded", "a: /dev/null", "a", "/dev/null (a) = 2.0.0"},
    {"H-03: it is the alias that can name a file", "a: x@y", "/dev/null, |b",
	"/dev/null = 5.1.1, |b = 5.1.1"},
    {"H-07", "l: a@x\nowner-l: o@x", "l", "a@x (l) by o@x"},
    {"H-07: a chain", "l: a@x\nowner-l: b\nb: o@x", "l", "a@x (l) by o@x"},
    {"H-07: several", "l: a@x\nowner-l: o@x, p@x", "l", "a@x (l) by owner-l"},
    {"H-07: several behind a chain", "l: a@x\nowner-l: b\nb: o@x, p@x", "l",
	"a@x (l) by owner-l"},
    {"H-07: a user", "l: a@x\nowner-l: b", "l", "a@x (l) by owner-l"},
    {"H-07: of a list in a list",
	"l: m, a@x\nm: b@x\nn: m, c@x\nowner-l: o@x\nowner-m: p@x", "l, n",
	"b@x (l) by p@x, a@x (l) by o@x, c@x (n)"},
    {"H-07: what is within has the outer one",
	"l: m, a@x\nm: b@x\n"
	"owner-l: o@x",
	"l", "b@x (l) by o@x, a@x (l) by o@x"},
    {"H-07: an owner has none", "owner-l: a@x\nowner-owner-l: o@x", "owner-l",
	"a@x (owner-l)"},
    {"H-07: a loop", "l: a@x\nowner-l: owner-l", "l", "a@x (l) by owner-l"},
    {"as many as there may be", "a: 1@x, 2@x, 3@x, 4@x, 5@x, 6@x, 7@x, 8@x",
	"a",
	"1@x (a), 2@x (a), 3@x (a), 4@x (a), 5@x (a), 6@x (a), 7@x (a), "
	"8@x (a)"},
    {"too many", "a: 1@x, 2@x, 3@x, 4@x, 5@x, 6@x, 7@x, 8@x, 9@x\nb: z@x",
	"c@y, a, d@y, b", "c@y, a = 5.5.3, d@y, b = 5.5.3"},
};

static void
print_target(struct buf *b, const struct target *t, const struct addr *rcpt)
{
	if (b->n > 0)
		buf_add(b, STR(", "));
	addr_print(b, &t->addr);
	if (t->expanded) {
		buf_add(b, STR(" ("));
		addr_print(b, &rcpt[t->origin]);
		buf_byte(b, ')');
	}
	if (!addr_is_null(&t->owner)) {
		buf_add(b, STR(" by "));
		addr_print(b, &t->owner);
	}
	if (t->status.outcome != OUTCOME_OPEN) {
		buf_add(b, STR(" = "));
		status_enhanced(b, &t->status);
		assert_true(t->status.text.n > 0);
	}
}

static void
check(const struct row *row, struct str trouble)
{
	static const struct str own[] = {{"host.test", 9}, {"host", 4},
	    {"home.test", 9}, {"xn--bcher-kva.example", 21}};
	struct pool p = {0};
	struct aliases aliases;
	struct expand_opts opts = {
	    .aliases = row->aliases ? &aliases : NULL,
	    .file = STR("/a"),
	    .trouble = trouble,
	    .own = own,
	    .own_n = COUNT(own),
	    .max = MAX,
	};
	struct addr *rcpt;
	struct target *target;
	struct buf b;
	struct err e;
	size_t n;

	alias_parse(&aliases, str_c(row->aliases), &p);
	assert_int_equal(aliases.wrong_n, 0);
	assert_int_equal(
	    addr_list(&p, str_c(row->rcpt), 100, &rcpt, &n, &e), 0);
	target = expand(rcpt, n, &opts, &p, &n);
	buf_init(&b, 1 << 16);
	for (size_t i = 0; i < n; i++)
		print_target(&b, &target[i], rcpt);
	if (strcmp(b.p, row->result) != 0)
		fail_msg("%s: %s", row->title, b.p);
	buf_free(&b);
	pool_free(&p);
}

static void
recipients(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check(&rows[i], STR_NONE);
}

/* Whether they have an alias cannot be told: they wait, the others do not. */
static void
unknown_aliases(void **state)
{
	static const struct row row = {"H-29", "",
	    "root, a@home.test, b@far.test",
	    "root = 4.3.5, a@home.test = 4.3.5, b@far.test"};

	(void)state;
	check(&row, STR("/a:7: nothing behind the name"));
}

/* What a refusal says can be done about it. */
static void
advice(void **state)
{
	struct pool p = {0};
	struct aliases none = {0};
	struct expand_opts opts = {
	    .aliases = &none, .file = STR("/etc/aliases"), .max = 1};
	struct addr rcpt = {STR("a\x01"), STR_NONE, STR_NONE};
	size_t n;
	struct target *t = expand(&rcpt, 1, &opts, &p, &n);

	(void)state;
	assert_int_equal(n, 1);
	assert_string_equal(t->status.text.p,
	    "there is no alias for \"a\\x01\" in /etc/aliases: a line \"a\\x01: "
	    "you@example.org\" in it says who gets this mail");
	opts.aliases = NULL;
	t = expand(&rcpt, 1, &opts, &p, &n);
	assert_string_equal(t->status.text.p,
	    "\"a\\x01\" is a name of this host, and aliases are not used");
	pool_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    {"recipients", recipients, NULL, NULL, NULL},
	    {"H-29: aliases that cannot be read", unknown_aliases, NULL, NULL,
		NULL},
	    {"H-24: what to do", advice, NULL, NULL, NULL},
	};

	return cmocka_run_group_tests_name("expand", tests, NULL, NULL);
}
