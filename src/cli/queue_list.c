/* SPDX-License-Identifier: ISC */
#include "cli/queue_list.h"

#include <time.h>

#include "base/code.h"
#include "cli/json.h"
#include "spool/schedule.h"

/* The columns are Postfix's, but for the first, which has longer names. */
#define HEAD                                             \
	"-Queue ID-      --Size-- ----Arrival Time---- " \
	"-Sender/Recipient-------\n"
enum {
	TEXT_MAX = 2000, /* of a reply, of a path */
	ADDRESS_AT = 46, /* the column */
	PIECE = 32768,
	/* A thousand recipients, each with texts of their full length. */
	LIST_MAX = 64 << 20,
};

static void
put_date(struct buf *b, int64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;
	char text[32];

	/* A year beyond int, or beyond four digits. */
	if (localtime_r(&t, &tm) == NULL ||
	    strftime(text, sizeof(text), "%a %b %e %H:%M:%S", &tm) == 0)
		text[0] = '\0';
	buf_printf(b, "%s", text);
}

/* What is going to happen. */
static void
put_outlook(struct buf *b, const struct queue_item *item,
    const struct fate *fate, int64_t now)
{
	int64_t when;
	enum due due =
	    schedule_due(&schedule_usual, &item->stored, fate, now, &when);
	static const char *const words[] = {
	    [DUE_NEVER] = "done",
	    [DUE_LATER] = "next attempt ",
	    [DUE_HELD] = "held",
	    [DUE_NOW] = "due now",
	    [DUE_REPORT] = "failed; its sender is to be told",
	    [DUE_SENDING] = "in doubt: may have been delivered",
	    [DUE_STOP] = "too often in doubt; its sender is to be told",
	};

	if (item->active && fate->mark == MARK_SENDING) {
		buf_add(b, STR("being sent"));
		return;
	}
	buf_add(b, str_c(words[due]));
	if (due == DUE_LATER)
		put_date(b, when);
}

/* Do both have the same line above them? */
static bool
alike(const struct fate *a, const struct fate *b)
{
	return a->mark == b->mark && a->next == b->next && a->last == b->last &&
	    a->attempts == b->attempts && a->doubts == b->doubts &&
	    a->status.code == b->status.code &&
	    str_eq(a->status.text, b->status.text) &&
	    str_eq(a->relay, b->relay);
}

static void
put_recipients(struct buf *b, const struct queue_item *item, int64_t now)
{
	const struct fate *before = NULL;

	for (size_t i = 0; i < item->env.n; i++) {
		const struct fate *fate = &item->stored.fate[i];

		if (mark_final(fate->mark))
			continue;
		if (before == NULL || !alike(before, fate)) {
			buf_add(b, STR("    ("));
			code_inert(b, fate->status.text, TEXT_MAX);
			if (fate->status.text.n > 0)
				buf_add(b, STR("; "));
			put_outlook(b, item, fate, now);
			buf_add(b, STR(")\n"));
		}
		before = fate;
		buf_printf(b, "%*s", ADDRESS_AT, "");
		code_inert(b, item->env.rcpt[i].path, TEXT_MAX);
		buf_byte(b, '\n');
	}
}

static void
put_text(struct buf *b, const struct queue_item *item, int64_t now)
{
	char mark = item->active ? '*' : item->stored.held ? '!' : ' ';
	char id[STORE_ID + 2];
	size_t n = strlen(item->id);

	memcpy(id, item->id, n);
	id[n] = mark;
	id[n + 1] = '\0';
	if (item->wrong) {
		buf_printf(b, "%-16s (cannot be read: ", item->id);
		code_inert(b, str_c(item->wrong), TEXT_MAX);
		buf_add(b, STR(")\n\n"));
		return;
	}
	buf_printf(b, "%-16s%8llu ", id, (unsigned long long)item->stored.size);
	put_date(b, item->stored.arrived);
	buf_add(b, STR("   "));
	if (item->env.from.n == 0)
		buf_add(b, STR("MAILER-DAEMON"));
	code_inert(b, item->env.from, TEXT_MAX);
	buf_byte(b, '\n');
	put_recipients(b, item, now);
	buf_byte(b, '\n');
}

static void
json_recipient(
    struct buf *b, const struct queue_item *item, size_t i, int64_t now)
{
	const struct fate *fate = &item->stored.fate[i];
	const struct status *s = &fate->status;
	int64_t when;
	enum due due =
	    schedule_due(&schedule_usual, &item->stored, fate, now, &when);

