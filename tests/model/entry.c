/* SPDX-License-Identifier: ISC */
#include "entry.h"

enum rule broken;
struct bounds bounds;

void
mark_write(struct state *s, int r, enum mark m)
{
	if (r) {
		s->disk.mark1 = m;
		s->disk.can1 |= 1U << m;
	} else {
		s->disk.mark0 = m;
		s->disk.can0 |= 1U << m;
	}
}

void
mark_sync(struct state *s)
{
	s->disk.can0 = 1U << s->disk.mark0;
	s->disk.can1 = 1U << s->disk.mark1;
	if (s->disk.text == DIRTY)
		s->disk.text = SYNCED;
}

bool
mark_is_final(enum mark m)
{
	return m == DELIVERED || m == REPORTED || m == WITHDRAWN;
}

bool
all_final(const struct state *s)
{
	return mark_is_final(mark_of(s, 0)) && mark_is_final(mark_of(s, 1));
}

void
msg_name(struct state *s, bool there)
{
	s->disk.msg = there;
	s->disk.msg_can |= 1U << there;
}

void
env_name(struct state *s, enum name name)
{
	s->disk.env = name;
	s->disk.env_can |= 1U << name;
}

void
dir_sync(struct state *s)
{
	s->disk.msg_can = 1U << s->disk.msg;
	s->disk.env_can = 1U << s->disk.env;
}

bool
dispatcher_holds(const struct dispatcher *d)
{
	switch ((enum where)d->pc) {
	case CREATE_NAME:
	case STORE:
	case START:
	case TAKE_NAME:
	case TAKE_SYNC:
	case SWEEP_LOOK:
	case SWEEP_TMP:
	case SWEEP_MSG:
	case WALK:
	case KNOWN_SYNC:
	case UNDO_MARKS:
	case UNDO_SYNC:
	case UNDO_ENV:
	case UNDO_TMP:
	case UNDO_DIR:
	case REPORT:
	case REPORT_MARK:
	case REPORT_SYNC:
	case REMOVE_FIRST:
	case REMOVE_SECOND:
	case LEAVE:
		return true;
	case NOBODY:
	case CREATE:
	case CREATE_LOCK:
	case CREATE_AGAIN:
	case LOOK:
	case TAKE_OPEN:
	case TAKE_LOCK:
	case ASIDE:
	case SWEEP_OPEN:
	case SWEEP_LOCK:
	case SWEEP_LONE_TMP:
		return false;
	}
	return false;
}

bool
lock_is_free(const struct state *s, int slot)
{
	/* A lock on ID.env: there is none before it, and it is taken late. */
	if (!holds(R_LOCK_MSG) &&
	    (s->disk.env != ENV || s->d[!slot].commit == PENDING))
		return true;
	if (dispatcher_holds(&s->d[!slot]))
		return false;
	if (holds(R_CHILD_LOCK) && child_lives(s))
		return false;
	for (int i = 0; holds(R_AGENT_LOCK) && i < SLOTS; i++)
		for (int k = 0; k < AGENTS; k++)
			if (agent_lives(&s->a[i][k]))
				return false;
	return true;
}

void
accepted(struct state *s, int r)
{
	uint8_t *known = &s->known[r];

	if ((*known & GOT) && !(*known & EXCUSED))
		s->bad = DOUBLED;
	else if ((*known & GOT) && !(*known & LOGGED))
		s->bad = DOUBLED_IN_SILENCE;
	*known |= GOT;
	*known &= (uint8_t) ~(EXCUSED | LOGGED);
}

void
excuse(struct state *s, int r)
{
	if (s->known[r] & GOT)
		s->known[r] |= EXCUSED;
}

/* Is it taken, told of, or in the spool, where a runner finds it? */
static bool
is_settled(const struct state *s, int r)
{
	if (s->known[r] & (GOT | PRINTED | BOUNCED))
		return true;
	return s->disk.msg && s->disk.data != TORN && s->disk.env == ENV &&
	    s->disk.text != TORN && !mark_is_final(mark_of(s, r));
}

void
judge(struct state *s)
{
	if (s->bad != GOOD || !(s->ended || s->committed))
		return;
	for (int r = 0; r < RECIPIENTS; r++)
		if (!is_settled(s, r))
			s->bad = LOST;
}

