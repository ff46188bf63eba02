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
#include "smtp/auth.h"
#include "smtp/hooks.h"

struct session_end {
	enum reach reach;
	struct status status; /* open if the host is not to blame; the text
				 is in the buffer given to session_run */
};

/*
 * Runs the script over io, which is connected.  tls may be NULL if the
 * errand's level is none, who if it has no login.  Does not close io.  Nothing
 * that the hooks or the text are told shows the secret, even if the server
 * repeats it.
 */
struct session_end session_run(struct io *io, struct tls *tls,
    const struct auth_who *who, const struct errand *,
    const struct session_hooks *, struct buf *text);

#endif
