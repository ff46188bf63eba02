/* SPDX-License-Identifier: ISC */
/* Whose a file is, and who may read it: of --check. */
#ifndef CLI_CHECK_FILE_H
#define CLI_CHECK_FILE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/pool.h"

/*
 * Appends "/etc/x: what of whose; mode 0640, root:hantar; root and group hantar
 * may read it", as a line; nothing if there is no such file.
 */
void check_file_line(
    struct buf *, const char *path, const char *what, struct str whose);

/*
 * Can the users of a spool that is a group's, and who runs its queue, read the
 * file, too?  spool: its path.  -1 with *e, which says what to do; 0 also where
 * the spool is nobody else's.
 */
int check_file_service(const char *path, const char *spool, struct err *e)
    __attribute__((warn_unused_result));

/* Could a file be appended to, or made?  -1 with *e. */
int check_file_append(const char *path, struct err *e)
    __attribute__((warn_unused_result));

/* Is it a socket to which we could connect?  -1 with *e. */
int check_file_socket(const char *path, struct err *e)
    __attribute__((warn_unused_result));

#endif
