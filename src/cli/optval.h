/* SPDX-License-Identifier: ISC */
/*
 * Checks of option values that sendmail's users give.  Each returns true if
 * the value is of the form.
 */
#ifndef CLI_OPTVAL_H
#define CLI_OPTVAL_H

#include "base/str.h"

bool optval_body(struct str);	/* -B: 7BIT or 8BITMIME */
bool optval_notify(struct str); /* -N: see optval_notified */
bool optval_ret(struct str);	/* -R: full or hdrs */
bool optval_envid(struct str);	/* -V: 1 to 100 printable bytes */
bool optval_hops(struct str);	/* -h: a number */
bool optval_tag(struct str);	/* -L: 1 to 32 printable bytes */

/*
 * The enum dsn_notify of "never", or of a list of failure, delay and success,
 * in any case of letters; 0: it is neither.
 */
unsigned optval_notified(struct str);

#endif
