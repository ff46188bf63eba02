# SPDX-License-Identifier: ISC
"""What the spool holds after a run with a fault, and what must hold of it: see hantar-spool(5).

The runs with a fault are followed by clean runs of the queue, for which the servers accept all. Then nobody
is lost, nobody has the message twice but where that could not be known, who is refused is told once, and
the spool is empty.
"""

import dataclasses

SUBMITTING = ("odi", "odb", "odq")
CLEAN_RUNS = 6  # sending, doubt, sent; the same for a report
# What the log says where somebody may get the message, or the sender a report, twice.
DOUBTS = ("possible duplicate", "may be delivered twice", "dsn=4.4.2", "cannot mark", "cannot write out the marks")
# Only while the verdict is read and marked there is something that cannot be known; and where a mark cannot
# be written, what we knew is lost.
WINDOW = ("poll", "sendto", "recvfrom", "pwrite64", "fdatasync")
MARKING = WINDOW[-2:]
# With LMTP that is so from the first verdict to the last: whatever ends the agent between them, be it that
# there is no memory for the words of one, or that its report cannot be read or believed.
EACH = (*WINDOW, "write", "read", "pread64", "malloc")


@dataclasses.dataclass
class Spool:
    """A look at it: marks by recipient of each entry, and other names."""

    entries: dict = dataclasses.field(default_factory=dict)
    broken: list = dataclasses.field(default_factory=list)  # of the folder, or that cannot be read
    strays: list = dataclasses.field(default_factory=list)

    def marks(self, path):
        return [mark for entry in self.entries.values() for to, mark in entry if to == path]

    def busy(self):
        """Is there something for a run of the queue?"""
        return bool(self.strays or self.entries)


def read_envelope(text):
    """Pairs of a recipient and its mark."""
    first, *rows = text.decode("ascii").split("\n")
    name, version, at, n = first.split()
    assert (name, version) == ("hantar-spool", "1")
    to = [row.split()[1][1:-1] for row in rows[: rows.index("end")] if row.startswith("to ")]
    marks = text[int(at, 10) :][: int(n, 10)].decode("ascii")
    assert len(to) == len(marks), (to, marks)
    return list(zip(to, marks))


def make_timed(folder):
    """A spool whose queue a timer runs, as far as hantar can see: it starts no runner that stays."""
    folder.mkdir(mode=0o700)
    (folder / "stamp").touch(0o600)
    (folder / "runner").touch(0o600)
    (folder / "runner").write_text("r")


def look(folder):
    spool = Spool()
    if not folder.is_dir():
        return spool
    names = {path.name for path in folder.iterdir()} - {"stamp", "runner", "wake"}
    if "corrupt" in names:
        spool.broken = sorted(path.name for path in (folder / "corrupt").iterdir())
    for name in sorted(names - {"corrupt"}):
        stem, _, kind = name.partition(".")
        if kind == "msg" and stem + ".env" in names:
            continue
        if kind != "env" or stem + ".msg" not in names:
            spool.strays.append(name)
            continue
        try:
            spool.entries[stem] = read_envelope((folder / name).read_bytes())
        except (AssertionError, ValueError, IndexError, UnicodeDecodeError):
            spool.broken.append(name)
    return spool


def too_often(scene, run, path, times):
    """Whether somebody has it more than once, and that could have been known, or was not said."""
    if times < 2:
        return False
    # At END the call is one process's, and another may die between the verdict and its mark.
    window = EACH if scene.lmtp else WINDOW
    calls = window if run.fault == "END" else (run.call,)
    known = times - 1 > run.unread.count(path) and not set(calls) & set(MARKING)
    return known or not set(calls) & set(window) or not any(word in run.log for word in DOUBTS)


def violations(scene, run, times):
    """What is wrong with what the spool holds; times: how often each recipient has the message."""
    wrong = []
    promised = run.end["status"] == 0 or scene.mode not in SUBMITTING
    # What is not there, or is another's, is not among ALL.
    done = run.end["status"] == 0 and scene.change and run.fault not in ("ENOENT", "EACCES")
    held = {to for entry in run.after.entries.values() for to, _ in entry} if scene.change == "hold" else set()
    liar = run.call in ("pread64", "read") and run.fault.rstrip("+") in ("short", "eof")
    for path, n in times.items():
        known = f"<{path}>" in run.err or path in run.told or path in held or scene.change == "delete"
        if promised and n == 0 and not known:
            wrong.append(f"{path} is lost")
        if done and any(path in recipients for recipients, _ in run.later):
            wrong.append(f"{path} gets it, though it was said: {scene.change}")
        if too_often(scene, run, path, n):
            wrong.append(f"{path} has it {n} times")
        here = sum(path in recipients for recipients, _ in run.mail)
        if "d" in run.before.marks(path) and not here:
            wrong.append(f"{path} is marked delivered, and is not")
        if path in run.told and not path.startswith(("no", "bad")):
            wrong.append(f"{path} is said to have failed")
    for path in times:
        reports = run.reports.count(path)
        if too_often(scene, run, run.sender, reports):
            wrong.append(f"that {path} failed is told {reports} times")
    # The gate opens behind the commit, and what is marked has passed it.
    settled = any(mark != "w" for path in times for mark in run.before.marks(path))
    if scene.mode in SUBMITTING and settled and "out of memory" in run.err and run.end["status"] != 0:
        wrong.append(f"it has no memory behind the commit, and exits {run.end['status']}")
    if run.after.broken and not liar:
        wrong.append(f"set aside or broken: {run.after.broken}")
    if run.after.strays or (run.after.entries and not held):
        wrong.append(f"the queue keeps {run.after.entries} {run.after.strays}")
    wrong += [f"a clean run of the queue exits {status}" for status in run.queue if status != 0]
    return wrong
