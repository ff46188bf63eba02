/* SPDX-License-Identifier: ISC */
/*
 * The marks of an entry: a block of bytes in ID.env, one a recipient, each
 * overwritten in place with one pwrite(2) of one byte, so that a full disk
 * stops no mark and a torn write leaves none half done (spool-protocol, 1).
 * Until it is gone only the agent writes the marks of its recipients.
 */
#ifndef SPOOL_MARK_H
#define SPOOL_MARK_H

#include "base/err.h"
#include "mail/marks.h"

enum mark {
	MARK_WAITING = 'w',
	MARK_SENDING = 's',   /* the end of data may have gone out */
	MARK_DOUBT = '?',     /* it may have been delivered */
	MARK_DELIVERED = 'd', /* the next hop has accepted it */
	MARK_FAILED = 'f',    /* for good; the sender is to be told */
	MARK_REPORTED = 'r',  /* and has been */
	MARK_WITHDRAWN = 'x', /* never the queue's, or deleted by its owner */
};

/* True if the byte is a mark. */
bool mark_known(char byte);

/* True if nothing is to be done any more for the recipient. */
bool mark_final(enum mark);

/* "waiting", "sending", ... */
const char *mark_word(enum mark);

/* Marks recipient i.  Where there is no spool: does nothing.  -1 with *e. */
int mark_put(const struct marks *, size_t i, enum mark, struct err *)
    __attribute__((warn_unused_result));

/*
 * Reads all marks, through a descriptor of the file that reads: each is one
 * that is known.  -1 with *e.
 */
int mark_read(int fd, const struct marks *, char *bytes, struct err *)
    __attribute__((warn_unused_result));

/* What was marked is on disk.  Where there is no spool: does nothing. */
int mark_sync(const struct marks *, struct err *)
    __attribute__((warn_unused_result));

#endif
