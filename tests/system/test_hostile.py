# SPDX-License-Identifier: ISC
"""Servers that mean no good: each costs a bounded time and memory, and the next host gets the message."""

import itertools
import threading
import time

import pytest

from lab import DROP, RESET, STALL, smtp

MESSAGE = "Subject: hi\n\nhello\n"
QUICK = ["-O", "greeting-timeout=1", "-O", "ehlo-timeout=1", "-O", "mail-timeout=1", "-O", "block-timeout=1"]
BOUNDED = ["prlimit", "--data=80000000"]  # far less than what these servers would send


def endless_lines(peer, _line):
    for _ in itertools.count():
        peer.send(b"220-and another line\r\n" * 100)


def endless_line(peer, _line):
    peer.send(b"220 ")
    for _ in itertools.count():
        peer.send(b"x" * 4096)


def drip(peer, _line):
    for letter in itertools.cycle(b"220-drop by drop\r\n"):
        peer.send(bytes([letter]))
        time.sleep(0.05)


def raw(data):
    def send(peer, _line):
        peer.send(data)
        peer.stall()

    return send


GREETINGS = {
    "endless lines": endless_lines,
    "endless line": endless_line,
    "drop by drop": drip,
    "another code": raw(b"220-one\r\n250 two\r\n"),
    "no code": raw(b"hello there\r\n"),
    "half a code": raw(b"22\r\n"),
    "code 999": raw(b"999 hello\r\n"),
    "intermediate": raw(b"354 go ahead\r\n"),
    "a web server": raw(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
    "nuls": raw(b"\0" * 1000 + b"\r\n"),
}


@pytest.mark.parametrize("greeting", GREETINGS.values(), ids=GREETINGS)
def test_greetings(lab, greeting):
    """D-06, D-07, D-08, D-10, D-11: a deadline is not put off by what trickles in, memory has a bound."""
    lab.mx("walk.test", "198.18.0.20", "198.18.0.3")
    lab.serve("198.18.0.20", smtp(greeting=greeting))
    done = lab.run([*QUICK, "alice@walk.test"], MESSAGE, under=() if lab.sanitized else BOUNDED)
    assert (done.status, done.err) == (0, "") and done.seconds < 3
    assert lab.mail("alice@walk.test")[0].body == b"hello\n"


def test_greetings_that_are_odd_but_right(lab):
    """D-06, D-07, D-09: bare line feeds, no text, an unknown code of a known class, many lines."""
    lab.mx("odd.test", "198.18.0.20")
    for greeting in (b"220 bare\n", b"220\r\n", b"220-\r\n220 \r\n", b"259 hello\r\n", b"220-x\r\n" * 150 + b"220 x\r\n"):
        server = lab.serve("198.18.0.20", smtp(greeting=lambda peer, _, text=greeting: peer.send(text) or None))
        assert lab.run([*QUICK, "a@odd.test"], MESSAGE).status == 0, greeting
        assert len(server.mail) == 1
        server.stop()


def test_a_long_reply_is_shortened(lab):
    """D-08: what a server says of a recipient goes to the caller and the log in one line of bounded length."""
    lab.mx("long.test", "198.18.0.20")
    lab.serve("198.18.0.20", smtp(RCPT="550 5.1.1 " + "\n5.1.1 ".join(["no such user " * 30] * 100)))
    done = lab.run(["a@long.test"], MESSAGE)
    assert done.status == 67
    (line,) = done.err.splitlines()
    assert len(line) < 4096 and "no such user" in line


def test_a_server_that_stops_reading(lab):
    """D-10: block-timeout, in the middle of the message; and that is no doubt, so the next host gets it."""
    lab.mx("walk.test", "198.18.0.20", "198.18.0.3")

    def data(peer, _line):
        peer.say("354 go ahead")
        time.sleep(3)
        peer.drop()

    lab.serve("198.18.0.20", smtp(DATA=data))
    done = lab.run([*QUICK, "alice@walk.test"], "Subject: x\n\n" + "0123456789\n" * 1_000_000)
    assert done.status == 0 and done.seconds < 10
    assert len(lab.mail("alice@walk.test")[0].body) == 11_000_000


def test_an_early_reply(lab):
    """D-45: a refusal in the middle of the message ends the sending, and is used."""
    lab.mx("early.test", "198.18.0.20")

    def data(peer, _line):
        peer.say("354 go ahead")
        peer.fill()
        peer.say("552 5.3.4 that is too much")
        peer.drop()

    lab.serve("198.18.0.20", smtp(DATA=data))
    done = lab.run([*QUICK, "a@early.test"], "Subject: x\n\n" + "0123456789\n" * 1_000_000)
    assert done.status in (65, 69, 75) and "a@early.test" in done.err


def test_many_domains(lab):
    """Agents are many, but not without bound: 120 domains, at most 50 agents; a connection may end a little after its agent."""
    now, most, lock = 0, 0, threading.Lock()

    def greeting(peer, _line):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.3)
        return "220 hello"

    def bye(_peer, _line):
        nonlocal now
        with lock:
            now -= 1
        return "221 bye"

    domains = [f"many{number}.test" for number in range(120)]
    lab.zone("\n".join(f"{domain}. MX 10 mx.many.test." for domain in domains) + "\nmx.many.test. A 198.18.0.20")
    server = lab.serve("198.18.0.20", smtp(greeting=greeting, QUIT=bye))
    done = lab.run(["-O", "agents=50", *(f"a@{domain}" for domain in domains)], MESSAGE)
    assert (done.status, done.err) == (0, "")
    assert len(server.mail) == 120 and 25 < most <= 75
    assert done.seconds < 5


