/* SPDX-License-Identifier: ISC */
/*
 * The dispatcher's state, and how it is told things: what its main loop
 * (dispatch.c) and its ways to an early end (depart.c) share.
 */
#ifndef DELIVERY_DISPATCHER_H
#define DELIVERY_DISPATCHER_H

#include <poll.h>

#include "delivery/commit.h"
#include "delivery/hop.h"
#include "delivery/inquiry.h"

enum { FD_INQUIRY, FD_COMMIT, FD_LIVE };

struct dispatcher {
	struct run run;
	struct hop *hop; /* all of them, those of one destination together */
	size_t n;
	struct dest *dest;
	size_t dests;
	size_t begun;	   /* of these; from here on they wait for a place */
	struct hop **live; /* begun and not over, `agents` at most */
	size_t live_n;
	size_t agents;
	struct commit commit;
	struct inquiry inquiry;
	bool warm;	    /* agent_warm was called */
	bool patient;	    /* it cannot be left early */
	bool slow;	    /* opts->slow was called */
	int left;	    /* what the flag said when the run was left */
	struct err trouble; /* the last thing that this machine refused us */
	struct pollfd *fds; /* FD_INQUIRY, FD_COMMIT, then those of live[] */
};

/* Who has said something: the agent of which hop. */
struct heard {
	struct dispatcher *d;
	struct hop *h;
};

/* A line of a report; ctx is a struct heard. */
void dispatcher_heard(void *ctx, struct str line);

/* Reads what the hop's agent has said, if it still has one. */
void dispatcher_read(struct dispatcher *, struct hop *);

/*
 * Hears of the commit, or waits for its end; when it is settled, marks what
 * was sealed before, and opens the gates that have waited.
 */
void dispatcher_commit(struct dispatcher *, bool wait);

/*
 * Leaves if that is asked for (a signal), or if patience is at its end and
 * the queue has the message.  The commit is seen through first.
 */
void dispatcher_leave(struct dispatcher *);

/*
 * Waiting has failed, and would do so again: nothing more begins, and who is
 * past his gate is heard to his end, one after the other.
 */
void dispatcher_give_up(struct dispatcher *);

#endif
