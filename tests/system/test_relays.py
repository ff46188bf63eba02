# SPDX-License-Identifier: ISC
"""The way of the mail as the configuration has it: routes, relays, and what a channel must prove."""

import json
import os
import re
import ssl
import sys

import pytest

import certs
from certs import HUB
from lab import STALL, TOP, smtp

MESSAGE = "Subject: hi\n\nhello\n"


def test_a_level_of_tls_for_some_domains(lab):
    """C-30, E-01: a route says how its domain's servers are spoken to; all others go as before."""
    lab.etc("hantar.conf", 'tls = none\n\n[route "post.test"]\ntls = may\n')
    assert lab.run(["alice@post.test", "bob@other.test"], MESSAGE).status == 0
    assert b"using TLSv1.3" in lab.mail("alice@post.test")[0].trace
    assert b"TLS" not in lab.mail("bob@other.test")[0].trace


def relayed(server):
    """From, to and text of what a scripted server took, as one transaction each."""
    return [(sender.split(" SIZE=")[0], rcpts) for sender, rcpts, _ in server.mail]


def test_all_mail_goes_to_the_relay(lab):
    """C-27, C-31, C-36: looked up in the hosts file, whatever MX records say; one transaction for all domains."""
    lab.etc("hosts", "198.18.0.20 hub.home.test\n")
    lab.zone("hub.home.test. MX 1 mx.post.test.")
    server = lab.serve("198.18.0.20", smtp(starttls=True), port=587)
    lab.etc("hantar.conf", "relay = hub.home.test:587\ntls = encrypt\n")
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
    lab.etc("hantar.conf", '[relay "hubs"]\nhost = [198.18.0.22], 198.18.0.20:2525 198.18.0.21:submission\ntls = encrypt\n')
    assert lab.run(["-O", "relay=hubs", "alice@post.test"], MESSAGE).status == 0
    assert len(first.peers) == 1 and len(second.mail) == 1


@pytest.mark.parametrize(
    "relay, address, port",
    [
        ("hub.home.test", "198.18.0.20", 25),
        ("[hub.home.test]", "198.18.0.20", 25),
        ("hub.home.test:587", "198.18.0.20", 587),
        ("[hub.home.test]:submission", "198.18.0.20", 587),
        ("submission://hub.home.test", "198.18.0.20", 587),
        ("198.18.0.20", "198.18.0.20", 25),
        ("[198.18.0.20]:2525", "198.18.0.20", 2525),
        ("submission://[198.18.0.20]", "198.18.0.20", 587),
        ("2001:db8:18::20", "2001:db8:18::20", 25),
        ("[2001:db8:18::20]", "2001:db8:18::20", 25),
        ("[2001:db8:18::20]:587", "2001:db8:18::20", 587),
        ("[IPv6:2001:db8:18::20]:587", "2001:db8:18::20", 587),
        ("submission://[IPv6:2001:db8:18::20]", "2001:db8:18::20", 587),
    ],
)
def test_how_a_relay_is_written(lab, relay, address, port):
    """C-27, C-29: names and addresses of both families, with and without brackets, port, service and scheme."""
    lab.etc("hosts", "198.18.0.20 hub.home.test\n")
    server = lab.serve(address, port=port)
    lab.etc("hantar.conf", f"relay = {relay}\ntls = none\n")
    assert lab.run(["alice@post.test"], MESSAGE).status == 0 and len(server.mail) == 1


def test_a_relay_on_this_very_host(lab):
    """C-27: [::1]:587 is an address like any other: who names it knows what he does."""
    done = lab.run(["-O", "relay=[::1]:587", "-O", "tls=none", "alice@post.test"], MESSAGE)
    assert done.status == 75 and "connect to [IPv6:::1]:587: Connection refused" in done.err


