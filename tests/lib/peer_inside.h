/* SPDX-License-Identifier: ISC */
/* The inside of lib/peer.h: peer.c moves bytes, peer_play.c plays the script.
 */
#ifndef LIB_PEER_INSIDE_H
#define LIB_PEER_INSIDE_H

#include "peer.h"
#include "peer_tls.h"

enum { PEER_IN_MAX = 64 * 1024 * 1024 };

enum pace { PACE_WHOLE, PACE_TINY, PACE_TRICKLE };

struct peer {
	const struct script *script;
	const struct step *at; /* NULL: behind the last line */
	struct str wire;
	struct faults *faults;
	int fd; /* -1: over */
	struct peer_tls *tls;
	struct buf in, out; /* what came, in clear; what goes, as it goes */
	bool fresh;	    /* something came in this run */
	bool eof;	    /* the client has closed */
	bool flight;	    /* the line before was one of the client's, too */
	bool parting; /* QUIT was said: the client may close at any time */
	bool loose;   /* what comes need not be expected yet */
	bool lost;    /* a fault was found; nothing more is checked */
	bool shaken;
	bool in_data; /* of the easy server */
	enum pace pace;
	int64_t every, due; /* of a trickle */
	int64_t resume;	    /* nothing is done before */
	int64_t frozen;	    /* nothing is read before */
	int64_t said;	    /* times of the line that is being repeated */
	size_t received;    /* of the message */
};

/* One step as far as it goes; false if it has to wait. */
bool peer_play(struct peer *);

/* An easy server instead of a script: takes what comes, up to QUIT. */
bool peer_serve(struct peer *);

/* The next step of the script. */
void peer_advance(struct peer *);

/* Puts text into what goes out. */
void peer_say(struct peer *, struct str text);

/* A command with its CR, still unread; false if there is none (yet). */
bool peer_line(struct peer *, struct str *line);

/*
 * Compares the message as it comes, up to its octet `to`; true when that
 * has come, or it is another message (then p->lost).
 */
bool peer_message(struct peer *, size_t to);

/* May the client be gone already, where the script stands? */
bool peer_forgiven(const struct peer *);

/* The rest of the script is lost: the client is told by a RST. */
void peer_fail(struct peer *, const char *what, struct str said);

/* Closes the descriptor. */
void peer_end(struct peer *);

#endif
