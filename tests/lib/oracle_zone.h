/* SPDX-License-Identifier: ISC */
/* An oracle that answers, as a good resolver does, from a table. */
#ifndef LIB_ORACLE_ZONE_H
#define LIB_ORACLE_ZONE_H

#include "oracle.h"

enum { CNAME = 5 };

/*
 * The table ends with a name of NULL.  Data is an address or a name, or, of
 * SRV, weight, port and name; where it is NULL, questions of that type (0: all)
 * get the error number preference.
 */
struct zone_record {
	const char *name;
	unsigned type;
	unsigned preference;
	const char *data;
};

/* For oracle_start; the table is the oracle's zone. */
void zone_say(struct oracle *, const struct query *);

#endif
