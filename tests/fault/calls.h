/* SPDX-License-Identifier: ISC */
/* The system calls that may fail, and how each of them does. */
#ifndef CALLS_H
#define CALLS_H

#include <stddef.h>

/*
 * A fault is the name of an error; or "eof" (nothing is there), or "short"
 * (one octet of what was asked for); with a "+" all further calls of this
 * name in this process fail, too.  Beside those of the table every call has
 * FAULT_KILL: instead of it, the process dies of SIGKILL;
 * FAULT_PAUSE: it waits while somebody else does something; and FAULT_LAG: it
 * is slow.
 */
#define FAULT_KILL "KILL"
#define FAULT_PAUSE "PAUSE"
#define FAULT_LAG "LAG"

enum { FAULTS = 12 };

struct call {
	const char *name;
	int number;
	const char *faults[FAULTS + 1];
};

extern const struct call calls[];
extern const size_t calls_n;

/* The number of an error by its name; -1 if it is none. */
int error_number(const char *name, size_t n);

#endif
