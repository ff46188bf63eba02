/* SPDX-License-Identifier: ISC */
/* Files. */
#ifndef OS_FILE_H
#define OS_FILE_H

#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * A file without a name, readable and writable by its holder alone, in
 * $TMPDIR (where the environment may be trusted) or /tmp: O_TMPFILE, else
 * O_EXCL and unlink at once (requirements J-10).  Returns the descriptor, or
 * -1 with *e.
 */
int file_nameless(struct err *);

/*
 * A pipe holds more at a time, where the system allows it: fewer turns
 * between who writes and who reads.  Anything else stays as it is.
 */
void file_widen(int fd);

/* Writes all of s; -1 with *e. */
int file_write(int fd, struct str s, struct err *)
    __attribute__((warn_unused_result));

/*
 * Appends the whole file to b.  1: read; 0: there is no such file; -1 with
 * *e when it cannot be read, is no regular file, or is over b's maximum.
 */
int file_read(const char *path, struct buf *, struct err *);

/* The same; *st says whose it is, of what was read and not of a name that may
 * lead elsewhere by now. */
int file_read_as(const char *path, struct buf *, struct stat *st, struct err *);

#endif
