#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""How fast hantar is, beside the least that a program has to do (floor.c) and beside others: `make bench`.

    bench.py [--short | --full] [--rows NAME,...] [--without NAME,...] [--json FILE]

All of it happens in private namespaces (field.py), with a real name server; needs root, and what
scripts/setup bench installs. --short takes a few seconds and asks no other program: it shows that
the measuring works, and its times mean nothing. --full adds what takes long.

rows.py has the rows and the levels, peers.py the programs, measure.py the ways of measuring.
Exit status 0 if all was measured: a level that is missed, or a peer that cannot be run, is reported
and is no failure of the measurement. Hantar not being able to do a row's work is one.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import sys
import tempfile

import measure
import report
from field import Field
from peers import PROGRAMS, Peer, Task, Unable
from rows import ROWS, SMALL
from world import TOP, aside

OURS = ("hantar", "floor", "ten commits")


def options():
    parser = argparse.ArgumentParser(description="measures hantar")
    parser.add_argument("--hantar", type=pathlib.Path, default=TOP / "build/hantar")
    parser.add_argument("--tools", type=pathlib.Path, help="folder of sink, floor, ... (bench/ beside hantar)")
    parser.add_argument("--short", action="store_true", help="only whether it works")
    parser.add_argument("--full", action="store_true", help="also what takes long")
    parser.add_argument("--rows", help="only these, with commas between", type=lambda text: text.split(","))
    parser.add_argument("--without", help="peers not to be run", type=lambda text: text.split(","), default=[])
    parser.add_argument("--json", type=pathlib.Path, help="where the figures go (beside hantar: bench.json)")
    given = parser.parse_args()
    given.hantar = given.hantar.resolve()
    beside = given.hantar.parent / "bench"
    given.tools = given.tools or (beside if beside.exists() else TOP / "build/bench")
    given.json = given.json or given.hantar.parent / "bench.json"
    if os.geteuid() != 0:
        parser.error("network namespaces need root")
    for path in (given.hantar, given.tools / "pace"):
        if not path.exists():
            parser.error(f"no {path}: make bench builds it")
    unknown = set(given.rows or []) - {row.name for row in ROWS}
    if unknown:
        parser.error(f"no row {', '.join(sorted(unknown))}; there are {', '.join(row.name for row in ROWS)}")
    return given


def wanted(row, given):
    if given.rows:
        return row.name in given.rows
    if given.short:
        return row.counts
    return given.full or not row.full


class Bench:
    def __init__(self, field, given):
        self.field, self.given = field, given
        self.programs = {}
        self.unable = {}  # name: why
        names = [name for name in PROGRAMS if name in OURS or (not given.short and name not in given.without)]
        if any(name not in (*OURS, "floor, wire form") for name in names):
            if not (aside() / "complete").exists():
                raise SystemExit(f"bench: nothing in {aside()}: run scripts/setup bench (or --short)")
            field.lay_peers(aside() / "root")
        for name in names:
            try:
                self.programs[name] = PROGRAMS[name](field)
            except (Unable, RuntimeError) as error:
                self.unable[name] = str(error)

    def start_of(self, name, task):
        if name in self.unable:
            raise Unable(self.unable[name])
        start = self.programs[name].start(task)
        if isinstance(self.programs[name], Peer):
            start.world = self.field.world
        return start

    def names(self, row):
        peers = [] if self.given.short else [name for name in row.peers if name not in self.given.without]
        return ["hantar", *(["floor"] if row.floor else []), *peers]

    def task(self, row, name):
        """What one program does in a row: the same as all, but on messages that are there."""
        task = row.task
        if row.aside:
            task = Task(f"hole-{name}", [f"someone@hole-{name}.test"], message=task.message)
        return self.ready(task)

    def ready(self, task):
        path = str(self.field.state / SMALL) if task.message else ""
        return dataclasses.replace(task, message=path)

    def begin_aside(self, row):
        """Starts what mostly waits, each program at its own sink; end_aside() takes the results."""
        paces = {}
        for name in self.names(row):
            task = self.task(row, name)
            try:
                paces[name] = measure.Pace(self.field, {name: (self.start_of(name, task), 0)}, task, 1)
            except Unable as error:
                paces[name] = error
        return paces

    def end_aside(self, paces):
        results = {}
        for name, pace in paces.items():
            if isinstance(pace, Unable):
                results[name] = measure.Stats(name, trouble=[str(pace)])
            else:
                results.update(pace.wait())
        return results

    def run(self, row):
        short = self.given.short
        results, starts = {}, {}
        for name in self.names(row):
            try:
                part = 0 if name in OURS else 1 if name in row.once else row.peer_rounds
                starts[name] = (self.start_of(name, self.task(row, name)), part)
            except Unable as error:
                results[name] = measure.Stats(name, trouble=[str(error)])
        for name, task in row.beside.items():
            starts[name] = (self.start_of(task.program, self.ready(task)), 0)
        task = self.ready(row.task)
        pace = measure.Pace(self.field, starts, task, 5 if short else row.rounds, row.seconds)
        results.update(pace.wait())
        for name, (start, _) in starts.items():
            self.look_closer(row, results[name], start, task)
        return results

    def look_closer(self, row, stats, start, task):
        if not stats.good or stats.name in row.beside:
            return
        program = self.programs[stats.name]
        if not (row.counts or row.memory or row.syncs):
            return
        if not program.own_process:
            stats.trouble.append("daemons: their system calls, instructions and memory are not counted")
            return
        closer = []
        if row.counts:
            closer.append(("syscalls", measure.syscalls))
            if program.set_id:
                stats.trouble.append("a set-id program, which valgrind does not run: no instructions")
            elif not self.given.short:
                closer.append(("instructions", measure.instructions))
        if row.syncs:
            closer.append(("syncs", measure.syncs))
        if row.memory and not self.given.short:
            closer.append(("all_memory", measure.all_memory))
        for what, function in closer:
            try:
                setattr(stats, what, function(self.field, start, task))
            except Unable as error:
                stats.trouble.append(f"{what}: {error}")


def measure_all(given, state):
    field = Field(given.hantar, given.tools, state)
    try:
        # No line of it begins with a dot, and all programs get the same.
        lines = ["Subject: measuring", "From: root@laptop.home.test", "To: someone@example.test", ""]
        text = "\n".join(lines) + "\n"
        while len(text) < 2000:
            text += f"line {len(text):06}: all three volumes are safe, and so is the rest\n"
        (field.state / SMALL).write_text(text)
        bench = Bench(field, given)
        rows = [row for row in ROWS if wanted(row, given)]
        aside_rows = {row.name: bench.begin_aside(row) for row in rows if row.aside}
        done = {}
        for row in sorted(rows, key=lambda row: row.aside):
            done[row.name] = bench.end_aside(aside_rows[row.name]) if row.aside else bench.run(row)
            print(report.row(row, done[row.name]), flush=True)
        return rows, done, bench.unable
    finally:
        field.stop()


def main():
    given = options()
    with tempfile.TemporaryDirectory(prefix="bench.") as state:
        print(f"{measure.machine()}\n{given.hantar}\n")
        busy = os.getloadavg()[0]
        if busy > 0.5 and not given.short:
            print(f"! other work runs on this machine (load {busy:.1f}): the times are worth little\n")
        print(report.LEGEND)
        rows, done, unable = measure_all(given, state)
    print(report.summary(rows, done, unable))
    if given.short:
        print("\n--short: all of it works; the times mean nothing")
    given.json.write_text(json.dumps(report.as_data(rows, done), indent=1) + "\n")
    return 0 if all(done[row.name]["hantar"].good for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
