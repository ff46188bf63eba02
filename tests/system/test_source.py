# SPDX-License-Identifier: ISC
"""From which address mail servers are connected to."""

import subprocess

import pytest

from lab import smtp

MESSAGE = "Subject: hi\n\nhello\n"
OWN = ["198.18.0.51", "198.18.0.52", "2001:db8:18::51"]


@pytest.fixture(autouse=True)
def own_addresses(lab):
    """More addresses of the client's."""

    def ip(verb, address):
        rest = ["/64", "dev", "client", "nodad"] if ":" in address else ["/24", "dev", "client"]
        subprocess.run([*lab.client, "ip", "addr", verb, address + rest[0], *(rest[1:] if verb == "add" else rest[1:3])], check=True)

    for address in OWN:
        ip("add", address)
    yield
    for address in OWN:
        ip("del", address)


def origin(server):
    """Where each connection to a scripted server came from."""
    return [peer.origin for peer in server.peers]


def noting(**replies):
    script = smtp(**replies)

    def talk(peer):
        peer.origin = peer.sock.getpeername()[0]
        script(peer)

    return talk


def test_one_of_each_family(lab):
    """C-22: the address of the family that the server has; it is that of EHLO, too, where this host has no name (D-04)."""
    lab.mx("four.test", "198.18.0.20")
    lab.mx("six.test", "2001:db8:18::20")
    four, six = lab.serve("198.18.0.20", noting()), lab.serve("2001:db8:18::20", noting())
    lab.etc("hantar.conf", "source-address = 198.18.0.51, 2001:db8:18::51\nhostname = laptop\n")
    assert lab.run(["a@four.test", "a@six.test"], MESSAGE).status == 0
    assert origin(four) == ["198.18.0.51"] and origin(six) == ["2001:db8:18::51"]
    assert four.commands[0] == "EHLO [198.18.0.51]"
    assert lab.run(["-O", "source-address=", "a@four.test"], MESSAGE).status == 0
    assert origin(four)[1] == "198.18.0.1"


def test_one_family_excludes_the_other(lab):
    """C-22: where the address is of IPv4, no address of IPv6 is asked for, or connected to."""
    lab.zone("both.test. MX 1 mx.both.test.\nmx.both.test. A 198.18.0.20\nmx.both.test. AAAA 2001:db8:18::20")
    four, six = lab.serve("198.18.0.20", noting()), lab.serve("2001:db8:18::20", noting())
    lab.etc("hantar.conf", "source-address = 198.18.0.51\n")
    done = lab.run(["-v", "a@both.test"], MESSAGE)
    assert done.status == 0 and "AAAA" not in done.out
    assert origin(four) == ["198.18.0.51"] and not six.peers
    assert lab.run(["-O", "source-address=2001:db8:18::51", "a@both.test"], MESSAGE).status == 0
    assert origin(six) == ["2001:db8:18::51"] and len(four.peers) == 1
    # A relay, whose name is asked of the system.
    lab.etc("hosts", "198.18.0.20 hub.home.test\n2001:db8:18::20 hub.home.test\n")
    lab.etc("hantar.conf", "source-address = 198.18.0.51\nrelay = hub.home.test\ntls = none\n")
    assert lab.run(["a@both.test"], MESSAGE).status == 0
    assert len(four.peers) == 2 and len(six.peers) == 1
    # An address that is written there.
    done = lab.run(["-O", "relay=[2001:db8:18::20]", "a@both.test"], MESSAGE)
    assert done.status == 75 and "source-address has none of IPv6" in done.err and "4.3.5" in done.err


def test_of_relays_and_routes(lab):
    """The nearest counts: the route's, the relay's, that of the main section; mail that differs in it goes apart."""
    server = lab.serve("198.18.0.20", noting())
    lab.mx("x.test", "198.18.0.20")
    lab.mx("y.test", "198.18.0.20")
    lab.etc(
        "hantar.conf",
        "source-address = 198.18.0.51\n"
        '[relay "hub"]\nhost = 198.18.0.20\ntls = none\nsource-address = 198.18.0.52\nfrom = @example.com\n'
        '[route "r.test"]\nrelay = hub\n'
        '[route "s.test"]\nrelay = hub\nsource-address = 198.18.0.1\n'
        '[route "y.test"]\nsource-address = 198.18.0.52\n',
    )
    for address, expected in [("r.test", 52), ("s.test", 1), ("x.test", 51), ("y.test", 52)]:
        assert lab.run([f"a@{address}"], MESSAGE).status == 0
        assert origin(server)[-1] == f"198.18.0.{expected}"
    assert lab.run(["-f", "me@example.com", "a@x.test"], MESSAGE).status == 0
    assert origin(server)[-1] == "198.18.0.52"
    assert lab.run(["a@r.test", "b@s.test"], MESSAGE).status == 0
    assert sorted(origin(server)[-2:]) == ["198.18.0.1", "198.18.0.52"]
    said = lab.run(["-bv", "a@s.test", "a@x.test"]).out.splitlines()
    assert said[0].endswith('by [route "s.test"]; source 198.18.0.1') and said[1].endswith("; source 198.18.0.51")
    assert "source-address = 198.18.0.52\n" in lab.run(["--print-config"]).out


def test_an_address_that_is_not_ours(lab):
    """D-54: it may come back, so the mail waits; the line says which, and --check that it is wrong."""
    server = lab.serve("198.18.0.20", noting())
    lab.mx("x.test", "198.18.0.20")
    lab.etc("hantar.conf", 'source-address = 198.18.0.60, 2001:db8:18::51\n[route "y.test"]\nsource-address = 198.18.0.61\n')
    done = lab.run(["a@x.test"], MESSAGE)
    words = "source-address 198.18.0.60: Cannot assign requested address: it is no address of this host"
    assert done.status == 75 and words in done.err and "4.3.5" in done.err
    assert any(f"connect to mx1.x.test[198.18.0.20]:25: {words}" in line for line in done.log)
    assert not server.peers
    done = lab.run(["--check"])
    assert done.status == 78
    first, second = done.err.splitlines()
    assert words in first and "route y.test: source-address 198.18.0.61" in second
    lab.etc("hantar.conf", 'source-address = 198.18.0.51, 2001:db8:18::51\n[route "y.test"]\nsource-address = 198.18.0.52\n')
    assert lab.run(["--check"]).status == 0


@pytest.mark.parametrize(
    "lines, words",
    [
        ("source-address = eth0", 'hantar.conf:1: source-address: "eth0" is no IP address'),
        ("source-address = 198.18.0.51 198.18.0.52", '"198.18.0.52" is a second address of its family'),
        ("source-address = 198.18.0.51\nip = ipv6", "source-address = 198.18.0.51 and ip = ipv6 exclude each other"),
        ('ip = ipv4\n[relay "x"]\nhost = a.test\nsource-address = ::1', "source-address = ::1 and ip = ipv4 exclude each other"),
        ('ip = ipv4\n[route "x.test"]\nsource-address = ::1', '[route "x.test"]: source-address = ::1 and ip = ipv4'),
    ],
)
def test_mistakes(lab, lines, words):
    """What can never be right ends with 78."""
    lab.etc("hantar.conf", lines + "\n")
    done = lab.run(["a@post.test"], MESSAGE)
    assert done.status == 78 and words in done.err