@pytest.mark.parametrize(
    "options, words",
    [
        ([], "(no host answers: is port 25 blocked here, as in many networks? A relay has others: 587, 465)"),
        (["-O", "relay=198.18.0.99:587"], "(no host answers: is port 587 blocked here?)"),
    ],
)
def test_a_port_that_is_blocked(lab, options, words):
    """C-29: where every host is silent, the log and the caller are told what that may mean."""
    lab.mx("silent.test", "198.18.0.99")
    done = lab.run([*options, "-O", "connect-timeout=300ms", "a@silent.test"], MESSAGE)
    assert done.status == 75 and words in done.err
    assert any(words in line and "status=deferred" in line for line in done.log)


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



def test_relays_of_senders(lab):
    """Accounts: mail from some senders goes to a relay of their own; each message of a run to its own."""
    own = lab.serve("198.18.0.20")
    other = lab.serve("198.18.0.21")
    lab.etc(
        "hantar.conf",
        "relay = 198.18.0.21\ntls = none\n"
        '[relay "work"]\nhost = 198.18.0.20\ntls = none\nfrom = @example.com, me@example.org\n',
    )
    for sender in ("x@EXAMPLE.com", "me@example.org", "you@example.org"):
        assert lab.run(["-f", sender, "alice@post.test"], MESSAGE).status == 0
    assert [sender for sender, _ in relayed(own)] == ["MAIL FROM:<x@EXAMPLE.com>", "MAIL FROM:<me@example.org>"]
    assert [sender for sender, _ in relayed(other)] == ["MAIL FROM:<you@example.org>"]


def test_null_client(lab):
    """C-26: names of this host go to the relay with the mailname, but where an alias leads elsewhere; only if it is said."""
    server = lab.serve("198.18.0.20")
    lab.etc("aliases", "root: me@example.org\n")
    config = "relay = 198.18.0.20\ntls = none\nmailname = example.net\n"
    lab.etc("hantar.conf", config)
    assert lab.run(["bob"], MESSAGE).status == 67
    lab.etc("hantar.conf", config + "null-client = yes\n")
    assert lab.run(["bob", "root", "eve@localhost"], MESSAGE).status == 0
    ((_, rcpts),) = relayed(server)
    assert sorted(rcpts) == ["RCPT TO:<bob@example.net>", "RCPT TO:<eve@example.net>", "RCPT TO:<me@example.org>"]
    lab.etc("hantar.conf", "null-client = yes\n")
    done = lab.run(["bob"], MESSAGE)
    assert done.status == 78 and "null-client is for who has a relay" in done.err


def test_two_lines_are_enough(lab):
    """C-29: a host and who we are for it: the port is that of submission; the example that is shipped says the same."""
    seen = []

    def ehlo(peer, _line):
        return "250 x\nAUTH PLAIN" if peer.tls else "250 x\nSTARTTLS"

    def auth(_peer, line):
        seen.append(line)
        return "235 2.7.0 welcome"

    server = lab.serve("198.18.0.20", smtp(EHLO=ehlo, AUTH=auth), port=587)
    lab.etc("hosts", "198.18.0.20 smtp.example.org\n")
    lab.etc("secret", "word\n")
    (lab.proc.parent / "etc/secret").chmod(0o600)
    example = (TOP / "dist/hantar.conf.in").read_text().replace("@sysconfdir@/hantar.password", "/etc/secret")
    wanted = re.sub(r"^#(?=\S+ = |\[)", "", example.split('#[relay "work"]')[0], flags=re.MULTILINE)
    wanted = re.sub(r"^(spool|relay) = .*$", r"#\g<0>", wanted, flags=re.MULTILINE)
    lab.etc("hantar.conf", wanted + "relay = smtp.example.org\ntls = encrypt\n")
    assert lab.run(["alice@post.test"], MESSAGE).status == 0
    assert len(server.mail) == 1 and len(seen) == 1


def test_the_example_as_a_whole(lab):
    """The configuration that is shipped is right, with and without its comments."""
    example = (TOP / "dist/hantar.conf.in").read_text().replace("@sysconfdir@", "/etc").replace("@spooldir@", str(lab.tmp / "x"))
    for text in (example, re.sub(r"^#(?=\S+ = |\[)", "", example, flags=re.MULTILINE)):
        lab.etc("hantar.conf", text)
        done = lab.run(["--print-config"])
        assert (done.status, done.err) == (0, "")


