/* SPDX-License-Identifier: ISC */
/* mail/dsn: who is told, and reports to the letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "mail/dsn.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const enum dsn_action success[] = {
    DSN_DELIVERED, DSN_RELAYED, DSN_EXPANDED};

/* Every combination of NOTIFY's bits, against the words of RFC 3461. */
static void
notify(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 16; bits++) {
		bool never = bits & DSN_NEVER;
		bool none = bits == 0;

		assert_int_equal(dsn_wanted(bits, DSN_FAILED, false, false),
		    !never && (none || (bits & DSN_ON_FAILURE)));
		assert_int_equal(dsn_wanted(bits, DSN_DELAYED, false, false),
		    !never && (none || (bits & DSN_ON_DELAY)));
		for (size_t i = 0; i < COUNT(success); i++) {
			bool asked = !never && (bits & DSN_ON_SUCCESS);

			assert_int_equal(
			    dsn_wanted(bits, success[i], false, false), asked);
			assert_int_equal(
			    dsn_wanted(bits, success[i], false, true), asked);
		}
		/* Who writes to many is told of failures, not of delays. */
		assert_int_equal(dsn_wanted(bits, DSN_FAILED, false, true),
		    dsn_wanted(bits, DSN_FAILED, false, false));
		assert_false(dsn_wanted(bits, DSN_DELAYED, false, true));
		for (int a = 0; a < DSN_ACTIONS; a++)
			assert_false(
			    dsn_wanted(bits, (enum dsn_action)a, true, false));
	}
}

