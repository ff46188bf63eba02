/* SPDX-License-Identifier: ISC */
#include "mail/dsn.h"

#include <assert.h>

#include "base/char.h"
#include "base/code.h"
#include "base/key.h"
#include "mail/date.h"
#include "mail/dsn_words.h"
#include "mail/fold.h"
#include "mail/phrase.h"
#include "os/idn.h"

enum {
	NAME_MAX_OCTETS = 255,
	ADDRESS_MAX = 2000,
	MAILBOX_MAX = 900, /* of a header: it cannot be folded */
	REPLY_MAX = 16384,
	FIELD_MAX = REPLY_MAX + 4096,
};

static const struct {
	const char *name;
	const char *subject;
	unsigned notify;
	unsigned short class;
} actions[DSN_ACTIONS] = {
    [DSN_FAILED] = {"failed", "Your mail was not delivered", DSN_ON_FAILURE, 5},
    [DSN_DELAYED] = {"delayed", "Your mail is delayed, and is still being sent",
	DSN_ON_DELAY, 4},
    [DSN_DELIVERED] = {"delivered", "Your mail was delivered", DSN_ON_SUCCESS,
	2},
    [DSN_RELAYED] = {"relayed", "Your mail was passed on", DSN_ON_SUCCESS, 2},
    [DSN_EXPANDED] = {"expanded", "Your mail was passed on", DSN_ON_SUCCESS, 2},
};

bool
dsn_wanted(unsigned notify, enum dsn_action action, bool null_sender, bool bulk)
{
	if (null_sender || (notify & DSN_NEVER))
		return false;
	if (action == DSN_DELAYED && bulk)
		return false;
	if (notify == 0)
		notify = DSN_ON_FAILURE | DSN_ON_DELAY;
	return (notify & actions[action].notify) != 0;
}

bool
dsn_is_bulk(const struct field *fields, size_t n)
{
	static const struct key words[] = {
	    {"bulk", 0}, {"list", 0}, {"junk", 0}};
	const struct field *f;

	if (head_find(fields, n, STR("List-Id"), 0) != NULL)
		return true;
	for (size_t i = 0;
	     (f = head_find(fields, n, STR("Precedence"), i)) != NULL; i++)
		if (key_find(words, sizeof(words) / sizeof(words[0]),
			str_trim(f->value)) >= 0)
			return true;
	return false;
}

enum dsn_returned
dsn_returns(
    enum dsn_action action, bool header_only, uint64_t size, uint64_t limit)
{
	if (action != DSN_FAILED || header_only || size > limit)
		return DSN_HEADER;
	return DSN_WHOLE;
}

/* A field is built as one line, and then folded. */
static void
put_field(struct buf *out, struct buf *field)
{
	fold_words(out, buf_str(field), STR("\r\n "));
	buf_add(out, STR("\r\n"));
	buf_clear(field);
}

static void
put_date_field(
    struct buf *out, struct buf *field, const char *name, time_t when)
{
	if (when == 0)
		return;
	buf_printf(field, "%s: ", name);
	date_5322(field, when);
	put_field(out, field);
}

/* A host or domain name of our own; nothing but what an address may hold. */
static void
put_name(struct buf *b, struct str name)
{
	const struct str special = STR("<>()@,;\\\"");
	struct buf ascii;
	struct err e;

	buf_init(&ascii, NAME_MAX_OCTETS);
	if (str_is_ascii(name) || idn_ascii(&ascii, name, &e) < 0) {
		buf_clear(&ascii);
		for (size_t i = 0; i < name.n; i++)
			if (char_is_graph(name.p[i]) &&
			    str_find(special, name.p[i]) == special.n)
				buf_byte(&ascii, name.p[i]);
	}
	buf_add(b, buf_str(&ascii));
	buf_free(&ascii);
}

static void
put_token(struct buf *b, struct str s, size_t max)
{
	s = str_slice(s, 0, max);
	for (size_t i = 0; i < s.n; i++)
		if (char_is_letter(s.p[i]) || char_is_digit(s.p[i]))
			buf_byte(b, s.p[i]);
}

