/* SPDX-License-Identifier: ISC */
/*
 * Who an smtp agent is for the host, with the secret.  No other process of
 * ours ever has it: the agent reads it before it locks itself in, and wipes it
 * when the conversation is over.
 */
#ifndef AGENT_SECRET_H
#define AGENT_SECRET_H

#include "mail/errand.h"
#include "smtp/auth.h"

struct secret {
	struct buf given;      /* as it was found */
	struct buf login;      /* the user */
	struct buf user, prep; /* user and secret, prepared for SCRAM */
	struct auth_who who;   /* views of these */
};

/*
 * Gets it from where the errand's login says; a program that is to print it
 * has until the deadline.  What a conversation needs to use it is loaded.  -1
 * with *e, which says what to do about it.
 */
int secret_get(struct secret *, const struct errand *, int64_t deadline,
    struct err *) __attribute__((warn_unused_result));

/* Whether secret_get succeeded or not. */
void secret_wipe(struct secret *);

#endif
