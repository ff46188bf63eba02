/* SPDX-License-Identifier: ISC */
/*
 * The command line.  Tables of letters, modes and long words (letters.h) read
 * it, print the help, and are compared with hantar(8) by a test.  The letters
 * belong to sendmail; what only this program can do has long words.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/err.h"
#include "cli/request.h"

/*
 * Reads argv; name and mode come from the personality, and a mode of the
 * command line wins over it.  Returns 0, or the exit status with *e.
 * The views in *o are of argv or of the pool.
 */
int options_parse(struct options *o, const char *name, enum mode mode, int argc,
    char **argv, struct pool *, struct err *)
    __attribute__((warn_unused_result));

/* Is it a command that nothing can follow, neither recipients nor IDs? */
bool options_is_lone(enum mode);

#endif