@pytest.fixture(name="hub")
def make_hub(lab, pki, monkeypatch):
    """A relay, and a function that sends a message by it: which certificate it shows, and what the configuration says."""
    lab.etc("hosts", f"198.18.0.20 {HUB} elsewhere.test\n")
    server = lab.serve("198.18.0.20", smtp(starttls=True), port=587)

    def send(shown, *lines, relay=HUB + ":587", client=None, known=pki.root.pem):
        monkeypatch.setattr(lab, "tls_context", certs.context(shown, client))
        lab.etc("hantar.conf", "\n".join([f"relay = {relay}", f"tls-authorities = {known}", *lines, ""]))
        before = len(server.mail)
        done = lab.run(["-v", "-O", "spool=none", "alice@post.test"], MESSAGE)
        assert len(server.mail) - before == (done.status == 0)
        assert done.status in (0, 75), done.err
        return done

    send.server = server
    return send


@pytest.mark.parametrize("shown, relay", [("good", HUB), ("wild", HUB), ("good", "[198.18.0.20]"), ("good", "HUB.home.test.")])
def test_verified(hub, pki, shown, relay):
    """E-10, E-11, E-12, E-14: by a chain of three, the name that the configuration has, or the address; TLS 1.2 at least."""
    done = hub(getattr(pki, shown), relay=relay + ":587")
    assert done.status == 0
    assert "Verified TLS connection established" in done.out


@pytest.mark.parametrize("name, known, found", [
    ("CN=A name of its own", "CN= a NAME of  its own ", True),
    ("CN=A name of its own", "CN=A name of its own.", False),
    ("CN=A name/O=two parts", "CN=a name/O=Two parts", True),
    ("CN=A name/O=two parts", "CN=a name/OU=Two parts", False),
    ("CN=A name/O=two parts", "CN=A name", False),
    ("CN=A name+O=two parts", "O=TWO parts+CN=a name", True),
    ("CN=A name+O=two parts", "O=other parts+CN=a name", False),
])
def test_an_authority_by_its_name(hub, tmp_path, name, known, found):
    """E-10, E-14: it is the one that has signed, if its name is the same but for case, blanks, and the order within a part."""
    authority = certs.Authority(tmp_path, "one", subject=name)
    tmp_path.chmod(0o755)
    done = hub(authority.issue("leaf", ["DNS:" + HUB]), known=authority.renamed(known))
    assert (done.status == 0) == found, done.out


def test_an_authority_whose_name_is_in_another_code(hub, tmp_path):
    """E-10: what claims to be ASCII, and is not, is Latin-1 to OpenSSL: the same name as one in UTF-8."""
    authority = certs.Authority(tmp_path, "one", subject="CN=\N{LATIN SMALL LETTER E WITH ACUTE}")
    leaf = authority.issue("leaf", ["DNS:" + HUB])
    der = ssl.PEM_cert_to_DER_cert(authority.pem.read_text())
    latin = "\N{LATIN SMALL LETTER E WITH ACUTE}".encode().decode("latin-1")  # so does openssl(1) read it
    name = latin.encode()
    other = latin.encode("latin-1").ljust(len(name))
    changed = der.replace(bytes([12, len(name)]) + name, bytes([22, len(name)]) + other)
    assert changed != der
    known = tmp_path / "known.pem"
    known.write_text(ssl.DER_cert_to_PEM_cert(changed))
    tmp_path.chmod(0o755)
    assert hub(leaf, known=known).status == 0


# What a server can do wrong, and what of the one line says so, and what to do.
MISTAKES = [
    ("expired", "expired on 2021-01-01 00:00 UTC", "has to renew it"),
    ("early", "not valid before 2040-01-01", "is this host's clock right?"),
    ("unknown", 'signed by "other"', "tls-authorities can name a file"),
    ("itself", "signed by itself", "tls-fingerprint = "),
    ("foreign", f"is for www.example.org, example.org, not for {HUB}", "use the name that it has"),
    ("common", f"is for no host, not for {HUB}", "use the name"),
    ("partly", f"is for h*.home.test, not for {HUB}", "use the name"),
    ("far", f"is for *.test, not for {HUB}", "use the name"),
]


