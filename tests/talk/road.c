/* SPDX-License-Identifier: ISC */
#include "road.h"

#include "base/str.h"

static const enum step roads[ROADS][16] = {
    [ROAD_PLAIN] = {STEP_GREETING, STEP_EHLO, STEP_MAIL, STEP_RCPT, STEP_DATA,
	STEP_DOT, STEP_QUIT, STEP_END},
    [ROAD_HELO] = {STEP_GREETING, STEP_EHLO, STEP_HELO, STEP_MAIL, STEP_RCPT,
	STEP_DATA, STEP_DOT, STEP_QUIT, STEP_END},
    [ROAD_TLS] = {STEP_GREETING, STEP_EHLO, STEP_STARTTLS, STEP_SHAKE,
	STEP_EHLO, STEP_MAIL, STEP_RCPT, STEP_DATA, STEP_DOT, STEP_QUIT,
	STEP_END},
    [ROAD_FLIGHT] = {STEP_GREETING, STEP_EHLO, STEP_MAIL, STEP_RCPT, STEP_DATA,
	STEP_DOT, STEP_QUIT, STEP_END},
    [ROAD_LOGIN] = {STEP_GREETING, STEP_EHLO, STEP_STARTTLS, STEP_SHAKE,
	STEP_EHLO, STEP_AUTH, STEP_ANSWER, STEP_ANSWER, STEP_MAIL, STEP_RCPT,
	STEP_DATA, STEP_DOT, STEP_QUIT, STEP_END},
    [ROAD_LMTP] = {STEP_GREETING, STEP_LHLO, STEP_MAIL, STEP_RCPT, STEP_DATA,
	STEP_EACH, STEP_QUIT, STEP_END},
};

#define MAIL "C: MAIL FROM:<sender@client.example>\n"
#define RCPT "C: RCPT TO:<user@example.org>\n"
#define DATA "C: DATA\n"

static const struct {
	const char *says, *reply;
	const char *flight; /* what is said with PIPELINING; NULL: the same */
} usual[STEPS] = {
    [STEP_GREETING] = {"", "220 mx", NULL},
    [STEP_EHLO] = {"C: EHLO client.example\n", "250 mx", NULL},
    [STEP_HELO] = {"C: HELO client.example\n", "250 mx", NULL},
    [STEP_LHLO] = {"C: LHLO client.example\n", "250 mx", NULL},
    [STEP_STARTTLS] = {"C: STARTTLS\n", "220 go", NULL},
    [STEP_SHAKE] = {"", "", NULL},
    [STEP_AUTH] = {"C: AUTH LOGIN\n", "334 VXNlcm5hbWU6", NULL},
    [STEP_ANSWER] = {"C: dXNlcg==\n", "334 UGFzc3dvcmQ6", NULL},
    [STEP_MAIL] = {MAIL, "250 ok", MAIL RCPT DATA},
    [STEP_RCPT] = {RCPT, "250 ok", ""},
    [STEP_DATA] = {DATA, "354 go", ""},
    [STEP_DOT] = {"C< data\n", "250 2.0.0 taken", "C< data\nC: QUIT\n"},
    [STEP_EACH] = {"C< data\n", "250 2.0.0 taken", NULL},
    [STEP_QUIT] = {"C: QUIT\n", "221 bye", ""},
};

/* Of the answers the second is the password. */
static bool
is_second(enum road road, size_t i)
{
	return i > 0 && roads[road][i] == STEP_ANSWER &&
	    roads[road][i - 1] == STEP_ANSWER;
}

enum step
road_step(enum road road, size_t i)
{
	return roads[road][i];
}

const char *
road_reply(enum road road, size_t i)
{
	enum step step = roads[road][i];

	if (is_second(road, i))
		return "235 welcome";
	return step == STEP_END ? "" : usual[step].reply;
}

void
road_says(struct buf *b, enum road road, size_t i)
{
	enum step step = roads[road][i];
	const char *says;

	if (step == STEP_END)
		return;
	if (is_second(road, i)) {
		buf_add(b, STR("C: c2VjcmV0\n"));
		return;
	}
	says = road == ROAD_FLIGHT ? usual[step].flight : NULL;
	buf_add(b, str_c(says ? says : usual[step].says));
}

/* The reply, as the road needs it. */
static void
reply(struct buf *b, enum road road, size_t i)
{
	static const char *const first[ROADS] = {
	    [ROAD_PLAIN] = "S: 250 mx\n",
	    [ROAD_HELO] = "S: 500 what?\n",
	    [ROAD_TLS] = "S: 250-mx\nS: 250 STARTTLS\n",
	    [ROAD_FLIGHT] = "S: 250-mx\nS: 250 PIPELINING\n",
	    [ROAD_LOGIN] = "S: 250-mx\nS: 250 STARTTLS\n",
	    [ROAD_LMTP] = "S: 250 mx\n",
	};

	if (i == 1)
		buf_add(b, str_c(first[road]));
	else if (roads[road][i] == STEP_SHAKE)
		buf_add(b, STR("S! starttls\n"));
	else if (road == ROAD_LOGIN && roads[road][i] == STEP_EHLO)
		buf_add(b, STR("S: 250-mx\nS: 250 AUTH LOGIN\n"));
	else
		buf_printf(b, "S: %s\n", road_reply(road, i));
}

void
road_before(struct buf *b, enum road road, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		road_says(b, road, k);
		reply(b, road, k);
	}
	road_says(b, road, i);
}

void
road_behind(struct buf *b, enum road road, size_t i)
{
	for (i++; roads[road][i] != STEP_END; i++) {
		road_says(b, road, i);
		reply(b, road, i);
	}
}

void
road_whole(struct buf *b, enum road road)
{
	reply(b, road, 0);
	road_behind(b, road, 0);
}
