/* SPDX-License-Identifier: ISC */
/* What the users of a system may ask for (J-12). */
#ifndef CLI_MAY_H
#define CLI_MAY_H

#include "cli/conf.h"
#include "os/user.h"

enum may { MAY_SUBMIT, MAY_LIST, MAY_RUN };

/*
 * May the caller do this?  Root may, and so may the admin of a spool
 * (store.h).  0, or the exit status 77 with *e.
 */
int may(enum may, const struct conf *, bool admin, struct err *)
    __attribute__((warn_unused_result));

/*
 * The same of any user.  list: logins and numbers, the first that is met
 * decides, "!" in front refuses, "anyone" is everybody; who is not in it may
 * not.
 */
bool may_by_list(struct str list, const struct user *);

#endif
