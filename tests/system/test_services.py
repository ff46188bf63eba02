# SPDX-License-Identifier: ISC
"""C-28: a relay that the DNS names (SRV), through a real name server, and what a forged answer must not bring about."""

import socket
import threading
import types

import pytest

import certs
import dovecot
from lab import smtp

MESSAGE = "Subject: hi\n\nhello\n"
SECRET = "tEn-43 of them"


@pytest.fixture(name="pki", scope="module")
def make_pki(tmp_path_factory):
    """Who is to be trusted, and what that has signed."""
    folder = tmp_path_factory.mktemp("pki")
    folder.chmod(0o755)
    root = certs.Authority(folder, "root")
    return types.SimpleNamespace(
        root=root,
        host=root.issue("host", ["DNS:mail.home.test"]),
        domain=root.issue("domain", ["DNS:home.test"]),
        other=root.issue("other", ["DNS:mail.evil.test"]),
    )


@pytest.fixture(name="secret")
def secret_file(lab):
    lab.etc("secret", SECRET + "\n")
    lab.path("/etc/secret").chmod(0o640)
    yield
    for name in ("secret", "netrc"):
        lab.etc(name, None)


def login(seen):
    """A script that offers AUTH once there is TLS, and notes what it is told."""

    def ehlo(peer, _line):
        return "250 x\nAUTH PLAIN" if peer.tls else "250 x\nSTARTTLS"

    def auth(_peer, line):
        seen.append(line)
        return "235 2.7.0 welcome"

    return smtp(EHLO=ehlo, AUTH=auth)


def services(lab, *records):
    """SRV records of home.test: "_submission 10 0 587 mail.home.test", and addresses "mail.home.test 198.18.0.20"."""
    lines = []
    for record in records:
        name, *rest = record.split()
        kind = "SRV" if name.startswith("_") else "A"
        owner = f"{name}._tcp.home.test" if kind == "SRV" else name
        dot = "." if kind == "SRV" and rest[-1] != "." else ""
        lines.append(f"{owner}. {kind} {' '.join(rest)}{dot}")
    lab.zone("\n".join(lines))


def configure(lab, pki, *lines):
    usual = ["relay = srv:home.test", f"tls-authorities = {pki.root.pem}", "user = me", "password-file = /etc/secret"]
    lab.etc("hantar.conf", "\n".join([*usual, *lines, ""]))


def test_real_servers(lab, secret):
    """The first priority is dead; the next one is Postfix, which asks Dovecot who we are."""
    judge = dovecot.Dovecot(lab, {"me@post.test": SECRET})
    try:
        lab.zone(
            "_submission._tcp.example.test. SRV 10 0 587 dead.example.test.\n_submission._tcp.example.test. SRV 20 0 587 hub.example.test.\n"
            "dead.example.test. A 198.18.0.10\nhub.example.test. A 198.18.0.8"
        )
        store = lab.state / "tls/cert.pem"
        lab.etc(
            "hantar.conf",
            f"relay = srv:example.test\ntls-authorities = {store}\nuser = me@post.test\npassword-file = /etc/secret\nspool = none\n",
        )
        done = lab.run(["-v", "alice@post.test"], MESSAGE)
        assert done.status == 0, done.out
        assert "dead.example.test[198.18.0.10]:587... Connection refused" in done.out
        assert "Verified TLS connection established to hub.example.test" in done.out and ">>> AUTH " in done.out
        assert len(lab.mail("alice@post.test")) == 1
        assert any("relay=hub.example.test[198.18.0.8]:587" in line for line in done.log)
    finally:
        judge.stop()


def test_tls_from_the_first_byte_is_first(lab, pki, secret, monkeypatch):
    """_submissions before _submission, whatever the priorities; the host's own name is in the domain, and proves it (E-11)."""
    seen = []
    plain = login(seen)

    def wrapped(peer):
        peer.starttls()
        plain(peer)

    services(lab, "_submission 0 0 587 mail.home.test", "_submissions 99 0 2465 mail.home.test", "mail.home.test 198.18.0.20")
    first, second = lab.serve("198.18.0.20", wrapped, port=2465), lab.serve("198.18.0.20", plain, port=587)
    monkeypatch.setattr(lab, "tls_context", certs.context(pki.host))
    configure(lab, pki)
    assert lab.run(["alice@post.test"], MESSAGE).status == 0
    assert len(first.mail) == 1 and len(seen) == 1 and not second.peers
    first.stop()
    assert lab.run(["alice@post.test"], MESSAGE).status == 0
    assert len(second.mail) == 1 and len(seen) == 2


