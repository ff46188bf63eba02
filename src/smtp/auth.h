/* SPDX-License-Identifier: ISC */
/*
 * SASL (RFC 4422) as SMTP uses it (RFC 4954): which mechanism, and its
 * exchange.  Challenges come in as bytes and responses go out as bytes; the
 * base64 and the lines around them are the caller's.  Pure functions; every
 * challenge is hostile input.
 */
#ifndef SMTP_AUTH_H
#define SMTP_AUTH_H

#include "mail/login.h"
#include "smtp/scram.h"

enum { AUTH_SECRET = 64 * 1024 }; /* octets of a secret, at most */

/* Who we are, with the secret; in an agent and nowhere else. */
struct auth_who {
	struct str user, secret;
	struct str user_prep, secret_prep; /* by SASLprep, for SCRAM */
	struct str host;		   /* as OAUTHBEARER names it */
	unsigned port;
};

/* The channel, asked, and not what was configured for it. */
struct auth_channel {
	bool encrypted;
	struct str binding_name, binding; /* "" if it cannot be bound */
};

/*
 * The mechanism to use now, of those that the server offers and that were not
 * tried; MECHS if there is none.  Without encryption one that shows the
 * secret is none, whatever was configured, and with it behind a -PLUS that
 * was refused there is nothing less (RFC 5802, 6).
 */
enum mech auth_choose(const struct login *, unsigned offered, unsigned tried,
    const struct auth_channel *);

struct auth {
	enum mech mech;
	const struct auth_who *who;
	struct scram_client client;
	struct scram scram;
	unsigned turn;	 /* how many responses were made */
	struct buf said; /* why, if the server explains its refusal */
};

/*
 * Begins the exchange.  nonce is printable, has no comma, and was never used
 * before; like all others, the views must outlive the exchange.
 */
void auth_init(struct auth *, enum mech, const struct login *,
    const struct auth_who *, unsigned offered, const struct auth_channel *,
    struct str nonce);
void auth_free(struct auth *);

/* Has it a response before any challenge?  Its challenge is then empty. */
bool auth_is_first(enum mech);

/*
 * Appends the response to a challenge.  -1 with *e: there is none, and the
 * exchange is to be cancelled.
 */
int auth_answer(struct auth *, struct str challenge, struct buf *response,
    struct err *) __attribute__((warn_unused_result));

/* May the server's "yes" be believed?  Not before it has proved itself. */
bool auth_is_done(const struct auth *);

/*
 * Replaces the text by one that has <hidden> wherever the secret stood in it,
 * or at least the first dozen of its bytes.
 */
void auth_hide(struct buf *text, struct str secret);

#endif
