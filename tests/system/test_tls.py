# SPDX-License-Identifier: ISC
"""STARTTLS, opportunistic: encrypted where it can be, never an excuse not to deliver."""

import ssl

import pytest

import certs
from lab import smtp

MESSAGE = "Subject: hi\n\nhello\n"


def test_encrypted_and_untrusted(lab):
    """E-06, E-20, K-09, K-16: a self-signed certificate encrypts; log and -v call it Untrusted."""
    done = lab.run(["-v", "alice@post.test"], MESSAGE)
    assert done.status == 0
    assert b"using TLSv1.3" in lab.mail("alice@post.test")[0].trace
    assert "Untrusted" in done.out and "TLSv1.3" in done.out
    (line,) = [line for line in done.log if "TLS connection established" in line]
    assert "Untrusted TLS connection established to mx.post.test[198.18.0.3]:25: TLSv1.3 with cipher " in line


def test_tls_none(lab):
    """E-01: tls = none does not even ask."""
    assert lab.run(["-O", "tls=none", "alice@post.test"], MESSAGE).status == 0
    assert b"TLS" not in lab.mail("alice@post.test")[0].trace


def test_all_is_said_again_after_the_handshake(lab):
    """E-04, D-14: what was offered before counts for nothing."""

    def ehlo(peer, _line):
        return "250 tls.test\nSIZE 1000" if peer.tls else "250 tls.test\nSTARTTLS\nSIZE 1\nPIPELINING\n8BITMIME"

    lab.mx("tls.test", "198.18.0.20")
    server = lab.serve("198.18.0.20", smtp(EHLO=ehlo))
    assert lab.run(["a@tls.test"], MESSAGE.replace("hello", "grüße")).status == 0
    assert [line.split()[0] for line in server.commands][:3] == ["EHLO", "STARTTLS", "EHLO"]
    assert "BODY=" not in server.mail[0][0]


def test_sni(lab):
    """E-09: the server learns which host is meant."""
    names = []
    lab.tls_context.sni_callback = lambda _, name, __: names.append(name)
    lab.mx("sni.test", "198.18.0.20")
    lab.serve("198.18.0.20", smtp(starttls=True))
    lab.serve("198.18.0.21", smtp(starttls=True))
    assert lab.run(["a@sni.test", "a@[198.18.0.21]"], MESSAGE).status == 0
    lab.tls_context.sni_callback = None
    assert sorted(names, key=str) == [None, "mx1.sni.test"]


@pytest.mark.parametrize("reply", ["454 4.7.0 not now", "502 5.5.1 what?"])
def test_a_refused_starttls_goes_on_in_clear(lab, reply):
    """E-05: on the same connection."""
    lab.mx("refused.test", "198.18.0.20")
    server = lab.serve("198.18.0.20", smtp(starttls=True, STARTTLS=reply))
    assert lab.run(["a@refused.test"], MESSAGE).status == 0
    assert len(server.mail) == 1 and len(server.peers) == 1


def test_a_failed_handshake_is_retried_in_clear(lab):
    """E-05: once, on a new connection, to the same host."""

    def starttls(peer, _line):
        peer.say("220 go ahead")
        peer.fill()  # the client's first words: what comes earlier is another matter (E-03)
        peer.send(b"this is no TLS at all\r\n" * 10)
        peer.drop()

    lab.mx("broken.test", "198.18.0.20", "198.18.0.21")
    server = lab.serve("198.18.0.20", smtp(starttls=True, STARTTLS=starttls))
    other = lab.serve("198.18.0.21")
    assert lab.run(["a@broken.test"], MESSAGE).status == 0
    assert len(server.mail) == 1 and len(server.peers) == 2 and not other.peers
    assert server.commands.count("STARTTLS") == 1


def test_injected_bytes_end_the_session(lab):
    """E-03: what comes in clear behind the 220 is an attack; nothing of the message is said to this session."""

    def starttls(peer, _line):
        peer.send(b"220 go ahead\r\n250 injected\r\n")
        peer.stall()

    lab.mx("injected.test", "198.18.0.20", "198.18.0.21")
    attacker, other = lab.serve("198.18.0.20", smtp(starttls=True, STARTTLS=starttls)), lab.serve("198.18.0.21")
    done = lab.run(["a@injected.test"], MESSAGE)
    assert done.status in (0, 75)
    assert b"MAIL FROM" not in bytes(attacker.peers[0].received)
    assert len(other.mail) + len(attacker.mail) == (done.status == 0)


