/* SPDX-License-Identifier: ISC */
/*
 * The message on its way, from the 354 to the last reply.  What comes before
 * the end of data is no verdict but a refusal; what comes behind it is all
 * that is ever known.
 */
#include <inttypes.h>

#include "os/sys.h"
#include "smtp/dialogue.h"

enum { BLOCK = 128 * 1024 };

/* A reply came, or the end, while we were still sending (D-45). */
static enum heard
early(struct session *s)
{
	enum heard heard = dialogue_reply(s, dialogue_until(s, WAIT_BLOCK));

	if (heard != HEARD_2YZ && heard != HEARD_3YZ)
		return heard;
	err_set(&s->fault, ERR_PEER, "a reply %u before the end of data",
	    s->reply.code);
	return HEARD_GARBAGE;
}

/* The next block of the message, stuffed, at the end of out. */
static enum heard
next_block(struct session *s)
{
	const struct content *content = &s->letter->content;
	uint64_t left = content->size - s->sent;
	size_t n = left < BLOCK ? (size_t)left : BLOCK;
	size_t got = 0;

	if (s->block == NULL) /* another message may be larger */
		s->block = buf_block(s->errand->letters > 1 ? BLOCK : n);
	while (got < n) {
		ssize_t more = sys_pread(content->fd, s->block + got, n - got,
		    (off_t)(s->sent + got));

		if (more < 0)
			err_sys(&s->fault, "reading the message");
		if (more == 0)
			err_set(
			    &s->fault, ERR_LIMIT, "the message became shorter");
		if (more <= 0)
			return HEARD_3YZ;
		got += (size_t)more;
	}
	s->sent += got;
	dots_feed(&s->dots, str_of(s->block, got), &s->out);
	return HEARD_2YZ;
}

/* Which of the letters it is. */
static size_t
number(const struct session *s)
{
	return (size_t)(s->letter - s->errand->letter);
}

enum heard
dialogue_body(struct session *s)
{
	uint64_t size = s->letter->content.size;

	for (;;) {
		enum heard heard;

		/* As late as can be: past it we outlive who could call us. */
		if (size - s->sent <= BLOCK)
			s->hooks->at_gate(
			    s->hooks->ctx, number(s), s->offered.dsn);
		heard = next_block(s);
		if (heard != HEARD_2YZ)
			return heard;
		if (s->sent == size)
			break;
		if (io_pending(s->io))
			return early(s);
		/* Who says no and takes nothing more is not waited for. */
		if (io_write_unless_heard(s->io, buf_str(&s->out),
			dialogue_until(s, WAIT_BLOCK), &s->fault) != 0)
			return io_pending(s->io) ? early(s) : HEARD_LOST;
		buf_clear(&s->out);
	}
	if (s->hooks->gate(s->hooks->ctx, number(s)))
		return io_pending(s->io) ? early(s) : HEARD_2YZ;
	err_set(&s->fault, ERR_LIMIT, "stopped before the end of data");
	return HEARD_3YZ;
}

/* Says the end of data, and with_quit; false: the connection is lost. */
static bool
send_dot(struct session *s, bool with_quit)
{
	struct buf b;

	dots_end(&s->dots, &s->out);
	if (s->hooks->show) {
		buf_init(&b, 128);
		buf_printf(&b, "(the message: %" PRIu64 " octets)",
		    s->letter->content.size);
		dialogue_show(s, "***", buf_str(&b));
		buf_free(&b);
	}
	dialogue_show(s, ">>>", STR("."));
	if (with_quit) {
		dialogue_show(s, ">>>", STR("QUIT (in the same write)"));
		buf_add(&s->out, STR("QUIT\r\n"));
		s->parted = true;
	}
	return dialogue_flush(s, WAIT_BLOCK);
}

/* Who refuses and hangs up, before he has it all, has refused all the same. */
static enum heard
last_words(struct session *s)
{
	enum heard last = io_pending(s->io)
	    ? dialogue_reply(s, dialogue_until(s, WAIT_BLOCK))
	    : HEARD_LOST;

	return last == HEARD_2YZ ? HEARD_LOST : last;
}

enum heard
dialogue_dot(struct session *s)
{
	enum heard heard;

	if (!send_dot(s, s->offered.pipelining && !dialogue_goes_on(s)))
		return last_words(s);
	heard = dialogue_reply(s, dialogue_until(s, WAIT_DOT));
	/* Any clear reply ends the transaction (RFC 5321, 4.1.1.4). */
	if (heard == HEARD_2YZ || heard == HEARD_4YZ || heard == HEARD_5YZ)
		s->open = false;
	return heard;
}

bool
dialogue_unjudged(struct session *s)
{
	size_t i = 0;

	while (i < s->letter->n && s->rcpt[i] != RCPT_ACCEPTED)
		i++;
	s->current = i;
	return i < s->letter->n;
}

enum heard
dialogue_each(struct session *s)
{
	/* No QUIT with it: where a reply is missing, the one to QUIT would be
	 * taken for a delivery. */
	if (!s->dotted)
		s->cut = !send_dot(s, false);
	s->dotted = true;
	/* What is said of each (RFC 2033, 4.2) ends the transaction. */
	s->open = false;
	return s->cut ? last_words(s)
		      : dialogue_reply(s, dialogue_until(s, WAIT_DOT));
}
