/* SPDX-License-Identifier: ISC */
/*
 * Pipelining needs no second machine.  dialogue_say runs ahead over steps
 * whose row says `ahead`: MAIL, every RCPT, and DATA, which ends the flight.
 * The session then walks the same steps and hears, saying nothing, until no
 * reply is owed.  A flight is bounded, so that neither side's buffers fill
 * while both are writing; io.h reads while it writes, besides.
 */
#include "smtp/dialogue.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/code.h"
#include "os/sys.h"
#include "smtp/command.h"

enum {
	FLIGHT_BYTES = 48 * 1024,
	FLIGHT_COMMANDS = 1024,
};

int64_t
dialogue_until(const struct session *s, enum wait wait)
{
	int64_t deadline = clock_now() + s->errand->wait[wait];

	return deadline < s->errand->deadline ? deadline : s->errand->deadline;
}

void
dialogue_show(const struct session *s, const char *mark, struct str line)
{
	if (s->hooks->show)
		s->hooks->show(s->hooks->ctx, mark, line);
}

void
dialogue_note(const struct session *s, enum log_level level, struct str line)
{
	dialogue_show(s, "***", line);
	s->hooks->log(s->hooks->ctx, level, line);
}

size_t
dialogue_next(const struct session *s, size_t i)
{
	while (i < s->letter->n && s->rcpt[i] == RCPT_JUDGED)
		i++;
	return i;
}

void
dialogue_turn(struct session *s, const struct letter *letter)
{
	s->letter = letter;
	s->rcpt = s->states + letter->first;
	s->next_said = s->next_heard = s->current = 0;
	s->accepted = 0;
	s->sent = 0;
	s->dots = (struct dots){0};
	s->dotted = s->cut = false;
}

const struct letter *
dialogue_more(const struct session *s)
{
	const struct letter *end = s->errand->letter + s->errand->letters;

	for (const struct letter *l = s->letter + 1; l < end; l++)
		for (size_t i = 0; i < l->n; i++)
			if (s->states[l->first + i] == RCPT_OPEN)
				return l;
	return NULL;
}

/* Appends one command line to what will be written. */
static void
command(struct session *s, struct str line)
{
	dialogue_show(s, ">>>", line);
	buf_add(&s->out, line);
	buf_add(&s->out, STR("\r\n"));
	s->owed++;
}

static void
put_helo(struct buf *b, const char *verb, const struct errand *errand)
{
	buf_printf(b, "%s %.*s", verb, STR_ARG(errand->helo));
}

/* Puts the command of a step into out; false when it has none left to say. */
static bool
put_command(struct session *s, enum step step)
{
	struct buf b;

	buf_init(&b, 4096);
	switch (step) {
	case STEP_EHLO:
	case STEP_HELO:
	case STEP_LHLO:
		put_helo(&b, script[step].command, s->errand);
		break;
	case STEP_MAIL:
		s->open = true;
		command_mail(&b, s->letter, &s->offered);
		break;
	case STEP_RCPT:
		s->next_said = dialogue_next(s, s->next_said);
		if (s->next_said == s->letter->n)
			break;
		command_rcpt(&b, s->letter, s->next_said, &s->offered);
		s->next_said++;
		break;
	case STEP_DATA:
		s->data_owed = true;
		buf_add(&b, STR("DATA"));
		break;
	case STEP_STARTTLS:
	case STEP_RSET:
	case STEP_QUIT:
		buf_add(&b, str_c(script[step].command));
		break;
	case STEP_WRAP:
	case STEP_GREETING:
	case STEP_SHAKE:
	case STEP_SECURE:
	case STEP_LOGIN:
	case STEP_AUTH:
	case STEP_ANSWER:
	case STEP_READY:
	case STEP_BODY:
	case STEP_DOT:
	case STEP_EACH:
	case STEP_NEXT:
	case STEP_END:
	default:
		break;
	}
	bool some = b.n > 0;

	if (some)
		command(s, buf_str(&b));
	buf_free(&b);
	return some;
}