	buf_add(b, STR("{\"address\":"));
	json_string(b, item->env.rcpt[i].path);
	buf_printf(b, ",\"state\":\"%s\",\"attempts\":%u,\"last\":",
	    mark_word(fate->mark), fate->attempts);
	json_time(b, fate->last);
	buf_add(b, STR(",\"next\":"));
	json_time(b, due == DUE_LATER || due == DUE_NOW ? when : 0);
	buf_add(b, STR(",\"status\":"));
	if (s->outcome != OUTCOME_OPEN)
		buf_printf(b, "\"%u.%u.%u\"", s->enhanced[0], s->enhanced[1],
		    s->enhanced[2]);
	else
		buf_add(b, STR("null"));
	buf_add(b, STR(",\"reply\":"));
	json_text(b, s->text);
	buf_add(b, STR(",\"relay\":"));
	json_text(b, fate->relay);
	buf_byte(b, '}');
}

static const char *
truth(bool yes)
{
	return yes ? "true" : "false";
}

static void
put_json(struct buf *b, const struct queue_item *item, int64_t now)
{
	const char *comma = "";

	buf_printf(b, "{\"id\":\"%s\",", item->id);
	if (item->wrong) {
		buf_add(b, STR("\"wrong\":"));
		json_string(b, str_c(item->wrong));
		buf_add(b, STR("}\n"));
		return;
	}
	buf_printf(b, "\"size\":%llu,\"arrived\":",
	    (unsigned long long)item->stored.size);
	json_time(b, item->stored.arrived);
	buf_add(b, STR(",\"sender\":"));
	json_string(b, item->env.from);
	buf_printf(b, ",\"held\":%s,\"active\":%s,\"recipients\":[",
	    truth(item->stored.held), truth(item->active));
	for (size_t i = 0; i < item->env.n; i++) {
		if (mark_final(item->stored.fate[i].mark))
			continue;
		buf_add(b, str_c(comma));
		json_recipient(b, item, i, now);
		comma = ",";
	}
	buf_add(b, STR("]}\n"));
}

struct list {
	const struct queue_sink *sink;
	struct buf b;
	bool json;
	bool begun;
	bool ended; /* the sink wants no more */
	int64_t now;
};

static bool
flush(struct list *l, size_t above)
{
	if (l->b.n > above) {
		l->ended = !l->sink->put(l->sink->ctx, buf_str(&l->b));
		buf_clear(&l->b);
	}
	return !l->ended;
}

static bool
put_item(void *ctx, const struct queue_item *item)
{
	struct list *l = ctx;

	if (!l->begun && !l->json)
		buf_add(&l->b, STR(HEAD));
	l->begun = true;
	(l->json ? put_json : put_text)(&l->b, item, l->now);
	return flush(l, PIECE);
}

static void
put_count(struct buf *b, size_t n, const char *one, const char *many)
{
	if (n > 0)
		buf_printf(b, "-- %zu %s.\n", n, n == 1 ? one : many);
}

static void
put_end(struct list *l, const struct queue_sum *sum)
{
	uint64_t kbytes = sum->octets / 1024 + (sum->octets % 1024 > 0);

	if (!l->begun && sum->others > 0)
		buf_add(&l->b, STR("No mail of yours is in the queue\n"));
	else if (!l->begun)
		buf_add(&l->b, STR("Mail queue is empty\n"));
	else
		buf_printf(&l->b, "-- %llu Kbytes in %zu Request%s.\n",
		    (unsigned long long)kbytes, sum->entries,
		    sum->entries == 1 ? "" : "s");
	put_count(&l->b, sum->others, "entry of another user",
	    "entries of other users");
	put_count(&l->b, sum->broken, "broken entry", "broken entries");
	put_count(&l->b, sum->unread, "entry that cannot be read",
	    "entries that cannot be read");
}

int
queue_list(const struct store *store, const struct selector *selector, size_t n,
    bool json, int64_t now, const struct queue_sink *sink,
    struct queue_sum *sum, struct err *e)
{
	struct list l = {.sink = sink, .json = json, .now = now};
	int result;

	buf_init(&l.b, LIST_MAX);
	result = queue_scan(store, selector, n, put_item, &l, sum, e);
	if (result == 0 && !json && !l.ended)
		put_end(&l, sum);
	if (result == 0 && !l.ended)
		(void)flush(&l, 0);
	buf_free(&l.b);
	return result;
}
