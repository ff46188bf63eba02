/* SPDX-License-Identifier: ISC */
/* Reports on messages of a real spool: who is told, and what. */
#include "delivery/bounce.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../lib/desk.h"
#include "../lib/words.h"
#include "mail/dsn_about.h"
#include "spool/load.h"

static const struct event refused = {
    .kind = EVENT_ATTEMPT,
    .when = DESK_ARRIVED + DESK_HOUR,
    .who = {"0", 1},
    .status = {OUTCOME_FAILED, BLAME_RCPT, 550, {5, 1, 1}, {"no Bob", 6}},
    .relay = {"mx[192.0.2.1]:25", 16},
};

static const char reader[] =
    "import sys, email, email.policy\n"
    "m = email.message_from_bytes(sys.stdin.buffer.read(), "
    "policy=email.policy.SMTP)\n"
    "words, machine, returned = m.iter_parts()\n"
    "assert m.get_content_type() == 'multipart/report' and not m.defects\n"
    "assert machine.get_content_type() == 'message/delivery-status'\n"
    "assert returned.get_content_type() == 'message/rfc822'\n"
    "groups = machine.get_payload()\n"
    "assert [g['Final-Recipient'] for g in groups[1:]] == "
    "['rfc822; a@x.example', 'rfc822; c@x.example'], groups\n"
    "assert groups[1]['Diagnostic-Code'] == 'smtp; 550 no Bob'\n"
    "assert groups[1]['Remote-MTA'] == 'dns; mx'\n"
    "assert groups[2]['Diagnostic-Code'] == 'smtp; 554 just now'\n"
    "assert returned.get_payload(0)['Subject'] == 'x'\n"
    "assert m['To'] == 'me@m.example' and "
    "m['References'] == '<1@m.example>', m.items()\n"
    "print('good')\n";

static void
python_reads(const char *text)
{
	const char *python = getenv("PYTHON");
	struct buf command;
	FILE *f;

	folder_put(&shelf.folder, "reader.py", reader);
	folder_put(&shelf.folder, "report", text);
	buf_init(&command, 1000);
	buf_printf(&command, "%s %s/reader.py <%s/report >%s/said",
	    python ? python : "/usr/bin/python3", shelf.folder.path,
	    shelf.folder.path, shelf.folder.path);
	f = popen(command.p, "w");
	assert_non_null(f);
	assert_int_equal(pclose(f), 0);
	assert_string_equal(folder_get(&shelf.folder, "said"), "good\n");
	buf_free(&command);
}

/* G-20 to G-23, K-07: one report for all that have failed. */
static void
the_sender_is_told(void **state)
{
	struct recipient r[] = {{.path = STR("a@x.example")},
	    {.path = STR("b@x.example")}, {.path = STR("c@x.example")}};
	struct envelope renv;
	struct stored rs;
	const char *text;
	struct err none;

	(void)state;
	desk_submit("me@m.example", r, 3, "fdf");
	assert_int_equal(entry_event(&desk.entry, &refused, &desk.e), 0);
	desk_take(desk.entry.id);
	/* This one has failed in this run. */
	desk.env.rcpt[2].status = (struct status){
	    OUTCOME_FAILED, BLAME_MESSAGE, 554, {5, 6, 0}, STR("just now")};
	assert_int_equal(desk_bounce(), 0);
	desk_marks_are("rdr");
	text = desk_report("B0", &renv, &rs);
	assert_true(renv.from.n == 0 && renv.n == 1 && renv.ret == RET_UNSAID);
	assert_true(str_eq(renv.rcpt[0].path, STR("me@m.example")));
	assert_true(rs.arrived == desk.opts.now && rs.eightbit);
	desk_contains(desk.logged.p, "B0: message-id=<1790018000.");
	desk_contains(text, pool_str(&desk.pool, rs.message_id).p);
	assert_true(rs.size == strlen(text));
	desk_contains(text, "\r\nReporting-MTA: dns; h.example\r\n");
	python_reads(text);
	desk_contains(desk.logged.p, "bounce: ");
	desk_contains(desk.logged.p, "B0\n");
	desk_contains(desk.logged.p, ": sender non-delivery notification: ");
	/* Now it may go. */
	assert_int_equal(desk_bounce(), 0);
	assert_int_equal(desk_entries(), 2);
	desk_contains(
	    folder_get(&shelf.folder, ENTRY_NAME_OF(&desk.entry, ".env")),
	    " reported 0,2 ");
	assert_int_equal(entry_remove(&desk.entry, &none), 0);
}

