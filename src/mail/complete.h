/* SPDX-License-Identifier: ISC */
/* What a submission lacks, and what must not leave (RFC 6409, 8). */
#ifndef MAIL_COMPLETE_H
#define MAIL_COMPLETE_H

#include <time.h>

#include "mail/head.h"

struct complete {
	struct addr sender;   /* the envelope's; may be null */
	struct str login;     /* the caller's login name */
	struct str full_name; /* for a From that is added: any bytes */
	struct str hostname;
	struct str mailname;
	struct str id;        /* the queue id */
	struct str random;    /* for Message-ID: letters and digits */
	unsigned long uid;
	time_t now;
	bool add; /* false (-G): nothing but Received is added */
};

/*
 * Appends the header as it is sent, without the empty line:
 *
 * - Received in front (B-18), without any recipient (B-19);
 * - of a message that is resent, what its topmost Resent- block lacks of
 *   Resent-Date, Resent-From and Resent-Message-ID, on top (B-32);
 * - the fields as they are, in order (B-11), but for Bcc, Resent-Bcc,
 *   Return-Path, Content-Length, and an empty Message-ID;
 * - Date, From, Message-ID where they are missing (B-13 to B-15).
 */
void complete_header(struct buf *out, const struct field *, size_t n,
    const struct complete *);

/*
 * Appends a display name so that it is one phrase on one line (B-17, B-42):
 * as it is, quoted, or as RFC 2047 words; controls are dropped.
 */
void complete_phrase(struct buf *out, struct str name);

#endif
