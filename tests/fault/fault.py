# SPDX-License-Identifier: ISC
"""The fault loop: every call and every allocation fails in turn, in every way, and hantar keeps its promise.

    fault.py --build build                  everything
    fault.py --build build --sample         what make check has time for
    fault.py --build build --scene clear    one scene
    fault.py --build build --case clear/1/recvfrom/3/ECONNRESET

A case is scene/process/call/n/fault: in that scene (scenes.py), the n-th call of that name in
that process fails; process 0 is the first, 1 the first that it starts (the lookup agent), and so on.
For every process and call, n goes up from 1 until a run passes in which nothing fired. What can
fail, and how, is in calls.c; how it is done, in engine.c; what must hold after it, in scenes.py, and
where there is a spool, in spool.py. The fault KILL is the death of that process, instead of the call. At RUN all stand still before
the call, until another process has run the queue; at RUNKILL that process is dead then. At END all die.
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
import spool

SEED = 20261124
MEMORY = ("mmap", "mprotect", "brk", "mremap")
# While all stand still another runs the queue; then they go on, or the process dies. Or all die.
PAUSES = {"RUN": "go", "RUNKILL": "kill", "END": "end"}
# Where that can make a difference: between what others may see.
PAUSED = """
    openat newfstatat fstat flock pread64 write pwrite64 ftruncate fsync fdatasync renameat unlinkat getdents64
    sendto recvfrom clone wait4
