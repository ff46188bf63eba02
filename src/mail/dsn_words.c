/* SPDX-License-Identifier: ISC */
#include "mail/dsn_words.h"

#include "base/code.h"
#include "mail/date.h"
#include "mail/fold.h"
#include "os/idn.h"

enum {
	ADDRESS_MAX = 2000,
	REPLY_MAX = 1000, /* the fields for machines have it all */
};

#define NEXT STR("\r\n")
#define INDENT STR("\r\n    ")

/* What a status means, and what can be done: RFC 3463 in plain words. */
static const struct {
	unsigned char subject, detail;
	const char *advice;
} advices[] = {
    {1, 1,
	"There is no such mailbox on that server. Look for a typing error in "
	"the address, or ask the recipient in another way for the right one."},
    {1, 2,
	"There is no such mail domain: what stands behind the @ is wrong, or "
	"is no longer in use. Look for a typing error in the address."},
    {1, 3, "This is not a valid address. Look for a typing error in it."},
    {1, 6, "The mailbox has moved. Ask the recipient for the new address."},
    {1, 8,
	"The server does not accept your own address as that of a sender. Ask "
	"whoever runs the machine from which you sent it."},
    {1, 10,
	"This domain takes no mail at all. Look for a typing error in the "
	"address, or ask the recipient for another one."},
    {2, 1, "The mailbox is closed. Ask the recipient for another address."},
    {2, 2,
	"The mailbox is full. The recipient has to make room; send the "
	"message again after that."},
    {2, 3,
	"The message is too large for that mailbox. Send less, or in parts."},
    {3, 4, "The message is too large for that server. Send less, or in parts."},
    {4, 1, "The mail server of the recipient's domain cannot be reached."},
    {4, 3, "The name of the recipient's domain could not be looked up."},
    {4, 4,
	"No mail server is known for the recipient's domain. Look for a "
	"typing error in the address."},
    {4, 6,
	"The message goes in a circle between mail servers. Tell whoever runs "
	"the recipient's domain, or this machine."},
    {4, 7,
	"It was tried again and again until its time was over. If it is still "
	"of use, send it again later."},
    {7, 1,
	"The server does not take this message from you: it may have been "
	"taken for spam, or there may be a rule about who may write. The "
	"server's own words often say how to get help."},
};

static const struct {
	const char *opening; /* of the whole report */
	const char *what;    /* of one recipient, if nothing better is known */
	const char *next;    /* what comes now */
} actions[DSN_ACTIONS] = {
    [DSN_FAILED] =
	{"your message could not be delivered to everybody that it was sent "
	 "to. Below is who will not get it, and why. It will not be tried "
	 "again.",
	    "It could not be delivered.",
	    "If you do not know what to do, ask the recipient in another way, "
	    "or whoever runs the recipient's mail, and show this report."},
    [DSN_DELAYED] =
	{"your message could not be delivered yet to everybody that it was "
	 "sent to. You need not do anything: it is kept and tried again. You "
	 "will be told if it fails for good.",
	    "It could not be delivered yet.", ""},
    [DSN_DELIVERED] =
	{"as you asked, this reports that your message has been delivered.",
	    "It has been delivered into the mailbox.", ""},
    [DSN_RELAYED] =
	{"as you asked, this reports what has become of your message.",
	    "It has been passed on to the next mail server, and that one does "
	    "not report success. You will hear no more, unless it fails.",
	    ""},
    [DSN_EXPANDED] =
	{"as you asked, this reports what has become of your message.",
	    "The address stands for others, and the message has been passed "
	    "on to them. You will hear no more, unless it fails.",
	    ""},
};

enum dsn_action
dsn_worst(const struct dsn *d)
{
	enum dsn_action worst = DSN_EXPANDED;

	for (size_t i = 0; i < d->n; i++)
		if (d->rcpt[i].action < worst)
			worst = d->rcpt[i].action;
	return worst;
}

struct str
dsn_server(struct str relay)
{
	size_t bracket = str_find(relay, '[');

	if (bracket > 0)
		return str_slice(relay, 0, bracket);
	return str_slice(relay, 0, str_find(relay, ']') + 1);
}

void
dsn_address(struct buf *b, struct str path)
{
	const char *at = path.n ? memrchr(path.p, '@', path.n) : NULL;
	size_t local = at ? (size_t)(at - path.p) + 1 : path.n;
	struct str domain = str_slice(path, local, path.n);
	struct buf ascii;
	struct err e;

	buf_init(&ascii, 255);
	if (!str_is_ascii(domain) && idn_ascii(&ascii, domain, &e) == 0) {
		code_inert(b, str_slice(path, 0, local), ADDRESS_MAX);
		buf_add(b, buf_str(&ascii));
	} else {
		code_inert(b, path, ADDRESS_MAX);
	}
	buf_free(&ascii);
}

