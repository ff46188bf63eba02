/* SPDX-License-Identifier: ISC */
/*
 * Reads SMTP replies (RFC 5321, 4.2.1), fed in pieces of any size.  Hostile
 * input is the rule: everything is bounded (D-08).
 */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include "base/buf.h"

enum {
	REPLY_LINE_KEPT = 12288, /* of a longer line the rest is skipped */
	REPLY_BYTES = 64 * 1024, /* a reply of more is garbage */
	REPLY_LINES = 200,	 /* and so is one of more lines */
};

enum reply_state {
	REPLY_MORE, /* not complete */
	REPLY_DONE,
	REPLY_BAD, /* no SMTP reply, or out of bounds; text says what came */
};

struct reply {
	unsigned code;	 /* 200 to 599 */
	struct buf text; /* the lines without code, each ended by '\n' */
	struct buf line; /* the line that is being read */
	size_t lines, bytes;
	const char *fault; /* what is wrong, if bad */
};

void reply_init(struct reply *);
void reply_free(struct reply *);

/* Forgets the reply before, keeps the memory. */
void reply_start(struct reply *);

/*
 * Consumes bytes from *in up to the end of the reply and not one more.  A
 * bare LF ends a line, too (D-09); NUL and control bytes are kept: whoever
 * prints makes them inert.
 */
enum reply_state reply_feed(struct reply *, struct str *in);

/* Appends "250 text text", lines joined by a space, printable. */
void reply_print(struct buf *, const struct reply *, size_t max);

#endif