/* G-26: the header alone, where that is wished, or the rest is too much. */
static void
what_is_returned(void **state)
{
	static const struct {
		uint64_t limit;
		enum ret ret;
		bool whole;
	} rows[] = {{50, RET_UNSAID, true}, {50, RET_FULL, true},
	    {50, RET_HDRS, false}, {10, RET_UNSAID, false},
	    {10, RET_FULL, false}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct recipient r = {.path = STR("a@x.example")};
		struct envelope made = {.from = STR("me@m.example"),
		    .rcpt = &r,
		    .n = 1,
		    .ret = rows[i].ret};
		struct envelope renv;
		struct stored rs;
		const char *text;

		desk_commit(&made, DESK_MESSAGE);
		desk_mark("f");
		desk.opts.size_limit = rows[i].limit;
		assert_int_equal(desk_bounce(), 0);
		text = desk_report("B0", &renv, &rs);
		if (rows[i].whole)
			desk_contains(text, "\r\n\r\n" DESK_MESSAGE "\r\n--");
		else
			desk_contains(text,
			    "\r\n\r\nSubject: x\r\nX: \xc3\xb6\r\n\r\n--");
	}
}

/* Blocks of the message end anywhere; nothing is lost between them. */
static void
a_long_message_is_whole(void **state)
{
	static char text[40000] = "Subject: x\r\nX:";
	struct recipient r = {.path = STR("a@x.example")};
	struct envelope made = {
	    .from = STR("me@m.example"), .rcpt = &r, .n = 1};
	struct envelope renv;
	struct stored rs;

	(void)state;
	for (size_t end = 16380; end <= 16388; end++) {
		size_t at = strlen("Subject: x\r\nX:");

		memset(text + at, 'y', sizeof(text) - 1 - at);
		memcpy(text + end, "\r\n\r\nbody", 8);
		made.ret = end % 2 ? RET_FULL : RET_HDRS;
		desk_commit(&made, text);
		desk_mark("f");
		assert_int_equal(desk_bounce(), 0);
		text[made.ret == RET_HDRS ? end + 2 : sizeof(text) - 1] = '\0';
		desk_contains(desk_report("B0", &renv, &rs), text);
		if (made.ret == RET_HDRS)
			desk_contains(
			    desk_report("B0", &renv, &rs), "y\r\n\r\n--");
		memset(text + end, 'y', 8);
	}
}

/* Whatever the header looks like, it ends before the empty line. */
static void
odd_headers(void **state)
{
	static const char *const rows[][2] = {
	    {"\r\nbody", "\r\n\r\n\r\n--"},
	    {"X: a\r\r\n\r\nbody", "\r\n\r\nX: a\r\r\n\r\n--"},
	    {"X: a\r\n", "\r\n\r\nX: a\r\n\r\n--"},
	};
	struct recipient r = {.path = STR("a@x.example")};
	struct envelope made = {
	    .from = STR("me@m.example"), .rcpt = &r, .n = 1, .ret = RET_HDRS};
	struct envelope renv;
	struct stored rs;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		desk_commit(&made, rows[i][0]);
		desk_mark("f");
		assert_int_equal(desk_bounce(), 0);
		desk_contains(desk_report("B0", &renv, &rs), rows[i][1]);
	}
}

/* Rule 20: he may have it. */
static void
what_is_in_doubt(void **state)
{
	struct recipient r = {.path = STR("a@x.example")};
	struct envelope renv;
	struct stored rs;

	(void)state;
	desk_submit("me@m.example", &r, 1, "f");
	desk.stored.fate[0].doubts = 1;
	assert_int_equal(desk_bounce(), 0);
	desk_contains(
	    desk_report("B0", &renv, &rs), "it may have been delivered");
	desk_submit("me@m.example", &r, 1, "f");
	desk.env.rcpt[0].status =
	    (struct status){.outcome = OUTCOME_DEFERRED, .blame = BLAME_DOUBT};
	assert_int_equal(desk_bounce(), 0);
	desk_contains(
	    desk_report("B0", &renv, &rs), "it may have been delivered");
}

