/* SPDX-License-Identifier: ISC */
/* The files of the configuration: which, whose, and in which order. */
#ifndef CLI_CONF_FILE_H
#define CLI_CONF_FILE_H

#include "cli/conf.h"

/*
 * Reads over *c what the command line names, or else what there is: the
 * user's own file (not root's), else the system's; before either, so that it
 * has the last word, the files *.conf of the folder beside it that is called
 * as it is with ".d" behind, in the order of their names.  home may be empty.
 * 0, and nothing read, if there is neither; -1 with *e.
 */
int conf_load(struct conf *, const char *named, struct str home, struct pool *,
    struct err *) __attribute__((warn_unused_result));

/*
 * Reads the file at path, which must be there: 0, or -1 with *e.  trusted:
 * the caller named it; else it must belong to root or to us, and others must
 * not be able to write to it (J-11).
 */
int conf_read(struct conf *, const char *path, bool trusted, struct pool *,
    struct err *) __attribute__((warn_unused_result));

#endif
