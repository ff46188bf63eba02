/* SPDX-License-Identifier: ISC */
/* The header of a message: collected line by line, then split into fields. */
#ifndef MAIL_HEAD_H
#define MAIL_HEAD_H

#include "base/buf.h"
#include "base/err.h"
#include "base/pool.h"
#include "mail/addr.h"

/*
 * Collects lines, each ended by CRLF, until the header is over.  A CR elsewhere
 * in a line is a blank of the header, and becomes a space (B-03).
 */
struct head {
	struct buf text; /* whole fields, as they will be sent */
	bool begun;	 /* a field has been seen */
};

enum head_said {
	HEAD_MORE,	/* taken, or passed over */
	HEAD_END,	/* the line was the empty one: not part of anything */
	HEAD_BODY,	/* the line is the body's first: it must be kept */
	HEAD_TOO_LARGE, /* over the limit; the line was not taken */
};

void head_init(struct head *, size_t max);
void head_free(struct head *);

/*
 * Takes one line.  mbox separators ("From ", with any ">" before) are passed
 * over at the very top (B-06), blanks before the colon removed (B-10); a line
 * of nothing but blanks continues a field (B-07); what is neither field nor
 * continuation begins the body (B-08, B-09).
 */
enum head_said head_line(struct head *, struct str line);

/*
 * Appends the line that was HEAD_BODY, or its beginning, as the body has it:
 * a CR that is not part of its end ends a line, too (B-03).
 */
void head_body_line(struct buf *out, struct str line);

struct field {
	struct str name;
	struct str raw;	  /* the whole: name, colon, lines, each with CRLF */
	struct str value; /* what stands behind the colon, with its CRLFs */
};

/* Splits the collected text; the views point into it. */
void head_fields(
    struct pool *, const struct head *, struct field **, size_t *n);

/* The nth (from 0) field of that name, or NULL. */
const struct field *head_find(
    const struct field *, size_t n, struct str name, size_t nth);

/*
 * The fields [from, to) of the topmost resending (RFC 5322, 3.6.6); false if
 * there is none.  It ends before a trace field, or a Resent- field that it
 * has already, unless that repeats the one right before; other fields may lie
 * between its own.
 */
bool head_resent(const struct field *, size_t n, size_t *from, size_t *to);

/*
 * The recipients that -t takes: To, Cc and Bcc; or, if there is any
 * Resent-To, -Cc or -Bcc, those of the topmost block alone (B-31).  -1 with
 * *e, which names the field.
 */
int head_recipients(struct pool *, const struct field *, size_t n, size_t max,
    struct addr **list, size_t *count, struct err *);

#endif