/* G-27: the line in the log is all that there is. */
static void
nobody_wants_to_know(void **state)
{
	struct recipient r[] = {
	    {.path = STR("a@x.example"), .notify = DSN_NEVER},
	    {.path = STR("b@x.example"), .notify = DSN_ON_SUCCESS},
	    {.path = STR("c@x.example"), .notify = DSN_ON_FAILURE}};
	struct envelope renv;
	struct stored rs;

	(void)state;
	desk_submit("me@m.example", r, 2, "ff");
	assert_int_equal(desk_bounce(), 0);
	desk_marks_are("rr");
	assert_int_equal(desk_entries(), 1);
	desk_contains(desk.logged.p, "to=<a@x.example>: not reported: NOTIFY");
	desk_contains(desk.logged.p, "to=<b@x.example>: not reported: NOTIFY");
	desk_submit("me@m.example", r, 3, "fff");
	assert_int_equal(desk_bounce(), 0);
	desk_marks_are("rrr");
	assert_false(desk_has("B0"));
	desk_lacks(desk_report("B2", &renv, &rs), "a@x.example");
	desk_contains(desk_report("B2", &renv, &rs), "c@x.example");
}

/* H-07: recipients may have senders of their own. */
static void
each_sender_is_told(void **state)
{
	struct recipient r[] = {{.path = STR("a@x.example")},
	    {.path = STR("b@x.example"), .from = STR("own@m.example")},
	    {.path = STR("c@x.example")}};
	struct envelope renv;
	struct stored rs;

	(void)state;
	desk_submit("me@m.example", r, 3, "fff");
	assert_int_equal(desk_bounce(), 0);
	desk_marks_are("rrr");
	assert_int_equal(desk_entries(), 3);
	desk_contains(desk_report("B0", &renv, &rs), "c@x.example");
	desk_lacks(desk_report("B0", &renv, &rs), "b@x.example");
	desk_contains(desk_report("B1", &renv, &rs), "b@x.example");
	assert_true(str_eq(renv.rcpt[0].path, STR("own@m.example")));
}

/*
 * G-28: what has no sender is another's; and where he cannot be told, it is
 * kept aside.  A report that has failed has no sender either.
 */
static void
loops_end(void **state)
{
	struct recipient r = {.path = STR("a@x.example")};
	char id[64];
	struct envelope renv;
	struct stored rs;

	(void)state;
	desk_submit("me@m.example", &r, 1, "f");
	assert_int_equal(desk_bounce(), 0);
	assert_true(snprintf(id, sizeof(id), "%sB0", desk.entry.id) > 0);
	desk_take(id);
	desk_mark("f");
	assert_int_equal(desk_bounce(), 0);
	desk_marks_are("r");
	desk_contains(
	    desk_report("B0", &renv, &rs), "\r\nTo: <boss@m.example>\r\n");
	assert_true(str_eq(renv.rcpt[0].path, STR("boss@m.example")));
	desk_contains(desk.logged.p, "postmaster non-delivery notification: ");
	assert_true(snprintf(id, sizeof(id), "%sB0", desk.entry.id) > 0);
	desk_take(id);
	desk_mark("f");
	assert_int_equal(desk_bounce(), BOUNCE_ASIDE);
	assert_int_equal(desk.job.state, JOB_LOOSE);
	desk_contains(desk.logged.p, "nobody who could be told: set aside");
	assert_int_equal(desk_entries(), 2);
	assert_true(folder_has(&shelf.folder, "corrupt"));
	desk_contains(desk.logged.p, "set aside");
}

