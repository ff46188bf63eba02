/* SPDX-License-Identifier: ISC */
/*
 * The conversation as data: one row a step, one cell for each kind of reply.
 * smtp/session.h runs it; hantar-smtp(7) prints it; unit tests prove that no
 * cell is empty, every step is reached, every path ends, and nothing but a
 * clear reply or doubt follows the dot.
 */
#ifndef SMTP_SCRIPT_H
#define SMTP_SCRIPT_H

#include "mail/errand.h"

enum step {
	STEP_WRAP,
	STEP_GREETING,
	STEP_EHLO,
	STEP_HELO,
	STEP_LHLO,
	STEP_STARTTLS,
	STEP_SHAKE,
	STEP_SECURE,
	STEP_LOGIN,
	STEP_AUTH,
	STEP_ANSWER,
	STEP_READY,
	STEP_RSET,
	STEP_MAIL,
	STEP_RCPT,
	STEP_DATA,
	STEP_BODY,
	STEP_DOT,
	STEP_EACH,
	STEP_NEXT,
	STEP_QUIT,
	STEP_END,
	STEPS = STEP_END,
};

/* When a step applies; where it does not, its `otherwise` comes instead. */
enum when {
	WHEN_ALWAYS,
	WHEN_WRAPPED,	/* TLS comes before all else */
	WHEN_SMTP,	/* and not LMTP (RFC 2033) */
	WHEN_TLS,	/* wanted, offered, and not there yet */
	WHEN_LOGIN,	/* wanted, and not done yet */
	WHEN_MAIL,	/* there is a message for this host */
	WHEN_UNSETTLED, /* a transaction may still be open */
	WHEN_RCPT,	/* there is a recipient not yet named */
	WHEN_ACCEPTED,	/* at least one recipient was accepted */
	WHEN_UNJUDGED,	/* one who was accepted has no verdict yet */
	WHEN_MORE,	/* another message is for this host */
};

enum act {
	ACT_HEAR,   /* waits for a reply */
	ACT_SAY,    /* says its command and waits for the reply */
	ACT_SHAKE,  /* TLS handshake */
	ACT_PROVE,  /* compares the channel with what is demanded of it */
	ACT_CHOOSE, /* finds a mechanism that both sides have */
	ACT_AUTH,   /* says it, or answers a challenge; waits for the reply */
	ACT_CHECK,  /* compares what is offered with what is needed */
	ACT_BODY,   /* sends the message up to the gate */
	ACT_DOT,    /* sends the rest and the dot, waits for the reply */
	ACT_EACH,   /* the same, once; waits for one recipient's reply */
	ACT_NEXT,   /* hears what is still owed, turns to the next message */
	ACT_PART,   /* says its command and waits for nothing */
};

/*
 * What came back.  Steps that do not wait for a reply speak in the same
 * classes: SHAKE is 2yz (done), garbage (bytes before the handshake) or lost
 * (it failed); SECURE 2yz (good enough) or 4yz (it is not); LOGIN 2yz (there is
 * a mechanism), 4yz (none that could be used) or 5yz (each was refused, by the
 * reply that came last); READY 2yz (fits), 4yz (the host lacks what is
 * demanded) or 5yz (the message is too large for it); BODY 2yz (the gate has
 * opened), 3yz (we cannot go on: the gate stayed shut, the file cannot be
 * read), else it is a reply that came too early; NEXT 2yz, or lost.  A login
 * that we break off is garbage.
 */
enum heard {
	HEARD_2YZ,
	HEARD_3YZ,
	HEARD_4YZ,
	HEARD_5YZ,
	HEARD_421,
	HEARD_GARBAGE, /* no SMTP reply, or a bound was passed */
	HEARD_LOST,    /* the connection ended, or the time */
	HEARDS,
};

struct cell {
	bool filled; /* a hole in the table is a fault that a test finds */
	enum step next;
	enum blame blame; /* smtp/session.c turns it into consequences */
};

struct row {
	const char *name;
	const char *command; /* "in reply to ... command"; NULL: none */
	const char *doing;   /* "connection lost while ..." */
	enum when when;
	enum step otherwise;
	enum act act;
	enum wait wait;
	bool ahead; /* with PIPELINING the next step's command may follow at
		       once (RFC 2920, 3.1) */
	struct cell on[HEARDS];
};

extern const struct row script[STEPS];

const char *script_heard(enum heard);
const char *script_blame(enum blame);
/* The name of a step, STEP_END included. */
const char *script_step(enum step);

#endif
