/* SPDX-License-Identifier: ISC */
/*
 * Where the fate of recipients is marked, one byte for each: a plain value,
 * so that an errand can carry it to the agent that writes them.  What the
 * bytes are, and who writes which when, is in spool/mark.h.
 */
#ifndef MAIL_MARKS_H
#define MAIL_MARKS_H

#include <stddef.h>
#include <stdint.h>

struct marks {
	int fd;	    /* -1: not in a spool, there is nothing to mark */
	int64_t at; /* the place of the first */
	size_t n;
};

#define MARKS_NONE ((struct marks){.fd = -1})

#endif