/* G-32: a name of this host that leads nowhere; postmaster is root's. */
static void
senders_without_a_mailbox(void **state)
{
	struct recipient r = {.path = STR("a@x.example")};
	struct envelope renv;
	struct stored rs;
	char path[100];

	(void)state;
	assert_true(
	    snprintf(path, sizeof(path), "%s/aliases", shelf.folder.path) > 0);
	folder_put(&shelf.folder, "aliases",
	    "root: r1@far.example, r2@far.example\nnull: /dev/null\n");
	desk.aliases.file = path;
	desk.opts.double_bounce_to = STR("postmaster");
	desk_submit("me@localhost", &r, 1, "f");
	assert_int_equal(desk_bounce(), 0);
	(void)desk_report("B0", &renv, &rs);
	assert_int_equal(renv.n, 2);
	assert_true(str_eq(renv.rcpt[1].path, STR("r2@far.example")));
	/* Aliases are for senders, too (H-01). */
	desk_submit("root@localhost", &r, 1, "f");
	assert_int_equal(desk_bounce(), 0);
	(void)desk_report("B0", &renv, &rs);
	assert_int_equal(renv.n, 2);
	desk_submit("null@localhost", &r, 1, "f");
	assert_int_equal(desk_bounce(), 0);
	assert_false(desk_has("B0"));
	desk_marks_are("r");
	desk_contains(desk.logged.p, "discards");
	/* Of his delay nobody else is told. */
	desk_submit("me@localhost", &r, 1, "w");
	desk.stored.fate[0].attempts = 1;
	assert_int_equal(desk_delay(), 0);
	assert_false(desk_has("BRS"));
	assert_false(desk_has("B0"));
	/* H-29: nobody knows now. */
	desk.aliases.file = "/nonexistent/aliases";
	desk.aliases.required = true;
	desk_submit("me@localhost", &r, 1, "f");
	assert_int_equal(desk_bounce(), -1);
	assert_false(desk_has("B0"));
	desk_marks_are("f");
}

/* Aside is for what is over: the others are waited for. */
static void
nothing_is_set_aside_too_early(void **state)
{
	struct recipient r[] = {
	    {.path = STR("a@x.example")}, {.path = STR("b@x.example")}};

	(void)state;
	desk.opts.double_bounce_to = STR("");
	desk_submit("", r, 2, "fw");
	assert_int_equal(desk_bounce(), 0);
	desk_marks_are("fw");
	desk_mark("fd");
	assert_int_equal(desk_bounce(), BOUNCE_ASIDE);
	assert_int_equal(desk_entries(), 0);
}

static const struct event busy = {
    .kind = EVENT_ATTEMPT,
    .when = DESK_ARRIVED + DESK_HOUR,
    .next = DESK_ARRIVED + 6 * DESK_HOUR,
    .who = {"0-1", 3},
    .status = {OUTCOME_DEFERRED, BLAME_HOST, 421, {4, 3, 2}, {"busy", 4}},
    .relay = {"mx[192.0.2.1]:25", 16},
};

/* G-30: once, with when it ends. */
static void
a_delay_is_told_once(void **state)
{
	struct recipient r[] = {{.path = STR("a@x.example")},
	    {.path = STR("b@x.example"), .notify = DSN_ON_FAILURE}};
	struct envelope renv;
	struct stored rs;
	const char *text;

	(void)state;
	desk_submit("me@m.example", r, 2, "ww");
	assert_int_equal(entry_event(&desk.entry, &busy, &desk.e), 0);
	desk_take(desk.entry.id);
	desk.opts.now = DESK_ARRIVED + 3 * DESK_HOUR;
	assert_int_equal(desk_delay(), 0);
	assert_int_equal(desk_entries(), 1);
	desk.opts.now = DESK_ARRIVED + 5 * DESK_HOUR;
	assert_int_equal(desk_delay(), 0);
	desk_marks_are("ww");
	text = desk_report("BRS", &renv, &rs);
	desk_contains(text, "\r\nAction: delayed\r\nStatus: 4.3.2\r\n");
	desk_contains(text, "\r\nWill-Retry-Until: Sat, 26 Sep 2026 ");
	desk_contains(text, "Subject: x\r\nX: \xc3\xb6\r\n\r\n--");
	desk_lacks(text, "b@x.example");
	desk_contains(desk.logged.p, "sender delay notification: ");
	assert_true(desk.stored.fate[0].warned);
	desk_take(desk.entry.id);
	assert_true(desk.stored.fate[0].warned && !desk.stored.fate[1].warned);
	assert_int_equal(desk_delay(), 0);
	assert_int_equal(desk_entries(), 2);
	/* A first attempt counts, if it was in this run. */
	desk_submit("me@m.example", r, 1, "w");
	desk.stored.fate[0].attempts = 0;
	assert_int_equal(desk_delay(), 0);
	assert_false(desk_has("BRS"));
	desk.env.rcpt[0].status = busy.status;
	assert_int_equal(desk_delay(), 0);
	assert_true(desk_has("BRS"));
	/* A failure is another thing. */
	desk_mark("f");
	assert_int_equal(desk_bounce(), 0);
	assert_true(desk_has("B0"));
}