static void
returned(void **state)
{
	static const struct {
		enum dsn_action action;
		bool header_only;
		uint64_t size;
		enum dsn_returned returned;
	} rows[] = {
	    {DSN_FAILED, false, 0, DSN_WHOLE},
	    {DSN_FAILED, false, 50000, DSN_WHOLE},
	    {DSN_FAILED, false, 50001, DSN_HEADER},
	    {DSN_FAILED, true, 10, DSN_HEADER},
	    {DSN_DELAYED, false, 10, DSN_HEADER},
	    {DSN_DELIVERED, false, 10, DSN_HEADER},
	    {DSN_RELAYED, false, 10, DSN_HEADER},
	    {DSN_EXPANDED, false, 10, DSN_HEADER},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(dsn_returns(rows[i].action,
				     rows[i].header_only, rows[i].size, 50000),
		    rows[i].returned);
}

static void
bulk(void **state)
{
	static const struct {
		const char *line;
		bool bulk;
	} rows[] = {
	    {"Subject: bulk\r\n", false},
	    {"Precedence: bulk\r\n", true},
	    {"precedence:  LIST \r\n", true},
	    {"Precedence: junk\r\n", true},
	    {"Precedence: first-class\r\n", false},
	    {"Precedence: first-class\r\nPrecedence: bulk\r\n", true},
	    {"Precedence: bulky\r\n", false},
	    {"List-ID: <x.example>\r\n", true},
	    {"X-List-Id: <x.example>\r\n", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pool p = {0};
		struct head head;
		struct field *fields;
		struct str rest = str_c(rows[i].line);
		size_t n;

		head_init(&head, 1000);
		while (rest.n > 0) {
			size_t end = str_find(rest, '\n') + 1;

			assert_int_equal(
			    head_line(&head, str_slice(rest, 0, end)),
			    HEAD_MORE);
			rest = str_slice(rest, end, rest.n);
		}
		head_fields(&p, &head, &fields, &n);
		assert_int_equal(dsn_is_bulk(fields, n), rows[i].bulk);
		pool_free(&p);
		head_free(&head);
	}
}

static struct dsn
usual(const struct dsn_recipient *rcpt, size_t n)
{
	return (struct dsn){
	    .mta = STR("h.example"),
	    .mailname = STR("m.example"),
	    .id = STR("Q1"),
	    .random = STR("R2"),
	    .now = 200,
	    .to = STR("me@m.example"),
	    .sender = STR("me@m.example"),
	    .message_id = STR(" <1@m.example>\r\n"),
	    .envid = STR("E=1"),
	    .arrival = 100,
	    .returned = DSN_WHOLE,
	    .rcpt = rcpt,
	    .n = n,
	};
}

static void
report(struct buf *b, const struct dsn *d, const char *content)
{
	buf_clear(b);
	dsn_head(b, d);
	buf_add(b, str_c(content));
	dsn_tail(b, d);
	assert_false(b->over);
}

#define EPOCH "Thu, 1 Jan 1970 00:"

static const char failure[] =
    "From: Mail Delivery System <MAILER-DAEMON@m.example>\r\n"
    "To: <me@m.example>\r\n"
    "Subject: Your mail was not delivered\r\n"
    "Date: " EPOCH "03:20 +0000\r\n"
    "Message-ID: <200.Q1.R2@m.example>\r\n"
    "In-Reply-To: <1@m.example>\r\n"
    "References: <1@m.example>\r\n"
    "Auto-Submitted: auto-replied\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: multipart/report; report-type=delivery-status;\r\n"
    " boundary=\"=_Q1.R2\"\r\n"
    "\r\n"
    "This is a report in parts, as RFC 3464 has it, for a mail program.\r\n"
    "\r\n"
    "--=_Q1.R2\r\n"
    "Content-Description: What happened\r\n"
    "Content-Type: text/plain; charset=us-ascii\r\n"
    "\r\n"
    "This is the mail system of h.example: your message could not be "
    "delivered to\r\n"
    "everybody that it was sent to. Below is who will not get it, and why. "
    "It will\r\n"
    "not be tried again.\r\n"
    "\r\n"
    " <bob@b.example>\r\n"
    "    It could not be delivered.\r\n"
    "    The server mx.b.example said:\r\n"
    "        550 5.1.1 no Bob here\r\n"
    "    There is no such mailbox on that server. Look for a typing error in "
    "the\r\n"
    "    address, or ask the recipient in another way for the right one.\r\n"
    "\r\n"
    "Your message is attached to this report. It came on Thu, 1 Jan 1970 "
    "00:01:40\r\n"
    "+0000.\r\n"
    "\r\n"
    "--=_Q1.R2\r\n"
    "Content-Description: The same for programs\r\n"
    "Content-Type: message/delivery-status\r\n"
    "\r\n"
    "Reporting-MTA: dns; h.example\r\n"
    "Original-Envelope-Id: E=1\r\n"
    "Arrival-Date: " EPOCH "01:40 +0000\r\n"
    "\r\n"
    "Original-Recipient: rfc822; bob+x@c.example\r\n"
    "Final-Recipient: rfc822; bob@b.example\r\n"
    "Action: failed\r\n"
    "Status: 5.1.1\r\n"
    "Remote-MTA: dns; mx.b.example\r\n"
    "Diagnostic-Code: smtp; 550 5.1.1 no Bob here\r\n"
    "Last-Attempt-Date: " EPOCH "02:30 +0000\r\n"
    "\r\n"
    "--=_Q1.R2\r\n"
    "Content-Description: Your message\r\n"
    "Content-Type: message/rfc822\r\n"
    "\r\n"
    "Subject: x\r\n\r\nbody\r\n"
    "\r\n"
    "--=_Q1.R2--\r\n";

static struct dsn_recipient
bob(void)
{
	return (struct dsn_recipient){
	    .path = STR("bob@b.example"),
	    .orcpt = STR("rfc822;bob+2Bx@c.example"),
	    .action = DSN_FAILED,
	    .status = {.outcome = OUTCOME_FAILED,
		.code = 550,
		.enhanced = {5, 1, 1},
		.text = STR("5.1.1 no Bob here")},
	    .relay = STR("mx.b.example[192.0.2.1]:25"),
	    .last_attempt = 150,
	};
}

/* One of them whole, so that its look is seen here. */
static void
to_the_letter(void **state)
{
	struct dsn_recipient r = bob();
	struct dsn d = usual(&r, 1);
	struct buf b;

	(void)state;
	buf_init(&b, 100000);
	report(&b, &d, "Subject: x\r\n\r\nbody\r\n");
	assert_string_equal(b.p, failure);
	buf_free(&b);
}

/* What one change of the usual report makes of it. */
static const struct {
	const char *title;
	struct dsn_recipient r; /* what is not set is as bob has it */
	const char *has[3];
	const char *lacks;
} rows[] = {
    {"an address with blanks", {.path = {"\"a b\"@b.example", 15}},
	{"Final-Recipient: rfc822; \"a b\"@b.example\r\n"}, NULL},
    {"a domain that is not ASCII", {.path = {"b@b\xc3\xbc.example", 13}},
	{"Final-Recipient: rfc822; b@xn--b-eha.example\r\n",
	    "\r\n <b@xn--b-eha.example>\r\n"},
	"utf-8"},
    {"a local part that is not (RFC 6533)",
	{.path = {"+\xc3\xb6@b\xc3\xbc.example", 15}},
	{"Final-Recipient: utf-8; \\x{2B}\\x{F6}@b\\x{FC}.example\r\n",
	    "\r\n <+\\xc3\\xb6@xn--b-eha.example>\r\n"},
	NULL},
    {"beyond 16 bits", {.path = {"\xf0\x9f\x93\xa7@b.example", 14}},
	{"Final-Recipient: utf-8; \\x{1F4E7}@b.example\r\n"}, NULL},
    {"no UTF-8 at all", {.path = {"\xff@b.example", 11}},
	{"Final-Recipient: rfc822; \\xff@b.example\r\n"}, NULL},
    {"ORCPT of another type", {.orcpt = {"x400;a+20b", 10}},
	{"Original-Recipient: x400; a b\r\n"}, NULL},
    {"ORCPT in UTF-8", {.orcpt = {"utf-8;+C3+B6@x", 14}},
	{"Original-Recipient: utf-8; \\x{F6}@x\r\n"}, NULL},
    {"ORCPT with a line end", {.orcpt = {"rfc822;a+0D+0AX:b", 17}},
	{"Original-Recipient: rfc822; a\\x0d\\x0aX:b\r\n"}, NULL},
    {"ORCPT that is no xtext", {.orcpt = {"rfc822;a+2", 10}}, {NULL},
	"Original-Recipient"},
    {"lower case is no xtext", {.orcpt = {"rfc822;a+2b", 11}}, {NULL},
	"Original-Recipient"},
    {"an equals sign is not", {.orcpt = {"rfc822;a=b", 10}}, {NULL},
	"Original-Recipient"},
    {"ORCPT without type", {.orcpt = {";a@b", 4}}, {NULL},
	"Original-Recipient"},
    {"ORCPT without address", {.orcpt = {"rfc822;", 7}}, {NULL},
	"Original-Recipient"},
    {"ORCPT that is nothing", {.orcpt = {"rfc822", 6}}, {NULL},
	"Original-Recipient"},
    {"a reply without enhanced code",
	{.status = {.code = 554, .text = {"no", 2}}},
	{"Status: 5.0.0\r\n", "Diagnostic-Code: smtp; 554 no\r\n"}, NULL},
    {"tried for too long",
	{.status = {.enhanced = {4, 4, 7}, .text = {"timed out", 9}}},
	{"Status: 4.4.7\r\n", "Diagnostic-Code: x-hantar; timed out\r\n",
	    "send it again later"},
	"smtp;"},
    {"a success is no failure",
	{.status = {.enhanced = {2, 1, 5}, .code = 250}}, {"Status: 5.0.0\r\n"},
	NULL},
    {"nothing is known", {.status = {.outcome = OUTCOME_FAILED}},
	{"Status: 5.0.0\r\n"}, "Diagnostic-Code"},
    {"in doubt", {.doubt = true},
	{"Action: failed\r\n", "it may have been delivered",
	    "before you send it again"},
	NULL},
    {"no server", {.relay = {"", 0}}, {NULL}, "Remote-MTA"},
    {"a server without a name", {.relay = {"[192.0.2.1]:25", 14}},
	{"Remote-MTA: dns; [192.0.2.1]\r\n"}, NULL},
    {"never tried", {.last_attempt = -1}, {NULL}, "Last-Attempt-Date"},
    {"no retry of what has failed", {.retry_until = 500}, {NULL}, "until"},
    {"a delay",
	{.action = DSN_DELAYED,
	    .retry_until = 500,
	    .status = {.enhanced = {4, 2, 2}, .code = 452}},
	{"Subject: Your mail is delayed, and is still being sent\r\n",
	    "Action: delayed\r\nStatus: 4.2.2\r\n",
	    "Will-Retry-Until: " EPOCH "08:20 +0000\r\n"},
	NULL},
    {"a delay has a transient status", {.action = DSN_DELAYED},
	{"Action: delayed\r\nStatus: 4.0.0\r\n"}, "Will-Retry-Until"},
    {"relayed",
	{.action = DSN_RELAYED,
	    .status = {.enhanced = {2, 1, 5}, .code = 250, .text = {"ok", 2}}},
	{"Subject: Your mail was passed on\r\n",
	    "Action: relayed\r\nStatus: 2.1.5\r\n",
	    "Diagnostic-Code: smtp; 250 ok\r\n"},
	NULL},
    {"expanded", {.action = DSN_EXPANDED},
	{"Action: expanded\r\nStatus: 2.0.0\r\n"}, NULL},
    {"delivered", {.action = DSN_DELIVERED},
	{"Subject: Your mail was delivered\r\n",
	    "Action: delivered\r\nStatus: 2.0.0\r\n"},
	NULL},
};

static struct dsn_recipient
changed(const struct dsn_recipient *by)
{
	struct dsn_recipient r = bob();

	if (by->path.p)
		r.path = by->path;
	if (by->orcpt.p)
		r.orcpt = by->orcpt;
	if (by->relay.p)
		r.relay = by->relay;
	if (by->status.enhanced[0] || by->status.code || by->status.outcome)
		r.status = by->status;
	if (by->last_attempt)
		r.last_attempt = 0;
	r.action = by->action;
	r.retry_until = by->retry_until;
	r.doubt = by->doubt;
	return r;
}

static void
recipients(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100000);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct dsn_recipient r = changed(&rows[i].r);
		struct dsn d = usual(&r, 1);

		d.returned = DSN_NOTHING;
		report(&b, &d, "");
		for (size_t k = 0; k < 3 && rows[i].has[k]; k++)
			if (!strstr(b.p, rows[i].has[k]))
				fail_msg("%s: %s", rows[i].title, b.p);
		if (rows[i].lacks && strstr(b.p, rows[i].lacks))
			fail_msg("%s: %s", rows[i].title, b.p);
	}
	buf_free(&b);
}

