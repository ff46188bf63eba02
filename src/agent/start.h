/* SPDX-License-Identifier: ISC */
/*
 * Starting agents: children with one job each.  The same functions run in
 * the caller's process, without fork and lock, for unit tests, sanitizers
 * and debuggers.
 */
#ifndef AGENT_START_H
#define AGENT_START_H

#include <sys/types.h>

#include "agent/report.h"
#include "mail/errand.h"
#include "spool/entry.h"

/* How the lookup agent is to ask. */
struct lookup_errand {
	struct str nameserver; /* "ip" or "ip:port"; empty: resolv.conf */
	int64_t timeout;       /* ms for one answer, all tries together */
	enum ip_family family;
	int64_t start; /* clock_now when the run began */
	bool show;
	bool trust_ad; /* the AD bit of the answers may be believed */
};

/*
 * An agent seen from outside.  report is the end to read records from;
 * command the end to write to: one byte opens a gate of an smtp agent,
 * lines are requests to a lookup agent (it does not block: EAGAIN while its
 * pipe is full).
 */
struct agent {
	pid_t pid;
	int report;
	int command;
};

/*
 * Loads here, once, what smtp agents at that level of TLS would each have to
 * load or read: for a moment in which nothing else is to be done.  What fails,
 * fails again in the agent, which says so.
 */
void agent_warm(enum tls_level, const struct demand *);

int agent_smtp(struct agent *, const struct errand *, struct err *);
int agent_lookup(struct agent *, const struct lookup_errand *, struct err *);

/* Looks up one host, as the system does it: see agent/name.h. */
int agent_name(struct agent *, const struct lookup_errand *, struct str host,
    struct err *);

/*
 * Commits the entry, whose envelope is this text, and outlives us if need
 * be (spool-protocol, 5).  It reports nothing but a log record if it fails;
 * agent_finish tells.
 */
int agent_commit(
    struct agent *, const struct entry *, struct str envelope, struct err *);

/* Waits for its end; true if it ended well. */
bool agent_finish(struct agent *);

/* Closes the pipes, and lets it bring its task to an end alone. */
void agent_release(struct agent *);

/*
 * Requests to a lookup agent, one a line: "mx ID DOMAIN", "srv ID DOMAIN" and
 * "addr ID HOST", or "addr4" and "addr6" where one family alone is of use;
 * names in ASCII.  Each is answered with its mx, srv or addr records, then
 * found.
 */
void agent_request(
    struct buf *, const char *what, uint32_t id, struct str name);

/* Closes the pipes and kills what still runs; proc_collect collects it. */
void agent_end(struct agent *);

/* The same, and waits until it is gone: what it has marked, it has marked. */
void agent_stop(struct agent *);

/*
 * In the calling process.  gate(ctx) is asked before each end of data.
 */
void agent_smtp_here(const struct errand *, struct report *,
    enum gate (*gate)(void *ctx), void *ctx);
void agent_name_here(
    const struct lookup_errand *, struct str host, struct report *);
/* Answers one request line and returns when it is answered. */
void agent_lookup_here(
    const struct lookup_errand *, struct report *, struct str request);

#endif
