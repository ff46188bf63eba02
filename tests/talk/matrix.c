/* SPDX-License-Identifier: ISC */
/*
 * D-06 D-07 D-08 D-09 D-10 D-11 D-36 D-37 D-38 D-39 D-40 D-41 D-45 D-51 D-52
 * D-53 E-03 E-05 F-19 J-10, each at every state.
 */
#include "matrix.h"

#include <inttypes.h>

#include "matrix_tls.h"
#include "outlook.h"
#include "../lib/words.h"

enum { TEXT_MAX = 1024 * 1024, FULL = -1, HALF = -2, NEARLY = -3 };

/* A state: on a road, in front of a reply; the time that a reply may take. */
static const struct state {
	const char *name;
	enum road road;
	size_t i;
	int wait; /* s */
	enum step step;
} states[] = {
    {"greeting", ROAD_PLAIN, 0, 300, STEP_GREETING},
    {"ehlo", ROAD_PLAIN, 1, 300, STEP_EHLO},
    {"helo", ROAD_HELO, 2, 300, STEP_HELO},
    {"starttls", ROAD_TLS, 2, 300, STEP_STARTTLS},
    {"mail", ROAD_PLAIN, 2, 300, STEP_MAIL},
    {"rcpt", ROAD_PLAIN, 3, 300, STEP_RCPT},
    {"data", ROAD_PLAIN, 4, 120, STEP_DATA},
    {"body", ROAD_PLAIN, 5, 180, STEP_BODY},
    {"dot", ROAD_PLAIN, 5, 600, STEP_DOT},
    {"quit", ROAD_PLAIN, 6, 0, STEP_QUIT},
    {"flight-mail", ROAD_FLIGHT, 2, 300, STEP_MAIL},
    {"flight-rcpt", ROAD_FLIGHT, 3, 300, STEP_RCPT},
    {"flight-data", ROAD_FLIGHT, 4, 120, STEP_DATA},
    {"flight-dot", ROAD_FLIGHT, 5, 600, STEP_DOT},
    {"tls-ehlo", ROAD_TLS, 4, 300, STEP_EHLO},
    {"tls-mail", ROAD_TLS, 5, 300, STEP_MAIL},
    {"tls-rcpt", ROAD_TLS, 6, 300, STEP_RCPT},
    {"tls-data", ROAD_TLS, 7, 120, STEP_DATA},
    {"tls-body", ROAD_TLS, 8, 180, STEP_BODY},
    {"tls-dot", ROAD_TLS, 8, 600, STEP_DOT},
    {"tls-quit", ROAD_TLS, 9, 0, STEP_QUIT},
    {"auth", ROAD_LOGIN, 5, 300, STEP_AUTH},
    {"auth-user", ROAD_LOGIN, 6, 300, STEP_ANSWER},
    {"auth-password", ROAD_LOGIN, 7, 300, STEP_ANSWER},
    {"lmtp-lhlo", ROAD_LMTP, 1, 300, STEP_LHLO},
    {"lmtp-mail", ROAD_LMTP, 2, 300, STEP_MAIL},
    {"lmtp-data", ROAD_LMTP, 4, 120, STEP_DATA},
    {"lmtp-body", ROAD_LMTP, 5, 180, STEP_BODY},
    {"lmtp-each", ROAD_LMTP, 5, 600, STEP_EACH},
    {"lmtp-quit", ROAD_LMTP, 6, 0, STEP_QUIT},
};

/* A reply as it should be, whatever that is at the state. */
#define FINE HEARDS

/*
 * A way to behave in place of a reply.  In its lines stand $R for the right
 * reply and $C for its code, $N for the right reply of the next step, and $W,
 * $H, $E, $L for the time that a reply may take: all, half, a second less, a
 * second more; $X is another code of the right class, $S silence.
 */
