/* SPDX-License-Identifier: ISC */
/*
 * Spool-protocol 10 and 11: what an smtp agent writes down, by the bytes in the
 * envelope.  With LMTP each recipient has a verdict of his own (D-52), and who
 * has it keeps it, wherever the conversation ends (D-53).
 */
#include "agent/keep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/shelf.h"

/* What happens: a verdict on n recipients from first on, or, with n 0, on the
 * one that was refused when he was named. */
struct event {
	size_t first, n;
	enum outcome outcome;
	enum blame blame;
};

#define EVENTS 4

static const struct story {
	const char *title;
	struct event event[EVENTS]; /* up to one on nobody */
	bool loose;
	const char *marks; /* while the session goes on */
	const char *after; /* when it is over */
} stories[] = {
    {"the end of data", {{0}}, false, "sss", "www"},
    {"one who was refused before", {{2, 0, OUTCOME_FAILED, BLAME_RCPT}}, false,
	"ssw", "www"},
    {"a verdict for all", {{0, 3, OUTCOME_DELIVERED, BLAME_MESSAGE}}, false,
	"ddd", "ddd"},
    {"a verdict for all but one who was refused",
	{{0, 0, OUTCOME_FAILED, BLAME_RCPT},
	    {0, 3, OUTCOME_DELIVERED, BLAME_MESSAGE}},
	false, "wdd", "wdd"},
    {"doubt", {{0, 3, OUTCOME_DEFERRED, BLAME_DOUBT}}, false, "sss", "sss"},
    {"one by one",
	{{0, 1, OUTCOME_DELIVERED, BLAME_RCPT},
	    {1, 1, OUTCOME_FAILED, BLAME_RCPT},
	    {2, 1, OUTCOME_DEFERRED, BLAME_RCPT}},
	false, "dfw", "dfw"},
    {"lost behind the first",
	{{0, 1, OUTCOME_DELIVERED, BLAME_RCPT},
	    {0, 3, OUTCOME_DEFERRED, BLAME_DOUBT}},
	false, "dss", "dss"},
    {"lost behind the second",
	{{0, 1, OUTCOME_FAILED, BLAME_RCPT},
	    {1, 1, OUTCOME_DELIVERED, BLAME_RCPT},
	    {0, 3, OUTCOME_DEFERRED, BLAME_DOUBT}},
	false, "fds", "fds"},
    {"killed behind the first", {{0, 1, OUTCOME_DELIVERED, BLAME_RCPT}}, false,
	"dss", NULL},
    {"in no spool", {{0, 3, OUTCOME_DELIVERED, BLAME_MESSAGE}}, true, "www",
	"www"},
    {"in no spool, one by one", {{0, 1, OUTCOME_DELIVERED, BLAME_RCPT}}, true,
	"www", "www"},
};

static void
assert_marks(const struct entry *entry, const char *expected)
{
	char bytes[SHELF_N + 1] = "";
	struct err e;

	assert_int_equal(mark_read(entry->env, &entry->marks, bytes, &e), 0);
	assert_string_equal(bytes, expected);
}

static void
happen(struct keep *k, const struct event *event)
{
	struct status status = {
	    .outcome = event->outcome, .blame = event->blame};
	struct err e;

	if (event->n > 0)
		assert_int_equal(
		    keep_verdict(k, event->first, event->n, &status, &e), 0);
	/* The session tells who has none yet. */
	for (size_t i = 0; i < (event->n ? event->n : 1); i++)
		if (!k->judged[event->first + i])
			keep_rcpt(k, event->first + i);
}

static bool
is_none(const struct event *event)
{
	return event->outcome == OUTCOME_OPEN;
}

static void
tell(const struct story *story)
{
	static const size_t mark[] = {0, 1, 2};
	const struct event *event = story->event;
	struct letter letter = {.n = SHELF_N, .mark = mark};
	const struct errand errand = {.letter = &letter, .letters = 1};
	struct entry entry;
	struct keep k;
	struct err e;

	shelf_commit(&entry);
	letter.marks = entry.marks;
	keep_init(&k, &errand);
	while (!is_none(event) && event->n == 0)
		happen(&k, event++);
	assert_int_equal(keep_sending(&k, 0, story->loose, &e), 0);
	while (!is_none(event))
		happen(&k, event++);
	assert_marks(&entry, story->marks);
	if (story->after) {
		keep_back(&k);
		assert_marks(&entry, story->after);
	}
	keep_free(&k);
	entry_close(&entry);
}

static void
d52_d53_what_is_marked(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
		print_message("%s\n", stories[i].title);
		tell(&stories[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		d52_d53_what_is_marked, shelf_open, shelf_close),
	};

	return cmocka_run_group_tests_name("keep", tests, NULL, NULL);
}
