# SPDX-License-Identifier: ISC
"""The power goes, on real file systems: ext4 and XFS on loop devices, shut down without their last writes.

    disks.py --build build                  at every call that matters
    disks.py --build build --sample         at some of them
    disks.py --build build --case disk/ext4/odb/1/fsync/2

A case is disk/system/scene/process/call/n: before that call all stand still, the file system is shut down, all die, and
the queue is run in what is found when it is mounted again. "end" instead of a call is after the last. What must hold
is as in cuts.py. It takes root, and a kernel with loop devices; where there are none it says so, and tries nothing.
"""

import argparse
import collections
import fcntl
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import types

import cuts
import facts
import fault
import scenes

SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32), for both
NO_LOG_FLUSH = struct.pack("I", 2)
SYSTEMS = {  # octets; how to make one
    "ext4": (16 << 20, ["mkfs.ext4", "-q", "-F"]),
    "xfs": (320 << 20, ["mkfs.xfs", "-q", "-f"]),
}
SCENES = ("odi-delivered", "odi-deferred", "odi-refused", "odq", "odb", "queue", "queue-refused", "odb-refused", "delete")
SEED = 20261127
SAMPLE = 3  # points of each scene, beside the end


class NoDisks(Exception):
    """This machine has none of them."""


def call(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoDisks(f"{' '.join(map(str, words))}: {done.stderr.strip() or done.returncode}")


class Mounted:
    """A file system in a file."""

    def __init__(self, system, folder):
        size, make = SYSTEMS[system]
        self.image, self.folder = folder / f"{system}.img", folder / system
        self.folder.mkdir()
        with open(self.image, "wb") as file:
            file.truncate(size)
        if shutil.which(make[0]) is None:
            raise NoDisks(f"{make[0]} is not installed")
        call(*make, self.image)
        self.mount()

    def mount(self):
        call("mount", "-o", "loop", self.image, self.folder)

    def unmount(self):
        call("umount", self.folder)

    def cut(self):
        fd = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, SHUTDOWN, NO_LOG_FLUSH)
        finally:
            os.close(fd)


class Disks(cuts.Cuts):
    """All cuts of all scenes, on one file system after the other."""

    def __init__(self, options, state):
        super().__init__(options, state)
        self.tried = collections.Counter()

    def places(self, film):
        """Where it makes a difference."""
        counts, found = collections.Counter(), []
        for line in film.journal:
            counts[line["process"], line["call"]] += 1
            if line["call"] != "exit" and "/log" not in line.get("path", ""):
                found.append(f"{line['process']}/{line['call']}/{counts[line['process'], line['call']]}")
        if self.options.sample:
            found = random.Random(SEED).sample(found, min(SAMPLE, len(found)))
        return [*found, "end"]

    def cut(self, worker, mounted, name, point):
        """One run that ends so; what is wrong then, and what came of it."""
        scene = cuts.SCENES[name]
        worker.begin(scene)
        os.sync()

        def at_pause():
            mounted.cut()
            return "end"

        words = "0 - 0 -" if point == "end" else " ".join(point.split("/")) + " PAUSE"
        end = worker.order(scene, "journal " + words, at_pause)
        if point == "end" or not end["fired"]:
            mounted.cut()
        mail, _, _ = worker.peers.take()
        err = (worker.state / "err").read_text("utf-8", "backslashreplace")
        journal = [line for line in worker.read_journal() if line["call"] != "exit" or line["result"] >= 0]
        film = types.SimpleNamespace(scene=scene, err=err, journal=journal, faulty=False)
        film.found = facts.transactions(journal, mail)
        mounted.unmount()
        mounted.mount()
        image = {path.name: b"" for path in worker.spool.iterdir()} if worker.spool.is_dir() else {}
        run = scenes.Run(end, [], "", [])
        worker.clean_up(run)
        run.log = worker.take_log()
        return cuts.judge(film, len(journal), image, run), run

    def on(self, system, worker):
        mounted = Mounted(system, self.state)
        try:
            worker.spool = mounted.folder / "spool"
            for name in self.options.scene or SCENES:
                film = cuts.Film(name, worker)
                for point in self.places(film):
                    case = f"disk/{system}/{name}/{point}"
                    wrong, _ = self.cut(worker, mounted, name, point)
                    self.tried[system] += 1
                    if wrong:
                        self.bad.append(case)
                        print(f"make fault CASE={case}  # {'; '.join(wrong)}", flush=True)
                        if self.options.first:
                            return
        finally:
            worker.stop()
            mounted.unmount()

    def all(self):
        began, worker = time.monotonic(), self.worker(0)
        for system in SYSTEMS:
            try:
                self.on(system, worker)
            except NoDisks as error:
                print(f"\n*** NOT RUN: power cuts on {system}: {error}\n", flush=True)
        each = ", ".join(f"{system} {count}" for system, count in self.tried.items()) or "none"
        print(f"power cuts on real disks: {each}, {len(self.bad)} violations, {time.monotonic() - began:.0f} s")
        return 1 if self.bad else 0

    def one(self, case):
        _, system, name, point = case.split("/", 3)
        worker, mounted = self.worker(0), Mounted(system, self.state)
        worker.spool = mounted.folder / "spool"
        try:
            wrong, run = self.cut(worker, mounted, name, point)
        finally:
            worker.stop()
            mounted.unmount()
        print(f"spool: {run.before}\nafter clean runs {run.queue}: {run.after}\n{run.log}", end="")
        print("violation: " + "; ".join(wrong) if wrong else "no violation")
        return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="where hantar and fault/ were built")
    parser.add_argument("--sample", action="store_true", help="a fixed sample")
    parser.add_argument("--scene", action="append", choices=SCENES, help="only this scene")
    parser.add_argument("--first", action="store_true", help="stop at the first violation")
    parser.add_argument("--case", help="one cut, and all about it")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.inside:
        if os.geteuid() != 0 or not pathlib.Path("/dev/loop-control").exists():
            print("\n*** NOT RUN: power cuts on real disks: no root, or no loop device\n")
            return 0
        # What is mounted goes with this process, whatever happens.
        os.execvp("unshare", ["unshare", "-m", sys.executable, *sys.argv, "--inside"])
    with tempfile.TemporaryDirectory(prefix="disks-", dir=fault.memory()) as state:
        disks = Disks(options, pathlib.Path(state))
        return disks.one(options.case) if options.case else disks.all()


if __name__ == "__main__":
    sys.exit(main())
