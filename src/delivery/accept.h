/* SPDX-License-Identifier: ISC */
/*
 * From standard input to a message: read once, in constant memory, into a
 * file, in wire form, with its header made complete.
 */
#ifndef DELIVERY_ACCEPT_H
#define DELIVERY_ACCEPT_H

#include "mail/complete.h"
#include "mail/envelope.h"
#include "spool/store.h"

struct accept_opts {
	bool dots_are_data;	    /* -i: a lone dot does not end the input */
	const struct addr *operand; /* recipients of the command line */
	size_t operands;
	bool from_header;  /* -t: recipients from the header, too */
	bool subtract;	   /* beside -t: operands are left out */
	bool strict;	   /* NUL bytes are an error (B-04) */
	bool refuse_empty; /* so is input without a byte (B-12) */
	size_t recipients_max;
	size_t header_max;    /* octets */
	uint64_t message_max; /* octets, 0: no limit */
	/*
	 * Where it goes, in which spool, in which so many octets are to be left
	 * free; NULL: into a file without a name.  refuge: what does not go
	 * there (no space) goes into one without a name, too.
	 */
	const int *file;
	const struct store *store;
	uint64_t room;
	bool refuge;
	struct complete complete;
};

struct accepted {
	struct content content; /* its file is the caller's to close, and
				   opts.file unless that was of no use */
	struct str message_id;	/* as in the field; or empty */
	/* So many hosts have passed it on that it goes in a circle (G-33):
	 * each recipient has that status, and nobody is to get it. */
	bool circling;
};

/*
 * Reads the message from descriptor in.  The envelope comes with its id and
 * sender; the rest of it is filled in: recipients of the command line and,
 * with -t, of the header, each once, path and from with domains in
 * ASCII.  What is changed about the message beyond the ordinary, or
 * looks like a mistake, is in the log.  -1 with *e and the exit status to
 * end with (65 message or address, 66 input unreadable, 64 no recipient or
 * too many, 73 or 74 our own file); nothing is left behind then.
 */
int accept_message(int in, const struct accept_opts *, struct envelope *,
    struct accepted *, struct pool *, int *exit_status, struct err *)
    __attribute__((warn_unused_result));

#endif
