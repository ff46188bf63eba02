/* SPDX-License-Identifier: ISC */
/*
 * The entry on disk, its lock, and what is true of it: the ground under the
 * steps of the processes.
 */
#ifndef MODEL_ENTRY_H
#define MODEL_ENTRY_H

#include "check.h"

/* The rule that is switched off; NO_RULE: all hold. */
extern enum rule broken;
extern struct bounds bounds;

static inline bool
holds(enum rule r)
{
	return broken != r;
}

static inline enum mark
mark_of(const struct state *s, int r)
{
	return r ? s->disk.mark1 : s->disk.mark0;
}

/* pwrite of a mark: a power cut may leave it or any that was there before. */
void mark_write(struct state *, int r, enum mark);
/* fdatasync of ID.env (or of ID.tmp). */
void mark_sync(struct state *);
bool mark_is_final(enum mark);
bool all_final(const struct state *);

void msg_name(struct state *, bool there);
void env_name(struct state *, enum name);
void dir_sync(struct state *);

/* What is left after a power cut, of which there are many. */
void power_cuts(struct check *, const struct state *);

/* Is the lock free, for dispatcher `slot`? */
bool lock_is_free(const struct state *, int slot);
/* Does the dispatcher hold it, by its place? */
bool dispatcher_holds(const struct dispatcher *);

/* The server has taken r: once too often? */
void accepted(struct state *, int r);
/* Nobody can know that the server has taken r. */
void excuse(struct state *, int r);

/* What must be true when a submitter ends, and whenever nobody is there. */
void judge(struct state *);

/* Offers a state, judged, and without what nobody can see any more. */
void offer(
    struct check *, const struct state *, const char *who, const char *what);

/* Has every process been at every place, and every mark been written? */
bool saw_everything(void);

/* Who is alive? */
static inline bool
agent_lives(const struct agent *a)
{
	return a->stage != NO_AGENT && a->stage != GONE;
}

static inline bool
child_lives(const struct state *s)
{
	return s->child != NO_CHILD && s->child < C_DONE;
}

static inline enum fate
fate_of(const struct dispatcher *d, int r)
{
	return r ? d->fate1 : d->fate0;
}

static inline void
fate_set(struct dispatcher *d, int r, enum fate f)
{
	if (r)
		d->fate1 = f;
	else
		d->fate0 = f;
}

static inline enum took
took_of(const struct agent *a, int r)
{
	return r ? a->took1 : a->took0;
}

static inline void
took_set(struct agent *a, int r, enum took t)
{
	if (r)
		a->took1 = t;
	else
		a->took0 = t;
}

static inline enum verdict
verdict_of(const struct agent *a, int r)
{
	return r ? a->verdict1 : a->verdict0;
}

static inline void
verdict_set(struct agent *a, int r, unsigned v)
{
	if (r)
		a->verdict1 = v & 3;
	else
		a->verdict0 = v & 3;
}

static inline bool
said_of(const struct agent *a, int r)
{
	return r ? a->said1 : a->said0;
}

static inline void
said_set(struct agent *a, int r)
{
	if (r)
		a->said1 = 1;
	else
		a->said0 = 1;
}

#endif
