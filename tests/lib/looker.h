/* SPDX-License-Identifier: ISC */
/*
 * Asks an oracle (oracle.h) by the lookup agent (agent/lookup.h): a request in
 * its words gives the lines of its report.
 */
#ifndef LIB_LOOKER_H
#define LIB_LOOKER_H

#include "agent/lookup.h"
#include "oracle_zone.h"

enum { LOOKER_MS = 1000 };

extern struct looker {
	struct oracle oracle; /* its answer may be changed */
	struct oracle *all[2];
	struct lookup_errand errand; /* the AD bit is believed */
	char server[40];	     /* the oracle, as the errand names it */
	char said[100000];	     /* lines of reports, see looker_collect */
} looker;

/*
 * In virtual time (vtime.h) the errand begins now and may take LOOKER_MS; in
 * real time that is for the test to say.
 */
enum looker_time { LOOKER_REAL, LOOKER_VIRTUAL };

/* The oracle answers from the zone. */
void looker_start(const struct zone_record *zone, enum looker_time);

/* For cmocka_unit_test_setup_teardown; nobody may have been stuck. */
int looker_stop(void **state);

/* Adds a line to looker.said; for report_direct and report_read. */
void looker_collect(void *ctx, struct str line);

/* What the agent reports on a request, and nothing of before. */
const char *look(const char *request);

#endif
