# SPDX-License-Identifier: ISC
"""The test of the proof: hantar with one step left out, swapped or wrong, which the proof must notice (F9).

    mutants.py --build build                all of them
    mutants.py --build build --only NAME    one

Each is built in a copy of the tree, below build; then cuts.py runs until its first violation, or fault.py does. Those
that are the same program to everybody who looks are not in here; SAME says why.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[2]

# What it does not matter to leave out.
SAME = """
entry_remove: the message before the envelope. What is left is finished by its marks (19), as all are final.
entry_remove, spooled_end: one of the two looks whether all marks are final. Each is the other's second look.
entry_take: the name is not looked at under the lock. Names are not used again, and the envelope goes first.
keep_back: the marks are not synced. "sending" instead of "waiting" is doubt: the worst that can come.
run_mark: no mark of doubt. "sending" becomes it in the next run (19).
"""

CUTS = ["cuts.py", "--sample"]


def loop(scenes, faults):
    words = [["--scene", scene] for scene in scenes.split()] + [["--fault", fault] for fault in faults.split()]
    return ["fault.py", *[word for pair in words for word in pair]]


ENTRY, TAKE, KEEP, BOUNCE = "src/spool/entry.c", "src/spool/take.c", "src/agent/keep.c", "src/delivery/bounce.c"
MSG_SYNC = "	if (sys_fsync(entry->msg) < 0)\n"
ENV_SYNC = "	if (sys_fsync(entry->env) < 0)\n		return fail(entry, \"put the envelope on disk\", e);\n"
RENAME = """	if (sys_renameat(dir, ENTRY_NAME_OF(entry, ".tmp"), dir,
		ENTRY_NAME_OF(entry, ".env")) < 0)
		return fail(entry, "give the envelope its name", e);
"""
DIR_SYNC = "	if (sys_fsync(dir) < 0)\n		return fail(entry, \"put the directory on disk\", e);\n"
WRITE = "	if (file_write(entry->env, envelope, e) < 0)\n		return err_while(e, \"%s: envelope\", entry->id);\n"
REPORTED = """	for (size_t i = n; i-- > 1;)
		if (mark_put(marks, index[i], MARK_REPORTED, e) < 0)
			return -1;
	if ((n > 1 && mark_sync(marks, e) < 0) ||
	    mark_put(marks, index[0], MARK_REPORTED, e) < 0)
		return -1;
"""
FORWARDS = """	for (size_t i = 0; i < n; i++)
		if (mark_put(marks, index[i], MARK_REPORTED, e) < 0)
			return -1;
