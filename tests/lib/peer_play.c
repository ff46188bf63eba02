/* SPDX-License-Identifier: ISC */
#include "peer_inside.h"

#include <stdio.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "words.h"

enum {
	AHEAD = 64 * 1024, /* of repeated lines, so much at once */
	ENDLESS = 1000,	   /* and of endless ones, so much in these ms */
};

void
peer_advance(struct peer *p)
{
	p->at = p->at->next;
	p->said = 0;
}

void
peer_say(struct peer *p, struct str text)
{
	if (p->tls && p->shaken)
		peer_tls_say(p->tls, text, &p->out);
	else
		buf_add(&p->out, text);
}

static bool
play_say(struct peer *p, const struct step *s)
{
	if (p->eof) {
		if (peer_forgiven(p))
			peer_advance(p);
		else
			peer_fail(p, "the client closed before this was said",
			    s->line->text);
		return true;
	}
	if (p->in.n > 0 && !p->loose && !p->parting && p->said == 0) {
		peer_fail(p, "the client did not wait for this reply, but said",
		    buf_str(&p->in));
		return true;
	}
	while (p->out.n < AHEAD && (s->number == 0 || p->said < s->number)) {
		peer_say(p, s->text);
		p->said++;
	}
	p->flight = false;
	if (s->number == 0)
		p->resume = clock_now() + ENDLESS;
	else if (p->said == s->number)
		peer_advance(p);
	return true;
}

bool
peer_line(struct peer *p, struct str *line)
{
	size_t n = str_find(buf_str(&p->in), '\n');

	if (n == p->in.n)
		return false;
	*line = str_of(p->in.p, n);
	return true;
}

static bool
play_hear(struct peer *p, const struct step *s)
{
	struct str line;

	if (!peer_line(p, &line)) {
		if (p->eof)
			peer_fail(p, "the client closed, expected", s->text);
		else if (p->flight && !p->fresh)
			peer_fail(p, "not in the same flight", s->line->text);
		return p->lost;
	}
	if (line.n == 0 || line.p[line.n - 1] != '\r') {
		peer_fail(p, "a bare LF", line);
		return true;
	}
	line.n--;
	if (!words_match(s->text, line)) {
		struct buf b;

		buf_init(&b, 2048);
		buf_printf(&b, "expected \"%.*s\", got", STR_ARG(s->text));
		peer_fail(p, b.p, line);
		buf_free(&b);
		return true;
	}
	p->parting = str_eq(line, STR("QUIT"));
	p->loose = false;
	p->flight = true;
	buf_shift(&p->in, line.n + 2);
	if (++p->said == s->number)
		peer_advance(p);
	return true;
}

bool
peer_message(struct peer *p, size_t to)
{
	size_t n = p->in.n;
	size_t same = 0;

	if (n > to - p->received)
		n = to - p->received;
	if (memcmp(p->in.p, p->wire.p + p->received, n) == 0) {
		p->received += n;
		buf_shift(&p->in, n);
		return p->received == to;
	}
	while (p->in.p[same] == p->wire.p[p->received + same])
		same++;

	struct str left = str_slice(buf_str(&p->in), same, n);
	char what[64];

	(void)snprintf(what, sizeof(what),
	    "the message differs at octet %zu, got", p->received + same);
	peer_fail(p, what, left);
	return true;
}

/* As far as the first dot that stands alone, whatever comes before. */
static bool
receive_any(struct peer *p)
{
	const char *dot = memmem(p->in.p, p->in.n, "\r\n.\r\n", 5);

	if (dot == NULL)
		return false;
	buf_shift(&p->in, (size_t)(dot - p->in.p) + 5);
	return true;
}

static bool
play_message(struct peer *p, const struct step *s)
{
	bool part = s->deed == DEED_PART;
	size_t to = part && (size_t)s->number < p->wire.n ? (size_t)s->number
							  : p->wire.n;
	bool done =
	    str_eq(s->text, STR("any")) ? receive_any(p) : peer_message(p, to);

	if (p->lost)
		return true;
	if (done) {
		p->loose = part;
		p->flight = !part;
		if (!part)
			p->received = 0;
		peer_advance(p);
		return true;
	}
	if (p->eof)
		peer_fail(p, "the client closed within the message", STR(""));
	return p->lost;
}

/* The client must close; QUIT is all that it may say before, if that. */
static bool
play_eof(struct peer *p)
{
	struct str line;

	if (p->in.n > 0 && p->at == NULL && !p->parting &&
	    peer_line(p, &line) && str_eq(line, STR("QUIT\r"))) {
		p->parting = true;
		buf_shift(&p->in, 6);
		peer_say(p, STR("221 bye\r\n"));
		return true;
	}
	if (p->in.n > 0) {
		peer_fail(p, "unexpected", buf_str(&p->in));
		return true;
	}
	if (!p->eof)
		return false;
	peer_end(p);
	p->at = NULL;
	return true;
}

