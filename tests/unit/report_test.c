/* SPDX-License-Identifier: ISC */
#include "agent/report.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

/* clang-format off */
#define STR_INIT(literal) {"" literal, sizeof(literal) - 1}
#define OK_STATUS                                                             \
	{                                                                     \
		OUTCOME_DELIVERED, BLAME_NONE, 250, {2, 1, 5},                \
		    STR_INIT("2.1.5 ok")                                      \
	}
/* clang-format on */

static const struct {
	const char *line;
	struct record record;
} forms[] = {
    {"mx 7 10 mx1.example.org",
	{.kind = RECORD_MX,
	    .id = 7,
	    .number = 10,
	    .name = STR_INIT("mx1.example.org")}},
    {"mx 0 0 .", {.kind = RECORD_MX, .name = STR_INIT(".")}},
    {"srv 7 10 65535 465 1 mail.example.org",
	{.kind = RECORD_SRV,
	    .id = 7,
	    .number = 10,
	    .weight = 65535,
	    .port = 465,
	    .encrypted = 1,
	    .name = STR_INIT("mail.example.org")}},
    {"srv 7 10 0 0 0 .",
	{.kind = RECORD_SRV, .id = 7, .number = 10, .name = STR_INIT(".")}},
    {"addr 4294967295 2001:db8::1",
	{.kind = RECORD_ADDR,
	    .id = UINT32_MAX,
	    .name = STR_INIT("2001:db8::1")}},
    {"found 1 1 1 0 250 2.1.5 2.1.5 ok",
	{.kind = RECORD_FOUND, .id = 1, .number = 1, .status = OK_STATUS}},
    {"dial 4 0 2 1 0 4.4.1 connect: refused",
	{.kind = RECORD_DIAL,
	    .id = 4,
	    .status = {OUTCOME_DEFERRED, BLAME_HOST, 0, {4, 4, 1},
		STR_INIT("connect: refused")}}},
    {"rcpt 3 3 3 550 5.1.1 ",
	{.kind = RECORD_RCPT,
	    .id = 3,
	    .status = {OUTCOME_FAILED, BLAME_RCPT, 550, {5, 1, 1}, {0}}}},
    {"host 3 0 0 0 0.0.0  two blanks ",
	{.kind = RECORD_HOST,
	    .number = REACH_SESSION,
	    .status = {OUTCOME_OPEN, BLAME_NONE, 0, {0, 0, 0},
		STR_INIT(" two blanks ")}}},
    {"gate 1000", {.kind = RECORD_GATE, .number = 1000}},
    {"show 12 >>> EHLO a",
	{.kind = RECORD_SHOW, .number = 12, .text = STR_INIT(">>> EHLO a")}},
    {"show 4294967295 ", {.kind = RECORD_SHOW, .number = UINT32_MAX}},
    {"fact 1 key-sha256 00ff",
	{.kind = RECORD_FACT,
	    .number = 1,
	    .name = STR_INIT("key-sha256"),
	    .text = STR_INIT("00ff")}},
    {"lack x y", {.kind = RECORD_LACK, .text = STR_INIT("x y")}},
    {"mute", {.kind = RECORD_MUTE}},
    {"log 2 x", {.kind = RECORD_LOG, .number = 2, .text = STR_INIT("x")}},
    {"end", {.kind = RECORD_END}},
};

static void
assert_same(const struct record *a, const struct record *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->number, b->number);
	assert_true(str_eq(a->name, b->name));
	assert_int_equal(a->status.outcome, b->status.outcome);
	assert_int_equal(a->status.blame, b->status.blame);
	assert_int_equal(a->status.code, b->status.code);
	assert_memory_equal(
	    a->status.enhanced, b->status.enhanced, sizeof(a->status.enhanced));
	assert_true(str_eq(a->status.text, b->status.text));
	assert_true(str_eq(a->text, b->text));
}

