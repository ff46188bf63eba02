# SPDX-License-Identifier: ISC
"""Callers that mean no good, or have nothing left to give.

Whatever they do: status 0 only where the message was delivered, an end within a time limit, and
no process or file left over (lab.run sees to the last two).
"""

import fcntl
import os
import random
import re
import socket
import struct
import subprocess
import termios
import time

import pytest

from judges import wait_for
from lab import EXTENSIONS, smtp

MESSAGE = "Subject: hi\n\nhello\n"
LARGE = "Subject: large\n\n" + "0123456789\n" * 4000
LONG = 131_000  # an argument cannot be longer than 128 KiB


def shell(text):
    return ["sh", "-c", f'{text}; exec "$@"', "sh"]


@pytest.fixture(name="sink")
def sink_of_lab(lab):
    lab.mx("c.test", "198.18.0.20")
    return lab.serve("198.18.0.20")


@pytest.fixture(name="call")
def caller(lab, sink):
    """Runs hantar, under a limit of time; a status of 0 has to be true."""

    def call(args=("a@c.test",), text=MESSAGE, whole=b"hello\r\n", **run):
        sink.mail.clear()
        done = lab.run(["-i", *args], text, **{"timeout": 20 if lab.sanitized else 5, **run})
        wait_for("the server's end", lambda: all(peer.sock.fileno() < 0 for peer in sink.peers))
        assert done.status != 0 or sink.mail and all(content.endswith(whole) for _, _, content in sink.mail), done
        return done

    return call


def refused(done, statuses, said=""):
    """One line says why."""
    assert done.status in statuses, done
    assert len(done.err.splitlines()) == 1 and said in done.err and len(done.err) < 5000, done.err[:5000]


# ---------------------------------------------------------------- absurd arguments
def test_many_options(call):
    """A-01, A-15: 100,000 of them, with and without values."""
    for args in (["-i"] * 100_000, ["-oi"] * 100_000, ["-f", "x"] * 50_000, ["-" + "i" * 100_000]):
        done = call([*args, "-f", "me@here.test", "a@c.test"])
        assert (done.status, done.err) == (0, "")


def in_bulk(peer):
    """A server that answers each flight at once: one line by line would be most of the time here."""
    peer.say("220 bulk.test")
    peer.line()
    peer.say("250 bulk.test\nPIPELINING")
    while True:
        flight = peer.until(b"DATA\r\n")
        peer.send(b"250 ok\r\n" * (flight.count(b"\r\n") - 1) + b"354 go ahead\r\n")
        peer.until(b"\r\n.\r\n")
        peer.say("250 taken")


def test_many_recipients(lab):
    """A-42, A-44: 90,000 operands, about all that an argument list holds; the server hears of each once."""
    lab.mx("bulk.test", "198.18.0.21")
    server = lab.serve("198.18.0.21", in_bulk)
    count = 9_000 if lab.sanitized else 90_000
    done = lab.run(["-O", "log=/dev/null", *(f"{number:x}@bulk.test" for number in range(count))], MESSAGE)
    assert (done.status, done.err) == (0, "")
    told = [path for peer in server.peers for path in re.findall(rb"\r\nRCPT TO:(<.*?>)", bytes(peer.received))]
    assert len(told) == len(set(told)) == count


def test_many_recipients_in_the_header(call, sink):
    """A-44, J-08: 100,000 of -t; the same one so often is one; more than max-recipients is none at all."""
    options = ["-t", "-O", "max-header=8M", "-O", "log=/dev/null"]
    done = call(options, "To: " + ",\n ".join(["a@c.test"] * 100_000) + "\n\nhello\n")
    assert done.status == 0 and len(sink.mail[0][1]) == 1
    done = call(options, "To: " + ",\n ".join(f"{number:x}@c.test" for number in range(100_001)) + "\n\nhello\n")
    refused(done, [64], "max-recipients")
    assert not sink.mail
    done = call(["-t"], "To: " + ",\n ".join(f"{number:x}@c.test" for number in range(100_000)) + "\n\nhello\n")
    refused(done, [65], "max-header")