/* "=_" is in no base64 and no quoted-printable text (RFC 2045, 6.7). */
static void
put_boundary(struct buf *b, const struct dsn *d)
{
	buf_add(b, STR("=_"));
	put_token(b, d->id, 20);
	buf_byte(b, '.');
	put_token(b, d->random, 40);
}

static void
put_delimiter(struct buf *out, const struct dsn *d, struct str end)
{
	buf_add(out, STR("\r\n--"));
	put_boundary(out, d);
	buf_add(out, end);
}

/* Appends the address for a header; false if ASCII cannot hold it. */
static bool
put_mailbox(struct buf *b, struct str path)
{
	struct buf ascii, whole;
	struct pool p = {0};
	struct addr a;
	struct err e;
	bool good = addr_one(&p, path, &a, &e) == 0 && a.domain.n > 0 &&
	    str_is_ascii(a.local);

	buf_init(&whole, ADDRESS_MAX);
	buf_init(&ascii, MAILBOX_MAX);
	if (good) {
		addr_print(&whole, &a);
		dsn_address(&ascii, buf_str(&whole));
		good =
		    str_is_ascii(buf_str(&ascii)) && !whole.over && !ascii.over;
	}
	if (good) {
		buf_byte(b, '<');
		buf_add(b, buf_str(&ascii));
		buf_byte(b, '>');
	}
	buf_free(&ascii);
	buf_free(&whole);
	pool_free(&p);
	return good;
}

/*
 * An address that no header can hold is shown as a group without members (RFC
 * 6857, 3.1.4): the envelope has it as it is.
 */
static void
put_to(struct buf *out, struct buf *field, struct str path)
{
	buf_add(field, STR("To: "));
	if (put_mailbox(field, path)) {
		put_field(out, field);
		return;
	}
	buf_clear(field);
	buf_add(out, STR("To: "));
	if (path.n == 0)
		buf_add(out, STR("undisclosed-recipients"));
	phrase_put(out, path);
	buf_add(out, STR(":;\r\n"));
}

/* The first thing in angle brackets, if that can be an identification. */
static struct str
identification(struct str field)
{
	size_t from = str_find(field, '<');
	struct str id = str_slice(field, from, field.n);

	id = str_slice(id, 0, str_find(id, '>') + 1);
	if (id.n < 5 || id.n > 900 || id.p[id.n - 1] != '>' ||
	    str_find(id, '@') == id.n)
		return STR_NONE;
	for (size_t i = 0; i < id.n; i++)
		if (!char_is_graph(id.p[i]))
			return STR_NONE;
	return id;
}

void
dsn_message_id(struct buf *b, const struct dsn *d)
{
	buf_printf(b, "<%lld.", (long long)d->now);
	put_token(b, d->id, 20);
	buf_byte(b, '.');
	put_token(b, d->random, 40);
	buf_byte(b, '@');
	put_name(b, d->mailname);
	buf_byte(b, '>');
}

static void
put_header(struct buf *out, struct buf *field, const struct dsn *d)
{
	struct str original = identification(d->message_id);
	static const char *const refer[] = {"In-Reply-To", "References"};

	buf_add(field, STR("From: Mail Delivery System <MAILER-DAEMON@"));
	put_name(field, d->mailname);
	buf_byte(field, '>');
	put_field(out, field);
	put_to(out, field, d->to);
	buf_printf(field, "Subject: %s", actions[dsn_worst(d)].subject);
	put_field(out, field);
	buf_add(field, STR("Date: "));
	date_5322(field, d->now);
	put_field(out, field);
	buf_add(field, STR("Message-ID: "));
	dsn_message_id(field, d);
	put_field(out, field);
	for (size_t i = 0; original.n > 0 && i < 2; i++) {
		buf_printf(field, "%s: %.*s", refer[i], STR_ARG(original));
		put_field(out, field);
	}
	buf_add(out,
	    STR("Auto-Submitted: auto-replied\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: multipart/report; "
		"report-type=delivery-status;\r\n boundary=\""));
	put_boundary(out, d);
	buf_add(out, STR("\"\r\n"));
	if (d->eightbit && d->returned != DSN_NOTHING)
		buf_add(out, STR("Content-Transfer-Encoding: 8bit\r\n"));
	buf_add(out,
	    STR("\r\nThis is a report in parts, as RFC 3464 has it, for a mail "
		"program.\r\n"));
}

