/* SPDX-License-Identifier: ISC */
/* What must follow a reply, by the table: the oracle of matrix.h. */
#ifndef TALK_OUTLOOK_H
#define TALK_OUTLOOK_H

#include "road.h"

/* How the server's side of the conversation stands behind its reply. */
enum left {
	LEFT_OPEN, /* the client speaks next, or closes */
	LEFT_SHUT, /* the script has ended: a FIN, a RST, silence */
	LEFT_MESS, /* more comes that nobody will read */
};

/* A reply at the i-th step of a road, and who else there is. */
struct scene {
	enum road road;
	size_t i;
	enum step step; /* that of the road; or BODY, in front of DOT */
	enum heard heard;
	unsigned code; /* of the reply; 0: there is none */
	enum left left;
	bool alone;  /* there is no other host */
	bool silent; /* what was lost is the time */
};

/*
 * Writes what comes behind the reply: the rest of this conversation, that
 * with the other host if there is to be one, and the result.  True if nothing
 * was given up, so that another host makes no difference.
 */
bool outlook(struct buf *, const struct scene *);

#endif
