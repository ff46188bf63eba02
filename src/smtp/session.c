/* SPDX-License-Identifier: ISC */
#include "smtp/session.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/code.h"
#include "base/err.h"
#include "smtp/dialogue.h"

enum {
	SESSION_OUT_MAX = 320 * 1024,
	TEXT_MAX = 1000,
	/* What fits into a command of 512 octets (RFC 5321, 4.5.3.1.4). */
	RCPT_MAX = 512 - (int)sizeof("RCPT TO:<>\r\n") + 1,
	MAIL_MAX = 512 - (int)sizeof("MAIL FROM:<>\r\n") + 1,
};

static bool
applies(struct session *s, enum when when)
{
	switch (when) {
	case WHEN_WRAPPED:
		return s->errand->encrypted;
	case WHEN_SMTP:
		return !s->errand->lmtp;
	case WHEN_TLS:
		return s->errand->tls != TLS_LEVEL_NONE &&
		    s->offered.starttls && !s->encrypted && s->tls != NULL;
	case WHEN_LOGIN:
		return s->errand->login != NULL && s->login.who != NULL &&
		    !s->login.done;
	case WHEN_MAIL:
		return !s->errand->look;
	case WHEN_UNSETTLED:
		return s->open;
	case WHEN_RCPT:
		return dialogue_next(s, s->next_heard) < s->letter->n;
	case WHEN_ACCEPTED:
		return s->accepted > 0;
	case WHEN_UNJUDGED:
		return dialogue_unjudged(s);
	case WHEN_MORE:
		return dialogue_goes_on(s);
	case WHEN_ALWAYS:
	default:
		return true;
	}
}

static void
judge_one(struct session *s, size_t i, const struct status *status)
{
	if (s->rcpt[i] == RCPT_JUDGED)
		return;
	s->rcpt[i] = RCPT_JUDGED;
	s->hooks->rcpt(s->hooks->ctx, s->letter->first + i, status);
}

static enum heard
turn(struct session *s)
{
	if (!dialogue_drain(s))
		return HEARD_LOST;
	/* It would be taken for the reply to the next command, and the replies
	 * for those to the commands before. */
	if (io_unread(s->io).n > 0) {
		err_set(&s->fault, ERR_PEER, "it said more than it was asked");
		return HEARD_LOST;
	}
	dialogue_turn(s, dialogue_more(s));
	return HEARD_2YZ;
}

/* Is the channel as safe as it has to be? */
static enum heard
prove(struct session *s)
{
	if (s->encrypted || s->errand->tls <= TLS_LEVEL_MAY)
		return HEARD_2YZ;
	err_set(&s->fault, ERR_PEER,
	    s->offered.starttls
		? "TLS is demanded, and the host refused STARTTLS"
		: s->errand->lmtp
		? "TLS is demanded, and the host does not offer STARTTLS; few "
		  "do with LMTP: tls = none sends it in clear text"
		: "TLS is demanded, and the host does not offer STARTTLS; is "
		  "this the right port? submissions (465) has TLS from the "
		  "first byte");
	return HEARD_4YZ;
}

static enum heard
perform(struct session *s, enum step step)
{
	switch (script[step].act) {
	case ACT_HEAR:
		return dialogue_hear(s, step);
	case ACT_SHAKE:
		return dialogue_shake(s);
	case ACT_PROVE:
		return prove(s);
	case ACT_CHOOSE:
		return dialogue_choose(s);
	case ACT_AUTH:
		return dialogue_auth(s, step);
	case ACT_CHECK:
		dialogue_limits(s, judge_one);
		return dialogue_check(s);
	case ACT_BODY:
		return dialogue_body(s);
	case ACT_DOT:
		return dialogue_dot(s);
	case ACT_EACH:
		return dialogue_each(s);
	case ACT_NEXT:
		return turn(s);
	case ACT_PART:
		dialogue_part(s);
		return HEARD_2YZ;
	case ACT_SAY:
	default:
		if (dialogue_say(s, step) != HEARD_2YZ)
			return HEARD_LOST;
		return dialogue_hear(s, step);
	}
}

/* The status of a reply that was read. */
static struct status
replied(struct session *s, const struct row *row, enum blame blame,
    struct buf *text)
{
	struct status status;
	struct buf words;

	buf_init(&words, TEXT_MAX);
	reply_print(&words, &s->reply, TEXT_MAX - 100);
	/* The enhanced code stands behind the reply code and a space. */
	status = status_reply(
	    blame, s->reply.code, str_slice(buf_str(&words), 4, words.n));
	buf_add(text, buf_str(&words));
	buf_free(&words);
	if (status.outcome != OUTCOME_DELIVERED && row->command)
		buf_printf(text, " (in reply to %s command)", row->command);
	if (status.outcome != OUTCOME_DELIVERED && !row->command)
		buf_add(text, STR(" (in its greeting)"));
	return status;
}

