/* SPDX-License-Identifier: ISC */
/*
 * Two streaming filters over the lines of a message: what comes in becomes
 * wire form, and what goes out becomes dot-stuffed.  Neither holds more than
 * a few bytes, and the result does not depend on how the input is cut.
 */
#ifndef MAIL_STUFF_H
#define MAIL_STUFF_H

#include "base/buf.h"

/*
 * Input lines, which end in LF or in any number of CRs and LF (B-01), become
 * lines that end in CRLF.  NUL bytes are removed (B-04), a CR elsewhere
 * becomes a line end in the body (B-03) and is kept in the header, for what it
 * becomes is known when the line is (mail/head.h); so is each of many CRs
 * before an LF but the last thirty, that nothing has to be held without end.
 * Unless dots_are_data, a line that holds one dot, and no NUL, ends the input
 * nothing else about dots is changed.
 */
enum { LINES_HELD = 64 };

struct lines {
	bool dots_are_data; /* set by the caller, at the start */
	bool header;	    /* set by the caller, may change between calls */

	bool done;	   /* a lone dot has ended the input */
	bool high;	   /* some byte is not ASCII */
	uint64_t bare_crs; /* CRs that did not stand before an LF */
	uint64_t nuls;
	/* Octets of the longest line, without CRLF; with its bare CRs in the
	 * header. */
	size_t longest;

	size_t column; /* octets of the line so far */
	bool inside;   /* the line has begun (NULs count, too) */
	bool dot;      /* it is a dot, which is held back */
	uint64_t crs;  /* CRs behind that, held back */
};

/* An all-zero struct lines is ready: body mode, a lone dot ends. */

/*
 * Moves bytes from *in to out: all of them, or, if one_line, up to the end
 * of the first line.  Adds at most 2 octets for each that it takes, and
 * LINES_HELD more: out must have room for them.
 */
void lines_feed(struct lines *, struct str *in, struct buf *out, bool one_line);

/*
 * The end of the input: supplies a missing line end (B-02), that is 2 octets.
 */
void lines_end(struct lines *, struct buf *out);

/*
 * Dot-stuffing for DATA (RFC 5321, 4.5.2) of text whose lines end in CRLF.
 * An all-zero struct dots is ready.
 */
struct dots {
	bool inside; /* not at the start of a line */
	bool cr;     /* behind a CR, which wire form has only before LF */
};

/* Adds at most 2 octets for each of in. */
void dots_feed(struct dots *, struct str in, struct buf *out);

/* Appends the end of data: the line's end if it lacks one, and the dot. */
void dots_end(struct dots *, struct buf *out);

#endif
