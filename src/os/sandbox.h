/* SPDX-License-Identifier: ISC */
/*
 * Gives up what a process no longer needs.  One interface, a file for each
 * system; callers have no #ifdef.
 */
#ifndef OS_SANDBOX_H
#define OS_SANDBOX_H

#include "base/err.h"

enum sandbox {
	SANDBOX_STREAM, /* reads and writes the descriptors that it has */
	SANDBOX_LOOKUP, /* besides: makes sockets to name servers */
	SANDBOXES,
};

/* Bytes of a file that may still be overwritten, one at a time, and synced. */
struct sandbox_range {
	int fd;
	uint32_t at;
	uint32_t n;
};

enum { SANDBOX_RANGES = 400 };

/* What write(2) and pwrite(2) may write to. */
struct sandbox_writes {
	int stream[2]; /* anything: a pipe, a socket (OpenSSL writes) */
	const struct sandbox_range *range;
	size_t n; /* at most SANDBOX_RANGES */
};

/*
 * Locks the calling process in, for good: no_new_privs, resource limits,
 * Landlock (no file, no new connection) and seccomp (a short list of system
 * calls; any other fails with EPERM).  All that opens a file must have
 * happened: a TLS context, the time zone (tzset).  Returns 0; 1 if the
 * system lacks a mechanism, the others being in force, *e names it; -1 with
 * *e if what the system has could not be put into force.
 */
int sandbox_lock(enum sandbox, const struct sandbox_writes *, struct err *);

/*
 * From here on no other process of the same user can look into this one, and
 * no core shows what it knows.
 */
void sandbox_conceal(void);

#endif