static void
every_form_goes_there_and_back(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, REPORT_LINE);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct record r;
		struct err e;

		buf_clear(&b);
		report_format(&b, &forms[i].record);
		assert_int_equal(b.p[b.n - 1], '\n');
		buf_cut(&b, b.n - 1);
		assert_string_equal(b.p, forms[i].line);
		assert_int_equal(report_parse(buf_str(&b), &r, &e), 0);
		assert_same(&r, &forms[i].record);
	}
	buf_free(&b);
}

/* clang-format off */
static const char *const lies[] = {
    "", " ", "\n", "end ", " end", "END", "ending", "end end", "end\n",
    "nonsense", "nonsense 1",
    /* words too few, too many, empty */
    "mx", "mx 1", "mx 1 2", "mx 1 2 ", "mx 1 2 a b", "mx  1 2 a",
    "mx 1 2 a ", "addr 1", "addr 1 2 3", "gate", "gate ", "gate 1 2",
    "show", "show 1", "log 1", "found 1 1 1 0 0", "found 1 1 1 0 0 2.0.0",
    /* numbers */
    "gate -1", "gate +1", "gate 0x1", "gate 01", "gate 4294967296",
    "gate 99999999999999999999999999", "gate 1.0", "gate 1\r",
    "mx 1 65536 a", "mx 4294967296 1 a", "found 1 2 1 0 0 2.0.0 x",
    "dial 0 3 1 0 0 2.0.0 x", "dial -1 1 1 0 0 2.0.0 x", "host 4 2 1 0 4.4.1 x", "log 3 x",
    "fact 1001 name x", "fact 1 a/b x", "fact name x", "fact 1 name",
    /* names */
    "mx 1 2 a/b", "mx 1 2 a\\b", "mx 1 2 \303\251.org", "mx 1 2 a\033b",
    "addr 1 fe80::1%lo", "addr 1 [::1]", "addr 1 1;2",
    /* status */
    "rcpt 0 4 0 0 5.0.0 x", "rcpt 0 3 7 0 5.0.0 x", "rcpt 0 3 0 600 5.0.0 x",
    "rcpt 0 3 0 99 5.0.0 x", "rcpt 0 1 0 550 2.0.0 x", "rcpt 0 1 0 0 5.0.0 x",
    "rcpt 0 3 0 0 2.0.0 x", "rcpt 0 2 0 0 5.0.0 x", "rcpt 0 0 0 0 2.0.0 x",
    "rcpt 0 3 0 0 5.0 x", "rcpt 0 3 0 0 5.0.0.0 x", "rcpt 0 3 0 0 5.0.1000 x",
    "rcpt 0 3 0 0 5..0 x", "rcpt 0 3 0 0  x", "rcpt 0 3 0 5.0.0 x",
    "rcpt -1 3 0 0 5.0.0 x",
    /* texts */
    "show 1 a\tb", "show 1 a\033[2J", "show 1 a\177", "log 1 \200",
    "show 1 a\nb", "rcpt 0 3 0 0 5.0.0 a\rb",
};
/* clang-format on */

static void
what_is_not_of_the_form_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct record r;
		struct err e = {0};

		if (report_parse(str_c(lies[i]), &r, &e) == 0)
			fail_msg("\"%s\" was taken", lies[i]);
		assert_int_equal(e.kind, ERR_PEER);
		for (const char *p = e.text; *p; p++)
			assert_in_range(*p, 32, 126);
	}
}

static void
bounds_of_texts_and_names(void **state)
{
	static char long_text[3000];
	struct record r;
	struct err e;
	struct buf b;

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	buf_init(&b, 4096);
	buf_printf(&b, "show 1 %.*s", REPORT_TEXT, long_text);
	assert_int_equal(report_parse(buf_str(&b), &r, &e), 0);
	assert_int_equal(r.text.n, REPORT_TEXT);
	buf_byte(&b, 'x');
	assert_int_equal(report_parse(buf_str(&b), &r, &e), -1);
	buf_clear(&b);
	buf_printf(&b, "addr 1 %.*s", 255, long_text);
	assert_int_equal(report_parse(buf_str(&b), &r, &e), 0);
	buf_byte(&b, 'x');
	assert_int_equal(report_parse(buf_str(&b), &r, &e), -1);
	buf_clear(&b);
	assert_int_equal(report_parse(str_of("end\0x", 5), &r, &e), -1);
	assert_int_equal(report_parse(str_of("show 1 a\0b", 10), &r, &e), -1);
	assert_int_equal(report_parse(STR_NONE, &r, &e), -1);
	buf_free(&b);
}

