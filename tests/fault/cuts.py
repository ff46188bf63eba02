# SPDX-License-Identifier: ISC
"""The power goes at every point of a run, and any of what was not synced is gone: hantar keeps its promise.

    cuts.py --build build                   every image of the disk, at every point of every scene
    cuts.py --build build --sample          what make check has time for
    cuts.py --build build --scene odb       one scene
    cuts.py --build build --case cut/odb/1/fsync/2/7

A case is cut/scene/process/call/n/image: after the n-th such call of that process, the image-th of what may be on
the disk (disk.py). A name with "-slow" is that scene while the disk is slow, so that the commit goes on beside the
conversation; ORDERS has others. Each image becomes a spool, in which the queue is run; the servers accept all then.
"""

import argparse
import collections
import dataclasses
import pathlib
import random
import re
import shutil
import sys
import tempfile
import time

import disk
import disktest
import facts
import fault
import scenes
import spool

SEED = 20261126
SAMPLE = 60  # images of a scene, beside those that have none or all of what is not certain
SCENES = {name: scene for name, scene in scenes.SCENES.items() if scene.mode and not scene.beside}
MANY = [f"r{n}@a.test" for n in range(1001)]  # two entries
SCENES["split"] = scenes.Scene(MANY, MANY, [], mode="odq")
# What happens before the power goes, beside the run as it is: a process is slow, a call fails, all die before it.
# The first process that one in the foreground starts is the commit, the third talks to the server.
PLAIN = "0 - 0 -"
ORDERS = {name: PLAIN for name in SCENES}
ORDERS |= {name + "-slow": "1 fsync 1 LAG" for name, scene in SCENES.items() if scene.mode == "odi"}
for base in ("odi-delivered", "odi-deferred"):
    ORDERS |= {f"{base}-eio-{n}": f"1 fsync {n} EIO" for n in (1, 2, 3)}
ORDERS |= {"odi-delivered-worse": "* fsync 3 EIO+", "odi-deferred-dead": "1 fsync 3 KILL", "odi-delivered-killed": "3 fdatasync 1 KILL"}
# Of two hosts now one is the later, now the other.
ORDERS |= {f"odb-refused-late-{n}": f"{n} connect 1 LAG" for n in (3, 4)}
ORDERS |= {"odq-eio": "0 fsync 4 EIO", "odi-delivered-again": "3 fdatasync 1 END", "odb-refused-again": "* unlinkat 1 END"}
ORDERS |= {"queue-refused-again": "0 fsync 3 END"}
AGAIN = "-again"  # then the queue is run, up to where the power goes
CHUNK = 16  # images that a worker takes at once


class Film:
    """One run of a scene, and what the disk may hold at each point of it."""

    def __init__(self, name, worker):
        self.name = name
        self.scene = next(SCENES[word] for word in sorted(SCENES, key=len, reverse=True) if name.startswith(word))
        self.faulty = not ORDERS[name].endswith(("-", "LAG"))
        worker.begin(self.scene)
        model = disk.Disk(worker.spool)
        self.end = worker.order(self.scene, "journal " + ORDERS[name])
        self.mail, _, _ = worker.peers.take()
        self.err = (worker.state / "err").read_text("utf-8", "backslashreplace")
        self.journal = worker.read_journal()
        if name.endswith(AGAIN):
            self.run_again(worker)
        self.found = facts.transactions(self.journal, self.mail)
        self.points = list(self.play(model, worker.spool.name + "/"))

    def run_again(self, worker):
        """Another run of the queue, with processes of other numbers."""
        again = dataclasses.replace(scenes.SCENES["queue"], seeds=())
        worker.start(again)
        worker.order(again, "journal " + PLAIN)
        begun = len(self.journal)
        for line in worker.read_journal():
            self.journal.append({**line, "process": line["process"] + 100, "begun": line["begun"] + begun})
        self.mail += worker.peers.take()[0]
        worker.stop()

    def play(self, model, prefix):
        """For each point of the run: how many calls had ended, its name, and all images."""
        counts = collections.Counter()
        yield 0, "0/-/0", self.below(model.images(), prefix)
        for when, line in enumerate(self.journal, 1):
            key = f"{line['process']}/{line['call']}"
            counts[key] += 1
            model.play(when, line)
            yield when, f"{key}/{counts[key]}", self.below(model.images(), prefix)

    @staticmethod
    def below(images, prefix):
        """Images of the spool alone."""
        spools = [tuple((p.removeprefix(prefix), c) for p, c in image if p.startswith(prefix)) for image in images]
        return list(dict.fromkeys(spools))