@pytest.mark.parametrize("shown, cause, remedy", MISTAKES)
def test_certificates_that_prove_nothing(hub, pki, shown, cause, remedy):
    """E-07, E-10, E-13: nothing is sent, not even MAIL; the message waits, and one line has the cause and the remedy."""
    done = hub(getattr(pki, shown))
    assert done.status == 75
    (line,) = done.err.splitlines()
    assert "4.7.5" in line and cause in line and remedy in line
    assert not [said for said in hub.server.commands if said.startswith("MAIL")]
    assert b"hello" not in b"".join(bytes(peer.received) for peer in hub.server.peers)


def test_a_clock_that_is_wrong(hub, pki, tmp_path):
    """E-59: where the authorities were written down later than now, it is the clock that is to be set."""
    known = tmp_path / "known.pem"
    known.write_bytes(pki.root.pem.read_bytes())
    tmp_path.chmod(0o755)
    os.utime(known, (2216246400, 2216246400))  # 2040-03-25
    (line,) = hub(pki.early, known=known).err.splitlines()
    assert "not valid before 2040-01-01" in line and "the clock of this host is wrong: it says 20" in line
    assert "were written down on 2040-03-25 00:00 UTC; set it" in line


def test_of_what_is_encrypted_nothing_is_proved(hub, pki):
    """E-01: encrypt takes any certificate, and the log says that it is untrusted."""
    done = hub(pki.expired, "tls = encrypt")
    assert done.status == 0
    assert "Untrusted TLS connection" in done.out


def test_fingerprints(hub, pki):
    """E-16: of the certificate or of its key, several for a change; nothing else about it counts."""
    own, of_key = certs.fingerprint(pki.itself), certs.fingerprint(pki.itself, of_key=True)
    colons = certs.fingerprint(pki.itself, colons=True)
    for prints in (own, of_key, colons, f"{'0' * 64}, {own}"):
        assert hub(pki.itself, f"tls-fingerprint = {prints}").status == 0
    done = hub(pki.good, f"tls-fingerprint = {own}")
    assert done.status == 75
    (line,) = done.err.splitlines()
    assert certs.fingerprint(pki.good) in line and "not among those of tls-fingerprint" in line


def test_our_own_certificate(hub, pki):
    """E-15: shown to who asks, where it is configured, and not where it is not; its key must be ours alone."""
    ours = pki.root.issue("ours", ["DNS:laptop.home.test"])
    ours.chmod(0o600)
    assert hub(pki.good, f"tls-certificate = {ours}", client=pki.root.pem).status == 0
    assert hub(pki.good, client=pki.root.pem).status == 75
    ours.chmod(0o644)
    done = hub(pki.good, f"tls-certificate = {ours}", client=pki.root.pem)
    assert done.status == 75 and f"chmod o= {ours}" in done.err


@pytest.mark.parametrize("store, cause", [("gone", "No such file"), ("empty", "no certificate in it"), ("folder", "no certificate in it")])
def test_without_authorities(hub, pki, store, cause):
    """E-14, E-59: no trust store is our mistake: nothing is sent, nothing bounces, and the file is named."""
    path = pki.folder / store
    if store == "folder":
        path.mkdir()
    elif store == "empty":
        path.touch()
    done = hub(pki.good, known=path)
    assert done.status == 75
    assert str(path) in done.err and cause in done.err


def test_a_folder_of_authorities(hub, pki):
    """E-14: a folder as c_rehash makes it, or one of files that are called *.pem."""
    folder = pki.folder / "authorities"
    folder.mkdir()
    (folder / "root.pem").write_bytes(pki.root.pem.read_bytes())
    assert hub(pki.good, f"[relay \"x\"]\nhost = {HUB}:587\ntls-authorities = {folder}", relay="x").status == 0
    number = certs.openssl("x509", "-in", pki.root.pem, "-noout", "-hash").decode().strip()
    (folder / f"{number}.0").symlink_to("root.pem")
    assert hub(pki.good, f"[relay \"x\"]\nhost = {HUB}:587\ntls-authorities = {folder}", relay="x").status == 0


