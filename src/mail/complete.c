/* SPDX-License-Identifier: ISC */
#include "mail/complete.h"

#include "base/key.h"
#include "mail/date.h"
#include "mail/phrase.h"
#include "mail/retouch.h"
#include "os/idn.h"

/* Fields that are not sent (B-21, B-22, B-24). */
static const struct key removed[] = {
    {"Bcc", 0},
    {"Resent-Bcc", 0},
    {"Return-Path", 0},
    {"Content-Length", 0},
};

/* Fields that are no better than none if they are empty (B-15). */
static const struct key identities[] = {
    {"Message-ID", 0},
    {"Resent-Message-ID", 0},
};

static bool
is_one_of(const struct key *keys, size_t n, const struct field *f)
{
	return key_find(keys, n, f->name) >= 0;
}

static bool
is_empty(const struct field *f)
{
	return str_trim(f->value).n == 0;
}

static bool
is_sent(const struct field *f, bool add)
{
	if (is_one_of(removed, sizeof(removed) / sizeof(removed[0]), f))
		return false;
	return !(add && is_one_of(identities, 2, f) && is_empty(f));
}

/* The submitter's mailbox; a null sender is the caller (B-14).  Rules for From
 * hold for whatever names him. */
static void
put_sender(struct buf *out, const struct complete *c)
{
	struct addr a = c->sender;
	const struct rewrite_rule *rule;
	struct str name = c->full_name;
	struct buf domain;
	struct err e;

	if (addr_is_null(&a))
		a = (struct addr){c->login, c->mailname, STR_NONE};
	if (a.domain.n == 0)
		a.domain = c->mailname;
	rule = rewrite_addr(c->from, &a);
	if (rule && rule->to.name.n > 0)
		name = rule->to.name;
	/* In a header that needs no SMTPUTF8 (B-40), if it has such a form. */
	buf_init(&domain, 1024);
	if (!str_is_ascii(a.domain) && idn_ascii(&domain, a.domain, &e) == 0)
		a.domain = buf_str(&domain);
	phrase_mailbox(out, name, &a);
	buf_free(&domain);
}

/* What is added for a resending differs by its end. */
static void
put_message_id(struct buf *out, const struct complete *c, bool resent)
{
	struct buf id;

	buf_init(&id, 4096);
	buf_printf(&id, "<%lld.", (long long)c->now);
	phrase_clean(&id, c->id);
	buf_byte(&id, '.');
	phrase_clean(&id, c->random);
	buf_add(&id, resent ? STR(".r@") : STR("@"));
	phrase_clean(&id, c->mailname);
	buf_byte(&id, '>');
	phrase_word(out, buf_str(&id));
	buf_free(&id);
}

/* Is there a field of that name, not an empty one if `filled`? */
static bool
has(const struct field *fields, size_t n, struct str prefix, struct str name,
    bool filled)
{
	for (size_t i = 0; i < n; i++) {
		struct str own = fields[i].name;

		if (str_istarts(own, prefix) &&
		    str_ieq(str_slice(own, prefix.n, own.n), name) &&
		    !(filled && is_empty(&fields[i])))
			return true;
	}
	return false;
}

static void
add_one(void *ctx, const struct addr *a, const struct addr_place *place)
{
	size_t *count = ctx;

	(void)a;
	(void)place;
	(*count)++;
}

/* Has one From several mailboxes?  RFC 5322, 3.6.2, wants a Sender then. */
static bool
has_authors(const struct field *fields, size_t n, struct str prefix)
{
	for (size_t i = 0; i < n; i++) {
		struct err ignored;
		size_t count = 0;

		if (has(&fields[i], 1, prefix, STR("From"), false) &&
		    addr_each(fields[i].value, add_one, &count, &ignored) ==
			0 &&
		    count > 1)
			return true;
	}
	return false;
}

static void
put_name(struct buf *out, struct str prefix, struct str name)
{
	buf_add(out, prefix);
	buf_add(out, name);
	buf_byte(out, ':');
}

