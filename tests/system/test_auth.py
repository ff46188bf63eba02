# SPDX-License-Identifier: ISC
"""AUTH: who we are for a relay, where the password comes from, and that nobody else ever sees it."""

import base64
import os
import shutil
import ssl
import subprocess

import pytest
import certs
import channels
import dovecot
import gsasl
from installation import entries
from judges import wait_for
from lab import smtp, timed_spool
from sasl import auth

MESSAGE = "Subject: hi\n\nhello\n"
SECRET = "correct horse battery"
ALL = "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 XOAUTH2 OAUTHBEARER"


@pytest.fixture(name="secret")
def secret_file(lab):
    """A file with the password, and how to write another."""

    def write(text=SECRET + "\n", mode=0o640):
        lab.etc("secret", text)
        (lab.proc.parent / "etc/secret").chmod(mode)

    write()
    yield write
    for name in ("secret", "netrc", "empty"):
        lab.etc(name, None)


def relay(lab, *lines):
    # Its certificate is one that nobody has signed; who it proves to be is not asked here.
    level = [] if any(line.startswith("tls =") for line in lines) else ["tls = encrypt"]
    lab.etc("hantar.conf", "\n".join(["relay = 198.18.0.20:587", "user = me@post.test", *level, *lines, ""]))


def serve(lab, mechanisms, password=SECRET, starttls=True, **changes):
    changes.setdefault("name", ("[198.18.0.20]", 587))
    offers = ["AUTH " + mechanisms] if mechanisms else []
    script = smtp(extensions=offers, starttls=starttls, AUTH=auth("me@post.test", password, **changes))
    return lab.serve("198.18.0.20", script, port=587)


@pytest.mark.parametrize("mechanism", ALL.split())
def test_each_mechanism(lab, secret, mechanism):
    """F-02, F-04, F-07, F-10, F-14, F-15, F-16: each, with a server that has its own mind of what is right."""
    server = serve(lab, ALL)
    relay(lab, "password-file = /etc/secret", f"auth = {mechanism.lower()}")
    done = lab.run(["-v", "alice@post.test"], MESSAGE)
    assert done.status == 0 and len(server.mail) == 1 and not server.errors, done.out
    assert [line.split()[1] for line in server.commands if line.startswith("AUTH")] == [mechanism]


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"])
def test_a_login_that_is_tied_to_its_channel(lab, secret, mechanism):
    """F-11, F-12: tls-unique, as the server's own TLS knows it; and said to be possible where it is not offered."""
    context = lab.tls_context
    context.maximum_version, before = ssl.TLSVersion.TLSv1_2, context.maximum_version
    try:
        server = serve(lab, f"{mechanism} {mechanism[:-5]} PLAIN")
        relay(lab, "password-file = /etc/secret")
        done = lab.run(["-v", "alice@post.test"], MESSAGE)
        assert done.status == 0 and len(server.mail) == 1 and not server.errors, done.out
        assert [line.split()[1] for line in server.commands if line.startswith("AUTH")] == [mechanism]
        server.script = smtp(
            extensions=["AUTH " + mechanism[:-5]],
            starttls=True,
            AUTH=auth("me@post.test", SECRET, header=(b"y",)),
        )
        assert lab.run(["alice@post.test"], MESSAGE).status == 0 and not server.errors
    finally:
        context.maximum_version = before


def test_mx_hosts_are_never_told(lab, secret):
    """F-01, F-20: a login is for the relay that it stands with, and for no host of the DNS."""
    lab.mx("walk.test", "198.18.0.20")
    server = lab.serve("198.18.0.20", smtp(extensions=["AUTH PLAIN"], starttls=True))
    lab.etc("hantar.conf", '[relay "x"]\nhost = 198.18.0.21\nuser = me\npassword-file = /etc/secret\n')
    assert lab.run(["alice@walk.test"], MESSAGE).status == 0
    assert len(server.mail) == 1 and not [line for line in server.commands if line.startswith("AUTH")]


SOURCES = {
    "password-file = /etc/secret": {},
    "password-command = /bin/cat /etc/secret": {},
    "password-command = cat /etc/secret": {},
    "password-file = credential:secret": {"CREDENTIALS_DIRECTORY": "/etc"},
    "password-file = netrc:/etc/netrc": {},
}


