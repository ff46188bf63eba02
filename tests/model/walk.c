/* SPDX-License-Identifier: ISC */
/*
 * A dispatcher at its walk: it reaps the commit child (rule 6), starts agents,
 * answers at the gate (9), and reads what they leave (12, 13).
 */
#include "process.h"

enum { HOSTS = 2 };

static unsigned
hosts(const struct dispatcher *d, int k)
{
	return k ? d->host1 : d->host0;
}

static void
reap(struct check *c, const struct state *s, int slot)
{
	struct state next = *s;

	if (s->d[slot].commit != PENDING || s->d[slot].runner)
		return;
	if (s->child == C_DONE) {
		next.d[slot].commit = DONE;
		next.committed = 1;
	} else if (s->child != C_FAILED) {
		return;
	} else if (holds(R_UNDO)) {
		next.d[slot].pc = UNDO_MARKS;
	} else {
		next.d[slot].commit = UNSPOOLED;
	}
	next.child = NO_CHILD;
	offer(c, &next, who(s, slot),
	    s->child == C_DONE ? "reaps the commit: done"
			       : "reaps the commit: failed");
}

static bool
start(struct check *c, const struct state *s, int slot, int k)
{
	struct state next = *s;
	struct agent *a = &next.a[slot][k];
	bool any = false;

	if (s->d[slot].leaving || hosts(&s->d[slot], k) >= HOSTS)
		return false;
	for (int r = 0; r < RECIPIENTS; r++)
		if (is_errand(k, r) && fate_of(&s->d[slot], r) == OPEN) {
			took_set(a, r, ACCEPTED);
			any = true;
		}
	if (!any)
		return false;
	a->stage = RCPT;
	if (k)
		next.d[slot].host1++;
	else
		next.d[slot].host0++;
	offer(c, &next, who(s, slot), "starts an agent");
	return true;
}

/* Marks those who were refused at RCPT; false if there is none. */
static bool
refuse(struct state *next, int slot, int k)
{
	struct dispatcher *d = &next->d[slot];
	bool any = false;

	for (int r = 0; r < RECIPIENTS; r++)
		if (took_of(&next->a[slot][k], r) == NEVER &&
		    fate_of(d, r) == OPEN) {
			fate_set(d, r, REFUSED);
			if (d->commit == DONE)
				mark_write(next, r, FAILED);
			any = true;
		}
	return any;
}

static bool
at_gate(struct check *c, const struct state *s, int slot, int k)
{
	const struct dispatcher *d = &s->d[slot];
	struct state next = *s;

	if (d->leaving || s->a[slot][k].byte)
		return false;
	if (d->commit == PENDING && holds(R_GATE))
		return false;
	if (refuse(&next, slot, k)) {
		offer(c, &next, who(s, slot), "marks who was refused");
		return true;
	}
	next.a[slot][k].byte = 1;
	next.a[slot][k].spooled = d->commit == DONE;
	offer(c, &next, who(s, slot), "opens the gate");
	return true;
}

/* Without a spool only the report counts. */
static enum fate
by_report(const struct agent *a, int r)
{
	enum verdict v = verdict_of(a, r);

	if (!said_of(a, r))
		return UNSURE;
	return v == YES ? SURE : v == NO ? REFUSED : OPEN;
}

static enum fate
by_mark(struct state *next, const struct agent *a, int slot, int r)
{
	static const enum mark marks[] = {SENDING, DELIVERED, WAITING, FAILED};

	if (!holds(R_AGENT_MARKS) && said_of(a, r))
		mark_write(next, r, marks[verdict_of(a, r)]);
	switch (mark_of(next, r)) {
	case DELIVERED:
		if (said_of(a, r) && a->synced)
			return SURE;
		next->d[slot].pc = KNOWN_SYNC;
		return SURE;
	case FAILED:
		return REFUSED;
	case SENDING:
		if (!holds(R_DOUBT))
			return OPEN;
		mark_write(next, r, DOUBT);
		return UNSURE;
	case REPORTED: /* of the three marks that forget the debt */
		return said_of(a, r) ? REFUSED : SURE;
	case WAITING:
	case DOUBT:
	case WITHDRAWN:
		break;
	}
	return OPEN;
}