/* Takes whatever comes until the client has gone. */
static bool
play_gone(struct peer *p)
{
	buf_clear(&p->in);
	if (!p->eof)
		return false;
	peer_end(p);
	p->at = NULL;
	return true;
}

/* The message breaks off, and nothing but the end of the stream follows. */
static bool
play_cut(struct peer *p)
{
	if (peer_message(p, p->wire.n)) {
		if (!p->lost)
			peer_fail(p, "the message came whole", STR(""));
		return true;
	}
	if (!p->eof)
		return false;
	peer_end(p);
	p->at = NULL;
	return true;
}

static bool
play_tls(struct peer *p, const struct step *s)
{
	bool first = p->tls == NULL;
	enum peer_tls_state state;

	if (first && p->in.n > 0 && p->in.p[0] != 0x16) {
		peer_fail(p, "instead of a handshake", buf_str(&p->in));
		return true;
	}
	if (first)
		p->tls = peer_tls_new(p->script->host->name, s->text);
	if (p->tls == NULL) {
		peer_fail(p, "no such TLS", s->text);
		return true;
	}

	struct buf came = p->in;

	if (first)
		buf_init(&p->in, PEER_IN_MAX);
	state = peer_tls_feed(
	    p->tls, first ? buf_str(&came) : STR(""), &p->in, &p->out);
	if (first)
		buf_free(&came);
	p->shaken = state == PEER_TLS_READY;
	if (p->shaken || state == PEER_TLS_CUT) {
		peer_advance(p);
		p->flight = false;
		return true;
	}
	if (state == PEER_TLS_BROKEN || p->eof) {
		if (p->at->next && p->at->next->deed == DEED_GONE)
			peer_advance(p);
		else
			peer_fail(p, "the handshake failed",
			    str_c(p->eof ? "the client closed"
					 : peer_tls_fault(p->tls)));
		return true;
	}
	return p->out.n > 0;
}

static bool
play_hello(struct peer *p)
{
	if (p->in.n == 0 && p->eof)
		peer_fail(p, "the client closed", STR(""));
	if (p->in.n == 0)
		return p->lost;
	buf_clear(&p->in);
	peer_advance(p);
	return true;
}

static bool
play_sni(struct peer *p, const struct step *s)
{
	struct str sni = p->tls ? peer_tls_sni(p->tls) : STR("(no TLS)");

	if (sni.n == 0)
		sni = STR("none");
	if (!str_eq(sni, s->text))
		peer_fail(p, "the name in the handshake was", sni);
	else
		peer_advance(p);
	return true;
}

static bool
play_drop(struct peer *p, const struct step *s)
{
	struct linger hard = {.l_onoff = 1};

	if (s->deed == DEED_RESET) {
		(void)setsockopt(
		    p->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		peer_end(p);
		return true;
	}
	if (p->said++ > 0)
		return play_gone(p);
	(void)shutdown(p->fd, SHUT_WR);
	return true;
}

bool
peer_play(struct peer *p)
{
	const struct step *s = p->at;

	if (s == NULL)
		return play_eof(p);
	switch (s->deed) {
	case DEED_SAY:
		return play_say(p, s);
	case DEED_HEAR:
		return play_hear(p, s);
	case DEED_MESSAGE:
	case DEED_PART:
		return play_message(p, s);
	case DEED_CUT:
		return play_cut(p);
	case DEED_DROP:
	case DEED_RESET:
		return play_drop(p, s);
	case DEED_STALL:
	case DEED_EOF:
		return play_eof(p);
	case DEED_SINK:
	case DEED_GONE:
		return play_gone(p);
	case DEED_TLS:
		return play_tls(p, s);
	case DEED_SERVE:
		return peer_serve(p);
	case DEED_HELLO:
		return play_hello(p);
	case DEED_SNI:
		return play_sni(p, s);
	case DEED_REKEY:
		for (int64_t i = 0; p->tls && i < s->number; i++)
			peer_tls_rekey(p->tls, &p->out);
		break;
	case DEED_RAW:
		buf_add(&p->out, s->text);
		break;
	case DEED_NOTIFY:
		if (p->tls)
			peer_tls_notify(p->tls, &p->out);
		break;
	case DEED_FREEZE:
		p->frozen = s->number == INT64_MAX ? INT64_MAX
						   : clock_now() + s->number;
		break;
	case DEED_WAIT:
		p->resume = clock_now() + s->number;
		break;
	case DEED_TINY:
		p->pace = PACE_TINY;
		break;
	case DEED_TRICKLE:
		p->pace = PACE_TRICKLE;
		p->every = s->number;
		break;
	case DEED_WHOLE:
		p->pace = PACE_WHOLE;
		break;
	}
	peer_advance(p);
	return true;
}
