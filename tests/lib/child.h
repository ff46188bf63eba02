/* SPDX-License-Identifier: ISC */
/*
 * What a test cannot do to itself, it does to a child: system calls that the
 * kernel refuses, and folders of the system that are empty.
 */
#ifndef LIB_CHILD_H
#define LIB_CHILD_H

#include <stddef.h>
#include <stdio.h>

/* Runs f in a child: what it returned (0 to 255), or -1 if it was killed. */
int child_run(int (*f)(void *arg), void *arg);

/* In a child, cmocka's own cannot be used: f returns 1, having said why. */
#define CHILD_CHECK(what)                                                      \
	do {                                                                   \
		if (!(what)) {                                                 \
			fprintf(                                               \
			    stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what); \
			return 1;                                              \
		}                                                              \
	} while (0)

struct refusal {
	long call;	/* SYS_... */
	int error;	/* 0: it seems to work, gives 0, and does nothing */
	unsigned arg;	/* only where this argument, from 1, is... */
	unsigned value; /* ...this, in its lower half; 0: always */
};

/* In a child: from now on these fail.  Memory and files still work. */
void child_refuse(const struct refusal *, size_t n);

/* In a child: from now on no library can be loaded; what is loaded stays. */
void child_no_libraries(void);

/*
 * In a child: it alone sees an empty directory here, which goes with it; and
 * it is root there, where the test is not.
 */
void child_own(const char *folder);

/* In a child: a file with this text. */
void child_put(const char *path, const char *text);

#endif
