/* SPDX-License-Identifier: ISC */
/*
 * The primitives of a session: to say, to hear, to shake hands, to send the
 * body.  Each returns what came back in the script's classes and decides
 * nothing.  Only smtp/session.c is a caller.
 */
#ifndef SMTP_DIALOGUE_H
#define SMTP_DIALOGUE_H

#include "mail/stuff.h"
#include "net/tls.h"
#include "smtp/auth.h"
#include "smtp/extend.h"
#include "smtp/hooks.h"
#include "smtp/reply.h"
#include "smtp/script.h"

enum rcpt_state { RCPT_OPEN, RCPT_ACCEPTED, RCPT_JUDGED };

/* How far the login is. */
struct session_login {
	const struct auth_who *who; /* NULL: nobody in particular */
	struct tls_binding binding;
	char nonce[40];
	struct auth auth; /* the exchange that goes on */
	bool begun;	  /* there is one */
	bool done;	  /* the server knows who we are */
	unsigned tried;	  /* mechanisms that were refused, as bits */
	struct buf coded; /* the secret in base64 */
	struct buf first; /* and with the name, in the form that was said */
};

struct session {
	struct io *io;
	struct tls *tls;
	const struct errand *errand;
	const struct letter *letter; /* whose transaction it is */
	const struct session_hooks *hooks;
	struct extend offered; /* by the channel as it is now */
	struct tls_proof proof;
	bool encrypted;
	enum reach reach;
	struct session_login login;

	/*
	 * Two cursors: commands are said ahead of the replies that are
	 * heard, and meet them at a step that is not `ahead`.
	 */
	unsigned char *states; /* enum rcpt_state, of all letters */
	unsigned char *rcpt;   /* those of this one */
	size_t next_said;      /* the recipient whose RCPT is said next */
	size_t next_heard;     /* whose reply comes next */
	size_t current;	       /* whose reply came last, or is due */
	size_t accepted;
	bool open;   /* the server may think that a transaction is going on */
	size_t owed; /* replies to commands already said */
	bool data_owed; /* the last of them is to DATA */
	bool parted;	/* QUIT has been said */
	bool counted;	/* who is within the host's limits */
	int64_t begun;	/* clock_now */

	struct buf out; /* what is about to be written */
	char *block;	/* of the message, while it is sent */
	struct dots dots;
	uint64_t sent; /* octets of the message that were read */
	bool dotted;   /* its end has been said, */
	bool cut;      /* but could not be written */
	struct reply reply;
	struct err fault; /* why it is garbage, lost, or our own trouble */
};

/* The letter's first recipient from i on that can be named; its n if none. */
size_t dialogue_next(const struct session *, size_t i);

/* Begins the transaction of the letter. */
void dialogue_turn(struct session *, const struct letter *);

/* Does another letter come behind this one, with somebody to name? */
const struct letter *dialogue_more(const struct session *);

/* And is there still time for it (D-48)? */
bool dialogue_goes_on(const struct session *);

/*
 * Says step's command, and with PIPELINING those that may follow it, in one
 * write; nothing if it was said ahead.
 */
enum heard dialogue_say(struct session *, enum step);

/*
 * For the other half of the dialogue: what is shown; what is shown and logged;
 * until when something is waited for.
 */
void dialogue_show(const struct session *, const char *mark, struct str line);
void dialogue_note(const struct session *, enum log_level, struct str line);
int64_t dialogue_until(const struct session *, enum wait);

/* Hears one reply before the deadline. */
enum heard dialogue_reply(struct session *, int64_t deadline);

/* Writes what was put together; false: the connection is lost. */
bool dialogue_flush(struct session *, enum wait);

/* Waits for one reply under the step's time. */
enum heard dialogue_hear(struct session *, enum step);

enum heard dialogue_shake(struct session *);

/* Before all others, and behind them: the login's memory, which is wiped. */
void dialogue_login(struct session *, const struct auth_who *);
void dialogue_logout(struct session *);

/* Hides the secret in the reply, if the server repeats it. */
void dialogue_hide(struct session *);

/* Finds the mechanism to try next. */
enum heard dialogue_choose(struct session *);

/* Begins to log in by it, or answers the challenge that came last. */
enum heard dialogue_auth(struct session *, enum step);

/* Compares what the server offers with what is needed. */
enum heard dialogue_check(struct session *);

/*
 * Judges, once, all recipients of all letters that are beyond the limits that
 * the host has announced (D-29).
 */
void dialogue_limits(struct session *,
    void (*judge)(struct session *, size_t i, const struct status *));

/* Sends the message but for its last block, and waits at the gate. */
enum heard dialogue_body(struct session *);

/* Sends the last block, the dot, with PIPELINING also QUIT; hears. */
enum heard dialogue_dot(struct session *);

/* LMTP: has an accepted recipient no verdict yet?  He is the current one. */
bool dialogue_unjudged(struct session *);

/* Sends the last block and the dot, unless that was done; hears of him. */
enum heard dialogue_each(struct session *);

/*
 * Hears the replies that are owed when the flight is left; a 354 is answered
 * with a lone dot, whose reply is no delivery (RFC 2920, 3.1).  False if the
 * connection is of no further use.
 */
bool dialogue_drain(struct session *);

/* Says QUIT, unless it was said with the dot; waits for nothing. */
void dialogue_part(struct session *);

#endif
