/* SPDX-License-Identifier: ISC */
#include "cli/queue_status.h"

#include "spool/schedule.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)

/* The states of health, as exit status and words. */
static const char *const words[] = {
    [HEALTH_FINE] = "ok",
    [HEALTH_WARNING] = "warning",
    [HEALTH_TROUBLE] = "trouble",
};

struct count {
	struct queue_status *status;
	int64_t now;
};

/* The earliest of two instants, of which 0 is none. */
static int64_t
earlier(int64_t a, int64_t b)
{
	return a == 0 || (b > 0 && b < a) ? b : a;
}

static bool
count_item(void *ctx, const struct queue_item *item)
{
	const struct count *c = ctx;
	struct queue_status *s = c->status;
	const struct stored *stored = &item->stored;
	int64_t next = 0;
	bool due = false;

	if (item->wrong)
		return true;
	for (size_t i = 0; i < item->env.n; i++) {
		int64_t when;
		enum due d = schedule_due(
		    &schedule_usual, stored, &stored->fate[i], c->now, &when);

		s->recipients += d != DUE_NEVER;
		if (d == DUE_LATER)
			next = earlier(next, when);
		else
			due |= d != DUE_NEVER && d != DUE_HELD;
	}
	if (item->active)
		s->active++;
	else if (due)
		s->due++;
	else if (stored->held)
		s->held++;
	else
		s->waiting++;
	if (!stored->held)
		s->oldest = earlier(s->oldest, stored->arrived);
	s->next = earlier(s->next, next);
	return true;
}

int
queue_status(const struct store *store, int64_t now, struct queue_status *s,
    struct err *e)
{
	struct count c = {s, now};

	*s = (struct queue_status){0};
	if (queue_scan(store, NULL, 0, count_item, &c, &s->sum, e) < 0)
		return -1;
	s->run = store_stamped(store, e);
	return s->run < 0 ? -1 : 0;
}

/* Something waits, and there was no run within an hour since it came. */
static bool
nobody_runs(const struct queue_status *s, int64_t now)
{
	int64_t since = s->run > s->oldest ? s->run : s->oldest;

	return s->due + s->waiting > 0 && s->oldest > 0 && now - since > HOUR;
}

static bool
is_old(const struct queue_status *s, int64_t now)
{
	return s->oldest > 0 && now - s->oldest > DAY;
}

enum health
queue_health(const struct queue_status *s, int64_t now)
{
	if (s->sum.broken + s->sum.unread > 0)
		return HEALTH_TROUBLE;
	return nobody_runs(s, now) || is_old(s, now) ? HEALTH_WARNING
						     : HEALTH_FINE;
}

static const char *
reason(const struct queue_status *s, int64_t now)
{
	if (s->sum.broken > 0)
		return "there are broken entries";
	if (s->sum.unread > 0)
		return "there are entries that cannot be read";
	if (nobody_runs(s, now))
		return "nothing has run the queue for more than an hour";
	if (is_old(s, now))
		return "a message has waited for more than a day";
	if (s->sum.entries > 0)
		return "all is on its way";
	return s->sum.others > 0 ? "no mail of yours is in the queue"
				 : "mail queue is empty";
}

/* What both forms tell, in this order. */
struct figure {
	const char *word;
	int64_t value; /* -1: there is none */
};
enum { FIGURES = 13 };

static void
figures(struct figure f[FIGURES], const struct queue_status *s, int64_t now)
{
	const struct figure all[FIGURES] = {
	    {"entries", (int64_t)s->sum.entries},
	    {"recipients", (int64_t)s->recipients},
	    {"octets", (int64_t)s->sum.octets},
	    {"active", (int64_t)s->active},
	    {"due", (int64_t)s->due},
	    {"waiting", (int64_t)s->waiting},
	    {"held", (int64_t)s->held},
	    {"incoming", (int64_t)s->sum.incoming},
	    {"others", (int64_t)s->sum.others},
	    {"broken", (int64_t)(s->sum.broken + s->sum.unread)},
	    {"oldest", s->oldest ? (now - s->oldest) / 1000 : -1},
	    {"next", s->next ? (s->next - now) / 1000 : -1},
	    {"run", s->run ? (now - s->run) / 1000 : -1},
	};

	memcpy(f, all, sizeof(all));
}

void
queue_status_text(struct buf *b, const struct queue_status *s, int64_t now)
{
	struct figure f[FIGURES];

	figures(f, s, now);
	buf_printf(b, "%s: %s\n", words[queue_health(s, now)], reason(s, now));
	for (size_t i = 0; i < FIGURES; i++)
		if (f[i].value >= 0)
			buf_printf(
			    b, "%s %lld\n", f[i].word, (long long)f[i].value);
		else
			buf_printf(b, "%s -\n", f[i].word);
}

void
queue_status_json(struct buf *b, const struct queue_status *s, int64_t now)
{
	struct figure f[FIGURES];

	figures(f, s, now);
	buf_printf(b, "{\"health\":\"%s\",\"reason\":\"%s\"",
	    words[queue_health(s, now)], reason(s, now));
	for (size_t i = 0; i < FIGURES; i++)
		if (f[i].value >= 0)
			buf_printf(b, ",\"%s\":%lld", f[i].word,
			    (long long)f[i].value);
		else
			buf_printf(b, ",\"%s\":null", f[i].word);
	buf_add(b, STR("}\n"));
}
