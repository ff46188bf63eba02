/* SPDX-License-Identifier: ISC */
/* Who we are for a relay, as the configuration has it. */
#ifndef CLI_LOGINS_H
#define CLI_LOGINS_H

#include "base/err.h"
#include "cli/values.h"

/*
 * Makes a login of what a section says; NULL if it says nothing.  It is in the
 * pool.  -1 with *e where its parts do not fit.
 */
int login_of(const struct login **, const struct conf_login *, enum tls_level,
    struct pool *, struct err *) __attribute__((warn_unused_result));

/* The mechanisms of a list, as bits.  -1 with *e if one is unknown. */
int login_mechs(struct str list, unsigned *mechs, struct err *)
    __attribute__((warn_unused_result));

/*
 * Where a password lies: a path, "credential:NAME", "descriptor:N" or
 * "netrc:PATH".  -1 with *e, which does not repeat the text: it could be a
 * password.
 */
int login_source(struct str text, enum secret_kind *, struct str *from,
    struct err *) __attribute__((warn_unused_result));

#endif
