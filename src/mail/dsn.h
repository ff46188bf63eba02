/* SPDX-License-Identifier: ISC */
/*
 * Reports on the fate of a message, as RFC 3464 wants them: whom one goes to,
 * and its text.  Pure functions; sending it (from <>, to one address, G-21)
 * is the caller's matter:
 *
 *	dsn_head(&out, &d);	header, words for people, fields for machines,
 *				and the header of the part that is returned
 *	...			what is returned, as it is in the entry: wire
 *				form; of the header alone the fields and no
 *				empty line; nothing for DSN_NOTHING
 *	dsn_tail(&out, &d);	the end
 *
 * All text of others is made inert: printable ASCII on folded lines that
 * begin with our own words or with a blank, so that none of it can be taken
 * for a field, a boundary or the end of the header.
 */
#ifndef MAIL_DSN_H
#define MAIL_DSN_H

#include "mail/dsn_about.h"
#include "mail/head.h"

/*
 * Is the sender told of this (G-27, G-28, G-30)?  bulk: nobody waits for that
 * message, so its delay is nobody's concern.  A failure that nobody is told of
 * because the sender is null is the postmaster's; because of NOTIFY, nobody's.
 */
bool dsn_wanted(unsigned notify, enum dsn_action, bool null_sender, bool bulk);

/* Did a program write to many (Precedence, List-Id; G-30)? */
bool dsn_is_bulk(const struct field *, size_t n);

/*
 * How much of a message of `size` octets goes back (G-26): with RET=HDRS or
 * REQUIRETLS (header_only), and unless it failed, its header.
 */
enum dsn_returned dsn_returns(
    enum dsn_action, bool header_only, uint64_t size, uint64_t limit);

/* Appends what its field Message-ID has, brackets included. */
void dsn_message_id(struct buf *, const struct dsn *);

/* See above.  For n recipients about n * 6 kB, if their texts are long. */
void dsn_head(struct buf *, const struct dsn *);
void dsn_tail(struct buf *, const struct dsn *);

#endif
