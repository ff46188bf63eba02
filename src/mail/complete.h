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
	struct str id;	   /* the queue id */
	struct str random; /* for Message-ID: letters and digits */
	unsigned long uid;
	time_t now;
	bool add; /* false (-G): only Received is, and nothing replaced */
};

/*
 * Appends the header as it is sent, without the empty line:
 *
 * - Received in front (B-18), without any recipient (B-19);
 * - the fields as they are, in order (B-11), but for Bcc, Resent-Bcc,
 *   Return-Path, Content-Length, and an empty Message-ID that is replaced;
 * - of a message that is resent, what its topmost resending lacks of
 *   Resent-Date, Resent-From and Resent-Message-ID, in front of that (B-32);
 * - Date, From, Message-ID where they are missing (B-13 to B-15), and Sender
 *   where From has several mailboxes (B-16), at the end.
 *
 * What is added has no control bytes (B-42), and lines of up to 77 columns
 * unless a mailbox or host name is longer.
 */
void complete_header(
    struct buf *out, const struct field *, size_t n, const struct complete *);

/*
 * Appends a display name so that it is one phrase (B-17, B-42), as it is,
 * quoted, or as RFC 2047 words, folded behind what out's last line holds.
 * Controls are dropped, blanks are made single, and what is behind the first
 * 1,000 octets is cut off.
 */
void complete_phrase(struct buf *out, struct str name);

#endif
