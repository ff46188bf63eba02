/* SPDX-License-Identifier: ISC */
/* What a report (mail/dsn.h) is about. */
#ifndef MAIL_DSN_ABOUT_H
#define MAIL_DSN_ABOUT_H

#include <time.h>

#include "mail/status.h"

/* RFC 3461, 4.1.  No bit at all: NOTIFY was not given. */
enum dsn_notify {
	DSN_ON_SUCCESS = 1,
	DSN_ON_FAILURE = 2,
	DSN_ON_DELAY = 4,
	DSN_NEVER = 8,
};

/* RFC 3464, 2.3.3. */
enum dsn_action {
	DSN_FAILED = 0,
	DSN_DELAYED,
	DSN_DELIVERED, /* into a mailbox, by us */
	DSN_RELAYED,   /* to a server that sends no reports of success */
	DSN_EXPANDED,  /* an alias: its members are recipients now */
};
enum { DSN_ACTIONS = DSN_EXPANDED + 1 };

enum dsn_returned {
	DSN_NOTHING = 0, /* there is nothing that could be read */
	DSN_HEADER,
	DSN_WHOLE,
};

struct dsn_recipient {
	struct str path;  /* as in RCPT TO, without brackets */
	struct str orcpt; /* as on the wire, "rfc822;xtext"; or empty */
	enum dsn_action action;
	struct status status; /* without a code we said it ourselves */
	struct str relay;     /* "host[ip]:port", as in the envelope; or "" */
	time_t last_attempt;  /* 0: there was none */
	time_t retry_until;   /* of what is delayed; 0: not known */
	bool doubt; /* it failed, but one attempt may have succeeded */
};

struct dsn {
	struct str mta;	     /* our host name */
	struct str mailname; /* the domain of MAILER-DAEMON */
	struct str id;	     /* the queue id of the report */
	struct str random;   /* 128 bits or more, as letters and digits */
	time_t now;
	struct str to;	       /* whom the report goes to, without brackets */
	struct str sender;     /* of the message; "" is null */
	struct str message_id; /* the field of the message; or empty */
	struct str envid;      /* as the user gave it, not as xtext; or "" */
	time_t arrival;
	enum dsn_returned returned;
	bool eightbit; /* what is returned has bytes that are not ASCII */
	const struct dsn_recipient *rcpt;
	size_t n; /* at least 1 */
};

#endif