@pytest.mark.parametrize("shown, good", [("host", True), ("domain", True), ("other", False)])
def test_names_of_a_host_in_the_domain(lab, pki, secret, monkeypatch, shown, good):
    """E-10, E-11, RFC 6186, 6: its own or the domain's; with any other certificate nothing is told to it."""
    seen = []
    services(lab, "_submission 0 0 587 mail.home.test", "mail.home.test 198.18.0.20")
    server = lab.serve("198.18.0.20", login(seen), port=587)
    monkeypatch.setattr(lab, "tls_context", certs.context(getattr(pki, shown)))
    configure(lab, pki)
    done = lab.run(["alice@post.test"], MESSAGE)
    assert done.status == (0 if good else 75)
    assert len(server.mail) == len(seen) == good
    if not good:
        assert "is for mail.evil.test, not for mail.home.test or home.test" in done.err


def validating(lab, ad):
    """A name server that says what the real one does, and, if ad is set, that DNSSEC proves it."""
    sock = lab.maker.submit(socket.socket, socket.AF_INET, socket.SOCK_DGRAM).result()
    sock.bind(("198.18.0.30", 53))

    def serve():
        while True:
            try:
                query, peer = sock.recvfrom(4096)
                up = lab.maker.submit(socket.socket, socket.AF_INET, socket.SOCK_DGRAM).result()
                with up:
                    up.settimeout(5)
                    up.sendto(query, ("198.18.0.2", 53))
                    answer = bytearray(up.recv(65535))
                answer[3] |= 0x20 if ad else 0
                sock.sendto(answer, peer)
            except OSError:
                return

    def stop():
        try:
            sock.shutdown(socket.SHUT_RDWR)  # wakes who waits, though there is no connection
        except OSError:
            pass
        sock.close()

    threading.Thread(target=serve, daemon=True).start()
    return types.SimpleNamespace(stop=stop, errors=[])


@pytest.mark.parametrize(
    "shown, ad, trusted, good",
    [
        ("other", False, False, False),  # a forged answer: its host proves that it is itself
        ("other", False, True, False),
        ("other", True, False, False),  # anybody can say that it is proved
        ("domain", False, False, True),
        ("other", True, True, True),
    ],
)
def test_hosts_out_of_the_domain(lab, pki, secret, monkeypatch, shown, ad, trusted, good):
    """RFC 6186, 6; C-32: by the domain's name alone, unless DNSSEC, as seen by who is trusted, proves the answer."""
    seen = []
    services(lab, "_submission 0 0 587 mail.evil.test", "mail.evil.test 198.18.0.20")
    lab.servers.append(validating(lab, ad))
    server = lab.serve("198.18.0.20", login(seen), port=587)
    monkeypatch.setattr(lab, "tls_context", certs.context(getattr(pki, shown)))
    configure(lab, pki, "nameserver = 198.18.0.30", f"trust-ad = {'yes' if trusted else 'no'}")
    done = lab.run(["alice@post.test"], MESSAGE)
    assert done.status == (0 if good else 75)
    assert len(server.mail) == len(seen) == good
    assert good or "is for mail.evil.test, not for home.test" in done.err
    said = lab.run(["-bv", "alice@post.test"]).out
    assert said.startswith("alice@post.test: relay srv:home.test; hosts mail.evil.test:587" + ("" if ad and trusted else " (as home.test)") + "; ")


def test_a_password_of_another_host(lab, pki, secret, monkeypatch):
    """A forged answer does not choose the entry of a netrc: that of the domain is said, or none."""
    seen = []
    services(lab, "_submission 0 0 587 mail.home.test", "mail.home.test 198.18.0.20")
    lab.serve("198.18.0.20", login(seen), port=587)
    monkeypatch.setattr(lab, "tls_context", certs.context(pki.host))
    lab.etc("netrc", "machine mail.home.test login a password b\n")
    lab.path("/etc/netrc").chmod(0o640)
    text = f"relay = srv:home.test\ntls-authorities = {pki.root.pem}\npassword-file = netrc:/etc/netrc\n"
    lab.etc("hantar.conf", text)
    done = lab.run(["alice@post.test"], MESSAGE)
    assert done.status == 75 and "has no password on machine home.test" in done.err and not seen
    assert lab.run(["--check"]).status == 78
    lab.etc("netrc", "machine home.test login me password x\n")
    lab.path("/etc/netrc").chmod(0o640)
    assert lab.run(["alice@post.test"], MESSAGE).status == 0 and len(seen) == 1
    assert lab.run(["--check"]).status == 0


