/* SPDX-License-Identifier: ISC */
/* mail/rewrite: which senders become what (A-54). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../lib/guard.h"
#include "mail/rewrite.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define LAN "root@a.lan => A <me@x.y>, @a.lan => @x.y, @.lan => \"b c\"@x.y"
#define IDN "@b\xc3\xbc.y => @c\xc3\xa4.y"

static const struct {
	const char *title;
	const char *rules;
	const char *from;
	const char *to; /* with a name: "name <address>"; NULL: no rule fits */
} rows[] = {
    {"no rules", "", "a@b", NULL},
    {"nothing but blanks", "  ", "a@b", NULL},
    {"all become one", "me@x.y", "a@b", "me@x.y"},
    {"one of us, too", "me@x.y", "me@x.y", "me@x.y"},
    {"a name without a domain, too", "me@x.y", "root", "me@x.y"},
    {"the null address never", "me@x.y", "", NULL},
    {"all get a domain", "@x.y", "a@b", "a@x.y"},
    {"a quoted local part keeps what it is", "@x.y", "\"a b\"@c",
	"\"a b\"@x.y"},
    {"a name gets it, too", "@x.y", "root", "root@x.y"},
    {"with a name for the field", "\"H, a => b\" <me@x.y>", "a@b",
	"H, a => b <me@x.y>"},
    {"a name of blanks is none", "\"  \" <me@x.y>", "a@b", "me@x.y"},
    {"an address", LAN, "root@a.lan", "A <me@x.y>"},
    {"in any case", LAN, "ROOT@A.lan", "A <me@x.y>"},
    {"a domain", LAN, "bin@a.lan", "bin@x.y"},
    {"what is below one", LAN, "bin@b.lan", "\"b c\"@x.y"},
    {"and below that", LAN, "bin@c.b.lan", "\"b c\"@x.y"},
    {"but not itself", LAN, "bin@lan", NULL},
    {"nor what ends alike", LAN, "bin@xlan", NULL},
    {"nor what it is a part of", LAN, "bin@a.lan.z", NULL},
    {"the first that fits counts", "@b => x@y.z, a@b => c@d.e", "a@b", "x@y.z"},
    {"the last is for all", "a@b => c@d.e, me@x.y", "z@b", "me@x.y"},
    {"commas in quotes", "\"a,b\"@c => \"d,=>\\\"e\"@f.g, h@i", "\"a,b\"@c",
	"\"d,=>\\\"e\"@f.g"},
    {"an at sign in quotes", "\"a@b\"@c => d@e", "\"a@b\"@c", "d@e"},
    {"and not without them", "\"a@b\"@c => d@e", "b@c", NULL},
    {"domains in other scripts", IDN, "a@B\xc3\x9c.y", "a@xn--c-0fa.y"},
    {"and as they are in ASCII", IDN, "a@xn--b-eha.y", "a@xn--c-0fa.y"},
    {"a literal", "@b => me@[192.0.2.1]", "a@b", "me@[192.0.2.1]"},
    {"from a literal", "a@[192.0.2.1] => @b", "a@[192.0.2.1]", "a@b"},
    {"nor does a comma at the end", "@b => @c, ", "a@b", "a@c"},
    {"blanks do not count", "a@b=>c@d ,@e  =>  @f", "x@e", "x@f"},
};

static bool
comes_to(size_t row)
{
	const char *to = rows[row].to;
	const struct rewrite_rule *rule;
	struct pool p = {0};
	struct rewrite r;
	struct addr a;
	struct err e;
	struct buf got;
	bool same;

	assert_int_equal(
	    rewrite_read(&r, guard_str(str_c(rows[row].rules)), &p, &e), 0);
	assert_int_equal(
	    addr_one(&p, guard_str(str_c(rows[row].from)), &a, &e), 0);
	buf_init(&got, 1000);
	rule = rewrite_addr(&r, &a);
	if (rule && rule->to.name.n > 0)
		buf_printf(&got, "%.*s <", STR_ARG(rule->to.name));
	addr_print(&got, &a);
	if (rule && rule->to.name.n > 0)
		buf_byte(&got, '>');
	same = to ? rule && str_eq(buf_str(&got), str_c(to))
		  : !rule && str_eq(buf_str(&got), str_c(rows[row].from));
	if (!same)
		print_error("%s: \"%s\"\n", rows[row].title, got.p);
	buf_free(&got);
	pool_free(&p);
	return same;
}

static void
rules(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		wrong += !comes_to(i);
	assert_int_equal(wrong, 0);
}

/* A-54: what makes a sender of none, or of a mere name, is a mistake. */
static void
mistakes(void **state)
{
	static const char *const bad[] = {"root", "<>", "@", "@b..c",
	    "a@b => root", "a@b => <>", "a@b =>", "=> a@b", "root => a@b",
	    "* => a@b", "N <a@b> => c@d", ",", "a b@c", "a@b => c@d => e@f",
	    "@. => a@b", "a@b; c@d", "a@b c@d", "\"a@b", "@[192.0.2.1]"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct pool p = {0};
		struct err e = {0};
		struct rewrite r;

		if (rewrite_read(&r, guard_str(str_c(bad[i])), &p, &e) == 0)
			fail_msg("\"%s\" is taken", bad[i]);
		assert_int_equal(r.n, 0);
		assert_true(e.text[0] != '\0');
		pool_free(&p);
	}
}

/* Where there is no other way to make a sender of what cannot be read. */
static void
for_all(void **state)
{
	static const struct {
		const char *rules;
		bool yes;
	} cases[] = {{"", false}, {"me@x.y", true}, {"@x.y", false},
	    {"a@b => me@x.y", false}, {"a@b => c@d, me@x.y", true}};

	(void)state;
	assert_false(rewrite_is_for_all(NULL));
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pool p = {0};
		struct rewrite r;
		struct err e;

		assert_int_equal(
		    rewrite_read(&r, str_c(cases[i].rules), &p, &e), 0);
		assert_int_equal(rewrite_is_for_all(&r), cases[i].yes);
		pool_free(&p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rules),
	    cmocka_unit_test(mistakes),
	    cmocka_unit_test(for_all),
	};

	return cmocka_run_group_tests_name("mail/rewrite", tests, NULL, NULL);
}
