/* SPDX-License-Identifier: ISC */
/*
 * System calls that fail: every function of os/sys.h for files is wrapped
 * (see WRAP in the Makefile), and fails when it is told to.
 */
#ifndef LIB_FAIL_H
#define LIB_FAIL_H

#include <stdbool.h>

/*
 * From now on the n-th call (1: the next) fails with this errno, once; or the
 * process ends before it.  name: of the calls of that name, without "sys_";
 * NULL: of all.
 */
enum { FAIL_DIES = -1 };
void fail_call(const char *name, unsigned n, int error);

/* Nothing fails any more.  Returns whether something did. */
bool fail_over(void);

/* The name of what has failed, for messages. */
const char *fail_what(void);

#endif
