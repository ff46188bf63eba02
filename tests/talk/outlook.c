/* SPDX-License-Identifier: ISC */
#include "outlook.h"

#include "base/str.h"

static bool
is_login(const struct scene *s)
{
	return s->step == STEP_AUTH || s->step == STEP_ANSWER;
}

/* Is it asked for more when all has been said? */
static bool
is_asked_again(const struct scene *s)
{
	return s->step == STEP_ANSWER && s->heard == HEARD_3YZ &&
	    road_step(s->road, s->i + 1) != STEP_ANSWER;
}

/*
 * A reply within the message came too early, whatever it says: only a refusal
 * means something.
 */
static enum heard
heard_at(const struct scene *s)
{
	bool fine = s->heard == HEARD_2YZ || s->heard == HEARD_3YZ;

	/* Nobody is in before he has said all. */
	if (s->heard == HEARD_2YZ && is_login(s) &&
	    road_step(s->road, s->i + 1) == STEP_ANSWER)
		return HEARD_GARBAGE;
	return s->step == STEP_BODY && fine ? HEARD_GARBAGE : s->heard;
}

/*
 * Where the script goes.  Of the one recipient, once judged, nothing is left;
 * and there is no other message.
 */
static enum step
next_of(const struct cell *cell)
{
	if (cell->blame == BLAME_RCPT)
		return STEP_QUIT;
	return cell->next == STEP_NEXT ? STEP_QUIT : cell->next;
}

/* All goes on as it should. */
static void
carry_on(struct buf *b, const struct scene *s, enum step next)
{
	if (next == STEP_HELO)
		buf_add(b, STR("C: HELO client.example\nS: 250 mx\n"));
	if (next == STEP_HELO || next == STEP_SECURE)
		road_behind(b, ROAD_PLAIN, 1);
	else
		road_behind(b, s->road, s->i);
}

/* The conversation is given up. */
static void
give_up(struct buf *b, const struct scene *s, enum step next)
{
	bool flight = s->road == ROAD_FLIGHT;

	if (s->left == LEFT_SHUT)
		return;
	if (s->left == LEFT_MESS || s->step == STEP_BODY) {
		buf_add(b, STR("C! gone\n"));
		return;
	}
	/* What was said in one flight is answered to its end. */
	for (size_t i = s->i; flight && next == STEP_QUIT; i++) {
		enum step step = road_step(s->road, i);

		if (step == STEP_MAIL || step == STEP_RCPT)
			buf_add(b, STR("S: 503 no\n"));
		else
			break;
	}
	/* With PIPELINING QUIT went along with the dot. */
	if (next == STEP_QUIT && !(flight && s->step == STEP_DOT))
		buf_add(b, STR("C: QUIT\n"));
	else
		buf_add(b, STR("C! eof\n"));
}

static void
result(struct buf *b, const char *outcome, const struct scene *s,
    enum heard heard, const char *blame)
{
	const char *enhanced = heard == HEARD_LOST ? "4.4.2"
	    : heard == HEARD_GARBAGE		   ? "4.5.0"
						   : "-";
	unsigned code = heard <= HEARD_421 ? s->code : 0;

	buf_printf(b, "result user@example.org %s %s %u %s at mx1\n", outcome,
	    enhanced, code, blame);
}

/* Delivered, as it should be. */
static void
well(struct buf *b, const struct scene *s, const char *host)
{
	buf_printf(b, "result user@example.org delivered 2.0.0 250 %s at %s\n",
	    s->road == ROAD_LMTP ? "rcpt" : "message", host);
}

static void
other_host(struct buf *b, const struct scene *s)
{
	/* A relay has hosts of one kind. */
	bool alike = s->road == ROAD_LOGIN || s->road == ROAD_LMTP;

	buf_add(b, STR("server mx2\n"));
	road_whole(b, alike ? s->road : ROAD_PLAIN);
	well(b, s, "mx2");
}

/* The consequences of blame, as hantar-smtp(7) tells them. */
static void
consequence(
    struct buf *b, const struct scene *s, enum blame blame, enum heard heard)
{
	static const char *const words[] = {
	    [BLAME_NONE] = "none",
	    [BLAME_HOST] = "host",
	    [BLAME_SENDER] = "sender",
	    [BLAME_RCPT] = "rcpt",
	    [BLAME_MESSAGE] = "message",
	    [BLAME_US] = "us",
	    [BLAME_DOUBT] = "doubt",
	};
	bool refused = heard == HEARD_5YZ;

	if (blame == BLAME_HOST && s->step != STEP_GREETING)
		refused = false;
	/* Whatever a relay says of who we are, is for now; the next may know
	 * us. */
	if (is_login(s))
		refused = false;
	if ((blame == BLAME_MESSAGE || blame == BLAME_RCPT) &&
	    heard == HEARD_2YZ)
		result(b, "delivered", s, heard, words[blame]);
	else if (refused && (blame != BLAME_HOST || s->alone))
		result(b, "failed", s, heard, words[blame]);
	else if (s->alone || blame == BLAME_DOUBT ||
	    (blame == BLAME_US && !is_login(s)))
		result(b, "deferred", s, heard, words[blame]);
	else
		other_host(b, s);
}

/*
 * TLS 1.3 tells of some failures only behind the handshake; but silence there
 * is not waited for twice.
 */
static bool
in_handshake(const struct scene *s)
{
	if (s->step == STEP_EHLO && s->i > 0 && !s->silent)
		return road_step(s->road, s->i - 1) == STEP_SHAKE;
	return s->step == STEP_SHAKE;
}

/* A handshake that failed is followed by one more attempt in clear text. */
static void
in_clear(struct buf *b, const struct scene *s)
{
	if (s->left != LEFT_SHUT)
		buf_add(b, STR("C! gone\n"));
	buf_add(b, STR("server mx1\n"));
	road_whole(b, ROAD_PLAIN);
}

bool
outlook(struct buf *b, const struct scene *s)
{
	enum heard heard = heard_at(s);
	const struct cell *cell = &script[s->step].on[heard];
	enum step next = next_of(cell);

	/* No mechanism is left. */
	if (is_login(s) && heard == HEARD_5YZ) {
		cell = &script[STEP_LOGIN].on[heard];
		next = next_of(cell);
	}
	if (is_asked_again(s)) {
		buf_add(b, STR("C: \\*\nS: 501 no\nC: QUIT\n"));
		consequence(b, s, BLAME_HOST, HEARD_GARBAGE);
		return false;
	}
	if (s->step == STEP_QUIT) {
		/* It was delivered before. */
		if (s->left != LEFT_SHUT)
			buf_add(b, STR("C! gone\n"));
	} else if (heard == HEARD_LOST && in_handshake(s)) {
		in_clear(b, s);
	} else if (cell->blame == BLAME_NONE) {
		carry_on(b, s, next);
	} else {
		give_up(b, s, next);
		consequence(b, s, cell->blame, heard);
		return false;
	}
	well(b, s, "mx1");
	return true;
}
