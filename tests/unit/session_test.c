/* SPDX-License-Identifier: ISC */
/*
 * One session, as whoever runs it sees it: what it tells, and what it does
 * when the fault is ours.
 */
#include "smtp/session.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/fail.h"
#include "../lib/folder.h"
#include "../lib/tls_pair.h"
#include "../lib/unheard.h"
#include "../lib/words.h"
#include "os/file.h"

#define HOST "mx.example.org"

enum { WRITTEN = 6 /* "text\r\n" */ };

/* What is told, each with ";" behind it. */
struct told {
	struct buf seen, shown, logged;
	struct status verdict;
	bool keeps, judged, at_gate, greeted;
	struct buf said; /* by the session, ";" for line ends */
};

static void
answer_line(struct tls_pair *p, struct told *t, struct str line)
{
	static const char *const replies[][2] = {
	    {"EHLO ", "250-" HOST "\r\n250 8BITMIME\r\n"},
	    {"DATA", "354 go on\r\n"},
	    {"QUIT", "221 bye\r\n"},
	    {"MAIL ", "250 ok\r\n"},
	    {"RCPT ", "250 ok\r\n"},
	    {".", "250 2.0.0 taken\r\n"},
	};

	buf_add(&t->said, line);
	buf_byte(&t->said, ';');
	for (size_t i = 0; i < COUNT(replies); i++)
		if (str_starts(line, str_c(replies[i][0])))
			tls_pair_say(p, str_c(replies[i][1]));
}

/* The server, whose greeting waits for the handshake, if there is one. */
static void
answer(struct tls_pair *p)
{
	struct told *t = p->ctx;
	size_t end;

	if (p->server && p->ready && !t->greeted) {
		t->greeted = true;
		tls_pair_say(p, STR("220 " HOST "\r\n"));
	}
	while ((end = str_find(buf_str(&p->plain), '\n')) < p->plain.n) {
		answer_line(
		    p, t, str_trim(str_slice(buf_str(&p->plain), 0, end)));
		buf_shift(&p->plain, end + 1);
	}
}

static void
on_rcpt(void *ctx, size_t i, const struct status *status)
{
	struct told *t = ctx;

	assert_int_equal(i, 0);
	assert_false(t->judged);
	t->judged = true;
	t->verdict = *status;
	t->verdict.text = STR_NONE; /* it is good for the call only */
}

static bool
on_gate(void *ctx, size_t letter)
{
	struct told *t = ctx;

	assert_int_equal(letter, 0);
	t->at_gate = true;
	return true;
}

static bool
on_verdict(void *ctx, size_t first, size_t n, const struct status *status)
{
	struct told *t = ctx;

	assert_true(first == 0 && n == 1 && !t->judged);
	assert_int_equal(status->outcome, OUTCOME_DELIVERED);
	return t->keeps;
}

static void
on_show(void *ctx, const char *mark, struct str line)
{
	struct told *t = ctx;

	buf_printf(&t->shown, "%s%.*s;", mark, STR_ARG(line));
}

static void
on_seen(void *ctx, const struct sight *sight)
{
	struct told *t = ctx;

	buf_printf(&t->seen, "%s%u;", sight->encrypted ? "+" : "",
	    sight->reply ? sight->reply->code : 0);
}

static void
on_log(void *ctx, enum log_level level, struct str line)
{
	struct told *t = ctx;

	(void)level;
	buf_printf(&t->logged, "%.*s;", STR_ARG(line));
}

static void
told_init(struct told *t)
{
	*t = (struct told){.keeps = true};
	buf_init(&t->seen, 10000);
	buf_init(&t->shown, 10000);
	buf_init(&t->logged, 10000);
	buf_init(&t->said, 10000);
}

static void
told_free(struct told *t)
{
	buf_free(&t->seen);
	buf_free(&t->shown);
	buf_free(&t->logged);
	buf_free(&t->said);
}

struct wanted {
	uint64_t size; /* of the message, as it is believed to be */
	bool look;
	bool encrypted; /* from the first byte */
};

