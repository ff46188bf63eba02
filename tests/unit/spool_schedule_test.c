/* SPDX-License-Identifier: ISC */
#include "spool/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

enum { MINUTE = 60000, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

static const struct schedule *const usual = &schedule_usual;
static const int64_t T = 1732477000000;

static enum due
due(const struct fate *fate, int64_t now, int64_t *when)
{
	const struct stored stored = {.arrived = T};

	return schedule_due(usual, &stored, fate, now, when);
}

/* G-09: 5, 15, 30 min, then growing to 4 h, give or take 20 %. */
static void
distances_grow(void **state)
{
	static const int64_t waits[] = {5 * MINUTE, 15 * MINUTE, 30 * MINUTE,
	    HOUR, 2 * HOUR, 4 * HOUR, 4 * HOUR, 4 * HOUR};

	(void)state;
	for (unsigned n = 1; n <= 8; n++) {
		int64_t w = waits[n - 1];
		int64_t low = schedule_next(usual, T, false, n, T, 0);
		int64_t mid = schedule_next(usual, T, false, n, T, 1U << 31);
		int64_t high = schedule_next(usual, T, false, n, T, UINT32_MAX);

		assert_true(low == T + w * 4 / 5);
		assert_true(mid == T + w);
		assert_true(high > T + w * 119 / 100 && high <= T + w * 6 / 5);
	}
	assert_true(schedule_next(usual, T, false, UINT32_MAX, T, 1U << 31) ==
	    T + 4 * HOUR);
}

/* 20: doubt is due later. */
static void
doubt_waits_longer(void **state)
{
	static const int64_t waits[] = {
	    30 * MINUTE, 2 * HOUR, 8 * HOUR, DAY, DAY, DAY};

	(void)state;
	for (unsigned n = 1; n <= 6; n++)
		assert_true(schedule_doubt(n, T, 1U << 31) == T + waits[n - 1]);
}

/* G-10: the last attempt is when the time is up, and then it has failed. */
static void
time_is_up(void **state)
{
	int64_t end = T + 5 * (int64_t)DAY;

	(void)state;
	assert_true(schedule_next(usual, T, false, 20, end - MINUTE, 7) == end);
	assert_false(schedule_expired(usual, T, false, 20, end - 1));
	assert_true(schedule_expired(usual, T, false, 20, end));
	assert_false(schedule_expired(usual, T, true, 20, T + DAY - 1));
	assert_true(schedule_expired(usual, T, true, 20, T + DAY));
	assert_true(
	    schedule_next(usual, T, true, 20, T + DAY - 1, 7) == T + DAY);
	/* Beyond it, if the clock jumped, another is in its usual time. */
	assert_true(schedule_next(usual, T, false, 1, end + 1, 1U << 31) ==
	    end + 1 + 5 * MINUTE);
}

/* G-11, G-19: the host was off for weeks, or the clock jumped. */
static void
two_attempts_at_least(void **state)
{
	int64_t late = T + 100 * (int64_t)DAY;
	struct fate fate = {.mark = MARK_WAITING};
	int64_t when;

	(void)state;
	assert_int_equal(due(&fate, late, &when), DUE_NOW);
	assert_false(schedule_expired(usual, T, false, 0, late));
	assert_false(schedule_expired(usual, T, false, 1, late));
	assert_true(schedule_expired(usual, T, false, 2, late));
}

/* G-19 */
static void
the_clock_goes_back(void **state)
{
	struct fate fate = {.mark = MARK_WAITING,
	    .attempts = 3,
	    .last = T,
	    .next = T + 30 * MINUTE};
	int64_t when;

	(void)state;
	assert_int_equal(due(&fate, T - DAY, &when), DUE_LATER);
	assert_true(when == fate.next);
	assert_int_equal(due(&fate, T - DAY - 1, &when), DUE_NOW);
	/* Nothing is put off for ever by a number. */
	fate.next = T + 1000 * (int64_t)DAY;
	assert_int_equal(due(&fate, T, &when), DUE_LATER);
	assert_true(when == T + 8 * HOUR);
	assert_int_equal(due(&fate, T + 8 * HOUR, &when), DUE_NOW);
}

static void
what_is_to_be_done(void **state)
{
	static const struct {
		struct fate fate;
		enum due want;
		int64_t when;
	} rows[] = {
	    {{.mark = MARK_DELIVERED}, DUE_NEVER, 0},
	    {{.mark = MARK_REPORTED}, DUE_NEVER, 0},
	    {{.mark = MARK_WITHDRAWN}, DUE_NEVER, 0},
	    {{.mark = MARK_FAILED}, DUE_REPORT, 0},
	    {{.mark = MARK_SENDING}, DUE_SENDING, 0},
	    {{.mark = MARK_WAITING}, DUE_NOW, 0},
	    {{.mark = MARK_WAITING, .attempts = 1, .last = 1, .next = MINUTE},
		DUE_LATER, MINUTE},
	    {{.mark = MARK_WAITING, .attempts = 1, .last = -HOUR, .next = 0},
		DUE_NOW, 0},
	    /* No event line: by the time of the last change. */
	    {{.mark = MARK_WAITING, .attempts = 1, .last = 1}, DUE_LATER,
		5 * MINUTE + 1},
	    {{.mark = MARK_DOUBT, .doubts = 1, .attempts = 1, .last = 1},
		DUE_LATER, 30 * MINUTE + 1},
	    {{.mark = MARK_DOUBT, .doubts = 4, .attempts = 4, .last = 1},
		DUE_LATER, DAY + 1},
	    {{.mark = MARK_DOUBT, .doubts = 5, .attempts = 5, .last = 1},
		DUE_STOP, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fate fate = rows[i].fate;
		enum due got;
		int64_t when;

		fate.last += fate.last ? T : 0;
		fate.next += fate.next ? T : 0;
		got = due(&fate, T, &when);
		if (got != rows[i].want)
			fail_msg("row %zu: %d", i, (int)got);
		if (got == DUE_LATER)
			assert_true(when == T + rows[i].when);
	}
}

static void
held_is_held(void **state)
{
	const struct stored stored = {.arrived = T, .held = true};
	struct fate fate = {.mark = MARK_WAITING};
	int64_t when;

	(void)state;
	assert_int_equal(
	    schedule_due(usual, &stored, &fate, T + 9 * (int64_t)DAY, &when),
	    DUE_HELD);
	fate.mark = MARK_FAILED;
	assert_int_equal(
	    schedule_due(usual, &stored, &fate, T, &when), DUE_REPORT);
}

static void
a_delay_is_told_once(void **state)
{
	struct stored stored = {.arrived = T};
	struct fate fate = {.mark = MARK_WAITING, .attempts = 1};
	struct schedule never = schedule_usual;

	(void)state;
	assert_false(schedule_warns(usual, &stored, &fate, T + 4 * HOUR - 1));
	assert_true(schedule_warns(usual, &stored, &fate, T + 4 * HOUR));
	never.warning = 0;
	assert_false(schedule_warns(&never, &stored, &fate, T + 4 * HOUR));
	fate.warned = true;
	assert_false(schedule_warns(usual, &stored, &fate, T + 4 * HOUR));
	fate = (struct fate){.mark = MARK_WAITING};
	assert_false(schedule_warns(usual, &stored, &fate, T + 4 * HOUR));
	fate = (struct fate){.mark = MARK_DELIVERED, .attempts = 1};
	assert_false(schedule_warns(usual, &stored, &fate, T + 4 * HOUR));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(distances_grow),
	    cmocka_unit_test(doubt_waits_longer),
	    cmocka_unit_test(time_is_up),
	    cmocka_unit_test(two_attempts_at_least),
	    cmocka_unit_test(the_clock_goes_back),
	    cmocka_unit_test(what_is_to_be_done),
	    cmocka_unit_test(held_is_held),
	    cmocka_unit_test(a_delay_is_told_once),
	};

	return cmocka_run_group_tests_name("spool_schedule", tests, NULL, NULL);
}
