/* SPDX-License-Identifier: ISC */
/*
 * Reading an envelope's text.  Up to `end` it must be what envfile_write
 * writes; what is appended may be torn, or worse, and is passed over then.
 */
#include "spool/envfile.h"
#include "spool/envwords.h"
#include "spool/event.h"
#include "spool/field.h"

struct reader {
	struct str all;
	struct str rest; /* from the line that is read next */
	struct pool *pool;
	struct envelope *env;
	struct stored *stored;
	uint64_t n; /* recipients, by the first line */
};

/* Takes the next whole line. */
static bool
line(struct reader *r, struct str *out)
{
	size_t end = str_find(r->rest, '\n');

	if (end == r->rest.n)
		return false;
	*out = str_slice(r->rest, 0, end);
	r->rest = str_slice(r->rest, end + 1, r->rest.n);
	return true;
}

/* The part of a line behind a word that begins it. */
static bool
behind(struct str text, struct str word, struct str *out)
{
	if (!str_starts(text, word))
		return false;
	*out = str_slice(text, word.n, text.n);
	return true;
}

/* Exactly digits of them. */
static bool
fixed(struct str *rest, size_t digits, uint64_t *value)
{
	struct str word;

	return field_word(rest, &word) && word.n == digits &&
	    str_number(word, UINT32_MAX, value);
}

static enum envfile
read_first(struct reader *r)
{
	struct str text, version;
	uint64_t marks, number;

	if (!line(r, &text) || !behind(text, STR(ENV_TITLE), &text) ||
	    !field_word(&text, &version) ||
	    !field_number(version, UINT32_MAX, &number) || number == 0)
		return ENVFILE_BROKEN;
	if (number != 1)
		return ENVFILE_VERSION;
	if (!fixed(&text, 8, &marks) || !fixed(&text, 4, &r->n) ||
	    text.p != NULL || r->n == 0 || r->n > ENVFILE_RCPTS)
		return ENVFILE_BROKEN;
	r->stored->marks = (int64_t)marks;
	return ENVFILE_OK;
}

/* "<path>", of an address in its one form; null: "<>" is good, too. */
static bool
path(struct reader *r, struct str word, bool null, struct str *out,
    struct addr *addr)
{
	struct buf b;
	struct err e;
	bool good;

	if (word.n < 2 || word.p[0] != '<' || word.p[word.n - 1] != '>' ||
	    !field_text(str_slice(word, 1, word.n - 1), false, r->pool, out))
		return false;
	if (out->n == 0)
		return null;
	if (addr_one(r->pool, *out, addr, &e) < 0)
		return false;
	buf_init(&b, ENVFILE_HEAD);
	addr_print(&b, addr);
	good = str_eq(buf_str(&b), *out);
	buf_free(&b);
	return good;
}

static bool
read_arrived(struct reader *r, struct str value)
{
	return field_time(value, &r->stored->arrived);
}

static bool
read_uid(struct reader *r, struct str value)
{
	uint64_t uid;

	if (!field_number(value, UINT32_MAX, &uid))
		return false;
	r->stored->uid = (unsigned long)uid;
	return true;
}

static bool
read_size(struct reader *r, struct str value)
{
	return field_number(value, INT64_MAX, &r->stored->size);
}

static bool
read_body(struct reader *r, struct str value)
{
	r->stored->eightbit = str_eq(value, STR("8bit"));
	return r->stored->eightbit || str_eq(value, STR("7bit"));
}

static bool
read_from(struct reader *r, struct str value)
{
	return path(r, value, true, &r->env->from, &r->env->sender);
}

static bool
read_message_id(struct reader *r, struct str value)
{
	return value.n > 0 &&
	    field_text(value, true, r->pool, &r->stored->message_id);
}

static bool
read_envid(struct reader *r, struct str value)
{
	return value.n > 0 && field_text(value, true, r->pool, &r->env->envid);
}

static bool
read_ret(struct reader *r, struct str value)
{
	r->env->ret = str_eq(value, STR("full")) ? RET_FULL
	    : str_eq(value, STR("hdrs"))	 ? RET_HDRS
						 : RET_UNSAID;
	return r->env->ret != RET_UNSAID;
}