/* The status of what is no reply: garbage, a loss, or our own word. */
static struct status
unreplied(struct session *s, const struct row *row, enum blame blame,
    enum heard heard, struct buf *text)
{
	const char *enhanced = "4.5.0";

	if (heard == HEARD_GARBAGE) {
		buf_printf(text, "protocol error while %s: ", row->doing);
	} else if (row->act == ACT_CHECK) {
		enhanced = heard == HEARD_5YZ ? "5.3.4" : "5.6.7";
	} else if (row->act == ACT_PROVE) {
		enhanced = "4.7.4";
	} else if (row->act == ACT_CHOOSE) {
		enhanced = "4.7.0";
	} else if (heard == HEARD_LOST && row->act == ACT_SHAKE) {
		enhanced = "4.7.5";
		buf_add(text, STR("TLS handshake failed: "));
	} else if (heard == HEARD_LOST) {
		enhanced = "4.4.2";
		buf_printf(text, "conversation ended while %s: ", row->doing);
	} else {
		enhanced = "4.3.0";
	}
	code_inert(text, str_c(s->fault.text), TEXT_MAX - text->n);
	return status_own(blame, enhanced, STR_NONE);
}

/*
 * A 552 to RCPT behind recipients that were accepted means "too many", as 452
 * does (RFC 5321, 4.5.3.1.10), unless its own code speaks of the mailbox or
 * the size (D-30).
 */
static bool
too_many(const struct session *s, const struct status *status)
{
	struct status plain;

	if (status->code != 552 || s->accepted == 0)
		return false;
	plain = status_reply(
	    BLAME_NONE, 552, str_slice(status->text, 4, status->text.n));
	return plain.enhanced[1] != 2 &&
	    !(plain.enhanced[1] == 3 && plain.enhanced[2] == 4);
}

static struct status
status_of(struct session *s, enum step step, enum blame blame, enum heard heard,
    struct buf *text)
{
	const struct row *row = &script[step];
	bool reply = heard <= HEARD_421 && row->act != ACT_CHECK &&
	    row->act != ACT_SHAKE && row->act != ACT_PROVE &&
	    !(row->act == ACT_CHOOSE && heard != HEARD_5YZ) &&
	    !(row->act == ACT_BODY && heard == HEARD_3YZ);
	struct status status;

	buf_clear(text);
	status = reply ? replied(s, row, blame, text)
		       : unreplied(s, row, blame, heard, text);
	status.text = buf_str(text);
	if (step == STEP_RCPT && too_many(s, &status))
		status = status_recode(status, "4.5.3");
	/*
	 * "Authenticate", or "use TLS": the host's wish, not a word on the
	 * sender (F-20); the next host may not have it.
	 */
	if (step == STEP_MAIL && status.code == 530) {
		status = status_recode(status, "4.7.0");
		if (s->errand->login == NULL)
			buf_add(text,
			    STR(" (the host wants a login, and none is "
				"configured for it)"));
		status.text = buf_str(text);
	}
	/* A 2yz where it is no delivery is a trouble of now. */
	if (blame == BLAME_HOST && status.outcome == OUTCOME_DELIVERED)
		status = status_recode(status, "4.5.0");
	/*
	 * Only a greeting, or what it does not offer, can be a host's word for
	 * good; a 5yz to anything else that is its own fault, or ours, as a
	 * wrong password is (F-18), is a trouble of now.
	 */
	if ((blame == BLAME_HOST || blame == BLAME_US) &&
	    row->act != ACT_HEAR && row->act != ACT_CHECK &&
	    status.outcome == OUTCOME_FAILED) {
		status.outcome = OUTCOME_DEFERRED;
		status.enhanced[0] = 4;
	}
	return status;
}

/* Whoever keeps the verdicts hears this one first. */
static bool
keep(const struct session *s, size_t i, size_t n, const struct status *status)
{
	return s->hooks->verdict == NULL ||
	    s->hooks->verdict(s->hooks->ctx, s->letter->first + i, n, status);
}

/*
 * A verdict on the message: for n of its recipients from i on, who are told one
 * by one when it has been kept.
 */
static void
judge_message(
    struct session *s, size_t i, size_t n, bool kept, struct status status)
{
	if (!kept)
		status = status_own(BLAME_DOUBT, "4.3.0",
		    STR("the verdict could not be written down: it "
			"may be delivered twice"));
	for (size_t end = i + n; i < end; i++)
		judge_one(s, i, &status);
}

/*
 * The one place where blame becomes consequence: whom a verdict concerns.
 */
static void
judge(struct session *s, enum step step, enum blame blame, enum heard heard,
    struct session_end *end, struct buf *text)
{
	/* With LMTP each hears of the message for himself. */
	const bool one = script[step].act == ACT_EACH && blame == BLAME_RCPT;
	const bool taken =
	    (one || blame == BLAME_MESSAGE) && heard == HEARD_2YZ;
	const size_t first = one ? s->current : 0;
	const size_t n = one ? 1 : s->letter->n;
	struct status status;
	bool kept = true;

