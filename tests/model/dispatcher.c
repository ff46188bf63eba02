/* SPDX-License-Identifier: ISC */
/*
 * A dispatcher from its first step to the walk: a submitter creates the entry
 * (rule 3), a runner takes it (4, 19) or sweeps what is left of one (21).
 */
#include "process.h"

bool
submitter_steps(struct check *c, const struct state *s, int slot)
{
	struct state next = *s;

	switch (s->d[slot].pc) {
	case CREATE:
		next = at(s, slot, CREATE_LOCK);
		msg_name(&next, true);
		next.disk.data = EMPTY;
		offer(c, &next, who(s, slot), "creates ID.msg");
		return true;
	case CREATE_LOCK:
		next = at(s, slot,
		    lock_is_free(s, slot) ? CREATE_NAME : CREATE_AGAIN);
		offer(c, &next, who(s, slot), "locks it, or cannot");
		return true;
	case CREATE_AGAIN: /* a new ID: what is left of the old one is not seen
			    */
		if (!lock_is_free(s, slot))
			return false;
		next = at(s, slot, CREATE);
		msg_name(&next, false);
		offer(c, &next, who(s, slot), "starts again");
		return true;
	case CREATE_NAME:
		next = at(s, slot,
		    s->disk.msg || !holds(R_CREATE_NAME) ? STORE : CREATE);
		offer(c, &next, who(s, slot), "looks whether the name is its");
		return true;
	case STORE:
		next = at(s, slot, START);
		next.disk.data = DIRTY;
		offer(c, &next, who(s, slot), "stores the input");
		if (disk_fault(s, &next)) {
			next.d[slot].pc = LEAVE;
			msg_name(&next, false);
			next.known[0] |= PRINTED;
			next.known[1] |= PRINTED;
			offer(c, &next, who(s, slot), "cannot store it");
		}
		return true;
	case START:
		next = at(s, slot, WALK);
		next.child = C_MSG;
		offer(c, &next, who(s, slot), "starts the commit");
		return true;
	default:
		return false;
	}
}

/* What a mark tells the runner; one that is final has no more to be done. */
static const enum fate fates[] = {
    [WAITING] = OPEN,
    [SENDING] = OPEN,
    [DOUBT] = OPEN,
    [DELIVERED] = SURE,
    [FAILED] = REFUSED,
    [REPORTED] = SURE,
    [WITHDRAWN] = SURE,
};

static void
read_marks(struct state *next, int slot)
{
	for (int r = 0; r < RECIPIENTS; r++)
		fate_set(&next->d[slot], r, fates[mark_of(next, r)]);
}

static bool
all_waiting(const struct state *s)
{
	return mark_of(s, 0) == WAITING && mark_of(s, 1) == WAITING;
}

static void
take(struct check *c, const struct state *s, int slot)
{
	struct state next = at(s, slot, WALK);
	struct dispatcher *d = &next.d[slot];

	if (s->disk.data == TORN || s->disk.text == TORN)
		next.bad = HALF_VISIBLE;
	/* What waits may be sent, whatever else a cut would leave of it. */
	if (holds(R_TAKE_SYNC) && !all_waiting(s))
		mark_sync(&next);
	d->commit = DONE;
	d->host0 = d->host1 = 1;
	if (holds(R_LOCK_FIRST))
		read_marks(&next, slot);
	for (int r = 0; r < RECIPIENTS; r++) {
		if (mark_of(&next, r) == DELIVERED)
			next.known[r] |= COUNTED;
		if (mark_of(&next, r) == SENDING) {
			mark_write(&next, r, DOUBT);
			if (next.known[r] & GOT)
				next.known[r] |= LOGGED;
		}
	}
	if (all_final(&next) && holds(R_LOCK_FIRST))
		d->pc = REMOVE_FIRST;
	offer(c, &next, who(s, slot), "syncs and reads the marks");
	if (disk_fault(s, &next)) {
		next.d[slot] = (struct dispatcher){0};
		offer(c, &next, who(s, slot), "fdatasync fails");
	}
}