static bool
read_args(struct reader *r, struct str value)
{
	return value.n > 0 &&
	    field_text(value, true, r->pool, &r->stored->args) &&
	    r->stored->args.n <= ENVFILE_ARGS;
}

/* "success,delay", each once and in the order of the table. */
static bool
read_notify(struct str words, unsigned *notify)
{
	size_t i = 0;
	struct str word;

	while (str_split(&words, ',', &word)) {
		while (i < ENV_NOTIFIES &&
		    !str_eq(word, str_c(env_notify[i].word)))
			i++;
		if (i == ENV_NOTIFIES)
			return false;
		*notify |= env_notify[i++].bit;
	}
	return *notify != 0;
}

static bool
to_notify(struct reader *r, struct str value, struct recipient *rcpt)
{
	(void)r;
	return read_notify(value, &rcpt->notify);
}

static bool
to_orcpt(struct reader *r, struct str value, struct recipient *rcpt)
{
	return value.n > 0 && field_text(value, false, r->pool, &rcpt->orcpt);
}

static bool
to_orig(struct reader *r, struct str value, struct recipient *rcpt)
{
	struct addr addr;

	return path(r, value, false, &rcpt->orig, &addr);
}

static bool
to_from(struct reader *r, struct str value, struct recipient *rcpt)
{
	struct addr addr;

	return path(r, value, true, &rcpt->from, &addr);
}

/* In the order of the words; all are optional. */
static const struct {
	struct str key;
	bool (*read)(struct reader *, struct str value, struct recipient *);
} words[] = {
    {{"notify=", 7}, to_notify},
    {{"orcpt=", 6}, to_orcpt},
    {{"orig=", 5}, to_orig},
    {{"from=", 5}, to_from},
};
enum { WORDS = sizeof(words) / sizeof(words[0]) };

static bool
read_to(struct reader *r, struct str value)
{
	struct recipient *rcpt = &r->env->rcpt[r->env->n++];
	struct str word, text;
	size_t i = 0;

	if (!field_word(&value, &word) ||
	    !path(r, word, false, &rcpt->path, &rcpt->addr))
		return false;
	while (value.p != NULL) {
		if (!field_word(&value, &word))
			return false;
		while (i < WORDS && !behind(word, words[i].key, &text))
			i++;
		if (i == WORDS || !words[i++].read(r, text, rcpt))
			return false;
	}
	return true;
}

/* In the order of the lines; all are there once but the optional. */
static const struct {
	struct str key;
	bool (*read)(struct reader *, struct str value);
	bool optional;
} keys[] = {
    {{"arrived ", 8}, read_arrived, false},
    {{"uid ", 4}, read_uid, false},
    {{"size ", 5}, read_size, false},
    {{"body ", 5}, read_body, false},
    {{"from ", 5}, read_from, false},
    {{"message-id ", 11}, read_message_id, true},
    {{"envid ", 6}, read_envid, true},
    {{"ret ", 4}, read_ret, true},
    {{"args ", 5}, read_args, true},
};
enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

static bool
read_keys(struct reader *r)
{
	for (size_t i = 0; i < KEYS; i++) {
		struct str before = r->rest;
		struct str text, value;

		if (!line(r, &text))
			return false;
		if (behind(text, keys[i].key, &value)) {
			if (!keys[i].read(r, value))
				return false;
		} else if (keys[i].optional) {
			r->rest = before;
		} else {
			return false;
		}
	}
	return true;
}

static bool
read_recipients(struct reader *r)
{
	struct str text, value;

	r->env->rcpt = pool_array(r->pool, r->n, sizeof(*r->env->rcpt));
	r->stored->fate = pool_array(r->pool, r->n, sizeof(*r->stored->fate));
	while (r->env->n < r->n)
		if (!line(r, &text) || !behind(text, STR("to "), &value) ||
		    !read_to(r, value))
			return false;
	return true;
}