void
dsn_reply(struct buf *b, const struct status *s, size_t max)
{
	static const struct str said = {" said: ", 7};
	static const struct str reply = {" (in reply to ", 14};
	struct str text = s->text;
	const char *at = NULL;
	struct buf code;

	/* Ours are the first of these words, and the last of those. */
	if (str_starts(text, STR("host ")))
		at = memmem(text.p, text.n, said.p, said.n);
	if (at)
		text = str_slice(text, (size_t)(at - text.p) + said.n, text.n);
	for (size_t i = text.n;
	     text.n > 0 && text.p[text.n - 1] == ')' && i > 0;)
		if (str_starts(str_slice(text, --i, text.n), reply)) {
			text = str_slice(text, 0, i);
			break;
		}
	buf_init(&code, 10);
	buf_printf(&code, "%03u", s->code);
	if (!str_starts(text, buf_str(&code)))
		buf_printf(b, "%s ", code.p);
	buf_free(&code);
	code_inert(b, text, max);
}

static void
put_text(struct buf *out, const char *text)
{
	if (text[0] == '\0')
		return;
	buf_add(out, STR("    "));
	fold_words(out, str_c(text), INDENT);
	buf_add(out, NEXT);
}

static const char *
advice(const struct dsn_recipient *r)
{
	const unsigned short *enhanced = r->status.enhanced;

	if (r->doubt && r->action == DSN_FAILED)
		return "Once the connection was lost after the whole message "
		       "had been sent and before the server said that it had "
		       "it: it may have been delivered. Ask the recipient "
		       "before you send it again.";
	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (advices[i].subject == enhanced[1] &&
		    advices[i].detail == enhanced[2] && enhanced[0] > 2)
			return advices[i].advice;
	return actions[r->action].next;
}

/* Who said what, word by word. */
static void
put_said(struct buf *out, const struct dsn_recipient *r)
{
	struct str server = dsn_server(r->relay);
	struct buf line;

	if (r->status.code == 0 && r->status.text.n == 0)
		return;
	buf_init(&line, ADDRESS_MAX + REPLY_MAX);
	if (r->status.code == 0) {
		buf_add(&line, STR("The reason:"));
	} else {
		buf_add(&line, STR("The server "));
		code_inert(&line, server, 255);
		buf_add(&line, STR(" said:"));
	}
	put_text(out, line.p);
	buf_clear(&line);
	if (r->status.code > 0)
		dsn_reply(&line, &r->status, REPLY_MAX);
	else
		code_inert(&line, r->status.text, REPLY_MAX);
	buf_add(out, STR("        "));
	fold_words(out, buf_str(&line), STR("\r\n        "));
	buf_add(out, NEXT);
	buf_free(&line);
}

static void
put_recipient(struct buf *out, const struct dsn_recipient *r)
{
	struct buf line;

	buf_init(&line, ADDRESS_MAX);
	buf_add(&line, STR("<"));
	dsn_address(&line, r->path);
	buf_add(&line, STR(">"));
	buf_add(out, NEXT);
	buf_byte(out, ' ');
	fold_words(out, buf_str(&line), STR("\r\n "));
	buf_add(out, NEXT);
	put_text(out, actions[r->action].what);
	if (r->action == DSN_FAILED || r->action == DSN_DELAYED) {
		put_said(out, r);
		put_text(out, advice(r));
	}
	if (r->action == DSN_DELAYED && r->retry_until != 0) {
		buf_clear(&line);
		buf_add(&line, STR("It will be tried again until "));
		date_5322(&line, r->retry_until);
		buf_byte(&line, '.');
		put_text(out, line.p);
	}
	buf_free(&line);
}

void
dsn_words(struct buf *out, const struct dsn *d)
{
	struct buf line;

	buf_init(&line, 2 * ADDRESS_MAX);
	buf_add(&line, STR("This is the mail system of "));
	code_inert(&line, d->mta, 255);
	buf_printf(&line, ": %s", actions[dsn_worst(d)].opening);
	fold_words(out, buf_str(&line), NEXT);
	buf_add(out, NEXT);
	if (!str_eq(d->to, d->sender)) {
		buf_clear(&line);
		buf_add(&line, STR("It reaches you because its sender, <"));
		dsn_address(&line, d->sender);
		buf_add(&line, STR(">, cannot be told."));
		buf_add(out, NEXT);
		fold_words(out, buf_str(&line), STR("\r\n "));
		buf_add(out, NEXT);
	}
	for (size_t i = 0; i < d->n; i++)
		put_recipient(out, &d->rcpt[i]);
	if (d->returned != DSN_NOTHING) {
		buf_clear(&line);
		buf_printf(&line, "%s came on ",
		    d->returned == DSN_WHOLE
			? "Your message is attached to this report. It"
			: "The header of your message is attached to this "
			  "report. The message");
		date_5322(&line, d->arrival);
		buf_byte(&line, '.');
		buf_add(out, NEXT);
		fold_words(out, buf_str(&line), NEXT);
		buf_add(out, NEXT);
	}
	buf_free(&line);
}