def test_truncation_is_a_lost_connection(lab):
    """E-18, D-37: an end of TCP without TLS's own end is no reply to the end of data."""

    def dot(peer, _line):
        peer.send(b"250-2.0.0 acc")
        peer.drop()  # closes the connection below TLS

    lab.mx("cut.test", "198.18.0.20")
    lab.serve("198.18.0.20", smtp(starttls=True, DOT=dot))
    assert lab.run(["a@cut.test"], MESSAGE).status == 75


def test_without_openssl(lab):
    """E-05: a library that cannot be loaded is a handshake that cannot be made: in clear, and the log says why."""
    library = lab.state / "no-library" / "libssl.so.3"
    library.parent.mkdir()
    library.write_bytes(b"this is no library")
    done = lab.run(["alice@post.test"], MESSAGE, env={"LD_LIBRARY_PATH": str(library.parent)})
    assert done.status == 0
    assert b"TLS" not in lab.mail("alice@post.test")[0].trace
    assert any("OpenSSL: " in line and "libssl.so.3" in line for line in done.log)


# ---------------------------------------------------------------- what is offered to the server
def hello_of(raw):
    """The cipher suites, compression methods and extensions of a ClientHello (RFC 8446, 4.1.2)."""
    assert raw[0] == 22 and raw[5] == 1, raw[:16]
    rest = raw[5 + 4 + 2 + 32 :]

    def take(octets):
        nonlocal rest
        size = int.from_bytes(rest[:octets], "big")
        taken, rest = rest[octets : octets + size], rest[octets + size :]
        return taken

    take(1)  # the session id, which TLS 1.3 makes up for old middle boxes
    suites, methods, rest = take(2), take(1), take(2)
    extensions = {}
    while rest:
        kind, rest = int.from_bytes(rest[:2], "big"), rest[2:]
        extensions[kind] = take(2)
    return {int.from_bytes(suites[i : i + 2], "big") for i in range(0, len(suites), 2)}, methods, extensions


def names_of(suites):
    """The names of the suites, as the IANA has them; a suite that OpenSSL does not know has none."""
    listed = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    listed.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    return {cipher["id"] & 0xFFFF: cipher["name"] for cipher in listed.get_ciphers() if cipher["id"] & 0xFFFF in suites}


def test_what_is_offered(lab):
    """E-13: no SSL, nothing without encryption, no RC4 or export cipher, no compression; no ticket of another session."""
    hellos = []

    def starttls(peer, _line):
        peer.say("220 go ahead")
        peer.fill()
        hellos.append(hello_of(peer.unread))
        peer.drop()

    lab.mx("hello.test", "198.18.0.20", "198.18.0.21")
    first = lab.serve("198.18.0.20", smtp(starttls=True, DATA="451 4.3.0 next, please"))
    lab.serve("198.18.0.21", smtp(starttls=True, STARTTLS=starttls))
    assert lab.run(["a@hello.test"], MESSAGE).status == 0
    assert first.peers[0].tls and len(hellos) == 1  # which gave tickets
    suites, methods, extensions = hellos[0]
    assert methods == b"\0"
    versions = extensions[43]
    assert {versions[i : i + 2] for i in range(1, len(versions), 2)} <= {b"\3\1", b"\3\2", b"\3\3", b"\3\4"}
    names = names_of(suites)
    assert suites - names.keys() <= {0x00FF}, "suites that are none, beside the sign of secure renegotiation"
    assert not [name for name in names.values() if any(bad in name for bad in ("NULL", "RC4", "EXP", "ADH", "AECDH", "MD5"))]
    assert extensions.get(35, b"") == b"" and 41 not in extensions, "a ticket of another session"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")  # that it is old is what this is about
@pytest.mark.parametrize("policy, version", [(certs.OLD, "TLSv1"), ("", None)], ids=["allowed", "not-allowed"])
def test_an_old_server(lab, monkeypatch, policy, version):
    """E-12: what the host's policy for OpenSSL allows is better than clear text, which is what else there is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    context.load_cert_chain(lab.state / "tls/cert.pem", lab.state / "tls/key.pem")
    monkeypatch.setattr(lab, "tls_context", context)
    (lab.state / "openssl.cnf").write_text(policy)
    lab.mx("old.test", "198.18.0.20")
    server = lab.serve("198.18.0.20", smtp(starttls=True))
    done = lab.run(["a@old.test"], MESSAGE, {"OPENSSL_CONF": str(lab.state / "openssl.cnf")})
    assert done.status == 0 and len(server.mail) == 1
    lines = [line for line in done.log if "TLS connection established" in line]
    assert [f": {version} with cipher" in line for line in lines] == ([True] if version else [])
    assert len(server.peers) == (1 if version else 2)
