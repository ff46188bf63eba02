# SPDX-License-Identifier: ISC
"""Signals, and who waits for whom: runs of the queue, and mail that goes on in the background."""

import re
import subprocess
import time

import pytest

from lab import SPOOL_FILES, STALL, smtp

MESSAGE = "Subject: hi\nTo: alice@walk.test\n\nhello\n"
HOST = "198.18.0.20"


@pytest.fixture(name="spool")
def a_spool(tmp_path):
    return tmp_path / "spool"


def entries(spool):
    return sorted(path.stem for path in spool.glob("*.env"))


def marks(spool):
    """The marks of all entries, in their order."""
    texts = [(spool / f"{entry}.env").read_text() for entry in entries(spool)]
    return [re.search(r"^marks (.*)$", text, re.M)[1] for text in texts]


def wait_for(what):
    for _ in range(500):
        if what():
            return
        time.sleep(0.02)
    assert what()


def send(lab, spool, *args, **kwargs):
    return lab.run(["-O", f"spool={spool}", *args], MESSAGE, **kwargs)


def slowly(reply, seconds=2):
    def answer(_peer, _line):
        time.sleep(seconds)
        return reply

    return answer


CONTAINER = ("unshare", "--pid", "--fork")  # the program is process 1


def main_process(lab):
    return min(lab.processes(), key=int)


@pytest.mark.parametrize("name", ["HUP", "INT", "TERM"])
def test_a_signal_while_the_message_is_read(lab, spool, name):
    """Status 71, a word, and nothing is left in the spool (A-52)."""
    with lab.start_hantar(
        ["-O", f"spool={spool}", "alice@walk.test"], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdin.write(MESSAGE.encode())
        process.stdin.flush()
        wait_for(lambda: spool.exists() and list(spool.glob("*.msg")))
        lab.kill(main_process(lab), name)
        assert process.wait(timeout=10) == 71
        assert b"was not read" in process.stderr.read()
    assert {path.name for path in spool.iterdir()} <= SPOOL_FILES


@pytest.mark.parametrize("name", ["HUP", "INT", "TERM"])
def test_a_run_of_the_queue_ends_on_a_signal(lab, spool, name):
    """Nothing more begins, what was begun is the queue's again, and the status is 0 (A-52)."""
    lab.mx("walk.test", HOST)
    server = lab.serve(HOST, smtp(DATA=STALL))
    assert send(lab, spool, "-odq", "alice@walk.test").status == 0
    process = lab.start_hantar(["-O", f"spool={spool}", "-q15m"])
    wait_for(lambda: "DATA" in server.commands)
    lab.kill(main_process(lab), name)
    assert process.wait(timeout=10) == 0
    assert marks(spool) == ["w"]
    lab.assert_nothing_left()


def test_between_two_runs_of_the_queue_a_signal_ends_it(lab, spool):
    """Who waits for the next run has nothing to finish (A-52, G-12)."""
    lab.timed = False
    process = lab.start_hantar(["-O", f"spool={spool}", "-q15m"])
    wait_for(lambda: (spool / "stamp").exists())
    lab.kill(main_process(lab), "TERM")
    assert process.wait(timeout=10) == 0


def test_patience_is_for_who_waits(lab, spool):
    """In the background nobody waits, so delivery there is not cut short (A-31)."""
    lab.mx("walk.test", HOST)
    server = lab.serve(HOST, smtp(RCPT=slowly("250 2.1.5 at last")))
    done = subprocess.run(
        lab.command(["-O", f"spool={spool}", "-O", "patience=1s", "-odb", "alice@walk.test"]),
        input=MESSAGE.encode(),
        env=lab.environment({}),
        timeout=20,
        check=False,
    )
    assert done.returncode == 0
    wait_for(lambda: not lab.processes())
    assert len(server.mail) == 1 and entries(spool) == []


def test_a_signal_ends_delivery_in_the_background(lab, spool):
    """It leaves the rest to the queue, as the foreground does (A-52)."""
    lab.mx("walk.test", HOST)
    server = lab.serve(HOST, smtp(DATA=STALL))
    process = lab.start_hantar(["-O", f"spool={spool}", "-odb", "alice@walk.test"], stdin=subprocess.PIPE)
    process.communicate(MESSAGE.encode(), timeout=10)
    wait_for(lambda: "DATA" in server.commands)
    lab.kill(main_process(lab), "TERM")
    wait_for(lambda: not lab.processes())
    assert marks(spool) == ["w"]


def test_patience_of_process_1(lab, spool):
    """Up to the gate its agents may end with it (13)."""
    lab.mx("walk.test", HOST)
    lab.serve(HOST, smtp(DATA=STALL))
    done = send(lab, spool, "-O", "patience=1s", "alice@walk.test", under=CONTAINER)
    assert (done.status, done.err) == (0, "")
    assert marks(spool) == ["w"]


def test_process_1_waits_for_verdicts(lab, spool):
    """Past the gate its end would be theirs: at the end of patience it waits for them (14)."""
    lab.mx("walk.test", HOST)
    server = lab.serve(HOST, smtp(DOT=slowly("250 2.0.0 taken")))
    done = send(lab, spool, "-O", "patience=1s", "alice@walk.test", under=CONTAINER)
    assert (done.status, done.err) == (0, "")
    assert len(server.mail) == 1 and entries(spool) == []


def test_signals_to_process_1(lab, spool):
    """However many come: what the host has is not given up where the spool keeps its marks (14)."""
    lab.mx("walk.test", HOST)
    server = lab.serve(HOST, smtp(DOT=slowly("250 2.0.0 taken")))
    command = lab.command(["-O", f"spool={spool}", "alice@walk.test"], under=CONTAINER)
    with subprocess.Popen(command, env=lab.environment({}), stdin=subprocess.PIPE) as process:
        process.stdin.write(MESSAGE.encode())
        process.stdin.close()
        wait_for(lambda: spool.exists() and marks(spool) == ["s"])
        for _ in range(3):
            lab.kill(main_process(lab), "TERM")
            time.sleep(0.2)
        assert process.wait(timeout=10) == 0
    assert len(server.mail) == 1 and entries(spool) == []