static const struct behaviour {
	const char *name;
	const char *lines;
	enum heard heard;
	enum left left;
	unsigned code;
	int took;   /* s, or FULL, HALF or NEARLY of the time */
	bool flood; /* more than can be read at once */
	bool storm; /* OpenSSL gives up if it is writing just then */
	bool twice; /* a second reply comes behind a fine one: */
	enum heard second;
	unsigned second_code;
} behaviours[] = {
#define RIGHT .heard = FINE
#define LOST .heard = HEARD_LOST
#define GARBAGE .heard = HEARD_GARBAGE
#define FLOOD GARBAGE, .left = LEFT_MESS, .flood = true
#define REPLY(class, number) .heard = (class), .code = (number)
#define TIMED .took = FULL
#define TWICE(what, number) \
	RIGHT, .twice = true, .second = (what), .second_code = (number)
    /* too little, too late */
    {"silence", "S! $S", LOST, .left = LEFT_SHUT, TIMED},
    {"a byte every 5 s", "S! trickle 5s ;; S= $C- ;; S*1000= x", LOST,
	.left = LEFT_MESS, TIMED},
    {"a line every 10 s", "S! trickle 1s ;; S*100: $C-wait", LOST,
	.left = LEFT_MESS, TIMED},
    {"half a line", "S= $C o ;; C! gone", LOST, .left = LEFT_SHUT, TIMED},
    {"half a reply", "S: $C-o ;; C! gone", LOST, .left = LEFT_SHUT, TIMED},
    {"a CR alone", "S= $R\\r ;; C! gone", LOST, .left = LEFT_SHUT, TIMED},
    {"a ClientHello",
	"S= \\x16\\x03\\x01\\x00\\x05\\x01\\x00\\x00\\x01\\x03"
	" ;; C! gone",
	LOST, .left = LEFT_SHUT, TIMED},
    {"in the last second", "S! wait $Es ;; S: $R", RIGHT, .took = NEARLY},
    {"in two halves", "S= $C o ;; S! wait $Hs ;; S: k", RIGHT, .took = HALF},
    {"a second too late", "S! wait $Ls ;; S: $R", LOST, .left = LEFT_MESS,
	TIMED},
    /* too much */
    {"lines without end", "S*: $C-and so on", FLOOD},
    {"a line without end", "S*= $C and so on, and on", FLOOD},
    {"zeros without end", "S*= \\0\\0\\0\\0\\0\\0\\0\\0", FLOOD},
    {"a line of 10 MB", "S= $C\\s ;; S*1000000= 0123456789", FLOOD},
    {"10 MB of lines", "S*500000: $C-and so on, and on", FLOOD},
    {"201 lines", "S*200: $C-and so on ;; S: $C end", FLOOD},
    {"200 lines", "S*199: $C-and so on ;; S: $C end", RIGHT},
    {"a line of 10 kB", "S= $C\\s ;; S*1000= 0123456789 ;; S:", RIGHT},
    /* no codes */
    {"000", "S: 000 what?", GARBAGE},
    {"100", "S: 100 what?", GARBAGE},
    {"600", "S: 600 what?", GARBAGE},
    {"999", "S: 999 what?", GARBAGE},
    {"25", "S: 25 ok", GARBAGE},
    {"2x0", "S: 2x0 ok", GARBAGE},
    {"2500", "S: 2500 ok", GARBAGE},
    {"-250", "S: -250 ok", GARBAGE},
    {"a blank in front", "S= \\s$R\\r\\n", GARBAGE},
    {"a tab behind the code", "S: $C\\tok", GARBAGE},
    {"a NUL in the code", "S: 2\\x0050 ok", GARBAGE},
    {"NULs", "S: \\0\\0\\0\\0\\0\\0\\0\\0", GARBAGE},
    {"an empty line", "S:", GARBAGE},
    {"a hyphen", "S: -", GARBAGE},
    {"a byte order mark", "S: \\xef\\xbb\\xbf$R", GARBAGE},
    {"8-bit digits", "S: \\xb2\\xb5\\xb0 ok", GARBAGE},
    {"a web server", "S: HTTP/1.1 400 Bad Request", GARBAGE},
    {"another protocol", "S: SSH-2.0-OpenSSH_9.2", GARBAGE},
    /* replies that contradict themselves */
    {"the code changes", "S: $C-a ;; S: 550 b", GARBAGE},
    {"a refusal changes its mind", "S: 550-a ;; S: $C b", GARBAGE},
    {"a line without code", "S: $C-a ;; S: b", GARBAGE},
    {"a hyphen behind a first line", "S: $C-a ;; S: -", GARBAGE},
    /* odd, but right */
    {"split at every byte", "S! tiny ;; S: $C-a ;; S: $R ;; S! whole", RIGHT},
    {"bare LFs", "S= $C-a\\n$R\\n", RIGHT},
    {"a bare CR in the text", "S: $C a\\r$C-b", RIGHT},
    {"no text", "S: $C", RIGHT},
    {"a NUL in the text", "S: $C a\\0b", RIGHT},
    {"controls in the text", "S: $C \\x1b[2J\\x07\\x9b\\x7f", RIGHT},
    {"another fine code", "S: $X what?", RIGHT, .code = 98},
    /* other replies */
    {"2yz", "S: 259 what?", REPLY(HEARD_2YZ, 259)},
    {"3yz", "S: 359 what?", REPLY(HEARD_3YZ, 359)},
    {"450", "S: 450 later", REPLY(HEARD_4YZ, 450)},
    {"451 of lines", "S: 451-4.3.0 not ;; S: 451 4.3.0 now",
	REPLY(HEARD_4YZ, 451)},
    {"452", "S: 452 4.3.1 full", REPLY(HEARD_4YZ, 452)},
    {"454", "S: 454 4.7.0 no TLS", REPLY(HEARD_4YZ, 454)},
    {"500", "S: 500 5.5.2 what?", REPLY(HEARD_5YZ, 500)},
    {"503", "S: 503 5.5.1 not now", REPLY(HEARD_5YZ, 503)},
    {"550 of lines", "S: 550-5.7.1 no ;; S: 550 5.7.1 never",
	REPLY(HEARD_5YZ, 550)},
    {"554", "S: 554 5.7.1 no", REPLY(HEARD_5YZ, 554)},
    {"421", "S: 421 4.3.2 bye", REPLY(HEARD_421, 421)},
    {"421 and a FIN", "S: 421 4.3.2 bye ;; S! drop", REPLY(HEARD_421, 421),
	.left = LEFT_SHUT},
    {"421 and a RST", "S: 421 4.3.2 bye ;; S! reset", REPLY(HEARD_421, 421),
	.left = LEFT_SHUT},
    /* the end */
    {"a FIN", "S! drop", LOST, .left = LEFT_SHUT},
    {"a RST", "S! reset", LOST, .left = LEFT_SHUT},
    {"a FIN within a line", "S= $C o ;; S! drop", LOST, .left = LEFT_SHUT},
    {"a RST within a line", "S= $C o ;; S! reset", LOST, .left = LEFT_SHUT},
    {"a FIN behind a first line", "S: $C-a ;; S! drop", LOST,
	.left = LEFT_SHUT},
    {"a RST behind a first line", "S: $C-a ;; S! reset", LOST,
	.left = LEFT_SHUT},
    {"a line without end and a FIN", "S= $R ;; S! drop", LOST,
	.left = LEFT_SHUT},
    {"half a refusal and a FIN", "S: 554-no ;; S! drop", LOST,
	.left = LEFT_SHUT},
    /* ahead of the command */
    {"and the next one ahead", "S= $R\\r\\n$N\\r\\n", TWICE(FINE, 0)},
    {"and a hyphen", "S= $R\\r\\n-\\r\\n", TWICE(HEARD_GARBAGE, 0)},
    {"and a 250 ahead", "S= $R\\r\\n250 x\\r\\n", TWICE(HEARD_2YZ, 250)},
    {"and a 354 ahead", "S= $R\\r\\n354 x\\r\\n", TWICE(HEARD_3YZ, 354)},
    {"and a 450 ahead", "S= $R\\r\\n450 x\\r\\n", TWICE(HEARD_4YZ, 450)},
    {"and a 554 ahead", "S= $R\\r\\n554 x\\r\\n", TWICE(HEARD_5YZ, 554)},
    {"and a 421 ahead", "S= $R\\r\\n421 x\\r\\n", TWICE(HEARD_421, 421)},
    {"and a FIN", "S: $R ;; S! drop", TWICE(HEARD_LOST, 0)},
};

