/* SPDX-License-Identifier: ISC */
/*
 * From standard input to a message: read once, in constant memory, into a
 * file without a name, in wire form, with its header made complete.
 */
#ifndef DELIVERY_ACCEPT_H
#define DELIVERY_ACCEPT_H

#include "mail/complete.h"
#include "mail/envelope.h"

struct accept_opts {
	bool dots_are_data;     /* -i: a lone dot does not end the input */
	bool from_header;       /* -t: recipients from the header, too */
	bool strict;            /* NUL bytes are an error (B-04) */
	size_t recipients_max;
	size_t header_max;      /* octets */
	uint64_t message_max;   /* octets, 0: no limit */
	struct complete complete;
};

/*
 * Reads the message from descriptor in.  The envelope comes with its id,
 * sender and the recipients of the command line; -t adds those of the
 * header; duplicates are removed, path and from are filled in.  On
 * success *content has an open file.  -1 with *e and the exit status to end
 * with (65 message or address, 66 input unreadable, 64 no recipient, 73 or
 * 74 our own file); nothing is left behind then.
 */
int accept_message(int in, const struct accept_opts *, struct envelope *,
    struct content *, struct pool *, int *exit_status, struct err *);

#endif