static void
has(const struct dsn *d, const char *text, bool wanted)
{
	struct buf b;

	buf_init(&b, 100000);
	report(&b, d, "");
	if ((strstr(b.p, text) != NULL) != wanted)
		fail_msg("%s: %s", text, b.p);
	buf_free(&b);
}

/* What belongs to the message as a whole. */
static void
messages(void **state)
{
	struct dsn_recipient r[2] = {bob(), bob()};
	struct dsn d = usual(r, 2);

	(void)state;
	has(&d, "Content-Transfer-Encoding", false);
	d.eightbit = true;
	has(&d, "\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n", true);
	has(&d, "message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n", true);
	d.returned = DSN_HEADER;
	has(&d, "rfc822-headers\r\nContent-Transfer-Encoding: 8bit\r\n", true);
	d.returned = DSN_NOTHING;
	has(&d, "Content-Transfer-Encoding", false);
	has(&d, "attached", false);

	/* The worst is what the subject says. */
	r[0].action = DSN_EXPANDED;
	has(&d, "Subject: Your mail was not delivered\r\n", true);
	r[1].action = DSN_DELAYED;
	has(&d, "Subject: Your mail is delayed", true);

	d.envid = STR("a\r\nb c");
	has(&d, "Original-Envelope-Id: a\\x0d\\x0ab c\r\n", true);
	d.envid = STR_NONE;
	has(&d, "Original-Envelope-Id", false);
	d.to = STR("postmaster@m.example");
	has(&d, "its sender, <me@m.example>, cannot be told.", true);
	d.to = STR("\xc3\xb6@m.example");
	has(&d, "To: =?utf-8?Q?=C3=B6=40m=2Eexample?=:;\r\n", true);
	d.mailname = STR("b\xc3\xbc.example");
	has(&d, "<MAILER-DAEMON@xn--b-eha.example>\r\n", true);
	has(&d, ".Q1.R2@xn--b-eha.example>\r\n", true);
	d.mailname = STR("[IPv6:2001:db8::1]");
	has(&d, "<MAILER-DAEMON@[IPv6:2001:db8::1]>\r\n", true);
}

