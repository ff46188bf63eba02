/* SPDX-License-Identifier: ISC */
/* The part of a report (mail/dsn.h) that people read. */
#ifndef MAIL_DSN_WORDS_H
#define MAIL_DSN_WORDS_H

#include "mail/dsn_about.h"

/* What the report as a whole is about: the worst that happened to anybody. */
enum dsn_action dsn_worst(const struct dsn *);

/* Appends the text, in ASCII, whose lines end in CRLF. */
void dsn_words(struct buf *, const struct dsn *);

/* Appends an address so that ASCII can show it: A-labels, or \xNN. */
void dsn_address(struct buf *, struct str path);

/* The name of the server in a relay, "host[ip]:port"; "[ip]" if it has none. */
struct str dsn_server(struct str relay);

/*
 * Appends what the server said, code and all: without the words that the log
 * has around it, who said it and to what.
 */
void dsn_reply(struct buf *, const struct status *, size_t max);

#endif
