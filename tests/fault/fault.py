# SPDX-License-Identifier: ISC
"""The fault loop: every call and every allocation fails in turn, in every way, and hantar keeps its promise.

    fault.py --build build                  everything
    fault.py --build build --sample         what make check has time for
    fault.py --build build --scene clear    one scene
    fault.py --build build --case clear/1/recvfrom/3/ECONNRESET

A case is scene/process/call/n/fault: in that scene (scenes.py), the n-th call of that name in
that process fails; process 0 is the first, 1 the first that it starts (the lookup agent), and so on.
For every process and call, n goes up from 1 until a run passes in which nothing fired. What can
fail, and how, is in calls.c; how it is done, in engine.c; what must hold after it, in scenes.py.
"""

import argparse
import collections
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import peer
import scenes
import selftest

SEED = 20261124
MEMORY = ("mmap", "mprotect", "brk", "mremap")
WORKERS = 4  # they mostly wait for each other's processes
# A sample: all that can fail in this scene, in these ways, ...
BASIC, BASIC_FAULTS = "clear", ("EIO", "ENOMEM", "EINTR", "ECONNRESET", "EMFILE", "eof")
BASIC_SKIP = ("malloc",)
SAMPLE = 200  # ... and so many more of each scene


class Worker:
    """An engine, its servers, its files. It runs one case at a time."""

    def __init__(self, build, program, state, certificate):
        self.build, self.program, self.state = build, program, state
        self.peers = peer.Peers()
        self.context = peer.tls_context(*certificate)
        self.engine, self.scene = None, None
        self.tmp = state / "tmp"
        self.tmp.mkdir(parents=True)

    def start(self, scene):
        self.stop()
        self.scene = scene
        self.peers.tls = self.context if scene.tls else peer.BROKEN if scene.tls_broken else None
        (self.state / "in").write_bytes(scene.text)
        # What a sanitizer finds must be seen in a process without standard error, too; nor is
        # there a leak checker under ptrace.
        sanitizers = {
            "ASAN_OPTIONS": "abort_on_error=1:detect_leaks=0:verify_asan_link_order=0",
            "UBSAN_OPTIONS": "abort_on_error=1",
        }
        self.engine = subprocess.Popen(
            [
                self.build / "fault/engine",
                self.build / "fault/shim.so",
                *[self.state / name for name in ("in", "out", "err")],
                self.program,
                *scene.arguments(self.peers, self.state / "log"),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PATH": "/usr/sbin:/usr/bin", "HOME": "/", "TMPDIR": str(self.tmp), "TZ": "UTC0", **sanitizers},
        )

    def stop(self):
        if self.engine:
            self.engine.stdin.close()
            self.engine.wait()
            self.engine.stdout.close()
            self.engine = None

    def run(self, scene, process=0, call="-", n=0, fault="-"):
        if scene is not self.scene:
            self.start(scene)
        word = "nofile " if scene.nofile else ""
        self.engine.stdin.write(f"{word}{process} {call} {n} {fault}\n")
        self.engine.stdin.flush()
        line = self.engine.stdout.readline()
        if not line:
            raise RuntimeError("the engine has died")
        mail, transcripts = self.peers.take()
        left = [path.name for path in self.tmp.iterdir()]
        for name in left:
            (self.tmp / name).unlink()
        err = (self.state / "err").read_text("utf-8", "backslashreplace")
        (self.state / "log").unlink(missing_ok=True)
        return scenes.Run(json.loads(line), mail, err, left, int(process), call, fault, transcripts)


class Loop:
    """All workers, and what they found."""

    def __init__(self, options, state):
        self.options, self.state = options, state
        self.build = options.build.resolve()
        listing = subprocess.run([self.build / "fault/engine", "--calls"], capture_output=True, text=True, check=True)
        self.faults = {row.split()[0]: row.split()[1:] for row in listing.stdout.splitlines()}
        self.program = state / "hantar"  # a copy: a build beside the loop does not change it
        shutil.copy2(self.build / "hantar", self.program)
        if b"__asan_init" in self.program.read_bytes():  # which needs its memory
            for call in MEMORY:
                self.faults[call] = []
        self.certificate = self.make_certificate()
        self.jobs = collections.deque()
        self.lock = threading.Lock()
        self.fired = collections.Counter()
        self.slowest = (0, "")
        self.runs, self.doubts, self.bad = 0, collections.Counter(), []
        self.trouble = None

    def make_certificate(self):
        paths = [self.state / "cert.pem", self.state / "key.pem"]
        subprocess.run(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=mx.test".split()
            + ["-out", paths[0], "-keyout", paths[1]],
            check=True,
            capture_output=True,
        )
        return paths

    def worker(self, number):
        return Worker(self.build, self.program, self.state / str(number), self.certificate)

    def record(self, name, scene, run):
        """Notes what came of a case; whether its fault happened."""
        wrong = scenes.violations(scene, run)
        with self.lock:
            self.runs += 1
            self.slowest = max(self.slowest, (run.end["ms"], name))
            if run.end["fired"]:
                self.fired[name.split("/")[0]] += 1
                if scenes.doubtful(scene, run):
                    self.doubts["/".join(name.split("/")[:3])] += 1
            if wrong:
                self.bad.append(name)
                print(f"make fault CASE={name}  # {'; '.join(wrong)}", flush=True)
        return run.end["fired"]

    # ------------------------------------------------------------ the points
    def clean(self, worker, name):
        """A run in which nothing fails: how often each process makes each call."""
        scene = scenes.SCENES[name]
        run = worker.run(scene)
        wrong = scenes.violations(scene, run)
        got = sorted(path for recipients, _ in run.mail for path in recipients)
        if wrong or run.end["status"] != scene.status or got != sorted(scene.delivered):
            raise RuntimeError(f"{name} fails by itself: {wrong} {run.end['status']} {got}\n{run.err}")
        return run.end["counts"]

    def column(self, worker, name, process, call, fault):
        """A process, a call and a fault: n = 1.. until nothing fires."""
        scene, n = scenes.SCENES[name], 0
        fired = True
        while fired:
            n += 1
            run = worker.run(scene, process, call, n, fault)
            fired = self.record(f"{name}/{process}/{call}/{n}/{fault}", scene, run)

    def point(self, worker, name, process, call, n, fault):
        scene = scenes.SCENES[name]
        run = worker.run(scene, process, call, n, fault)
        self.record(f"{name}/{process}/{call}/{n}/{fault}", scene, run)

    def plan(self, worker):
        """Fills the jobs: columns, or for a sample columns and points."""
        for name in self.options.scene or scenes.SCENES:
            points = []
            for key, count in self.clean(worker, name).items():
                process, call = key.split()
                if self.options.call and call not in self.options.call:
                    continue
                for fault in self.faults[call]:
                    if fault in scenes.SCENES[name].skip:
                        continue
                    basic = name == BASIC and fault in BASIC_FAULTS and call not in BASIC_SKIP
                    if not self.options.sample or basic:
                        self.jobs.append((self.column, name, process, call, fault))
                    else:
                        points += [(self.point, name, process, call, n + 1, fault) for n in range(count)]
            # By name, so that one call more or less of another kind changes no choice.
            points.sort(key=lambda job: random.Random(f"{SEED}{job[1:]}").random())
            self.jobs.extend(points[:SAMPLE])

    # ------------------------------------------------------------ the work
    def work(self, worker):
        try:
            while True:
                with self.lock:
                    if not self.jobs or self.trouble:
                        return
                    function, *job = self.jobs.popleft()
                function(worker, *job)
        except Exception as error:  # pylint: disable=broad-except
            self.trouble = error
        finally:
            worker.stop()

    def all(self):
        began = time.monotonic()
        workers = [self.worker(number) for number in range(WORKERS)]
        self.plan(workers[0])
        threads = [threading.Thread(target=self.work, args=[worker]) for worker in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.trouble:
            raise self.trouble
        each = ", ".join(f"{name} {count}" for name, count in self.fired.items())
        print(f"faults: {sum(self.fired.values())} in {self.runs} runs ({each}), {len(self.bad)} violations,", end=" ")
        print(f"{time.monotonic() - began:.0f} s; the slowest took {self.slowest[0]} ms ({self.slowest[1]})")
        if self.options.doubts:
            for name, count in sorted(self.doubts.items()):
                print(f"  delivered, and said not to be: {name} {count}")
        return 1 if self.bad else 0

    def one(self, case):
        name, process, call, n, fault = case.split("/")
        worker, scene = self.worker(0), scenes.SCENES[name]
        run = worker.run(scene, process, call, n, fault)
        worker.stop()
        print(json.dumps({key: value for key, value in run.end.items() if key != "counts"}))
        for said in run.transcripts:
            print("server heard:", " | ".join(said))
        for recipients, content in run.mail:
            print(f"delivered to {', '.join(recipients)}: {len(content)} octets")
        print(run.err, end="")
        wrong = scenes.violations(scene, run)
        print("violation: " + "; ".join(wrong) if wrong else "no violation")
        return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="where hantar and fault/ were built")
    parser.add_argument("--sample", action="store_true", help="a fixed sample")
    parser.add_argument("--scene", action="append", choices=scenes.SCENES, help="only this scene")
    parser.add_argument("--call", action="append", help="only this call")
    parser.add_argument("--doubts", action="store_true", help="list where what was delivered is said not to be")
    parser.add_argument("--case", help="one run, and all about it")
    options = parser.parse_args()
    if selftest.main():
        return 1
    with tempfile.TemporaryDirectory(prefix="fault-") as state:
        loop = Loop(options, pathlib.Path(state))
        return loop.one(options.case) if options.case else loop.all()


if __name__ == "__main__":
    sys.exit(main())
