/* SPDX-License-Identifier: ISC */
#include "peer_inside.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/code.h"
#include "base/err.h"

enum {
	OUT_MAX = 32 * 1024 * 1024,
	SHOWN = 200,
	FAULTS = 8, /* of one case, that are told */
	FAULTS_TEXT = 16 * 1024,
};

void
fault_add(struct faults *f, const struct line *at, const char *format, ...)
{
	char text[1200];
	va_list ap;

	if (++f->n > FAULTS)
		return;
	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (f->text.max == 0)
		buf_init(&f->text, FAULTS_TEXT);
	buf_printf(&f->text, "%s:%u", at->file, at->number);
	if (at->row)
		buf_printf(&f->text, " (row %u)", at->row);
	buf_printf(&f->text, ": %s\n", text);
}

/* Where the script stands, for a fault. */
static const struct line *
here(const struct peer *p)
{
	const struct step *last = p->script->steps;

	if (p->at)
		return p->at->line;
	while (last && last->next)
		last = last->next;
	return last ? last->line : p->script->line;
}

void
peer_end(struct peer *p)
{
	if (p->fd >= 0)
		(void)close(p->fd);
	p->fd = -1;
}

void
peer_fail(struct peer *p, const char *what, struct str said)
{
	struct linger hard = {.l_onoff = 1};
	struct buf b;

	buf_init(&b, SHOWN + 8);
	code_inert(&b, said, SHOWN);
	fault_add(p->faults, here(p), "%.*s: %s%s%s",
	    STR_ARG(p->script->host->name), what, said.n > 0 ? ": " : "", b.p);
	buf_free(&b);
	p->lost = true;
	(void)setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	peer_end(p);
}

struct peer *
peer_new(
    int fd, const struct script *script, struct str wire, struct faults *faults)
{
	struct peer *p = calloc(1, sizeof(*p));
	int on = 1;

	if (p == NULL)
		err_memory();
	p->fd = fd;
	p->script = script;
	p->at = script->steps;
	p->wire = wire;
	p->faults = faults;
	buf_init(&p->in, PEER_IN_MAX);
	buf_init(&p->out, OUT_MAX);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return p;
}

void
peer_free(struct peer *p)
{
	peer_end(p);
	peer_tls_free(p->tls);
	buf_free(&p->in);
	buf_free(&p->out);
	free(p);
}

bool
peer_over(const struct peer *p)
{
	return p->fd < 0;
}

void
peer_thaw(struct peer *p)
{
	p->frozen = 0;
}

void
peer_unfinished(struct peer *p)
{
	if (p->at)
		peer_fail(p, "the script was not played to its end: here",
		    p->at->line->text);
	else
		peer_fail(p, "the client has not closed", STR(""));
}

/* Takes in what has come. */
static bool
receive(struct peer *p)
{
	char piece[65536];

	p->fresh = false;
	while (!p->eof && clock_now() >= p->frozen) {
		ssize_t n = recv(p->fd, piece, sizeof(piece), MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			break;
		p->fresh = true;
		if (n <= 0)
			p->eof = true;
		else if (p->tls == NULL)
			buf_add(&p->in, str_of(piece, (size_t)n));
		else if (peer_tls_feed(p->tls, str_of(piece, (size_t)n), &p->in,
			     &p->out) == PEER_TLS_READY)
			p->shaken = true;
	}
	return p->fresh;
}

bool
peer_forgiven(const struct peer *p)
{
	const struct step *s = p->at;

	while (s &&
	    (s->deed == DEED_SAY || s->deed == DEED_RAW ||
		s->deed == DEED_WAIT))
		s = s->next;
	return p->parting || (s && s->deed == DEED_GONE);
}

/* Sends what can be sent. */
static bool
flush(struct peer *p)
{
	size_t n = p->pace == PACE_WHOLE ? p->out.n : 1;
	ssize_t put;

	if (p->out.n == 0 || p->fd < 0 ||
	    (p->pace == PACE_TRICKLE && clock_now() < p->due))
		return false;
	put = send(p->fd, p->out.p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (put < 0 && errno == EAGAIN)
		return false;
	if (put < 0) {
		p->eof = true;
		buf_clear(&p->out);
		return true;
	}
	buf_shift(&p->out, (size_t)put);
	p->due = clock_now() + p->every;
	return true;
}

bool
peer_run(struct peer *p, int64_t *next)
{
	bool moved = p->fd >= 0 && receive(p);

	if (p->eof)
		p->resume = 0; /* there is nobody to wait for */
	for (;;) {
		moved |= flush(p);
		if (p->eof && p->out.n > 0 && p->fd >= 0) {
			if (!peer_forgiven(p))
				peer_fail(p,
				    "the client closed before it had heard"
				    " everything",
				    STR(""));
			buf_clear(&p->out);
		}
		if (p->fd < 0 || p->out.n > 0 || clock_now() < p->resume)
			break;
		if (!peer_play(p))
			break;
		moved = true;
	}
	if (p->fd < 0)
		return moved;
	if (p->out.n > 0 && p->pace == PACE_TRICKLE && p->due < *next)
		*next = p->due;
	if (p->resume > clock_now() && p->resume < *next)
		*next = p->resume;
	if (p->frozen > clock_now() && p->frozen < *next)
		*next = p->frozen;
	return moved;
}
