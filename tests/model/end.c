/* SPDX-License-Identifier: ISC */
/* A dispatcher after a commit that failed (rule 6), and at its end (15-18). */
#include "process.h"

/*
 * If neither the marks nor the name are sure to be gone, a power cut may
 * bring the entry back: then nothing may be sent.
 */
static void
undone(struct check *c, const struct state *s, int slot, bool synced)
{
	struct state next = at(s, slot, WALK);

	if (synced)
		dir_sync(&next);
	if (!synced && s->d[slot].unsynced && holds(R_UNDO_SETTLED))
		next.d[slot].leaving = 1;
	next.d[slot].commit = UNSPOOLED;
	next.d[slot].unsynced = 0;
	offer(c, &next, who(s, slot),
	    synced ? "fsync of the directory" : "fsync of the directory fails");
}

static bool
undo_steps(struct check *c, const struct state *s, int slot)
{
	bool there = s->disk.env == ENV;
	struct state next = *s;

	switch (s->d[slot].pc) {
	case UNDO_MARKS:
		next.d[slot].pc = there ? UNDO_SYNC : UNDO_TMP;
		for (int r = 0; r < RECIPIENTS && there; r++)
			if (holds(R_UNDO_MARKS))
				mark_write(&next, r, WITHDRAWN);
		offer(c, &next, who(s, slot), "marks all withdrawn");
		if (there && disk_fault(s, &next)) {
			next.d[slot].pc = UNDO_ENV;
			next.d[slot].unsynced = 1;
			offer(c, &next, who(s, slot), "cannot withdraw");
		}
		return true;
	case UNDO_SYNC:
		next.d[slot].pc = UNDO_ENV;
		mark_sync(&next);
		offer(c, &next, who(s, slot), "fdatasync");
		if (disk_fault(s, &next)) {
			next.d[slot].pc = UNDO_ENV;
			next.d[slot].unsynced = 1;
			offer(c, &next, who(s, slot), "fdatasync fails");
		}
		return true;
	case UNDO_ENV:
		next.d[slot].pc = UNDO_TMP;
		env_name(&next, NO_NAME);
		offer(c, &next, who(s, slot), "unlinks ID.env");
		return true;
	case UNDO_TMP:
		next.d[slot].pc = UNDO_DIR;
		if (s->disk.env == TMP)
			env_name(&next, NO_NAME);
		offer(c, &next, who(s, slot), "unlinks ID.tmp");
		return true;
	case UNDO_DIR:
		undone(c, s, slot, true);
		if (disk_fault(s, &next))
			undone(c, &next, slot, false);
		return true;
	default:
		return false;
	}
}

static bool
is_spooled(const struct state *s, int slot)
{
	return s->d[slot].commit == DONE;
}

/* To the removal if nothing is left to do, else home. */
static enum where
leave(const struct state *s, int slot)
{
	bool others =
	    agent_lives(&s->a[slot][0]) || agent_lives(&s->a[slot][1]);

	if (!is_spooled(s, slot))
		return REMOVE_FIRST;
	if ((all_final(s) || !holds(R_ALL_FINAL)) && !others &&
	    !s->d[slot].unsynced)
		return REMOVE_FIRST;
	return LEAVE;
}

/* A final mark of an agent that has not told: is it on disk? */
static bool
wants_sync(const struct state *s, int slot)
{
	for (int r = 0; r < RECIPIENTS; r++) {
		enum fate f = fate_of(&s->d[slot], r);

		if (f != SURE && f != TOLD && mark_is_final(mark_of(s, r)))
			return is_spooled(s, slot) && holds(R_REPORT_SYNC);
	}
	return false;
}

static bool
tells(const struct state *s, int slot, enum fate f)
{
	if (f == REFUSED)
		return true;
	/* Nothing is kept of what is not spooled. */
	return !is_spooled(s, slot) && f != SURE && f != TOLD &&
	    s->d[slot].commit == UNSPOOLED;
}