/* G-30: nobody waits for these. */
static void
delays_of_which_nobody_is_told(void **state)
{
	struct recipient r[] = {
	    {.path = STR("a@x.example")}, {.path = STR("b@x.example")}};
	struct envelope made = {.from = STR("me@m.example"), .rcpt = r, .n = 2};

	(void)state;
	desk_submit("", r, 2, "ww");
	assert_int_equal(entry_event(&desk.entry, &busy, &desk.e), 0);
	desk_take(desk.entry.id);
	assert_int_equal(desk_delay(), 0);
	assert_int_equal(desk_entries(), 1);
	desk_commit(&made, "Precedence: bulk\r\n\r\nbody");
	assert_int_equal(entry_event(&desk.entry, &busy, &desk.e), 0);
	desk_take(desk.entry.id);
	assert_int_equal(desk_delay(), 0);
	assert_int_equal(desk_entries(), 2);
	/* Nor of what is new. */
	desk.stored.fate = NULL;
	assert_int_equal(desk_delay(), 0);
}

/* D-26, G-27: as relayed, and of several as their alias, each once. */
static void
success_is_told_where_nobody_else_does(void **state)
{
	struct recipient r[] = {
	    {.path = STR("a@x.example"), .notify = DSN_ON_SUCCESS},
	    {.path = STR("b@x.example"), .notify = DSN_NEVER},
	    {.path = STR("c@x.example"), .orig = STR("two")},
	    {.path = STR("d@x.example"), .orig = STR("two")}};
	struct envelope renv;
	struct stored rs;
	const char *text;

	(void)state;
	desk_submit("me@m.example", r, 4, "ddww");
	assert_int_equal(bounce_succeeded(&shelf.store, &desk.job, &desk.stored,
			     &desk.opts, &desk.pool, &desk.e),
	    0);
	for (size_t i = 0; i < 2; i++) {
		desk.env.rcpt[i].relayed = true;
		desk.env.rcpt[i].status.outcome = OUTCOME_DELIVERED;
	}
	desk.env.rcpt[2].expanded = desk.env.rcpt[3].expanded = true;
	assert_int_equal(bounce_succeeded(&shelf.store, &desk.job, &desk.stored,
			     &desk.opts, &desk.pool, &desk.e),
	    1);
	desk_marks_are("ddww");
	text = desk_report("B2BC", &renv, &rs);
	desk_contains(text, "a@x.example\r\nAction: relayed\r\nStatus: 2.0.0");
	desk_contains(text, "rfc822; two\r\nAction: expanded\r\nStatus: 2.0.0");
	desk_lacks(text, "b@x.example");
	desk_lacks(text, "d@x.example");
	desk_contains(text, "Subject: x\r\nX: \xc3\xb6\r\n\r\n--");
	desk_contains(desk.logged.p, ": sender delivery status notification: ");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, desk_open, desk_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_sender_is_told),
	    TEST(what_is_returned),
	    TEST(a_long_message_is_whole),
	    TEST(odd_headers),
	    TEST(what_is_in_doubt),
	    TEST(nobody_wants_to_know),
	    TEST(each_sender_is_told),
	    TEST(loops_end),
	    TEST(senders_without_a_mailbox),
	    TEST(nothing_is_set_aside_too_early),
	    TEST(a_delay_is_told_once),
	    TEST(delays_of_which_nobody_is_told),
	    TEST(success_is_told_where_nobody_else_does),
	};

	(void)setenv("TZ", "UTC0", 1);
	return cmocka_run_group_tests_name(
	    "delivery/bounce", tests, NULL, NULL);
}
