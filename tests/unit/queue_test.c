/* SPDX-License-Identifier: ISC */
/* The queue as it is listed, counted and changed, over real entries. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/fail.h"
#include "../lib/shelf.h"
#include "cli/json.h"
#include "cli/queue_change.h"
#include "cli/queue_list.h"
#include "cli/queue_status.h"

/* "Tue Nov 24 20:00:00" of 2026 in UTC; in ms. */
#define NOW INT64_C(1795550400000)
#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)

static struct err e;
static struct buf out;

static int
set_up(void **state)
{
	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	tzset();
	buf_init(&out, 1 << 20);
	return shelf_open(state);
}

static int
tear_down(void **state)
{
	buf_free(&out);
	return shelf_close(state);
}

/* A committed entry of that ID for a@x.test and b@y.test, an hour old. */
static struct entry
commit(const char *id, const char *from)
{
	struct recipient rcpt[] = {
	    {.path = STR("a@x.test")},
	    {.path = STR("b@y.test")},
	};
	struct envelope env = {.from = str_c(from), .rcpt = rcpt, .n = 2};
	struct stored s = {.arrived = NOW - HOUR, .size = 4, .uid = 4711};
	struct entry entry = entry_named(&shelf.store, id);
	const struct timespec then = {.tv_sec = (NOW - HOUR) / 1000};
	struct buf b;

	buf_init(&b, ENVFILE_HEAD);
	assert_int_equal(envfile_write(&b, &env, &s, &e), 0);
	assert_int_equal(entry_make(&entry, &e), 1);
	assert_int_equal(write(entry.msg, "body", 4), 4);
	assert_int_equal(entry_stage(&entry, s.marks, 2, &e), 0);
	assert_int_equal(entry_commit(&entry, buf_str(&b), &e), 0);
	assert_int_equal(entry_settle(&entry, true, &e), 1);
	buf_free(&b);
	assert_int_equal(
	    futimens(entry.env, (const struct timespec[]){then, then}), 0);
	return entry;
}

static void
commit_and_close(const char *id, const char *from)
{
	struct entry entry = commit(id, from);

	entry_close(&entry);
}

/* a was tried 10 min ago, and will be in 5 min. */
static void
try(const char *id)
{
	const struct event event = {
	    .kind = EVENT_ATTEMPT,
	    .when = NOW - 10 * MINUTE,
	    .next = NOW + 5 * MINUTE,
	    .who = STR("0"),
	    .status = {OUTCOME_DEFERRED, BLAME_RCPT, 451, {4, 7, 1},
		STR("mx said: 451 gr\\ey\x1b")},
	    .relay = STR("mx.x.test[192.0.2.1]:25"),
	};
	struct entry entry;

	assert_int_equal(entry_take(&shelf.store, id, &entry, &e), TAKE_OK);
	assert_int_equal(entry_event(&entry, &event, &e), 0);
	entry_close(&entry);
}

static bool
put(void *ctx, struct str piece)
{
	(void)ctx;
	buf_add(&out, piece);
	return true;
}

static const struct queue_sink sink = {put, NULL};

/* The list, in out. */
static struct queue_sum
list(bool json, const char *selector)
{
	struct queue_sum sum;
	struct selector s;

	buf_clear(&out);
	if (selector)
		assert_true(select_read(str_c(selector), &s));
	assert_int_equal(queue_list(&shelf.store, &s, selector != NULL, json,
			     NOW, &sink, &sum, &e),
	    0);
	return sum;
}

#define HEAD                                             \
	"-Queue ID-      --Size-- ----Arrival Time---- " \
	"-Sender/Recipient-------\n"
#define AT "                                              "