""".split()
WORKERS = 4  # they mostly wait for each other's processes
# A sample: all that can fail in this scene, in these ways, ...
BASIC, BASIC_FAULTS = "clear", ("EIO", "ENOMEM", "EINTR", "ECONNRESET", "EMFILE", "eof")
BASIC_SKIP = ("malloc",)
SAMPLE = 362  # ... and so many more of each scene; of them
SANITIZED = 10  # one of so many, as that takes its time
# Cases of other programs, by their first word.
ELSEWHERE = {"cut": "cuts.py", "disk": "disks.py", "limit": "limits.py"}


class Worker:
    """An engine, its servers, its files. It runs one case at a time."""

    def __init__(self, build, program, state, certificate):
        self.build, self.program, self.state = build, program, state
        self.peers = peer.Peers()
        self.context = peer.tls_context(*certificate)
        self.engine, self.scene = None, None
        self.under = []  # a command that runs another, for those without a fault
        self.tmp, self.spool, self.seed = state / "tmp", state / "spool", state / "seed"
        self.tmp.mkdir(parents=True)
        self.environment = {"PATH": "/usr/sbin:/usr/bin", "HOME": "/", "TMPDIR": str(self.tmp), "TZ": "UTC0"}

    def prepare(self, scene):
        self.scene = scene
        self.peers.tls = self.context if scene.tls else peer.BROKEN if scene.tls_broken else None
        (self.state / "in").write_bytes(scene.text)

    def start(self, scene):
        self.stop()
        self.prepare(scene)
        self.fill(scene)
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
                *[self.state / name for name in ("in", "out", "err", "journal")],
                self.program,
                *scene.arguments(self.peers, self.state / "log", self.spool),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**self.environment, **sanitizers},
        )

    def plainly(self, scene, *how):
        """Runs the program without a fault, and without the engine; its status."""
        with open(self.state / "in", "rb") as text:
            return subprocess.run(
                [*self.under, self.program, *scene.arguments(self.peers, self.state / "log", *how)],
                stdin=text,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=60,
                check=False,
                env=self.environment,
            ).returncode

    def fill(self, scene):
        """Makes the spool that every run of the scene begins with."""
        shutil.rmtree(self.seed, ignore_errors=True)
        if scene.timed:
            spool.make_timed(self.seed)
        for mode, operands in scene.seeds:
            assert self.plainly(scene, self.seed, mode, operands) == 0
        self.peers.take()
        (self.state / "log").unlink(missing_ok=True)

    def run_beside(self, scene, end):
        while not end.is_set():
            self.plainly(scene, self.spool, "q")

    def clean_up(self, run):
        """Runs the queue until nothing is left that another run would do something for."""
        self.peers.kind = True
        run.before = run.after = spool.look(self.spool)
        while run.after.busy() and len(run.queue) < spool.CLEAN_RUNS:
            run.queue.append(self.plainly(self.scene, self.spool, "q"))
            run.after = spool.look(self.spool)
        run.later, _, unread = self.peers.take()
        run.unread += unread
        self.peers.kind = False

    def stop(self):
        if self.engine:
            self.engine.stdin.close()
            self.engine.wait()
            self.engine.stdout.close()
            self.engine = None

    def begin(self, scene):
        """The engine and the spool are as a run of the scene finds them."""
        if scene is not self.scene or not self.engine:
            self.start(scene)
        shutil.rmtree(self.spool, ignore_errors=True)
        if scene.seeds or scene.timed:
            shutil.copytree(self.seed, self.spool)

    def ask(self, line):
        self.engine.stdin.write(line + "\n")
        self.engine.stdin.flush()
        return self.engine.stdout.readline()

    def order(self, scene, order, at_pause=None):
        """Lets the engine do a run; what it says of its end. at_pause() does what is to be done, and says how to go on."""
        word, fault = ("nofile " if scene.nofile else ""), order.split()[-1]
        line = self.ask(word + (order.removesuffix(fault) + "PAUSE" if fault in PAUSES else order))
        while line == "pause\n":
            if fault.startswith("RUN"):
                self.plainly(scene, self.spool, "q")
            line = self.ask(at_pause() if at_pause else PAUSES[fault])
        if not line:
            raise RuntimeError("the engine has died")
        return json.loads(line)

    def read_journal(self):
        with open(self.state / "journal", encoding="ascii") as file:
            return [json.loads(line) for line in file]

    def take_log(self):
        log = self.state / "log"
        if not log.exists():
            return ""
        text = log.read_text("utf-8", "backslashreplace")
        log.unlink()
        return text

    def run(self, scene, process=0, call="-", n=0, fault="-"):
        self.begin(scene)
        end = threading.Event()
        beside = threading.Thread(target=self.run_beside, args=[scene, end]) if scene.beside else None
        if beside:
            beside.start()
        try:
            result = self.order(scene, f"{process} {call} {n} {fault}")
        finally:
            end.set()
            if beside:
                beside.join()
        mail, transcripts, unread = self.peers.take()
        left = [path.name for path in self.tmp.iterdir()]
        for name in left:
            (self.tmp / name).unlink()
        err = (self.state / "err").read_text("utf-8", "backslashreplace")
        run = scenes.Run(result, mail, err, left, int(process), call, fault, transcripts, unread)
        if scene.mode:
            self.clean_up(run)
        run.log = self.take_log()
        return run


class Loop:
    """All workers, and what they found."""

    def __init__(self, options, state):
        self.options, self.state = options, state
        self.build = options.build.resolve()
        listing = subprocess.run([self.build / "fault/engine", "--calls"], capture_output=True, text=True, check=True)
        self.faults = {row.split()[0]: row.split()[1:] for row in listing.stdout.splitlines()}
        self.program = state / "hantar"  # a copy: a build beside the loop does not change it
        shutil.copy2(self.build / "hantar", self.program)
        self.sample = SAMPLE
        self.sanitized = b"__asan_init" in self.program.read_bytes()
        if self.sanitized:  # which needs its memory
            self.sample = SAMPLE // SANITIZED
            for call in MEMORY:
                self.faults[call] = []
        self.certificate = self.make_certificate()
        self.jobs, self.workers = collections.deque(), []
        self.lock = threading.Lock()
        self.fired = collections.Counter()
        self.slowest = (0, "")
        self.runs, self.doubts, self.bad = 0, collections.Counter(), []
        self.kills, self.repeated = 0, []
        self.trouble, self.stop = None, False

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
                self.kills += run.fault.endswith(("KILL", "END"))
                if not wrong and scenes.repeated(run):
                    self.repeated.append(name)
                if scenes.doubtful(scene, run):
                    self.doubts["/".join(name.split("/")[:3])] += 1
            if wrong:
                self.bad.append(name)
                if self.options.first:
                    self.stop = True
                print(f"make fault CASE={name}  # {'; '.join(wrong)}", flush=True)
        return run.end["fired"]

    # ------------------------------------------------------------ the points
    def clean(self, worker, name):
        """A run in which nothing fails: how often each process makes each call."""
        scene = scenes.SCENES[name]
        run = worker.run(scene)
        wrong = scenes.violations(scene, run)
        got = sorted(path for recipients, _ in run.mail for path in recipients if path != scenes.SENDER)
        refused = {path for path in scene.recipients if path.startswith(("no", "bad")) and scene.mode[:1] != "-"}
        told = not scene.mode or scene.mode == "odi" or run.told == refused
        if wrong or run.end["status"] != scene.status or got != sorted(scene.delivered) or not told:
            raise RuntimeError(f"{name} fails by itself: {wrong} {run.end['status']} {got}\n{run.err}")
        return run.end["counts"]

    def column(self, worker, name, process, call, fault):
        """A process, a call and a fault: n = 1.. until nothing fires."""
        scene, n = scenes.SCENES[name], 0
        fired = True
        while fired and not self.stop:
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
                pauses = PAUSES if scenes.SCENES[name].mode and call in PAUSED else []
                for fault in [*self.faults[call], *pauses]:
                    if fault in scenes.SCENES[name].skip or fault not in (self.options.fault or [fault]):
                        continue
                    basic = name == BASIC and fault in BASIC_FAULTS and call not in BASIC_SKIP
                    if not self.options.sample or basic:
                        self.jobs.append((self.column, name, process, call, fault))
                    else:
                        points += [(self.point, name, process, call, n + 1, fault) for n in range(count)]
            # By name, so that one call more or less of another kind changes no choice.
            points.sort(key=lambda job: random.Random(f"{SEED}{job[1:]}").random())
            self.jobs.extend(points[: self.sample])

    # ------------------------------------------------------------ the work
    def work(self, worker):
        try:
            while True:
                with self.lock:
                    if not self.jobs or self.trouble or self.stop:
                        return
                    function, *job = self.jobs.popleft()
                function(worker, *job)
        except Exception as error:  # pylint: disable=broad-except
            self.trouble = error
        finally:
            worker.stop()

    def work_on_all(self):
        self.workers = self.workers or [self.worker(number) for number in range(WORKERS)]
        workers = self.workers
        self.plan(workers[0])
        threads = [threading.Thread(target=self.work, args=[worker]) for worker in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.trouble:
            raise self.trouble

    def all(self):
        began = time.monotonic()
        self.work_on_all()
        each = ", ".join(f"{name} {count}" for name, count in self.fired.items())
        print(f"faults: {sum(self.fired.values())} in {self.runs} runs ({each}), {len(self.bad)} violations,", end=" ")
        print(f"{time.monotonic() - began:.0f} s; the slowest took {self.slowest[0]} ms ({self.slowest[1]})")
        print(f"  {self.kills} were kills; sent again, as no verdict could be known: {len(self.repeated)}")
        if self.options.doubts:
            for name in self.repeated:
                print(f"  sent again: {name}")
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
        if scene.mode:
            print(f"spool: {run.before}\nafter clean runs {run.queue}: {run.after}\n{run.log}", end="")
            for recipients, content in run.later:
                print(f"then delivered to {', '.join(recipients)}: {len(content)} octets")
        wrong = scenes.violations(scene, run)
        print("violation: " + "; ".join(wrong) if wrong else "no violation")
        return 1 if wrong else 0


def memory():
    """Files are kept in memory, where there is some: nobody cuts the power here."""
    folder = pathlib.Path("/dev/shm")
    return folder if folder.is_dir() else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="where hantar and fault/ were built")
    parser.add_argument("--sample", action="store_true", help="a fixed sample")
    parser.add_argument("--scene", action="append", choices=scenes.SCENES, help="only this scene")
    parser.add_argument("--call", action="append", help="only this call")
    parser.add_argument("--fault", action="append", help="only this fault")
    parser.add_argument("--first", action="store_true", help="stop at the first violation")
    parser.add_argument("--doubts", action="store_true", help="list where what was delivered is said not to be")
    parser.add_argument("--case", help="one run, and all about it")
    options = parser.parse_args()
    other = ELSEWHERE.get((options.case or "").split("/", maxsplit=1)[0])
    if other:
        return subprocess.call([sys.executable, pathlib.Path(__file__).with_name(other), *sys.argv[1:]])
    if selftest.main():
        return 1
    with tempfile.TemporaryDirectory(prefix="fault-", dir=memory()) as state:
        loop = Loop(options, pathlib.Path(state))
        return loop.one(options.case) if options.case else loop.all()


if __name__ == "__main__":
    sys.exit(main())