/* utf-8-addr-xtext (RFC 6533, 3): ASCII with \x{NNNN} for the rest. */
static void
put_utf8_xtext(struct buf *b, struct str path)
{
	for (size_t i = 0; i < path.n;) {
		unsigned long c = (unsigned char)path.p[i++];
		int more = c < 0xc0 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;

		if (more > 0)
			c &= 0x3fUL >> more;
		for (; more > 0 && i < path.n; more--)
			c = c << 6 | ((unsigned char)path.p[i++] & 0x3f);
		if (c > 32 && c < 127 && c != '+' && c != '=' && c != '\\')
			buf_byte(b, (char)c);
		else
			buf_printf(b, "\\x{%lX}", c);
	}
}

static void
put_final_recipient(struct buf *out, struct buf *field, struct str path)
{
	struct buf ascii;

	buf_init(&ascii, ADDRESS_MAX);
	dsn_address(&ascii, path);
	buf_add(field, STR("Final-Recipient: "));
	if (!str_is_ascii(path) && key_is_utf8(path) && path.n < ADDRESS_MAX &&
	    memchr(ascii.p, '\\', ascii.n)) {
		buf_add(field, STR("utf-8; "));
		put_utf8_xtext(field, path);
	} else {
		buf_add(field, STR("rfc822; "));
		buf_add(field, buf_str(&ascii));
	}
	put_field(out, field);
	buf_free(&ascii);
}

static int
hex_digit(char c)
{
	return char_is_digit(c)	   ? c - '0'
	    : c >= 'A' && c <= 'F' ? c - 'A' + 10
				   : -1;
}

/* Decodes xtext (RFC 3461, 4); false if it is none. */
static bool
read_xtext(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		int high, low;

		if (!char_is_graph(s.p[i]) || s.p[i] == '=')
			return false;
		if (s.p[i] != '+') {
			buf_byte(b, s.p[i]);
			continue;
		}
		if (i + 2 >= s.n)
			return false;
		high = hex_digit(s.p[++i]);
		low = hex_digit(s.p[++i]);
		if (high < 0 || low < 0)
			return false;
		buf_byte(b, (char)(high * 16 + low));
	}
	return !b->over;
}

/* What is no ORCPT parameter by RFC 3461, 4.2, is left out. */
static void
put_original_recipient(struct buf *out, struct buf *field, struct str orcpt)
{
	struct str type = str_slice(orcpt, 0, str_find(orcpt, ';'));
	struct buf address;

	buf_init(&address, ADDRESS_MAX);
	for (size_t i = 0; i < type.n; i++)
		if (!char_is_letter(type.p[i]) && !char_is_digit(type.p[i]) &&
		    type.p[i] != '-')
			type = STR_NONE;
	if (type.n > 0 && type.n < 60 && type.n < orcpt.n &&
	    read_xtext(&address, str_slice(orcpt, type.n + 1, orcpt.n)) &&
	    address.n > 0) {
		buf_printf(field, "Original-Recipient: %.*s; ", STR_ARG(type));
		/* Such an address has its own form for what is not ASCII. */
		if (str_ieq(type, STR("utf-8")) &&
		    key_is_utf8(buf_str(&address)) &&
		    !str_is_ascii(buf_str(&address)))
			put_utf8_xtext(field, buf_str(&address));
		else
			code_inert(field, buf_str(&address), ADDRESS_MAX);
		put_field(out, field);
	}
	buf_free(&address);
}

