# SPDX-License-Identifier: ISC
"""Measuring: many runs in turn (pace.c), and single runs under strace, under callgrind, and watched
for their memory."""

import dataclasses
import os
import pathlib
import re
import statistics
import subprocess
import time

from peers import Unable

COUNTERS = ("connections", "transactions", "recipients", "bytes", "turns", "handshakes", "logins")


@dataclasses.dataclass
class Run:
    round: int  # those of one round belong together
    status: int
    ms: float
    cpu: float  # ms, of user and system
    memory: int  # KiB, of the largest process
    count: dict  # by COUNTERS


@dataclasses.dataclass
class Stats:
    """What is known about one program in one row."""

    name: str
    runs: list = dataclasses.field(default_factory=list)
    syscalls: int = None
    instructions: int = None
    syncs: tuple = None  # of files, of folders
    all_memory: int = None  # KiB, the sum over its processes (PSS), at its highest
    trouble: list = dataclasses.field(default_factory=list)  # why something above is missing

    @property
    def good(self):
        return [run for run in self.runs if run.status == 0]

    def median(self, what):
        return statistics.median(what(run) for run in self.good) if self.good else None

    @property
    def ms(self):
        return self.median(lambda run: run.ms)

    def count(self, name):
        return self.median(lambda run: run.count[name])

    def rate(self, size):
        """MB/s"""
        return size / 1e3 / self.ms if self.good else None

    def quantile(self, part):
        times = sorted(run.ms for run in self.good)
        return times[min(len(times) - 1, int(part * len(times)))] if times else None


