/* SPDX-License-Identifier: ISC */
#include "spool/schedule.h"

#define MINUTES(n) ((n)*INT64_C(60000))
#define HOURS(n) (60 * MINUTES(n))
#define DAYS(n) (24 * HOURS(n))

const struct schedule schedule_usual = {
    .longest = HOURS(4),
    .expiry = DAYS(5),
    .expiry_null = DAYS(1),
    .warning = HOURS(4),
};

/* After the first attempt, after the second, ... and after all others. */
static const int64_t waits[] = {
    MINUTES(5), MINUTES(15), MINUTES(30), HOURS(1), HOURS(2), HOURS(4)};
static const int64_t doubtful[] = {MINUTES(30), HOURS(2), HOURS(8), DAYS(1)};

enum {
	WAITS = sizeof(waits) / sizeof(waits[0]),
	DOUBTFUL = sizeof(doubtful) / sizeof(doubtful[0]),
	FEWEST = 2, /* attempts, whatever the clock says */
};

/* The n-th of a row, from 1. */
static int64_t
pick(const int64_t *row, unsigned size, unsigned n)
{
	return row[n == 0 ? 0 : n > size ? size - 1 : n - 1];
}

/* wait, give or take 20 %. */
static int64_t
jitter(int64_t wait, uint32_t random)
{
	return wait - wait / 5 +
	    (int64_t)((uint64_t)(wait / 5 * 2) * random >> 32);
}

static int64_t
end_of(const struct schedule *s, int64_t arrived, bool null_sender)
{
	return arrived + (null_sender ? s->expiry_null : s->expiry);
}

int64_t
schedule_next(const struct schedule *s, int64_t arrived, bool null_sender,
    unsigned attempts, int64_t now, uint32_t random)
{
	int64_t wait = pick(waits, WAITS, attempts);
	int64_t end = end_of(s, arrived, null_sender);
	int64_t next =
	    now + jitter(wait < s->longest ? wait : s->longest, random);

	return now < end && next > end ? end : next;
}

int64_t
schedule_doubt(unsigned doubts, int64_t now, uint32_t random)
{
	return now + jitter(pick(doubtful, DOUBTFUL, doubts), random);
}

/* When an attempt is due, of what is waiting or in doubt. */
static int64_t
time_of(const struct schedule *s, const struct fate *fate)
{
	bool doubt = fate->mark == MARK_DOUBT;
	int64_t wait = doubt ? pick(doubtful, DOUBTFUL, fate->doubts)
			     : pick(waits, WAITS, fate->attempts);
	/* No attempt sets a time beyond that. */
	int64_t limit = doubt ? DAYS(2) : 2 * s->longest;

	if (fate->attempts == 0 && !doubt)
		return fate->next;
	if (fate->next == 0)
		return fate->last + (wait < limit ? wait : limit);
	return fate->next - fate->last > limit ? fate->last + limit
					       : fate->next;
}

enum due
schedule_due(const struct schedule *s, const struct stored *stored,
    const struct fate *fate, int64_t now, int64_t *when)
{
	int64_t known = fate->last > 0 ? fate->last : stored->arrived;

	*when = now;
	if (mark_final(fate->mark))
		return DUE_NEVER;
	if (fate->mark == MARK_FAILED)
		return DUE_REPORT;
	if (fate->mark == MARK_SENDING)
		return DUE_SENDING;
	if (fate->mark == MARK_DOUBT && fate->doubts >= SCHEDULE_DOUBTS)
		return DUE_STOP;
	if (stored->held)
		return DUE_HELD;
	*when = time_of(s, fate);
	if (*when <= now || known > now + DAYS(1))
		return DUE_NOW;
	return DUE_LATER;
}

bool
schedule_expired(const struct schedule *s, int64_t arrived, bool null_sender,
    unsigned attempts, int64_t now)
{
	return attempts >= FEWEST && now >= end_of(s, arrived, null_sender);
}

bool
schedule_warns(const struct schedule *s, const struct stored *stored,
    const struct fate *fate, int64_t now)
{
	return s->warning > 0 && fate->mark == MARK_WAITING && !fate->warned &&
	    fate->attempts > 0 && now - stored->arrived >= s->warning;
}
