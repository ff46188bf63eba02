/* SPDX-License-Identifier: ISC */
/*
 * The header of a message (RFC 5322, 2.2 and 3.6): where it ends, its
 * fields, and the recipients that it names.  Bytes and order are kept; only
 * blanks before a field's colon (4.5) and a mbox separator at the very top
 * are dropped.
 */
#ifndef MAIL_HEAD_H
#define MAIL_HEAD_H

#include "base/buf.h"
#include "base/err.h"
#include "base/pool.h"
#include "mail/addr.h"

struct head {
	struct buf text; /* the fields so far, each line ended by CRLF */
};

enum head_said {
	HEAD_MORE,     /* the line belongs to the header; go on */
	HEAD_END,      /* it was the empty line; the body follows */
	HEAD_BODY,     /* it is the body's first: nobody wrote the empty line */
	HEAD_TOO_LARGE /* it does not fit; nothing was added */
};

/* An empty header of at most max octets.  Owned: head_free. */
void head_init(struct head *, size_t max);
void head_free(struct head *);

/* The next line of the input, with the CRLF at its end. */
enum head_said head_line(struct head *, struct str line);

/* A field; a view of the head it came from. */
struct field {
	struct str name;
	struct str raw;	  /* all of it: name, colon, lines with their CRLF */
	struct str value; /* what follows the colon, with its CRLFs */
};

/* The fields in order, in the pool. */
void head_fields(
    struct pool *, const struct head *, struct field **, size_t *n);

/* The nth field (from 0) of that name in any case; NULL: none. */
const struct field *head_find(
    const struct field *, size_t n, struct str name, size_t nth);

/* Appends a value as one line, without the blanks at both ends. */
void head_unfold(struct buf *, struct str value);

/*
 * The fields [*from, *to) of the latest resending (RFC 5322, 3.6.6), from
 * its first Resent- field on: up to a trace field, or up to a Resent- field
 * that this resending has already (but not just before, so that two
 * Resent-To lines are one resending).  Other fields may lie between.  False
 * if nobody has resent the message.
 */
bool head_resent(const struct field *, size_t n, size_t *from, size_t *to);

/*
 * The recipients in To, Cc and Bcc; if there is any Resent-To, Resent-Cc or
 * Resent-Bcc, those of the latest resending and no others.  In order, with
 * duplicates.  -1 as in addr_list, the field named in front.
 */
int head_recipients(struct pool *, const struct field *, size_t n, size_t max,
    struct addr **list, size_t *count, struct err *)
    __attribute__((warn_unused_result));

#endif
