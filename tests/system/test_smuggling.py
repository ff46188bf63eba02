# SPDX-License-Identifier: ISC
"""SMTP smuggling (CVE-2023-51764, -51765, -51766): what looks like an end of data is text, for every judge.

Each message bears a whole second transaction behind each sequence that some server was known to
take for the end, also across the boundaries of the blocks in which hantar reads and writes.
"""

import re

import pytest

from judges import JUDGES, expected, wait_for
from lab import smtp

# What servers have taken for CRLF . CRLF, or clients have made into it.
ENDS = {
    "LF.LF": b"\n.\n",
    "LF.CRLF": b"\n.\r\n",
    "CR.CR": b"\r.\r",
    "CRLF.CR": b"\r\n.\r",
    "CR.CRLF": b"\r.\r\n",
    "CRLF.LF": b"\r\n.\n",
    "CR.LF": b"\r.\n",
    "LF.CR": b"\n.\r",
    "CRLF.CRLF": b"\r\n.\r\n",
    "CRCRLF.CRLF": b"\r\r\n.\r\n",
    "LF.CRCRLF": b"\n.\r\r\n",
    "CRLF NUL.CRLF": b"\r\n\0.\r\n",
    "CRLF. NUL CRLF": b"\r\n.\0\r\n",
    "CR NUL LF.CRLF": b"\r\0\n.\r\n",
    "CRLF.CR NUL LF": b"\r\n.\r\0\n",
    "NUL LF.NUL LF": b"\0\n.\0\n",
    "CR NUL.CR NUL": b"\r\0.\r\0",
}
HEAD = (
    b"Date: Tue, 24 Nov 2026 10:00:00 +0000\r\nFrom: me@here.test\r\nMessage-ID: <1@here.test>\r\n"
    b"Subject: one message\r\n\r\n"
)
STEP = 64 * 1024  # half of what hantar reads at once


def evil(domain):
    """A second transaction, which a server would find if it took the message to be over."""
    return (
        f"MAIL FROM:<evil@here.test>\r\nRCPT TO:<bob@{domain}>\r\nDATA\r\n"
        "Subject: smuggled\r\n\r\nsmuggled\r\n.\r\nQUIT\r\n"
    ).encode()


def padding(size):
    """Lines of text, all of them so many bytes."""
    line = b"x" * 62 + b"\r\n"
    return line * (size // 64) + b"y" * (size % 64)


def message(shift, domain, written=None):
    """All sequences, each across a multiple of STEP, moved by a few bytes.

    The multiples are of what is read, or of what is written if the size of what hantar puts on
    top is given.
    """
    text = HEAD
    for number, end in enumerate(ENDS.values(), 1):
        at = len(text) if written is None else written + len(expected(text).replace(b"\n", b"\r\n"))
        text += padding(number * STEP + shift - at) + end + evil(domain)
    return text


def received(text):
    """The field that hantar puts on top, with its line end."""
    return re.search(rb"Received: by (?:[^\r\n]|\r?\n[ \t])*\r?\n", text)[0]


def send(lab, domain, text, *options):
    """Sends a message for alice; it is taken, once, and the scripted server has heard all of it."""
    done = lab.run([*options, "-f", "me@here.test", f"alice@{domain}"], text)
    assert (done.status, done.err) == (0, "")
    assert len([line for line in done.log if "status=sent" in line]) == 1
    peers = [peer for server in lab.servers for peer in server.peers]
    wait_for("the server's end", lambda: all(peer.sock.fileno() < 0 for peer in peers))


@pytest.mark.parametrize("aligned", ["read", "written"])
def test_what_is_sent(lab, aligned):
    """D-42, D-43, D-44, B-01, B-03, B-04: every byte of the session, with blocks that end anywhere in a sequence."""
    lab.mx("raw.test", "198.18.0.20")
    server = lab.serve("198.18.0.20")
    send(lab, "raw.test", HEAD)
    top = len(received(server.mail[0][2]))
    for shift in range(-3, 4):
        text = message(shift, "raw.test", top if aligned == "written" else None)
        send(lab, "raw.test", text, "-i")
        session = bytes(server.peers[-1].received)
        assert re.search(rb"\r(?!\n)|(?<!\r)\n|\0", session) is None
        commands, _, content = session.partition(b"DATA\r\n")
        content, *after = content.split(b"\r\n.\r\n")
        assert after == [b"QUIT\r\n"]
        assert len(commands.splitlines()) == 3  # EHLO, MAIL, RCPT
        assert len(received(content)) == top
        assert content[top:] + b"\r\n" == re.sub(rb"(?m)^\.", b"..", expected(text)).replace(b"\n", b"\r\n")
    assert len(server.peers) == len(server.mail) == 8


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_without_i(lab, end):
    """A-13, D-44: where a lone dot ends the message, it ends it; what is behind it is nothing, not a transaction."""
    lab.mx("raw.test", "198.18.0.20")
    server = lab.serve("198.18.0.20", smtp())
    send(lab, "raw.test", HEAD + b"text" + end + evil("raw.test"))
    ((sender, recipients, content),) = server.mail
    assert sender.startswith("MAIL FROM:<me@here.test>") and len(recipients) == 1
    assert [line.split(" ")[0] for line in server.commands] == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]
    assert content.partition(b"\r\n\r\n")[2].startswith(b"text\r\n")
    assert b"QUIT" not in content  # it is behind evil's own lone dot


@pytest.fixture(scope="module", params=JUDGES.values(), ids=JUDGES)
def judge(request, the_lab):
    found = request.param(the_lab)
    yield found
    found.stop()


def test_one_message_arrives(lab, judge):
    """D-44, D-42, D-43, B-01, B-03, B-04: at Postfix, Exim, OpenSMTPD and aiosmtpd, to the byte."""
    sent, top = [], None
    for shift in (1, -3, -2, -1, 0, 2, 3):
        text = message(shift, judge.domain, None if shift % 2 else top)
        send(lab, judge.domain, text, "-i")
        sent.append(expected(text))
        top = top or len(received(judge.messages(1)[0]).replace(b"\n", b"\r\n"))
    arrived = [text[text.index(HEAD[:15]) :] for text in judge.messages(len(sent))]
    assert len(arrived) == len(sent)
    assert sorted(arrived) == sorted(sent)
