/* SPDX-License-Identifier: ISC */
/* The commit child (rule 5) and the smtp agents (rules 8 to 12). */
#include "process.h"

static const char child[] = "commit";
static const char agent[] = "agent";

bool
child_steps(struct check *c, const struct state *s)
{
	static const char *const fails[] = {
	    [C_MSG] = "fsync of ID.msg fails",
	    [C_WRITE] = "write of ID.tmp fails",
	    [C_TMP] = "fsync of ID.tmp fails",
	    [C_RENAME] = "rename fails",
	    [C_DIR] = "fsync of the directory fails",
	};
	struct state next = *s;
	const char *what = "";

	switch ((enum child)s->child) {
	case C_MSG:
		if (holds(R_MSG_SYNC) && next.disk.data == DIRTY)
			next.disk.data = SYNCED;
		what = "fsync of ID.msg";
		break;
	case C_WRITE:
		env_name(&next, TMP);
		next.disk.text = DIRTY;
		next.disk.mark0 = next.disk.mark1 = WAITING;
		next.disk.can0 = next.disk.can1 = 1 << WAITING;
		what = "write of ID.tmp";
		break;
	case C_TMP:
		if (holds(R_TMP_SYNC))
			next.disk.text = SYNCED;
		what = "fsync of ID.tmp";
		break;
	case C_RENAME:
		/* Nobody renames what has been swept. */
		if (s->disk.env == TMP)
			env_name(&next, ENV);
		else
			next.child = C_FAILED;
		what = "rename to ID.env";
		break;
	case C_DIR:
		if (holds(R_DIR_SYNC))
			dir_sync(&next);
		what = "fsync of the directory";
		break;
	case NO_CHILD:
	case C_DONE:
	case C_FAILED:
		return false;
	}
	if (next.child != C_FAILED)
		next.child++;
	offer(c, &next, child, what);
	if (fault(s, &next)) {
		next.child = C_FAILED;
		offer(c, &next, child, "is killed");
	}
	if (disk_fault(s, &next)) {
		next.child = C_FAILED;
		offer(c, &next, child, fails[s->child]);
	}
	return true;
}

/* The replies to RCPT, in every combination that refusals allow. */
static void
recipients_answered(struct check *c, const struct state *s, int slot, int k)
{
	for (unsigned pick = 0; pick < 9; pick++) {
		const unsigned took[2] = {1 + pick % 3, 1 + pick / 3};
		struct state next = *s;
		struct agent *a = &next.a[slot][k];
		bool any = false;
		unsigned refused = 0;

		for (int r = 0; r < RECIPIENTS; r++) {
			if (took_of(a, r) == NOT_ASKED) {
				refused += took[r] != 1 ? 9 : 0;
				continue;
			}
			took_set(a, r, (enum took)took[r]);
			refused += took[r] != ACCEPTED;
			any = any || took[r] == ACCEPTED;
		}
		if (refused > s->refusals)
			continue;
		next.refusals = (s->refusals - refused) & 7;
		a->stage = any ? GATE : GONE;
		offer(c, &next, agent,
		    any ? "at the gate" : "nobody was accepted");
	}
}

/* The dot, what the server makes of it, and whether its reply arrives. */
static void
dot(struct check *c, const struct state *s, int slot, int k)
{
	static const char *const what[2][4] = {
	    {"", "dot: 250", "dot: 450", "dot: 550"},
	    {"", "dot: 250, but the connection is lost before",
		"dot: 450, but the connection is lost before",
		"dot: 550, but the connection is lost before"}};

	for (unsigned verdict = YES; verdict <= NO; verdict++)
		for (int lost = 0; lost < 2; lost++) {
			struct state next = *s;
			struct agent *a = &next.a[slot][k];

			if (lost && !fault(s, &next))
				continue;
			if (verdict != YES && !lost && s->refusals == 0)
				continue;
			if (verdict != YES && !lost)
				next.refusals--;
			for (int r = 0; r < RECIPIENTS; r++) {
				if (took_of(a, r) != ACCEPTED || verdict != YES)
					continue;
				accepted(&next, r);
				if (lost)
					excuse(&next, r);
			}
			a->stage = lost ? GONE : VERDICT;
			for (int r = 0; r < RECIPIENTS && !lost; r++)
				verdict_set(a, r, verdict);
			if (s->disk.data == TORN)
				next.bad = HALF_VISIBLE;
			offer(c, &next, agent, what[lost][verdict]);
		}
}

