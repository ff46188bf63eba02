/* SPDX-License-Identifier: ISC */
#include "spool/event.h"

#include "base/code.h"
#include "spool/field.h"

enum { CODE_MAX = 599, DETAIL_MAX = 999 };

/* What stands in a line, in this order. */
enum { HAS_NEXT = 1, HAS_WHO = 2, HAS_STATUS = 4, HAS_TEXT = 8 };
enum { HAS_ALL = HAS_NEXT | HAS_WHO | HAS_STATUS | HAS_TEXT };

static const struct {
	const char *word;
	unsigned has;
} kinds[] = {
    [EVENT_ATTEMPT] = {"attempt", HAS_ALL},
    [EVENT_DOUBT] = {"doubt", HAS_ALL},
    [EVENT_WARNED] = {"warned", HAS_WHO},
    [EVENT_REPORTED] = {"reported", HAS_WHO | HAS_TEXT},
    [EVENT_DUE] = {"due", 0},
    [EVENT_HELD] = {"held", 0},
    [EVENT_RELEASED] = {"released", 0},
};

static const char *const blames[] = {
    [BLAME_NONE] = "none",
    [BLAME_HOST] = "host",
    [BLAME_SENDER] = "sender",
    [BLAME_RCPT] = "recipient",
    [BLAME_MESSAGE] = "message",
    [BLAME_US] = "us",
    [BLAME_DOUBT] = "doubt",
};
enum { BLAMES = sizeof(blames) / sizeof(blames[0]) };

static void
put_status(struct buf *b, const struct event *event)
{
	const struct status *s = &event->status;

	buf_printf(b, " %s %s %u ", status_word(s->outcome), blames[s->blame],
	    s->code);
	status_enhanced(b, s);
	buf_byte(b, ' ');
	if (event->relay.n == 0)
		buf_byte(b, '-');
	code_escape(b, str_slice(event->relay, 0, EVENT_RELAY), false);
}

void
event_put(struct buf *b, const struct event *event)
{
	unsigned has = kinds[event->kind].has;

	buf_add(b, STR("event "));
	field_put_time(b, event->when);
	buf_printf(b, " %s", kinds[event->kind].word);
	if (has & HAS_NEXT)
		buf_byte(b, ' ');
	if (has & HAS_NEXT && event->next == 0)
		buf_byte(b, '-');
	else if (has & HAS_NEXT)
		field_put_time(b, event->next);
	if (has & HAS_WHO)
		buf_printf(b, " %.*s", STR_ARG(event->who));
	if (has & HAS_STATUS)
		put_status(b, event);
	if (has & HAS_TEXT) {
		buf_byte(b, ' ');
		code_escape(
		    b, str_slice(event->status.text, 0, EVENT_TEXT), true);
	}
	buf_byte(b, '\n');
}

static bool
kind(struct str word, enum event_kind *out)
{
	for (int i = 0; i < EVENTS; i++)
		if (str_eq(word, str_c(kinds[i].word))) {
			*out = (enum event_kind)i;
			return true;
		}
	return false;
}

static bool
next(struct str *rest, int64_t *out)
{
	struct str word;

	return field_word(rest, &word) &&
	    (str_eq(word, STR("-")) || (field_time(word, out) && *out > 0));
}

static bool
blame(struct str word, enum blame *out)
{
	for (int i = 0; i < BLAMES; i++)
		if (str_eq(word, str_c(blames[i]))) {
			*out = (enum blame)i;
			return true;
		}
	return false;
}

/* "4.4.1" */
static bool
enhanced(struct str code, unsigned short out[3])
{
	for (int i = 0; i < 3; i++) {
		struct str part;
		uint64_t value;

		if (!str_split(&code, '.', &part) ||
		    !field_number(part, DETAIL_MAX, &value))
			return false;
		out[i] = (unsigned short)value;
	}
	return code.p == NULL;
}

static bool
status(struct str *rest, struct event *event)
{
	struct status *s = &event->status;
	struct str word;
	uint64_t code;
	int outcome;

	if (!field_word(rest, &word) || (outcome = status_outcome(word)) < 0 ||
	    !field_word(rest, &word) || !blame(word, &s->blame) ||
	    !field_word(rest, &word) || !field_number(word, CODE_MAX, &code) ||
	    !field_word(rest, &word) || !enhanced(word, s->enhanced) ||
	    !field_word(rest, &event->relay))
		return false;
	s->outcome = (enum outcome)outcome;
	s->code = (unsigned)code;
	if (str_eq(event->relay, STR("-")))
		event->relay = STR_NONE;
	return true;
}

static bool
text(struct str *rest, struct str *out)
{
	if (rest->p == NULL)
		return false;
	*out = *rest;
	*rest = STR_NONE;
	return true;
}

bool
event_read(struct str rest, size_t n, struct event *event)
{
	struct str word;
	unsigned has;

	*event = (struct event){0};
	if (rest.n >= EVENT_LINE || !field_word(&rest, &word) ||
	    !str_eq(word, STR("event")) || !field_word(&rest, &word) ||
	    !field_time(word, &event->when) || !field_word(&rest, &word) ||
	    !kind(word, &event->kind))
		return false;
	has = kinds[event->kind].has;
	if (has & HAS_NEXT && !next(&rest, &event->next))
		return false;
	if (has & HAS_WHO &&
	    !(field_word(&rest, &event->who) && field_ranges(event->who, n)))
		return false;
	if (has & HAS_STATUS && !status(&rest, event))
		return false;
	if (has & HAS_TEXT && !text(&rest, &event->status.text))
		return false;
	return rest.p == NULL;
}
