/* SPDX-License-Identifier: ISC */
/*
 * The primitives of a session: to say, to hear, to shake hands, to send the
 * body.  Each returns what came back in the script's classes and decides
 * nothing.  Only smtp/session.c is a caller.
 */
#ifndef SMTP_DIALOGUE_H
#define SMTP_DIALOGUE_H

#include "mail/stuff.h"
#include "smtp/extend.h"
#include "smtp/reply.h"
#include "smtp/script.h"
#include "smtp/session.h"

enum rcpt_state { RCPT_OPEN, RCPT_ACCEPTED, RCPT_JUDGED };

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

	/*
	 * Two cursors: commands are said ahead of the replies that are
	 * heard, and meet them at a step that is not `ahead`.
	 */
	unsigned char *states; /* enum rcpt_state, of all letters */
	unsigned char *rcpt;   /* those of this one */
	size_t next_said;      /* the recipient whose RCPT is said next */
	size_t next_heard;     /* whose reply comes next */
	size_t current;	       /* whose reply came last */
	size_t accepted;
	bool open;   /* the server may think that a transaction is going on */
	size_t owed; /* replies to commands already said */
	bool data_owed; /* the last of them is to DATA */
	bool parted;	/* QUIT has been said */

	struct buf out; /* what is about to be written */
	char *block;	/* of the message, while it is sent */
	struct dots dots;
	uint64_t sent; /* octets of the message that were read */
	struct reply reply;
	struct err fault; /* why it is garbage, lost, or our own trouble */
};

/* The letter's first recipient from i on that can be named; its n if none. */
size_t dialogue_next(const struct session *, size_t i);

/* Begins the transaction of the letter. */
void dialogue_turn(struct session *, const struct letter *);

/* Does another letter come behind this one, with somebody to name? */
const struct letter *dialogue_more(const struct session *);

/*
 * Says step's command, and with PIPELINING those that may follow it, in one
 * write; nothing if it was said ahead.
 */
enum heard dialogue_say(struct session *, enum step);

/* Waits for one reply under the step's time. */
enum heard dialogue_hear(struct session *, enum step);

enum heard dialogue_shake(struct session *);

/* Compares what the server offers with what is needed. */
enum heard dialogue_check(struct session *);

/* Sends the message but for its last block, and waits at the gate. */
enum heard dialogue_body(struct session *);

/* Sends the last block, the dot, with PIPELINING also QUIT; hears. */
enum heard dialogue_dot(struct session *);

/*
 * Hears the replies that are owed when the flight is left; a 354 is answered
 * with a lone dot, whose reply is no delivery (RFC 2920, 3.1).  False if the
 * connection is of no further use.
 */
bool dialogue_drain(struct session *);

/* Says QUIT, unless it was said with the dot; waits for nothing. */
void dialogue_part(struct session *);

#endif
