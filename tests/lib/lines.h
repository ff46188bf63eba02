/* SPDX-License-Identifier: ISC */
/*
 * The lines of a talk file, with everything expanded that stands for other
 * lines: include, define/use, each (tests/talk/README says how they are
 * written).  What comes out knows where it came from.
 */
#ifndef LIB_LINES_H
#define LIB_LINES_H

#include "base/err.h"
#include "base/pool.h"

struct line {
	struct line *next;
	const char *file;
	unsigned number;
	unsigned row;	 /* of the innermost `each`; 0: none */
	struct str text; /* trimmed, not empty, no comment */
};

/*
 * Reads and expands the file at path into a list of lines; all memory is the
 * pool's.  -1 with *e, which names file and line.
 */
int lines_read(const char *path, struct pool *, struct line **, struct err *);

/* The same of a text, which has to live as long; its lines are "NAME:1" ... */
int lines_text(const char *name, struct str text, struct pool *, struct line **,
    struct err *);

#endif
