/* SPDX-License-Identifier: ISC */
/* What each process can do next. */
#ifndef MODEL_PROCESS_H
#define MODEL_PROCESS_H

#include "entry.h"

/* As check_steps, of one dispatcher, agent, or the commit child. */
bool submitter_steps(struct check *, const struct state *, int slot);
bool runner_steps(struct check *, const struct state *, int slot);
bool walk_steps(struct check *, const struct state *, int slot);
bool end_steps(struct check *, const struct state *, int slot);
bool agent_steps(struct check *, const struct state *, int slot, int k);
bool child_steps(struct check *, const struct state *);

/* Somebody who comes by sends a report that is there, and removes it. */
void report_sent(struct check *, const struct state *);

/* Does agent k of a dispatcher carry r? */
static inline bool
is_errand(int k, int r)
{
	return bounds.parallel ? k == r : k == 0;
}

/* A state after *from in which one more fault has happened; false: none may. */
static inline bool
fault(const struct state *from, struct state *next)
{
	*next = *from;
	if (from->faults == 0)
		return false;
	next->faults--;
	return true;
}

/* The same for the disk: once it has failed, it may fail again and again. */
static inline bool
disk_fault(const struct state *from, struct state *next)
{
	if (!from->dying && !fault(from, next))
		return false;
	if (from->dying)
		*next = *from;
	next->dying = 1;
	return true;
}

/* Dispatcher `slot` at another place. */
static inline struct state
at(const struct state *s, int slot, enum where pc)
{
	struct state next = *s;

	next.d[slot].pc = (unsigned)pc & 63;
	return next;
}

static inline const char *
who(const struct state *s, int slot)
{
	return s->d[slot].runner ? "runner" : "submitter";
}

#endif