@pytest.mark.parametrize("source", SOURCES)
def test_where_the_password_comes_from(lab, secret, source):
    """F-22: each source; the agent reads it before it locks itself in."""
    lab.etc("netrc", f'machine [198.18.0.20] login me@post.test password "{SECRET}"\n')
    (lab.proc.parent / "etc/netrc").chmod(0o600)
    server = serve(lab, "SCRAM-SHA-256")
    relay(lab, source)
    done = lab.run(["-v", "alice@post.test"], MESSAGE, env=SOURCES[source])
    assert done.status == 0 and len(server.mail) == 1 and not server.errors, done.out


def test_a_password_that_is_not_ascii(lab, secret):
    """F-13: SCRAM prepares it; PLAIN says it as it is."""
    secret("p\u212bss\u00adword\n")
    relay(lab, "password-file = /etc/secret", "auth = scram-sha-256")
    server = serve(lab, "SCRAM-SHA-256", password="p\u00c5ssword")
    assert lab.run(["alice@post.test"], MESSAGE).status == 0 and not server.errors
    server.script = smtp(
        extensions=["AUTH PLAIN"], starttls=True, AUTH=auth("me@post.test", "p\u212bss\u00adword")
    )
    relay(lab, "password-file = /etc/secret")
    assert lab.run(["alice@post.test"], MESSAGE).status == 0 and len(server.mail) == 2


def test_a_token_of_any_length(lab, secret):
    """F-05, F-09: one that no command line takes."""
    token = "x" * 20000
    secret(token + "\n")
    server = serve(lab, "XOAUTH2", password=token)
    relay(lab, "password-file = /etc/secret", "auth = xoauth2")
    done = lab.run(["-v", "alice@post.test"], MESSAGE)
    assert done.status == 0 and len(server.mail) == 1
    assert "AUTH XOAUTH2" in server.commands and "xxxx" not in done.out


