# SPDX-License-Identifier: ISC
"""--tls-test: what a host offers and proves, without mail, for people and for scripts."""

import contextlib
import json
import ssl

import pytest

import certs
import dovecot
import judges
from certs import HUB
from lab import DROP, STALL, smtp

AT = HUB + ":587"
PATIENCE = ["-O", "patience=2s"]


@pytest.fixture(name="look")
def make_look(lab, pki, monkeypatch):
    """A host, and a function that looks at it: which certificate it shows, what it says otherwise."""
    lab.etc("hosts", f"198.18.0.20 {HUB} elsewhere.test\n")
    server = lab.serve("198.18.0.20", port=587)

    def look(shown="good", args=(AT,), context=None, options=(), config="", **script):
        script.setdefault("starttls", True)
        monkeypatch.setattr(lab, "tls_context", context or certs.context(getattr(pki, shown)))
        lab.etc("hantar.conf", f"tls-authorities = {pki.root.pem}\n{config}\n")
        server.script = script.pop("by", None) or smtp(**script)
        before = len(server.commands)
        done = lab.run([*options, "--json", "--tls-test", *args])
        assert not [line for line in server.commands[before:] if line.split()[0] not in ("EHLO", "HELO", "STARTTLS", "QUIT")]
        assert not done.err, done.err
        look.text = done.out
        seen = json.loads(done.out.splitlines()[0])
        assert len(done.out.splitlines()) > 1 or seen["status"] == done.status
        return seen

    look.server, look.lab = server, lab
    return look


def test_all_that_it_offers_and_proves(look, lab, pki):
    """A-29, E-04, E-09 to E-12, E-16: before and behind the handshake, each certificate, and the prints as the key takes them."""

    def ehlo(peer, _line):
        offers = ["AUTH PLAIN SCRAM-SHA-256 X-OWN"] if peer.tls else ["STARTTLS", "AUTH=CRAM-MD5"]
        return "250 " + "\n".join(["hub", "SIZE 1000", "LIMITS RCPTMAX=7", *offers])

    seen = look(EHLO=ehlo)
    assert (seen["host"], seen["ip"], seen["port"], seen["wrapped"]) == (HUB, "198.18.0.20", 587, False)
    assert seen["greeting"] == "220 scripted.test ESMTP"
    assert seen["offers"] == ["SIZE 1000", "LIMITS RCPTMAX=7", "STARTTLS", "AUTH=CRAM-MD5"] and seen["logins"] == ["CRAM-MD5"]
    assert seen["tls-offers"][:2] == ["SIZE 1000", "LIMITS RCPTMAX=7"] and seen["tls-logins"] == ["PLAIN", "SCRAM-SHA-256", "X-OWN"]
    assert seen["tls"].startswith("TLSv1.3, TLS_") and ", group x25519" in seen["tls"].lower()
    leaf, below = seen["certificates"][:2]
    assert (leaf["subject"], leaf["issuer"], leaf["for"]) == ("CN = good", "CN = below", [HUB, "198.18.0.20"])
    assert (below["subject"], below["issuer"]) == ("CN = below", "CN = root")
    assert leaf["days"] in (19, 20) and leaf["key"] == "EC, 256 bits, prime256v1" and leaf["signature"] == "ecdsa-with-SHA256"
    assert leaf["sha256"] == certs.fingerprint(pki.good)
    assert leaf["key-sha256"] == certs.fingerprint(pki.good, of_key=True)
    assert seen["verified"] and seen["authority"] == "CN = root" and seen["why-not"] is None
    assert seen["levels"] == ["none", "may", "encrypt", "verify"] and seen["status"] == 0
    text = lab.run(["--tls-test", AT]).out
    for word in ("RCPTMAX=7", "X-OWN", leaf["sha256"], leaf["key-sha256"], "verified: yes", "none, may, encrypt, verify"):
        assert word in text


# What it shows, or what is said of it; the status; the levels that would do; what names the cause, and the remedy.
HOSTS = [
    ("good", {}, 0, "none may encrypt verify", "", ""),
    ("good", {"args": ["elsewhere.test:587"]}, 77, "none may encrypt", "not for elsewhere.test", "use the name that it has"),
    ("good", {"args": ["[198.18.0.20]:587"]}, 0, "none may encrypt verify", "", ""),
    ("expired", {}, 77, "none may encrypt", "expired on 2021-01-01", "has to renew it"),
    ("early", {}, 77, "none may encrypt", "not valid before 2040-01-01", "is this host's clock right?"),
    ("unknown", {}, 77, "none may encrypt", 'signed by "other"', "tls-authorities can name a file"),
    ("itself", {}, 77, "none may encrypt", "signed by itself", "tls-fingerprint = "),
    ("foreign", {}, 77, "none may encrypt", "is for www.example.org, example.org", "use the name"),
    ("good", {"starttls": False}, 69, "none may", "does not offer STARTTLS", "is this the right port?"),
    ("good", {"STARTTLS": "454 4.7.0 not now"}, 75, "none may", "454 4.7.0 not now", ""),
    ("good", {"STARTTLS": "502 5.5.1 never"}, 69, "none may", "502 5.5.1 never", ""),
    ("good", {"EHLO": "502 what?"}, 69, "none may", "does not offer STARTTLS", ""),
    ("good", {"greeting": "554 5.7.1 go away"}, 69, "", "554 5.7.1 go away", ""),
    ("good", {"greeting": "421 4.3.2 busy"}, 75, "", "421 4.3.2 busy", ""),
    ("good", {"greeting": DROP}, 75, "", "waiting for the greeting", ""),
    ("good", {"greeting": STALL}, 75, "", "waiting for the greeting: timed out", ""),
    ("good", {"EHLO": STALL}, 75, "", "saying EHLO: timed out", ""),
    ("good", {"greeting": "999 hello"}, 76, "", "protocol error while waiting for the greeting", ""),
    ("good", {"args": [HUB + ":2525"]}, 75, "", "Connection refused", ""),
    ("good", {"args": ["hbu.home.test"]}, 68, "", "no address of the relay hbu.home.test", "is the name right"),
]