/* What can only be done beneath TLS. */
static const struct behaviour beneath[] = {
    {"close_notify", "S! notify ;; C! gone", LOST, .left = LEFT_SHUT},
    {"close_notify and a FIN", "S! notify ;; S! drop", LOST, .left = LEFT_SHUT},
    {"a reply in clear", "S! raw $R\\r\\n ;; C! gone", LOST, .left = LEFT_SHUT},
    {"an alert in clear",
	"S! raw \\x15\\x03\\x03\\x00\\x02\\x02\\x28 ;;"
	" C! gone",
	LOST, .left = LEFT_SHUT},
    {"a record of garbage",
	"S! raw \\x17\\x03\\x03\\x00\\x14"
	"01234567890123456789 ;; C! gone",
	LOST, .left = LEFT_SHUT},
    {"a record too long", "S! raw \\x17\\x03\\x03\\xff\\xff ;; C! gone", LOST,
	.left = LEFT_SHUT},
    {"a record cut short, and a FIN",
	"S! raw \\x17\\x03\\x03\\x00\\x40abc ;; S! drop", LOST,
	.left = LEFT_SHUT},
    {"a record cut short, and silence",
	"S! raw \\x17\\x03\\x03\\x00\\x40abc ;; C! gone", LOST,
	.left = LEFT_SHUT, TIMED},
    {"the head of a record, and silence", "S! raw \\x17\\x03 ;; C! gone", LOST,
	.left = LEFT_SHUT, TIMED},
    {"a ServerHello",
	"S! raw \\x16\\x03\\x03\\x00\\x04\\x02\\x00\\x00\\x00 ;;"
	" C! gone",
	LOST, .left = LEFT_SHUT},
    {"a ChangeCipherSpec", "S! raw \\x14\\x03\\x03\\x00\\x01\\x01 ;; C! gone",
	LOST, .left = LEFT_SHUT},
    {"new keys", "S! rekey 1 ;; S: $R", RIGHT},
    {"a storm of new keys", "S! rekey 1000 ;; S: $R", RIGHT, .storm = true},
    {"a storm of new keys, and a FIN", "S! rekey 1000 ;; S! drop", LOST,
	.left = LEFT_SHUT},
};
#undef RIGHT
#undef LOST
#undef GARBAGE
#undef FLOOD
#undef REPLY
#undef TIMED
#undef TWICE