/*
 * LMTP: the connection is lost before the reply for r.  The server has taken
 * it for him or not, and for each of those behind.
 */
static void
lost_at(struct check *c, const struct state *s, int slot, int k)
{
	for (unsigned takes = 0; takes < 1 << RECIPIENTS; takes++) {
		struct state next;
		struct agent *a = &next.a[slot][k];

		if (!fault(s, &next))
			return;
		for (int r = (int)a->at; r < RECIPIENTS; r++)
			if (took_of(a, r) == ACCEPTED && (takes & 1U << r)) {
				accepted(&next, r);
				excuse(&next, r);
			}
		a->stage = GONE;
		offer(c, &next, agent, "is lost among the replies");
	}
}

/* LMTP: the dot, and then one reply after the other. */
static void
dot_each(struct check *c, const struct state *s, int slot, int k)
{
	static const char *const what[] = {
	    "", "reply: 250", "reply: 450", "reply: 550"};
	struct state next = *s;
	struct agent *a = &next.a[slot][k];
	int r = (int)s->a[slot][k].at;

	if (r == RECIPIENTS) {
		a->at = 0;
		a->stage = holds(R_EACH) ? GONE : VERDICT;
		offer(c, &next, agent, "has heard of everybody");
		return;
	}
	if (took_of(a, r) != ACCEPTED) {
		a->at++;
		offer(c, &next, agent, "hears nothing of who was refused");
		return;
	}
	for (unsigned verdict = YES; verdict <= NO; verdict++) {
		next = *s;
		if (verdict != YES && s->refusals == 0)
			continue;
		if (verdict != YES)
			next.refusals--;
		if (verdict == YES)
			accepted(&next, r);
		verdict_set(a, r, verdict);
		if (holds(R_EACH))
			a->stage = VERDICT;
		else
			a->at++;
		if (s->disk.data == TORN)
			next.bad = HALF_VISIBLE;
		offer(c, &next, agent, what[verdict]);
	}
	lost_at(c, s, slot, k);
}

/* Of all, or of the one whose reply came last. */
static bool
is_marked_now(const struct agent *a, int r)
{
	return !bounds.each || !holds(R_EACH) || r == (int)a->at;
}

static const enum mark marks[] = {SENDING, DELIVERED, WAITING, FAILED};

/* Rule 11: one pwrite a recipient. */
static void
write_verdict(struct check *c, const struct state *s, int slot, int k)
{
	struct state next = *s;
	struct agent *a = &next.a[slot][k];
	int r = (int)s->a[slot][k].at;
	enum mark m = marks[r < RECIPIENTS ? verdict_of(a, r) : SILENCE];
	bool one = bounds.each && holds(R_EACH);

	if (r == RECIPIENTS) {
		a->stage = SYNC;
		offer(c, &next, agent, "has written its marks");
		return;
	}
	if (one)
		a->stage = SYNC;
	else
		a->at++;
	if (took_of(a, r) != ACCEPTED || !a->spooled || !holds(R_AGENT_MARKS)) {
		offer(c, &next, agent, "nothing to mark");
		return;
	}
	if (m == FAILED && !holds(R_OWED))
		m = REPORTED;
	mark_write(&next, r, m);
	offer(c, &next, agent, r ? "marks the second" : "marks the first");
	if (disk_fault(s, &next)) {
		if (one)
			next.a[slot][k].stage = SYNC;
		else
			next.a[slot][k].at++;
		excuse(&next, r);
		offer(c, &next, agent, "a mark cannot be written");
	}
}

