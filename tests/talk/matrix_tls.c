/* SPDX-License-Identifier: ISC */
/* E-04 E-05 E-06: the handshake, broken off at every part of it. */
#include "matrix_tls.h"

#include "base/str.h"
#include "outlook.h"
#include "../lib/words.h"

/* So much of its part the server says: none, the head of a record, ... */
static const unsigned cuts[] = {0, 1, 5, 40, 90, 127, 133, 200, 400, 500};

static const char *const versions[] = {"tls1.2", "tls1.3"};

/* And then: */
static const struct {
	const char *name;
	const char *lines;
	enum left left;
	bool timed;
} endings[] = {
    {"a FIN", "S! drop\n", LEFT_SHUT, false},
    {"a RST", "S! reset\n", LEFT_SHUT, false},
    {"silence", "C! gone\n", LEFT_SHUT, true},
    {"a byte every 5 s", "S! trickle 5s\nS*1000= \\x16\n", LEFT_MESS, true},
    {"an alert", "S= \\x15\\x03\\x03\\x00\\x02\\x02\\x28\nS! drop\n", LEFT_SHUT,
	false},
    {"an SMTP reply", "S: 250 ok\nS! drop\n", LEFT_SHUT, false},
    {"garbage", "S*1000= garbage \nS! drop\n", LEFT_SHUT, false},
    {"zeros without end", "S*= \\0\\0\\0\\0\\0\\0\\0\\0\n", LEFT_MESS, false},
};

/* Handshakes as they are, and whether they come to something. */
static const struct {
	const char *options;
	bool works;
} kinds[] = {
    {"tls1.0", false},
    {"tls1.1", false},
    {"tls1.2", true},
    {"tls1.3", true},
    {"weakdh", false},
    {"weak", true},
    {"expired", true},
    {"name=elsewhere.example", true},
    {"name=*.test", true},
    {"tls1.2 expired weak", true},
    {"tls1.3 expired name=elsewhere.example", true},
};

enum { SHAKE_AT = 3 };

static void
put_start(struct buf *b, bool alone)
{
	buf_add(b, STR("mx example.org 10 mx1\n"));
	if (!alone)
		buf_add(b, STR("mx example.org 20 mx2\n"));
	buf_add(b, STR("server mx1\n"));
	road_before(b, ROAD_TLS, SHAKE_AT);
}

static void
cut_case(struct buf *b, size_t version, size_t cut, size_t ending, bool alone)
{
	struct scene scene = {.road = ROAD_TLS,
	    .i = SHAKE_AT,
	    .step = STEP_SHAKE,
	    .heard = HEARD_LOST,
	    .left = endings[ending].left,
	    .alone = alone};

	buf_clear(b);
	buf_printf(b, "case handshake/%s: %u octets and %s%s\n",
	    versions[version], cuts[cut], endings[ending].name,
	    alone ? "" : ", and there is another host");
	put_start(b, alone);
	if (cuts[cut] == 0)
		buf_add(b, STR("C! hello\n"));
	else
		buf_printf(
		    b, "S! starttls %s cut=%u\n", versions[version], cuts[cut]);
	buf_add(b, str_c(endings[ending].lines));
	if (endings[ending].timed)
		buf_add(b,
		    endings[ending].left == LEFT_SHUT ? STR("took 300s\n")
						      : STR("took 0s..300s\n"));
	(void)outlook(b, &scene);
}

static void
kind_case(struct buf *b, size_t kind, bool alone)
{
	bool works = kinds[kind].works;
	struct scene scene = {.road = ROAD_TLS,
	    .i = SHAKE_AT,
	    .step = STEP_SHAKE,
	    .heard = works ? HEARD_2YZ : HEARD_LOST,
	    .left = works ? LEFT_OPEN : LEFT_MESS,
	    .alone = alone};

	buf_clear(b);
	buf_printf(b, "case handshake/%s%s\n", kinds[kind].options,
	    alone ? "" : ", and there is another host");
	put_start(b, alone);
	buf_printf(b, "S! starttls %s\n", kinds[kind].options);
	(void)outlook(b, &scene);
}

/* Renegotiation, which TLS 1.3 has no more, ends the connection. */
static void
renegotiation(struct buf *b, size_t i, bool alone)
{
	struct scene scene = {.road = ROAD_TLS,
	    .i = i,
	    .step = road_step(ROAD_TLS, i),
	    .heard = HEARD_LOST,
	    .left = LEFT_SHUT,
	    .alone = alone};

	buf_clear(b);
	buf_printf(b, "case renegotiation/%s%s\n", script_step(scene.step),
	    alone ? "" : ", and there is another host");
	put_start(b, alone);
	buf_add(b, STR("S! starttls tls1.2\n"));
	for (size_t k = SHAKE_AT + 1; k < i; k++) {
		road_says(b, ROAD_TLS, k);
		buf_printf(b, "S: %s\n", road_reply(ROAD_TLS, k));
	}
	road_says(b, ROAD_TLS, i);
	buf_add(b, STR("S! rekey 1\nC! gone\n"));
	(void)outlook(b, &scene);
}

void
matrix_tls(struct buf *b, void (*play)(struct str text))
{
	for (int alone = 0; alone < 2; alone++) {
		for (size_t v = 0; v < COUNT(versions); v++)
			for (size_t c = 0; c < COUNT(cuts); c++)
				for (size_t i = 0; i < COUNT(endings); i++) {
					cut_case(b, v, c, i, alone);
					play(buf_str(b));
				}
		for (size_t i = 0; i < COUNT(kinds); i++) {
			kind_case(b, i, alone);
			play(buf_str(b));
		}
		for (size_t i = SHAKE_AT + 1;
		     road_step(ROAD_TLS, i) != STEP_END; i++) {
			renegotiation(b, i, alone);
			play(buf_str(b));
		}
	}
}
