/* SPDX-License-Identifier: ISC */
/*
 * Questions to the DNS, many at a time, none of which blocks: the caller
 * polls.  resolv.conf says whom to ask; names are absolute, no search list is
 * ever used (C-01).  Each try has a socket, a port and an id of its own.  A
 * truncated answer is fetched over TCP (C-33); after silence or an error the
 * next server is asked; all of it ends by the question's deadline (C-34).
 */
#ifndef NET_DNS_H
#define NET_DNS_H

#include <poll.h>

#include "base/err.h"
#include "net/dns_packet.h"

enum {
	DNS_SERVERS = 8,
	DNS_LIVE = 64, /* questions under way; more wait for their turn */
};

/* The caller's storage from dns_ask to the end of its use of the answer. */
struct dns_question {
	/* To read, once dns_answered has returned it. */
	struct dns_answer answer; /* never CHASE; secure only if that counts */
	enum dns_type type;
	char name[DNS_NAME_SIZE]; /* that was asked for */
	void *owner;		  /* the caller's */

	/* To read, also in dns_opts.asking. */
	size_t server;	     /* whom the last query went to */
	const char *trouble; /* the last failure of a try, or NULL */
	size_t troubled;     /* the server that it was with */
	bool tcp;	     /* the query goes over TCP, the UDP answer being
				truncated */

	/* Not the caller's. */
	struct dns_question *next;
	struct pool pool;
	int64_t deadline;
	int64_t try_deadline;
	size_t first; /* the server that is asked first */
	unsigned tries;
	unsigned spent; /* a bit for each server that is of no use */
	bool plain;	/* without EDNS */
	int fd;
	size_t sent;
	size_t query_n;
	unsigned char query[2 + DNS_QUERY_SIZE]; /* its length before it */
	struct buf stream;			 /* what came over TCP */
};

struct dns_opts {
	/* "ip" or "ip:port", several separated by commas or blanks; empty:
	 * those of resolv.conf. */
	struct str nameserver;
	bool trust_ad; /* as if resolv.conf had "options trust-ad" (C-32) */
	/* Hears of each query that is sent; may be NULL. */
	void (*asking)(void *ctx, const struct dns_question *);
	void *ctx;
};

struct dns {
	struct dns_opts opts;
	struct sockaddr_storage server[DNS_SERVERS];
	size_t servers;
	size_t first;	  /* the last one that answered */
	int64_t patience; /* ms for one try */
	unsigned rounds;  /* tries with each server */
	bool trust;
	bool tcp_only;
	struct dns_question *live[DNS_LIVE];
	size_t live_n;
	struct dns_question *queue, **queue_end;
	struct dns_question *done, **done_end;
	struct buf packet;
};

/* Reads resolv.conf.  -1 with *e; there is then nothing to close. */
int dns_open(struct dns *, const struct dns_opts *, struct err *);

/* Drops all questions; those not answered need no dns_release. */
void dns_close(struct dns *);

/* Asks; name passes dns_is_name.  Nothing is sent before dns_wait. */
void dns_ask(struct dns *, struct dns_question *, struct str name,
    enum dns_type, int64_t deadline);

/*
 * Begins what can begin and fills in the descriptors to wait for, DNS_LIVE at
 * most; *until is lowered to the time by which dns_step is to be called, 0 if
 * there are answers already.  Returns the number of descriptors.
 */
size_t dns_wait(struct dns *, struct pollfd *, int64_t *until);

/* Handles what the descriptors of the dns_wait before and the time bring. */
void dns_step(struct dns *, const struct pollfd *);

/* Takes a question that is answered, or NULL. */
struct dns_question *dns_answered(struct dns *);

/* The name that is asked for now: the last alias, or the first of all. */
struct str dns_current(const struct dns_question *);

/* Frees the answer.  Idempotent; a question of zeros is allowed. */
void dns_release(struct dns_question *);

/* Appends the server's address, with its port if that is not 53. */
void dns_server(struct buf *, const struct dns *, size_t server);

#endif