/* The agent is gone: the mark is the truth. */
static void
read_agent(struct check *c, const struct state *s, int slot, int k)
{
	struct state next = *s;
	struct agent a = s->a[slot][k];

	(void)refuse(&next, slot, k);
	for (int r = 0; r < RECIPIENTS; r++) {
		enum fate f;

		if (took_of(&a, r) != ACCEPTED || !a.byte)
			continue;
		f = a.spooled ? by_mark(&next, &a, slot, r) : by_report(&a, r);
		if (f == UNSURE && (next.known[r] & GOT))
			next.known[r] |= LOGGED;
		fate_set(&next.d[slot], r, f);
	}
	for (int r = 0; r < RECIPIENTS; r++)
		if (took_of(&a, r) == ACCEPTED && a.byte &&
		    fate_of(&next.d[slot], r) == SURE &&
		    (next.d[slot].pc == WALK || !holds(R_KNOWN_SYNC)))
			next.known[r] |= COUNTED;
	if (!holds(R_KNOWN_SYNC))
		next.d[slot].pc = WALK;
	next.a[slot][k] = (struct agent){0};
	offer(c, &next, who(s, slot), "reads what the agent left");
}

static void
known_sync(struct check *c, const struct state *s, int slot)
{
	struct state next = at(s, slot, WALK);

	mark_sync(&next);
	for (int r = 0; r < RECIPIENTS; r++)
		if (fate_of(&s->d[slot], r) == SURE)
			next.known[r] |= COUNTED;
	offer(c, &next, who(s, slot), "fdatasync of what it has read");
	if (disk_fault(s, &next)) {
		next.d[slot].pc = WALK;
		next.d[slot].unsynced = 1;
		offer(c, &next, who(s, slot), "fdatasync fails");
	}
}

/* True if it does something about the agent, or waits for it. */
static bool
attend(struct check *c, const struct state *s, int slot, int k, bool *busy)
{
	const struct agent *a = &s->a[slot][k];
	const struct dispatcher *d = &s->d[slot];
	struct state next = *s;

	if (a->stage == NO_AGENT)
		return *busy = start(c, s, slot, k);
	*busy = true;
	if (a->stage == GONE) {
		read_agent(c, s, slot, k);
		return true;
	}
	if (d->leaving && a->stage <= GATE && !a->byte) {
		next.a[slot][k].stage = GONE;
		offer(c, &next, who(s, slot), "kills an agent before the gate");
		return true;
	}
	/* Past the gate they live on, if what they do is marked. */
	*busy = !(d->leaving && d->commit == DONE);
	return a->stage == GATE && at_gate(c, s, slot, k);
}

static bool
may_end(const struct state *s, int slot)
{
	const struct dispatcher *d = &s->d[slot];
	bool hopeless = fate_of(d, 0) == REFUSED && fate_of(d, 1) == REFUSED;

	if (d->commit != PENDING)
		return true;
	return (hopeless && !holds(R_WAIT_CHILD)) ||
	    (d->leaving && !holds(R_WAIT_COMMIT));
}

static bool
walk(struct check *c, const struct state *s, int slot)
{
	struct state next;
	bool moved = false;
	bool any = false;

	reap(c, s, slot);
	moved = s->d[slot].commit == PENDING && !child_lives(s);
	if (!s->d[slot].leaving && fault(s, &next)) {
		next.d[slot].leaving = 1;
		offer(c, &next, who(s, slot), "has to leave");
	}
	for (int k = 0; k < AGENTS; k++) {
		bool busy;

		moved = attend(c, s, slot, k, &busy) || moved;
		any = any || busy;
	}
	if (any || !may_end(s, slot))
		return moved;
	next = at(s, slot, REPORT);
	for (int r = 0; r < RECIPIENTS; r++)
		if (fate_of(&s->d[slot], r) == OPEN)
			fate_set(&next.d[slot], r, LATER);
	offer(c, &next, who(s, slot), "ends its walk");
	return true;
}

bool
walk_steps(struct check *c, const struct state *s, int slot)
{
	switch (s->d[slot].pc) {
	case WALK:
		return walk(c, s, slot);
	case KNOWN_SYNC:
		known_sync(c, s, slot);
		return true;
	default:
		return false;
	}
}
