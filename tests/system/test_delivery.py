# SPDX-License-Identifier: ISC
"""The main job: through a real DNS to a real Postfix, past hosts that are dead or refuse."""

import re

import pytest

from lab import DROP, EXTENSIONS, RESET, STALL, smtp

MESSAGE = "Subject: hi\nTo: alice@walk.test\n\nhello\n"
QUICK = [
    word
    for step in ("connect", "greeting", "ehlo", "starttls", "mail", "rcpt", "data", "block", "dot")
    for word in ("-O", f"{step}-timeout=1")
]


@pytest.mark.parametrize(
    "busy",
    [
        {"greeting": "421 4.3.2 come back later"},
        {"greeting": "450 4.3.2 come back later"},
        {"greeting": "554 5.3.2 come back later"},
        {"EHLO": "421 4.3.2 come back later"},
        {"MAIL": "451 4.3.2 come back later"},
        {"RCPT": "450 4.3.2 come back later"},
        {"DATA": "451 4.3.2 come back later"},
        {"DOT": "452 4.3.2 come back later"},
    ],
    ids=lambda replies: "-".join([*replies, *replies.values()])[:12],
)
def test_the_third_host_gets_it(lab, busy):
    """Best host dead, second busy, third takes it (C-18, D-02, D-33, D-34, D-35, D-36, D-39), and
    -v says why each was left (A-25)."""
    lab.mx("walk.test", "198.18.0.10", "198.18.0.20", "198.18.0.3")
    server = lab.serve("198.18.0.20", smtp(**busy))
    done = lab.run(["-v", "alice@walk.test"], MESSAGE)
    assert (done.status, done.err) == (0, "")
    (mail,) = lab.mail("alice@walk.test")
    assert mail.body == b"hello\n"
    assert not server.mail and server.peers
    lines = done.out
    order = [
        lines.index("mx1.walk.test"),
        lines.lower().index("refused"),
        lines.index("come back later"),
        lines.index("250 2.0.0 Ok: queued as"),
    ]
    assert order == sorted(order), done.out
    assert "alice@walk.test" in lines.splitlines()[-1]


@pytest.mark.parametrize("way", [DROP, RESET, STALL], ids=["dropped", "reset", "silent"])
@pytest.mark.parametrize("step", ["greeting", "EHLO", "MAIL", "RCPT", "DATA"])
def test_a_host_that_goes_away_is_passed_over(lab, step, way):
    """Whatever the host does before the end of data, the next one gets the message (D-10, D-11, D-39)."""
    lab.mx("walk.test", "198.18.0.21", "198.18.0.3")
    server = lab.serve("198.18.0.21", smtp(**{step: way}))
    done = lab.run([*QUICK, "alice@walk.test"], MESSAGE)
    assert (done.status, done.out, done.err) == (0, "", "")
    assert done.seconds < 3
    lab.mail("alice@walk.test")
    assert server.peers and not server.mail


@pytest.mark.parametrize("way", [DROP, RESET, STALL], ids=["dropped", "reset", "silent"])
def test_doubt_is_never_sent_again(lab, way):
    """Nothing after the end of data: no other host, no second copy, deferred, and the log says so (D-37)."""
    lab.mx("walk.test", "198.18.0.22", "198.18.0.3")
    lab.serve("198.18.0.22", smtp(DOT=way))
    done = lab.run([*QUICK, "alice@walk.test"], MESSAGE)
    assert done.status == 75
    assert "alice@walk.test" in done.err
    lab.mail("alice@walk.test", count=0)
    assert any("more than once" in line or "duplicate" in line for line in done.log), done.log


def test_black_hole(lab):
    """An address that swallows everything costs connect-timeout, not more (D-10, D-39)."""
    lab.mx("walk.test", "198.18.0.99", "198.18.0.3")
    done = lab.run([*QUICK, "alice@walk.test"], MESSAGE)
    assert done.status == 0
    assert 0.9 < done.seconds < 2.5
    lab.mail("alice@walk.test")


