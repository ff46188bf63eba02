/* SPDX-License-Identifier: ISC */
/* Entries that come of others, and when they may go. */
#include "delivery/derived.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/desk.h"
#include "../lib/fail.h"
#include "../lib/words.h"
#include "delivery/forward.h"
#include "spool/take.h"

/* May the entry with that part behind the ID, and those words in it, go? */
static bool
settled(const char *part, const char *args)
{
	const struct stored s = {.args = str_c(args)};
	char id[64];

	assert_true(snprintf(id, sizeof(id), "%s%s", desk.entry.id, part) > 0);
	return derived_settled(&shelf.store, id, &s);
}

/* The same of one that is there. */
static bool
may_go(const char *part)
{
	struct envelope env;
	struct stored s;

	(void)desk_report(part, &env, &s);
	return settled(part, pool_str(&desk.pool, s.args).p);
}

/*
 * Rule 16: a report that is sent before the failure is marked reported would
 * not be found, and sent again.
 */
static void
a_report_waits_for_the_mark(void **state)
{
	struct recipient r[] = {{.path = STR("a@x.example")},
	    {.path = STR("b@x.example")}, {.path = STR("c@x.example")}};

	(void)state;
	desk_submit("me@m.example", r, 3, "wff");
	assert_int_equal(desk_bounce(), 0);
	desk_marks_are("wrr");
	assert_true(may_go("B1"));
	/* Who made it has died before. */
	desk_mark("wff");
	assert_false(may_go("B1"));
	/* The first of them is marked last. */
	desk_mark("wfr");
	assert_false(may_go("B1"));
	desk_mark("wrr");
	/* What cannot be put on disk, or read, may not be there. */
	fail_call("fdatasync", 1, EIO);
	assert_false(settled("B1", "failed 1-2"));
	assert_true(fail_over());
	assert_true(settled("B1", "failed 1-2"));
	folder_put(&shelf.folder, ENTRY_NAME_OF(&desk.entry, ".env"), "torn");
	assert_false(settled("B1", "failed 1-2"));
	assert_int_equal(entry_aside(&desk.entry, &desk.e), 0);
	assert_true(settled("B1", "failed 1-2"));
}

/* Others do not wait, whatever they are called. */
static void
what_waits_for_nothing(void **state)
{
	struct recipient r = {.path = STR("a@x.example")};

	(void)state;
	desk_submit("me@m.example", &r, 1, "w");
	assert_true(settled("", "sendmail -t"));
	assert_true(settled("", ""));
	desk.stored.fate[0].attempts = 1;
	assert_int_equal(desk_delay(), 0);
	assert_true(may_go("BRS"));
	/* Of that kind, and not of that name; or the other way round. */
	assert_false(settled("B0", "failed 0"));
	assert_false(settled("B0", "undelivered 0"));
	assert_true(settled("B1", "failed 0"));
	assert_true(settled("", "failed 0"));
	assert_true(settled("B0", "failed 1000"));
	assert_true(settled("B0", "failed"));
	assert_true(settled("B0", "failed 0 "));
	assert_true(settled("B0", "delivered 0"));
	/* The other has no such recipient. */
	assert_false(settled("B1", "failed 1"));
}

/* A report on what was forwarded, and one on that: all have names. */
static void
three_times_over(void **state)
{
	struct err e;
	struct entry entry;
	const char *from = "HOGSAD537J006UN";
	char last[STORE_ID + 1];

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(derived_make(&shelf.store, from,
				     DERIVED_FORWARDED, 999, &entry, &e),
		    DERIVE_NEW);
		memcpy(last, entry.id, sizeof(last));
		from = last;
		entry_discard(&entry);
	}
}

static char aliases[100];

/* A message for that name, and where the aliases lead it. */
static struct recipient *
forward(const char *name, const char *text)
{
	static struct recipient r;

	r = (struct recipient){.path = str_c(name)};
	desk_submit("me@m.example", &r, 1, "w");
	assert_true(snprintf(aliases, sizeof(aliases), "%s/aliases",
			shelf.folder.path) > 0);
	folder_put(&shelf.folder, "aliases", text);
	desk.aliases.file = aliases;
	forward_name(&shelf.store, &desk.job, &desk.stored, &desk.env.rcpt[0],
	    &desk.aliases, &desk.pool);
	return &desk.env.rcpt[0];
}

