/* SPDX-License-Identifier: ISC */
/*
 * The second kind of error: the fate of the mail.  A value that log, report,
 * bounce and exit status all speak.  What WE could not do is base/err.h.
 */
#ifndef MAIL_STATUS_H
#define MAIL_STATUS_H

#include "base/buf.h"
#include "base/pool.h"

enum outcome {
	OUTCOME_OPEN = 0,  /* not decided */
	OUTCOME_DELIVERED, /* the next hop has accepted it */
	OUTCOME_DEFERRED,  /* not now */
	OUTCOME_FAILED,	   /* never */
};

/* Whose doing it is, hence whom it concerns: smtp/script.h says how. */
enum blame {
	BLAME_NONE = 0,
	BLAME_HOST,    /* this host is of no use; the next one may be */
	BLAME_SENDER,  /* the reverse-path was refused: all recipients */
	BLAME_RCPT,    /* one recipient */
	BLAME_MESSAGE, /* the content: all recipients that were accepted */
	BLAME_US,      /* our configuration or our machine */
	BLAME_DOUBT,   /* it may have been delivered; no other host now */
};

/* How far an attempt at a host came. */
enum reach {
	REACH_NOTHING = 0, /* no connection */
	REACH_CONNECTED,   /* connected; no usable greeting */
	REACH_STARTTLS,	   /* the TLS handshake failed, or TLS broke at once */
	REACH_SESSION,	   /* past greeting and handshake */
};

struct status {
	enum outcome outcome;
	enum blame blame;
	unsigned code;		    /* the reply code, 0 if no server spoke */
	unsigned short enhanced[3]; /* RFC 3463: class, subject, detail */
	struct str text; /* printable, one line; owned by whoever made it */
};

/*
 * A status of our own making.  enhanced is text such as "4.4.1"; its class
 * gives the outcome (2 delivered, 4 deferred, 5 failed).
 */
struct status status_own(enum blame, const char *enhanced, struct str text);

/*
 * The status that a reply gives: outcome by the first digit; the enhanced
 * code of the text if there is one and its class agrees (RFC 2034, 4; D-28),
 * else class.0.0 or what RFC 3463 has for the code.  text is the reply's
 * text without its code, lines joined by a space, already printable.
 */
struct status status_reply(enum blame, unsigned code, struct str text);

/* s with another enhanced code, of whatever class. */
struct status status_recode(struct status s, const char *enhanced);

/* s with its text copied to the pool. */
struct status status_keep(struct status s, struct pool *);

/* Appends "4.4.1". */
void status_enhanced(struct buf *, const struct status *);

/* "delivered", "deferred", "failed", "open"; and back (-1: no such word). */
const char *status_word(enum outcome);
int status_outcome(struct str word);

/* The exit status of the class of a failure: 67, 68, 65, 69. */
int status_exit(const struct status *);

#endif