/* One message for one recipient, or only a look. */
static struct session_end
run(struct tls_pair *p, struct told *t, const struct wanted *w)
{
	static const struct str to = {"u@y", 3};
	struct session_hooks hooks = {.rcpt = on_rcpt,
	    .gate = on_gate,
	    .at_gate = unheard_near,
	    .verdict = on_verdict,
	    .show = on_show,
	    .seen = on_seen,
	    .log = on_log,
	    .peer = STR("h[192.0.2.1]:25"),
	    .ctx = t};
	struct err e;
	struct letter letter = {.from = STR("a@x"),
	    .to = &to,
	    .n = 1,
	    .content = {.fd = file_nameless(&e), .size = w->size}};
	struct errand errand = {.host = STR(HOST),
	    .helo = STR("c"),
	    .letter = &letter,
	    .letters = w->look ? 0 : 1,
	    .look = w->look,
	    .encrypted = w->encrypted,
	    .tls = w->encrypted ? TLS_LEVEL_VERIFY : TLS_LEVEL_NONE,
	    .deadline = INT64_MAX};
	struct session_end end;
	struct buf text;

	for (size_t i = 0; i < WAITS; i++)
		errand.wait[i] = TLS_PAIR_MS;
	assert_int_equal(file_write(letter.content.fd, STR("text\r\n"), &e), 0);
	buf_init(&text, 2048);
	if (p->server == NULL)
		tls_pair_say(p, STR("220 " HOST "\r\n"));
	p->answer = answer;
	p->ctx = t;
	end = session_run(
	    &p->io, w->encrypted ? p->tls : NULL, NULL, &errand, &hooks, &text);
	if (end.status.outcome != OUTCOME_OPEN)
		buf_printf(&t->logged, "%s;", text.p);
	(void)tls_pair_serve(p);
	buf_free(&text);
	(void)close(letter.content.fd);
	return end;
}

/* D-36: everything has been told, once. */
static void
a_message(void **state)
{
	struct tls_pair *p = tls_pair_open(NULL, NULL);
	struct told t;

	(void)state;
	told_init(&t);
	(void)run(p, &t, &(struct wanted){.size = WRITTEN});
	assert_string_equal(
	    t.said.p, "EHLO c;MAIL FROM:<a@x>;RCPT TO:<u@y>;DATA;text;.;QUIT;");
	assert_string_equal(t.seen.p, "220;250;250;250;354;");
	assert_true(t.judged && t.at_gate);
	assert_int_equal(t.verdict.outcome, OUTCOME_DELIVERED);
	told_free(&t);
	tls_pair_close(p);
}

/* Of a message that we cannot read to its end nothing is delivered: its end is
 * never said. */
static void
a_message_that_became_shorter(void **state)
{
	(void)state;
	for (int fails = 0; fails < 2; fails++) {
		struct tls_pair *p = tls_pair_open(NULL, NULL);
		struct told t;

		told_init(&t);
		if (fails)
			fail_call("pread", 1, EIO);
		(void)run(p, &t,
		    &(struct wanted){.size = fails ? WRITTEN : WRITTEN + 1});
		assert_int_equal(fail_over(), fails);
		assert_null(strstr(t.said.p, ";.;"));
		assert_null(strstr(t.said.p, "QUIT"));
		assert_false(t.at_gate);
		assert_false(t.judged);
		told_free(&t);
		tls_pair_close(p);
	}
}

/* D-40: a verdict that is not kept is no verdict. */
static void
a_verdict_that_cannot_be_kept(void **state)
{
	struct tls_pair *p = tls_pair_open(NULL, NULL);
	struct told t;

	(void)state;
	told_init(&t);
	t.keeps = false;
	(void)run(p, &t, &(struct wanted){.size = WRITTEN});
	assert_non_null(strstr(t.said.p, ";.;"));
	assert_true(t.judged);
	assert_int_equal(t.verdict.blame, BLAME_DOUBT);
	assert_int_not_equal(t.verdict.outcome, OUTCOME_DELIVERED);
	told_free(&t);
	tls_pair_close(p);
}

/* E-10: who has proved who he is, is said to have done so. */
static void
a_server_that_is_who_it_says(void **state)
{
	struct demand demand = {.strict = true, .verify = true};
	struct tls_pair *p;
	struct folder f;
	struct buf pem;
	struct told t;

	(void)state;
	folder_make(&f);
	buf_init(&pem, 1 << 14);
	certify_put_authority(&pem, CERTIFY_AUTHORITY, STR(CERTIFY_ISSUER));
	folder_put(&f, "store", pem.p);
	demand.authorities = str_c(folder_path(&f, "store"));
	p = tls_pair_open("issued", &demand);
	told_init(&t);
	(void)run(p, &t, &(struct wanted){.look = true, .encrypted = true});
	assert_string_equal(t.said.p, "EHLO c;QUIT;");
	assert_string_equal(t.seen.p, "+0;+220;+250;");
	assert_false(t.judged || t.at_gate);
	assert_non_null(strstr(
	    t.logged.p, "Verified TLS connection established to h[192.0.2.1]"));
	assert_non_null(
	    strstr(t.shown.p, "***(encrypted; the server is who it says);"));
	told_free(&t);
	tls_pair_close(p);
	buf_free(&pem);
	folder_remove(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_message),
	    cmocka_unit_test(a_message_that_became_shorter),
	    cmocka_unit_test(a_verdict_that_cannot_be_kept),
	    cmocka_unit_test(a_server_that_is_who_it_says),
	};
	int failed;

	(void)signal(SIGPIPE, SIG_IGN); /* OpenSSL writes; see proc_sane */
	failed = cmocka_run_group_tests_name("session", tests, NULL, NULL);
	peer_tls_end();
	return failed;
}
