/* SPDX-License-Identifier: ISC */
/*
 * Event lines, appended to an envelope: why the marks are what they are, and
 * when it is tried next.  They explain; nothing depends on them but times.
 *
 * event TIME attempt  NEXT WHO OUTCOME BLAME CODE ENHANCED RELAY TEXT
 * event TIME doubt    NEXT WHO OUTCOME BLAME CODE ENHANCED RELAY TEXT
 * event TIME warned   WHO		the sender knows of the delay
 * event TIME reported WHO ID		and of the failure, by that message
 * event TIME due			an administrator wants it tried now
 * event TIME held			and not tried before he releases it
 * event TIME released
 *
 * NEXT is "-" where it will not be tried again, RELAY where nobody was asked.
 */
#ifndef SPOOL_EVENT_H
#define SPOOL_EVENT_H

#include "base/pool.h"
#include "mail/status.h"

enum event_kind {
	EVENT_ATTEMPT,
	EVENT_DOUBT, /* an attempt that may have been successful */
	EVENT_WARNED,
	EVENT_REPORTED,
	EVENT_DUE,
	EVENT_HELD,
	EVENT_RELEASED,
};
enum { EVENTS = EVENT_RELEASED + 1 };

enum { EVENT_TEXT = 1024, EVENT_RELAY = 512, EVENT_LINE = 16384 };

struct event {
	enum event_kind kind;
	int64_t when;	      /* ms of the wall clock */
	int64_t next;	      /* the same; 0: not again */
	struct str who;	      /* as field_put_ranges has it */
	struct status status; /* of an attempt; text also of `reported` */
	struct str relay;     /* or "" */
};

/* Appends the line, texts cut to what is stored of them. */
void event_put(struct buf *, const struct event *);

/*
 * Reads a line (without its end) about an envelope of n recipients.  The
 * views point into the line: relay and text are still escaped, the latter
 * with its spaces kept.  False if it is none.
 */
bool event_read(struct str line, size_t n, struct event *);

#endif