@pytest.mark.parametrize("option", ["-F", "-f", "-L", "-C", "-O", "-V", "-b", "-o", "-e", "-q", "-Z", "--", ""])
def test_long_arguments(call, option):
    """A-02, A-17, A-43: one argument as long as the system lets it be; errors quote a part of it."""
    done = call([option + "x" * LONG, "a@c.test"])
    assert done.status in (0, 64, 65, 67, 78) and len(done.err) < 10_000
    done = call([option + "<" * (LONG // 2) + "@" * (LONG // 2), "a@c.test"])
    assert done.status in (0, 64, 65, 67, 78) and len(done.err) < 10_000


def test_a_long_environment(call):
    """A-53: all that the system passes on."""
    env = {name: "y" * LONG for name in ("NAME", "TZ", "LOGNAME", "USER", "LANG", "RES_OPTIONS", "HOSTALIASES")}
    assert call(env=env).status == 0
    assert call(env={f"X{number}": "z" for number in range(50_000)}).status == 0


@pytest.mark.parametrize("field", ["To", "From", "Message-ID", "X" * 70, "X" * 1_000_000], ids=range(5))
def test_long_fields(call, field):
    """B-05, B-10, J-01: a megabyte in one line of the header."""
    for value in ("x" * 900_000, "(" * 900_000, "a@c.test, " * 90_000, '"' + "\\x" * 450_000 + '"@c.test'):
        done = call(["-t", "-O", "max-header=4M", "b@c.test"], f"{field}: {value}\n\nhello\n")
        assert done.status in (0, 65, 67, 69) and len(done.err) < 10_000


# ---------------------------------------------------------------- limits
@pytest.mark.parametrize(
    "limit, steps",
    {
        "nofile": range(3, 17),
        "fsize": [0, 1, 100, 4096],
        "as": range(1_000_000, 25_000_000, 1_500_000),
        "data": [100_000, 400_000, 1_000_000, 2_000_000],
        "stack": [16_384, 65_536, 1_000_000],
        "cpu": [1],
        "core": [0],
        "memlock": [0],
        "sigpending": [0],
        "locks": [0],
    }.items(),
)
def test_limits(lab, call, limit, steps):
    """A-48, A-51, J-01: each limit of the system, from nothing to nearly enough."""
    for step in steps:
        # A sanitizer's memory is not the program's.
        under = [] if lab.sanitized and limit in ("as", "data", "stack") else ["prlimit", f"--{limit}={step}:{step}"]
        # Nor has it descriptors for its search for leaks.
        env = {"ASAN_OPTIONS": "detect_leaks=0"} if limit == "nofile" else None
        done = call(text=LARGE, whole=b"0123456789\r\n", under=under, env=env)
        assert done.status <= 0 or done.err, done  # by the kernel's signal, or with a word
    assert call().status == 0


def test_no_more_processes(call, sink):
    """A-48, D-54: no agent, one agent, two."""
    for count in range(4):
        call(user="nobody", under=["prlimit", f"--nproc={count}"], env={"ASAN_OPTIONS": "detect_leaks=0"})
    assert not sink.errors


# ---------------------------------------------------------------- descriptors
@pytest.mark.parametrize("closed", range(8))
def test_closed_descriptors(call, closed):
    """A-51: every choice of standard input, output and error closed; what is closed is not taken for something else."""
    words = [word for bit, word in enumerate(["<&-", ">&-", "2>&-"]) if closed & 1 << bit]
    done = call(["-v", "-O", "log=stderr", "a@c.test"], under=shell("exec " + " ".join(words) if words else ":"))
    assert done.status == (66 if closed & 1 else 0)
    assert not (closed & 2 and done.out) and not (closed & 4 and done.err)


def test_an_input_that_is_none(call, sink):
    """A-47, B-44: a descriptor that is not open for reading."""
    refused(call(under=shell("exec 0>/dev/null")), [66])
    assert not sink.mail


def unread(file):
    """How many bytes wait to be read from a pipe or socket."""
    return struct.unpack("i", fcntl.ioctl(file, termios.FIONREAD, b"0000"))[0]


def test_an_input_that_fails_in_the_middle(lab, sink):
    """B-44: half a message, and then an error: a connection that is reset."""
    with lab.server_socket(socket.AF_INET) as listener, lab.server_socket(socket.AF_INET) as ours:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        ours.connect(listener.getsockname())
        theirs, _ = listener.accept()
        process = lab.start_hantar(["a@c.test"], stdin=theirs, stderr=subprocess.PIPE)
        ours.sendall(b"Subject: half\n\nhal\n")
        wait_for("the first half is read", lambda: unread(theirs) == 0)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.close()
    _, err = process.communicate(timeout=5)
    assert process.returncode == 66 and len(err.splitlines()) == 1
    lab.assert_nothing_left()
    assert not sink.mail


@pytest.mark.parametrize(
    "endless", [b"x" * 998 + b"\n", b"x", b"\0", b"\r", b"\r\n", b".\n", b"\0\n", b"From x\n", b" fold\n", b"X: y\n", b"To: a@c.test,\n"]
)
@pytest.mark.parametrize("start", [b"", b"Subject: x\n\n"], ids=["header", "body"])
def test_an_input_without_end(lab, sink, start, endless):
    """B-44, J-01: max-message and max-header bound what is read, whatever it is made of."""
    options = ["-i", "-t", "-O", "max-message=1M", "-O", "max-header=64k"]
    process = lab.start_hantar([*options, "a@c.test"], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    block = endless * (65_536 // len(endless))
    limit = time.monotonic() + 5
    try:
        process.stdin.write(start)
        while time.monotonic() < limit:
            process.stdin.write(block)
            process.stdin.flush()
        for pid in lab.processes():
            lab.kill(pid, "KILL")
    except BrokenPipeError:
        pass
    err = process.stderr.read()
    assert process.wait(5) == 65 and len(err.splitlines()) == 1, err
    process.stderr.close()
    lab.assert_nothing_left()
    assert not sink.mail


def test_an_input_that_stalls(lab, sink):
    """B-44, A-52: on a descriptor that does not wait, too: what comes late is part of the message."""
    for blocking in (True, False):
        theirs, ours = os.pipe()
        os.set_blocking(theirs, blocking)
        process = lab.start_hantar(["a@c.test"], stdin=theirs)
        for piece in (b"Subj", b"ect: x\n\nhel", b"lo", b"\n"):
            os.write(ours, piece)
            wait_for("a piece is read", lambda: unread(theirs) == 0)
        os.close(ours)
        os.close(theirs)
        assert process.wait(5) == 0
    assert [content.endswith(b"\r\n\r\nhello\r\n") for _, _, content in sink.mail] == [True, True]


# ---------------------------------------------------------------- signals
@pytest.mark.parametrize("name", ["HUP", "INT", "TERM", "PIPE", "ALRM", "USR1"])
def test_signals_at_any_moment(lab, call, sink, name):
    """A-52: no status of 0 without delivery, and no agent that lives on, whenever a signal comes."""
    sink.stop()

    def pause(reply):
        return lambda _peer, _line: time.sleep(0.003) or reply

    replies = {verb: pause(reply) for verb, reply in {"MAIL": "250 ok", "RCPT": "250 ok", "DOT": "250 ok"}.items()}
    ehlo = "250 " + "\n".join(["scripted.test", *EXTENSIONS])
    slow = lab.serve("198.18.0.20", smtp(pause("220 hello"), EHLO=pause(ehlo), **replies))
    chance = random.Random(name)
    for _ in range(12):
        slow.mail.clear()
        under = ["timeout", "--preserve-status", "--foreground", "-s", name, f"{chance.uniform(0.001, 0.035):.4f}"]
        done = lab.run(["a@c.test"], MESSAGE, under=under, timeout=5)
        assert done.status or slow.mail, done


# ---------------------------------------------------------------- where the message waits
@pytest.mark.parametrize("folder", ["missing", "file", "fifo", "full", "readonly", "closed", "/dev", "/proc", "/sys", "relative"])
def test_temporary_folders(lab, call, sink, folder):
    """A-48, B-44: full (16 KiB), read-only, missing, none at all: no message is cut, and one line says why."""
    top = f"/run/callers-{folder.strip('/')}"
    make = {
        "missing": ":",
        "file": f"echo >{top}/x",
        "fifo": f"mkfifo {top}/x",
        "full": f"mkdir {top}/x; mount -t tmpfs -o size=16k tmpfs {top}/x",
        "readonly": f"mkdir {top}/x; mount -t tmpfs -o ro tmpfs {top}/x",
        "closed": f"mkdir -m 700 {top}/x",
    }.get(folder, ":")
    subprocess.run([*lab.client, "sh", "-ec", f"mkdir {top}; {make}"], check=True)
    path = {"relative": "x/y"}.get(folder, folder if folder[0] == "/" else f"{top}/x")
    user = "nobody" if folder == "closed" else None
    done = call(text=LARGE, whole=b"0123456789\r\n", env={"TMPDIR": path}, user=user)
    if folder not in ("/dev", "relative"):
        refused(done, [73, 74])
        assert not sink.mail
    left = subprocess.run([*lab.client, "find", top, "-mindepth", "2"], capture_output=True, check=True)
    assert left.stdout == b""
