/* SPDX-License-Identifier: ISC */
/*
 * Line ends and dots: two filters over streams of any length, cut into
 * pieces anywhere.  `lines` makes wire form of what people pipe in; `dots`
 * makes the text of DATA of wire form (RFC 5321, 4.5.2).  Both are pure,
 * hold a few bytes, and start as all zeros.
 *
 * After `lines` there is no CR without LF, no LF without CR, no NUL; after
 * `dots` nothing in it reads as the end of data: together they leave no room
 * for smuggled commands, whatever the server takes for a line end.
 */
#ifndef MAIL_STUFF_H
#define MAIL_STUFF_H

#include "base/buf.h"

struct lines {
	/* The caller's; may change between lines. */
	bool header;	    /* a CR inside a line becomes a blank, not CRLF */
	bool dots_are_data; /* a lone dot does not end the input */

	/* What was seen so far. */
	bool done;	  /* the lone dot came */
	bool more;	  /* ... and bytes after it, which were dropped */
	bool eightbit;	  /* some byte is not ASCII */
	uint64_t size;	  /* bytes given out */
	uint64_t longest; /* of the finished lines, without CRLF */
	uint64_t bare_cr; /* CRs inside lines, replaced */
	uint64_t nul;	  /* NULs, removed */

	/* Inside. */
	bool inside;	   /* the line has begun */
	bool dot;	   /* a dot began it and was not given out yet */
	uint64_t crs;	   /* CRs whose next byte is not known yet */
	uint64_t unbroken; /* bytes given out since the last CRLF */
};

/*
 * Takes bytes from *in and appends lines with CRLF to out.  A line ends with
 * LF or CRLF; all CRs before the LF go; NULs go before anything else is
 * looked at.  A lone dot ends the input, nothing is un-stuffed.
 *
 * Takes no more than what surely fits under out's maximum, so *in may keep a
 * rest: empty out and call again (2 * in->n + 1 bytes of room take all, but
 * for a long run of CRs that was held).  Two bytes of room always bring it
 * forward.  With one_line it stops behind a finished line, and returns true;
 * otherwise false.
 */
bool lines_feed(struct lines *, struct str *in, struct buf *out, bool one_line);

/* The input has ended: ends its last line.  Needs two bytes of room. */
void lines_end(struct lines *, struct buf *out);

struct dots {
	bool inside; /* a line has begun */
	bool cr;     /* ... and its last byte is a CR */
};

/*
 * Appends in, with one more dot before each dot that begins a line; at most
 * in.n + in.n / 2 + 1 bytes.
 */
void dots_feed(struct dots *, struct str in, struct buf *out);

/*
 * Appends the end of data, ".CRLF", behind a CRLF if the text has none at
 * its end: at most 5 bytes.  Ready for another text then.
 */
void dots_end(struct dots *, struct buf *out);

#endif