bool
dialogue_flush(struct session *s, enum wait wait)
{
	bool written = io_write(s->io, buf_str(&s->out),
			   dialogue_until(s, wait), &s->fault) == 0;

	buf_clear(&s->out);
	return written;
}

enum heard
dialogue_say(struct session *s, enum step step)
{
	enum wait wait = script[step].wait;

	if (s->owed > 0)
		return HEARD_2YZ;
	if (s->offered.pipelining && script[step].ahead)
		dialogue_show(s, "***",
		    STR("(PIPELINING: what follows goes in one write; the "
			"replies come in the same order)"));
	put_command(s, step);
	while (s->offered.pipelining && script[step].ahead &&
	    s->out.n < FLIGHT_BYTES && s->owed < FLIGHT_COMMANDS) {
		/* RSET is followed by MAIL, MAIL by the RCPTs, the last RCPT
		 * by DATA. */
		if (step == STEP_RSET || step == STEP_MAIL)
			step = script[step].on[HEARD_2YZ].next;
		if (!put_command(s, step)) {
			step = script[step].otherwise;
			put_command(s, step);
		}
	}
	/* A reply that came before the connection was lost still counts. */
	return dialogue_flush(s, wait) || io_pending(s->io) ? HEARD_2YZ
							    : HEARD_LOST;
}

static void
show_reply(const struct session *s)
{
	struct str rest = buf_str(&s->reply.text);
	struct str line;
	/* With what is known of a challenge, who listened could guess the
	 * password. */
	bool hidden =
	    s->login.begun && !s->login.done && s->reply.code / 100 == 3;
	struct buf b;

	if (s->hooks->show == NULL)
		return;
	buf_init(&b, REPLY_LINE_KEPT + 8);
	while (rest.n > 0 && str_split(&rest, '\n', &line)) {
		buf_clear(&b);
		if (s->reply.fault == NULL)
			buf_printf(
			    &b, "%u%c", s->reply.code, rest.n > 0 ? '-' : ' ');
		buf_add(&b, hidden ? STR("<hidden>") : line);
		dialogue_show(s, "", buf_str(&b));
	}
	buf_free(&b);
}

static enum heard
class_of(const struct session *s)
{
	static const enum heard by_digit[] = {
	    [2] = HEARD_2YZ,
	    [3] = HEARD_3YZ,
	    [4] = HEARD_4YZ,
	    [5] = HEARD_5YZ,
	};

	return s->reply.code == 421 ? HEARD_421 : by_digit[s->reply.code / 100];
}

enum heard
dialogue_reply(struct session *s, int64_t deadline)
{
	enum reply_state state = REPLY_MORE;

	reply_start(&s->reply);
	while (state == REPLY_MORE) {
		struct str in = io_unread(s->io);
		size_t before = in.n;

		state = reply_feed(&s->reply, &in);
		io_consume(s->io, before - in.n);
		if (state == REPLY_MORE &&
		    io_fill(s->io, deadline, &s->fault) < 0)
			return HEARD_LOST;
	}
	dialogue_hide(s);
	show_reply(s);
	if (state == REPLY_DONE)
		return class_of(s);

	struct buf said;

	buf_init(&said, 512);
	reply_print(&said, &s->reply, 200);
	err_set(&s->fault, ERR_PEER, "%s: \"%s\"", s->reply.fault, said.p);
	buf_free(&said);
	return HEARD_GARBAGE;
}

enum heard
dialogue_hear(struct session *s, enum step step)
{
	enum heard heard =
	    dialogue_reply(s, dialogue_until(s, script[step].wait));

	if (s->owed > 0)
		s->owed--;
	if (step == STEP_RCPT) {
		s->current = dialogue_next(s, s->next_heard);
		s->next_heard = s->current + 1;
	}
	if (step == STEP_DATA)
		s->data_owed = false;
	if (step == STEP_RSET && heard == HEARD_2YZ)
		s->open = false;
	if (step == STEP_EHLO || step == STEP_HELO || step == STEP_LHLO)
		s->offered = (struct extend){0};
	if ((step == STEP_EHLO || step == STEP_LHLO) && heard == HEARD_2YZ)
		extend_read(&s->offered, buf_str(&s->reply.text));
	return heard;
}

