/* SPDX-License-Identifier: ISC */
/*
 * The commands that name the sender and the recipients, with the parameters
 * that the message needs and the server offers.  Pure functions; the end of
 * the line is the caller's.
 *
 * What is asked of reports (RFC 3461) is said only to who offers DSN, and of
 * a message from the null sender nothing but "never".  The identifier of the
 * envelope and the original recipient are left out where they would make a
 * line longer than the extension allows, or are not of their form: nothing
 * that a user or the spool says can put a blank or the end of a line into a
 * command (J-01).
 */
#ifndef SMTP_COMMAND_H
#define SMTP_COMMAND_H

#include "mail/errand.h"
#include "smtp/extend.h"

void command_mail(
    struct buf *, const struct letter *, const struct extend *offered);

/* Recipient i of the letter. */
void command_rcpt(struct buf *, const struct letter *, size_t i,
    const struct extend *offered);

#endif
