# SPDX-License-Identifier: ISC
"""The README's first command, and what the demo promises: it tells the truth and leaves nothing behind."""

import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

from lab import TOP

DEMO = TOP / "scripts/demo"


def left_over(state):
    """Processes whose command line names this directory."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(state).encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            pass
    return found


def environment(tmp_path, **changes):
    """The demo makes its directories in TMPDIR; the unpacked servers are shared, to save the download."""
    env = {key: value for key, value in os.environ.items() if key not in ("HANTAR", "MAKEFLAGS", "MAKELEVEL")}
    env.setdefault("HANTAR_ASIDE", str(TOP / "build/aside"))
    return {**env, "TMPDIR": str(tmp_path), **changes}


def assert_nothing_left(tmp_path):
    limit = time.monotonic() + 2
    while left := left_over(tmp_path):
        assert time.monotonic() < limit, left
        time.sleep(0.02)
    assert [path.name for path in tmp_path.glob("tmp.*")] == []


@pytest.fixture(name="open_tmp_path")
def fixture_open_tmp_path(tmp_path):
    tmp_path.chmod(0o711)
    return tmp_path


def test_the_first_command_of_the_readme(open_tmp_path):
    """It works in a clean clone, from outside: it builds, sends, shows, and leaves nothing running."""
    text = (TOP / "README").read_text()
    match = re.search(r"^#* ?Try it\n.*?^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert match, 'README has no heading "Try it" with a fenced block under it'
    clone = open_tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", TOP, clone], check=True)
    done = subprocess.run(
        ["bash", "-ec", match[1]],
        cwd=clone,
        env=environment(open_tmp_path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The message arrived" in done.stdout
    assert_nothing_left(open_tmp_path)
    status = subprocess.run(["git", "status", "--porcelain"], cwd=clone, capture_output=True, check=True)
    assert status.stdout == b""  # what was built is ignored by git


@pytest.mark.parametrize("liar", ["/bin/true", "/bin/false"])
def test_the_demo_believes_nobody(open_tmp_path, liar):
    """Exit status 0 only if the message arrived, and one clear line otherwise."""
    env = environment(open_tmp_path, HANTAR=liar)
    done = subprocess.run([DEMO], cwd="/", env=env, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "did not arrive" in done.stderr if liar == "/bin/true" else "ended with status 1" in done.stderr
    assert_nothing_left(open_tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_an_interrupted_demo_leaves_nothing(open_tmp_path, number):
    slow = open_tmp_path / "slow"
    slow.write_text("#!/bin/sh\n: >${0%/*}/ready\nsleep 60\n")
    slow.chmod(0o755)
    process = subprocess.Popen(
        [DEMO],
        env=environment(open_tmp_path, HANTAR=str(slow)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while not (open_tmp_path / "ready").exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(number)
    assert process.wait(10) != 0
    if number == signal.SIGKILL:  # only files can be left then
        for path in open_tmp_path.glob("tmp.*"):
            subprocess.run(["rm", "-r", path], check=True)
    assert_nothing_left(open_tmp_path)
