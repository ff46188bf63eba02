/* SPDX-License-Identifier: ISC */
/*
 * What the lookup agent says of the DNS: answers as records, and, where a
 * person watches, as the lines that dig would print.
 */
#ifndef AGENT_TELL_H
#define AGENT_TELL_H

#include "agent/report.h"
#include "agent/start.h"
#include "base/log.h"
#include "net/dns.h"

struct tell {
	const struct lookup_errand *errand;
	struct report *report;
	const struct dns *dns;
};

/* A query is being sent. */
void tell_asking(const struct tell *, const struct dns_question *);

/* The answer to an mx request. */
void tell_mx(const struct tell *, uint32_t id, const struct dns_question *);

/* The answer to a srv request, from what was asked for its two forms. */
void tell_srv(const struct tell *, uint32_t id,
    const struct dns_question *encrypted, const struct dns_question *starttls);

/*
 * The answer to an addr request for host: from what was asked for A and for
 * AAAA, each of which may be NULL, but not both.
 */
void tell_addr(const struct tell *, uint32_t id, struct str host,
    const struct dns_question *a, const struct dns_question *aaaa);

/* The answer to a request that is not worth a question. */
void tell_status(const struct tell *, uint32_t id, const struct status *);

void tell_log(const struct tell *, enum log_level, struct str text);

#endif
