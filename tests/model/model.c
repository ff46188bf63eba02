/* SPDX-License-Identifier: ISC */
/*
 * The order in which an entry of the spool is worked on, tried in every way:
 *
 *	model			the protocol holds, and without any one of
 *				its rules it does not
 *	model --all		the same, with more that can go wrong
 *	model --break RULE	how it fails without that rule
 *
 * A fault is a SIGKILL, a lost connection, a signal, a power cut (after which
 * any of what was not synced is there or not, or torn), or the disk's first
 * error, from which on every call may fail.  The faults of one history are
 * bounded, and so are the recipients that are refused for now or for good, the
 * runs of the runner, and the cuts.  The next hop has one verdict for all, or,
 * with LMTP, one after the other for each.  A process that is stopped is one
 * that is slow, and how fast each goes is open at every step.
 *
 * What must hold: whoever was promised something finds every recipient
 * delivered, or told of, or in the spool; none is sent again but where the
 * server's 250 was not read, its reader died over it, or the power went before
 * anybody had said so, and then somebody has said that it may be sent twice;
 * nothing torn is sent, and no envelope is found without its message but after
 * a cut in the middle of a commit; only what is final is removed; no failure
 * is reported of what was delivered, nor twice; nobody waits for ever.
 *
 * A report, once it is committed, is sent and removed by whoever comes by.
 *
 * Not in here: several messages in one agent, an envelope in several entries,
 * torn marks, the count of doubts and the times of retries.
 */
#include <stdio.h>
#include <string.h>

#include "process.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { LIMIT = 200000000 };

static const char *const bads[] = {
    [LOST] = "a message is lost",
    [DOUBLED] = "a message is doubled that was known to be delivered",
    [DOUBLED_IN_SILENCE] = "a message is doubled, and nobody says so",
    [HALF_VISIBLE] = "half an entry is seen",
    [REMOVED_EARLY] = "an entry is removed that is not final",
    [TOLD_TWICE] = "a failure is reported twice",
    [LIED] = "a failure is reported of what was delivered",
    [STUCK] = "nobody can go on",
};

static const struct bounds few = {2, 2, 2, 1, false, false};

/* Enough for all rules but this one, which takes three faults to matter. */
static const struct bounds deep = {3, 0, 2, 1, false, false};

/* The same of a server of mailboxes. */
static const struct bounds each = {2, 2, 2, 1, false, true};

static const struct bounds protocol[] = {
    {2, 2, 2, 1, false, false},
    {1, 1, 2, 1, true, false},
    {2, 2, 2, 1, false, true},
};
static const struct bounds protocol_all[] = {
    {3, 2, 2, 1, false, false},
    {2, 2, 3, 1, false, false},
    {4, 0, 2, 2, false, false},
    {3, 1, 2, 1, true, false},
    {3, 2, 2, 1, false, true},
};

static const struct mutant {
	const char *name;
	enum rule rule;
	const char *without;
	const struct bounds *bounds;
} mutants[] = {
    {"dir-sync", R_DIR_SYNC, "5: no fsync of the directory", &few},
    {"msg-sync", R_MSG_SYNC, "5: no fsync of ID.msg", &few},
    {"tmp-sync", R_TMP_SYNC, "5: no fsync of ID.tmp", &few},
    {"agent-marks", R_AGENT_MARKS, "11: the dispatcher writes the verdicts",
	&few},
    {"lock-msg", R_LOCK_MSG, "2: the lock is on ID.env", &few},
    {"agent-sync", R_AGENT_SYNC, "11: no fdatasync before the report", &few},
    {"known-sync", R_KNOWN_SYNC, "12: delivered without report is believed",
	&few},
    {"gate", R_GATE, "9: the gate opens before the commit is reaped", &few},
    {"lock-first", R_LOCK_FIRST, "4: marks are read before the lock is held",
	&few},
    {"sweep-look", R_SWEEP_LOOK, "21: no second look under the lock", &few},
    {"create-name", R_CREATE_NAME, "3: the name is not looked at again", &few},
    {"bounce-first", R_BOUNCE_FIRST, "16: reported before the bounce", &few},
    {"agent-lock", R_AGENT_LOCK, "2: agents do not inherit the lock", &few},
    {"child-lock", R_CHILD_LOCK, "2: the commit child does not inherit it",
	&few},
    {"undo", R_UNDO, "6: a failed commit is left as it is", &few},
    {"owed", R_OWED, "1: failed is final, as with four marks", &few},
    {"sending", R_SENDING, "10: no mark before the dot", &few},
    {"doubt", R_DOUBT, "12: after a doubt the next host is tried", &few},
    {"take-sync", R_TAKE_SYNC, "4: no fdatasync before acting on marks", &few},
    {"take-name", R_TAKE_NAME, "4: the names are not looked at under the lock",
	&few},
    {"gate-death", R_GATE_DEATH, "9: an agent outlives its dispatcher's gate",
	&few},
    {"withdrawn", R_UNDO_MARKS, "6: unlinked, but not marked withdrawn", &few},
    {"final-first", R_FINAL_FIRST, "19: what is final is set aside, too", &few},
    {"wait-child", R_WAIT_CHILD, "7: a fast failure does not wait", &few},
    {"wait-commit", R_WAIT_COMMIT, "13: leaving does not wait for the commit",
	&few},
    {"remove-sync", R_REPORT_SYNC, "17: removed, and the marks not synced",
	&deep},
    {"settled", R_UNDO_SETTLED, "6: sent, though the undoing was not synced",
	&few},
    {"report-waits", R_REPORT_WAITS,
	"16: a report is sent before the failure is marked", &few},
    {"mark-sync", R_MARK_SYNC, "16: and that mark need not be on disk", &few},
    {"each", R_EACH, "11: with LMTP, marked when the last reply has come",
	&each},
    {"all-final", R_ALL_FINAL, "17: removed while something is not final",
	&few},
};

