/* SPDX-License-Identifier: ISC */
/*
 * How a host is told who we are (SMTP AUTH, RFC 4954): all that is known of
 * it outside the agent that does it.  The secret is not among it, only where
 * it lies.
 */
#ifndef MAIL_LOGIN_H
#define MAIL_LOGIN_H

#include "base/str.h"

/* SASL mechanisms; where several can be used, the first of them is. */
enum mech {
	MECH_EXTERNAL,
	MECH_SCRAM_SHA_256_PLUS,
	MECH_SCRAM_SHA_1_PLUS,
	MECH_SCRAM_SHA_256,
	MECH_SCRAM_SHA_1,
	MECH_OAUTHBEARER,
	MECH_XOAUTH2,
	MECH_PLAIN,
	MECH_LOGIN,
	MECH_CRAM_MD5,
	MECHS,
};

#define MECH_BIT(name) (1U << MECH_##name)

/* Those that are used unless others are asked for. */
#define MECHS_USUAL                                                  \
	(MECH_BIT(SCRAM_SHA_256_PLUS) | MECH_BIT(SCRAM_SHA_1_PLUS) | \
	    MECH_BIT(SCRAM_SHA_256) | MECH_BIT(SCRAM_SHA_1) |        \
	    MECH_BIT(PLAIN) | MECH_BIT(LOGIN))

/* "SCRAM-SHA-256-PLUS"; and back, whatever the case of its letters: MECHS if
 * it is none that we know. */
const char *mech_name(enum mech);
enum mech mech_find(struct str name);

enum secret_kind {
	SECRET_NONE, /* EXTERNAL needs none */
	SECRET_FILE,
	SECRET_COMMAND,
	SECRET_DESCRIPTOR, /* one that we were given, by its number */
	SECRET_CREDENTIAL, /* of systemd.exec(5), by its name */
	SECRET_NETRC,
};

struct login {
	struct str user;
	enum secret_kind kind;
	struct str from; /* a path; a command and its arguments; ... */
	unsigned mechs;	 /* those that may be used, as bits */
	bool in_clear;	 /* those that do not show the secret may be used
			    on a channel that is not encrypted */
};

/* The descriptor that the secret is to come from; -1 if it is from elsewhere.
 */
int login_descriptor(const struct login *);

#endif