static bool
is_quiet(const struct state *s)
{
	for (int i = 0; i < SLOTS; i++)
		if (s->d[i].pc != NOBODY || agent_lives(&s->a[i][0]) ||
		    agent_lives(&s->a[i][1]))
			return false;
	return !child_lives(s);
}

static struct {
	uint64_t places;
	unsigned stages, children, marks, known;
} seen;

static void
see(const struct state *s)
{
	for (int i = 0; i < SLOTS; i++) {
		seen.places |= (uint64_t)1 << s->d[i].pc;
		for (int k = 0; k < AGENTS; k++)
			seen.stages |= 1U << s->a[i][k].stage;
	}
	seen.children |= 1U << s->child;
	for (int r = 0; r < RECIPIENTS; r++) {
		seen.marks |= 1U << mark_of(s, r);
		seen.known |= s->known[r];
	}
}

bool
saw_everything(void)
{
	return seen.places == ((uint64_t)2 << LEAVE) - 1 &&
	    seen.stages == (2U << GONE) - 1 &&
	    seen.children == (2U << C_FAILED) - 1 &&
	    seen.marks == (2U << WITHDRAWN) - 1 &&
	    seen.known == 2 * TOLD_OF - 1;
}

void
offer(
    struct check *c, const struct state *s, const char *name, const char *what)
{
	struct state next = *s;

	for (int i = 0; i < SLOTS; i++)
		for (int k = 0; k < AGENTS && next.d[i].pc == NOBODY; k++)
			if (next.a[i][k].stage == GONE)
				next.a[i][k] = (struct agent){0};
	if (!child_lives(s) && s->d[0].pc == NOBODY)
		next.child = NO_CHILD;
	if (is_quiet(&next))
		judge(&next);
	see(&next);
	check_next(c, &next, name, what);
}

/*
 * What was synced stays; of the rest, each name and each mark is what it was
 * at some time since, by itself, and what was not synced of a file is torn or
 * not.
 */
static void
cut_to(struct check *c, const struct state *s, unsigned msg, unsigned env,
    const unsigned mark[], unsigned torn)
{
	struct state next = *s;
	struct disk *d = &next.disk;

	if (((torn & 1) && d->data != DIRTY) ||
	    ((torn & 2) && d->text != DIRTY))
		return;
	d->msg = msg & 1;
	d->env = env & 3;
	d->mark0 = mark[0] & 7;
	d->mark1 = mark[1] & 7;
	if (d->data == DIRTY)
		d->data = torn & 1 ? TORN : SYNCED;
	if (d->text == DIRTY)
		d->text = torn & 2 ? TORN : SYNCED;
	dir_sync(&next);
	mark_sync(&next);
	for (int r = 0; r < RECIPIENTS; r++)
		if ((s->known[r] & (GOT | COUNTED)) == GOT &&
		    ((r ? s->disk.can1 : s->disk.can0) & ~(1U << DELIVERED)))
			/* Nobody is left to say so. */
			next.known[r] |= EXCUSED | LOGGED;
	for (int i = 0; i < SLOTS; i++) {
		next.d[i] = (struct dispatcher){0};
		for (int k = 0; k < AGENTS; k++)
			next.a[i][k] = (struct agent){0};
	}
	next.child = NO_CHILD;
	next.faults--;
	next.cuts--;
	next.cut = 1;
	next.dying = 0;
	offer(c, &next, "power", "cut");
}

void
power_cuts(struct check *c, const struct state *s)
{
	const struct disk *d = &s->disk;
	unsigned mark[2];

	if (s->faults == 0 || s->cuts == 0)
		return;
	for (unsigned msg = 0; msg < 2; msg++)
		for (unsigned env = 0; env < 3; env++) {
			if (!(d->msg_can >> msg & 1) ||
			    !(d->env_can >> env & 1))
				continue;
			for (mark[0] = 0; mark[0] < 7; mark[0]++)
				for (mark[1] = 0; mark[1] < 7; mark[1]++) {
					if (!(d->can0 >> mark[0] & 1) ||
					    !(d->can1 >> mark[1] & 1))
						continue;
					for (unsigned t = 0; t < 4; t++)
						cut_to(c, s, msg, env, mark, t);
				}
		}
}