def test_all_hosts_dead_is_deferred(lab):
    """D-39, A-45: without a spool the caller learns that he still owns the message."""
    lab.mx("dead.test", "198.18.0.10", "198.18.0.11")
    done = lab.run(["alice@dead.test"], MESSAGE)
    assert done.status == 75
    assert len(done.err.splitlines()) == 1 and "alice@dead.test" in done.err
    assert done.out == ""


def test_all_addresses_of_a_host_before_the_next(lab):
    """C-18: the second address of the first host comes before the second host."""
    lab.zone(
        """
        addresses.test. MX 10 first.addresses.test.
        addresses.test. MX 20 second.addresses.test.
        first.addresses.test. A 198.18.0.10
        first.addresses.test. A 198.18.0.23
        second.addresses.test. A 198.18.0.24
        """
    )
    good, other = lab.serve("198.18.0.23"), lab.serve("198.18.0.24")
    assert lab.run(["a@addresses.test"], MESSAGE).status == 0
    assert len(good.mail) == 1 and not other.peers


def test_at_most_five_addresses(lab):
    """C-18: five addresses are tried, no more; two of them may cost a whole session."""
    addresses = [f"198.18.0.{n}" for n in range(20, 28)]
    lab.mx("many.test", *addresses)
    servers = [lab.serve(address, smtp(greeting="421 4.3.2 busy")) for address in addresses]
    assert lab.run(["a@many.test"], MESSAGE).status == 75
    assert [len(server.peers) for server in servers] == [1, 1, 1, 1, 1, 0, 0, 0]


def test_ipv6(lab):
    """A host with an IPv6 address only is reached there; ip = ipv4 makes it unusable (C-20)."""
    lab.mx("walk.test", "2001:db8:18::3")
    assert lab.run(["alice@walk.test"], MESSAGE).status == 0
    (mail,) = lab.mail("alice@walk.test")
    assert b"[IPv6:2001:db8:18::1]" in mail.trace
    assert lab.run(["-O", "ip=ipv4", "alice@walk.test"], MESSAGE).status != 0


def test_one_refused_recipient_is_refused_alone(lab):
    """D-31, A-46, A-49: Postfix knows no such user; the others get their mail, the caller 67."""
    done = lab.run(["alice@post.test", "unknown@post.test", "bob@post.test"], "Subject: x\n\nto three\n")
    assert done.status == 67
    (line,) = done.err.splitlines()
    assert "unknown@post.test" in line and "User unknown" in line
    for user in ("alice", "bob"):
        assert lab.mail(f"{user}@post.test")[0].body == b"to three\n"


def test_too_many_errors(lab):
    """After twenty bad recipients Postfix says 421 and answers no more: nobody may be forgotten (D-38)."""
    bad = [f"unknown{number}@post.test" for number in range(30)]
    done = lab.run([*bad, "alice@post.test"], MESSAGE)
    assert done.status == 67
    named = [line for line in done.err.splitlines()]
    assert all(any(address in line for line in named) for address in bad)
    lab.mail("alice@post.test", count=0 if any("alice@post.test" in line for line in named) else 1)


def test_the_transcript(lab):
    """A-25, K-12: what dig and telnet would show, each line with the time since the start."""
    lab.mx("walk.test", "198.18.0.10", "198.18.0.3")
    done = lab.run(["-v", "alice@walk.test"], MESSAGE)
    assert done.status == 0
    lines = []
    for line in done.out.splitlines():
        stamp, text = re.fullmatch(r" *(\d+\.\d{3}) (.*)", line).groups()
        assert not lines or float(stamp) >= before
        before = float(stamp)
        lines.append(text)
    for part in (
        "walk.test. MX 10 mx1.walk.test.",
        "walk.test. MX 20 mx2.walk.test.",
        "mx1.walk.test... Connecting to [198.18.0.10] port 25",
        "mx2.walk.test... Connecting to [198.18.0.3] port 25",
        "220 mx.example.test ESMTP Postfix",
        ">>> EHLO laptop.home.test",
        ">>> STARTTLS",
        ">>> RCPT TO:<alice@walk.test>",
        ">>> DATA",
        "354 End data with <CR><LF>.<CR><LF>",
    ):
        assert lines.index(part) >= 0
    assert lines[-1].startswith("alice@walk.test... Sent (250 2.0.0 Ok: queued as ")