def judge(film, cut, image, run):
    """What is wrong with what has come of an image after so many calls."""
    scene, wrong = film.scene, []
    then = facts.at(film.journal, film.found, cut)
    later = collections.Counter(key for mail in run.later for key in facts.keys_of(*mail))
    # With another status all whom it does not name are promised, if it names any.
    promised = then.status == 0 or scene.mode not in spool.SUBMITTING or ((then.status or 0) > 0 and "<" in film.err)
    held = {to for entry in run.after.entries.values() for to, _ in entry} if scene.change == "hold" else set()
    deleted = scene.change == "delete"

    for path in scene.recipients:
        had, told = then.had.get(path, 0), f"report of {path}"
        said = (then.status or 0) > 0 and f"<{path}>" in film.err
        known = said or told in later or told in then.had or path in held or deleted
        if promised and had + later[path] == 0 and not known:
            wrong.append(f"{path} is lost")
        if scene.change and then.status == 0 and later[path]:
            wrong.append(f"{path} gets it, though it was said: {scene.change}")
        if said and (later[path] or later[told]):
            wrong.append(f"{path} was said to have failed, and now gets it, or the sender a report")
        if then.open.get(path) and not film.faulty and not run.before.marks(path):
            wrong.append(f"a server may have it for {path}, and the disk has not")
        if (told in later or told in then.had) and not path.startswith(("no", "bad")):
            wrong.append(f"{path} is said to have failed")
        for key in (path, told):
            if later[key] > then.open.get(key, 0) + (then.had.get(key, 0) == 0):
                wrong.append(f"{key} is sent {then.had.get(key, 0)} times, and then {later[key]} times")
    for path in set(later) - set(scene.recipients):
        if path.removeprefix("report of ") not in scene.recipients:
            wrong.append(f"delivered to {path}, whom nobody named")
    for recipients, content in run.later:
        received = re.match(rb"Received: .*\r\n(?:[ \t].*\r\n)*", content)
        whole = received and content[received.end() :] == scene.sent
        if recipients != (scenes.SENDER,) and not whole:
            wrong.append("the servers got another message: " + repr(content[:300]))
    # An envelope may be found without its message, in the middle of a commit: nobody was promised anything.
    broken = [name for name in run.after.broken if name.replace(".env", ".msg") in image]
    if broken:
        wrong.append(f"set aside or broken: {broken}")
    if run.after.strays or (run.after.entries and not held):
        wrong.append(f"the queue keeps {run.after.entries} {run.after.strays}")
    return wrong + [f"a clean run of the queue exits {status}" for status in run.queue if status != 0]


