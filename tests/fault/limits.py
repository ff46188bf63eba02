# SPDX-License-Identifier: ISC
"""Little of everything: limits, full and read-only disks, clocks that are wrong, and many at once; on one spool (F8).

    limits.py --build build                 all of them
    limits.py --build build --sample        what make check has time for
    limits.py --build build --case limit/odq/nofile/7

A case is limit/scene/what/how much:

    nofile fsize as    that limit of the system, for all processes of the run
    room files         so many octets or names are free in the spool when it starts; it fills up before the n-th call
                       with full/process/call/n
    readonly           the spool can be read
    clock              the time while it runs; the queue is run now, after it; or, "after", the other way around
    many               10,000 recipients, or 64 runs at once

The queue is run then, with nothing amiss, and what must hold is as in the fault loop. Without a right to mount (root, or
user namespaces) there are no disks, and it says so. What has no spool is in tests/system/test_callers.py.
"""

import argparse
import collections
import ctypes
import dataclasses
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import cuts
import fault
import scenes

SEED = 20261128
KB = 1024
(FAKETIME,) = pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
SPOOL_SIZE = 256 * KB
# What is free is for what is to be tried, and not too little from the beginning.
ROOMY = {
    name: dataclasses.replace(scene, settings={**scene.settings, "spool-room": 0}) for name, scene in cuts.SCENES.items()
}
SCENES = ("odi-delivered", "odi-deferred", "odi-refused", "odi-mixed", "odq", "odb", "queue", "queue-refused")
CLOCKS = ("-3650d", "-1h", "+1h", "@2038-01-19 03:14:06", "@2106-02-07 06:28:14", "@1970-01-02 00:00:00")
VALUES = {
    "nofile": range(3, 17),
    "fsize": [0, 1, 100, 200, 300, 400, 500, 700, 1000, 2000, 4096],
    "as": range(2_500_000, 12_000_000, 250_000),
    "room": [0, 1, 2, 3, 4, 5, 6, 8],  # of 4 KiB
    "files": range(6),
    "readonly": [0],
    "clock": [*CLOCKS, *["after " + clock for clock in CLOCKS]],
}
DISKS = ("room", "files", "readonly", "full")
FULL = 6  # calls of a scene before which the disk is full
MANY = 10_000
AT_ONCE = 64


def become_parent_of_orphans():
    """Who is left alone becomes our child, so that we see its end."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def children():
    return [int(pid) for path in pathlib.Path("/proc/self/task").glob("*/children") for pid in path.read_text().split()]


def wait_for_all(log=None, seconds=60):
    """Until none is left but who says in the log that he stays; how many are."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                if len(children()) == 1 and log and log.exists() and scenes.STAYS in log.read_text("utf-8", "replace"):
                    break
                time.sleep(0.002)
        except ChildProcessError:
            return 0
    return len(children())