def test_one_deferred_recipient(lab):
    """D-31, D-34, A-49: a 4xx for one is a deferral for that one, after the last host."""
    lab.mx("defer.test", "198.18.0.20")
    server = lab.serve("198.18.0.20", smtp(RCPT=lambda _, line: "450 4.2.0 greylisted" if "later" in line else "250 ok"))
    done = lab.run(["now@defer.test", "later@defer.test"], MESSAGE)
    assert done.status == 75
    assert "later@defer.test" in done.err and "now@defer.test" not in done.err
    ((_, recipients, _),) = server.mail
    assert recipients == ["RCPT TO:<now@defer.test>"]


def test_permanent_weighs_more_than_temporary(lab):
    """A-49: the status is that of the most severe failure, and each one is named."""
    lab.mx("both.test", "198.18.0.20")
    replies = {"now": "250 ok", "later": "450 4.2.0 greylisted", "never": "550 5.1.1 no such user"}
    lab.serve("198.18.0.20", smtp(RCPT=lambda _, line: replies[line.split("<")[1].split("@")[0]]))
    done = lab.run(["later@both.test", "never@both.test", "now@both.test"], MESSAGE)
    assert done.status == 67
    assert len(done.err.splitlines()) == 2
    assert "later@both.test" in done.err and "never@both.test" in done.err


def test_recipients_of_a_domain_share_a_transaction(lab):
    """C-31, B-35: a hundred recipients, one copy, one connection."""
    lab.mx("share.test", "198.18.0.20")
    server = lab.serve("198.18.0.20")
    assert lab.run([f"r{n}@share.test" for n in range(100)], MESSAGE).status == 0
    assert len(server.peers) == 1
    ((_, recipients, _),) = server.mail
    assert sorted(recipients) == sorted(f"RCPT TO:<r{n}@share.test>" for n in range(100))


def test_round_trips(lab):
    """D-01, D-15, D-40: MAIL, RCPT and DATA in one flight, and QUIT behind the end of data."""
    lab.mx("flight.test", "198.18.0.20")
    server = lab.serve("198.18.0.20")
    assert lab.run(["a@flight.test", "b@flight.test"], MESSAGE).status == 0
    (peer,) = server.peers
    ehlo, envelope, *_content, end = peer.flights
    assert ehlo == b"EHLO laptop.home.test\r\n"
    assert [line.split()[0] for line in envelope.splitlines()] == [b"MAIL", b"RCPT", b"RCPT", b"DATA"]
    assert end.endswith(b"\r\n.\r\nQUIT\r\n") or end == b".\r\nQUIT\r\n"


def test_one_by_one(lab):
    """D-14, D-32: without PIPELINING no command is sent before the reply to the one before."""
    lab.mx("flight.test", "198.18.0.20")
    server = lab.serve("198.18.0.20", smtp(extensions=(), RCPT="550 5.1.1 nobody"))
    assert lab.run(["a@flight.test"], MESSAGE).status == 67
    assert all(flight.count(b"\n") == 1 for flight in server.peers[0].flights)
    assert not any(line.startswith("DATA") for line in server.commands)


