# SPDX-License-Identifier: ISC
"""The measuring of tests/bench works. No time is judged here, only how often a server has to wait."""

import json
import subprocess
import sys

from lab import TOP


def test_short_bench_counts_turns(request, tmp_path):
    figures = tmp_path / "figures.json"
    bench = [sys.executable, TOP / "tests/bench/bench.py", "--short", "--json", figures]
    done = subprocess.run(
        [*bench, "--hantar", request.config.option.hantar], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(figures.read_text())
    assert set(rows) == {"one-clear", "one-tls", "one-relay"}
    turns_of = {"one-clear": (4, 4), "one-tls": (7, 7), "one-relay": (8, 7)}
    for row, both in turns_of.items():
        for name, turns in zip(("hantar", "floor"), both):
            found = rows[row]["programs"][name]
            assert (found["failed"], found["turns"], found["transactions"]) == (0, turns, 1), (row, name, found)