class Limits(fault.Loop):
    def __init__(self, options, state):
        super().__init__(options, state)
        self.tried = collections.Counter()
        self.disk = None

    # ------------------------------------------------------------ the disk
    def mount(self, folder):
        folder.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"mode=700,size={SPOOL_SIZE},nr_inodes=64", "none", folder],
            capture_output=True, text=True, check=False,
        )
        if done.returncode == 0:
            self.disk = folder
        else:
            print(f"\n*** NOT RUN: full and read-only disks: {done.stderr.strip()}\n", flush=True)

    def fill(self, blocks=None, files=None):
        """Leaves so much of it."""
        room = os.statvfs(self.disk)
        blocks = room.f_bavail if blocks is None else min(blocks, room.f_bavail)
        if room.f_bavail > blocks:
            (self.disk / "filler").write_bytes(b"x" * ((room.f_bavail - blocks) * room.f_frsize))
        for n in range(os.statvfs(self.disk).f_favail - files if files is not None else 0):
            (self.disk / f"filler{n}").touch()

    def remount(self, how):
        subprocess.run(["mount", "-o", f"remount,{how}", self.disk], check=True)

    def empty(self):
        for path in self.disk.glob("filler*"):
            path.unlink()

    # ------------------------------------------------------------ a run
    def prepare(self, worker, scene, small=True):
        worker.stop()
        worker.prepare(scene)
        worker.spool = self.disk / "spool" if self.disk and small else worker.state / "spool"
        worker.fill(scene)
        shutil.rmtree(worker.spool, ignore_errors=True)
        if scene.seeds or scene.timed:
            shutil.copytree(worker.seed, worker.spool)
        else:
            worker.spool.mkdir(0o700)

    def start(self, worker, scene, under):
        with open(worker.state / "in", "rb") as text, open(worker.state / "err", "ab") as err:
            return subprocess.Popen(
                [*under, worker.program, *scene.arguments(worker.peers, worker.state / "log", worker.spool)],
                stdin=text, stdout=subprocess.DEVNULL, stderr=err, env=worker.environment,
            )

    def run(self, worker, scene, under):
        """A run; what came of it, before the queue is run."""
        (worker.state / "err").write_bytes(b"")
        process = self.start(worker, scene, under)
        status = process.wait()
        # Where the clock says that no timer is alive, somebody stays to run the queue, and ends when asked to.
        left = wait_for_all(worker.state / "log")
        for pid in children():
            os.kill(pid, signal.SIGTERM)
        left += wait_for_all()
        end = {"status": status if status >= 0 else -1, "signal": max(-status, 0), "fd": -1, "late": 0, "left": left}
        end |= {"crash": 0, "crashed": 0, "counts": {"0 uname": 1}}
        mail, transcripts, unread = worker.peers.take()
        files = [path.name for path in worker.tmp.iterdir()]
        for name in files:
            (worker.tmp / name).unlink()
        err = (worker.state / "err").read_text("utf-8", "backslashreplace")
        return scenes.Run(end, mail, err, files, transcripts=transcripts, unread=unread)

    def judge(self, scene, run, what):
        # A program that cannot be loaded says so in words of the system's.
        loaded = "error while loading shared libraries" not in run.err and run.end["signal"] == 0
        if what in ("as", "nofile", "fsize") and not loaded:
            run.end["status"], run.end["signal"], run.err = 71, 0, "hantar: it did not start\n"
        if what == "fsize":  # standard error is a file, too
            run.call, run.end["fd"] = "write", 2
        return scenes.violations(scene, run)

    def case(self, worker, name, what, value):
        scene = ROOMY[name]
        self.prepare(worker, scene)
        # A sanitizer has no descriptors for its search for leaks, and comes behind what is loaded first.
        worker.environment["ASAN_OPTIONS"] = "detect_leaks=0:verify_asan_link_order=0"
        under, after = [], []
        if what in ("nofile", "fsize", "as"):
            under = ["prlimit", f"--{what}={value}:{value}", "--"]
        elif what == "clock":
            # faketime(1) itself refuses to begin where one with its number has died before.
            clock = [
                "env", f"LD_PRELOAD={FAKETIME}", "FAKETIME_DONT_FAKE_MONOTONIC=1",
                f"FAKETIME={str(value).removeprefix('after ')}",
            ]
            under, after = ([], clock) if str(value).startswith("after ") else (clock, [])
        elif what == "room":
            self.fill(blocks=int(value))
        elif what == "files":
            self.fill(files=int(value))
        elif what == "readonly":
            self.remount("ro")
        if what == "full":
            run = self.filled_at(worker, scene, value)
        else:
            run = self.run(worker, scene, under)
        if what == "readonly":
            self.remount("rw")
        if self.disk:
            self.empty()
        worker.under = after
        worker.clean_up(run)
        worker.under = []
        run.log = worker.take_log()
        return self.judge(scene, run, what), run

    def filled_at(self, worker, scene, value):
        """The disk is full before that call."""
        worker.begin(scene)

        def at_pause():
            self.fill(blocks=0, files=0)
            return "go"

        end = worker.order(scene, " ".join(value.split("/")) + " PAUSE", at_pause)
        mail, transcripts, unread = worker.peers.take()
        err = (worker.state / "err").read_text("utf-8", "backslashreplace")
        worker.stop()
        return scenes.Run(end, mail, err, [], transcripts=transcripts, unread=unread)

    # ------------------------------------------------------------ many
    def many(self, worker, what):
        """10,000 recipients, or 64 runs at once: all, and none twice."""
        everybody = [f"r{n}@a.test" for n in range(MANY)] if what == "recipients" else ["one@a.test"]
        scene = scenes.Scene(everybody, everybody, mode="odq", settings={"max-recipients": str(MANY)})
        self.prepare(worker, scene, small=False)
        (worker.state / "err").write_bytes(b"")
        runs = []
        for n in range(AT_ONCE if what == "runs" else 1):
            one = dataclasses.replace(scene, mode=("odi", "odq", "odb", "odi")[n % 4]) if what == "runs" else scene
            runs.append(self.start(worker, one, []))
            if n % 8 == 7:
                runs.append(self.start(worker, ROOMY["queue"], []))
        statuses = {process.wait() for process in runs}
        wrong = [f"exit {status}" for status in statuses if status != 0] + ["it does not end"] * min(wait_for_all(), 1)
        run = scenes.Run({"status": 0}, [], "", [])
        run.mail, _, _ = worker.peers.take()
        worker.clean_up(run)
        run.log = worker.take_log()
        times = collections.Counter(path for recipients, _ in run.mail + run.later for path in recipients)
        copies = AT_ONCE if what == "runs" else 1
        wrong += [f"{path} has it {times[path]} times, not {copies}" for path in everybody if times[path] != copies][:3]
        if len({content for _, content in run.mail + run.later}) != copies:
            wrong.append("not every message is there once")
        if run.after.busy() or run.after.broken:
            wrong.append(f"the queue keeps {len(run.after.entries)} {run.after.strays} {run.after.broken}")
        return wrong, run

    # ------------------------------------------------------------ all
    def cases(self, worker):
        for what, values in VALUES.items():
            # A sanitizer's memory is not the program's.
            if (what in DISKS and not self.disk) or (what == "as" and self.sanitized):
                continue
            for name in SCENES:
                # Of a clock only what is new is told: to wait for a time that has passed is no failure.
                if what == "clock" and ROOMY[name].seeds:
                    continue
                some = list(values)
                if self.options.sample:
                    some = random.Random(f"{SEED}{name}{what}").sample(some, min(3, len(some)))
                yield from [(name, what, value) for value in some]
        for name in SCENES if self.disk else []:
            self.prepare(worker, ROOMY[name])
            counts, places = collections.Counter(), []
            for line in cuts.Film(name, worker).journal:
                key = f"{line['process']}/{line['call']}"
                counts[key] += 1
                if line["call"] != "exit":
                    places.append(f"{key}/{counts[key]}")
            if self.options.sample:
                places = random.Random(f"{SEED}{name}").sample(places, min(FULL, len(places)))
            worker.stop()
            yield from [(name, "full", place) for place in places]
        yield from [("", "many", "recipients"), ("", "many", "runs")]

    def try_one(self, worker, name, what, value):
        if what == "many":
            return self.many(worker, value)
        return self.case(worker, name, what, value)

    def all(self):
        began, worker = time.monotonic(), self.worker(0)
        self.mount(self.state / "disk")
        for name, what, value in self.cases(worker):
            wrong, _ = self.try_one(worker, name, what, value)
            self.tried[what] += 1
            if wrong:
                case = f"limit/{name}/{what}/{value}"
                self.bad.append(case)
                print(f"make fault CASE='{case}'  # {'; '.join(wrong)}"[:600], flush=True)
        each = ", ".join(f"{what} {count}" for what, count in self.tried.items())
        print(f"little of everything: {sum(self.tried.values())} runs ({each}), {len(self.bad)} violations,", end=" ")
        print(f"{time.monotonic() - began:.0f} s")
        return 1 if self.bad else 0

    def one(self, case):
        _, name, what, value = case.split("/", 3)
        worker = self.worker(0)
        self.mount(self.state / "disk")
        wrong, run = self.try_one(worker, name, what, value)
        worker.stop()
        print(f"{run.end}\n{run.err}spool: {run.before}\nafter clean runs {run.queue}: {run.after}\n{run.log}"[:8000])
        print("violation: " + "; ".join(wrong) if wrong else "no violation")
        return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="where hantar and fault/ were built")
    parser.add_argument("--sample", action="store_true", help="a fixed sample")
    parser.add_argument("--case", help="one run, and all about it")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.inside:
        more = ["-m"] if os.geteuid() == 0 else ["-rm"]
        if subprocess.run(["unshare", *more, "true"], check=False, capture_output=True).returncode == 0:
            os.execvp("unshare", ["unshare", *more, sys.executable, *sys.argv, "--inside"])
    become_parent_of_orphans()
    with tempfile.TemporaryDirectory(prefix="limits-", dir=fault.memory()) as state:
        limits = Limits(options, pathlib.Path(state))
        try:
            return limits.one(options.case) if options.case else limits.all()
        finally:
            if limits.disk:
                subprocess.run(["umount", limits.disk], check=False)


if __name__ == "__main__":
    sys.exit(main())