/* Of a class that the action can have; the rest as it came (G-24). */
static void
put_status(struct buf *out, struct buf *field, const struct dsn_recipient *r)
{
	struct status s = r->status;
	unsigned short class = actions[r->action].class;
	bool fits = s.enhanced[0] == class;

	/* What was tried for too long fails with its last, transient status. */
	if (r->action == DSN_FAILED && s.enhanced[0] == 4)
		fits = true;
	if (!fits) {
		s.enhanced[0] = class;
		s.enhanced[1] = s.enhanced[2] = 0;
	}
	buf_add(field, STR("Status: "));
	status_enhanced(field, &s);
	put_field(out, field);
}

static void
put_diagnostic(struct buf *out, struct buf *field, const struct status *status)
{
	if (status->code == 0 && status->text.n == 0)
		return;
	buf_add(field, STR("Diagnostic-Code: "));
	if (status->code > 0) {
		buf_add(field, STR("smtp; "));
		dsn_reply(field, status, REPLY_MAX);
	} else {
		buf_add(field, STR("x-hantar; "));
		code_inert(field, status->text, REPLY_MAX);
	}
	put_field(out, field);
}

static void
put_recipient(struct buf *out, struct buf *field, const struct dsn_recipient *r)
{
	struct str server = dsn_server(r->relay);

	buf_add(out, STR("\r\n"));
	put_original_recipient(out, field, r->orcpt);
	put_final_recipient(out, field, r->path);
	buf_printf(field, "Action: %s", actions[r->action].name);
	put_field(out, field);
	put_status(out, field, r);
	if (server.n > 0) {
		buf_add(field, STR("Remote-MTA: dns; "));
		code_inert(field, server, NAME_MAX_OCTETS);
		put_field(out, field);
	}
	put_diagnostic(out, field, &r->status);
	put_date_field(out, field, "Last-Attempt-Date", r->last_attempt);
	if (r->action == DSN_DELAYED)
		put_date_field(out, field, "Will-Retry-Until", r->retry_until);
}

static void
put_returned(struct buf *out, const struct dsn *d)
{
	put_delimiter(out, d, STR("\r\n"));
	if (d->returned == DSN_WHOLE)
		buf_add(out,
		    STR("Content-Description: Your message\r\n"
			"Content-Type: message/rfc822\r\n"));
	else
		buf_add(out,
		    STR("Content-Description: The header of your message\r\n"
			"Content-Type: text/rfc822-headers\r\n"));
	if (d->eightbit)
		buf_add(out, STR("Content-Transfer-Encoding: 8bit\r\n"));
	buf_add(out, STR("\r\n"));
}

void
dsn_head(struct buf *out, const struct dsn *d)
{
	struct buf field;

	assert(d->n > 0);
	buf_init(&field, FIELD_MAX);
	put_header(out, &field, d);
	put_delimiter(out, d,
	    STR("\r\nContent-Description: What happened\r\n"
		"Content-Type: text/plain; charset=us-ascii\r\n\r\n"));
	dsn_words(out, d);
	put_delimiter(out, d,
	    STR("\r\nContent-Description: The same for programs\r\n"
		"Content-Type: message/delivery-status\r\n\r\n"));
	buf_add(&field, STR("Reporting-MTA: dns; "));
	put_name(&field, d->mta);
	put_field(out, &field);
	if (d->envid.n > 0) {
		buf_add(&field, STR("Original-Envelope-Id: "));
		code_inert(&field, d->envid, 400);
		put_field(out, &field);
	}
	put_date_field(out, &field, "Arrival-Date", d->arrival);
	for (size_t i = 0; i < d->n; i++)
		put_recipient(out, &field, &d->rcpt[i]);
	if (d->returned != DSN_NOTHING)
		put_returned(out, d);
	buf_free(&field);
}

void
dsn_tail(struct buf *out, const struct dsn *d)
{
	put_delimiter(out, d, STR("--\r\n"));
}