def test_mx_hosts_that_have_to_prove_it(lab, pki, monkeypatch):
    """E-01, E-11: a route can demand of a domain's MX hosts what a relay has to prove, by their own names."""
    lab.zone("strict.test. MX 10 hub.home.test.\nstrict.test. MX 20 elsewhere.test.\nhub.home.test. A 198.18.0.21\nelsewhere.test. A 198.18.0.20")
    servers = [lab.serve(f"198.18.0.{n}", smtp(starttls=True)) for n in (20, 21)]
    monkeypatch.setattr(lab, "tls_context", certs.context(pki.good))
    lab.etc("hantar.conf", f'tls-authorities = {pki.root.pem}\n[route "strict.test"]\ntls = verify\n')
    assert lab.run(["a@strict.test"], MESSAGE).status == 0
    assert len(servers[1].mail) == 1
    servers[1].stop()
    done = lab.run(["a@strict.test"], MESSAGE)
    assert done.status == 75 and "not for elsewhere.test" in done.err
    assert not servers[0].mail


def test_check_looks_at_every_file(lab, pki):
    """E-14, E-15: each file that is named and cannot be used has a line of its own, with the reason; status 78."""
    lab.etc("secret", "word\n")
    (lab.proc.parent / "etc/secret").chmod(0o644)
    ours = pki.root.issue("check", ["DNS:x.test"])
    ours.chmod(0o644)
    lab.etc(
        "hantar.conf",
        "relay = one\ntls-authorities = /etc/gone\n"
        '[relay "one"]\nhost = a.test\nuser = me\npassword-file = /etc/nothing\n'
        '[relay "two"]\nhost = b.test\nuser = me\npassword-file = /etc/secret\ntls = encrypt\nfrom = @b.test\n'
        f'[route "c.test"]\ntls = encrypt\nrelay = c.test\ntls-certificate = {ours}\n',
    )
    done = lab.run(["--check"])
    assert done.status == 78
    one, secret, two, route = done.err.splitlines()
    assert "relay one: tls-authorities: /etc/gone: No such file" in one and one.endswith("; is its name right?")
    assert "relay one: " in secret and "/etc/nothing" in secret
    assert "relay two: " in two and "/etc/secret" in two
    assert f"route c.test: {ours}: everybody can read this private key: chmod o= {ours}" in route
    lab.etc("hantar.conf", f"relay = a.test\ntls-authorities = {pki.root.pem}\nuser = me\npassword-file = /etc/secret\n")
    (lab.proc.parent / "etc/secret").chmod(0o600)
    done = lab.run(["--check"])
    assert (done.status, done.out, done.err) == (0, "", "")
    done = lab.run(["--check", "-v"])
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines() == [
        "/etc/hantar.conf: configuration; mode 0644, root:root; everybody may read it",
        f"{pki.root.pem}: tls-authorities of a.test; mode 0644, root:root; everybody may read it",
        "/etc/secret: password-file of a.test; mode 0600, root:root; root may read it",
    ]


@pytest.mark.parametrize("dates, words", [
    ({"start": "20200101000000Z", "end": "20210101000000Z"}, "expired on 2021-01-01 00:00 UTC: it has to be renewed"),
    ({"start": "20400101000000Z", "end": "20410101000000Z"}, "is not valid before 2040-01-01 00:00 UTC: is this host's clock right?"),
])
def test_check_looks_at_the_dates_of_our_own_certificate(lab, pki, dates, words):
    """A-30, E-15: what no server would believe is said before one says so."""
    ours = pki.root.issue("dated", ["DNS:x.test"], **dates)
    ours.chmod(0o600)
    lab.etc("hantar.conf", f"relay = a.test\ntls-authorities = {pki.root.pem}\ntls-certificate = {ours}\n")
    done = lab.run(["--check"])
    assert done.status == 78 and f"relay a.test: certificate {ours} {words}" in done.err


