/* SPDX-License-Identifier: ISC */
/*
 * Who a message is from and for, and what has become of it for each.
 */
#ifndef MAIL_ENVELOPE_H
#define MAIL_ENVELOPE_H

#include "base/pool.h"
#include "mail/addr.h"
#include "mail/status.h"

struct recipient {
	struct addr addr;
	struct str path;      /* as in RCPT TO, without brackets */
	struct str orig;      /* the path that was expanded to it; or "" */
	struct str from;      /* its own reverse-path (H-07); p NULL: none */
	struct status status; /* open, or the fate known before the run; its
				 text lives in the envelope's pool */
	struct str relay;     /* "host[ip]:port" of the last attempt, or "" */
	unsigned conn_use;    /* the message was so many-th over there */
	int64_t since[4];     /* ms of clock_now: see delays in outcome.h */
	bool idle;	      /* is not tried in this run */
	bool relayed;	      /* who took it reports no success (D-26) */
	bool expanded;	      /* the sender is to hear that an alias led to it
				 and to others (G-27) */
	unsigned notify;      /* enum dsn_notify; 0: not asked for */
	struct str orcpt;     /* as on the wire, "rfc822;xtext"; or "" */
};

/* What is to be returned of a message that fails (RFC 3461, 4.3). */
enum ret { RET_UNSAID = 0, RET_FULL, RET_HDRS };

struct envelope {
	struct str id; /* the queue id */
	struct addr sender;
	struct str from; /* the reverse-path without brackets; "" is null */
	struct recipient *rcpt;
	size_t n;
	enum ret ret;
	struct str envid; /* as the user gave it, not as xtext; or "" */
};

/* The reverse-path that goes with the recipient. */
static inline struct str
envelope_from(const struct envelope *env, const struct recipient *r)
{
	return r->from.p ? r->from : env->from;
}

/*
 * What is to be reported, and how, for all recipients: notify (enum
 * dsn_notify), ret, envid; and where any of that is given, whom the user named
 * (orcpt), as far as that is ASCII and no longer than RFC 3461 allows.
 */
void envelope_ask(struct envelope *, unsigned notify, enum ret,
    struct str envid, struct pool *);

/*
 * Sorts the recipients by destination: those of one domain, and of them those
 * with the same needs and reverse-path, stand beside each other.
 */
void envelope_sort(struct envelope *);

/* What the message is, as the transport needs to know it. */
struct content {
	int fd;	       /* wire form, CRLF, not dot-stuffed; read with pread */
	uint64_t size; /* octets */
	bool eightbit; /* some byte is not ASCII */
};

#endif
