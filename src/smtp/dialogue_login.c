/* SPDX-License-Identifier: ISC */
/*
 * The login (RFC 4954): base64, lines and bounds around smtp/auth.h.
 *
 * The secret is in three buffers besides the one that the caller has, none
 * of which ever grows, so that no copy stays behind: the response, the line
 * that it is said in, and what must not be shown of it.
 */
#include "smtp/dialogue.h"

#include "base/code.h"
#include "os/sys.h"

enum {
	COMMAND = 512, /* octets of the AUTH command, with CRLF (4) */
	REFUSALS = 3,  /* mechanisms tried in one session (F-21) */
	NONCE = 18,
	RESPONSE = AUTH_SECRET + 4096,
	LINE = RESPONSE / 3 * 4 + 64,
};

/* A buffer that has all the room that it will ever have. */
static void
init_closed(struct buf *b, size_t max)
{
	buf_init(b, max);
	(void)buf_room(b, max);
}

void
dialogue_login(struct session *s, const struct auth_who *who)
{
	struct session_login *l = &s->login;

	*l = (struct session_login){.who = who};
	if (who == NULL)
		return;
	init_closed(&l->coded, LINE);
	init_closed(&l->first, LINE);
	code_base64(&l->coded, who->secret);
}

void
dialogue_logout(struct session *s)
{
	struct session_login *l = &s->login;

	if (l->who == NULL)
		return;
	if (l->begun)
		auth_free(&l->auth);
	buf_wipe(&l->coded);
	buf_wipe(&l->first);
}

void
dialogue_hide(struct session *s)
{
	struct session_login *l = &s->login;

	if (l->who == NULL)
		return;
	/* One may stand within another. */
	auth_hide(&s->reply.text, buf_str(&l->first));
	auth_hide(&s->reply.text, buf_str(&l->coded));
	auth_hide(&s->reply.text, l->who->secret);
}

/* The mechanisms of a set, for people. */
static void
put_mechs(struct buf *b, unsigned mechs)
{
	const char *before = "";

	for (enum mech mech = 0; mech < MECHS; mech++) {
		if (!(mechs & 1U << mech))
			continue;
		buf_printf(b, "%s%s", before, mech_name(mech));
		before = " ";
	}
}

static struct auth_channel
channel(const struct session *s)
{
	const struct tls_binding *b = &s->login.binding;

	return (struct auth_channel){
	    .encrypted = s->encrypted,
	    .binding_name = s->encrypted ? str_c(b->name) : STR_NONE,
	    .binding = str_of((const char *)b->bytes, b->n),
	};
}

/* Why there is no way to log in. */
static void
explain(struct session *s)
{
	unsigned offered = s->offered.mechs;
	struct buf b;

	buf_init(&b, 300);
	if (offered == 0)
		buf_add(&b,
		    STR("a user and a password are configured, and the host "
			"offers no login that we know"));
	else
		put_mechs(&b, offered);
	if (offered == 0 && !s->encrypted)
		buf_add(&b, STR(" without TLS"));
	else if (offered != 0 && !s->encrypted)
		buf_add(&b,
		    STR(": this is all that the host offers, and the "
			"connection is not encrypted: nothing is said that "
			"others could use"));
	else if (offered != 0)
		buf_add(&b,
		    STR(": this is all that the host offers, and none of "
			"them may be used by the configuration"));
	err_set(&s->fault, ERR_LIMIT, "%s", b.p);
	buf_free(&b);
}

enum heard
dialogue_choose(struct session *s)
{
	struct session_login *l = &s->login;
	struct auth_channel c;
	enum mech mech = MECHS;
	unsigned refusals = 0;

	s->reach = REACH_SESSION;
	for (enum mech m = 0; m < MECHS; m++)
		refusals += l->tried >> m & 1;
	if (s->encrypted && l->binding.name == NULL)
		tls_bind(s->io, &l->binding);
	c = channel(s);
	if (refusals < REFUSALS)
		mech = auth_choose(
		    s->errand->login, s->offered.mechs, l->tried, &c);
	if (mech == MECHS && refusals > 0)
		return HEARD_5YZ;
	if (mech == MECHS) {
		explain(s);
		return HEARD_4YZ;
	}
	if (l->begun)
		auth_free(&l->auth);
	l->begun = false;

	unsigned char bytes[NONCE];
	struct buf nonce;

	if (sys_random(bytes, sizeof(bytes)) < 0) {
		err_sys(&s->fault, "no random bytes");
		return HEARD_3YZ;
	}
	buf_init(&nonce, sizeof(l->nonce) - 1);
	code_base64(&nonce, str_of((const char *)bytes, sizeof(bytes)));
	memcpy(l->nonce, nonce.p, nonce.n + 1);
	buf_free(&nonce);
	auth_init(&l->auth, mech, s->errand->login, l->who, s->offered.mechs,
	    &c, str_c(l->nonce));
	l->begun = true;
	return HEARD_2YZ;
}