/* Whatever an agent puts into a record, the line can be read. */
static void
foreign_text_is_made_inert(void **state)
{
	char every[256];
	char big[2 * REPORT_TEXT];
	struct record out = {.kind = RECORD_SHOW, .number = 1};
	struct record in;
	struct err e;
	struct buf b;

	(void)state;
	for (int i = 0; i < 256; i++)
		every[i] = (char)i;
	memset(big, '\n', sizeof(big));
	buf_init(&b, REPORT_LINE);
	out.text = str_of(every, sizeof(every));
	report_format(&b, &out);
	assert_int_equal(str_find(buf_str(&b), '\n'), b.n - 1);
	buf_cut(&b, b.n - 1);
	assert_int_equal(report_parse(buf_str(&b), &in, &e), 0);
	assert_true(str_starts(in.text, STR("\\x00\\x01")));
	buf_clear(&b);
	out.kind = RECORD_RCPT;
	out.status = status_own(BLAME_RCPT, "5.1.1", str_of(big, sizeof(big)));
	report_format(&b, &out);
	assert_false(b.over);
	buf_cut(&b, b.n - 1);
	assert_int_equal(report_parse(buf_str(&b), &in, &e), 0);
	assert_in_range(in.status.text.n, REPORT_TEXT - 8, REPORT_TEXT);
	/* What cannot be said is not said. */
	buf_clear(&b);
	out = (struct record){.kind = RECORD_MX, .name = STR("a b")};
	report_format(&b, &out);
	assert_int_equal(b.n, 0);
	buf_free(&b);
}

struct lines {
	size_t n;
	struct buf all;
};

static void
collect(void *ctx, struct str line)
{
	struct lines *l = ctx;

	l->n++;
	buf_add(&l->all, line);
	buf_byte(&l->all, '|');
}

static void
a_pipe_from_end_to_end(void **state)
{
	struct report w;
	struct report_reader r;
	struct lines got = {0};
	struct err e;
	int fds[2];
	int more;

	(void)state;
	buf_init(&got.all, 100000);
	assert_int_equal(pipe(fds), 0);
	report_init(&w, fds[1]);
	report_reader_init(&r);
	for (unsigned i = 0; i < 1000; i++) {
		struct record record = {.kind = RECORD_GATE, .number = i};

		report_put(&w, &record);
	}
	report_free(&w);
	close(fds[1]);
	do
		more = report_read(&r, fds[0], collect, &got, &e);
	while (more == 1);
	assert_int_equal(more, 0);
	assert_int_equal(got.n, 1000);
	assert_true(str_starts(buf_str(&got.all), STR("gate 0|gate 1|")));
	report_reader_free(&r);
	buf_free(&got.all);
	close(fds[0]);
}

/* A killed agent's lines are whole: each write is atomic in a pipe. */
static void
writes_are_batched_and_atomic(void **state)
{
	struct record show = {.kind = RECORD_SHOW};
	char text[900];
	char chunk[65536];
	struct report w;
	int fds[2];
	ssize_t n;

	(void)state;
	memset(text, 'x', sizeof(text));
	show.text = str_of(text, sizeof(text));
	assert_int_equal(pipe2(fds, O_DIRECT | O_NONBLOCK), 0);
	report_init(&w, fds[1]);
	report_put(&w, &show);
	assert_int_equal(read(fds[0], chunk, sizeof(chunk)), -1);
	for (int i = 1; i < 10; i++)
		report_put(&w, &show);
	report_flush(&w);
	for (size_t total = 0; total < 10 * (sizeof(text) + 8);) {
		n = read(fds[0], chunk, sizeof(chunk));
		assert_in_range(n, 1, PIPE_BUF);
		assert_int_equal(chunk[n - 1], '\n');
		total += (size_t)n;
	}
	report_free(&w);
	close(fds[0]);
	close(fds[1]);
}