def test_check_looks_at_aliases_log_and_clock(lab, tmp_path):
    """A-30, E-59, F-23: what would make mail wait, or the log be lost; and who could not read what he needs."""
    lab.etc("aliases", "root: me@example.org\nbob\n")
    log = tmp_path / "nothing" / "log"
    lab.etc("hantar.conf", f"log = {log}\n")
    done = lab.run(["--check", "-v"])
    aliases, name = done.err.splitlines()
    assert done.status == 78 and "aliases: /etc/aliases:2: " in aliases and "newaliases" in aliases
    assert f"log: {log} cannot be made: {log.parent}: No such file" in name
    in_root = lab.run(["-O", "log=/log", "--check"], user="nobody")
    assert "log: /log cannot be made: /: Permission denied" in in_root.err
    assert "/etc/aliases: aliases; mode 0644, root:root; everybody may read it" in done.out
    lab.etc("hantar.conf", "aliases = /etc/nothing\n")
    done = lab.run(["--check"])
    assert done.status == 78 and "aliases: /etc/nothing: No such file or directory; is its name right?" in done.err
    lab.etc("hantar.conf", "relay = a.test\nuser = me\npassword-file = /etc/secret\n")
    lab.etc("secret", "word\n")
    (lab.proc.parent / "etc/secret").chmod(0o600)
    done = lab.run(["--check"], user="nobody")
    assert done.status == 78
    (line,) = [line for line in done.err.splitlines() if "/etc/secret" in line]
    assert "(mode 0600, of user 0 and group 0) cannot be read by user 65534, group 65534, who send" in line
    assert "have mode 0640: Permission denied" in line


def test_how_mail_would_go(lab):
    """A-29: -bv says for each address where it would go and why, in both forms, and sends nothing."""
    lab.etc("aliases", "root: alice@post.test, me@example.org\n")
    lab.mx("two.test", "198.18.0.20", "198.18.0.21")
    lab.etc(
        "hantar.conf",
        '[relay "work"]\nhost = hub.test:465, [192.0.2.1]:587\nuser = me\npassword-file = /etc/secret\nfrom = @example.com\n'
        '[route ".example.org"]\nrelay = work\ntls = encrypt\n[route "example.org"]\nrelay = work\n[route "plain.test"]\ntls = none\n',
    )
    done = lab.run(["-bv", "root", "a@plain.test", "b@[192.0.2.9]", "c@two.test"])
    assert (done.status, done.err, done.log) == (0, "", [])
    assert done.out.splitlines() == [
        'alice@post.test: hosts mx.post.test (10); tls may; alias root',
        'me@example.org: relay work; hosts hub.test:465 (TLS from the first byte), [192.0.2.1]:587; tls verify; user me; password file /etc/secret; '
        'by [route "example.org"]; alias root',
        'a@plain.test: hosts mx.plain.test (10); tls none; by [route "plain.test"]',
        "b@[192.0.2.9]: hosts [192.0.2.9]; tls may",
        "c@two.test: hosts mx1.two.test (10), mx2.two.test (20); tls may",
    ]
    done = lab.run(["-bv", "--json", "-f", "x@example.com", "a@post.test", "a@x.example.org"])
    first, second = (json.loads(line) for line in done.out.splitlines())
    assert first["relay"] == "work" and first["by"] == 'from, of [relay "work"]' and first["tls"] == "verify"
    assert second["by"] == '[route ".example.org"]' and second["tls"] == "encrypt"
    assert second["user"] == "me" and second["password"] == "file /etc/secret" and second["sender"] == "x@example.com"
    assert second["hosts"] == [
        {"host": "hub.test", "port": 465, "protocol": "smtp", "wrapped": True},
        {"host": "[192.0.2.1]", "port": 587, "protocol": "smtp", "wrapped": False},
    ]
    (mx,) = json.loads(lab.run(["-bv", "--json", "a@plain.test"]).out)["hosts"]
    assert mx == {"host": "mx.plain.test", "port": 25, "protocol": "smtp", "wrapped": False, "preference": 10}


