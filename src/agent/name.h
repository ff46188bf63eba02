/* SPDX-License-Identifier: ISC */
/*
 * The name agent: asks the C library, as all programs do (the hosts file, the
 * DNS with its search list, whatever nsswitch.conf has) for the addresses of a
 * relay.
 * That opens files, and takes the time that it takes: so it is a process of
 * its own, not locked in, that can be killed.
 */
#ifndef AGENT_NAME_H
#define AGENT_NAME_H

#include "agent/report.h"
#include "agent/start.h"

/*
 * Reports the addresses of host as addr records in the order in which they are
 * to be tried, then found: delivered, or deferred; a relay that has no address
 * is an error in the configuration, and never one of the mail's.
 */
void name_look_up(
    const struct lookup_errand *, struct str host, struct report *);

/* Reports that it cannot be looked up here. */
void name_refused(struct report *, const struct err *why);

#endif