static void
past_gate(struct check *c, const struct state *s, int slot, int k)
{
	struct state next = *s;
	struct agent *a = &next.a[slot][k];

	a->stage = DOT;
	if (a->spooled && holds(R_SENDING))
		for (int r = 0; r < RECIPIENTS; r++)
			if (took_of(a, r) == ACCEPTED)
				mark_write(&next, r, SENDING);
	offer(c, &next, agent, a->spooled ? "marks sending" : "is unspooled");
	if (a->spooled && disk_fault(s, &next)) {
		next.a[slot][k].stage = GONE;
		offer(c, &next, agent, "cannot mark sending, and ends");
	}
}

static void
say(struct agent *a)
{
	for (int r = 0; r < RECIPIENTS; r++)
		if (is_marked_now(a, r))
			said_set(a, r);
	a->stage = GONE;
	if (bounds.each && holds(R_EACH)) {
		a->at++;
		a->stage = DOT;
	}
}

static bool
has_owner(const struct state *s, int slot)
{
	return s->d[slot].pc == WALK || s->d[slot].pc == KNOWN_SYNC ||
	    (s->d[slot].pc >= UNDO_MARKS && s->d[slot].pc <= UNDO_DIR);
}

/* Who is killed here has read a verdict and not said so to anybody. */
static void
killed(struct check *c, const struct state *s, int slot, int k)
{
	const struct agent *before = &s->a[slot][k];
	struct state next;

	if (!fault(s, &next))
		return;
	if (before->stage == VERDICT ||
	    (before->stage > VERDICT && !holds(R_AGENT_MARKS)))
		for (int r = holds(R_AGENT_MARKS) ? (int)before->at : 0;
		     r < RECIPIENTS; r++)
			if (took_of(before, r) == ACCEPTED &&
			    is_marked_now(before, r))
				excuse(&next, r);
	next.a[slot][k].stage = GONE;
	offer(c, &next, agent, "is killed");
}

bool
agent_steps(struct check *c, const struct state *s, int slot, int k)
{
	const struct agent *a = &s->a[slot][k];
	struct state next = *s;

	if (a->stage == NO_AGENT || a->stage == GONE)
		return false;
	killed(c, s, slot, k);
	if (a->stage <= GATE && !has_owner(s, slot) && holds(R_GATE_DEATH)) {
		next.a[slot][k].stage = GONE;
		offer(c, &next, agent, "dies with its dispatcher");
		if (!a->byte)
			return true;
		next = *s;
	}
	switch ((enum stage)a->stage) {
	case RCPT:
		recipients_answered(c, s, slot, k);
		return true;
	case GATE:
		if (!a->byte && (holds(R_GATE_DEATH) || has_owner(s, slot)))
			return false;
		next.a[slot][k].stage = PAST_GATE;
		offer(c, &next, agent, "takes the byte");
		return true;
	case PAST_GATE:
		past_gate(c, s, slot, k);
		return true;
	case DOT:
		if (bounds.each)
			dot_each(c, s, slot, k);
		else
			dot(c, s, slot, k);
		return true;
	case VERDICT:
		write_verdict(c, s, slot, k);
		return true;
	case SYNC:
		next.a[slot][k].stage = SAY;
		next.a[slot][k].synced = 1;
		if (a->spooled && holds(R_AGENT_SYNC) && holds(R_AGENT_MARKS))
			mark_sync(&next);
		offer(c, &next, agent, "fdatasync of the marks");
		if (a->spooled && disk_fault(s, &next)) {
			next.a[slot][k].stage = GONE;
			offer(c, &next, agent, "fdatasync fails");
		}
		return true;
	case SAY:
		say(&next.a[slot][k]);
		offer(c, &next, agent, "reports");
		return true;
	case NO_AGENT:
	case GONE:
		break;
	}
	return false;
}