/* What fields lack, each under prefix. */
static void
put_missing(struct buf *out, struct str prefix, const struct field *fields,
    size_t n, const struct complete *c)
{
	if (!has(fields, n, prefix, STR("Date"), false)) {
		put_name(out, prefix, STR("Date"));
		buf_byte(out, ' ');
		date_5322(out, c->now);
		buf_add(out, STR("\r\n"));
	}
	if (!has(fields, n, prefix, STR("From"), false)) {
		put_name(out, prefix, STR("From"));
		put_sender(out, c);
		buf_add(out, STR("\r\n"));
	} else if (!has(fields, n, prefix, STR("Sender"), false) &&
	    has_authors(fields, n, prefix)) {
		put_name(out, prefix, STR("Sender"));
		put_sender(out, c);
		buf_add(out, STR("\r\n"));
	}
	if (!has(fields, n, prefix, STR("Message-ID"), true)) {
		put_name(out, prefix, STR("Message-ID"));
		put_message_id(out, c, prefix.n > 0);
		buf_add(out, STR("\r\n"));
	}
}

static void
put_received(struct buf *out, const struct complete *c)
{
	struct buf who;

	buf_init(&who, 100);
	buf_printf(&who, "(hantar, from userid %lu)", c->uid);
	buf_add(out, STR("Received: by "));
	phrase_clean(out, c->hostname);
	phrase_word(out, buf_str(&who));
	buf_add(out, STR("\r\n\tid "));
	phrase_clean(out, c->id);
	buf_add(out, STR("; "));
	date_5322(out, c->now);
	buf_add(out, STR("\r\n"));
	buf_free(&who);
}

/* What is done to addresses in fields of theirs, Resent- in front or not. */
enum { QUALIFIED = 1, REWRITTEN = 2 };
static const struct key addressed[] = {
    {"From", QUALIFIED | REWRITTEN},
    {"Sender", QUALIFIED},
    {"Reply-To", QUALIFIED},
    {"To", QUALIFIED},
    {"Cc", QUALIFIED},
};

/*
 * A field that stays.  own: it is of this submission, and not of one before
 * that it sends once more.
 */
static void
put_field(struct buf *out, const struct field *f, bool resent, bool own,
    const struct complete *c)
{
	struct str name =
	    resent ? str_slice(f->name, strlen("Resent-"), f->name.n) : f->name;
	int k =
	    key_find(addressed, sizeof(addressed) / sizeof(addressed[0]), name);
	int done = k < 0 ? 0 : addressed[k].value;
	struct retouch r = {.mailname = STR("")};

	if (own && c->qualify && (done & QUALIFIED))
		r.mailname = c->mailname;
	if ((own || !resent) && (done & REWRITTEN))
		r.rewrite = c->from;
	if ((r.mailname.n > 0 || r.rewrite) && retouch_field(out, f, &r))
		return;
	if (!rewrite_is_for_all(r.rewrite)) {
		buf_add(out, f->raw);
		return;
	}
	/* Nobody could say whom it names. */
	put_name(out, f->name, STR(""));
	put_sender(out, c);
	buf_add(out, STR("\r\n"));
}

void
complete_header(struct buf *out, const struct field *fields, size_t n,
    const struct complete *c)
{
	size_t from = n;
	size_t to = n;
	bool again = head_resent(fields, n, &from, &to);

	put_received(out, c);
	for (size_t i = 0; i < n; i++) {
		bool resent = str_istarts(fields[i].name, STR("Resent-"));
		bool own = resent ? i >= from && i < to : !again;

		if (i == from && c->add)
			put_missing(
			    out, STR("Resent-"), fields + from, to - from, c);
		if (is_sent(&fields[i], c->add))
			put_field(out, &fields[i], resent, own, c);
	}
	if (c->add)
		put_missing(out, STR(""), fields, n, c);
}
