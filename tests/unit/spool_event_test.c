/* SPDX-License-Identifier: ISC */
/* Event lines: those of the form, and all others. */
#include "spool/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/buf.h"
#include "spool/field.h"

/* Texts of a server are cut and cannot end the line. */
static void
texts_stay_on_their_line(void **state)
{
	static char text[EVENT_TEXT + 100];
	struct event event = {
	    .kind = EVENT_ATTEMPT,
	    .when = 1001,
	    .who = STR("0"),
	    .status = {.text = {text, sizeof(text)}},
	    .relay = {text, sizeof(text)},
	};
	struct event back;
	struct buf b;

	(void)state;
	memset(text, '\n', sizeof(text));
	buf_init(&b, EVENT_LINE);
	event_put(&b, &event);
	assert_false(b.over);
	assert_int_equal(str_find(buf_str(&b), '\n'), b.n - 1);
	buf_cut(&b, b.n - 1);
	assert_true(event_read(buf_str(&b), 1, &back));
	assert_int_equal(back.when, 1001);
	assert_int_equal(back.next, 0);
	assert_int_equal(back.status.text.n, 4 * EVENT_TEXT);
	assert_int_equal(back.relay.n, 4 * EVENT_RELAY);
	buf_free(&b);
}

/* clang-format off */
static const char *const no_events[] = {
	"", "event", "event ", "event 1.000", "event 1.00 due", "event 1 due",
	"event 1.000 due ", "event 1.000 due x", "event 01.000 due",
	"event -1.000 due", "Event 1.000 due", "event 1.000 Due",
	"event  1.000 due", "event 1.0000 due", "event 999999999999.000 due",
	"event 1.000 warned", "event 1.000 warned ", "event 1.000 warned 4",
	"event 1.000 warned 0-4", "event 1.000 warned 1-0",
	"event 1.000 warned 1-1", "event 1.000 warned 0,0",
	"event 1.000 warned 0,1", "event 1.000 warned 1,0",
	"event 1.000 warned 0-1,1", "event 1.000 warned 0,",
	"event 1.000 warned ,0", "event 1.000 warned 0--1",
	"event 1.000 warned 00", "event 1.000 warned 0-", "event 1.000 warned -",
	"event 1.000 warned 0-1-2", "event 1.000 warned 0 x",
	"event 1.000 reported 0",
	"event 1.000 attempt 0.000 0 open none 0 0.0.0 - x",
	"event 1.000 attempt - 0 open none 0 0.0.0 -",
	"event 1.000 attempt - 0 open none 600 0.0.0 - x",
	"event 1.000 attempt - 0 open none 0 0.0 - x",
	"event 1.000 attempt - 0 open none 0 0.0.1000 - x",
	"event 1.000 attempt - 0 open none 0 0.0.0.0 - x",
	"event 1.000 attempt - 0 maybe none 0 0.0.0 - x",
	"event 1.000 attempt - 0 open nobody 0 0.0.0 - x",
	"event 1.000 attempt 0 open none 0 0.0.0 - x",
};
/* clang-format on */

static void
other_lines_are_no_events(void **state)
{
	struct event event;

	(void)state;
	assert_true(event_read(STR("event 1.000 warned 0-1,3"), 4, &event));
	for (size_t i = 0; i < sizeof(no_events) / sizeof(no_events[0]); i++)
		if (event_read(str_c(no_events[i]), 4, &event))
			fail_msg("taken: %s", no_events[i]);
}

static void
ranges_go_there_and_back(void **state)
{
	static const size_t index[] = {0, 1, 2, 4, 7, 8, 10};
	struct str rest;
	size_t from, to;
	struct buf b;
	size_t n = 0;

	(void)state;
	buf_init(&b, 100);
	field_put_ranges(&b, index, sizeof(index) / sizeof(index[0]));
	assert_string_equal(b.p, "0-2,4,7-8,10");
	assert_true(field_ranges(buf_str(&b), 11));
	assert_false(field_ranges(buf_str(&b), 10));
	rest = buf_str(&b);
	while (field_range(&rest, &from, &to))
		for (size_t i = from; i <= to; i++)
			assert_int_equal(i, index[n++]);
	assert_int_equal(n, sizeof(index) / sizeof(index[0]));
	assert_false(field_ranges(STR(""), 1));
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts_stay_on_their_line),
	    cmocka_unit_test(other_lines_are_no_events),
	    cmocka_unit_test(ranges_go_there_and_back),
	};

	return cmocka_run_group_tests_name("spool_event", tests, NULL, NULL);
}
