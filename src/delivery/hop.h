/* SPDX-License-Identifier: ISC */
/*
 * The recipients of one domain on their way, of one message or more: a state
 * machine that the dispatcher feeds with what agents report.  It asks for
 * lookups, walks the hosts (route/walk.h), starts attempts, and judges each
 * recipient once.
 */
#ifndef DELIVERY_HOP_H
#define DELIVERY_HOP_H

#include "agent/start.h"
#include "delivery/run.h"
#include "route/route.h"
#include "route/service.h"
#include "route/walk.h"

enum hop_state {
	HOP_WAITING, /* not begun */
	HOP_ASK_MX,  /* wants to ask for its MX records */
	HOP_MX,	     /* waits for them */
	HOP_ASK_SRV, /* wants to ask for the hosts of a service */
	HOP_SRV,
	HOP_ASK_ADDRESS,
	HOP_ADDRESS,
	HOP_ASK_NAME, /* wants to ask the system for a relay's address */
	HOP_NAME,
	HOP_ATTEMPT, /* wants to start an attempt */
	HOP_RUNNING, /* an agent is at it */
	HOP_OVER,    /* every recipient is judged */
};

/* One attempt at one host, seen from the dispatcher. */
struct attempt {
	struct agent agent;
	struct report_reader reader;
	struct errand errand;
	struct walk_step step;
	struct member **rcpt; /* of the errand, in its order */
	bool *judged;	      /* which of them have their verdict */
	struct job **job;     /* of each letter */
	struct str ip;	      /* connected to; empty: not (yet) */
	struct status host;   /* open: the host is not to blame */
	enum reach reach;
	bool dialled[ERRAND_ADDRESSES];
	size_t dials; /* attempts to connect that it told of */
	size_t records;
	size_t delivered; /* recipients, by this attempt */
	bool too_many;	  /* the host takes no more of them at once */
	size_t gates;	  /* the letter that is next to ask for its gate */
	bool gate_waits;  /* the letter before that, for its commit */
	bool gate_open;	  /* of the letter before that */
	bool mute;	  /* the host sends no reports of success (D-26) */
	bool ended;	  /* the agent has said all */
	bool lied;	  /* it broke its grammar or its role */
};

/* So many agents at once, at most, for one destination (G-14). */
enum { DEST_AGENTS = 4 };

/* Hops that go the same way. */
struct dest {
	struct hop *hop;
	size_t n;
	size_t begun;
	size_t live;  /* begun, and not over */
	bool reached; /* a host of theirs takes mail */
};

struct hop {
	uint32_t id;
	struct dest *dest;
	enum hop_state state;
	struct next_hop target;
	struct member *member; /* those of one letter together */
	size_t n;
	bool utf8;		/* their transport needs SMTPUTF8 */
	struct walk *walk;	/* from the MX answer on */
	uint32_t asked;		/* lookups */
	struct exchanger *list; /* while MX answers arrive */
	size_t list_n;
	struct service_host *served; /* the same of SRV answers */
	size_t served_n;
	int64_t patience; /* ms left for lookups (C-34) */
	int64_t went_on;  /* a session has come far, and another is due */
	int64_t asked_at;
	int64_t deadline; /* of the lookup, or of the attempt (INT64_MAX) */
	struct attempt attempt;
};

/* The queue id of its (first) message. */
struct str hop_id(const struct hop *);

/* Begins: towards HOP_ASK_MX, _NAME, or HOP_ATTEMPT for an address literal. */
void hop_begin(struct hop *, struct run *);

/* A record from the lookup agent that is about this hop. */
void hop_looked_up(struct hop *, struct run *, const struct record *);

/* Does it want to ask the DNS, or wait for its answer? */
bool hop_wants_answer(const struct hop *);
bool hop_awaits_answer(const struct hop *);

/* A question has been asked: the time runs. */
void hop_asked(struct hop *);

/* Who was asked has died: the same is to be asked of another. */
void hop_ask_again(struct hop *, struct run *);

/* The lookup that the hop waits for will not be answered. */
void hop_lookup_lost(struct hop *, struct run *, const char *why);

/* The name to ask for now (HOP_ASK_MX, _SRV, _ADDRESS, _NAME). */
struct str hop_question(const struct hop *);

/* Nothing is left to try: who is not sealed gets what he has, or status. */
void hop_conclude(struct hop *, struct run *, const struct status *);

/* The walk begins; it has no hosts yet. */
void hop_set_out(struct hop *, const struct run *);

/* Is it an address of this host, and that not allowed (C-17)? */
bool hop_is_ours(const struct run *, const struct ip *);

/* What is asked of the channel to a host; where TLS comes first there is
 * nothing to fall back to. */
enum tls_level hop_level(const struct hop *, const struct walk_host *);

/* Addresses of which family are of use to it (C-22). */
enum ip_family hop_family(const struct hop *, const struct run *);

/* The port of the attempt that walk_next has chosen. */
unsigned hop_port(const struct hop *, const struct run *);

/* Fills in the errand of the attempt that walk_next has chosen. */
void hop_prepare(struct hop *, struct run *);

/* A line of the agent's report. */
void hop_heard(struct hop *, struct run *, struct str line);

/* The agent is gone: judges, and takes the next step of the walk. */
void hop_attempt_over(struct hop *, struct run *);

/* Takes the next step of the walk, or concludes. */
void hop_advance(struct hop *, struct run *);

/* No agent could be started, for this reason. */
void hop_no_agent(struct hop *, struct run *, const struct err *);

/* Opens the gate that waits, if the message is settled now. */
void hop_open_gate(struct hop *, const struct run *);

/* Has its agent been allowed to send the end of data? */
bool hop_is_past_gate(const struct hop *);

/* Has its end of data been sent, perhaps, and no verdict come yet? */
bool attempt_past_gate(const struct attempt *);

/*
 * The run is being left: what is not past its gate is deferred; of a message
 * that is kept nothing is said, since it is the queue's now.
 */
void hop_leave(struct hop *, struct run *);

/* Lets its agent, past its gate, bring its verdict to the marks alone. */
void hop_release(struct hop *);

#endif
