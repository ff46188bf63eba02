/* SPDX-License-Identifier: ISC */
/* What a server offers in its reply to EHLO (RFC 5321, 4.1.1.1). */
#ifndef SMTP_EXTEND_H
#define SMTP_EXTEND_H

#include "base/str.h"

/* How much it takes of one client at once (LIMITS, RFC 9422). */
enum limit {
	LIMIT_MAILS,   /* transactions of a connection */
	LIMIT_RCPTS,   /* recipients of a transaction */
	LIMIT_DOMAINS, /* of all recipients of a connection */
	LIMITS,
};

struct extend {
	bool pipelining;	/* RFC 2920 */
	bool eightbit;		/* 8BITMIME, RFC 6152 */
	bool size;		/* SIZE, RFC 1870 */
	bool starttls;		/* RFC 3207 */
	bool utf8;		/* SMTPUTF8, RFC 6531 */
	bool dsn;		/* RFC 3461 */
	unsigned mechs;		/* AUTH, RFC 4954: 1U << enum mech for each */
	uint64_t size_max;	/* octets; 0: no limit is known */
	uint32_t limit[LIMITS]; /* 0: no such limit */
};

/*
 * Reads the lines of the reply, each ended by '\n' and without code.  The
 * first is the server's name and no keyword; unknown keywords are ignored,
 * and so are parameters that are not of their form (D-05), and limits beyond
 * 1 to 999999; a line of limits that is none limits nothing.
 */
void extend_read(struct extend *, struct str lines);

/* The names of mechanisms in such a line, with blanks between: of "AUTH", and
 * of "AUTH=", which is older than its standard.  Empty: it is another line. */
struct str extend_logins(struct str line);

#endif