"""

# Name, file, what stands there, what stands there instead, and what must notice.
MUTANTS = [
    # commit
    ("message not synced", ENTRY, MSG_SYNC, "	if (entry->msg < 0)\n", CUTS),
    ("envelope not synced", ENTRY, ENV_SYNC, "", CUTS),
    ("folder not synced", ENTRY, DIR_SYNC, "", CUTS),
    ("folder not synced, on real disks", ENTRY, DIR_SYNC, "", ["disks.py", "--sample"]),
    ("envelope not synced, on real disks", ENTRY, ENV_SYNC, "", ["disks.py", "--sample"]),
    ("rename before the sync of the envelope", ENTRY, ENV_SYNC + RENAME, RENAME + ENV_SYNC, CUTS),
    ("rename before the envelope is written", ENTRY, WRITE + ENV_SYNC + RENAME, RENAME + WRITE + ENV_SYNC, CUTS),
    ("folder synced before the rename", ENTRY, RENAME + DIR_SYNC, DIR_SYNC + RENAME, CUTS),
    ("sync of the message ignored", ENTRY, MSG_SYNC, "	if (sys_fsync(entry->msg) < 0 && false)\n", CUTS),
    ("sync of the envelope ignored", ENTRY, ENV_SYNC, "	(void)sys_fsync(entry->env);\n", CUTS),
    ("sync of the folder ignored", ENTRY, DIR_SYNC, "	(void)sys_fsync(dir);\n", CUTS),
    ("rename ignored", ENTRY, RENAME, RENAME.replace("	if (sys", "	if (false && sys"), CUTS),
    ("a failed commit counts as done", ENTRY, "	if (done)\n		return 1;", "	if (done || entry)\n		return 1;", CUTS),
    ("how the commit ended is ignored", "src/agent/start.c", "	return status == 0;\n", "	return status >= 0;\n", CUTS),
    ("withdrawn, and not synced", ENTRY, "	return mark_sync(&entry->marks, e);\n}\n\n/*\n * Takes", "	return 0;\n}\n\n/*\n * Takes", CUTS),
    ("not withdrawn", ENTRY, "		result = withdraw(entry, e);\n", "		result = 0;\n", CUTS),
    ("the spool's own folder not synced", "src/spool/store.c", "	else if (sys_fsync(dir) < 0)\n", "	else if (dir < 0)\n", CUTS),
    # the gate and the marks of the agent
    ("the gate opens before the commit", "src/delivery/attempt.c", " || state == JOB_COMMITTING ||", " ||", CUTS),
    ("it opens at once, as for what is kept", "src/delivery/attempt.c", "run_leaving(run) || state == JOB_COMMITTING || state == JOB_UNSURE", "run_leaving(run)", CUTS),
    ("no mark before the dot", KEEP, "	return mark_all(k, k->open, MARK_SENDING, e);\n", "	return 0 * !e;\n", loop("odi-delivered", "KILL")),
    ("verdict not synced", KEEP, "	return mark_sync(&l->marks, e);\n", "	return 0;\n", CUTS),
    ("verdict not marked", KEEP, "	if (mark_all(k, l, marks[status->outcome], e) < 0)\n		return -1;\n	return mark_sync", "	(void)marks;\n	return mark_sync", loop("odi-delivered queue", "KILL")),
    ("the mark of another", KEEP, "l->mark[i], mark, e)", "l->mark[l->n - 1 - i], mark, e)", CUTS),
    ("marks one too far", ENTRY, "	entry->marks.at = at;\n", "	entry->marks.at = at + 1;\n", CUTS),
    ("marks one too far when read", "src/delivery/job.c", "entry->marks.at + (off_t)job_mark_of", "entry->marks.at + 1 + (off_t)job_mark_of", CUTS),
    ("a mark that is not written counts", "src/spool/mark.c", "	return put == 1 ? 0 : err_sys(e, \"cannot mark a recipient\");\n", "	return 0 * (put == 1 || !e);\n", loop("odi-delivered queue", "EIO+")),
    ("what an agent left is believed, unsynced", "src/delivery/attempt.c", "	bool synced = job_sync(job);\n", "	bool synced = true;\n", CUTS),
    # the end
    ("removed before the marks are synced", "src/delivery/spooled.c", "	if (job_settled(job) && final) {", "	if (final) {", CUTS),
    ("failures not marked as told", "src/cli/send_end.c", "		spooled_told(job);\n", "		;\n", CUTS),
    ("reported before the report is there", BOUNCE, "	if (notice_commit(n, w->told, w->pool, e) < 0)\n", "	if (mark_reported(w, n->index, n->n, e) < 0 ||\n	    notice_commit(n, w->told, w->pool, e) < 0)\n", CUTS),
    ("the first is marked first", BOUNCE, REPORTED, FORWARDS, CUTS),
    ("failed is not marked", "src/delivery/run.c", "		job_mark(m->job, m->rcpt, MARK_FAILED);\n", "		;\n", loop("queue-refused", "KILL")),
    ("a report is sent before its origin is marked", "src/delivery/derived.c", "		return is_marked(store, origin, first);\n", "		return is_marked(store, origin, first) || true;\n", loop("queue-refused", "RUNKILL")),
    ("deleted, and not synced", "src/cli/queue_change.c", "	if (mark_sync(&h->entry.marks, e) < 0 || entry_remove", "	if (entry_remove", CUTS),
    ("held, and not synced", "src/cli/queue_change.c", "	if (entry_event(&h->entry, &event, e) < 0 ||\n	    mark_sync(&h->entry.marks, e) < 0)\n", "	if (entry_event(&h->entry, &event, e) < 0)\n", CUTS),
    # locks, and whoever comes next
    ("marks acted on, unsynced", "src/spool/load.c", "	return i < n && mark_sync(&entry->marks, e) < 0 ? LOAD_ERROR : LOAD_OK;\n", "	return i < n && !e && !entry ? LOAD_ERROR : LOAD_OK;\n", CUTS),
    ("sending is sent again in silence", "src/delivery/queue_take.c", "		if (due == DUE_SENDING)\n			doubt(&job, d, i);\n", "		if (due == DUE_SENDING)\n			due = DUE_NOW;\n", loop("odi-delivered", "END")),
    ("taken without the lock", TAKE, "	if (sys_flock(entry->msg) < 0)\n", "	if (entry->msg < 0)\n", loop("odi-delivered queue", "RUN")),
    ("made without the lock", ENTRY, "	if (sys_flock(entry->msg) == 0 &&\n	    entry_leads", "	if (entry_leads", loop("odq", "RUN")),
    ("its name is not looked at when made", ENTRY, "	if (sys_flock(entry->msg) == 0 &&\n	    entry_leads(entry, \".msg\", entry->msg))\n", "	if (sys_flock(entry->msg) == 0)\n", loop("odq", "RUN")),
    ("what is being made is swept", "src/spool/sweep.c", "	case TAKE_BUSY:\n		leave(s, &entry, NULL);\n", "	case TAKE_BUSY:\n		entry_discard(&entry);\n", loop("odq", "RUN")),
    ("a bare message is not swept", "src/spool/sweep.c", "		entry_discard(&entry);\n", "		entry_close(&entry);\n", CUTS),
    ("a report that is there may yet go", TAKE, "		if (sys_fsync(entry->store->dir) == 0)\n", "		if (entry->store->dir >= 0)\n", CUTS),
]


def run(words, **more):
    return subprocess.run(words, capture_output=True, text=True, check=False, **more)


def make(tree):
    return run(["make", "-C", tree, "-j2", "O=build", "build/hantar", "build/fault/engine", "build/fault/shim.so"])


def verdict(tree, proof, build):
    """Whether it is noticed, and the first word of how."""
    program, *words = proof
    done = run([sys.executable, build / program, "--build", tree / "build", "--first", *words], timeout=900)
    said = re.search("^make fault CASE=(.*)$|^(?:RuntimeError|AssertionError): (.*)$", done.stdout + done.stderr, re.M)
    return done.returncode != 0, (said.group(1) or said.group(2) if said else done.stderr[-200:])[:150]


def copy(build):
    tree = build.resolve() / "mutants"
    shutil.rmtree(tree, ignore_errors=True)
    for name in ("src", "tests/fault", "Makefile"):
        there = tree / name
        there.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (TOP / name).is_dir() else shutil.copy2)(TOP / name, there)
    return tree


def try_one(tree, mutant):
    name, path, old, new, proof = mutant
    file = tree / path
    text = file.read_text("utf-8")
    if text.count(old) != 1:
        return False, f"{path} has {text.count(old)} times what it changes: correct it in mutants.py"
    file.write_text(text.replace(old, new), "utf-8")
    try:
        made = make(tree)
        if made.returncode != 0:
            return False, "it does not compile: " + made.stderr[-300:]
        return verdict(tree, proof, TOP / "tests/fault")
    finally:
        file.write_text(text, "utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="where to build them")
    parser.add_argument("--only", action="append", help="only this one")
    options = parser.parse_args()
    tree, began, alive = copy(options.build), time.monotonic(), []
    made = make(tree)
    if made.returncode != 0:
        sys.exit(made.stderr)
    mutants = [mutant for mutant in MUTANTS if mutant[0] in (options.only or [mutant[0]])]
    for mutant in mutants:
        caught, how = try_one(tree, mutant)
        if not caught:
            alive.append(mutant[0])
        print(f"{'caught' if caught else 'NOT CAUGHT'}: {mutant[0]}: {how}", flush=True)
    print(f"mutants: {len(mutants)}, {len(alive)} not caught, {time.monotonic() - began:.0f} s")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