NOBODY = "_submissions._tcp.home.test (NXDOMAIN), _submission._tcp.home.test (NXDOMAIN)"


@pytest.mark.parametrize(
    "records, words",
    [
        ([], NOBODY),
        (["_submissions 0 0 0 .", "_submission 0 0 0 ."], 'SRV "."'),
        (["_submissions 0 0 0 ."], 'SRV "."'),
        (["_submission 0 0 587 gone.home.test"], "host gone.home.test has no address"),
    ],
)
def test_no_such_service(lab, pki, secret, records, words):
    """D-54: our mistake, and no mail's: what was asked is named, and nothing bounces."""
    services(lab, *records)
    configure(lab, pki)
    done = lab.run(["alice@post.test"], MESSAGE)
    assert done.status == 75 and words in done.err
    said = lab.run(["-bv", "alice@post.test"])
    if "gone" not in words:
        assert said.status == 75 and "deferred; why " in said.out and words in said.out


def test_the_dns_fails(lab, pki, secret):
    """C-06: not now; and what else there is, is tried (C-19)."""
    configure(lab, pki, "dns-timeout = 2s")
    done = lab.run(["-O", "relay=srv:servfail.test", "alice@post.test"], MESSAGE)
    assert done.status == 75 and "SRV lookup of _submissions._tcp.servfail.test: SERVFAIL" in done.err
    server = lab.serve("198.18.0.20")
    lab.etc("hantar.conf", "relay = srv:servfail.test, 198.18.0.20\ntls = none\n")
    assert lab.run(["alice@post.test"], MESSAGE).status == 0 and len(server.mail) == 1


def test_wherever_a_relay_is_named(lab):
    """C-26, C-30: in a section, for some senders, in a route, for a null client."""
    services(lab, "_submission 0 0 587 mail.home.test", "mail.home.test 198.18.0.20")
    server = lab.serve("198.18.0.20", port=587)
    lab.etc(
        "hantar.conf",
        "mailname = example.net\nrelay = hub\nnull-client = yes\n"
        '[relay "hub"]\nhost = srv:home.test\ntls = none\n[relay "work"]\nhost = srv:home.test\ntls = none\nfrom = @example.com\n'
        '[route "post.test"]\nrelay = srv:home.test\ntls = none\n',
    )
    assert lab.run(["bob", "a@other.test", "alice@post.test"], MESSAGE).status == 0
    assert sorted(rcpt for _, rcpts, _ in server.mail for rcpt in rcpts) == [
        "RCPT TO:<a@other.test>",
        "RCPT TO:<alice@post.test>",
        "RCPT TO:<bob@example.net>",
    ]
    assert lab.run(["-f", "x@example.com", "a@other.test"], MESSAGE).status == 0 and len(server.mail) == 3
    said = lab.run(["-bv", "a@other.test"])
    assert said.out == "a@other.test: relay hub; hosts mail.home.test:587; tls none; by relay, of the main section\n"
    assert "host = srv:home.test\n" in lab.run(["--print-config"]).out


@pytest.mark.parametrize(
    "lines",
    [
        "relay = srv:home.test\nuser = me\npassword-file = /etc/secret\ntls = encrypt\n",
        '[relay "x"]\nhost = a.test srv:home.test\nuser = me\npassword-file = /etc/secret\ntls = none\nauth = cram-md5\n',
        '[relay "x"]\nhost = srv:home.test\nuser = me\npassword-file = /etc/secret\n[route "a.test"]\nrelay = x\ntls = may\n',
    ],
)
def test_nobody_is_told_without_proof(lab, secret, lines):
    """RFC 6186, 6: a host that the DNS alone names, and that need not prove its name, is never told the password: 78."""
    lab.etc("hantar.conf", lines)
    done = lab.run(["--check"])
    assert done.status == 78
    (line,) = done.err.splitlines()
    assert "srv:home.test and user: " in line and "tls = verify, or fingerprint" in line