@pytest.mark.parametrize("reply", ["250 2.0.0 accepted", "554 5.5.1 no valid recipients"])
def test_data_without_recipients(lab, reply):
    """D-18: all refused, yet DATA got its 354: a lone dot, and a 2xx to that is no delivery."""
    lab.mx("flight.test", "198.18.0.20")
    server = lab.serve("198.18.0.20", smtp(RCPT="550 5.1.1 nobody", DATA="354 go ahead", DOT=reply))
    done = lab.run(["a@flight.test"], MESSAGE)
    assert done.status == 67 and "5.1.1" in done.err
    assert b"hello" not in server.peers[0].received
    assert all(content == b"" for _, _, content in server.mail)


def test_domains_are_reached_at_the_same_time(lab):
    """Five hosts that each take a second for their greeting take a second together."""

    def slow(peer, _line):
        peer.sock.settimeout(1)
        try:
            peer.fill()
        except TimeoutError:
            peer.sock.settimeout(None)
        return "220 at last"

    servers = []
    for number in range(5):
        lab.mx(f"slow{number}.test", f"198.18.0.{20 + number}")
        servers.append(lab.serve(f"198.18.0.{20 + number}", smtp(greeting=slow)))
    done = lab.run([f"a@slow{number}.test" for number in range(5)], MESSAGE)
    assert (done.status, done.err) == (0, "")
    assert [len(server.mail) for server in servers] == [1] * 5
    assert done.seconds < 2


def test_several_domains_and_servers(lab):
    """All of Postfix's faces at once: with and without STARTTLS, PIPELINING, SIZE and the rest."""
    domains = ["post.test", "other.test", "plain.test", "bare.test", "small.test"]
    done = lab.run([f"{user}@{domain}" for domain in domains for user in ("alice", "bob")], "Subject: x\n\n.dot\n")
    assert (done.status, done.err) == (0, "")
    for domain in domains:
        for user in ("alice", "bob"):
            (mail,) = lab.mail(f"{user}@{domain}")
            assert mail.body == b".dot\n"
            assert (b"with ESMTPS" in mail.trace) == (domain in ("post.test", "other.test", "small.test"))


def test_the_size_limit_of_the_server_is_heeded(lab):
    """D-20: what is larger than SIZE says is not even begun."""
    done = lab.run(["alice@small.test", "alice@post.test"], "Subject: big\n\n" + "0123456789\n" * 2000)
    assert done.status in (65, 69)
    assert "alice@small.test" in done.err and "5.3.4" in done.err
    assert len(lab.mail("alice@post.test")[0].body) == 22000


def test_a_large_message(lab):
    """Ten megabytes arrive as they were."""
    body = b"".join(b"%d %s\n" % (n, b"x" * (n % 77)) for n in range(200_000))
    done = lab.run(["alice@post.test"], b"Subject: big\n\n" + body)
    assert done.status == 0
    assert lab.mail("alice@post.test")[0].body == body


def test_no_more_messages_than_a_host_takes(lab, tmp_path):
    """D-29, D-48: MAILMAX of each connection, and at once another one for the rest; RCPTMAX of each message."""
    spool = ["-O", f"spool={tmp_path / 'spool'}"]
    lab.mx("walk.test", "198.18.0.20")
    for number in range(5):
        assert lab.run([*spool, "-odq", *(f"u{number}{part}@walk.test" for part in "abc")], MESSAGE).status == 0
    server = lab.serve("198.18.0.20", smtp(extensions=(*EXTENSIONS, "LIMITS MAILMAX=2 RCPTMAX=2")))
    assert lab.run([*spool, "-q"]).status == 0
    taken = [re.search("<(.*)@", line)[1] for mail in server.mail for line in mail[1]]
    assert sorted(taken) == [f"u{number}{part}" for number in range(5) for part in "abc"]
    assert all(len(mail[1]) <= 2 for mail in server.mail) and len(server.mail) == 10
    talks = " ".join(line.split(" ")[0] for line in server.commands).split("EHLO")[1:]
    assert 5 <= len(talks) == len(server.peers) <= 6 and all(talk.count("MAIL") <= 2 for talk in talks)