static void
nobody_listens(void **state)
{
	struct record record = {.kind = RECORD_END};
	struct report w;
	int fds[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	report_init(&w, fds[1]);
	report_put(&w, &record);
	report_flush(&w);
	report_put(&w, &record);
	report_free(&w);
	close(fds[1]);
}

static void
in_process(void **state)
{
	struct record record = {.kind = RECORD_GATE, .number = 5};
	struct lines got = {0};
	struct report w;

	(void)state;
	buf_init(&got.all, 100);
	report_direct(&w, collect, &got);
	report_put(&w, &record);
	assert_string_equal(got.all.p, "gate 5|");
	report_flush(&w);
	report_free(&w);
	assert_int_equal(got.n, 1);
	buf_free(&got.all);
}

/* Reads what bytes leave in a pipe, cut into pieces of a size. */
static int
read_pieces(struct str bytes, size_t piece, struct lines *got)
{
	struct report_reader r;
	struct err e;
	int more = 1;
	int fds[2];

	got->n = 0;
	buf_clear(&got->all);
	report_reader_init(&r);
	assert_int_equal(pipe(fds), 0);
	while (bytes.n > 0 && more == 1) {
		struct str s = str_slice(bytes, 0, piece);

		assert_int_equal(write(fds[1], s.p, s.n), s.n);
		bytes = str_slice(bytes, s.n, bytes.n);
		more = report_read(&r, fds[0], collect, got, &e);
	}
	close(fds[1]);
	if (more == 1)
		more = report_read(&r, fds[0], collect, got, &e);
	close(fds[0]);
	report_reader_free(&r);
	return more;
}

static void
hostile_streams(void **state)
{
	static char endless[REPORT_LINE + 1];
	struct lines got = {0};

	(void)state;
	buf_init(&got.all, 100000);
	for (size_t piece = 1; piece < 12; piece++) {
		assert_int_equal(
		    read_pieces(STR("end\n\ngate 1\ntorn"), piece, &got), 0);
		assert_string_equal(got.all.p, "end||gate 1|");
	}
	memset(endless, 'x', sizeof(endless));
	for (size_t piece = 1; piece < 4096; piece += 1023)
		assert_int_equal(
		    read_pieces(str_of(endless, REPORT_LINE), piece, &got), -1);
	/* The longest line that fits: its newline is the last byte. */
	endless[REPORT_LINE - 1] = '\n';
	assert_int_equal(
	    read_pieces(str_of(endless, REPORT_LINE), 1000, &got), 0);
	assert_int_equal(got.n, 1);
	buf_free(&got.all);
}

static void
a_reader_that_cannot_read(void **state)
{
	struct report_reader r;
	struct lines got = {0};
	struct err e;
	int fds[2];

	(void)state;
	report_reader_init(&r);
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	assert_int_equal(report_read(&r, fds[0], collect, &got, &e), 1);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(report_read(&r, fds[0], collect, &got, &e), -1);
	assert_int_equal(e.kind, ERR_SYSTEM);
	report_reader_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_form_goes_there_and_back),
	    cmocka_unit_test(what_is_not_of_the_form_is_refused),
	    cmocka_unit_test(bounds_of_texts_and_names),
	    cmocka_unit_test(foreign_text_is_made_inert),
	    cmocka_unit_test(a_pipe_from_end_to_end),
	    cmocka_unit_test(writes_are_batched_and_atomic),
	    cmocka_unit_test(nobody_listens),
	    cmocka_unit_test(in_process),
	    cmocka_unit_test(hostile_streams),
	    cmocka_unit_test(a_reader_that_cannot_read),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
