/* SPDX-License-Identifier: ISC */
/*
 * What talks to a network is never root.  A child of root's becomes the user
 * who runs the queue of a system, or where there is none nobody, before it
 * reads what others sent: what it has open it keeps, and nothing else.
 */
#ifndef OS_BECOME_H
#define OS_BECOME_H

#include "base/err.h"

/*
 * In a child of proc_spawn, for good.  Returns 0, at once where it is not root;
 * 1 if it has not the right to become anybody else (in some containers), and
 * still is root, *e names what it lacks; -1 with *e.
 */
int become_other(struct err *) __attribute__((warn_unused_result));

#endif
