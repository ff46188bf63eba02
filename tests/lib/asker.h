/* SPDX-License-Identifier: ISC */
/*
 * Asks oracles (oracle.h) by net/dns.h, one question at a time, in virtual
 * time.
 */
#ifndef LIB_ASKER_H
#define LIB_ASKER_H

#include "net/dns.h"
#include "oracle.h"

enum { ORACLES = 3, SECOND = 1000 };

extern struct asker {
	struct oracle o[ORACLES];
	struct oracle *all[ORACLES + 1];
	struct dns dns;
	struct dns_question q; /* that of asker_ask */
	int64_t start;
	unsigned asked; /* queries that were announced */
} asker;

/* So many oracles; the AD bit is believed.  Time is virtual until the end. */
void asker_start(
    size_t oracles, void (*answer)(struct oracle *, const struct query *));
void asker_stop(void);

/* Opens asker.dns; asker_start does so, too. */
void asker_open(size_t oracles, bool trust);

/* One question, with a minute's time; good until the next. */
const struct dns_answer *asker_ask(const char *name, enum dns_type);

/* Waits for any question to be answered. */
struct dns_question *asker_await(void);

/* Milliseconds since the last asker_ask. */
int64_t asker_passed(void);

/* An answer of an oracle's. */
void asker_say_mx(struct oracle *, const struct query *);

#endif
