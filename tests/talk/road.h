/* SPDX-License-Identifier: ISC */
/*
 * The straight roads of the conversation: what is said, step by step, if all
 * goes well, as lines of a talk file.  matrix.h leaves them at every step.
 */
#ifndef TALK_ROAD_H
#define TALK_ROAD_H

#include "base/buf.h"
#include "smtp/script.h"

enum road {
	ROAD_PLAIN,  /* one by one */
	ROAD_HELO,   /* EHLO is refused */
	ROAD_TLS,    /* TLS, and then one by one */
	ROAD_FLIGHT, /* in flights, with PIPELINING */
	ROAD_LOGIN,  /* TLS, AUTH LOGIN, and then one by one */
	ROAD_LMTP,   /* LMTP, one by one */
	ROADS,
};

/* The step of the i-th reply; STEP_END behind the last. */
enum step road_step(enum road, size_t i);

/* The reply that belongs there: "250 ok". */
const char *road_reply(enum road, size_t i);

/* What the client says before it; nothing if that went along earlier. */
void road_says(struct buf *, enum road, size_t i);

/* All that comes before the i-th reply, and all that comes behind it. */
void road_before(struct buf *, enum road, size_t i);
void road_behind(struct buf *, enum road, size_t i);

/* A server's whole conversation. */
void road_whole(struct buf *, enum road);

#endif