class Pace:
    """Runs programs in turn. To be used at once or, with wait(), beside other things."""

    def __init__(self, field, starts, task, rounds, seconds=600, limit=200):
        lines = []
        self.stats = {name: Stats(name) for name in starts}
        for name, (start, part) in starts.items():
            given = start.input or (f"|{task.flood}" if task.flood else task.message)
            fields = [label(name), start.world, part or rounds, field.control(task.sink), start.until, start.before, given, *start.argv]
            lines.append("\t".join(map(str, fields)))
        self.names = {label(name): name for name in starts}
        self.expected = {
            name: len(task.recipients) if start.recipients is None else start.recipients
            for name, (start, _) in starts.items()
        }
        self.logs = field.logs
        self.task = task
        options = ["-f", field.tools / "flood", "-l", field.logs, "-n", rounds, "-s", seconds, "-t", limit]
        self.process = subprocess.Popen(
            [*field.client, str(field.tools / "pace"), *map(str, options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=field.environment(None),
            text=True,
        )
        self.process.stdin.write("\n".join(lines) + "\n")
        self.process.stdin.close()

    def wait(self):
        for line in self.process.stdout:
            name, number, status, us, user, system, memory, *counts = line.rstrip("\n").split("\t")
            count = dict(zip(COUNTERS, map(int, counts)))
            cpu = (int(user) + int(system)) / 1000
            run = Run(int(number), int(status), float(us) / 1000, cpu, int(memory), count)
            self.judge(self.names[name], run)
        complaint = self.process.stderr.read()
        if self.process.wait() != 0:
            for stats in self.stats.values():
                stats.trouble.append(f"pace: {complaint.strip()}")
        return self.stats

    def judge(self, name, run):
        stats = self.stats[name]
        stats.runs.append(run)
        if run.status == 0 and run.count["recipients"] != self.expected[name]:
            run.status = -1
            stats.trouble.append(f"the sink counts {run.count['recipients']} recipients")
        elif run.status == 0 and self.task.login and name != "floor" and run.count["logins"] != 1:
            run.status = -1
            stats.trouble.append(f"the sink counts {run.count['logins']} logins")
        elif run.status != 0:
            said = (self.logs / label(name)).read_text(errors="replace").strip().splitlines()
            stats.trouble.append(f"status {run.status}: {said[-1] if said else 'it says nothing'}")


def label(name):
    return re.sub(r"[^a-z0-9]+", "-", name)


def once(field, start, task, before=()):
    """One run of a program behind a command that watches it."""
    given = start.input or (f"|{task.flood}" if task.flood else "")
    flood = None
    if given:
        words = [str(field.tools / "flood"), *given[1:].split()]
        flood = subprocess.Popen(words, stdout=subprocess.PIPE)
    with open(task.message, "rb") if not flood else flood.stdout as source:
        return subprocess.Popen(
            [*field.enter(start.world), *map(str, before), *start.argv],
            stdin=source,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=field.environment(None),
        )


def finish(process):
    complaint = process.communicate()[1].decode("utf-8", "replace").strip()
    if process.returncode != 0:
        raise Unable(f"status {process.returncode}: {complaint.splitlines()[-1] if complaint else ''}")
    return complaint


def syscalls(field, start, task):
    """How many system calls it and its children make."""
    trace = field.state / "trace"
    finish(once(field, start, task, ["strace", "-f", "-qq", "-o", trace]))
    lines = trace.read_text(errors="replace").splitlines()
    field.count(task.sink)
    return sum(not re.search(r"resumed>|^\d+ +(---|\+\+\+)", line) for line in lines)


def syncs(field, start, task):
    """How many files, and folders, the process that was called has synced when it ends."""
    trace = field.state / "trace"
    before = field.count(task.sink)["transactions"]
    finish(once(field, start, task, ["strace", "-y", "-qq", "-e", "trace=/sync", "-o", trace]))
    if start.until.startswith("exit+"):
        field.count(task.sink, f"wait {before + 1}")
    field.count(task.sink)
    paths = re.findall(r"sync\(\d+<(.*?)>", trace.read_text(errors="replace"))
    folders = sum(os.path.isdir(path) for path in paths)
    return len(paths) - folders, folders


def instructions(field, start, task):
    """How many instructions they execute, as valgrind counts them; linking at run time included.

    valgrind cannot work in a process that has locked itself in, so strace stands between and
    answers in the kernel's place that all is locked. The same lock lets no file be written: what
    was counted is read from the pipe that valgrind speaks to.
    """
    locks = "prctl,landlock_restrict_self"
    strace = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", f"inject={locks}:retval=0"]
    out = f"--callgrind-out-file={field.state}/callgrind.%p"
    process = once(field, start, task, [*strace, "valgrind", "--tool=callgrind", "--trace-children=yes", out])
    said = finish(process)
    field.count(task.sink)
    found = re.findall(r"^==\d+== Collected : (\d+)", said, re.MULTILINE)
    if not found:
        raise Unable(f"valgrind counted nothing: {said[-200:]}")
    return sum(map(int, found))


def descendants(pid):
    found, todo = [], [pid]
    while todo:
        pid = todo.pop()
        try:
            for path in pathlib.Path(f"/proc/{pid}/task").iterdir():
                todo += map(int, (path / "children").read_text().split())
        except OSError:
            continue  # it has just ended
        found.append(pid)
    return found[1:]


def all_memory(field, start, task):
    """The highest sum over its processes of what each holds (shared pages divided), in KiB."""
    highest = 0
    process = once(field, start, task)
    while process.poll() is None:
        total = 0
        for pid in descendants(process.pid):
            try:
                found = re.search(r"^Pss: +(\d+)", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
            except OSError:
                continue
            total += int(found.group(1)) if found else 0
        highest = max(highest, total)
        time.sleep(0.002)
    finish(process)
    field.count(task.sink)
    return highest


def machine():
    release = os.uname().release
    system = re.search(r'^PRETTY_NAME="(.*)"', pathlib.Path("/etc/os-release").read_text(), re.MULTILINE)
    model = re.search(r"^model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    cores = len(os.sched_getaffinity(0))
    return f"{cores} x {model.group(1) if model else os.uname().machine}, Linux {release}, {system and system.group(1)}"
