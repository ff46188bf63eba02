/* SPDX-License-Identifier: ISC */
/* What is said to the caller, on descriptors 1 and 2. */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include "base/buf.h"

/*
 * Appends one line, "name: id: text", with everything in it that is not
 * printable ASCII escaped, and cut.  No id: "name: text".
 */
void say_line(struct buf *, const char *name, struct str id, struct str text);

/* That line on standard error.  False if it could not be written. */
bool say_error(const char *name, struct str id, struct str text);

/*
 * Text on descriptor 1 or 2.  False if it could not be written within some
 * seconds (errno says why): that is for the caller to mind or not.
 */
bool say_text(int fd, struct str text);

/* The same for what a person reads page by page: an hour for each. */
bool say_page(int fd, struct str text);

#endif
