/* SPDX-License-Identifier: ISC */
#include "delivery/notice.h"

#include "base/code.h"
#include "base/log.h"
#include "delivery/derived.h"
#include "delivery/returned.h"
#include "delivery/unique.h"
#include "mail/dsn.h"
#include "os/file.h"
#include "os/sys.h"
#include "spool/field.h"
#include "spool/load.h"
#include "spool/take.h"

enum {
	TEXT_MAX = 12 << 20,
	ROOM = 4 << 20, /* of that, for what n recipients may come to */
	RANGES_MAX = ENVFILE_ARGS - 32,
	PATH_LONGEST = 1 << 20,
	ID_MAX = 1000,
};

static const struct {
	enum dsn_action action;
	enum derived_kind derived;
} kinds[] = {
    [NOTICE_FAILED] = {DSN_FAILED, DERIVED_FAILED},
    [NOTICE_DELAYED] = {DSN_DELAYED, DERIVED_DELAYED},
    [NOTICE_DOUBLE] = {DSN_FAILED, DERIVED_UNDELIVERED},
    [NOTICE_SUCCEEDED] = {DSN_RELAYED, DERIVED_SUCCEEDED},
};

bool
notice_is_last(const struct stored *s)
{
	return derived_is(s, DERIVED_UNDELIVERED);
}

struct str
notice_sender(enum notice_kind kind, const struct envelope *env,
    const struct recipient *r)
{
	/* What its owner is told of a list is another matter. */
	return kind == NOTICE_SUCCEEDED && r->expanded ? env->from
						       : envelope_from(env, r);
}

static const struct fate *
fate_of(const struct stored *s, size_t i)
{
	static const struct fate nothing;

	return s->fate ? &s->fate[i] : &nothing;
}

/* What the run has just found out, or what the spool knows. */
static const struct status *
status_of(const struct job *job, const struct stored *s, size_t i)
{
	const struct recipient *r = &job->envelope->rcpt[i];

	return r->status.outcome == OUTCOME_OPEN ? &fate_of(s, i)->status
						 : &r->status;
}

size_t
notice_room(const struct notice *n)
{
	const struct envelope *env = n->job->envelope;
	size_t fit = 0;
	size_t room = 0;
	struct buf ranges;

	buf_init(&ranges, ENVFILE_RCPTS * 5);
	for (; fit < n->n; fit++) {
		const struct recipient *r = &env->rcpt[n->index[fit]];
		struct str text =
		    status_of(n->job, n->stored, n->index[fit])->text;

		buf_clear(&ranges);
		field_put_ranges(&ranges, n->index, fit + 1);
		/* Of what is not ASCII one octet becomes up to four, twice. */
		room += 2048 + 8 * (r->path.n + r->orcpt.n + text.n);
		if (fit > 0 && (ranges.n > RANGES_MAX || room > ROOM))
			break;
	}
	buf_free(&ranges);
	return fit;
}

enum notice_way
notice_address(struct notice *n, struct str to, struct pool *p, struct err *e)
{
	struct resolve_opts opts = *n->opts->resolve;
	struct recipient *r = pool_take(p, sizeof(*r));
	enum notice_way way = NOTICE_NO_WAY;
	struct buf path;
	size_t kept = 0;

	n->to = to;
	if (addr_one(p, to, &r->addr, e) < 0 || addr_is_null(&r->addr))
		return NOTICE_NO_WAY;
	buf_init(&path, PATH_LONGEST);
	unique_path(&path, &r->addr);
	r->path = pool_str(p, buf_str(&path));
	buf_free(&path);
	n->env = (struct envelope){.from = STR(""), .rcpt = r, .n = 1};
	if (opts.max > ENVFILE_RCPTS)
		opts.max = ENVFILE_RCPTS;
	resolve_recipients(&n->env, &opts, p);
	for (size_t i = 0; i < n->env.n; i++) {
		const struct status *s = &n->env.rcpt[i].status;

		if (s->outcome == OUTCOME_DEFERRED) {
			err_set(e, ERR_SYSTEM, "%.*s", STR_ARG(s->text));
			return NOTICE_NOT_NOW;
		}
		if (s->outcome == OUTCOME_DELIVERED)
			way = NOTICE_DISCARDED;
		if (s->outcome == OUTCOME_OPEN)
			n->env.rcpt[kept++] = n->env.rcpt[i];
	}
	n->env.n = kept;
	return kept > 0 ? NOTICE_WAY : way;
}

