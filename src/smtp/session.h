/* SPDX-License-Identifier: ISC */
/*
 * The engine that runs the script (smtp/script.h) over one connection, for
 * one message or several: reads top to bottom, waits under the script's
 * deadlines, and says what happened through hooks.  It knows nothing of
 * processes, pipes or the next host.
 */
#ifndef SMTP_SESSION_H
#define SMTP_SESSION_H

#include "mail/errand.h"
#include "net/tls.h"
#include "os/io.h"

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
	/* The gate will be reached soon: whoever opens it can begin. */
	void (*at_gate)(void *ctx, size_t letter);
	/*
	 * The verdict on the message, for all recipients of the letter that
	 * have none yet; comes before they are told one by one.  False: it
	 * could not be kept, and whether it was sent counts as doubt.  May be
	 * NULL.
	 */
	bool (*verdict)(void *ctx, size_t letter, const struct status *);
	/* A line of the conversation, with its mark: ">>>" is said, "***" a
	 * remark, "" heard.  NULL if nobody listens. */
	void (*show)(void *ctx, const char *mark, struct str line);
	void (*log)(void *ctx, struct str line);
	struct str peer; /* "host[ip]:port", for texts */
	void *ctx;
};

struct session_end {
	enum reach reach;
	struct status status; /* open if the host is not to blame; the text
				 is in the buffer given to session_run */
};

/*
 * Runs the script over io, which is connected.  tls may be NULL if the
 * errand's level is none.  Does not close io.
 */
struct session_end session_run(struct io *io, struct tls *tls,
    const struct errand *, const struct session_hooks *, struct buf *text);

#endif
