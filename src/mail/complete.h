/* SPDX-License-Identifier: ISC */
/* What a submission lacks, and what must not leave (RFC 6409, 8). */
#ifndef MAIL_COMPLETE_H
#define MAIL_COMPLETE_H

#include <time.h>

#include "mail/head.h"
#include "mail/rewrite.h"

struct complete {
	struct addr sender;   /* the submitter's; may be null */
	struct str login;     /* the caller's login name */
	struct str full_name; /* for a From that is added: any bytes */
	struct str hostname;
	struct str mailname;
	struct str id;	   /* the queue id */
	struct str random; /* for Message-ID: letters and digits */
	unsigned long uid;
	time_t now;
	bool add;     /* false (-G): only Received is, and nothing replaced */
	bool qualify; /* bare names get the mailname behind */
	const struct rewrite *from; /* the rules for From; or NULL */
};

/*
 * Appends the header as it is sent, without the empty line:
 *
 * - Received in front (B-18), without any recipient (B-19);
 * - the fields as they are, in order (B-11), but for Bcc, Resent-Bcc,
 *   Return-Path, Content-Length, and an empty Message-ID that is replaced;
 * - with the mailname behind names without a domain in To, Cc, From, Sender and
 *   Reply-To, or, if the message is resent, in these of its topmost resending
 *   alone (B-25): the others are somebody else's;
 * - with the addresses in From, and in that Resent-From, that rules are for
 *   replaced; a From in which there are none, or none that can be read, is
 *   replaced as if it were missing where a rule is for all;
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

#endif
