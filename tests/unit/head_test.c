/* SPDX-License-Identifier: ISC */
/* mail/head, fed by mail/stuff as the submission does it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../lib/guard.h"
#include "mail/head.h"
#include "mail/stuff.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define S(literal)                              \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}

#define X70                                                                  \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
	"xxxx"

enum { LIMIT = 4000 };

/* What a message comes to: its header, and what follows. */
static const struct row {
	const char *title;
	struct str text;
	struct str head;
	enum head_said end; /* HEAD_MORE: the input ended before the header */
	struct str body;
} rows[] = {
    {"B-07: an empty line", S("A: b\nC: d\n\nE: f\n"), S("A: b\r\nC: d\r\n"),
	HEAD_END, S("E: f\r\n")},
    {"B-07: with CRs", S("A: b\r\n\r\r\nE: f\n"), S("A: b\r\n"), HEAD_END,
	S("E: f\r\n")},
    {"B-07: a fold", S("A: b\n\tc\n d\n\nE"), S("A: b\r\n\tc\r\n d\r\n"),
	HEAD_END, S("E\r\n")},
    {"B-07: a line of blanks is a fold", S("A: b\n \t\nC: d\n\n"),
	S("A: b\r\n \t\r\nC: d\r\n"), HEAD_END, S("")},
    {"B-07: no line, no body", S("A: b"), S("A: b\r\n"), HEAD_MORE, S("")},
    {"B-12: nothing", S(""), S(""), HEAD_MORE, S("")},
    {"B-07: at once", S("\nA: b\n"), S(""), HEAD_END, S("A: b\r\n")},
    {"B-08: no empty line", S("A: b\nhello\nC: d\n"), S("A: b\r\n"), HEAD_BODY,
	S("hello\r\nC: d\r\n")},
    {"B-08: a colon behind words", S("A: b\nhello you: c\n"), S("A: b\r\n"),
	HEAD_BODY, S("hello you: c\r\n")},
    {"B-08: 8-bit in the name", S("A: b\n\xc3\xa4: c\n"), S("A: b\r\n"),
	HEAD_BODY, S("\xc3\xa4: c\r\n")},
    {"B-08: a colon first", S("A: b\n: c\n"), S("A: b\r\n"), HEAD_BODY,
	S(": c\r\n")},
    {"B-08: a dot line with -i", S("A: b\n.\nC: d\n"), S("A: b\r\n"), HEAD_BODY,
	S(".\r\nC: d\r\n")},
    {"B-09: only a body", S("hello\nA: b\n"), S(""), HEAD_BODY,
	S("hello\r\nA: b\r\n")},
    {"B-09: blanks first", S(" A: b\nC: d\n"), S(""), HEAD_BODY,
	S(" A: b\r\nC: d\r\n")},
    {"B-09: a line of blanks first", S(" \nA: b\n"), S(""), HEAD_BODY,
	S(" \r\nA: b\r\n")},
    {"B-06: a separator", S("From me Tue Nov 24\nA: b\n\n"), S("A: b\r\n"),
	HEAD_END, S("")},
    {"B-06: several", S("From x\n>From y\n>>From z\nA: b\n\n"), S("A: b\r\n"),
	HEAD_END, S("")},
    {"B-06: not behind a field", S("A: b\nFrom x\nC: d\n"), S("A: b\r\n"),
	HEAD_BODY, S("From x\r\nC: d\r\n")},
    {"B-06: not in a body", S("\nFrom x\n"), S(""), HEAD_END, S("From x\r\n")},
    {"B-06: nothing else", S("From x\n"), S(""), HEAD_MORE, S("")},
    {"B-06: From without a blank is none", S("From\n"), S(""), HEAD_BODY,
	S("From\r\n")},
    {"B-06: another case is none", S("from x\n"), S(""), HEAD_BODY,
	S("from x\r\n")},
    {"B-06: a field is none", S("From: x\n\n"), S("From: x\r\n"), HEAD_END,
	S("")},
    {"B-06: B-10: with a blank before its colon, too", S("From : x\n\n"),
	S("From: x\r\n"), HEAD_END, S("")},
    {"B-10: blanks before the colon", S("A \t : b\nC\t:d\n"),
	S("A: b\r\nC:d\r\n"), HEAD_MORE, S("")},
    {"B-10: any printable name", S("!#$%~_-.A1\"(,;<@[\\]: b\n\n"),
	S("!#$%~_-.A1\"(,;<@[\\]: b\r\n"), HEAD_END, S("")},
    {"B-10: 77 octets", S("1234567" X70 ": b\n\n"), S("1234567" X70 ": b\r\n"),
	HEAD_END, S("")},
    {"B-10: 78 octets", S("12345678" X70 ": b\n\n"), S(""), HEAD_BODY,
	S("12345678" X70 ": b\r\n\r\n")},
    {"B-10: an empty value", S("A:\nB: \n\n"), S("A:\r\nB: \r\n"), HEAD_END,
	S("")},
    {"B-11: bytes as they are", S("x-A:  b \xe4 \001 \t\nX-a:b\nx-A:  b\n\n"),
	S("x-A:  b \xe4 \001 \t\r\nX-a:b\r\nx-A:  b\r\n"), HEAD_END, S("")},
    {"B-04: NULs", S("A\0: \0b\n\0\nc\n"), S("A: b\r\n"), HEAD_END, S("c\r\n")},
    {"B-03: a bare CR makes no field", S("A: b\rBcc: c\n\n"),
	S("A: b Bcc: c\r\n"), HEAD_END, S("")},
    {"B-03: nor one first", S("A: b\n\rBcc: c\n\n"), S("A: b\r\n Bcc: c\r\n"),
	HEAD_END, S("")},
    {"B-03 B-08: but ends a line of the body, and of its first",
	S("A: b\none\rC: d\n\r2\n"), S("A: b\r\n"), HEAD_BODY,
	S("one\r\nC: d\r\n\r\n2\r\n")},
    {"B-03 B-09: where there is nothing else, too", S("one\r\rtwo\rC: d"),
	S(""), HEAD_BODY, S("one\r\n\r\ntwo\r\nC: d\r\n")},
    {"B-03 B-10: it is a blank before the colon", S("A\r\r: b\rc\n\rd\n\n"),
	S("A: b c\r\n d\r\n"), HEAD_END, S("")},
    {"B-03 B-06: and in a separator", S("From\rme\nA: b\n\n"), S("A: b\r\n"),
	HEAD_END, S("")},
    {"B-03: nor does it end the header", S("A: b\r\r\rC: d\n\n"),
	S("A: b   C: d\r\n"), HEAD_END, S("")},
};

