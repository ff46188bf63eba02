/* SPDX-License-Identifier: ISC */
/*
 * One of the two kinds of error: WE failed (a system call, a syntax error in
 * what we were given, a limit).  The fate of the mail is another type:
 * mail/status.h.  A struct err is the last parameter of a function, in the
 * caller's storage and of fixed size, so that it works when memory is gone.
 * Context is put in front on the way up: the user reads one sentence.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/str.h"

enum err_kind {
	ERR_NONE = 0,
	ERR_SYSTEM,  /* a system call failed: number holds errno */
	ERR_SYNTAX,  /* what we were given cannot be read */
	ERR_LIMIT,   /* more than we take */
	ERR_TIMEOUT, /* a deadline passed */
	ERR_CLOSED,  /* the other side went away */
	ERR_PEER,    /* the other side broke its protocol */
	ERR_HERE,    /* this host is not what the configuration says */
};

struct err {
	enum err_kind kind;
	int number; /* errno, for ERR_SYSTEM */
	char text[400];
};

/* Sets *e; the text is formatted and cut to fit.  Returns -1. */
int err_set(struct err *e, enum err_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As err_set with ERR_SYSTEM: errno is saved, ": strerror" appended. */
int err_sys(struct err *e, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts "context: " in front of what *e says.  Returns -1. */
int err_while(struct err *e, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Memory is gone: says so on descriptor 2 and ends the process, with 71; or
 * with 0 from err_memory_safe on: the message of this process is in the spool,
 * and what becomes of it is no longer the caller's matter.
 */
_Noreturn void err_memory(void);
void err_memory_safe(void);

#endif