/* A-26, G-16, K-11 */
static void
columns(void **state)
{
	struct entry busy;

	(void)state;
	(void)list(false, NULL);
	assert_string_equal(out.p, "Mail queue is empty\n");
	commit_and_close("1A", "me@z.test");
	try("1A");
	busy = commit("1B", "");
	(void)list(false, NULL);
	assert_string_equal(out.p,
	    HEAD
	    "1A                     4 Tue Nov 24 19:00:00   me@z.test\n"
	    "    (mx said: 451 gr\\ey\\x1b; "
	    "next attempt Tue Nov 24 20:05:00)\n" AT "a@x.test\n"
	    "    (due now)\n" AT "b@y.test\n"
	    "\n"
	    "1B*                    4 Tue Nov 24 19:00:00   MAILER-DAEMON\n"
	    "    (due now)\n" AT "a@x.test\n" AT "b@y.test\n"
	    "\n"
	    "-- 1 Kbytes in 2 Requests.\n");
	/* What is done is not shown. */
	assert_int_equal(mark_put(&busy.marks, 0, MARK_DELIVERED, &e), 0);
	assert_int_equal(mark_put(&busy.marks, 1, MARK_SENDING, &e), 0);
	(void)list(false, "I1b");
	assert_string_equal(out.p,
	    HEAD
	    "1B*                    4 Tue Nov 24 19:00:00   MAILER-DAEMON\n"
	    "    (being sent)\n" AT "b@y.test\n"
	    "\n"
	    "-- 1 Kbytes in 1 Request.\n");
	assert_int_equal(mark_put(&busy.marks, 1, MARK_REPORTED, &e), 0);
	entry_close(&busy);
	(void)list(false, "I1b");
	assert_string_equal(out.p, "Mail queue is empty\n");
	/* To look takes no lock that is kept. */
	assert_int_equal(entry_take(&shelf.store, "1A", &busy, &e), TAKE_OK);
	entry_close(&busy);
}

/* K-11: an object a line; whatever the texts are, it is JSON in ASCII. */
static void
objects(void **state)
{
	(void)state;
	(void)list(true, NULL);
	assert_string_equal(out.p, "");
	commit_and_close("1A", "me@z.test");
	try("1A");
	(void)list(true, NULL);
	assert_string_equal(out.p,
	    "{\"id\":\"1A\",\"size\":4,\"arrived\":1795546800.000,"
	    "\"sender\":\"me@z.test\",\"held\":false,\"active\":false,"
	    "\"recipients\":[{\"address\":\"a@x.test\",\"state\":\"waiting\","
	    "\"attempts\":1,\"last\":1795549800.000,\"next\":1795550700.000,"
	    "\"status\":\"4.7.1\",\"reply\":\"mx said: 451 gr\\\\ey\\u001b\","
	    "\"relay\":\"mx.x.test[192.0.2.1]:25\"},"
	    "{\"address\":\"b@y.test\",\"state\":\"waiting\",\"attempts\":0,"
	    "\"last\":null,\"next\":null,\"status\":null,"
	    "\"reply\":null,\"relay\":null}]}\n");
}