	if (blame == BLAME_NONE) {
		if (step == STEP_RCPT) {
			s->rcpt[s->current] = RCPT_ACCEPTED;
			s->accepted++;
		}
		return;
	}
	/* Before its words, which take memory that there may not be. */
	if (taken) {
		status = status_own(blame, "2.0.0", STR_NONE);
		kept = keep(s, first, n, &status);
	}
	status = status_of(s, step, blame, heard, text);
	if (blame == BLAME_HOST || blame == BLAME_US) {
		end->status = status;
	} else if (blame == BLAME_RCPT && !one) {
		judge_one(s, s->current, &status);
	} else {
		if (!taken)
			kept = keep(s, first, n, &status);
		judge_message(s, first, n, kept, status);
	}
}

static bool
sayable(struct str path, size_t max)
{
	if (path.n > max)
		return false;
	for (size_t i = 0; i < path.n; i++)
		if ((unsigned char)path.p[i] < ' ' || path.p[i] == 127)
			return false;
	return true;
}

/*
 * The last gate for what others wrote (J-01, D-13): a path that no command
 * line can carry is refused before anything is said.
 */
static void
refuse_unsayable(struct session *s)
{
	const struct letter *letter = s->letter;
	struct status status = status_own(BLAME_RCPT, "5.1.3",
	    STR("this address cannot be written in a command"));

	for (size_t i = 0; i < letter->n; i++)
		if (!sayable(letter->to[i], RCPT_MAX))
			judge_one(s, i, &status);
	if (sayable(letter->from, MAIL_MAX))
		return;
	status = status_own(BLAME_SENDER, "5.1.7",
	    STR("the sender address cannot be written in a command"));
	for (size_t i = 0; i < letter->n; i++)
		judge_one(s, i, &status);
}

/* Turns to the first letter that has somebody to name. */
static bool
begin(struct session *s)
{
	for (size_t i = 0; i < s->errand->letters; i++) {
		dialogue_turn(s, &s->errand->letter[i]);
		if (dialogue_next(s, 0) < s->letter->n)
			return true;
	}
	return false;
}

/*
 * TLS that breaks before it has carried anything but EHLO is as good as a
 * handshake that failed (E-17): TLS 1.3 tells of some failures only then.
 * Silence is not: that would be waited for twice.
 */
static bool
tls_broke(const struct session *s)
{
	return s->encrypted && s->reach == REACH_CONNECTED &&
	    s->fault.kind == ERR_CLOSED;
}

/* For who only looks: a handshake, or a reply to what comes before the mail. */
static void
tell_seen(const struct session *s, enum step step, enum heard heard)
{
	enum act act = script[step].act;
	struct sight sight = {step, s->encrypted,
	    act == ACT_SHAKE ? NULL : &s->reply, &s->proof, s->io};

	if (s->hooks->seen == NULL || heard > HEARD_421)
		return;
	if (act == ACT_HEAR || act == ACT_SAY || act == ACT_SHAKE)
		s->hooks->seen(s->hooks->ctx, &sight);
}

static void
converse(struct session *s, struct session_end *end, struct buf *text)
{
	enum step step = STEP_WRAP;

	while (step != STEP_END) {
		const struct row *row = &script[step];
		const struct cell *cell;
		enum heard heard;

		if (!applies(s, row->when)) {
			step = row->otherwise;
			continue;
		}
		if (row->act == ACT_PART && !dialogue_drain(s))
			return;
		heard = perform(s, step);
		if (heard == HEARD_LOST && tls_broke(s))
			s->reach = REACH_STARTTLS;
		tell_seen(s, step, heard);
		cell = &row->on[heard];
		assert(cell->filled);
		judge(s, step, cell->blame, heard, end, text);
		step = cell->next;
	}
}

struct session_end
session_run(struct io *io, struct tls *tls, const struct auth_who *who,
    const struct errand *errand, const struct session_hooks *hooks,
    struct buf *text)
{
	struct session_end end = {0};
	static const struct letter none; /* for who only looks */
	struct session s = {
	    .io = io,
	    .tls = tls,
	    .errand = errand,
	    .letter = &none,
	    .hooks = hooks,
	    .reach = REACH_CONNECTED,
	    .begun = clock_now(),
	};

	s.states = calloc(errand_recipients(errand) + 1, 1);
	if (s.states == NULL)
		err_memory();
	/* A block can double by dots; commands are far less. */
	buf_init(&s.out, SESSION_OUT_MAX);
	reply_init(&s.reply);
	dialogue_login(&s, who);
	for (size_t i = 0; i < errand->letters; i++) {
		dialogue_turn(&s, &errand->letter[i]);
		refuse_unsayable(&s);
	}
	if (begin(&s) || errand->look)
		converse(&s, &end, text);
	end.reach = s.reach;
	dialogue_logout(&s);
	reply_free(&s.reply);
	buf_free(&s.out);
	buf_block_free(s.block);
	free(s.states);
	return end;
}
