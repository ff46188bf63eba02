/* SPDX-License-Identifier: ISC */
/* What is said of the command line to people, from its tables. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "base/buf.h"
#include "cli/options.h"

/* One line: how the program is called; in some modes nothing can follow the
 * options (options_is_lone). */
void help_usage(struct buf *, const char *name, enum mode);

/* All options with what they do. */
void help_print(struct buf *, const char *name);

#endif