struct got {
	struct head head;
	struct buf body;
	struct buf line;
	enum head_said end;
};

/* One whole line; true when the body has begun. */
static bool
take(struct got *g)
{
	bool body = false;

	if (g->end != HEAD_MORE)
		body = true;
	else
		g->end = head_line(&g->head, buf_str(&g->line));
	if (body)
		buf_add(&g->body, buf_str(&g->line));
	else if (g->end == HEAD_BODY)
		head_body_line(&g->body, buf_str(&g->line));
	buf_clear(&g->line);
	return g->end != HEAD_MORE;
}

/* Reads text as a submission is read, cut once before `first`. */
static void
read_message(struct got *g, struct str text, size_t first)
{
	struct lines l = {.dots_are_data = true, .header = true};
	struct str parts[] = {
	    str_slice(text, 0, first), str_slice(text, first, text.n)};

	*g = (struct got){.end = HEAD_MORE};
	head_init(&g->head, LIMIT);
	buf_init(&g->body, 100000);
	buf_init(&g->line, 100000);
	for (size_t i = 0; i < 2; i++)
		while (parts[i].n > 0) {
			lines_feed(&l, &parts[i], &g->line, true);
			if (!l.inside)
				l.header = !take(g);
		}
	lines_end(&l, &g->line);
	if (g->line.n > 0)
		(void)take(g);
}

static void
got_free(struct got *g)
{
	head_free(&g->head);
	buf_free(&g->body);
	buf_free(&g->line);
}

static void
messages(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t first = 0; first <= rows[i].text.n; first++) {
			const struct row *row = &rows[i];
			struct got g;
			bool good;

			read_message(&g, guard_str(row->text), first);
			good = g.end == row->end &&
			    str_eq(buf_str(&g.head.text), row->head) &&
			    str_eq(buf_str(&g.body), row->body);
			if (!good)
				print_error(
				    "%s: cut at %zu: %d \"%s\" \"%s\"\n",
				    row->title, first, (int)g.end,
				    g.head.text.p, g.body.p);
			wrong += !good;
			got_free(&g);
		}
	assert_int_equal(wrong, 0);
}

