/* SPDX-License-Identifier: ISC */
/*
 * DNS messages as bytes (RFC 1035, 6891): queries are built and answers read
 * by pure functions, without sockets.  An answer is hostile: everything in
 * it is checked and bounded, and no name that could not be a host's leaves
 * this module.
 */
#ifndef NET_DNS_PACKET_H
#define NET_DNS_PACKET_H

#include "base/pool.h"
#include "net/host.h"

enum dns_type {
	DNS_A = 1,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_SRV = 33,
	DNS_TLSA = 52,
};

enum {
	DNS_NAME_SIZE = 256,	/* a name as text, with its '\0' */
	DNS_QUERY_SIZE = 300,	/* the longest query */
	DNS_PACKET_MAX = 65535, /* the longest answer, over TCP */
	DNS_CHAIN = 10,		/* the longest chain of CNAMEs (C-08) */
	DNS_RECORDS = 500,	/* more records of a set are passed over */
};

enum dns_result {
	DNS_FOUND,    /* records; but see dns_answer.unusable */
	DNS_NODATA,   /* the name exists, without records of the type */
	DNS_NXDOMAIN, /* there is no such name */
	DNS_LOOP,     /* a chain of CNAMEs that is too long, or endless */
	DNS_LATER,    /* not known now: reason says why */
	DNS_CHASE,    /* a chain leaves the packet: ask for its last alias */
};

struct dns_record {
	unsigned preference; /* MX; SRV: its priority */
	unsigned weight;     /* SRV */
	unsigned port;	     /* SRV: never 0, but where name is "." */
	struct str name;     /* MX, SRV: in lower case, no final dot; or "." */
	struct ip ip;	     /* A, AAAA */
	struct str data;     /* other types: as it came */
};

/* Its memory is the pool's that dns_parse was given. */
struct dns_answer {
	enum dns_result result;
	unsigned rcode;
	bool secure; /* AD was set in each packet that led here */
	struct dns_record *record;
	size_t n;
	size_t unusable; /* records without a name that a host can have, or a
			    port */
	struct str alias[DNS_CHAIN]; /* where CNAMEs led, in this order */
	size_t aliases;
	const char *reason; /* LATER: "SERVFAIL", ... */
};

/*
 * Can a host or domain be called so: labels of 1 to 63 letters, digits, "-"
 * and "_", without a final dot, 253 bytes in all (C-24)?
 */
bool dns_is_name(struct str);

/*
 * Builds the question for the absolute name, recursion desired; edns: with
 * EDNS, DO and a payload of 1232 bytes (C-33).  out has DNS_QUERY_SIZE bytes.
 * Returns the length, 0 if it cannot be built.
 */
size_t dns_query(
    unsigned char *out, struct str name, enum dns_type, uint16_t id, bool edns);

/*
 * Is it an answer to that question?  What is not, somebody else may have
 * sent.  An error may come without the question, as some servers do.
 */
bool dns_is_reply(
    struct str packet, struct str name, enum dns_type, uint16_t id);

/* The TC bit of what dns_is_reply accepted. */
bool dns_is_truncated(struct str packet);

/*
 * Reads the answer about name out of what dns_is_reply accepted.  A new
 * answer is {.secure = true}; when a CHASE goes on with another packet, the
 * same answer is passed again and its aliases and secure add up.
 */
void dns_parse(struct str packet, struct str name, enum dns_type, struct pool *,
    struct dns_answer *);

#endif