/* One line, of which only `shown` is for others. */
static enum heard
say(struct session *s, struct str shown, struct buf *line, enum step step)
{
	bool written;

	dialogue_show(s, ">>>", shown);
	buf_add(line, STR("\r\n"));
	written = io_write(s->io, buf_str(line),
		      dialogue_until(s, script[step].wait), &s->fault) == 0;
	/* A reply that came before the connection was lost still counts. */
	return written || io_pending(s->io) ? HEARD_2YZ : HEARD_LOST;
}

/* AUTH, and the first response with it where the line has room (4). */
static enum heard
say_first(struct session *s)
{
	struct session_login *l = &s->login;
	struct auth *a = &l->auth;
	struct buf response, line, shown;
	enum heard heard = HEARD_2YZ;

	init_closed(&response, RESPONSE);
	init_closed(&line, LINE);
	buf_init(&shown, 100);
	buf_printf(&line, "AUTH %s", mech_name(a->mech));
	buf_add(&shown, buf_str(&line));
	buf_clear(&l->first);
	if (auth_is_first(a->mech)) {
		size_t bare = line.n;

		if (auth_answer(a, STR_NONE, &response, &s->fault) < 0)
			heard = HEARD_GARBAGE;
		code_base64(&l->first, buf_str(&response));
		buf_byte(&line, ' ');
		buf_add(&line, l->first.n > 0 ? buf_str(&l->first) : STR("="));
		if (line.n + 2 > COMMAND) {
			buf_cut(&line, bare);
			a->turn = 0;
		} else {
			buf_add(&shown, STR(" <hidden>"));
		}
	}
	if (heard == HEARD_2YZ)
		heard = say(s, buf_str(&shown), &line, STEP_AUTH);
	buf_free(&shown);
	buf_wipe(&line);
	buf_wipe(&response);
	return heard;
}

/* The response to the challenge that is in the reply; -1 with the fault. */
static int
answer(struct session *s, struct buf *response)
{
	struct auth *a = &s->login.auth;
	struct str coded = str_trim(buf_str(&s->reply.text));
	struct buf challenge;
	int result = 0;

	buf_init(&challenge, REPLY_LINE_KEPT);
	/* Prompts of LOGIN say nothing, and some are no base64 (F-07). */
	if (!code_unbase64(&challenge, coded) && a->mech != MECH_LOGIN)
		result =
		    err_set(&s->fault, ERR_PEER, "the challenge is no base64");
	else
		result =
		    auth_answer(a, buf_str(&challenge), response, &s->fault);
	buf_free(&challenge);
	return result;
}

static enum heard
say_answer(struct session *s)
{
	struct buf response, line;
	enum heard heard;

	init_closed(&response, RESPONSE);
	init_closed(&line, LINE);
	if (answer(s, &response) < 0) {
		/* It is cancelled, and what is said to that does not matter. */
		buf_add(&line, STR("*"));
		(void)say(s, STR("*"), &line, STEP_ANSWER);
		s->owed++;
		heard = HEARD_GARBAGE;
	} else {
		code_base64(&line, buf_str(&response));
		heard = say(s, response.n > 0 ? STR("<hidden>") : STR(""),
		    &line, STEP_ANSWER);
	}
	buf_wipe(&line);
	buf_wipe(&response);
	return heard;
}

/* A mechanism was refused, and why, if the server has said that, too. */
static void
refused(struct session *s)
{
	struct session_login *l = &s->login;
	struct buf b;

	l->tried |= 1U << l->auth.mech;
	buf_init(&b, 1000);
	buf_printf(
	    &b, "warning: %.*s refuses the login of ", STR_ARG(s->hooks->peer));
	code_inert(&b, l->who->user, 200);
	buf_printf(&b, " by %s%s%s: ", mech_name(l->auth.mech),
	    l->auth.said.n > 0 ? ": " : "", l->auth.said.p);
	reply_print(&b, &s->reply, 300);
	if (s->reply.code == 535)
		buf_add(&b, STR("; are the user and the password right?"));
	dialogue_note(s, LOG_LEVEL_WARNING, buf_str(&b));
	buf_free(&b);
}

/* It says that we are in; that is not all that there is to know. */
static enum heard
accepted(struct session *s)
{
	struct session_login *l = &s->login;
	struct buf b;

	if (!auth_is_done(&l->auth)) {
		err_set(&s->fault, ERR_PEER,
		    "the login was accepted before its end: the host has not "
		    "proved who it is");
		return HEARD_GARBAGE;
	}
	l->done = true;
	if (l->auth.scram.rounds > 0 &&
	    l->auth.scram.rounds < SCRAM_ROUNDS_MIN) {
		buf_init(&b, 400);
		buf_printf(&b,
		    "warning: %.*s keeps the password by %d rounds only, "
		    "which is easy to break",
		    STR_ARG(s->hooks->peer), l->auth.scram.rounds);
		dialogue_note(s, LOG_LEVEL_WARNING, buf_str(&b));
		buf_free(&b);
	}
	return HEARD_2YZ;
}

enum heard
dialogue_auth(struct session *s, enum step step)
{
	enum heard heard = step == STEP_AUTH ? say_first(s) : say_answer(s);

	if (heard != HEARD_2YZ)
		return heard;
	heard = dialogue_hear(s, step);
	if (heard == HEARD_5YZ)
		refused(s);
	return heard == HEARD_2YZ ? accepted(s) : heard;
}