/* An identification is taken as it is, or not at all. */
static void
references(void **state)
{
	static const struct {
		struct str field;
		const char *id;
	} ids[] = {
	    {{"<a@b>", 5}, "<a@b>"},
	    {{" (c)\r\n\t<a@b> (d)\r\n", 19}, "<a@b>"},
	    {{"a@b", 3}, NULL},
	    {{"<a@b", 4}, NULL},
	    {{"<>", 2}, NULL},
	    {{"<a b@c>", 7}, NULL},
	    {{"<a\r\nBcc:x@c>", 12}, NULL},
	    {{"<\xc3\xb6@c>", 6}, NULL},
	    {{"", 0}, NULL},
	};
	struct dsn_recipient r = bob();
	struct dsn d = usual(&r, 1);
	char line[100];

	(void)state;
	for (size_t i = 0; i < COUNT(ids); i++) {
		d.message_id = ids[i].field;
		(void)snprintf(line, sizeof(line), "\r\nReferences: %s\r\n",
		    ids[i].id ? ids[i].id : "");
		has(&d, line, ids[i].id != NULL);
		has(&d, "\r\nReferences", ids[i].id != NULL);
		has(&d, "\r\nIn-Reply-To", ids[i].id != NULL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(notify),	     /* G-27, G-28, G-30 */
	    cmocka_unit_test(returned),	     /* G-26 */
	    cmocka_unit_test(bulk),	     /* G-30 */
	    cmocka_unit_test(to_the_letter), /* G-22, G-23, G-25 */
	    cmocka_unit_test(recipients),    /* G-23, G-24, G-30, G-31 */
	    cmocka_unit_test(messages),	     /* G-22, G-25, G-26 */
	    cmocka_unit_test(references),    /* G-25 */
	};

	(void)setenv("TZ", "UTC0", 1);
	tzset();
	return cmocka_run_group_tests_name("mail/dsn", tests, NULL, NULL);
}
