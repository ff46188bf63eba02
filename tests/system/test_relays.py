# SPDX-License-Identifier: ISC
"""The way of the mail as the configuration has it: routes, relays, and what a channel must prove."""

from lab import STALL, smtp

MESSAGE = "Subject: hi\n\nhello\n"


def test_a_level_of_tls_for_some_domains(lab):
    """C-30, E-01: a route says how its domain's servers are spoken to; all others go as before."""
    lab.etc("hantar.conf", 'tls = none\n\n[route "post.test"]\ntls = may\n')
    assert lab.run(["alice@post.test", "bob@other.test"], MESSAGE).status == 0
    assert b"using TLSv1.3" in lab.mail("alice@post.test")[0].trace
    assert b"TLS" not in lab.mail("bob@other.test")[0].trace


def relayed(server):
    """From, to and text of what a scripted server took, as one transaction each."""
    return [(sender, rcpts) for sender, rcpts, _ in server.mail]


def test_all_mail_goes_to_the_relay(lab):
    """C-27, C-31, C-36: looked up in the hosts file, whatever MX records say; one transaction for all domains."""
    lab.etc("hosts", "198.18.0.20 hub.home.test\n")
    lab.zone("hub.home.test. MX 1 mx.post.test.")
    server = lab.serve("198.18.0.20", smtp(starttls=True), port=587)
    lab.etc("hantar.conf", "relay = hub.home.test:587\n")
    done = lab.run(["-v", "alice@post.test", "bob@other.test", "x@[192.0.2.1]"], MESSAGE)
    assert done.status == 0
    ((sender, rcpts),) = relayed(server)
    assert sorted(rcpts) == ["RCPT TO:<alice@post.test>", "RCPT TO:<bob@other.test>", "RCPT TO:<x@[192.0.2.1]>"]
    assert len(server.peers) == 1 and server.peers[0].tls
    assert all("relay=hub.home.test[198.18.0.20]:587" in line for line in done.log if "status=sent" in line)


def test_a_relay_without_tls_gets_nothing(lab):
    """E-07: no STARTTLS, or a refused one: no MAIL is said; the message is kept, and one line says why and what to do."""
    server = lab.serve("198.18.0.20")
    lab.etc("hantar.conf", f"relay = 198.18.0.20\nspool = {lab.tmp}/none\n")
    for replies in ({}, {"EHLO": "250-x\r\n250 STARTTLS", "STARTTLS": "454 4.7.0 no"}):
        server.script = smtp(**replies)
        done = lab.run(["-O", "spool=none", "alice@post.test"], MESSAGE)
        assert done.status == 75
        assert "4.7.4" in done.err and "TLS is demanded" in done.err
    assert not server.mail and not [line for line in server.commands if line.startswith("MAIL")]


def test_relays_in_their_order(lab):
    """C-27: one after the other, until one takes it; each at its own port."""
    first = lab.serve("198.18.0.20", smtp(greeting="421 busy"), port=2525)
    second = lab.serve("198.18.0.21", smtp(starttls=True), port=587)
    lab.etc("hantar.conf", '[relay "hubs"]\nhost = [198.18.0.22], 198.18.0.20:2525 198.18.0.21:submission\n')
    assert lab.run(["-O", "relay=hubs", "alice@post.test"], MESSAGE).status == 0
    assert len(first.peers) == 1 and len(second.mail) == 1


def test_tls_before_the_greeting(lab):
    """E-19: submissions has TLS from the first byte, and no STARTTLS; it is never tried in clear text."""
    plain = smtp()

    def wrapped(peer):
        peer.starttls()
        plain(peer)

    server = lab.serve("198.18.0.20", wrapped, port=465)
    for relay in ("198.18.0.20:465", "submissions://198.18.0.20", "198.18.0.20:submissions"):
        assert lab.run(["-O", f"relay={relay}", "-O", "tls=may", "alice@post.test"], MESSAGE).status == 0
    assert len(server.mail) == 3 and "STARTTLS" not in server.commands
    clear = lab.serve("198.18.0.21", smtp(greeting=STALL), port=465)
    lab.etc("hantar.conf", "starttls-timeout = 1s\n")
    done = lab.run(["-O", "relay=198.18.0.21:465", "-O", "tls=none", "alice@post.test"], MESSAGE)
    assert done.status == 75 and len(clear.peers) == 1
    assert b"EHLO" not in clear.peers[0].received


def test_a_relay_that_is_not_found(lab):
    """D-54: a name that nobody knows is our mistake: nothing bounces, and the line says what to look at."""
    done = lab.run(["-O", "relay=hbu.home.test", "alice@post.test"], MESSAGE)
    assert done.status == 75
    assert "no address of the relay hbu.home.test is found" in done.err


def test_routes_to_relays_and_around_them(lab):
    """C-30: the most particular route says which relay, and whether there is one."""
    hub = lab.serve("198.18.0.20", smtp())
    other = lab.serve("198.18.0.21", smtp())
    lab.etc(
        "hantar.conf",
        "relay = 198.18.0.20\ntls = none\n"
        '[relay "second"]\nhost = 198.18.0.21\ntls = none\n'
        '[route "post.test"]\nrelay = none\n[route ".test"]\nrelay = second\n',
    )
    assert lab.run(["alice@post.test", "a@x.test", "a@y.test", "a@example.org"], MESSAGE).status == 0
    assert len(lab.mail("alice@post.test")) == 1
    assert [rcpts for _, rcpts in relayed(hub)] == [["RCPT TO:<a@example.org>"]]
    assert [sorted(rcpts) for _, rcpts in relayed(other)] == [["RCPT TO:<a@x.test>", "RCPT TO:<a@y.test>"]]


def test_parts_that_do_not_fit(lab):
    """A relay that says no host is an error of the configuration: 78, and its name."""
    lab.etc("hantar.conf", '[relay "hub"]\n')
    done = lab.run(["--check"])
    assert done.status == 78 and '[relay "hub"] says no host' in done.err
