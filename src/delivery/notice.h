/* SPDX-License-Identifier: ISC */
/* One report on a message of the spool, as an entry beside it. */
#ifndef DELIVERY_NOTICE_H
#define DELIVERY_NOTICE_H

#include "delivery/bounce_opts.h"
#include "delivery/job.h"

enum notice_kind {
	NOTICE_FAILED,
	NOTICE_DELAYED,
	NOTICE_DOUBLE,	  /* of a failure, because the sender cannot be told */
	NOTICE_SUCCEEDED, /* of whom we know no more than that (G-27) */
};

struct notice {
	enum notice_kind kind;
	const struct store *store;
	const struct job *job;
	const struct stored *stored;
	const struct bounce_opts *opts;
	const size_t *index; /* of the recipients that it is about, ascending */
	size_t n;
	struct str to;	     /* to whom, as people wrote it */
	struct envelope env; /* and what the aliases make of it */
	char id[STORE_ID + 1];
};

/* Whom that concerns. */
struct str notice_sender(
    enum notice_kind, const struct envelope *, const struct recipient *);

/* How many of index[0..n), at least one, go into one report. */
size_t notice_room(const struct notice *);

enum notice_way {
	NOTICE_WAY,	  /* env has somebody */
	NOTICE_NO_WAY,	  /* there is no such address */
	NOTICE_DISCARDED, /* an alias throws away what comes for it */
	NOTICE_NOT_NOW,	  /* *e says why */
};

/* Addresses it. */
enum notice_way notice_address(
    struct notice *, struct str to, struct pool *, struct err *);

/*
 * Commits it under an ID derived from that of the message, unless it is there
 * already.  told[i] becomes whether the report that is there now is about
 * index[i]; it is about index[0].  -1 with *e; ERR_LIMIT: there can never be
 * such a report.
 */
int notice_commit(struct notice *, bool *told, struct pool *, struct err *)
    __attribute__((warn_unused_result));

/* Is this message a report that was to be the last one? */
bool notice_is_last(const struct stored *);

#endif
