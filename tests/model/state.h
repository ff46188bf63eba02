/* SPDX-License-Identifier: ISC */
/*
 * One entry of the spool, all that work on it, and the rules that can be
 * switched off.  Two recipients; a dispatcher, its commit child and its
 * agents; a second dispatcher, which is a runner; the next hop.
 */
#ifndef MODEL_STATE_H
#define MODEL_STATE_H

#include <stdbool.h>
#include <stdint.h>

enum { RECIPIENTS = 2, SLOTS = 2, AGENTS = 2 };

/*
 * States are compared byte by byte: every struct below fills its words, with
 * `rest`, which is always 0, where there is nothing else.
 */

enum mark {
	WAITING,
	SENDING,
	DOUBT,
	DELIVERED,
	FAILED,
	REPORTED,
	WITHDRAWN,
};

/* The content of a file. */
enum content {
	EMPTY,
	DIRTY,	/* whole, but a power cut may tear it */
	SYNCED, /* whole */
	TORN,
};

/* The names of the envelope, which is one file; as bits of env_can. */
enum name { NO_NAME, TMP, ENV };

/*
 * What is there now, and, in *_can, as a set of bits, what a power cut may
 * leave: any value that a name or a mark has had since it was last synced.
 */
struct disk {
	unsigned msg : 1; /* the name ID.msg */
	unsigned msg_can : 2;
	unsigned data : 2; /* enum content, of ID.msg */
	unsigned env : 2;  /* enum name */
	unsigned env_can : 3;
	unsigned text : 2; /* enum content, of ID.tmp or ID.env */
	unsigned mark0 : 3;
	unsigned mark1 : 3;
	unsigned can0 : 7;
	unsigned can1 : 7;
};

/* Where a dispatcher stands. */
enum where {
	NOBODY,
	/* a submitter, up to the end of input */
	CREATE,
	CREATE_LOCK,
	CREATE_AGAIN,
	CREATE_NAME,
	STORE,
	START,
	/* a runner, up to the marks */
	LOOK,
	TAKE_OPEN,
	TAKE_LOCK,
	TAKE_NAME,
	TAKE_SYNC,
	ASIDE,
	SWEEP_OPEN,
	SWEEP_LOCK,
	SWEEP_LOOK,
	SWEEP_TMP,
	SWEEP_MSG,
	SWEEP_LONE_TMP,
	/* both */
	WALK,
	KNOWN_SYNC, /* delivered, says a mark, and no report */
	UNDO_MARKS, /* a commit that failed */
	UNDO_SYNC,
	UNDO_ENV,
	UNDO_TMP,
	UNDO_DIR,
	REPORT, /* print, or commit the bounce */
	REPORT_MARK,
	REPORT_SYNC,
	REMOVE_FIRST,
	REMOVE_SECOND,
	LEAVE,
};

/* What a dispatcher thinks of a recipient. */
enum fate { OPEN, LATER, UNSURE, SURE, REFUSED, TOLD };

enum commit { PENDING, DONE, UNSPOOLED };

struct dispatcher {
	unsigned pc : 6;
	unsigned runner : 1;
	unsigned leaving : 1;
	unsigned commit : 2;
	unsigned unsynced : 1; /* a sync failed: nothing is removed */
	unsigned fate0 : 3;
	unsigned fate1 : 3;
	unsigned host0 : 2; /* hosts that each errand has tried */
	unsigned host1 : 2;
	unsigned rest : 11;
};

enum stage { NO_AGENT, RCPT, GATE, PAST_GATE, DOT, VERDICT, SYNC, SAY, GONE };
enum took { NOT_ASKED, ACCEPTED, NOT_NOW, NEVER };
enum verdict { SILENCE, YES, TRY_LATER, NO };

struct agent {
	unsigned stage : 4;
	unsigned took0 : 2;
	unsigned took1 : 2;
	unsigned byte : 1; /* given at the gate */
	unsigned spooled : 1;
	unsigned verdict0 : 2;
	unsigned verdict1 : 2;
	unsigned at : 2; /* whose verdict is marked next, or comes next */
	unsigned said0 : 1;
	unsigned said1 : 1;
	unsigned synced : 1; /* what has been said */
	unsigned rest : 13;
};

enum child {
	NO_CHILD,
	C_MSG,
	C_WRITE,
	C_TMP,
	C_RENAME,
	C_DIR,
	C_DONE,
	C_FAILED
};

/* What only the model knows of a recipient: bits of struct state.known. */
enum {
	GOT = 1,      /* the next hop has it */
	EXCUSED = 2,  /* and nobody could know that */
	LOGGED = 4,   /* somebody has said that it may be sent twice */
	COUNTED = 8,  /* somebody has said that it is delivered */
	PRINTED = 16, /* the caller has been told of the failure */
	BOUNCED = 32, /* a report is, or has been, in the spool */
	TOLD_OF = 64, /* it has been sent, and removed: the last of them */
};

enum bad {
	GOOD,
	LOST,
	DOUBLED,
	DOUBLED_IN_SILENCE,
	HALF_VISIBLE,
	REMOVED_EARLY,
	LIED,
	TOLD_TWICE,
	STUCK,
};

struct state {
	struct disk disk;
	struct dispatcher d[SLOTS];
	struct agent a[SLOTS][AGENTS];
	uint8_t child;
	uint8_t known[RECIPIENTS];
	uint8_t bad;
	unsigned faults : 3; /* that may still happen */
	unsigned refusals : 3;
	unsigned runs : 3;
	unsigned cuts : 2;
	unsigned dying : 1; /* the disk: each call may fail from now on */
	unsigned cut : 1;   /* there was one */
	unsigned committed : 1;
	unsigned ended : 1; /* the submitter has exited by itself */
	unsigned rest : 17;
};

/* A rule, each with what becomes of it when it is switched off. */
enum rule {
	NO_RULE,
	R_DIR_SYNC,
	R_MSG_SYNC,
	R_TMP_SYNC,
	R_AGENT_MARKS,
	R_LOCK_MSG,
	R_AGENT_SYNC,
	R_KNOWN_SYNC,
	R_GATE,
	R_LOCK_FIRST,
	R_SWEEP_LOOK,
	R_CREATE_NAME,
	R_BOUNCE_FIRST,
	R_AGENT_LOCK,
	R_CHILD_LOCK,
	R_UNDO,
	R_OWED,
	R_SENDING,
	R_DOUBT,
	R_TAKE_SYNC,
	R_TAKE_NAME,
	R_WAIT_CHILD,
	R_WAIT_COMMIT,
	R_ALL_FINAL,
	R_GATE_DEATH,
	R_REPORT_SYNC,
	R_REMOVE_ENV,
	R_FINAL_FIRST,
	R_UNDO_MARKS,
	R_UNDO_SETTLED,
	R_REPORT_WAITS,
	R_MARK_SYNC,
	R_EACH,
};

struct bounds {
	unsigned faults, refusals, runs, cuts;
	bool parallel; /* an agent for each recipient, at once */
	bool each;     /* LMTP: each recipient has a verdict of his own */
};

_Static_assert(sizeof(struct state) ==
	sizeof(struct disk) + SLOTS * sizeof(struct dispatcher) +
	    SLOTS * AGENTS * sizeof(struct agent) + 2 * sizeof(unsigned),
    "no holes");

#endif
