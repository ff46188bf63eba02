/* SPDX-License-Identifier: ISC */
/* What is said of a recipient's status: to the log and to the caller. */
#ifndef DELIVERY_OUTCOME_H
#define DELIVERY_OUTCOME_H

#include "mail/envelope.h"

/*
 * recipient.since: when each part of the way began (K-05: delays=a/b/c/d), 0
 * if it did not; SINCE_RUN is when the message came.
 */
enum { SINCE_RUN, SINCE_READ, SINCE_CONNECTING, SINCE_SENDING };

/* The line per recipient and attempt that log tools read (K-05, K-06). */
void outcome_log(const struct envelope *, const struct recipient *);

/*
 * Appends one line for each recipient that was not delivered (failed_only:
 * and never will be), "<path>:
 * failed 5.1.1: why"; with " (alias <path>)" behind the address where
 * that is what it was expanded from.
 */
void outcome_tell(struct buf *, const struct envelope *, bool failed_only);

/*
 * The exit status with spool = none: 0 if all were delivered, else that of
 * the most severe: permanent failures, by class, before deferrals (75).
 */
int outcome_exit(const struct envelope *);

#endif