static bool
all_steps(struct check *c, const struct state *s)
{
	bool alive = false;
	bool moved = false;

	for (int i = 0; i < SLOTS; i++) {
		enum where pc = (enum where)s->d[i].pc;
		struct state next;

		alive = alive || pc != NOBODY;
		moved = submitter_steps(c, s, i) || moved;
		moved = runner_steps(c, s, i) || moved;
		moved = walk_steps(c, s, i) || moved;
		moved = end_steps(c, s, i) || moved;
		if (pc != NOBODY && fault(s, &next)) {
			next.d[i] = (struct dispatcher){0};
			offer(c, &next, who(s, i), "is killed");
		}
		for (int k = 0; k < AGENTS; k++) {
			alive = alive || agent_lives(&s->a[i][k]);
			moved = agent_steps(c, s, i, k) || moved;
		}
	}
	moved = child_steps(c, s) || moved;
	report_sent(c, s);
	power_cuts(c, s);
	return moved || !alive;
}

static enum bad
try(const char *title, enum rule rule, const struct bounds *b, bool trace)
{
	static const struct state none;
	struct state first = none;
	struct found found;

	broken = rule;
	bounds = *b;
	first.d[0].pc = CREATE;
	first.disk.msg_can = 1;
	first.disk.env_can = 1;
	first.disk.can0 = first.disk.can1 = 1 << WAITING;
	first.faults = b->faults & 7;
	first.refusals = b->refusals & 7;
	first.runs = b->runs & 7;
	first.cuts = b->cuts & 3;
	found = check_all(&first, all_steps, LIMIT, trace);
	printf("%-12s %9zu states  %s", title, found.states,
	    found.bad == GOOD ? "it holds" : bads[found.bad]);
	if (found.bad == GOOD)
		printf(" (%u faults, %u refusals, %u runs, %u cuts%s)",
		    b->faults, b->refusals, b->runs, b->cuts,
		    b->parallel	  ? ", parallel agents"
			: b->each ? ", LMTP"
				  : "");
	else
		printf(", after %zu steps", found.steps);
	(void)puts("");
	(void)fflush(stdout);
	return found.bad;
}

/*
 * Not a rule that the rest depends on: with 19 as it is, the entry may lose
 * either name first.
 */
static const struct mutant harmless = {
    "remove-env", R_REMOVE_ENV, "17: ID.msg is unlinked first", &few};

/* The protocol itself; and no place of any process that was never reached. */
static int
the_protocol(const struct bounds *b, size_t n)
{
	int wrong = 0;

	for (size_t i = 0; i < n; i++)
		wrong += try("protocol", NO_RULE, &b[i], true) != GOOD;
	if (!saw_everything()) {
		(void)puts("but there are steps that nobody took");
		wrong++;
	}
	return wrong;
}

static int
without(const struct mutant *m, bool trace)
{
	printf("  without %s\n", m->without);
	if (try(m->name, m->rule, m->bounds, trace) != GOOD)
		return 0;
	(void)puts("  which nobody notices");
	return 1;
}

int
main(int argc, char **argv)
{
	bool all = argc == 2 && strcmp(argv[1], "--all") == 0;
	int wrong = 0;

	if (argc == 3 && strcmp(argv[1], "--break") == 0)
		for (size_t i = 0; i < COUNT(mutants); i++)
			if (strcmp(argv[2], mutants[i].name) == 0)
				return without(&mutants[i], true);
	if (argc > 1 && !all) {
		(void)fputs("usage: model [--all | --break RULE]\n", stderr);
		for (size_t i = 0; i < COUNT(mutants); i++)
			(void)fprintf(stderr, "  %-12s %s\n", mutants[i].name,
			    mutants[i].without);
		return 64;
	}
	wrong += the_protocol(protocol, COUNT(protocol));
	for (size_t i = 0; i < COUNT(mutants); i++)
		wrong += without(&mutants[i], all);
	if (all && try(harmless.name, harmless.rule, harmless.bounds, true))
		wrong++;
	if (all)
		wrong += the_protocol(protocol_all, COUNT(protocol_all));
	return wrong != 0;
}