/* H-29 */
static void
an_alias_leads_to_several(void **state)
{
	struct envelope env;
	struct stored s;
	struct recipient *r = forward("root",
	    "root: z@x.example, joe, /dev/null, \\me, a@x.example\n"
	    "owner-root: boss@x.example\n");
	const char *text = desk_report("B1JK", &env, &s);

	(void)state;
	assert_int_equal(r->status.outcome, OUTCOME_DELIVERED);
	desk_contains(r->status.text.p, "forwarded as ");
	desk_contains(r->status.text.p, desk.entry.id);
	assert_string_equal(text, DESK_MESSAGE);
	assert_int_equal(env.n, 4);
	assert_true(str_eq(env.from, STR("me@m.example")));
	assert_true(str_eq(env.rcpt[2].path, STR("a@x.example")));
	assert_true(str_eq(env.rcpt[2].orig, STR("root")));
	assert_true(str_eq(env.rcpt[2].from, STR("boss@x.example")));
	assert_true(str_eq(env.rcpt[3].path, STR("z@x.example")));
	assert_true(s.arrived == DESK_ARRIVED);
	assert_true(s.eightbit && s.uid == desk.stored.uid);
	/* It does not go before the name is done with. */
	assert_false(may_go("B1JK"));
	desk_mark("d");
	assert_true(may_go("B1JK"));
	/* After a crash it is found, whatever the aliases are by now. */
	desk_mark("w");
	folder_put(&shelf.folder, "aliases", "root: other@x.example\n");
	*r = (struct recipient){.path = STR("root"), .addr = r->addr};
	forward_name(&shelf.store, &desk.job, &desk.stored, r, &desk.aliases,
	    &desk.pool);
	assert_int_equal(r->status.outcome, OUTCOME_DELIVERED);
	assert_int_equal(desk_entries(), 2);
}

/* Whatever cannot be done waits, and leaves nothing. */
static void
every_call_fails(void **state)
{
	static const char *const calls[] = {
	    "openat", "pread", "write", "fsync", "renameat", "flock"};
	struct envelope env;
	struct stored s;

	(void)state;
	for (size_t i = 0; i < COUNT(calls); i++)
		for (unsigned n = 1; n < 10; n++) {
			struct recipient *r = forward("x", "x: x@x\n");
			enum outcome outcome;

			*r = (struct recipient){.path = STR("root"),
			    .addr = {.local = STR("root")}};
			folder_put(&shelf.folder, "aliases",
			    "root: a@x.example, b@x.example\n");
			fail_call(calls[i], n, EIO);
			forward_name(&shelf.store, &desk.job, &desk.stored, r,
			    &desk.aliases, &desk.pool);
			(void)fail_over();
			outcome = r->status.outcome;
			if (outcome == OUTCOME_DELIVERED)
				(void)desk_report("B1JK", &env, &s);
			else
				assert_int_equal(outcome, OUTCOME_DEFERRED);
		}
}

/* One is what the recipient becomes; what has been expanded stays. */
static void
others(void **state)
{
	static const struct {
		const char *name, *orig, *path;
		enum outcome outcome;
	} rows[] = {
	    {"r", "", "a@x.example", OUTCOME_OPEN},
	    {"r@m.example", "", "a@x.example", OUTCOME_OPEN},
	    {"null", "", "/dev/null", OUTCOME_DELIVERED},
	    {"nulls", "", "/dev/null", OUTCOME_DELIVERED},
	    {"nobody", "", "nobody", OUTCOME_FAILED},
	    {"nobody@m.example", "", "nobody@m.example", OUTCOME_OPEN},
	    {"r@far.example", "", "r@far.example", OUTCOME_OPEN},
	    /* What follows might get it again. */
	    {"two", "list", "two", OUTCOME_FAILED},
	    {"two@m.example", "list", "two@m.example", OUTCOME_OPEN},
	    {"\\two", "list", "\\two", OUTCOME_DEFERRED},
	    {"two@localhost", "list", "two@localhost", OUTCOME_FAILED},
	    {"|two", "list", "|two", OUTCOME_DEFERRED},
	    {"/two", "list", "/two", OUTCOME_DEFERRED},
	    {":include:/two", "list", ":include:/two", OUTCOME_DEFERRED},
	    {"/dev/null", "list", "/dev/null", OUTCOME_DELIVERED},
	    {"/dev/null", "", "/dev/null", OUTCOME_FAILED},
	};

	(void)state;
	(void)forward("x",
	    "r: a@x.example\nnull: /dev/null\n"
	    "nulls: /dev/null, null\ntwo: a@x, b@x\n");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct recipient *r = &desk.env.rcpt[0];
		struct str name = str_c(rows[i].name);
		size_t at = str_find(name, '@');

		*r = (struct recipient){.path = name,
		    .orig = str_c(rows[i].orig),
		    .addr = {str_slice(name, 0, at),
			str_slice(name, at + 1, name.n), STR_NONE}};
		forward_name(&shelf.store, &desk.job, &desk.stored, r,
		    &desk.aliases, &desk.pool);
		assert_true(str_eq(r->path, str_c(rows[i].path)));
		assert_int_equal(r->status.outcome, rows[i].outcome);
		assert_int_equal(desk_entries(), 1);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, desk_open, desk_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_report_waits_for_the_mark),
	    TEST(what_waits_for_nothing),
	    TEST(three_times_over),
	    TEST(an_alias_leads_to_several),
	    TEST(every_call_fails),
	    TEST(others),
	};

	return cmocka_run_group_tests_name(
	    "delivery/derived", tests, NULL, NULL);
}