/* The line of a block: a byte for each recipient. */
static bool
block(struct reader *r, const char *key, struct str *bytes)
{
	struct str text;

	return line(r, &text) && behind(text, str_c(key), bytes) &&
	    bytes->n == r->n;
}

static bool
read_blocks(struct reader *r)
{
	struct stored *s = r->stored;
	struct str marks, doubt, end;

	if (!block(r, ENV_MARKS, &marks) || !block(r, ENV_DOUBT, &doubt) ||
	    !line(r, &end) || !str_eq(end, STR("end")) ||
	    marks.p - r->all.p != s->marks)
		return false;
	for (size_t i = 0; i < r->n; i++) {
		if (!mark_known(marks.p[i]) || doubt.p[i] < '0' ||
		    doubt.p[i] > '9')
			return false;
		s->fate[i].mark = (enum mark)marks.p[i];
		s->fate[i].doubts = (unsigned)(doubt.p[i] - '0');
	}
	return true;
}

/* What an event says of one recipient. */
static void
apply_to(struct fate *fate, const struct event *event)
{
	switch (event->kind) {
	case EVENT_ATTEMPT:
	case EVENT_DOUBT:
		fate->attempts++;
		fate->last = event->when;
		fate->next = event->next;
		fate->status = event->status;
		fate->relay = event->relay;
		break;
	case EVENT_WARNED:
		fate->warned = true;
		break;
	case EVENT_DUE:
		fate->next = event->when;
		break;
	case EVENT_REPORTED:
	case EVENT_HELD:
	case EVENT_RELEASED:
		break;
	}
}

static void
apply(struct reader *r, const struct event *event)
{
	struct stored *s = r->stored;
	struct str who = event->who;
	size_t from = 0;
	size_t to = r->n - 1;

	s->spoke = event->when;
	if (event->kind == EVENT_HELD || event->kind == EVENT_RELEASED)
		s->held = event->kind == EVENT_HELD;
	/* An event without recipients is about them all. */
	if (who.n > 0 && !field_range(&who, &from, &to))
		return;
	do
		for (size_t i = from; i <= to; i++)
			apply_to(&s->fate[i], event);
	while (who.n > 0 && field_range(&who, &from, &to));
}

/* Texts are views of the file still; many recipients may share one. */
static void
keep_texts(struct reader *r)
{
	struct str from = STR_NONE;
	struct str kept = STR_NONE;

	for (size_t i = 0; i < r->n; i++) {
		struct fate *fate = &r->stored->fate[i];
		struct str relay = fate->relay;

		if (from.p != fate->status.text.p) {
			from = fate->status.text;
			if (!field_text(from, true, r->pool, &kept))
				kept = STR_NONE;
		}
		fate->status.text = from.p ? kept : STR_NONE;
		if (!field_text(relay, false, r->pool, &fate->relay))
			fate->relay = STR_NONE;
	}
}

static void
read_events(struct reader *r)
{
	struct stored *s = r->stored;
	struct event event;
	struct str text;

	while (line(r, &text))
		if (event_read(text, r->n, &event))
			apply(r, &event);
		else
			s->strange++;
	s->whole = r->all.n - r->rest.n;
	keep_texts(r);
}

enum envfile
envfile_read(struct str text, struct pool *p, struct envelope *env,
    struct stored *s, struct err *e)
{
	struct reader r = {
	    .all = text, .rest = text, .pool = p, .env = env, .stored = s};
	struct str id = env->id;
	enum envfile found;

	*env = (struct envelope){.id = id};
	*s = (struct stored){0};
	found = text.n > ENVFILE_MAX ? ENVFILE_BROKEN : read_first(&r);
	if (found == ENVFILE_OK &&
	    !(read_keys(&r) && read_recipients(&r) && read_blocks(&r)))
		found = ENVFILE_BROKEN;
	if (found == ENVFILE_BROKEN)
		err_set(e, ERR_SYNTAX, "no envelope, before octet %zu",
		    r.all.n - r.rest.n);
	if (found == ENVFILE_OK)
		read_events(&r);
	return found;
}