enum heard
dialogue_shake(struct session *s)
{
	const struct errand *errand = s->errand;
	struct buf b;

	/* Nothing may stand between the 220 and the handshake (E-03). */
	if (io_unread(s->io).n > 0) {
		err_set(&s->fault, ERR_PEER,
		    "it sent more behind its reply to STARTTLS");
		return HEARD_GARBAGE;
	}
	if (tls_start(s->tls, s->io, errand_subject(errand), errand->domain,
		dialogue_until(s, WAIT_STARTTLS), &s->proof, &s->fault) < 0) {
		s->reach = REACH_STARTTLS;
		return HEARD_LOST;
	}
	s->encrypted = true;
	s->offered = (struct extend){0};
	buf_init(&b, 512);
	buf_printf(&b,
	    "%s TLS connection established to %.*s: "
	    "%s with cipher %s (%d bits)",
	    s->proof.verified ? "Verified" : "Untrusted",
	    STR_ARG(s->hooks->peer), s->proof.version, s->proof.cipher,
	    s->proof.bits);
	dialogue_note(s, LOG_LEVEL_INFO, buf_str(&b));
	if (s->hooks->show)
		dialogue_show(s, "***",
		    s->proof.verified
			? STR("(encrypted; the server is who it says)")
			: STR("(encrypted; nobody knows with whom)"));
	buf_free(&b);
	return HEARD_2YZ;
}

enum heard
dialogue_check(struct session *s)
{
	const struct content *content = &s->letter->content;

	if (s->letter->utf8 && !s->offered.utf8) {
		err_set(&s->fault, ERR_LIMIT,
		    "an address is not ASCII, and the host does not offer "
		    "SMTPUTF8");
		return HEARD_4YZ;
	}
	s->reach = REACH_SESSION;
	if (s->offered.size_max > 0 && content->size > s->offered.size_max) {
		err_set(&s->fault, ERR_LIMIT,
		    "the message has %" PRIu64
		    " octets, and the host takes %" PRIu64 " at most",
		    content->size, s->offered.size_max);
		return HEARD_5YZ;
	}
	if (content->eightbit && !s->offered.eightbit)
		dialogue_note(s, LOG_LEVEL_INFO,
		    STR("8-bit content is sent as it is, although the host "
			"does not offer 8BITMIME"));
	return HEARD_2YZ;
}

bool
dialogue_drain(struct session *s)
{
	/* What is still to come decides nothing: no long wait for it. */
	int64_t deadline = dialogue_until(s, WAIT_QUIT);
	bool accepted = s->accepted > 0;

	while (s->owed > 0) {
		bool data = s->data_owed && s->owed == 1;
		enum heard heard = dialogue_reply(s, deadline);

		s->owed--;
		s->data_owed = s->data_owed && !data;
		if (heard == HEARD_421 || heard == HEARD_GARBAGE ||
		    heard == HEARD_LOST)
			return false;
		accepted = accepted || (!data && heard == HEARD_2YZ);
		if (!data || heard != HEARD_3YZ)
			continue;
		/* For whom it accepted, a lone dot would be a message; and with
		 * LMTP nobody knows how many replies it would have. */
		if (accepted || s->errand->lmtp)
			return false;
		dialogue_show(s, ">>>", STR("."));
		buf_add(&s->out, STR(".\r\n"));
		if (!dialogue_flush(s, WAIT_QUIT))
			return false;
		heard = dialogue_reply(s, deadline);
		if (heard == HEARD_421 || heard == HEARD_GARBAGE ||
		    heard == HEARD_LOST)
			return false;
	}
	return true;
}

void
dialogue_part(struct session *s)
{
	/* With the dot QUIT went along. */
	if (s->parted)
		return;
	put_command(s, STEP_QUIT);
	s->owed = 0;
	(void)dialogue_flush(s, WAIT_QUIT);
}