/* B-34: the limit, to the octet; what was taken stays whole. */
static void
too_large(void **state)
{
	struct head h;

	(void)state;
	head_init(&h, 20);
	assert_int_equal(head_line(&h, STR("A: bcdef\r\n")), HEAD_MORE);
	assert_int_equal(head_line(&h, STR(" bcdefgh\r\n")), HEAD_MORE);
	assert_int_equal(head_line(&h, STR("\t\r\n")), HEAD_TOO_LARGE);
	assert_int_equal(head_line(&h, STR("B:\r\n")), HEAD_TOO_LARGE);
	assert_int_equal(h.text.n, 20);
	assert_false(h.text.over);
	assert_int_equal(head_line(&h, STR("\r\n")), HEAD_END);
	head_free(&h);
	head_init(&h, 19);
	assert_int_equal(head_line(&h, STR("A: bcdef\r\n")), HEAD_MORE);
	assert_int_equal(head_line(&h, STR(" bcdefgh\r\n")), HEAD_TOO_LARGE);
	assert_true(str_eq(buf_str(&h.text), STR("A: bcdef\r\n")));
	head_free(&h);
}

/* The fields of text, whose lines end in LF. */
static size_t
split(struct pool *p, const char *text, struct field **fields, struct head *h)
{
	struct str rest = str_c(text);
	struct str line;
	struct buf wire;
	size_t n;

	head_init(h, 1 << 24);
	buf_init(&wire, 1 << 20);
	while (str_split(&rest, '\n', &line) && rest.p != NULL) {
		buf_clear(&wire);
		buf_add(&wire, line);
		buf_add(&wire, STR("\r\n"));
		assert_int_equal(head_line(h, buf_str(&wire)), HEAD_MORE);
	}
	buf_free(&wire);
	head_fields(p, h, fields, &n);
	return n;
}

static void
fields_are_split(void **state)
{
	struct pool p = {0};
	struct field *f;
	struct head h;
	size_t n;

	(void)state;
	n = split(&p, "A: b\n\tc: d\n \nBcc:\na : e\nF:: g\n", &f, &h);
	assert_int_equal(n, 4);
	assert_true(str_eq(f[0].raw, STR("A: b\r\n\tc: d\r\n \r\n")));
	assert_true(str_eq(f[0].name, STR("A")));
	assert_true(str_eq(f[0].value, STR(" b\r\n\tc: d\r\n \r\n")));
	assert_true(str_eq(f[1].name, STR("Bcc")));
	assert_true(str_eq(f[1].value, STR("\r\n")));
	assert_true(str_eq(f[3].name, STR("F")));
	assert_true(str_eq(f[3].value, STR(": g\r\n")));

	assert_ptr_equal(head_find(f, n, STR("a"), 0), &f[0]);
	assert_ptr_equal(head_find(f, n, STR("A"), 1), &f[2]);
	assert_null(head_find(f, n, STR("a"), 2));
	assert_null(head_find(f, n, STR("b"), 0));
	assert_null(head_find(f, 0, STR("a"), 0));
	head_free(&h);

	head_init(&h, 100);
	head_fields(&p, &h, &f, &n);
	assert_int_equal(n, 0);
	head_free(&h);
	pool_free(&p);
}

/* Which recipients a header has, joined by blanks; or "! " and a complaint. */
static const struct {
	const char *title;
	const char *head;
	const char *result;
} wanted[] = {
    {"A-10: all three", "To: a\nX: y\ncc: b, c@d\nBCC: e\nFrom: f\n",
	"a b c@d e"},
    {"A-10: each more than once", "To: a\nTo: b\nBcc: c\nTo: d\n", "a b c d"},
    {"A-10: folded", "To: a,\n\tb\n \n", "a b"},
    {"A-12: none", "From: a\nTo:\nCc: ,\nBcc: undisclosed: ;\n", ""},
    {"B-31: resent", "Resent-To: a\nTo: b\nCc: c\nBcc: d\n", "a"},
    {"B-31: without a blank line between names",
	"Resent-From: x\nResent-To: a\nResent-Cc: b\nResent-Bcc: c\nTo: d\n",
	"a b c"},
    {"B-31: the topmost of two, that stands between",
	"Resent-To: a\nResent-From: x\nReceived: y\nResent-To: b\n"
	"Resent-From: z\nTo: c\n",
	"a"},
    {"B-31: a Received before them",
	"Received: y\nResent-To: a\nReturn-Path: z\nResent-Cc: b\n", "a"},
    {"B-31: side by side",
	"Resent-From: x\nResent-To: a\nResent-From: y\nResent-To: b\n", "a"},
    {"B-31: side by side, with other fields",
	"resent-from: x\nresent-to: a\nresent-FROM: y\nresent-cc: b\n", "a"},
    {"B-31: one list in two fields", "Resent-To: a\nResent-To: b\nTo: c\n",
	"a b"},
    {"B-31: something between", "Resent-To: a\nX-Y: z\nTo: c\nResent-Cc: b\n",
	"a b"},
    {"B-31: none of its own, the other's are not taken",
	"Resent-From: x\nReceived: y\nResent-To: a\nTo: c\n", ""},
    {"B-31: a sender alone makes no resending of recipients",
	"Resent-From: x\nTo: c\n", "c"},
    {"B-31: an empty one counts", "Resent-Bcc:\nTo: c\n", ""},
    {"A-43: the field is named", "To: a\nCc: b c\n", "! Cc: this is no"},
    {"A-43: what is not looked at may be wrong",
	"Resent-To: a\nTo: b c\nFrom: \"\n", "a"},
};