/* An alias that has led to several, of which this is one. */
static struct dsn_recipient
about_alias(const struct recipient *r)
{
	return (struct dsn_recipient){
	    .path = r->orig.n > 0 ? r->orig : r->path,
	    .orcpt = r->orcpt,
	    .action = DSN_EXPANDED,
	    .status = status_own(BLAME_NONE, "2.0.0", STR_NONE),
	};
}

static struct dsn_recipient
about(const struct notice *n, size_t i)
{
	const struct recipient *r = &n->job->envelope->rcpt[i];
	const struct fate *fate = fate_of(n->stored, i);
	bool now = r->status.outcome != OUTCOME_OPEN;
	int64_t last = now ? n->opts->now : fate->last;

	if (n->kind == NOTICE_SUCCEEDED && r->expanded)
		return about_alias(r);
	return (struct dsn_recipient){
	    .path = r->path,
	    .orcpt = r->orcpt,
	    .action = kinds[n->kind].action,
	    .status = *status_of(n->job, n->stored, i),
	    .relay = now ? r->relay : fate->relay,
	    .last_attempt = (time_t)(last / 1000),
	    .retry_until =
		(time_t)((n->stored->arrived + n->opts->schedule->expiry) /
		    1000),
	    .doubt = fate->doubts > 0 || r->status.blame == BLAME_DOUBT,
	};
}

/* 128 bits as letters and digits. */
static int
take_random(struct buf *b, struct err *e)
{
	uint64_t bits[2];

	if (sys_random(bits, sizeof(bits)) < 0)
		return err_sys(e, "random bytes");
	code_base36(b, bits[0], 13);
	code_base36(b, bits[1], 13);
	return 0;
}

static int
add(const struct entry *entry, struct buf *b, struct stored *s, struct err *e)
{
	int result = b->over
	    ? err_set(e, ERR_LIMIT, "the report would be too large")
	    : file_write(entry->msg, buf_str(b), e);

	s->size += b->n;
	buf_clear(b);
	return result;
}

static int
write_text(const struct notice *n, const struct entry *entry,
    const struct dsn *d, struct stored *s, struct err *e)
{
	struct buf b;
	int result;

	buf_init(&b, TEXT_MAX);
	dsn_head(&b, d);
	result = add(entry, &b, s, e);
	if (result == 0)
		result = returned_copy(
		    entry->msg, n->job->content, d->returned, &s->size, e);
	if (result == 0) {
		dsn_tail(&b, d);
		result = add(entry, &b, s, e);
	}
	buf_free(&b);
	return result;
}

/* Writes the message of the entry, and says in *s what it is. */
static int
write_message(const struct notice *n, const struct entry *entry,
    struct stored *s, struct pool *p, struct err *e)
{
	const struct envelope *env = n->job->envelope;
	const struct content *content = n->job->content;
	struct dsn_recipient *rcpt = pool_array(p, n->n, sizeof(*rcpt));
	struct dsn d = {
	    .mta = n->opts->hostname,
	    .mailname = n->opts->mailname,
	    .id = str_c(entry->id),
	    .now = (time_t)(n->opts->now / 1000),
	    .to = n->to,
	    .sender = notice_sender(n->kind, env, &env->rcpt[n->index[0]]),
	    .message_id = n->stored->message_id,
	    .envid = env->envid,
	    .arrival = (time_t)(n->stored->arrived / 1000),
	    .returned = dsn_returns(kinds[n->kind].action, env->ret == RET_HDRS,
		content->size, n->opts->size_limit),
	    .eightbit = content->eightbit,
	    .rcpt = rcpt,
	    .n = n->n,
	};
	struct buf random;
	struct buf id;
	int result;