# What is wrong with the place of the password, and a part of the line that says so.
MISTAKES = {
    "everybody may read it": ("password-file = /etc/secret", 0o644, "chmod o= /etc/secret"),
    "it is empty": ("password-file = /etc/empty", 0o640, "first line is empty"),
    "it is not there": ("password-file = /etc/none", 0o640, "No such file"),
    "it fails": ("password-command = false", 0o640, "failed with status 1"),
    "it says nothing": ("password-command = true", 0o640, "first line is empty"),
    "there is none": ("password-command = /no/such", 0o640, "no such program"),
    "no credential": ("password-file = credential:x", 0o640, "LoadCredential=x:"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_password_that_cannot_be_had(lab, secret, mistake):
    """F-18, F-22: one line says what is wrong and what to do; the mail is kept, and the host is told nothing."""
    line, mode, why = MISTAKES[mistake]
    secret(mode=mode)
    lab.etc("empty", "\n")
    (lab.proc.parent / "etc/empty").chmod(0o600)
    server = serve(lab, ALL)
    relay(lab, line, "spool = none")
    done = lab.run(["alice@post.test"], MESSAGE)
    assert done.status == 75 and why in done.err and not server.commands
    assert any(why in line for line in done.log)
    assert SECRET not in done.err + "".join(done.log)


def test_a_wrong_password_loses_no_mail(lab, secret):
    """F-18: deferred, and said in words; the next run, with the right one, delivers."""
    server = serve(lab, "SCRAM-SHA-256 PLAIN LOGIN", password="another")
    relay(lab, "password-file = /etc/secret", "spool = none")
    done = lab.run(["alice@post.test"], MESSAGE)
    assert done.status in (75, 77) and "535" in done.err and not server.mail
    assert any("warning" in line and "refuses the login of me@post.test" in line for line in done.log)
    tried = [line.split()[1] for line in server.commands if line.startswith("AUTH")]
    assert tried == ["SCRAM-SHA-256", "PLAIN", "LOGIN"]  # F-21


CHEATS = {
    "another nonce": {"nonce": b"another"},
    "too many rounds": {"rounds": 2**31},
    "none at all": {"rounds": 0},
    "another signature": {"verifier": b"x" * 32},
}


@pytest.mark.parametrize("cheat", CHEATS)
def test_servers_that_cheat(lab, secret, cheat):
    """F-10: who does not prove to know the password gets no mail, and is not told it in another way."""
    server = serve(lab, "SCRAM-SHA-256 PLAIN", **CHEATS[cheat])
    relay(lab, "password-file = /etc/secret", "spool = none")
    done = lab.run(["alice@post.test"], MESSAGE)
    assert done.status == 75 and not server.mail
    assert "*" in server.commands and not [line for line in server.commands if "PLAIN" in line]


def test_few_rounds_are_a_warning(lab, secret):
    """F-10: a server that makes it easy to guess is used, and blamed."""
    server = serve(lab, "SCRAM-SHA-1", rounds=100)
    relay(lab, "password-file = /etc/secret")
    done = lab.run(["alice@post.test"], MESSAGE)
    assert len(server.mail) == 1 and any("100 rounds" in line for line in done.log)


def test_nothing_is_said_in_clear(lab, secret):
    """E-08, F-03: no TLS, no password, whatever the configuration says; SCRAM where it is named and TLS is switched off."""
    server = serve(lab, ALL, starttls=False)
    for level, why in (("may", "TLS is demanded"), ("none", "not encrypted")):
        relay(lab, "password-file = /etc/secret", f"tls = {level}", "spool = none")
        done = lab.run(["alice@post.test"], MESSAGE)
        assert done.status == 75 and why in done.err
    relay(lab, "password-file = /etc/secret", "tls = none", "auth = plain login xoauth2 oauthbearer", "spool = none")
    assert lab.run(["alice@post.test"], MESSAGE).status == 75
    assert not [line for line in server.commands if line.startswith("AUTH")]
    relay(lab, "password-file = /etc/secret", "tls = none", "auth = plain scram-sha-256")
    assert lab.run(["alice@post.test"], MESSAGE).status == 0
    assert len(server.mail) == 1 and not server.errors


def test_parts_of_a_login_that_do_not_fit(lab, secret):
    """F-22: 78, and what to do; a password that stands in the configuration is not repeated."""
    cases = {
        "user = me": "needs a password-file or a password-command",
        "password-file = /etc/secret": "needs the key user",
        "user = me\npassword-file = /etc/secret\npassword-command = x": "both set",
        f"user = me\npassword-file = {SECRET}": "the password itself does not belong here",
        "user = me\npassword-file = /etc/secret\nauth = plian": "no mechanism of AUTH",
    }
    for lines, why in cases.items():
        for head in ("relay = 198.18.0.20\n", 'relay = x\n[relay "x"]\nhost = 198.18.0.20\n'):
            lab.etc("hantar.conf", head + lines + "\n")
            done = lab.run(["alice@post.test"], MESSAGE)
            assert done.status == 78 and why in done.err, done.err
            assert SECRET not in done.err
    for head, why in (("", "names none"), ('relay = x\n[relay "x"]\nhost = 198.18.0.20\n[route "a.test"]\n', "")):
        lab.etc("hantar.conf", f"user = me\npassword-file = /etc/secret\n{head}")
        done = lab.run(["alice@post.test"], MESSAGE)
        assert done.status == 78 and (why or 'belong into [relay "x"]') in done.err, done.err


def test_the_secret_is_nowhere(lab, secret, tmp_path):
    """F-24: not in what is printed, logged, kept in the spool, nor in the arguments or environment of any process."""
    seen = []

    def look(peer, line):
        for pid in os.listdir(lab.proc):
            for name in ("cmdline", "environ"):
                if pid.isdigit():
                    try:
                        seen.append((lab.proc / pid / name).read_bytes())
                    except OSError:
                        pass
        return f"535 5.7.8 {SECRET} {line.split(' ')[-1]} is wrong"

    server = lab.serve("198.18.0.20", smtp(extensions=["AUTH PLAIN"], starttls=True, AUTH=look), port=587)
    relay(lab, "password-file = /etc/secret")
    lab.spool = timed_spool(tmp_path / "spool")
    done = lab.run(["-v", "alice@post.test"], MESSAGE)
    coded = base64.b64encode(f"\0me@post.test\0{SECRET}".encode())
    assert [line for line in server.commands if line.startswith("AUTH PLAIN " + coded.decode())]
    spool = [path.read_bytes() for path in lab.spool.rglob("*") if path.is_file()]
    assert done.status == 0 and len(spool) > 1
    texts = [done.out.encode(), done.err.encode(), "\n".join(done.log).encode(), *spool, *seen]
    for form in (SECRET.encode(), coded, base64.b64encode(SECRET.encode())):
        assert not [text for text in texts if form in text]
    assert "<hidden>" in done.out and any("<hidden>" in line for line in done.log) and seen


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize("mechanism", gsasl.MECHANISMS)
def test_gnu_sasl(lab, secret, monkeypatch, mechanism, version):
    """F-02, F-10, F-11, F-12, F-14: each mechanism of GNU SASL that shows no password, on channels of either kind."""
    context = certs.context(lab.state / "tls/cert.pem", key=lab.state / "tls/key.pem")
    context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
    monkeypatch.setattr(lab, "tls_context", context)
    judge = gsasl.Judge(SECRET)
    server = lab.serve("198.18.0.20", smtp(extensions=["AUTH " + mechanism], starttls=True, AUTH=judge.reply), port=587)
    relay(lab, "password-file = /etc/secret", f"auth = {mechanism.lower()}")
    done = lab.run(["-v", "alice@post.test"], MESSAGE)
    assert done.status == 0 and len(server.mail) == 1 and not server.errors, done.out
    kind = {"TLSv1_2": "tls-unique", "TLSv1_3": "tls-exporter"}[version] if mechanism.endswith("-PLUS") else ""
    assert judge.said == [(mechanism, kind, gsasl.OK)]
    secret("another\n")
    assert lab.run(["-O", "spool=none", "alice@post.test"], MESSAGE).status == 75
    assert judge.said[-1][2] != gsasl.OK and len(server.mail) == 1


@pytest.mark.parametrize("mechanism", [name for name in gsasl.MECHANISMS if name.endswith("-PLUS")])
def test_a_channel_that_ends_elsewhere(lab, secret, mechanism):
    """F-12: who is in between has another channel to the server than we have to him; the login fails, and no other is tried."""
    judge = gsasl.Judge(SECRET, lie=True)
    server = lab.serve("198.18.0.20", smtp(extensions=["AUTH " + mechanism], starttls=True, AUTH=judge.reply), port=587)
    relay(lab, "password-file = /etc/secret", "spool = none")
    done = lab.run(["alice@post.test"], MESSAGE)
    assert done.status == 75 and not server.mail and not server.errors
    assert [(name, kind) for name, kind, _ in judge.said] == [(mechanism, "tls-exporter")]


@pytest.fixture(name="judge", scope="module")
def dovecot_server(the_lab):
    server = dovecot.Dovecot(the_lab, {"me@post.test": SECRET})
    yield server
    server.stop()


REAL = pytest.mark.parametrize("address", [dovecot.POSTFIX, dovecot.SUBMISSION], ids=["postfix", "dovecot"])


@pytest.mark.parametrize("mechanism", ["", *dovecot.MECHANISMS, *dovecot.TOKENS])
@REAL
def test_real_servers(lab, secret, judge, address, mechanism):
    """F-02, F-04, F-07, F-10, F-14, F-15, F-16: each mechanism that they have, with Dovecot as the judge."""
    assert judge.process.poll() is None
    if mechanism in dovecot.TOKENS:
        secret(dovecot.token("me@post.test") + "\n")
    lab.etc(
        "hantar.conf",
        f"relay = {address}\nuser = me@post.test\npassword-file = /etc/secret\nauth = {mechanism}\nspool = none\ntls = encrypt\n",
    )
    done = lab.run(["-v", "alice@post.test"], MESSAGE)
    assert done.status == 0, done.out
    assert f">>> AUTH {mechanism or 'SCRAM-SHA-256'}" in done.out
    (mail,) = lab.mail("alice@post.test")
    assert mail.text.endswith(b"hello\n")
    secret(dovecot.token("me@post.test", key=b"another") if mechanism in dovecot.TOKENS else "another\n")
    done = lab.run(["alice@post.test"], MESSAGE)
    assert done.status == 75 and "535" in done.err


@pytest.fixture(name="cyrus", scope="module")
def postfix_with_cyrus(the_lab, tmp_path_factory):
    """Postfix again, which has Cyrus SASL judge."""
    server = channels.Postfix(the_lab, channels.make_pki(tmp_path_factory.mktemp("cyrus") / "pki"))
    asked = {"smtpd_sasl_auth_enable": "yes", "smtpd_sasl_type": "cyrus", "smtpd_client_restrictions": "permit_sasl_authenticated,reject"}
    server.reload(server.text + server.service("good", **asked))
    shutil.copy(gsasl.ASIDE / "usr/sbin/saslpasswd2", server.inside)
    add = [*the_lab.client, "/run/lab/matrix/saslpasswd2", "-p", "-c", "-u", "post.test", "me"]
    subprocess.run(add, input=SECRET.encode(), check=True)
    the_lab.path("/etc/sasldb2").chmod(0o644)
    wait_for("postfix asks", lambda: not server.answers("expired") and server.answers())
    yield "{}:{}".format(*server.at("good"))
    server.stop()
    the_lab.path("/etc/sasldb2").unlink()


@pytest.mark.parametrize("mechanism", ["", *dovecot.MECHANISMS])
def test_cyrus_sasl(lab, secret, cyrus, mechanism):
    """F-02, F-04, F-07, F-10, F-14: each mechanism that Postfix has by Cyrus SASL, of which none is tied to the channel."""
    config = f"relay = {cyrus}\nuser = me@post.test\npassword-file = /etc/secret\nauth = {mechanism}\nspool = none\ntls = encrypt\n"
    lab.etc("hantar.conf", config)
    done = lab.run(["-v", "alice@post.test"], MESSAGE)
    assert done.status == 0 and "-PLUS" not in done.out, done.out
    assert f">>> AUTH {mechanism or 'SCRAM-SHA-256'}" in done.out
    assert len(lab.mail("alice@post.test")) == 1
    secret("another\n")
    done = lab.run(["alice@post.test"], MESSAGE)
    assert done.status == 75 and "535" in done.err


def test_who_we_are_by_certificate(lab, judge):
    """E-15, F-17: EXTERNAL, of Dovecot: who has a certificate for a name is who it says, and no password is needed."""
    ours = judge.authority.issue("me@post.test", [])
    inside = lab.path("/etc/ours.pem")
    inside.write_bytes(ours.read_bytes())
    inside.chmod(0o600)
    text = f"relay = {dovecot.SUBMISSION}\nauth = external\nspool = none\ntls = encrypt\n"
    lab.etc("hantar.conf", text + "tls-certificate = /etc/ours.pem\n")
    done = lab.run(["-v", "alice@post.test"], MESSAGE)
    assert done.status == 0 and ">>> AUTH EXTERNAL" in done.out, done.out
    assert len(lab.mail("alice@post.test")) == 1
    lab.etc("hantar.conf", text)
    done = lab.run(["-v", "alice@post.test"], MESSAGE)
    assert done.status == 75 and "5" in done.err
    lab.etc("ours.pem", None)


def test_two_lines_of_configuration(lab, secret, judge):
    """F-22: a relay, and a file that says who we are for it, are enough; the channel is verified, the port right."""
    assert judge.process.poll() is None
    lab.etc("hosts", "198.18.0.8 hub.example.test\n")
    lab.etc("netrc", f'machine hub.example.test login me@post.test password "{SECRET}"\n')
    (lab.proc.parent / "etc/netrc").chmod(0o640)
    store = lab.proc.parent / "etc/ssl/certs/ca-certificates.crt"
    before = store.read_bytes()
    try:
        store.write_bytes(before + (lab.state / "tls/cert.pem").read_bytes())
        lab.etc("hantar.conf", "relay = hub.example.test\npassword-file = netrc:/etc/netrc\n")
        done = lab.run(["-v", "alice@post.test"], MESSAGE)
    finally:
        store.write_bytes(before)
    assert done.status == 0 and len(lab.mail("alice@post.test")) == 1, done.out
    assert "AUTH SCRAM-SHA-256" in done.out


def test_a_password_that_users_cannot_read(lab, system, secret):
    """F-23: an ordinary user sends by the relay of the system, whose password only the program may read."""
    path = lab.proc.parent / "etc/secret"
    path.chmod(0o600)
    server = serve(lab, "SCRAM-SHA-256")
    relay(lab, "password-file = /etc/secret")
    done = system.run("-v", "alice@post.test")
    assert done.status == 0 and "chgrp hantar /etc/secret; chmod 0640 /etc/secret" in done.out, done.out
    assert system.run("--delete", "ALL", user=None).status == 0 and not server.commands
    os.chown(path, 0, system.gid)
    path.chmod(0o640)
    done = system.run("-v", "alice@post.test")
    assert done.status == 0 and len(server.mail) == 1 and not server.errors, done.out
    # Who names hosts, or a place for the password, himself gets nothing of it (J-05).
    for option in ("relay=198.18.0.21:587", "password-file=/etc/secret", "tls=none"):
        other = lab.serve("198.18.0.21", smtp(extensions=["AUTH PLAIN"], starttls=True), port=587)
        done = system.run("-O", option, "-O", "spool=none", "alice@post.test")
        assert done.status != 0 and "cannot be read" in done.err, done.err
        assert not other.commands and len(server.mail) == 1
        other.stop()
    assert not entries(system.spool)
