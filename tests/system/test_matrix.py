# SPDX-License-Identifier: ISC
"""What becomes of a message, by what the server is, the state that its TLS is in, and the level that is demanded.

`make matrix` prints the same with what msmtp and dma make of it (tests/bench/matrix.py).
"""

from concurrent.futures import ThreadPoolExecutor

import pytest

import certs
import channels
from channels import LEVELS, SERVERS, STATES
from judges import wait_for

# clear, TLS, verified: it is sent so; kept: nothing of it is said, nor of a password.
EXPECTED = """
                     none   may    encrypt  verify    fingerprint  another's
no STARTTLS          clear  clear  kept     kept      kept         kept
STARTTLS refused     clear  clear  kept     kept      kept         kept
handshake fails      clear  clear  kept     kept      kept         kept
good                 clear  TLS    TLS      verified  verified     kept
expired              clear  TLS    TLS      kept      verified     kept
not yet valid        clear  TLS    TLS      kept      verified     kept
self-signed          clear  TLS    TLS      kept      verified     kept
unknown authority    clear  TLS    TLS      kept      verified     kept
another's name       clear  TLS    TLS      kept      verified     kept
TLS 1.0 only         clear  clear  kept     kept      kept         kept
TLS 1.2 only         clear  TLS    TLS      verified  verified     kept
TLS 1.3 only         clear  TLS    TLS      verified  verified     kept
implicit             TLS    TLS    TLS      verified  verified     kept
implicit, expired    TLS    TLS    TLS      kept      verified     kept
"""

# With a password level may is encrypt, and none says nothing, but on a channel that is encrypted all the same.
WITH_LOGIN = """
                     none   may    encrypt  verify    fingerprint  another's
no STARTTLS          kept   kept   kept     kept      kept         kept
STARTTLS refused     kept   kept   kept     kept      kept         kept
handshake fails      kept   kept   kept     kept      kept         kept
good                 kept   TLS    TLS      verified  verified     kept
expired              kept   TLS    TLS      kept      verified     kept
not yet valid        kept   TLS    TLS      kept      verified     kept
self-signed          kept   TLS    TLS      kept      verified     kept
unknown authority    kept   TLS    TLS      kept      verified     kept
another's name       kept   TLS    TLS      kept      verified     kept
TLS 1.0 only         kept   kept   kept     kept      kept         kept
TLS 1.2 only         kept   TLS    TLS      verified  verified     kept
TLS 1.3 only         kept   TLS    TLS      verified  verified     kept
implicit             TLS    TLS    TLS      verified  verified     kept
implicit, expired    TLS    TLS    TLS      kept      verified     kept
"""


def expected(server):
    """By state and level."""
    found = {}
    for line in (WITH_LOGIN if server.login else EXPECTED).splitlines()[2:]:
        state, words = line[:21].strip(), line[21:].split()
        # Where TLS comes first, who cannot have it has nothing.
        if server.name == "s_server" and not channels.implicit(state):
            words = ["kept"] * len(LEVELS) if words[1] == "clear" else ["TLS", *words[1:]]
        found.update({(state, level): word for level, word in zip(LEVELS, words)})
    return {cell: word for cell, word in found.items() if cell[0] in server.states}


def options(server, state, level):
    """The keys of hantar.conf that say so."""
    address, port = server.at(state)
    keys = {"relay": f"{'submissions://' if server.wrapped(state) else ''}{channels.host_of(address)}:{port}"}
    keys["tls-authorities"] = server.pki.root
    keys["tls"] = "fingerprint" if level == "another's" else level
    if level in ("fingerprint", "another's"):
        own = STATES[state]
        keys["tls-fingerprint"] = server.pki.prints[own if level == "fingerprint" else "foreign" if own != "foreign" else "good"]
    if server.login:
        keys.update({"user": channels.USER, "password-file": "/etc/secret", "auth": "plain"})
    return keys


def send(server, state, level):
    """What hantar says, and its status."""
    words = [word for key, value in options(server, state, level).items() for word in ("-O", f"{key}={value}")]
    message = f"Subject: hantar/{state}/{level}\n\nhello\n"
    behind = server.before(state)
    done = server.lab.run_beside(["-v", *words, f"alice@{server.domain}"], message)
    behind()
    return done


def outcome(done, by_tls):
    """by_tls: how it came to the server, None: it did not."""
    said, proved = ">>> MAIL" in done.out, "Verified TLS connection" in done.out
    if done.status == 75 and by_tls is None and not said and ">>> AUTH" not in done.out:
        return "kept"
    if done.status == 0 and by_tls is not None and said:
        return "verified" if by_tls and proved else "TLS" if by_tls else "clear"
    return f"status {done.status}, {by_tls}"


def all_of(server):
    """hantar's outcome in every cell."""
    with ThreadPoolExecutor(4) as pool:
        rows = pool.map(lambda state: {(state, level): send(server, state, level) for level in LEVELS}, server.states)
        done = {cell: result for row in rows for cell, result in row.items()}
    server.lab.assert_nothing_left()
    took = server.took()
    return {cell: outcome(result, took.get("/".join(["hantar", *cell]))) for cell, result in done.items()}


@pytest.fixture(name="pki", scope="module")
def make_pki(tmp_path_factory):
    return channels.make_pki(tmp_path_factory.mktemp("matrix") / "pki")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize("kind", SERVERS, ids=lambda kind: kind.name)
def test_every_cell(lab, pki, kind):
    """E-01, E-05, E-06, E-07, E-08, E-10, E-12, E-16, E-19: real servers in each state that they can be in, at each level."""
    server = kind(lab, pki)
    try:
        with channels.known(lab):
            assert all_of(server) == expected(server)
    finally:
        server.stop()


@pytest.mark.parametrize("level", ["encrypt", "verify", "fingerprint"])
def test_postfix_knows_us_by_our_certificate(lab, pki, level):
    """E-15: it takes mail only of clients whose certificate it knows; whatever we ask of its own."""
    server = channels.Postfix(lab, pki)
    ours = pki.authority.issue(f"laptop-{level}", [])
    ours.chmod(0o600)
    (server.inside / "clients").write_text(f"{certs.fingerprint(ours, colons=True)} laptop\n")
    asked = {
        "smtpd_tls_ask_ccert": "yes",
        "smtpd_tls_CAfile": "/run/lab/matrix/root.pem",
        "smtpd_tls_fingerprint_digest": "sha256",
        "relay_clientcerts": "texthash:/run/lab/matrix/clients",
        "smtpd_client_restrictions": "permit_tls_clientcerts,reject",
    }
    try:
        server.reload(server.text + server.service("good", **asked))
        wait_for("postfix asks", lambda: not server.answers("expired") and server.answers())
        words = [word for key, value in options(server, "good", level).items() for word in ("-O", f"{key}={value}")]
        with channels.known(lab):
            done = lab.run(["-v", *words, "alice@post.test"], "Subject: x\n\nhello\n")
            assert done.status == 69 and "Access denied" in done.err, done.out
            done = lab.run(["-v", *words, "-O", f"tls-certificate={ours}", "alice@post.test"], "Subject: x\n\nhello\n")
        assert done.status == 0, done.out
        (mail,) = lab.mail("alice@post.test")
        assert b"(verified OK)" in mail.trace and f'Client CN "laptop-{level}"'.encode() in mail.trace
    finally:
        server.stop()