@pytest.mark.parametrize("address, status, words", [
    ("nobody", 67, "failed; why there is no alias"),
    ("a@nowhere.test", 68, "failed; why "),
    ("a@[bad]", 68, "failed; why "),
    ("a@x, b@y", 65, "failed; why this is not one address"),
    ("a\x1b@x.test", 65, "a\\x1b@x.test: outcome failed; why a control byte"),
    ("gone", 75, "deferred; why "),
    ("a@servfail.test", 75, "SERVFAIL"),
])
def test_mail_that_would_not_go(lab, address, status, words):
    """A-29: the status is that which the message would have."""
    lab.etc("aliases", "root: me@example.org\ngone: |/bin/cat\n")
    done = lab.run(["-bv", address])
    assert done.status == status and words in done.out and not done.err
    seen = json.loads(lab.run(["-bv", "--json", address]).out)
    assert seen["status"] == status and seen["why"] and seen["hosts"] == []
    assert lab.run(["-bv", address, "a@[192.0.2.1]"]).status == status


def test_mail_for_the_list_of_an_owner(lab):
    """A-29, H-07: which account it goes by is said by the sender that it will have."""
    lab.etc("aliases", "list: a@post.test, b@post.test\nowner-list: boss@example.com\n")
    lab.etc("hantar.conf", '[relay "work"]\nhost = 198.18.0.20\nfrom = @example.com\ntls-authorities = /etc/roots\ntls-certificate = /etc/own\n')
    done = lab.run(["-f", "me@example.org", "-bv", "list", "c@post.test"])
    first, second, third = done.out.splitlines()
    words = 'relay work; hosts [198.18.0.20]:25; tls verify; authorities /etc/roots; certificate /etc/own; by from, of [relay "work"]'
    assert (first, second) == tuple(f"{x}@post.test: {words}; sender boss@example.com; alias list" for x in "ab")
    assert third == "c@post.test: hosts mx.post.test (10); tls may"


@pytest.mark.parametrize("mistake, cause", [
    ("relay = hub.home.test:submision", "neither a port nor one of smtp, submission, submissions"),
    ("realy = hub.home.test", 'hantar.conf:1: no key is called "realy"; the nearest is "relay"'),
    ("tls-fingerprint = 00", "hantar.conf:1: tls-fingerprint: \"00\" is no SHA-256"),
    ("tls = fingerprint", "there is no tls-fingerprint"),
    ('[relay "x"]\nhots = y', 'hantar.conf:2: no key of a section [relay] is called "hots"; the nearest is "host"'),
])
def test_mistakes_in_the_file(lab, mistake, cause):
    """One line with the file, its line, and what may have been meant; 78."""
    lab.etc("hantar.conf", mistake + "\n")
    done = lab.run(["alice@post.test"], MESSAGE)
    assert done.status == 78
    (line,) = done.err.splitlines()
    assert cause in line


# ------------------------------------------------------------ the table of mistakes

CONFIG = "relay = {relay}\ntls-authorities = {known}\nuser = me\n"

