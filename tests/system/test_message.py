# SPDX-License-Identifier: ISC
"""What was piped in is what arrives, but for what the manual says (judge: Postfix's Maildir)."""

import email.utils
import re
import time

import pytest


def arrived(lab, text, *options, address="alice@post.test"):
    done = lab.run([*options, address], text)
    assert (done.status, done.err) == (0, "")
    (mail,) = lab.mail(address)
    return mail


FULL = b"Date: Tue, 24 Nov 2026 10:00:00 +0000\nFrom: me@here.test\nMessage-ID: <1@here.test>\n"


def test_what_is_added(lab):
    """B-13, B-14, B-15, B-18, B-19: Received first, then what was missing, each once."""
    before = int(time.time())
    first, second = (arrived(lab, "Subject: x\n\nbody\n") for _ in range(2))
    assert first.head.startswith(b"Received: ")
    (received,) = first.fields("Received")
    assert re.match(r"by laptop\.home\.test \(hantar, from userid 0\)\s+id \w+;", received)
    assert "alice" not in received
    stamp = email.utils.parsedate_to_datetime(first.field("Date")).timestamp()
    assert before <= stamp <= time.time() + 1
    assert first.field("Date").endswith("+0000")
    assert "root@laptop.home.test" in first.field("From")
    assert re.fullmatch(r"<[^<>@\s]+@laptop\.home\.test>", first.field("Message-ID"))
    assert first.field("Message-ID") != second.field("Message-ID")
    assert first.field("Subject") == "x" and first.body == b"body\n"


def test_the_time_zone(lab):
    """B-13: local time with its numeric zone, in English."""
    done = lab.run(["alice@post.test"], "Subject: x\n\nbody\n", env={"TZ": "XYZ-05:30", "LC_ALL": "de_DE.UTF-8"})
    assert done.status == 0
    (mail,) = lab.mail("alice@post.test")
    assert mail.field("Date").endswith(" +0530")
    assert mail.field("Date")[:3] in "Mon Tue Wed Thu Fri Sat Sun"


def test_what_is_there_stays(lab):
    """B-11: nothing but Received is added to a complete message; the rest is the same to the byte."""
    text = FULL + b"Subject:   two  blanks \nX-Odd: a\n\tfolded\n   twice\nX-Odd: again\nSUBJECT: \n\nbody\n\n\n"
    mail = arrived(lab, text)
    assert mail.text.startswith(b"Received: ")
    assert re.sub(rb"\AReceived: .*\n([ \t].*\n)*", b"", mail.text) == text


def test_sender(lab):
    """B-16: Sender is added where From has several authors, and not because of -f."""
    two = FULL.replace(b"From: me@here.test", b"From: me@here.test, you@here.test")
    assert "root@laptop.home.test" in arrived(lab, two + b"\nbody\n").field("Sender")
    assert arrived(lab, two + b"Sender: me@here.test\n\nbody\n").fields("Sender") == ["me@here.test"]
    assert arrived(lab, FULL + b"\nbody\n", "-f", "other@here.test").fields("Sender") == []


def test_what_is_removed(lab):
    """B-21, B-22, B-24: Return-Path, Bcc, Resent-Bcc, Content-Length; folded ones and in any case."""
    text = (
        b"Return-Path: <x@y.test>\nbCC: secret@here.test,\n\tsecret2@here.test\n" + FULL + b"Content-Length: 5\n"
        b"Resent-Bcc: secret3@here.test\nBcc:\nTo: alice@post.test\n\nBcc: this is text\n"
    )
    mail = arrived(lab, text)
    assert b"secret" not in mail.text
    for name in ("Return-Path", "Bcc", "Resent-Bcc", "Content-Length"):
        assert mail.fields(name) == []
    assert mail.field("To") == "alice@post.test" and mail.body == b"Bcc: this is text\n"


def test_line_ends(lab):
    """B-01, B-02: LF, CRLF and CR CR LF are all one line end; a missing one at the end is supplied."""
    mail = arrived(lab, FULL + b"Subject: ends\r\n\r\none\r\ntwo\r\r\nthree\nfour")
    assert mail.body == b"one\ntwo\nthree\nfour\n"


def test_no_message(lab):
    """B-12: empty input is a message without a body."""
    mail = arrived(lab, b"")
    assert mail.body == b"" and mail.fields("From")


