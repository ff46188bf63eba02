/* SPDX-License-Identifier: ISC */
/*
 * What an smtp agent says of a host that it only looks at, as facts: records
 * with a word, a number and a text.
 *
 * word        number             text
 * greeting                       the reply, with its code
 * name        encrypted          what it calls itself in its reply to EHLO
 * offer       encrypted          an extension, as it offers it; each
 * login       encrypted          a mechanism of AUTH; each
 * helo        encrypted          what it says to HELO, since EHLO is refused
 * refusal                        what it says to STARTTLS, if that is no yes
 * tls         is it recent?      the version, cipher and group
 * named       is it?             why not, and what to do; or, if it is not
 *                                known, what is wrong with our own files
 * printed     is it?             why not; if there are fingerprints
 *
 * and, with the number of the certificate, the words of tls_show in net/tls.h,
 * of which `name` is called `for`.
 */
#ifndef AGENT_PROBE_H
#define AGENT_PROBE_H

#include "agent/report.h"
#include "mail/errand.h"
#include "smtp/hooks.h"

/* The number of what is a question. */
enum { PROBE_NO, PROBE_YES, PROBE_UNKNOWN };

/* At most so many facts are said of a host. */
enum { PROBE_FACTS = 2000 };

/* Says what was seen. */
void probe_seen(struct report *, const struct demand *, const struct sight *);

#endif
