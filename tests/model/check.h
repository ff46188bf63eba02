/* SPDX-License-Identifier: ISC */
/*
 * Breadth first through all that can happen, so that what is found first has
 * the shortest trace.
 */
#ifndef MODEL_CHECK_H
#define MODEL_CHECK_H

#include <stddef.h>

#include "state.h"

struct check;

/* Offers a state that may follow; who and what name the step. */
void check_next(
    struct check *, const struct state *, const char *who, const char *what);

/* Offers all that may follow s.  True if any of it is no fault. */
typedef bool check_steps(struct check *, const struct state *s);

struct found {
	size_t states;
	enum bad bad; /* GOOD: everything was seen, and nothing is wrong */
	size_t steps; /* that lead to a bad one */
};

/*
 * Goes through all states from first.  At a bad one it stops, and prints how
 * it came to that, if wanted.  Dies if memory or limit are exceeded.
 */
struct found check_all(
    const struct state *first, check_steps *, size_t limit, bool trace);

#endif
