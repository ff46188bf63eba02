# SPDX-License-Identifier: ISC
"""No daemon, and never nobody: who runs the queue, when, and that there is always somebody."""

import email
import fcntl
import json
import os
import pathlib
import re
import shutil
import subprocess
import threading
import time

import pytest

from lab import STALL, smtp, timed_spool

MESSAGE = "Subject: hi\nTo: alice@walk.test\n\nhello\n"
HOST = "198.18.0.20"
HOURS, DAYS = 3600, 86400
(FAKETIME,) = pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1")


@pytest.fixture(name="spool")
def a_spool(lab, tmp_path):
    """One that nobody runs the queue of; a runner that a test leaves in the background ends with the test."""
    lab.timed = False
    yield tmp_path / "spool"
    for pid in lab.processes():
        lab.kill(pid, "KILL")


def entries(spool):
    return sorted(path.stem for path in spool.glob("*.env"))


def wait_for(what):
    for _ in range(1000):
        if what():
            return
        time.sleep(0.02)
    assert what()


def command(lab, spool, *args, **kwargs):
    return lab.command(["-O", f"spool={spool}", *args], **kwargs)


def give(lab, spool, *args, env=None, text=MESSAGE):
    """Gives a message as any program does; who goes to the background is left there."""
    done = subprocess.run(
        command(lab, spool, *args),
        input=text.encode(),
        env=lab.environment(env),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def the_runner(lab):
    """The one process that stays, once it has no child at work."""
    found = []

    def alone():
        found[:] = lab.processes()
        return len(found) == 1

    wait_for(alone)
    return found[0]


def virtual(rate):
    """An environment in which time goes faster."""
    return {"LD_PRELOAD": str(FAKETIME), "FAKETIME": rate, "NO_FAKE_STAT": "1"}


def at(seconds):
    """One in which it is so much later, and timeouts are what they were."""
    return {**virtual(f"+{seconds}s"), "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def greylisting(lab, times=1):
    """A server that defers a recipient so often, and notes when it was asked."""
    replies = iter(["451 4.7.1 greylisted"] * times)
    lab.mx("walk.test", HOST)
    return lab.serve(HOST, smtp(RCPT=lambda *_: next(replies, "250 2.1.5 fine")))


# ---------------------------------------------------------------- one after the other
PATIENT = [f"-O{name}=10m" for name in ("dns-timeout", "dns-patience", "connect-timeout", "connect-next-timeout")]


def give_many(lab, spool, *recipients):
    """With a spool that a timer runs."""
    if not spool.exists():
        timed_spool(spool)
    for recipient in recipients:
        give(lab, spool, "-odq", recipient)


@pytest.mark.parametrize("how", ["ends", "is left"])
def test_a_slow_host_and_more_mail_than_is_taken_at_once(lab, spool, how):
    """J-09, G-14: a minute later the rest goes on beside it, once each; but for what goes there, which waits for its turn."""
    lab.mx("slow.test", "198.18.0.21")
    lab.mx("later.test", "198.18.0.22")
    lab.mx("walk.test", HOST)
    slow = lab.serve("198.18.0.21", smtp(greeting=STALL))
    later = lab.serve("198.18.0.22", smtp(RCPT="450 4.2.0 later"))
    server = lab.serve(HOST, smtp())
    many = [f"{name}{number}@{domain}.test" for number in range(5) for name in "ab" for domain in ("slow", "walk", "later")]
    give_many(lab, spool, *["first@slow.test"] * 4, *many)
    if how == "is left":  # so that who goes on is still at it
        lab.mx("slower.test", "198.18.0.23")
        other = lab.serve("198.18.0.23", smtp(EHLO=STALL))
        give_many(lab, spool, "last@slower.test")
    env = lab.environment(virtual("+0 x30"))
    lab.take_log()
    # So that it takes four messages at a time.
    words = lab.command(["-O", f"spool={spool}", *PATIENT, "-q"], under=["prlimit", "--nofile=112:112"])
    with subprocess.Popen(words, env=env) as run:
        wait_for(lambda: len(server.mail) == 10 and sum(line.startswith("RCPT") for line in later.commands) == 10)
        assert run.poll() is None and len(slow.peers) == 1
        if how == "ends":
            slow.stop()
        else:
            wait_for(lambda: other.peers)
            lab.kill(min(lab.processes(), key=int), "TERM")
        assert run.wait(20) == 0
    lab.assert_nothing_left()
    log = lab.take_log()
    assert [line for line in log if "1 next hops take their time: the rest of the queue goes on beside them" in line]
    assert len(server.mail) == 10 and len(entries(spool)) == 24 + (how == "is left")
    assert sum(line.startswith("RCPT") for line in later.commands) == 10, "twice in one run"
    tried = [line for line in log if "slow.test>" in line and "status=deferred" in line]
    assert len(tried) == (14 if how == "ends" else 4), tried


def test_who_goes_on_beside_a_slow_host_dies(lab, spool):
    """J-09: the log says so, and the run sees to what was left of the rest."""
    lab.mx("slow.test", "198.18.0.21")
    lab.mx("slower.test", "198.18.0.22")
    slow = lab.serve("198.18.0.21", smtp(greeting=STALL))
    other = lab.serve("198.18.0.22", smtp(EHLO=STALL))
    give_many(lab, spool, *["first@slow.test"] * 4, "last@slower.test")
    env = lab.environment(virtual("+0 x30"))
    words = lab.command(["-O", f"spool={spool}", *PATIENT, "-q"], under=["prlimit", "--nofile=112:112"])
    with subprocess.Popen(words, env=env) as run:
        wait_for(lambda: other.peers)
        first, *others = sorted(lab.processes(), key=int)
        parents = {re.search(r"PPid:\s*(\d+)", (lab.proc / pid / "status").read_text())[1] for pid in others}
        (beside,) = parents - {first}
        lab.kill(beside, "KILL")
        wait_for(lambda: beside not in lab.processes())
        other.stop()
        slow.stop()
        assert run.wait(20) == 0
    lab.assert_nothing_left()
    log = lab.take_log()
    assert [line for line in log if "the process that went on beside slow hosts has died" in line], log
    assert [line for line in log if "last@slower.test" in line and "status=deferred" in line], log
    assert len(entries(spool)) == 5


def test_a_slow_host_when_others_had_to_wait_for_an_attempt(lab, spool):
    """J-09, G-14: after a minute mail still waited for one of the two attempts: the rest goes on once it does not."""
    lab.mx("slow.test", "198.18.0.21")
    lab.mx("slower.test", "198.18.0.22")
    lab.mx("walk.test", HOST)
    slow = lab.serve("198.18.0.21", smtp(greeting=STALL))
    lab.serve("198.18.0.22", smtp(EHLO=STALL))
    server = lab.serve(HOST, smtp())
    give_many(lab, spool, "a@slow.test", "b@slower.test", *[f"{number}@walk.test" for number in range(9)])
    env = lab.environment(virtual("+0 x30"))
    at_once = ["-Oagents=2", "-Oehlo-timeout=90s"]
    words = lab.command(["-O", f"spool={spool}", *PATIENT, *at_once, "-q"], under=["prlimit", "--nofile=112:112"])
    with subprocess.Popen(words, env=env) as run:
        wait_for(lambda: len(server.mail) == 9)
        assert run.poll() is None and len(slow.peers) == 1
        slow.stop()
        assert run.wait(20) == 0
    lab.assert_nothing_left()
    assert len(server.mail) == 9 and len(entries(spool)) == 2


# ---------------------------------------------------------------- one at a time
def test_runs_do_not_pile_up(lab, spool):
    """G-15, G-12: while one is at it another run for a timer has nothing to do; one by hand goes on beside."""
    server = greylisting(lab, 0)
    timed_spool(spool)
    give(lab, spool, "-odq", "alice@walk.test")
    with open(spool / "runner", "rb") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        done = lab.run(["-O", f"spool={spool}", "--due"])
        assert (done.status, done.out, done.err) == (0, "", "") and not server.peers
        assert lab.run(["-O", f"spool={spool}", "-q"]).status == 0
        wait_for(lambda: len(server.mail) == 1)
    assert entries(spool) == []


def test_who_is_woken_while_a_run_ends(lab, spool):
    """G-15, A-31: a run for a timer sees to what was left to it while it was at something else."""
    lab.mx("walk.test", HOST)
    lab.mx("late.test", HOST)
    waiting, go_on = threading.Event(), threading.Event()

    def slow(_peer, _line):
        waiting.set()
        go_on.wait(20)
        return "250 2.0.0 taken"

    server = lab.serve(HOST, smtp(DOT=slow))
    timed_spool(spool)
    give(lab, spool, "-odq", "alice@walk.test")
    with subprocess.Popen(command(lab, spool, "--due"), env=lab.environment({})) as process:
        assert waiting.wait(20)
        give(lab, spool, "-odb", "bob@late.test")
        go_on.set()
        assert process.wait(20) == 0
    assert entries(spool) == []
    wait_for(lambda: len(server.mail) == 2)
    lab.assert_nothing_left()


def test_a_fork_storm(lab, spool):
    """A-31, G-15: many at once, one runner, and each message once."""
    server = greylisting(lab, 0)
    senders = []
    for n in range(20):
        sender = subprocess.Popen(
            command(lab, spool, "-odb", f"u{n}@walk.test"), stdin=subprocess.PIPE, env=lab.environment({})
        )
        sender.stdin.write(MESSAGE.encode())
        senders.append(sender)
    for sender in senders:
        sender.stdin.close()
    assert [sender.wait(60) for sender in senders] == [0] * 20
    wait_for(lambda: not entries(spool))
    wait_for(lambda: not lab.processes())
    got = sorted(line for _, recipients, _ in server.mail for line in recipients)
    assert got == sorted(f"RCPT TO:<u{n}@walk.test>" for n in range(20))
    assert (spool / "runner").read_text() == "b"


def test_what_is_new_does_not_wait_for_what_is_slow(lab, spool):
    """A-31: a host that says nothing holds up its own mail only."""
    lab.mx("slow.test", "198.18.0.21")
    stuck = lab.serve("198.18.0.21", smtp(MAIL=STALL))
    server = greylisting(lab, 0)
    give(lab, spool, "-odb", "alice@slow.test")
    wait_for(lambda: stuck.commands[-1:] and stuck.commands[-1].startswith("MAIL"))
    give(lab, spool, "-odb", "alice@walk.test")
    wait_for(lambda: server.mail and len(entries(spool)) == 1)
    assert not stuck.mail


# ---------------------------------------------------------------- in the background
def test_a_runner_stays(lab, spool):
    """G-15, K-02: it holds nothing of who started it, says so in the log, and TERM ends it in order."""
    server = greylisting(lab)
    lab.take_log()
    read, write = os.pipe()
    with subprocess.Popen(
        command(lab, spool, "alice@walk.test"),
        stdin=subprocess.PIPE,
        stdout=write,
        stderr=write,
        pass_fds=[write],
        env=lab.environment({}),
    ) as sender:
        os.close(write)
        sender.communicate(MESSAGE.encode(), timeout=20)
        assert sender.returncode == 0
    assert os.read(read, 100) == b"", "somebody has the pipe open"
    os.close(read)
    pid = the_runner(lab)
    assert os.readlink(lab.proc / pid / "cwd") == "/"
    assert (lab.proc / pid / "stat").read_text().split()[5] == pid, "it is in the session of another"
    wait_for(lambda: any("run in the background until it is empty" in line for line in lab.log))
    lab.kill(pid, "HUP")
    assert the_runner(lab) == pid
    lab.kill(pid, "TERM")
    wait_for(lambda: not lab.processes())
    assert any("ends before its time" in line for line in lab.take_log())
    assert len(entries(spool)) == 1 and not server.mail


def test_the_log_names_the_spool(lab, spool):
    """Which queue it is that somebody stays for, where nobody has named one."""
    greylisting(lab)
    usual = lab.path("/var/spool/hantar")
    try:
        give(lab, "default", "alice@walk.test")
        wait_for(lambda: "the queue of /var/spool/hantar: " in "\n".join(lab.take_log()))
        assert len(entries(usual)) == 1 and not spool.exists()
    finally:  # it is the whole lab's
        lab.kill(the_runner(lab), "KILL")
        wait_for(lambda: not lab.processes())
        shutil.rmtree(usual)


def test_one_that_was_killed_is_replaced(lab, spool):
    """G-15: its lock is gone with it, and nobody relies on it because it was here a moment ago."""
    greylisting(lab, 3)
    give(lab, spool, "alice@walk.test")
    first = the_runner(lab)
    lab.kill(first, "KILL")
    wait_for(lambda: not lab.processes())
    give(lab, spool, "bob@walk.test")
    second = the_runner(lab)
    assert second != first
    give(lab, spool, "carol@walk.test")
    assert the_runner(lab) == second and len(entries(spool)) == 3


def test_who_finds_mail_that_waits_for_nobody(lab, spool):
    """G-15: after a reboot, say: the next message, delivered at once, finds what is left, and somebody for it."""
    server = greylisting(lab, 0)
    give(lab, spool, "-odq", "alice@walk.test")
    assert not lab.processes()
    give(lab, spool, "bob@walk.test")
    wait_for(lambda: not lab.processes())
    wait_for(lambda: len(server.mail) == 2)
    assert entries(spool) == []


def test_what_is_held_keeps_nobody(lab, spool):
    """G-17: no runner stays for what nobody releases."""
    greylisting(lab, 0)
    give(lab, spool, "-odq", "alice@walk.test")
    (entry,) = entries(spool)
    assert lab.run(["-O", f"spool={spool}", "--hold", entry]).status == 0
    give(lab, spool, "bob@walk.test")
    give(lab, spool, "-odb", "carol@walk.test")
    wait_for(lambda: not lab.processes())
    assert entries(spool) == [entry]


def test_who_sends_does_not_look_at_all_that_is_held(lab, spool):
    """G-17: where much is held the runner finds out that it has nothing to do, and not who gives a message."""
    greylisting(lab, 0)
    give(lab, spool, "-odq", "alice@walk.test")
    (entry,) = entries(spool)
    assert lab.run(["-O", f"spool={spool}", "--hold", entry]).status == 0
    for number in range(1000):
        for kind in ("msg", "env"):
            shutil.copy2(spool / f"{entry}.{kind}", spool / f"{entry[:-4]}Z{number:03}.{kind}")
    count = len(entries(spool))
    calls = ["strace", "-e", "trace=openat", "-o", spool.parent / "calls"]
    with subprocess.Popen(lab.command(["-O", f"spool={spool}", "bob@walk.test"], under=calls), stdin=subprocess.PIPE) as run:
        run.communicate(MESSAGE.encode(), 20)
    assert (spool.parent / "calls").read_text().count("openat(") < 600
    wait_for(lambda: not lab.processes())
    assert len(entries(spool)) == count


def test_no_runner_can_be_started(lab, spool, tmp_path):
    """A-50: the message is kept, and who gave it is told that nobody will send it, in a line."""
    tmp_path.chmod(0o711)
    spool.mkdir()
    os.chown(spool, 4711, 65534)
    spool.chmod(0o700)
    done = lab.run(
        ["-O", f"spool={spool}", "-odb", "alice@walk.test"], MESSAGE, user="4711", under=["prlimit", "--nproc=1"]
    )
    assert done.status == 0 and len(entries(spool)) == 1
    assert re.fullmatch(r"hantar: \w+: nothing runs the queue: cannot start a process: .*\n", done.err), done.err


def test_a_container_that_stays(lab, spool):
    """G-12, A-31: -q15m is woken, and each message goes at once."""
    server = greylisting(lab, 0)
    with subprocess.Popen(command(lab, spool, "-q15m"), env=lab.environment({})) as process:
        wait_for(lambda: (spool / "runner").exists() and (spool / "runner").read_text() == "r")
        for n in range(3):
            give(lab, spool, "-odb", f"u{n}@walk.test")
            wait_for(lambda n=n: len(server.mail) == n + 1)
        lab.kill(min(lab.processes(), key=int), "TERM")
        assert process.wait(10) == 0
    assert entries(spool) == []


# ---------------------------------------------------------------- for all users
def test_an_ordinary_user_only_asks(system):
    """A-31, G-12: his -q wakes who runs the queue, and he never has the turn."""
    assert system.run("-odq", "a@walk.test").status == 0
    before = (system.spool / "wake").stat().st_mtime_ns if (system.spool / "wake").exists() else 0
    for args in ["-q"], ["--due"], ["-qRa@"], ["-q5m"]:
        time.sleep(0.01)  # more than the grain of a file's time
        done = system.run(*args)
        assert (done.status, done.out, done.err) == (0, "", "")
        now = (system.spool / "wake").stat().st_mtime_ns
        assert now > before, args
        before = now
    assert len(entries(system.spool)) == 1 and not system.server.peers


def test_an_ordinary_user_is_told(system):
    """A-50: of his mail, that nothing runs the queue; not if somebody does."""
    done = system.run("a@walk.test")
    assert (done.status, done.err) == (0, "")
    long_ago = time.time() - 31 * 60
    os.utime(system.spool / "stamp", (long_ago, long_ago))
    done = system.run("a@walk.test")
    assert done.status == 0 and "hantar.timer" in done.err and done.err.count("\n") == 1
    assert any("nothing runs the queue" in line for line in done.log)
    assert not system.lab.processes() and len(entries(system.spool)) == 2


# ---------------------------------------------------------------- time
def test_greylisting_with_a_timer(lab, spool):
    """G-09, G-12: deferred, and delivered by a run that comes each minute, at the first that is due."""
    server = greylisting(lab)
    timed_spool(spool)
    give(lab, spool, "alice@walk.test")
    tried = []
    for minute in range(1, 9):
        assert lab.run(["-O", f"spool={spool}", "--due"], env=at(60 * minute)).status == 0
        tried.append(len(server.peers) - 1)
    assert tried[:3] == [0, 0, 0] and tried[6:] == [1, 1], tried
    assert entries(spool) == [] and len(server.peers) == 2


def test_greylisting_without_a_timer(lab, spool):
    """G-09, G-15: deferred, and delivered by who stays for that, and then goes."""
    server = greylisting(lab)
    lab.take_log()
    give(lab, spool, "alice@walk.test", env=virtual("+0 x60"))
    assert lab.processes() and not server.mail
    wait_for(lambda: server.mail)
    wait_for(lambda: not lab.processes())
    assert entries(spool) == [] and len(server.peers) == 2
    log = "\n".join(lab.take_log())
    assert "run in the background until it is empty" in log and "nothing is left to be sent" in log


def next_time(lab, spool, now):
    """When the only entry is tried again, in seconds from the start of the test."""
    line = lab.run(["-O", f"spool={spool}", "--queue-status", "--json"], env=at(now)).out
    return now + json.loads(line)["next"] + 1


def test_a_week_without_network(lab, spool):
    """G-09, G-10, G-22, G-30: tried on schedule, a warning after 4 h, a report after 5 days, and nothing else."""
    timed_spool(spool)
    lab.mx("walk.test", HOST)  # where nobody listens
    lab.mx("home.test", "198.18.0.21")
    home = lab.serve("198.18.0.21", smtp())
    give(lab, spool, "-f", "me@home.test", "alice@walk.test", env=at(0))
    (entry,) = entries(spool)
    now, tries = 0, [0]
    while (spool / f"{entry}.env").exists():
        due = next_time(lab, spool, now)
        for when in due - 10, due:
            assert lab.run(["-O", f"spool={spool}", "--due"], env=at(when)).status == 0
            if when < due:
                assert next_time(lab, spool, when) in (due - 1, due, due + 1), "not before it is due"
        now = due
        tries.append(now)
    waits = [later - sooner for sooner, later in zip(tries, tries[1:])]
    for wait, usual in zip(waits, [300, 900, 1800, 3600, 7200]):
        assert 0.75 * usual <= wait <= 1.25 * usual + 2, waits
    assert all(0.75 * 4 * HOURS <= wait <= 1.25 * 4 * HOURS for wait in waits[5:-1]), waits
    assert 30 <= len(waits) <= 48
    assert abs(tries[-1] - 5 * DAYS) < 60, "the last one is when the time is up"
    assert lab.run(["-O", f"spool={spool}", "--due"], env=at(7 * DAYS)).status == 0
    reports = [email.message_from_bytes(content) for _, _, content in home.mail]
    assert [report.get_payload(1).get_payload(1)["Action"] for report in reports] == ["delayed", "failed"]
    assert reports[1].get_payload(1).get_payload(1)["Final-Recipient"].endswith("alice@walk.test")
    assert entries(spool) == []
