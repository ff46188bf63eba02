/* SPDX-License-Identifier: ISC */
/* What is put into a field, word by word, folded behind what out has. */
#ifndef MAIL_PHRASE_H
#define MAIL_PHRASE_H

#include "mail/addr.h"

/*
 * Appends a display name so that it is one phrase (B-17, B-42), as it is,
 * quoted, or as RFC 2047 words, folded behind what out's last line holds.
 * Controls are dropped, blanks are made single, and what is behind the first
 * 1,000 octets is cut off.
 */
void phrase_put(struct buf *out, struct str name);

/* Appends a blank and a word, on a line of its own if this one is full. */
void phrase_word(struct buf *out, struct str word);

/*
 * Appends a blank, and a mailbox: the name, if there is one, and the address
 * in brackets.  Nothing of either begins a line.
 */
void phrase_mailbox(struct buf *out, struct str name, const struct addr *);

/* Appends the address as in an envelope, without what could begin a line. */
void phrase_address(struct buf *out, const struct addr *);

/* Appends s without the bytes that could begin a line (B-42). */
void phrase_clean(struct buf *out, struct str s);

/* How many octets out's last line has. */
size_t phrase_column(const struct buf *out);

#endif