@pytest.mark.parametrize("start", [b"hello\nworld\n", b"no field here: just text\nworld\n", b" leading blank\nworld\n"])
def test_no_header(lab, start):
    """B-09: what does not begin with a field is all body."""
    assert arrived(lab, start).body == start


def test_a_forgotten_empty_line(lab):
    """B-08: the first line that is no field begins the body."""
    mail = arrived(lab, FULL + b"Subject: x\nHello you,\nthis: is text\n")
    assert mail.body == b"Hello you,\nthis: is text\n" and mail.field("Subject") == "x"


def test_a_line_of_blanks_is_a_fold(lab):
    """B-07."""
    mail = arrived(lab, FULL + b"Subject: x\n \t\nTo: alice@post.test\n\nbody\n")
    assert mail.field("To") == "alice@post.test" and mail.body == b"body\n"


def test_mbox_separator(lab):
    """B-06: only at the very top."""
    mail = arrived(lab, b"From me@here.test Tue Nov 24\n>From you\n" + FULL + b"\nFrom here on\n")
    assert mail.body == b"From here on\n" and mail.field("From") == "me@here.test"
    assert b"Nov 24\n" not in mail.head


def test_dots_and_long_lines(lab):
    """B-05, D-42, D-43, D-44: dots anywhere, at buffer boundaries too, and a last line without anything."""
    lines = [b".", b"..", b".x", b"x" * 997] + [b"." * n for n in range(1, 120)] + [b"x" * 61 + b"\n.y"] * 500
    body = b"\n".join(lines) + b"\n\n.\n"
    assert arrived(lab, FULL + b"\n" + body, "-i").body == body


def test_bare_cr_never_leaves(lab):
    """B-03, D-44: Postfix, which refuses bare line feeds, and a peer that records show it."""
    lab.mx("raw.test", "198.18.0.20")
    server = lab.serve("198.18.0.20")
    text = FULL + b"Subject: a\rb\n\nx\r.\ry\n.\r\n\r.\r\nend\n"
    assert lab.run(["-i", "a@raw.test"], text).status == 0
    sent = bytes(server.peers[0].received)
    assert re.search(rb"\r(?!\n)|(?<!\r)\n", sent) is None
    assert arrived(lab, text, "-i").body.endswith(b"end\n")


def test_nul_bytes(lab):
    """B-04: taken out, with a warning; nothing is cut off."""
    done = lab.run(["alice@post.test"], FULL + b"\nbe\0fore\0\nafter\n")
    assert done.status == 0
    assert lab.mail("alice@post.test")[0].body == b"before\nafter\n"


def test_eight_bits(lab):
    """D-22: announced where the server can, and the same on arrival."""
    body = "Grüße, \u20ac 5\n".encode() + bytes(range(128, 256)) + b"\n"
    assert arrived(lab, FULL + b"\n" + body).body == body
    lab.mx("eight.test", "198.18.0.20")
    server = lab.serve("198.18.0.20")
    assert lab.run(["a@eight.test"], FULL + b"\n" + body).status == 0
    assert "BODY=8BITMIME" in server.mail[0][0]
    assert lab.run(["a@eight.test"], FULL + b"\nplain\n").status == 0
    assert "BODY=" not in server.mail[1][0]


def test_resent(lab):
    """B-31: -t takes the topmost Resent block only; the original Bcc goes all the same."""
    text = (
        b"Resent-To: alice@post.test\nResent-From: me@here.test\nResent-Date: Tue, 24 Nov 2026 11:00:00 +0000\n"
        b"Received: by older.test; Tue, 24 Nov 2026 10:30:00 +0000\n"
        b"Resent-To: bob@post.test\nResent-From: you@here.test\n" + FULL + b"To: carol@post.test\nBcc: u1@post.test\n\nbody\n"
    )
    done = lab.run(["-t"], text)
    assert (done.status, done.err) == (0, "")
    assert lab.mail("alice@post.test")[0].fields("Bcc") == []
    for other in ("bob", "carol", "u1"):
        lab.mail(f"{other}@post.test", count=0)


def test_the_declared_size(lab):
    """D-20: SIZE= is what is sent, without the doubled dots."""
    lab.mx("size.test", "198.18.0.20")
    server = lab.serve("198.18.0.20")
    assert lab.run(["-i", "a@size.test"], FULL + b"\n" + b".dots\n" * 1000).status == 0
    ((sender, _, content),) = server.mail
    assert f"SIZE={len(content)}" in sender
