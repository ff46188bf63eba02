/* SPDX-License-Identifier: ISC */
/* Who listens to a session, and opens its gates. */
#ifndef SMTP_HOOKS_H
#define SMTP_HOOKS_H

#include "base/log.h"
#include "mail/status.h"
#include "net/tls.h"
#include "smtp/extend.h"
#include "smtp/reply.h"
#include "smtp/script.h"

/* What has come of a step. */
struct sight {
	enum step step;
	bool encrypted;
	const struct reply *reply;     /* NULL: it was a handshake */
	const struct tls_proof *proof; /* of what has been encrypted */
	const struct io *io;
};

struct session_hooks {
	/* The verdict on recipient i (of all that the errand's letters
	 * have); each at most once.  Recipients without one are undecided when
	 * the session ends. */
	void (*rcpt)(void *ctx, size_t i, const struct status *);
	/*
	 * Letter number `letter` but for its end has been sent: blocks until
	 * the end of data may be sent.  False: it may not.
	 */
	bool (*gate)(void *ctx, size_t letter);
	/* The gate will be reached soon: whoever opens it can begin.  dsn: the
	 * server will send the reports that are asked for. */
	void (*at_gate)(void *ctx, size_t letter, bool dsn);
	/*
	 * The verdict on the message, for those of n recipients from `first`
	 * on (of all) that have none yet: all that the letter has, or, with
	 * LMTP, one; comes before they are told one by one.  False: it could
	 * not be kept, and whether it was sent counts as doubt.  May be NULL.
	 */
	bool (*verdict)(
	    void *ctx, size_t first, size_t n, const struct status *);
	/* A line of the conversation, with its mark: ">>>" is said, "***" a
	 * remark, "" heard.  NULL if nobody listens. */
	void (*show)(void *ctx, const char *mark, struct str line);
	/* A reply has come to what was said, or a handshake has succeeded.
	 * NULL if nobody looks. */
	void (*seen)(void *ctx, const struct sight *);
	void (*log)(void *ctx, enum log_level, struct str line);
	struct str peer; /* for texts: "host[ip]:port" */
	void *ctx;
};

#endif
