/* SPDX-License-Identifier: ISC */
/* The zone of a play, and packets of the DNS as far as that needs them. */
#ifndef LIB_ZONE_H
#define LIB_ZONE_H

#include "play.h"

/* A question that came. */
struct question {
	struct str name; /* lower case, no final dot */
	unsigned type;
	size_t end; /* of the question in the packet */
	bool edns;
};

/* What the zone has for one question, aliases followed. */
struct found {
	struct rr *manner; /* the first record: how to answer; or NULL */
	bool known;	   /* the name exists */
	bool truncated, no_tcp, ad;
	unsigned rcode, count;
};

/* Appends a name in wire form; "." is the root.  False: it is no name. */
bool zone_name(struct buf *, struct str name);

/* Numbers of two bytes. */
unsigned zone_number(struct str packet, size_t at);
void zone_put(struct buf *, unsigned number);

/* Reads the question of a query; false if the packet is none. */
bool zone_question(struct pool *, struct str packet, struct question *);

/* Appends the records that answer a question; port is that of all servers. */
struct found zone_look(const struct play *, struct str name, unsigned type,
    unsigned port, struct pool *, struct buf *answers);

#endif
