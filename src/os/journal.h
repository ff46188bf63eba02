/* SPDX-License-Identifier: ISC */
/*
 * Where the log goes: sinks for base/log.h.  syslog(3) is not used, since a
 * stopped syslog daemon blocks it for ever and a missing one eats lines
 * without a word: a datagram of our own to /dev/log waits a second at most.
 */
#ifndef OS_JOURNAL_H
#define OS_JOURNAL_H

#include "base/err.h"

/*
 * Opens the log.  where: "syslog", "stderr", or the absolute path of a file
 * to append to (made 0600).  ident is the program's name in the lines.  -1
 * with *e if the file cannot be opened; the log then goes nowhere.
 */
int journal_open(struct str where, const char *ident, struct err *);

#endif
