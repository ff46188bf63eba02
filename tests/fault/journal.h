/* SPDX-License-Identifier: ISC */
/*
 * What a run does to files, folders and sockets, a line of JSON for each call
 * that has succeeded, in the order in which they ended: "begun" is how many
 * had ended when it began.  After a call of several names there is "other".
 *
 *	{"process": 1, "call": "pwrite64", "begun": 17, "result": 1,
 *	 "inode": 4711, "path": "/spool/ID.env", "at": 312, "data": "64"}
 *
 * The inode and the path are those of what the descriptor leads to; of a name
 * in a folder, of that folder, and "name" and, where it was made, "made", its
 * inode, are added.  The end of a process is a line, too: "exit", with the
 * status, or -1 after a signal.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/user.h>

struct journal {
	FILE *file;
	unsigned long n; /* lines */
};

/* A call that has begun. */
struct journal_call {
	const char *name; /* NULL: none that is noted */
	unsigned long begun;
	struct user_regs_struct regs;
};

/* A call of this name begins; true if journal_after() is to be called. */
bool journal_before(
    const struct journal *, struct journal_call *, const char *name, pid_t);
void journal_after(
    struct journal *, struct journal_call *, unsigned process, pid_t);
void journal_exit(struct journal *, unsigned process, int status);

#endif
