/* SPDX-License-Identifier: ISC */
/* Asks another program. */
#ifndef OS_COMMAND_H
#define OS_COMMAND_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Runs the command, words with blanks between, without a shell, and appends
 * what it prints to out.  It reads nothing, what it says on standard error is
 * lost, it has our environment and none of our descriptors; it and what it
 * started in its process group are killed when the deadline comes.  -1 with
 * *e, which has nothing that was printed: there is no such program, it failed,
 * it took too long, it said more than out takes.
 */
int command_output(struct str words, struct buf *out, int64_t deadline,
    struct err *) __attribute__((warn_unused_result));

#endif