@pytest.mark.parametrize("shown, script, status, levels, cause, remedy", HOSTS, ids=[f"{row[0]}-{' '.join(row[1])}-{row[4]}" for row in HOSTS])
def test_each_kind_of_host(look, shown, script, status, levels, cause, remedy):
    """A-29, E-02, E-07, E-10, D-10: a status of its own for each, and the words of what a message would have met."""
    seen = look(shown, options=PATIENCE, **script)
    assert seen["status"] == status and seen["levels"] == levels.split(), seen
    said = " ".join(filter(None, (seen["why-not"], seen["trouble"], seen["starttls-refused"])))
    assert cause in said and remedy in said
    assert seen["verified"] == (status == 0)


def test_handshakes_that_fail(look):
    """E-03, E-05, E-12: after a broken one mail goes on in clear, if it may; what is injected ends that, too."""

    def broken(peer, _line):
        peer.say("220 go ahead")
        peer.fill()
        peer.send(b"this is no TLS at all\r\n" * 10)
        peer.drop()

    def injected(peer, _line):
        peer.send(b"220 go ahead\r\n250 injected\r\n")
        peer.stall()

    def silent(peer, _line):
        peer.say("220 go ahead")
        peer.stall()

    seen = look(STARTTLS=broken)
    assert seen["status"] == 76 and seen["levels"] == ["none", "may"] and "handshake failed" in seen["trouble"]
    seen = look(STARTTLS=injected)
    assert seen["status"] == 76 and seen["levels"] == ["none"] and "sent more behind its reply to STARTTLS" in seen["trouble"]
    seen = look(STARTTLS=silent, options=PATIENCE)
    assert seen["status"] == 76 and "timed out" in seen["trouble"]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_an_old_host(look, lab, pki):
    """E-12: TLS 1.0 will do for what is opportunistic, if the host's policy has it, and for nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    context.load_cert_chain(pki.good)
    seen = look(context=context)
    assert seen["status"] == 76 and seen["levels"] == ["none", "may"]
    (lab.state / "openssl.cnf").write_text(certs.OLD)
    done = lab.run(["--json", "--tls-test", AT], env={"OPENSSL_CONF": str(lab.state / "openssl.cnf")})
    seen = json.loads(done.out)
    assert done.status == 76 and seen["tls"].startswith("TLSv1, ") and seen["levels"] == ["none", "may"]
    assert "older than TLS 1.2" in lab.run(["--tls-test", AT], env={"OPENSSL_CONF": str(lab.state / "openssl.cnf")}).out


def test_a_host_that_knows_no_ehlo(look):
    """A-29, D-03: what it says to HELO instead, in both forms."""
    seen = look(EHLO="502 5.5.1 what?", HELO="250 old.test at your service")
    assert (seen["helo"], seen["offers"], seen["tls"]) == ("250 old.test at your service", [], None)
    assert "EHLO is refused; to HELO" in look.lab.run(["--tls-test", AT]).out


def test_tls_from_the_first_byte(look, lab):
    """E-19, C-27: as a relay is written; there is no clear text to be had."""
    plain = smtp()

    def wrapped(peer):
        peer.starttls()
        plain(peer)

    server = lab.serve("198.18.0.20", wrapped, port=465)
    for name in ("submissions://" + HUB, HUB + ":465", HUB + ":submissions"):
        seen = look(args=[name])
        assert (seen["status"], seen["port"], seen["wrapped"]) == (0, 465, True)
        assert seen["offers"] == [] and seen["tls-offers"] and seen["levels"] == ["none", "may", "encrypt", "verify"]
    assert "STARTTLS" not in server.commands


def test_fingerprints_that_are_configured(look, pki):
    """E-16: one of them is as good as a name; and what is printed can be copied."""
    printed = look("itself")["certificates"][0]
    for print_ in (printed["sha256"], printed["key-sha256"]):
        seen = look("itself", config="tls-fingerprint = " + print_)
        assert seen["status"] == 0 and seen["fingerprint"] and not seen["verified"]
        assert seen["levels"] == ["none", "may", "encrypt", "fingerprint"] and seen["asked"] == "fingerprint"
    seen = look("unknown", config="tls-fingerprint = " + printed["sha256"])
    assert seen["status"] == 77 and not seen["fingerprint"]


def test_relays_of_the_configuration(look, pki):
    """C-29, E-14, E-15: a section is called by its name; without an operand it is the relay; each of its hosts is looked at."""
    ours = pki.root.issue("probe", ["DNS:laptop.home.test"])
    ours.chmod(0o600)
    relay = f'relay = work\n[relay "work"]\nhost = {AT}, 198.18.0.21\ntls-certificate = {ours}\ntls = encrypt\nuser = me\npassword-file = /etc/none\n'
    for args in ((), ("work",)):
        seen = look(args=args, context=certs.context(pki.good, client=pki.root.pem), config=relay)
        assert seen["verified"] and seen["asked"] == "encrypt"
        second = json.loads(look.text.splitlines()[1])
        assert (second["port"], second["status"]) == (587, 75)
    # Without authorities nothing is known of it but what it shows.
    seen = look(options=("-O", "tls-authorities=/etc/gone"))
    assert seen["status"] == 78 and "/etc/gone: No such file" in seen["why-not"] and not seen["verified"]
    assert seen["certificates"][0]["sha256"] == certs.fingerprint(pki.good)


def test_hosts_that_the_dns_names(look, lab):
    """C-28, E-11: each of a service; of a host elsewhere a certificate for the domain itself is asked for."""
    lab.zone(
        "_submission._tcp.home.test. SRV 10 0 587 hub.home.test.\n_submission._tcp.home.test. SRV 20 0 587 elsewhere.test.\n"
        "hub.home.test. A 198.18.0.20\nelsewhere.test. A 198.18.0.20"
    )
    seen = look(args=["srv:home.test"])
    second = json.loads(look.text.splitlines()[1])
    assert (seen["host"], seen["status"], second["host"]) == (HUB, 0, "elsewhere.test")
    assert second["status"] == 77 and "not for home.test" in second["why-not"]
    seen = look(args=["srv:nothing.test"])
    assert seen["status"] == 68 and "_submissions._tcp.nothing.test" in seen["trouble"]


@pytest.mark.parametrize("args, status, words", [
    ([], 64, "the key relay names none"),
    (["a:b"], 64, "neither a port nor one of"),
    (["ftp://a"], 64, "none of smtp, submission"),
    (["x..y"], 64, "x..y"),
    ([""], 64, "names no host"),
    ([","], 64, "names no host"),
])
def test_operands_that_are_none(lab, args, status, words):
    """A-29: what could not be a relay is not asked."""
    done = lab.run(["--tls-test", *args])
    assert done.status == status and words in done.err and not done.out


def test_a_hostile_host(look, lab):
    """J-01, D-08: what it says is bounded, and does nothing to a terminal or a program."""
    names = [f"X-{n} \x1b]0;you\x07 \u00e9\"\\ " + "y" * 400 for n in range(150)]
    seen = look(greeting="220 \x1b[2J " + "a" * 5000, EHLO=lambda *_: "250 " + "\n".join(["me\x1b[31m", *names]))
    assert seen["status"] == 69 and len(seen["offers"]) == 150
    text = lab.run(["--tls-test", AT]).out
    assert not [c for c in text if ord(c) < 32 and c != "\n" or ord(c) > 126]
    assert max(map(len, text.splitlines()[:2])) < 2000
    seen = look(EHLO=lambda *_: "250 " + "\n".join("x" for _ in range(400)))
    assert seen["status"] == 76 and "protocol error" in seen["trouble"]


def test_the_conversation_is_shown(look, lab):
    """A-29: with -v that comes first; it is that of a message, but for the message."""
    look()
    done = lab.run(["-v", "--tls-test", AT])
    assert ">>> STARTTLS" in done.out and done.out.index(">>> QUIT") < done.out.index("verified: yes")
    assert "MAIL" not in done.out and not done.log


@contextlib.contextmanager
def running(server):
    try:
        yield server
    finally:
        server.stop()


def test_real_servers(lab):
    """A-29: Postfix, Dovecot's submission service and aiosmtpd: what they offer is what is shown, and the first two know TLS."""
    authorities = f"tls-authorities={lab.state / 'tls/cert.pem'}"

    def look(host):
        done = lab.run(["-O", authorities, "--json", "--tls-test", host])
        return json.loads(done.out)

    seen = look("198.18.0.3")
    assert "STARTTLS" in seen["offers"] and "PIPELINING" in seen["tls-offers"] and "encrypt" in seen["levels"]
    assert seen["certificates"][0]["sha256"] == certs.fingerprint(lab.state / "tls/cert.pem")
    assert look("198.18.0.5")["status"] == 69
    with running(dovecot.Dovecot(lab, {"me": "word"})):
        seen = look(dovecot.SUBMISSION)
        assert seen["logins"] == [] and set(seen["tls-logins"]) >= set(dovecot.MECHANISMS) and "encrypt" in seen["levels"]
    with running(judges.Aiosmtpd(lab)):
        seen = look("198.18.0.33")
        assert seen["status"] == 69 and "SIZE 50000000" in seen["offers"]