static void
strings(void **state)
{
	static const struct {
		const char *text, *json;
	} all[] = {
	    {"", "\"\""},
	    {"a \"b\\", "\"a \\\"b\\\\\""},
	    {"\x01\x7f\n", "\"\\u0001\\u007f\\u000a\""},
	    {"\xc3\xa9\xe2\x82\xac", "\"\\u00e9\\u20ac\""},
	    {"\xf0\x9f\x93\xa7", "\"\\ud83d\\udce7\""},
	    /* Torn, overlong, a surrogate, too high, a tail alone. */
	    {"\xc3", "\"\\ufffd\""},
	    {"\xc3\x28", "\"\\ufffd(\""},
	    {"\xc0\xaf", "\"\\ufffd\\ufffd\""},
	    {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
	    {"\xff\x80", "\"\\ufffd\\ufffd\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		buf_clear(&out);
		json_string(&out, str_c(all[i].text));
		assert_string_equal(out.p, all[i].json);
	}
}

/* G-39: counted, in place and where they are set aside. */
static void
broken_entries(void **state)
{
	struct queue_sum sum;
	struct queue_status s;
	struct entry entry;

	(void)state;
	commit_and_close("1A", "me@z.test");
	commit_and_close("1B", "me@z.test");
	commit_and_close("1C", "me@z.test");
	folder_put(&shelf.folder, "1B.env", "nonsense\n");
	assert_int_equal(entry_take(&shelf.store, "1C", &entry, &e), TAKE_OK);
	assert_int_equal(entry_aside(&entry, &e), 0);
	sum = list(false, NULL);
	assert_int_equal(sum.entries, 1);
	assert_int_equal(sum.broken, 2);
	assert_non_null(
	    strstr(out.p, "\n1B               (cannot be read: 1B.env: no"));
	assert_non_null(
	    strstr(out.p, "-- 1 Kbytes in 1 Request.\n-- 2 broken entries.\n"));
	(void)list(true, NULL);
	assert_non_null(strstr(out.p, "{\"id\":\"1B\",\"wrong\":\"1B.env: no"));
	assert_int_equal(queue_status(&shelf.store, NOW, &s, &e), 0);
	assert_int_equal(queue_health(&s, NOW), HEALTH_TROUBLE);
	/* A newer version is not broken. */
	folder_put(&shelf.folder, "1B.env", "hantar-spool 2 x\n");
	sum = list(false, NULL);
	assert_int_equal(sum.unread, 1);
	assert_int_equal(sum.broken, 1);
	/* A message that is lost is. */
	assert_int_equal(unlinkat(shelf.folder.fd, "1A.msg", 0), 0);
	sum = list(false, NULL);
	assert_int_equal(sum.broken, 2);
	assert_non_null(strstr(out.p, "1A.msg is missing"));
}

static bool
refuse(void *ctx, struct str piece)
{
	++*(unsigned *)ctx;
	(void)piece;
	return false;
}

static void
what_cannot_be_listed(void **state)
{
	static const char *const calls[] = {"openat", "fstat", "pread"};
	unsigned refused = 0;
	const struct queue_sink shut = {refuse, &refused};
	struct queue_sum sum;

	(void)state;
	commit_and_close("1A", "me@z.test");
	assert_int_equal(
	    queue_list(&shelf.store, NULL, 0, false, NOW, &shut, &sum, &e), 0);
	assert_int_equal(refused, 1);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		for (unsigned n = 1; n <= 4; n++) {
			int result;

			fail_call(calls[i], n, EIO);
			buf_clear(&out);
			result = queue_list(
			    &shelf.store, NULL, 0, false, NOW, &sink, &sum, &e);
			/* It is not said that the queue is empty. */
			if (fail_over())
				assert_true(result < 0 || sum.unread == 1);
			else
				assert_int_equal(sum.entries, 1);
		}
}

/* K-14 */
static void
health(void **state)
{
	struct queue_status s;
	struct entry busy;

	(void)state;
	assert_int_equal(queue_status(&shelf.store, NOW, &s, &e), 0);
	assert_int_equal(queue_health(&s, NOW), HEALTH_FINE);
	queue_status_text(&out, &s, NOW);
	assert_string_equal(out.p,
	    "ok: mail queue is empty\nentries 0\nrecipients 0\noctets 0\n"
	    "active 0\ndue 0\nwaiting 0\nheld 0\nincoming 0\nothers 0\n"
	    "broken 0\noldest -\nnext -\nrun -\n");
	commit_and_close("1A", "me@z.test");
	try("1A");
	busy = commit("1B", "me@z.test");
	assert_int_equal(queue_status(&shelf.store, NOW, &s, &e), 0);
	assert_int_equal(queue_health(&s, NOW), HEALTH_FINE);
	assert_int_equal(queue_health(&s, NOW + 1), HEALTH_WARNING);
	buf_clear(&out);
	queue_status_json(&out, &s, NOW);
	assert_string_equal(out.p,
	    "{\"health\":\"ok\",\"reason\":\"all is on its way\","
	    "\"entries\":2,\"recipients\":4,\"octets\":8,\"active\":1,"
	    "\"due\":1,\"waiting\":0,\"held\":0,\"incoming\":0,\"others\":0,"
	    "\"broken\":0,\"oldest\":3600,\"next\":300,\"run\":null}\n");
	/* A run makes it well, for a day. */
	assert_int_equal(store_stamp(&shelf.store, NOW, &e), 0);
	assert_int_equal(queue_status(&shelf.store, NOW, &s, &e), 0);
	assert_int_equal(queue_health(&s, NOW + HOUR), HEALTH_FINE);
	assert_int_equal(queue_health(&s, NOW + HOUR + 1), HEALTH_WARNING);
	s.run = NOW + 23 * HOUR;
	assert_int_equal(queue_health(&s, NOW + 23 * HOUR), HEALTH_FINE);
	assert_int_equal(queue_health(&s, NOW + 23 * HOUR + 1), HEALTH_WARNING);
	buf_clear(&out);
	queue_status_text(&out, &s, NOW + 23 * HOUR + 1);
	assert_true(
	    str_starts(buf_str(&out), STR("warning: a message has waited")));
	entry_close(&busy);
}

/* What the last change said. */
static char said[200];

static void
say(void *ctx, int status, const char *id, const char *text)
{
	(void)ctx;
	assert_true(
	    snprintf(said, sizeof(said), "%d %s: %s", status, id, text) > 0);
}

static struct change_opts
opts_of(enum change change)
{
	return (struct change_opts){change, 0, NOW, say, NULL};
}

static int
change(enum change what, const char *id)
{
	struct change_opts opts = opts_of(what);

	return queue_change(&shelf.store, id, &opts);
}

/* G-17 */
static void
changes(void **state)
{
	(void)state;
	commit_and_close("1A", "me@z.test");
	assert_int_equal(change(CHANGE_HOLD, "1A"), 0);
	assert_string_equal(said, "0 1A: held");
	assert_int_equal(change(CHANGE_HOLD, "1A"), 0);
	(void)list(false, NULL);
	assert_non_null(strstr(out.p, "\n1A!  "));
	assert_non_null(strstr(out.p, "(held)\n"));
	assert_int_equal(change(CHANGE_RELEASE, "1A"), 0);
	(void)list(false, NULL);
	assert_non_null(strstr(out.p, "\n1A   "));
	try("1A");
	assert_int_equal(change(CHANGE_REQUEUE, "1A"), 0);
	(void)list(false, NULL);
	assert_null(strstr(out.p, "next attempt"));
	assert_int_equal(change(CHANGE_DELETE, "1A"), 0);
	assert_string_equal(said, "0 1A: deleted");
	assert_string_equal(folder_names(&shelf.folder), "");
	assert_int_equal(change(CHANGE_DELETE, "1A"), EX_UNAVAILABLE);
	assert_int_equal(change(CHANGE_DELETE, "../1A"), EX_USAGE);
}

/* G-17: only its owner, the spool's and root. */
static void
whose_it_is(void **state)
{
	struct change_opts opts = opts_of(CHANGE_DELETE);
	unsigned long owner = shelf.store.owner;

	(void)state;
	commit_and_close("1A", "me@z.test");
	shelf.store.admin = false;
	opts.uid = owner + 1;
	assert_int_equal(queue_change(&shelf.store, "1A", &opts), EX_NOPERM);
	assert_string_equal(said, "77 1A: it is not yours");
	assert_int_equal(queue_change_all(&shelf.store, &opts), 0);
	assert_true(shelf_has("1A", ".env"));
	/* The spool is another's, the entry is his. */
	opts.uid = owner;
	assert_int_equal(queue_change_all(&shelf.store, &opts), 0);
	assert_string_equal(folder_names(&shelf.folder), "");
	shelf.store.admin = true;
	commit_and_close("1A", "me@z.test");
	opts.uid = owner + 1;
	assert_int_equal(queue_change(&shelf.store, "1A", &opts), 0);
}

static void
what_cannot_be_changed(void **state)
{
	struct change_opts opts = opts_of(CHANGE_DELETE);
	struct entry busy;

	(void)state;
	commit_and_close("1A", "me@z.test");
	busy = commit("1B", "me@z.test");
	commit_and_close("1C", "me@z.test");
	assert_int_equal(change(CHANGE_DELETE, "1B"), EX_TEMPFAIL);
	assert_string_equal(said, "75 1B: in delivery just now");
	folder_put(&shelf.folder, "1C.env", "nonsense\n");
	assert_int_equal(change(CHANGE_DELETE, "1C"), EX_DATAERR);
	folder_put(&shelf.folder, "1C.env", "hantar-spool 2 x\n");
	assert_int_equal(change(CHANGE_HOLD, "1C"), EX_DATAERR);
	assert_int_equal(unlinkat(shelf.folder.fd, "1C.msg", 0), 0);
	assert_int_equal(change(CHANGE_DELETE, "1C"), EX_DATAERR);
	/* All: the one that can be; and the worse failure is told. */
	assert_int_equal(queue_change_all(&shelf.store, &opts), EX_DATAERR);
	assert_false(shelf_has("1A", ".env"));
	assert_true(shelf_has("1B", ".env"));
	assert_true(shelf_has("1C", ".env"));
	entry_close(&busy);
}

/* A call that fails is told, and never half a change as a whole one. */
static void
failures(void **state)
{
	static const char *const calls[] = {"pwrite", "fdatasync", "unlinkat"};

	(void)state;
	commit_and_close("1A", "me@z.test");
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		fail_call(calls[i], 1, ENOSPC);
		assert_int_equal(change(CHANGE_DELETE, "1A"), EX_IOERR);
		assert_true(fail_over());
		assert_true(shelf_has("1A", ".env"));
	}
	fail_call("openat", 1, EACCES);
	assert_int_equal(change(CHANGE_DELETE, "1A"), EX_NOPERM);
	assert_true(fail_over());
	commit_and_close("1B", "me@z.test");
	fail_call("pwrite", 1, ENOSPC);
	assert_int_equal(change(CHANGE_HOLD, "1B"), EX_IOERR);
	assert_true(fail_over());
	assert_int_equal(change(CHANGE_DELETE, "1A"), 0);
	assert_false(shelf_has("1A", ".env"));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(columns),
	    TEST(objects),
	    TEST(strings),
	    TEST(broken_entries),
	    TEST(what_cannot_be_listed),
	    TEST(health),
	    TEST(changes),
	    TEST(whose_it_is),
	    TEST(what_cannot_be_changed),
	    TEST(failures),
	};

	return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