static unsigned
code_of(const char *reply)
{
	uint64_t code = 0;

	(void)str_number(str_slice(str_c(reply), 0, 3), 999, &code);
	return (unsigned)code;
}

static const char *
right_reply(const struct state *s)
{
	return s->step == STEP_BODY ? "250 ok" : road_reply(s->road, s->i);
}

static void
put_time(struct buf *b, const struct state *s, char which)
{
	int wait = s->wait > 0 ? s->wait : 5;

	if (which == 'H')
		wait /= 2;
	buf_printf(b, "%d", wait - (which == 'E') + (which == 'L'));
}

/* The lines of a behaviour, ";;" between them. */
static void
put_lines(struct buf *b, const struct state *s, const char *lines)
{
	const char *right = right_reply(s);
	struct str rest = str_c(lines);

	for (size_t i = 0; i < rest.n; i++) {
		char c = rest.p[i];

		if (c == ';' && rest.p[i + 1] == ';') {
			buf_byte(b, '\n');
			i++;
		} else if (c != '$') {
			buf_byte(b, c);
		} else if (rest.p[++i] == 'R') {
			buf_add(b, str_c(right));
		} else if (rest.p[i] == 'C') {
			buf_add(b, str_slice(str_c(right), 0, 3));
		} else if (rest.p[i] == 'X') {
			buf_printf(b, "%c98", right[0]);
		} else if (rest.p[i] == 'S') {
			buf_add(b,
			    s->step == STEP_BODY ? STR("sink") : STR("stall"));
		} else if (rest.p[i] == 'N') {
			buf_add(b, str_c(road_reply(s->road, s->i + 1)));
		} else {
			put_time(b, s, rest.p[i]);
		}
	}
	buf_byte(b, '\n');
}