/* An envelope without message: only a power cut may leave one. */
static void
aside(struct check *c, const struct state *s, int slot)
{
	struct state next = at(s, slot, NOBODY);
	bool there = s->disk.env == ENV && !s->disk.msg;
	bool final = all_final(s) && holds(R_FINAL_FIRST);

	if (there && !final && (s->committed || !s->cut))
		next.bad = HALF_VISIBLE;
	if (there)
		env_name(&next, NO_NAME);
	next.d[slot] = (struct dispatcher){0};
	offer(c, &next, who(s, slot), "finds no ID.msg: removes or sets aside");
}

static enum where
look(const struct state *s)
{
	if (s->disk.env == ENV)
		return TAKE_OPEN;
	if (s->disk.msg)
		return SWEEP_OPEN;
	return s->disk.env == TMP ? SWEEP_LONE_TMP : NOBODY;
}

/* On to a place, or, from NOBODY, home. */
static void
on(struct check *c, const struct state *s, int slot, enum where pc,
    const char *what)
{
	struct state next = at(s, slot, pc);

	if (pc == NOBODY)
		next.d[slot] = (struct dispatcher){0};
	offer(c, &next, who(s, slot), what);
}

static bool
sweep_steps(struct check *c, const struct state *s, int slot)
{
	struct state next = *s;
	bool yes;

	switch (s->d[slot].pc) {
	case SWEEP_OPEN:
		on(c, s, slot, s->disk.msg ? SWEEP_LOCK : NOBODY,
		    "opens ID.msg, to sweep it");
		return true;
	case SWEEP_LOCK:
		on(c, s, slot, lock_is_free(s, slot) ? SWEEP_LOOK : NOBODY,
		    "locks it, or leaves it");
		return true;
	case SWEEP_LOOK:
		yes =
		    (s->disk.msg && s->disk.env != ENV) || !holds(R_SWEEP_LOOK);
		on(c, s, slot, yes ? SWEEP_TMP : NOBODY,
		    "looks again for ID.env");
		return true;
	case SWEEP_TMP:
		if (s->disk.env == TMP)
			env_name(&next, NO_NAME);
		on(c, &next, slot, SWEEP_MSG, "unlinks ID.tmp");
		return true;
	case SWEEP_MSG:
		msg_name(&next, false);
		on(c, &next, slot, NOBODY, "unlinks ID.msg");
		return true;
	case SWEEP_LONE_TMP:
		if (s->disk.env == TMP && !s->disk.msg)
			env_name(&next, NO_NAME);
		on(c, &next, slot, NOBODY, "unlinks a lone ID.tmp");
		return true;
	default:
		return false;
	}
}

bool
runner_steps(struct check *c, const struct state *s, int slot)
{
	struct state next = *s;
	bool yes;

	switch (s->d[slot].pc) {
	case NOBODY:
		if (s->runs == 0 || agent_lives(&s->a[slot][0]) ||
		    agent_lives(&s->a[slot][1]) ||
		    (slot == 1 && s->d[0].pc == NOBODY &&
			!agent_lives(&s->a[0][0]) && !agent_lives(&s->a[0][1])))
			return false;
		next.runs--;
		next.d[slot].runner = 1;
		next.d[slot].pc = LOOK;
		offer(c, &next, "runner", "starts");
		return true;
	case LOOK:
		on(c, s, slot, look(s), "looks what is there");
		return true;
	case TAKE_OPEN:
		if (!holds(R_LOCK_FIRST))
			read_marks(&next, slot);
		on(c, &next, slot, s->disk.msg ? TAKE_LOCK : ASIDE,
		    "opens ID.msg");
		return true;
	case TAKE_LOCK:
		on(c, s, slot, lock_is_free(s, slot) ? TAKE_NAME : NOBODY,
		    "locks it, or leaves it");
		return true;
	case TAKE_NAME:
		/* Without this look both files may have lost their names. */
		yes =
		    (s->disk.msg && s->disk.env == ENV) || !holds(R_TAKE_NAME);
		on(c, s, slot, yes ? TAKE_SYNC : NOBODY,
		    "looks whether both names are there");
		return true;
	case TAKE_SYNC:
		take(c, s, slot);
		return true;
	case ASIDE:
		aside(c, s, slot);
		return true;
	default:
		return sweep_steps(c, s, slot);
	}
}
