/* SPDX-License-Identifier: ISC */
/*
 * What a run asks of the DNS: the lookup agent, seen from the dispatcher, and
 * which hop an answer is for.  The agent is started for the first question.
 */
#ifndef DELIVERY_INQUIRY_H
#define DELIVERY_INQUIRY_H

#include "delivery/hop.h"

struct inquiry {
	struct run *run;
	struct hop *hop; /* those that may ask */
	size_t n;
	struct agent agent; /* {-1, -1, -1}: none is running */
	struct report_reader answers;
	bool restarted;	    /* one has died, and another was to go on */
	bool lost;	    /* that died, too, or cannot be believed */
	struct err trouble; /* why no agent could be started */
};

/*
 * Asks what the hop wants to know (hop_wants_answer).  False: not now, the pipe
 * is full; then answers are still to come.
 */
bool inquiry_ask(struct inquiry *, struct hop *);

/* Takes what has come from the agent, and hands it to the hops. */
void inquiry_read(struct inquiry *);

/* Answers that no longer come, or not in time: tells the hop at `now`. */
void inquiry_expire(struct inquiry *, struct hop *, int64_t now);

/* Ends the agent, if there is one; a further question starts another. */
void inquiry_rest(struct inquiry *);

#endif