	for (size_t i = 0; i < n->n; i++)
		rcpt[i] = about(n, n->index[i]);
	s->eightbit = d.eightbit;
	buf_init(&random, 26);
	result = take_random(&random, e);
	d.random = buf_str(&random);
	if (result == 0)
		result = write_text(n, entry, &d, s, e);
	buf_init(&id, ID_MAX);
	dsn_message_id(&id, &d);
	s->message_id = pool_str(p, buf_str(&id));
	buf_free(&id);
	buf_free(&random);
	return result;
}

/* Its envelope, in *text. */
static int
write_envelope(
    const struct notice *n, struct stored *s, struct buf *text, struct err *e)
{
	struct buf args;
	int result;

	buf_init(&args, ENVFILE_ARGS);
	derived_put(&args, kinds[n->kind].derived, n->index, n->n);
	s->args = buf_str(&args);
	result = envfile_write(text, &n->env, s, e);
	buf_free(&args);
	s->args = STR_NONE;
	return result;
}

/* Makes the entry whole; nothing is left of it where that fails. */
static int
commit(
    const struct notice *n, struct entry *entry, struct pool *p, struct err *e)
{
	struct stored s = {.arrived = n->opts->now, .uid = n->stored->uid};
	bool staged, done;
	struct buf text;
	struct err why;
	int kept = 0;

	buf_init(&text, ENVFILE_HEAD);
	staged = write_message(n, entry, &s, p, e) == 0 &&
	    write_envelope(n, &s, &text, e) == 0 &&
	    entry_stage(entry, s.marks, n->env.n, e) == 0;
	done = staged && entry_commit(entry, buf_str(&text), e) == 0;
	if (staged)
		kept = entry_settle(entry, done, &why);
	buf_free(&text);
	if (kept > 0)
		log_event(LOG_LEVEL_INFO, "cleanup", "%s: message-id=%.*s",
		    entry->id, STR_ARG(s.message_id));
	/* What is not certain is left to the next run: it is there, or not. */
	if (kept == 0)
		entry_discard(entry);
	else
		entry_close(entry);
	return kept > 0 ? 0 : -1;
}

/* Whom is the report about that is there already? */
static int
read_told(const struct notice *n, const char *id, bool *told, struct pool *p,
    struct err *e)
{
	struct envelope env;
	struct stored s;
	struct entry entry;

	if (entry_take(n->store, id, &entry, e) != TAKE_OK ||
	    entry_load(&entry, p, &env, &s, e) != LOAD_OK) {
		entry_close(&entry);
		return err_set(
		    e, ERR_SYSTEM, "the report %s cannot be looked at now", id);
	}
	entry_close(&entry);
	for (size_t i = 0; i < n->n; i++)
		told[i] = derived_about(&s, n->index[i], n->job->envelope->n);
	return told[0] ? 0 : err_set(e, ERR_LIMIT, "%s is another report", id);
}

int
notice_commit(struct notice *n, bool *told, struct pool *p, struct err *e)
{
	struct entry entry;

	for (size_t i = 0; i < n->n; i++)
		told[i] = false;
	switch (derived_make(n->store, n->job->entry->id,
	    kinds[n->kind].derived, n->index[0], &entry, e)) {
	case DERIVE_NEW:
		memcpy(n->id, entry.id, sizeof(n->id));
		for (size_t i = 0; i < n->n; i++)
			told[i] = true;
		return commit(n, &entry, p, e);
	case DERIVE_THERE:
		memcpy(n->id, entry.id, sizeof(n->id));
		return read_told(n, n->id, told, p, e);
	case DERIVE_BUSY:
		return err_set(
		    e, ERR_SYSTEM, "somebody works on the report %s", entry.id);
	case DERIVE_ERROR:
		break;
	}
	return -1;
}