# What a server does in place of a reply, and whether the connection is then of no use any more.
SAMPLE = {
    "FIN": DROP,
    "RST": RESET,
    "silence": STALL,
    "421": "421 4.3.2 going down",
    "450": "450 4.2.0 later",
    "garbage": raw(b"what?\r\n"),
    "no code": raw(b"2x0 ok\r\n"),
    "another code": raw(b"250-one\r\n550 two\r\n"),
    "lines without end": endless_lines,
    "NULs": raw(b"\0" * 1000 + b"\r\n"),
}
SHORT = [*QUICK, *itertools.chain.from_iterable(("-O", f"{step}-timeout=1") for step in ("rcpt", "data", "dot", "quit"))]


@pytest.mark.parametrize("step", ["greeting", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("behaviour", SAMPLE.values(), ids=SAMPLE)
def test_sample_of_the_matrix(lab, step, behaviour):
    """D-38, D-39, J-10: as tests/talk/matrix.c has it, with real processes: the next host takes it, and nothing is left."""
    lab.mx("walk.test", "198.18.0.20", "198.18.0.21")
    lab.serve("198.18.0.20", smtp(**{step: behaviour}))
    second = lab.serve("198.18.0.21")
    done = lab.run([*SHORT, "a@walk.test"], MESSAGE, under=() if lab.sanitized else BOUNDED)
    assert (done.status, done.err) == (0, "") and done.seconds < 5
    assert len(second.mail) == 1


@pytest.mark.parametrize("behaviour", ["FIN", "RST", "silence", "garbage", "NULs"])
def test_doubt_behind_the_dot(lab, behaviour):
    """D-37: no other host is tried, the caller hears of it, and nothing is left."""
    lab.mx("walk.test", "198.18.0.20", "198.18.0.21")
    lab.serve("198.18.0.20", smtp(DOT=SAMPLE[behaviour]))
    second = lab.serve("198.18.0.21")
    done = lab.run([*SHORT, "a@walk.test"], MESSAGE)
    assert done.status == 75 and "a@walk.test" in done.err and done.seconds < 5
    assert not second.peers


def test_greylisting(lab):
    """D-55: who is deferred comes again with the same sender, recipients and hosts, in the same order."""
    seen = set()

    def grey(peer, line):
        triple = peer.sender, line
        if triple in seen:
            return "250 2.1.5 welcome back"
        seen.add(triple)
        return "451 4.7.1 greylisted, come again"

    lab.mx("walk.test", "198.18.0.20", "198.18.0.21")
    first, second = (lab.serve(f"198.18.0.{number}", smtp(RCPT=grey)) for number in (20, 21))
    recipients = ["b@walk.test", "a@walk.test"]
    grey_for_both = lab.run(["-f", "s@from.test", "b@walk.test"], MESSAGE)
    assert grey_for_both.status == 0, "the second host knows the triple"
    assert len(second.mail) == 1 and not first.mail
    seen.clear()
    second.stop()
    for server in (first, second):
        server.commands.clear()
    before = lab.run(["-f", "s@from.test", *recipients], MESSAGE)
    asked = list(first.commands)
    assert before.status == 75 and not first.mail
    first.commands.clear()
    after = lab.run(["-f", "s@from.test", *recipients], MESSAGE)
    assert (after.status, after.err) == (0, "")
    said = [line for line in first.commands if line.startswith(("MAIL", "RCPT"))]
    assert said == [line for line in asked if line.startswith(("MAIL", "RCPT"))]
    assert [line for line in said if line.startswith("RCPT")] == [f"RCPT TO:<{name}>" for name in recipients]


def test_fields_that_stand_twice(lab):
    """B-43: they are sent as they are, and the log warns; strict-input refuses them."""
    lab.mx("walk.test", "198.18.0.20")
    server = lab.serve("198.18.0.20")
    fields = "From: a@b.test\nFrom: c@d.test\nDate: Mon, 1 Jan 2024 00:00:00 +0000\ndate: then\nSubject: 1\nsubject: 2\n"
    done = lab.run(["a@walk.test"], fields + "To: x@y.test\nComments: 1\nComments: 2\n\nhi\n")
    assert (done.status, done.err) == (0, "")
    assert fields.replace("\n", "\r\n").encode() in server.mail[0][2]
    warned = [line.rsplit(": ", 1)[1] for line in done.log if "warning" in line]
    assert warned == [f"more than one {name} field" for name in ("From", "Date", "Subject")]
    done = lab.run(["-O", "strict-input=yes", "a@walk.test"], fields + "\nhi\n")
    assert done.status == 65 and "more than one From field" in done.err
