/* SPDX-License-Identifier: ISC */
/*
 * The lookup agent: one process asks the DNS whatever a run wants to know.
 * Questions and answers are those of agent/start.h and agent/report.h.
 *
 * An mx request is answered with the domain's mx records and found: delivered
 * (without mx records: the domain exists and has none), failed (there is no
 * such domain, or all records are useless) or deferred.  A srv request is
 * answered with the srv records of both forms of the domain's submission
 * service, and found: delivered, or deferred; that there are none is an error
 * in the configuration, and never one of the mail's.  An addr request is
 * answered with addresses, the families taking turns, IPv6 first (C-20), and
 * found: delivered, failed (there are none) or deferred.
 */
#ifndef AGENT_LOOKUP_H
#define AGENT_LOOKUP_H

#include "agent/report.h"
#include "agent/start.h"

/*
 * In a process of its own, which it locks in: answers the requests that are
 * read from command until that ends.  -1 if it cannot go on; the report says
 * why.
 */
int lookup_serve(const struct lookup_errand *, int command, struct report *);

/* Answers one request line and returns when it is answered. */
void lookup_answer(
    const struct lookup_errand *, struct report *, struct str request);

#endif
