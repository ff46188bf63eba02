/* SPDX-License-Identifier: ISC */
/*
 * What one attempt at one host is told: the whole knowledge of an smtp agent.
 * Plain values; no header of the network is needed to write an errand.
 */
#ifndef MAIL_ERRAND_H
#define MAIL_ERRAND_H

#include "mail/envelope.h"
#include "mail/login.h"
#include "mail/marks.h"

enum tls_level {
	TLS_LEVEL_NONE,	   /* never STARTTLS */
	TLS_LEVEL_MAY,	   /* opportunistic: if offered, unverified */
	TLS_LEVEL_ENCRYPT, /* always, unverified */
	TLS_LEVEL_VERIFY,  /* by its name and the authorities that we know */
	TLS_LEVEL_FINGERPRINT, /* by its certificate, or its key */
};

struct demand;
struct ip_source;

enum ip_family { IP_ANY, IP_V4, IP_V6 };

/* What is waited for, each with a time of its own (RFC 5321, 4.5.3.2). */
enum wait {
	WAIT_NONE = 0,
	WAIT_CONNECT,	   /* the last address; D-10 */
	WAIT_CONNECT_NEXT, /* while there is another to try */
	WAIT_GREETING,
	WAIT_EHLO,
	WAIT_STARTTLS,
	WAIT_MAIL,
	WAIT_RCPT,
	WAIT_DATA,
	WAIT_BLOCK,
	WAIT_DOT,
	WAIT_QUIT,
	WAITS,
};

enum {
	ERRAND_ADDRESSES = 5,
	/* In a session that is so old no message begins (D-48), ms. */
	ERRAND_SESSION = 300000,
};

/* What is asked of reports about one recipient (RFC 3461). */
struct asked {
	unsigned notify;  /* enum dsn_notify; 0: nothing */
	struct str orcpt; /* "rfc822;xtext"; or "" */
};

/* One message on its way to the host: what its transaction says. */
struct letter {
	struct str from;      /* as in MAIL FROM */
	const struct str *to; /* as in RCPT TO */
	size_t n;
	size_t first; /* of all recipients of the errand, its first */
	bool utf8;    /* some address is not ASCII (RFC 6531, 3.2) */
	const struct asked *asked; /* of each recipient; NULL: of none */
	enum ret ret;
	struct str envid; /* as the user gave it; or "" */
	struct content content;
	struct marks marks; /* of the whole entry; n = 0: it has none */
	const size_t *mark; /* which of them is whose recipient's */
};

struct errand {
	struct str host; /* its name, for SNI and for people */
	/* Whose service it is, where the DNS says so; a certificate for that
	 * name is as good.  Empty: nobody's but its own. */
	struct str domain;
	bool foreign; /* and one for the host's proves nothing */
	struct str ip[ERRAND_ADDRESSES]; /* numeric, in order; or the path of
					    a socket of this host, alone */
	size_t addresses;
	unsigned port;
	bool lmtp;    /* it speaks LMTP (RFC 2033) */
	bool last;    /* no other host will be tried after this one */
	bool literal; /* the host is an address literal: no SNI */
	enum tls_level tls;
	const struct demand *demand;	/* see net/demand.h; NULL: none */
	const struct ip_source *source; /* see net/host.h; NULL: any address */
	bool encrypted; /* TLS from the first byte, without STARTTLS */
	const struct login *login; /* NULL: no name, no password */
	struct str helo; /* empty: the literal of the socket's address */
	const struct letter *letter; /* sent one after the other */
	size_t letters;
	int64_t wait[WAITS]; /* ms */
	int64_t start;	     /* clock_now when the run began */
	int64_t deadline;    /* the attempt ends by then */
	bool show;	     /* report the conversation */
	bool look;	     /* without mail, what it offers and proves */
};

/* How many recipients all letters have together. */
size_t errand_recipients(const struct errand *);

/* Whom its certificate has to be for: a name, or an address. */
struct str errand_subject(const struct errand *);

/* The name by which the configuration knows it. */
struct str errand_known_as(const struct errand *);

/* Is the host a socket of this one? */
bool errand_is_socket(const struct errand *);

/* Appends "host[ip]", or an address literal as it is. */
void errand_host(struct buf *, const struct errand *, struct str ip);

/* The same with ":port" behind it; a socket has none. */
void errand_peer(struct buf *, const struct errand *, struct str ip);

#endif
