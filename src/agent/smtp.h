/* SPDX-License-Identifier: ISC */
/*
 * The smtp agent: one attempt at one host.  It connects, locks itself in,
 * runs the script, and reports.
 */
#ifndef AGENT_SMTP_H
#define AGENT_SMTP_H

#include "agent/report.h"
#include "mail/errand.h"

/*
 * Runs the errand to its end.  gate(ctx) blocks until the end of data may be
 * sent, or that it may not be.  lock: the process gives up all that the
 * conversation does not need, once it is connected; with a login also the
 * group that may read the password, once that is read (os/group.h).
 */
void smtp_attempt(const struct errand *, struct report *,
    enum gate (*gate)(void *ctx), void *ctx, bool lock);

/*
 * Loads what a conversation at that level of TLS needs, ahead of it; see
 * agent_warm.
 */
void smtp_warm(enum tls_level, const struct demand *);

#endif