static void
recipients(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(wanted); i++) {
		const char *result = wanted[i].result;
		struct pool p = {0};
		struct field *f;
		struct head h;
		struct addr *list;
		struct err e = {0};
		struct buf got;
		size_t count;
		size_t n = split(&p, wanted[i].head, &f, &h);
		bool good;

		buf_init(&got, 1000);
		if (head_recipients(&p, f, n, 100, &list, &count, &e) < 0)
			buf_printf(&got, "! %s", e.text);
		else
			for (size_t k = 0; k < count; k++) {
				if (k > 0)
					buf_byte(&got, ' ');
				addr_print(&got, &list[k]);
			}
		good = *result == '!' ? strstr(got.p, result) == got.p
				      : strcmp(got.p, result) == 0;
		if (!good)
			print_error("%s: \"%s\"\n", wanted[i].title, got.p);
		wrong += !good;
		buf_free(&got);
		head_free(&h);
		pool_free(&p);
	}
	assert_int_equal(wrong, 0);
}

/* B-34, B-35: many fields of many, up to the limit; the time is linear. */
static void
many(void **state)
{
	enum { FIELDS = 30000 };
	struct pool p = {0};
	struct buf text;
	struct field *f;
	struct head h;
	struct addr *list;
	struct err e = {0};
	size_t count;
	size_t n;

	(void)state;
	buf_init(&text, 1 << 20);
	for (int i = 0; i < FIELDS; i++)
		buf_printf(&text, "To: a%d, b\n", i);
	n = split(&p, text.p, &f, &h);
	assert_int_equal(n, FIELDS);
	assert_int_equal(
	    head_recipients(&p, f, n, 2 * FIELDS, &list, &count, &e), 0);
	assert_int_equal(count, 2 * FIELDS);
	assert_true(str_eq(list[2 * FIELDS - 2].local, STR("a29999")));
	assert_true(str_eq(list[1].local, STR("b")));
	assert_int_equal(
	    head_recipients(&p, f, n, 2 * FIELDS - 1, &list, &count, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	assert_string_equal(e.text, "more than 59999 recipients");
	head_free(&h);
	pool_free(&p);
	buf_free(&text);
}

static void
resent(void **state)
{
	struct pool p = {0};
	struct field *f;
	struct head h;
	size_t from = 9;
	size_t to = 9;
	size_t n;

	(void)state;
	n = split(&p, "To: a\nReceived: b\n", &f, &h);
	assert_false(head_resent(f, n, &from, &to));
	assert_false(head_resent(f, 0, &from, &to));
	head_free(&h);
	n = split(&p,
	    "Received: b\nX: y\nResent-Date: c\nX: z\nRESENT-TO: d\nTo: e\n"
	    "Received: f\nResent-From: g\n",
	    &f, &h);
	assert_true(head_resent(f, n, &from, &to));
	assert_int_equal(from, 2);
	assert_int_equal(to, 5);
	head_free(&h);
	n = split(&p, "Resent-To: a\n", &f, &h);
	assert_true(head_resent(f, n, &from, &to));
	assert_int_equal(from, 0);
	assert_int_equal(to, 1);
	head_free(&h);
	pool_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(messages),
	    cmocka_unit_test(too_large),
	    cmocka_unit_test(fields_are_split),
	    cmocka_unit_test(recipients),
	    cmocka_unit_test(many),
	    cmocka_unit_test(resent),
	};

	return cmocka_run_group_tests_name("mail/head", tests, NULL, NULL);
}