static void
put_took(struct buf *b, const struct state *s, const struct behaviour *how)
{
	int wait = s->wait;

	if (how->flood)
		buf_add(b, STR("took 0s..5s\n"));
	/* Within the message the time begins with the first octet heard. */
	if (how->took == FULL)
		buf_printf(b, "took %ds..%ds\n", wait,
		    s->step == STEP_BODY ? 2 * wait : wait);
	if (how->took == HALF)
		buf_printf(b, "took %ds\n", wait / 2);
	if (how->took == NEARLY)
		buf_printf(b, "took %ds\n", wait > 0 ? wait - 1 : 0);
}

/* A second reply came along: the next step hears it. */
static void
put_second(struct buf *b, struct scene *scene, const struct behaviour *how)
{
	const char *right = road_reply(scene->road, scene->i + 1);
	bool lost = how->second == HEARD_LOST;

	if (lost)
		scene->left = LEFT_SHUT;
	/* Nobody waits for more behind the dot. */
	if (scene->step >= STEP_BODY)
		return;
	scene->i++;
	scene->heard = how->second;
	scene->code = how->second_code;
	if (scene->heard == FINE) {
		scene->code = code_of(right);
		scene->heard = right[0] == '3' ? HEARD_3YZ : HEARD_2YZ;
	}
	scene->step = road_step(scene->road, scene->i);
	if (scene->step == STEP_SHAKE && !lost)
		scene->heard = HEARD_GARBAGE;
	/* Whatever comes behind DATA's reply comes within the message. */
	if (scene->step == STEP_DOT || scene->step == STEP_EACH)
		scene->step = STEP_BODY;
	else if (!lost)
		road_says(b, scene->road, scene->i);
}

/* True if another host would make no difference. */
static bool
put_case(struct buf *b, const struct state *s, const struct behaviour *how,
    bool alone)
{
	enum heard fine = right_reply(s)[0] == '3' ? HEARD_3YZ : HEARD_2YZ;
	bool body = s->step == STEP_BODY;
	struct scene scene = {s->road, s->i, s->step, how->heard, how->code,
	    how->left, alone, how->took == FULL};

	buf_clear(b);
	buf_printf(b, "case %s/%s%s\n", s->name, how->name,
	    alone ? "" : ", and there is another host");
	buf_add(b, STR("mx example.org 10 mx1\n"));
	if (!alone)
		buf_add(b, STR("mx example.org 20 mx2\n"));
	if (s->road == ROAD_LOGIN)
		buf_add(b, STR("option login user secret\n"));
	if (s->road == ROAD_LMTP)
		buf_add(b, STR("option lmtp\n"));
	if (body)
		buf_add(b, STR("message 3000000\n"));
	buf_add(b, STR("server mx1\n"));
	if (body) {
		road_before(b, s->road, s->i - 1);
		/* Who read on would hear the end of the message. */
		buf_printf(b, "S: %s\nC< 1\nS! freeze\n",
		    road_reply(s->road, s->i - 1));
	} else {
		road_before(b, s->road, s->i);
	}
	put_lines(b, s, how->lines);
	put_took(b, s, how);
	if (scene.heard == FINE) {
		scene.heard = body && how->storm ? HEARD_LOST : fine;
		scene.code = code_of(right_reply(s));
		if (how->code > 0)
			scene.code = scene.code / 100 * 100 + how->code;
		if (how->twice)
			put_second(b, &scene, how);
	}
	return outlook(b, &scene);
}

static bool
is_encrypted(const struct state *s)
{
	return (s->road == ROAD_TLS && s->step != STEP_STARTTLS) ||
	    s->road == ROAD_LOGIN;
}

static void
each_of(const struct behaviour *list, size_t n, bool beneath_tls, struct buf *b,
    void (*play)(struct str text))
{
	for (size_t i = 0; i < COUNT(states); i++)
		for (size_t k = 0; k < n; k++) {
			bool well;

			if (beneath_tls && !is_encrypted(&states[i]))
				continue;
			well = put_case(b, &states[i], &list[k], true);
			play(buf_str(b));
			if (well)
				continue;
			(void)put_case(b, &states[i], &list[k], false);
			play(buf_str(b));
		}
}

void
matrix_each(void (*play)(struct str text))
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	each_of(behaviours, COUNT(behaviours), false, &b, play);
	each_of(beneath, COUNT(beneath), true, &b, play);
	matrix_tls(&b, play);
	buf_free(&b);
}
