/* SPDX-License-Identifier: ISC */
/*
 * What an smtp agent writes down about its recipients: the marks of
 * spool-protocol, 10 and 11.  Whoever is killed, and whenever, they say how
 * far it came.  Of letters that are in no spool nothing is written.
 */
#ifndef AGENT_KEEP_H
#define AGENT_KEEP_H

#include "base/err.h"
#include "mail/errand.h"

struct keep {
	const struct errand *errand;
	bool *judged;		   /* of all recipients of the errand */
	const struct letter *open; /* past its gate, without a verdict */
	bool loose;		   /* and in no spool */
};

void keep_init(struct keep *, const struct errand *);
void keep_free(struct keep *);

/* Recipient i has its verdict. */
void keep_rcpt(struct keep *, size_t i);

/*
 * The gate of a letter has opened: who has no verdict yet is marked sending,
 * unless the letter turned out to be in no spool (loose).  -1 with *e: the end
 * of data must not be sent.
 */
int keep_sending(struct keep *, size_t letter, bool loose, struct err *)
    __attribute__((warn_unused_result));

/*
 * The verdict on the letter past its gate, for n of its recipients from `first`
 * on (of all): each of them that has none yet is marked so, and the marks are
 * on disk.  Does nothing before the gate; with doubt nobody is marked, and that
 * is the last word on the letter.  -1 with *e: it is doubt now.
 */
int keep_verdict(struct keep *, size_t first, size_t n, const struct status *,
    struct err *) __attribute__((warn_unused_result));

/* The session is over: where no verdict was given, the end of data was not
 * sent after all. */
void keep_back(struct keep *);

#endif