# What is wrong; what of the set-up is changed; the status; and what of the one line names the cause, and the remedy.
# A status of 0 is that of a message that waits in the spool: the line is in the log.
TABLE = [
    ("wrong port", {"relay": HUB + ":2525"}, 0, "Connection refused", "is this the right port?"),
    ("wrong host", {"relay": "hbu.home.test"}, 0, "no address of the relay hbu.home.test", "is the name right"),
    ("the port of submissions for submission", {"relay": HUB + ":465"}, 0, "Connection refused", "is this the right port?"),
    ("no STARTTLS", {"starttls": False}, 0, "does not offer STARTTLS", "is this the right port?"),
    ("expired certificate", {"shown": "expired"}, 0, "its certificate expired on 2021-01-01", "has to renew it"),
    ("clock wrong, or certificate too new", {"shown": "early"}, 0, "not valid before 2040-01-01", "this host's clock right?"),
    ("self-signed certificate", {"shown": "itself"}, 0, "signed by itself", "tls-fingerprint = "),
    ("certificate of a foreign authority", {"shown": "unknown"}, 0, 'signed by "other"', "tls-authorities can name"),
    ("certificate for another name", {"shown": "foreign"}, 0, "is for www.example.org", "use the name that it has"),
    ("trust store that is not there", {"known": "/etc/gone"}, 0, "/etc/gone: No such file", "tls-authorities"),
    ("wrong password", {"AUTH": "535 5.7.8 no"}, 0, "535 5.7.8 no", "are the user and the password right?"),
    ("unknown user", {"AUTH": "535 5.7.8 who?"}, 0, "refuses the login of me by PLAIN", "are the user and the password right?"),
    ("password that is not there", {"secret": None}, 0, "/etc/secret", ""),
    ("password that everybody can read", {"mode": 0o644}, 0, "/etc/secret", ""),
    ("password of another user", {"owner": 64202}, 0, "who is neither root nor the one who sends", "chown root /etc/secret"),
    ("password that cannot be read", {"user": "nobody"}, 0, "cannot be read by user 65534", "should be of that group and have mode 0640"),
    ("password command that fails", {"source": "command = /bin/false"}, 0, "failed with status 1", "/bin/false"),
    ("password command that says nothing", {"source": "command = /bin/true"}, 0, "first line is empty", "/bin/true"),
    ("password command that is not there", {"source": "command = /bin/pass"}, 0, "no such program", "/bin/pass"),
    ("typing error in a key", {"more": "pasword-file = x"}, 78, 'no key is called "pasword-file"', 'nearest is "password-file"'),
    ("typing error in a value", {"more": "tls = verfy"}, 78, '"verfy" is none of', "verify"),
    ("password without a relay", {"relay": ""}, 78, "the key relay names none", ""),
]
if "MISTAKES" in os.environ:  # it has 20 seconds; tests/unit/command_test.c has them go by at once
    TABLE.append(("password command that hangs", {"source": "command = /bin/sleep 100"}, 0, "did not end in time", "/bin/sleep"))


@pytest.mark.parametrize("mistake, change, status, cause, remedy", TABLE, ids=[row[0] for row in TABLE])
def test_mistake(lab, pki, monkeypatch, capsys, tmp_path, mistake, change, status, cause, remedy):
    """E-07, E-59, D-54, F-18: of each mistake one line names the cause and the remedy; the message waits, or was not taken."""

    def ehlo(peer, _line):
        offers = ["AUTH PLAIN"] if peer.tls else ["STARTTLS"] if change.get("starttls", True) else []
        return "250 " + "\n".join(["x", *offers])

    monkeypatch.setattr(lab, "tls_context", certs.context(getattr(pki, change.get("shown", "good"))))
    server = lab.serve("198.18.0.20", smtp(EHLO=ehlo, AUTH=change.get("AUTH", "235 2.7.0 welcome")), port=587)
    lab.etc("hosts", f"198.18.0.20 {HUB}\n")
    lab.etc("secret", change.get("secret", "tEn-43\n"))
    if change.get("secret", "some"):
        secret = lab.proc.parent / "etc/secret"
        secret.chmod(change.get("mode", 0o600))
        os.chown(secret, change.get("owner", 0), -1)
    tmp_path.chmod(0o777)  # whoever sends makes his spool there
    spool = tmp_path / "spool"
    text = CONFIG.format(relay=change.get("relay", HUB), known=change.get("known", pki.root.pem))
    text += f"password-{change.get('source', 'file = /etc/secret')}\n"
    lab.timed = "user" not in change  # his own runner would stay
    lab.etc("hantar.conf", text + change.get("more", "") + "\n")
    done = lab.run(["-O", f"spool={spool}", "alice@post.test"], MESSAGE, user=change.get("user"), timeout=60)
    kept = len(list(spool.glob("*.msg")))
    said = [line for line in done.err.splitlines() + done.log if cause in line]
    with capsys.disabled():
        if sys.stdout.isatty() or "MISTAKES" in os.environ:
            print(f"\n{mistake}: {done.status}, {'kept' if kept else 'not taken'}\n    {said[0] if said else '-'}")
    assert done.status == status and kept == (status == 0)
    assert said and remedy in said[0]
    assert not server.mail and "tEn-43" not in done.err + done.out + "\n".join(done.log)
