/* SPDX-License-Identifier: ISC */
/*
 * The dispatcher: sees one message through, to a status for each recipient.
 * It decides with pure functions (route/) and acts by agents (agent/); it
 * reads no byte from the network, and believes no agent more than it must.
 */
#ifndef DELIVERY_DISPATCH_H
#define DELIVERY_DISPATCH_H

#include <signal.h>

#include "agent/start.h"
#include "mail/envelope.h"
#include "mail/errand.h"

struct dispatch_opts {
	struct lookup_errand lookup;
	unsigned port;
	enum tls_level tls;
	struct str helo;	 /* EHLO name; empty: address literal */
	int64_t wait[WAITS];	 /* ms */
	int64_t lookup_patience; /* ms: all of DNS for one next hop (C-34) */
	int64_t attempts_end;	 /* ms after which no attempt begins */
	unsigned agents;	 /* at once, at most */
	bool loopback_mx;	 /* hosts that are ourselves are allowed */
	bool in_process;	 /* no fork: agents run one after the other */
	const struct str *own;	 /* names of this host, in lower case (C-17) */
	size_t own_n;
	/*
	 * Becomes non-zero when the run is to end early (a signal): no gate
	 * opens any more, what is past its gate is waited for, the rest is
	 * deferred; 2: what is past its gate is left in doubt.  NULL: never.
	 */
	const volatile sig_atomic_t *leave;
	int64_t start; /* clock_now when the run began */
	int64_t read;  /* clock_now when the message was read */
	/*
	 * The conversation, line by line without newline, for people; NULL:
	 * not wanted.
	 */
	void (*show)(void *ctx, struct str line);
	void *ctx;
};

/*
 * Tries to deliver to every recipient of the envelope; when it returns each
 * has a status that is not open, and every attempt is in the log.  -1 with
 * *e when this machine refused a process or a pipe on the way: recipients who
 * wanted it are deferred, by BLAME_US.
 */
int dispatch(struct envelope *, const struct content *,
    const struct dispatch_opts *, struct pool *, struct err *);

#endif