static void
report(struct check *c, const struct state *s, int slot)
{
	bool bounces = s->d[slot].runner;
	struct state next = *s;
	bool any = false;

	for (int r = 0; r < RECIPIENTS; r++) {
		enum fate f = fate_of(&s->d[slot], r);

		if (!tells(s, slot, f))
			continue;
		if (f == REFUSED && (s->known[r] & GOT) &&
		    !(s->known[r] & EXCUSED))
			next.bad = LIED;
		/* One that is there is found again. */
		if (bounces && (s->known[r] & TOLD_OF))
			next.bad = TOLD_TWICE;
		if (!bounces || holds(R_BOUNCE_FIRST))
			next.known[r] |= bounces ? BOUNCED : PRINTED;
		fate_set(&next.d[slot], r, TOLD);
		any = true;
	}
	if (any && is_spooled(s, slot))
		next.d[slot].pc = REPORT_MARK;
	else if (wants_sync(s, slot))
		next.d[slot].pc = REPORT_SYNC;
	else
		next.d[slot].pc = (unsigned)leave(&next, slot) & 63;
	offer(c, &next, who(s, slot),
	    !any	  ? "has nothing to report"
		: bounces ? "commits the bounce"
			  : "prints the failure");
	if (any && bounces && disk_fault(s, &next)) {
		next.d[slot].pc = LEAVE;
		offer(c, &next, who(s, slot), "cannot commit the bounce");
	}
}

void
report_sent(struct check *c, const struct state *s)
{
	for (int r = 0; r < RECIPIENTS; r++) {
		bool gone = s->disk.env != ENV;
		struct state next = *s;

		if ((s->known[r] & (BOUNCED | TOLD_OF)) != BOUNCED)
			continue;
		if (holds(R_REPORT_WAITS) && !gone &&
		    !mark_is_final(mark_of(s, r)))
			continue;
		next.known[r] |= TOLD_OF;
		if (holds(R_REPORT_WAITS) && holds(R_MARK_SYNC) && !gone)
			mark_sync(&next);
		offer(c, &next, "another runner",
		    "sends the report, and removes it");
	}
}

static void
report_mark(struct check *c, const struct state *s, int slot)
{
	struct state next = at(s, slot, REPORT_SYNC);

	for (int r = 0; r < RECIPIENTS; r++)
		if (fate_of(&s->d[slot], r) == TOLD)
			mark_write(&next, r, REPORTED);
	offer(c, &next, who(s, slot), "marks reported");
	if (disk_fault(s, &next)) {
		next.d[slot].pc = REPORT_SYNC;
		offer(c, &next, who(s, slot), "cannot mark reported");
	}
}

static void
report_sync(struct check *c, const struct state *s, int slot)
{
	struct state next = *s;

	mark_sync(&next);
	next.d[slot].pc = (unsigned)leave(&next, slot) & 63;
	offer(c, &next, who(s, slot), "fdatasync");
	if (disk_fault(s, &next)) {
		next.d[slot].unsynced = 1;
		next.d[slot].pc = LEAVE;
		offer(c, &next, who(s, slot), "fdatasync fails");
	}
}

static void
end(struct check *c, const struct state *s, int slot)
{
	struct state next = *s;

	/* The bounce that should have come first. */
	for (int r = 0; r < RECIPIENTS; r++)
		if (s->d[slot].runner && fate_of(&s->d[slot], r) == TOLD)
			next.known[r] |= BOUNCED;
	if (!s->d[slot].runner)
		next.ended = 1;
	next.d[slot] = (struct dispatcher){0};
	judge(&next);
	offer(c, &next, who(s, slot), "exits");
}

bool
end_steps(struct check *c, const struct state *s, int slot)
{
	struct state next = *s;

	switch (s->d[slot].pc) {
	case REPORT:
		report(c, s, slot);
		return true;
	case REPORT_MARK:
		report_mark(c, s, slot);
		return true;
	case REPORT_SYNC:
		report_sync(c, s, slot);
		return true;
	case REMOVE_FIRST:
		next.d[slot].pc = REMOVE_SECOND;
		if (is_spooled(s, slot) && !all_final(s))
			next.bad = REMOVED_EARLY;
		if (!is_spooled(s, slot) || !holds(R_REMOVE_ENV))
			msg_name(&next, false);
		else
			env_name(&next, NO_NAME);
		offer(c, &next, who(s, slot), "unlinks ID.env");
		return true;
	case REMOVE_SECOND:
		next.d[slot].pc = LEAVE;
		if (!holds(R_REMOVE_ENV) && is_spooled(s, slot))
			env_name(&next, NO_NAME);
		else
			msg_name(&next, false);
		offer(c, &next, who(s, slot), "unlinks ID.msg");
		return true;
	case LEAVE:
		end(c, s, slot);
		return true;
	default:
		return undo_steps(c, s, slot);
	}
}
