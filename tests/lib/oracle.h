/* SPDX-License-Identifier: ISC */
/*
 * A name server whose answers are a function of the test's, which may be as
 * wrong as it likes; and what such a function needs to write DNS messages.
 * It listens on 127.0.0.1, UDP and TCP, never blocks, and is driven by
 * virtual time (vtime.h) in the test's own thread.
 */
#ifndef LIB_ORACLE_H
#define LIB_ORACLE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WIRE_MAX = 70000 };

/* A DNS message. */
struct wire {
	unsigned char p[WIRE_MAX];
	size_t n;
};

/* Bits of the second 16-bit word; the response code is its last digit. */
enum {
	QR = 0x8000,
	AA = 0x0400,
	TC = 0x0200,
	RD = 0x0100,
	RA = 0x0080,
	AD = 0x0020
};
/* What a recursive server says. */
enum { USUAL = QR | RD | RA };
enum { AN = 6, NS = 8, AR = 10 }; /* sections */

struct query {
	unsigned char p[600];
	size_t n;
	char name[256];
	unsigned type;
	unsigned id;
	bool edns, dnssec;
	unsigned payload;
	bool tcp;
	unsigned nth;  /* 1: the first that this oracle was asked */
	unsigned port; /* of the client */
};

void wire_16(struct wire *, unsigned n);
/* A name as text, without escapes; "" or "." is the root. */
void wire_name(struct wire *, const char *name);
/* The message begins: head and question of q, or of another. */
void wire_reply(struct wire *, const struct query *, unsigned flags);
void wire_reply_about(struct wire *, const struct query *, unsigned flags,
    const char *name, unsigned type);
/* Adds a record to a section. */
void wire_rr(struct wire *, int section, const char *name, unsigned type,
    const void *data, size_t n);
void wire_mx(
    struct wire *, const char *name, unsigned preference, const char *host);
void wire_srv(struct wire *, const char *name, unsigned priority,
    unsigned weight, unsigned port, const char *host);
void wire_ip(struct wire *, const char *name, const char *ip);
void wire_cname(struct wire *, const char *name, const char *target);
void wire_soa(struct wire *, const char *zone);

/* A query as a message that was read. */
void query_read(struct query *, const void *p, size_t n);

struct oracle {
	/* May call oracle_say any number of times. */
	void (*answer)(struct oracle *, const struct query *);
	const struct zone_record *zone; /* oracle_zone.h */
	unsigned asked, asked_tcp;
	unsigned ids[64], ports[64];
	char last[256]; /* the name of the last question */
	unsigned port;
	/* Not the test's. */
	int udp, tcp, conn;
	struct sockaddr_in peer;
	bool over_tcp;
	struct wire out; /* still to be sent over TCP */
	size_t sent;
};

void oracle_start(
    struct oracle *, void (*answer)(struct oracle *, const struct query *));
void oracle_stop(struct oracle *);
void oracle_say(struct oracle *, const void *p, size_t n);
void oracle_wire(struct oracle *, const struct wire *);
/* The answer of one that hears, and says nothing. */
void oracle_silent(struct oracle *, const struct query *);
/* The TCP connection is closed; or nothing listens for any. */
void oracle_drop(struct oracle *);
void oracle_no_tcp(struct oracle *);
/* TCP bytes as they are. */
void oracle_raw(struct oracle *, const void *p, size_t n);

/* A vtime_idle; ctx is a NULL-terminated array of oracles. */
bool oracle_idle(void *ctx, int64_t *next);

#endif