class Cuts(fault.Loop):
    """All scenes: their films, and their images."""

    def __init__(self, options, state):
        super().__init__(options, state)
        self.names, self.points, self.images = options.scene or list(ORDERS), 0, 0
        self.judged = collections.Counter()

    def plan(self, worker):
        for name in self.names:
            film = Film(name, worker)
            self.points += len(film.points)
            if film.faulty and not film.end["fired"]:
                self.bad += [] if self.options.first else [name]
                print(f"{name}: there is no {ORDERS[name]}")
            where = collections.defaultdict(list)  # image: where it may be found
            wanted = set()
            for cut, point, images in film.points:
                for i, image in enumerate(images):
                    where[image].append((cut, f"cut/{name}/{point}/{i}"))
                wanted.update(images[:2])
            rest = [image for image in where if image not in wanted]
            if self.options.sample and len(rest) > SAMPLE:
                rest = random.Random(SEED).sample(rest, SAMPLE)
            jobs = [(image, where[image]) for image in [*wanted, *rest]]
            for at in range(0, len(jobs), CHUNK):
                self.jobs.append((self.chunk, film, jobs[at : at + CHUNK]))

    def chunk(self, worker, film, jobs):
        for image, where in jobs:
            run = self.after_cut(worker, film, image)
            bad = [(name, wrong) for cut, name in where if (wrong := judge(film, cut, dict(image), run))]
            with self.lock:
                self.images += 1
                self.judged[film.name] += len(where)
                self.bad += [name for name, _ in bad]
                for name, wrong in bad[:1]:
                    more = f" (and at {len(bad) - 1} points more)" if len(bad) > 1 else ""
                    print(f"make fault CASE={name}  # {'; '.join(wrong)}{more}", flush=True)
            if bad and self.options.first:
                self.stop = True
                return

    def after_cut(self, worker, film, image):
        """The queue is run in that spool."""
        worker.prepare(film.scene)
        shutil.rmtree(worker.spool, ignore_errors=True)
        worker.spool.mkdir(0o700)
        for path, content in image:
            there = worker.spool / path
            there.parent.mkdir(0o700, exist_ok=True)
            there.write_bytes(content)
            there.chmod(0o600)
        run = scenes.Run(film.end, [], "", [])
        worker.clean_up(run)
        run.log = worker.take_log()
        return run

    def all(self):
        began, names = time.monotonic(), self.names
        # Up to the first violation one by one; else the workers share them all.
        for self.names in [[name] for name in names] if self.options.first else [names]:
            if not self.stop:
                self.work_on_all()
        pairs = sum(self.judged.values())
        each = ", ".join(f"{name} {count}" for name, count in self.judged.items())
        print(f"power cuts: {pairs} at {self.points} points ({each}) that leave {self.images} different disks,", end=" ")
        print(f"{len(self.bad)} violations, {time.monotonic() - began:.0f} s")
        return 1 if self.bad else 0

    def one(self, case):
        _, name, process, call, n, image = case.split("/")
        worker = self.worker(0)
        film = Film(name, worker)
        for cut, point, images in film.points:
            if point == f"{process}/{call}/{n}" and int(image) < len(images):
                break
        else:
            print(f"this run has no such point: {case}")
            return 2
        run = self.after_cut(worker, film, images[int(image)])
        worker.stop()
        for line in film.journal[:cut]:
            print(line["process"], line["call"], line.get("path", ""), line.get("name", ""), line["result"])
        print(f"*** cut; on disk:\n{run.before}")
        for path, content in images[int(image)]:
            print(f"{path}: {content!r}"[:1000])
        print(f"known: {facts.at(film.journal, film.found, cut)}\nafter runs {run.queue}: {run.after}\n{run.log}", end="")
        for recipients, content in run.later:
            print(f"then delivered to {', '.join(recipients)}: {len(content)} octets")
        wrong = judge(film, cut, dict(images[int(image)]), run)
        print("violation: " + "; ".join(wrong) if wrong else "no violation")
        return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="where hantar and fault/ were built")
    parser.add_argument("--sample", action="store_true", help="a fixed sample")
    parser.add_argument("--scene", action="append", choices=ORDERS, help="only this scene")
    parser.add_argument("--first", action="store_true", help="stop at the first violation")
    parser.add_argument("--case", help="one image, and all about it")
    options = parser.parse_args()
    if disktest.main():
        return 1
    with tempfile.TemporaryDirectory(prefix="cuts-", dir=fault.memory()) as state:
        cuts = Cuts(options, pathlib.Path(state))
        return cuts.one(options.case) if options.case else cuts.all()


if __name__ == "__main__":
    sys.exit(main())
