/* SPDX-License-Identifier: ISC */
/*
 * What a submission lacks (RFC 5322, 3.6; RFC 6409, 8): the header as it is
 * sent.  A Received field comes first; then the fields as they were given,
 * without those that are not for the recipients' eyes (Bcc) or not ours to
 * send (Return-Path, Content-Length); behind them what was missing of From,
 * Date and Message-ID (an empty one is missing).  A message that was resent
 * gets the Resent- fields that its latest resending lacks, at the top of
 * these (3.6.6).
 *
 * No value from options, environment or the user database can begin a line
 * of its own: control characters are dropped on the way.
 */
#ifndef MAIL_COMPLETE_H
#define MAIL_COMPLETE_H

#include <time.h>

#include "base/buf.h"
#include "mail/addr.h"
#include "mail/head.h"

struct complete {
	struct addr sender;   /* of the envelope; null: login@mailname */
	struct str login;     /* the caller's, "root" */
	struct str full_name; /* for From; may be empty, any bytes */
	struct str hostname;  /* for Received */
	struct str mailname;  /* for addresses without domain, Message-ID */
	struct str id;	      /* the queue id */
	unsigned long uid;    /* the caller's */
	time_t now;
	struct str random; /* makes the Message-ID unique: letters, digits */
	bool add;	   /* false: Received and removals alone (-G) */
};

/* Appends the header, without the empty line behind it. */
void complete_header(
    struct buf *out, const struct field *, size_t n, const struct complete *);

#endif
