/* SPDX-License-Identifier: ISC */
/* What stands behind the name of an alias: items with commas between. */
#ifndef MAIL_ALIAS_VALUE_H
#define MAIL_ALIAS_VALUE_H

#include "mail/alias.h"

/*
 * Reads all items of a value (one line, no line ends in it), of which there
 * must be one at least.  -1 with *e, the text of which is printable.
 */
int alias_value(struct str value, struct alias_item **item, size_t *n,
    struct pool *, struct err *);

/*
 * The length of the quoted string that text begins with, quotes and all, or
 * 0 if it is not ended.  Its content, without backslashes, is appended to b.
 */
size_t alias_quoted(struct buf *b, struct str text);

#endif
