# SPDX-License-Identifier: ISC
"""Relays that put messages into mailboxes themselves: LMTP, over TCP and over a UNIX socket."""

import asyncio
import json
import os
import re
import socket
import subprocess
import threading

import aiosmtpd.lmtp
import pytest

import dovecot
from judges import wait_for
from lab import ACTIONS, DROP, RESET, STALL, smtp

BODY = "\nhello\n.dots\n..\nend\n"
MESSAGE = "Subject: hi\nTo: alice@home.test\n" + BODY
HOST = "198.18.0.20"
TAKEN = "250 2.0.0 has it"
PEOPLE = ["alice@home.test", "bob@home.test", "carol@home.test"]


def path_of(line):
    return re.search(r"<(.*?)>", line)[1]


def lmtp(verdict=lambda _path: TAKEN, extensions=("PIPELINING",), starttls=False, **replies):
    """A scripted server that says verdict(path) of each recipient behind the end of data; smtp() has the rest.

    What it has accepted is in server.mail, as (path, content).
    """

    def lhlo(peer, _line):
        offered = list(extensions) + (["STARTTLS"] if starttls and not peer.tls else [])
        return "250 " + "\n".join(["scripted.test", *offered])

    def data(peer, _line):
        peer.say("354 go ahead")
        content = peer.content()
        for line in peer.recipients:
            reply = verdict(path_of(line))
            if reply in ACTIONS:
                reply(peer)
            if reply.startswith("2"):
                peer.server.mail.append((path_of(line), content))
            peer.say(reply)

    return smtp(**{"LHLO": lhlo, "EHLO": "500 5.5.1 LHLO, please", "DATA": data, **replies})


def entry_of(spool):
    (path,) = spool.glob("*.env")
    return path.read_text()


@pytest.fixture(name="mailboxes", scope="module")
def dovecot_mailboxes(the_lab):
    server = dovecot.Mailboxes(the_lab, PEOPLE)
    yield server
    server.stop()


@pytest.mark.parametrize("relay", [f"lmtp:{dovecot.SOCKET}", f"lmtp://{dovecot.LMTP}"], ids=["socket", "tcp"])
def test_mailboxes_of_dovecot(lab, mailboxes, relay):
    """D-51, D-52, C-30, K-06: a route to it: each has the message once, octet by octet; who has no mailbox is told."""
    assert mailboxes.process.poll() is None
    # The certificate of the lab is signed by nobody whom the client knows.
    lab.etc("hantar.conf", f'[route "home.test"]\nrelay = {relay}\ntls = may\n')
    done = lab.run(["-v", "alice@home.test", "bob@home.test", "nobody@home.test", "carol@other.test"], MESSAGE)
    assert done.status == 67 and "<nobody@home.test>: failed 5.1.1: host" in done.err, done.out + done.err
    assert ">>> LHLO" in done.out and ("TLS connection established" in done.out)
    for user in ("alice", "bob"):
        (mail,) = mailboxes.take(user)
        assert mail.endswith(BODY.encode()), mail
    assert not mailboxes.take("carol") and len(lab.mail("carol@other.test")) == 1
    where = f"relay=localhost[{dovecot.SOCKET}]," if "://" not in relay else "relay=[198.18.0.9]:24,"
    assert len([line for line in done.log if "@home.test>" in line and where in line]) == 3, done.log
    assert lab.run(["alice@home.test"], MESSAGE).status == 0
    assert len(mailboxes.take("alice")) == 1


def test_a_socket_has_no_need_of_tls(lab, mailboxes):
    """D-51, E-07: over a socket it is not asked for, unless the configuration does; then it is, or nothing is sent."""
    relay = f"relay = lmtp:{dovecot.SOCKET}\n"
    lab.etc("hantar.conf", relay)
    done = lab.run(["-v", "alice@home.test"], MESSAGE)
    assert done.status == 0 and ">>> STARTTLS" not in done.out
    assert "tls none;" in lab.run(["-bv", "alice@home.test"]).out
    lab.etc("hantar.conf", relay + "tls = encrypt\n")
    done = lab.run(["-v", "alice@home.test"], MESSAGE)
    assert done.status == 0 and ">>> STARTTLS" in done.out
    assert len(mailboxes.take("alice")) == 2
    lab.etc("hantar.conf", relay + "tls = verify\n")
    done = lab.run(["alice@home.test"], MESSAGE)
    assert done.status == 75 and "4.7.5" in done.err and not mailboxes.take("alice")


class Handler:
    """Answers for each recipient, as Mailman's does."""

    def __init__(self):
        self.mail = []

    async def handle_DATA(self, _server, _session, envelope):  # pylint: disable=invalid-name
        full = [path.startswith("bob@") for path in envelope.rcpt_tos]
        self.mail += [(path, envelope.content) for path, no in zip(envelope.rcpt_tos, full) if not no]
        return "\r\n".join("552 5.2.2 full" if no else TAKEN for no in full)


@pytest.mark.parametrize("where", ["socket", "tcp"])
def test_aiosmtpd(lab, tmp_path, where):
    """D-51, D-52: another server that is real: a reply for each, in their order."""
    handler, loop = Handler(), asyncio.new_event_loop()
    listener = lab.server_socket(socket.AF_UNIX if where == "socket" else socket.AF_INET)
    listener.bind(str(tmp_path / "lmtp") if where == "socket" else (HOST, 24))
    relay = f"lmtp:{tmp_path}/lmtp" if where == "socket" else f"lmtp://{HOST}"

    def make():
        return aiosmtpd.lmtp.LMTP(handler, hostname="home.test", loop=loop)

    start = loop.create_unix_server if where == "socket" else loop.create_server
    server = loop.run_until_complete(start(make, sock=listener))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        done = lab.run(["-O", f"relay={relay}", "-O", "tls=none", *PEOPLE], MESSAGE)
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
    assert done.status == 69 and "<bob@home.test>: failed 5.2.2" in done.err, done.err
    assert [path for path, _ in handler.mail] == ["alice@home.test", "carol@home.test"]
    assert all(content.endswith(BODY.replace("\n", "\r\n").encode()) for _, content in handler.mail)


def test_who_has_it_never_gets_it_again(lab, tmp_path):
    """D-52, D-53: of a message that some have accepted, the others are tried again, and nobody else."""
    spool = tmp_path / "spool"
    lab.etc("hantar.conf", f"relay = lmtp:{tmp_path}/lmtp\n")
    replies = {"bob@home.test": "452 4.2.2 full", "carol@home.test": RESET}
    server = lab.serve(tmp_path / "lmtp", lmtp(lambda path: replies.get(path, TAKEN)))
    done = lab.run(["-O", f"spool={spool}", *PEOPLE], MESSAGE)
    assert done.status == 0
    assert [path for path, _ in server.mail] == ["alice@home.test"]
    assert len(server.peers) == 1, "452 behind the end of data is no reason to ask again at once"
    assert "marks dw?" in entry_of(spool)
    assert [line for line in done.log if "to=<carol@home.test>" in line and "more than once" in line]
    replies.clear()
    done = lab.run(["-O", f"spool={spool}", "-q"])
    assert done.status == 0 and not list(spool.glob("*.env"))
    assert sorted(path for path, _ in server.mail) == PEOPLE
    assert [path_of(line) for line in server.commands if line.startswith("RCPT")] == PEOPLE + PEOPLE[1:]


def test_what_the_log_says(lab, tmp_path):
    """K-01, K-05, K-06: a line for each recipient, which pflogsumm counts by the socket."""
    lab.etc("hantar.conf", f"relay = lmtp:{tmp_path}/lmtp\nspool = none\n")
    lab.serve(tmp_path / "lmtp", lmtp(lambda path: "552 5.2.2 full" if path == "bob@home.test" else TAKEN))
    log = lab.run(PEOPLE, MESSAGE).log
    where = f"localhost[{tmp_path}/lmtp]"
    pattern = rf"hantar/smtp\[\d+\]: \w+: to=<(.*?)>, relay={re.escape(where)}, delay=\S+, delays=\S+, dsn=(\S+), status=(\w+) \((.*)\)"
    found = [match.groups() for line in log if (match := re.fullmatch(pattern, line))]
    refusal = f"host {where} said: 552 5.2.2 full (in reply to end of DATA command)"
    assert sorted(found) == [
        ("alice@home.test", "2.0.0", "sent", TAKEN),
        ("bob@home.test", "5.2.2", "bounced", refusal),
        ("carol@home.test", "2.0.0", "sent", TAKEN),
    ]
    text = "".join(f"Nov 24 12:00:00 laptop {line}\n" for line in log)
    done = subprocess.run(["pflogsumm", "--syslog-name=hantar"], input=text, capture_output=True, text=True, check=True)
    counts = dict(reversed(line.split(None, 1)) for line in done.stdout.splitlines()[4:12] if line.strip())
    assert (counts["delivered"], counts["bounced"]) == ("2", "1"), done.stdout


def test_who_is_killed_among_the_replies(lab, tmp_path):
    """D-53: what was answered is marked at once: whoever dies then, it is not sent again to who has it."""
    spool = tmp_path / "spool"
    waits = threading.Event()

    def verdict(path):
        if path != "bob@home.test":
            return TAKEN
        waits.set()
        return STALL

    server = lab.serve(tmp_path / "lmtp", lmtp(verdict))
    lab.etc("hantar.conf", f"relay = lmtp:{tmp_path}/lmtp\nspool = {spool}\n")
    lab.timed, lab.spool = False, None
    process = lab.start_hantar(PEOPLE, stdin=-1)
    process.stdin.write(MESSAGE.encode())
    process.stdin.close()
    assert waits.wait(10)
    wait_for("the first has it", lambda: "marks dss" in entry_of(spool))
    for pid in lab.processes():
        lab.kill(pid, "KILL")
    process.wait(10)
    server.script = lmtp()
    done = lab.run(["-q"])
    assert "marks d??" in entry_of(spool) and [path for path, _ in server.mail] == PEOPLE[:1], done.log
    lab.run(["-q"])
    assert not list(spool.glob("*.env"))
    assert sorted(path for path, _ in server.mail) == PEOPLE


def test_levels_of_tls(lab, tmp_path):
    """D-51, E-01, E-07: over TCP as for any relay: verified unless it is said, and then not without."""
    server = lab.serve(HOST, lmtp(), port=24)
    lab.etc("hantar.conf", f"relay = lmtp://{HOST}\n")
    done = lab.run(["alice@home.test"], MESSAGE)
    assert done.status == 75 and "4.7.4" in done.err and "tls = none sends it in clear text" in done.err
    assert not [line for line in server.commands if line.startswith("MAIL")]
    server.script = lmtp(starttls=True)
    assert lab.run(["-O", "tls=encrypt", "alice@home.test"], MESSAGE).status == 0
    assert len(server.mail) == 1 and server.peers[-1].tls
    # Of a socket that offers none, it is the same.
    lab.serve(tmp_path / "lmtp", lmtp())
    done = lab.run(["-O", f"relay=lmtp:{tmp_path}/lmtp", "-O", "tls=encrypt", "alice@home.test"], MESSAGE)
    assert done.status == 75 and "4.7.4" in done.err


def test_a_look_at_it(lab, tmp_path):
    """D-51, E-01: --tls-test speaks LMTP, too, and says what the server offers."""
    servers = [lab.serve(tmp_path / "lmtp", lmtp(starttls=True)), lab.serve(HOST, lmtp(starttls=True), port=24)]
    for server, name, port in zip(servers, (f"lmtp:{tmp_path}/lmtp", f"lmtp://{HOST}"), (None, 24)):
        done = lab.run(["--json", "--tls-test", name])
        seen = json.loads(done.out)
        assert "STARTTLS" in str(seen) and server.peers[0].tls and seen["port"] == port, done.out
        assert [line.split()[0] for line in server.commands] == ["LHLO", "STARTTLS", "LHLO", "QUIT"], done.out


def test_what_is_no_relay(lab):
    """D-51, C-27: errors of the configuration, each with its reason: 78."""
    for relay, why in {
        "lmtp://home.test:25": "LMTP is never spoken there",
        "lmtp://home.test:smtp": "LMTP is never spoken there",
        "lmtp:run/lmtp": "neither a port nor one of",
        f"lmtp:/{'x' * 107}": "at most 107 bytes, and this has 108",
        "lmtp:/run/lmtp mx.home.test": "hosts and sockets do not go together",
    }.items():
        for text in (f"relay = {relay}\n", f'[route "home.test"]\nrelay = {relay}\n', f'[relay "box"]\nhost = {relay}\n'):
            lab.etc("hantar.conf", text)
            for args in (["--check"], ["alice@home.test"]):
                done = lab.run(args, MESSAGE)
                assert done.status == 78 and why in done.err and "hantar.conf:" in done.err, (text, done.err)


def test_what_is_printed(lab):
    """D-51: --print-config says what was written, and it can be read again; -bv says where it goes."""
    text = 'relay = lmtp://mx.home.test\n[relay "box"]\nhost = lmtp:/run/lmtp\n[route "home.test"]\nrelay = box\n'
    lab.etc("hantar.conf", text)
    printed = lab.run(["--print-config"]).out
    for line in text.splitlines():
        assert line in printed
    lab.etc("hantar.conf", printed)
    assert lab.run(["--print-config"]).out == printed
    assert "relay box; hosts lmtp:/run/lmtp; tls none;" in lab.run(["-bv", "alice@home.test"]).out
    assert "hosts lmtp://mx.home.test:24; tls verify;" in lab.run(["-bv", "alice@post.test"]).out


def test_sockets_that_are_none(lab, tmp_path):
    """D-51, C-30: missing, a file, a folder, closed to the caller, without a server: it waits, and the line says why."""
    (tmp_path / "file").touch()
    (tmp_path / "shut").mkdir(mode=0o700)
    lab.serve(tmp_path / "shut/lmtp", lmtp())
    lab.serve(tmp_path / "left", lmtp()).stop()
    datagrams = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    datagrams.bind(str(tmp_path / "datagrams"))
    for name in ("file", "left", "shut/lmtp", "datagrams"):
        (tmp_path / name).chmod(0o666)
    tmp_path.chmod(0o777)
    for name, why in {
        "none": "No such file or directory; is the server there running?",
        "file": "Connection refused; is the server there running?",
        "": "Connection refused",
        "file/lmtp": "Not a directory",
        "left": "Connection refused",
        "shut/lmtp": "Permission denied",
        "datagrams": "Protocol wrong type for socket",
    }.items():
        path = f"{tmp_path}/{name}"
        done = lab.run(["-O", f"relay=lmtp:{path}", "-O", "spool=none", "alice@home.test"], MESSAGE, user="nobody")
        assert done.status == 75 and f"connect to localhost[{path}]: {why}" in done.err, done.err
    datagrams.close()


def test_sockets_in_their_order(lab, tmp_path):
    """C-27, D-52: one after the other; who has it from the first is not named to the second. A path is any text."""
    names = [tmp_path / name for name in ("none", "one]", "zw\u00f6lf")]
    first = lab.serve(names[1], lmtp(lambda path: "451 4.3.0 later" if path.startswith("bob@") else TAKEN))
    second = lab.serve(names[2], lmtp())
    relay = ",".join(f"lmtp:{path}" for path in names)
    done = lab.run(["-O", f"relay={relay}", "-O", "spool=none", *PEOPLE], MESSAGE)
    assert done.status == 0
    assert [path for path, _ in first.mail] == ["alice@home.test", "carol@home.test"]
    assert [path for path, _ in second.mail] == ["bob@home.test"]
    (line,) = [line for line in done.log if "to=<bob@home.test>" in line]
    assert f"relay=localhost[{tmp_path}/zw" in line and line.isascii()


def test_sockets_are_checked(lab, tmp_path):
    """D-51: --check says of each socket, in relays and routes, whether it is one."""
    (tmp_path / "file").touch()
    lab.serve(tmp_path / "lmtp", lmtp())
    for text in ("relay = lmtp:{}\n", '[route "home.test"]\nrelay = lmtp:{}\n', '[relay "box"]\nhost = lmtp:{}\nfrom = me@home.test\n'):
        for name, why in {"lmtp": "", "file": "is no socket", "none": "No such file or directory"}.items():
            lab.etc("hantar.conf", text.format(tmp_path / name))
            done = lab.run(["--check"])
            assert (done.status, done.err.count("\n")) == ((78, 1) if why else (0, 0)) and why in done.err, done.err


def test_peers_that_misbehave(lab, tmp_path):
    """D-51, D-53, D-07: who closes, or says no end of it, delays the mail, and nothing else."""
    server = lab.serve(tmp_path / "lmtp")
    lab.etc("hantar.conf", f"relay = lmtp:{tmp_path}/lmtp\ndot-timeout = 1s\nspool = none\n")

    def flood(peer, _line):
        while True:
            peer.send(b"250-and so on\r\n" * 1000)

    for script, why in {
        lmtp(greeting=DROP): "waiting for the greeting",
        lmtp(LHLO=DROP): "saying LHLO",
        lmtp(LHLO=flood): "saying LHLO",
        lmtp(LHLO="502 5.5.1 what?"): "in reply to LHLO command",
        smtp(): "in reply to LHLO command",
        lmtp(MAIL=DROP): "saying MAIL FROM",
        lmtp(RCPT=RESET): "saying RCPT TO",
        lmtp(DATA=DROP): "saying DATA",
        lmtp(lambda _path: STALL): "message may be sent more than once",
        lmtp(lambda _path: DROP): "message may be sent more than once",
        lmtp(lambda _path: "150 what?"): "message may be sent more than once",
    }.items():
        server.script = script
        done = lab.run(["alice@home.test", "bob@home.test"], MESSAGE)
        assert done.status == 75 and done.err.count(why) == 2, (why, done.err)
    assert not server.mail


def test_many_over_one_connection(lab, tmp_path):
    """D-48, D-52, G-14: a run of the queue; each message has its verdicts, and TCP and sockets do it alike."""
    server = lab.serve(tmp_path / "lmtp", lmtp(lambda path: "450 4.2.1 later" if path == "bob@home.test" else TAKEN))
    lab.etc("hantar.conf", f"relay = lmtp:{tmp_path}/lmtp\n")
    spool = tmp_path / "spool"
    for _ in range(5):
        assert lab.run(["-O", f"spool={spool}", "-odq", "alice@home.test", "bob@home.test"], MESSAGE).status == 0
    done = lab.run(["-O", f"spool={spool}", "-q"])
    assert done.status == 0 and len(server.peers) == 1
    assert [path for path, _ in server.mail] == ["alice@home.test"] * 5
    assert all("marks dw" in path.read_text() for path in spool.glob("*.env")) and len(list(spool.glob("*.env"))) == 5
    server.script = lmtp()
    assert lab.run(["-O", f"spool={spool}", "-q"]).status == 0
    assert [path for path, _ in server.mail][5:] == ["bob@home.test"] * 5 and not list(spool.glob("*.env"))


def test_a_socket_that_users_cannot_open(lab, system, tmp_path):
    """D-51, J-06: where hantar is installed for the system, a socket of its group is enough; who names it himself needs more."""
    tmp_path.chmod(0o711)
    server = lab.serve(tmp_path / "lmtp", lmtp())
    os.chown(tmp_path / "lmtp", 0, system.gid)
    os.chmod(tmp_path / "lmtp", 0o660)
    lab.etc("hantar.conf", f"relay = lmtp:{tmp_path}/lmtp\n")
    done = system.run("-v", "alice@home.test")
    assert done.status == 0 and len(server.mail) == 1, done.out + done.err
    done = system.run("-O", f"relay=lmtp:{tmp_path}/lmtp", "-O", "spool=none", "alice@home.test")
    assert done.status == 75 and "Permission denied" in done.err and len(server.mail) == 1


@pytest.mark.parametrize("what", ["socket", "secret"])
def test_an_agent_dies_with_its_dispatcher(lab, system, tmp_path, what):
    """J-06, DESIGN 2: up to the gate it does, also if it has used, and given up, the group of the installation."""
    stalls = smtp(greeting=STALL)
    tmp_path.chmod(0o711)
    server = lab.serve(tmp_path / "lmtp", stalls) if what == "socket" else lab.serve(HOST, stalls, port=587)
    if what == "socket":
        os.chown(tmp_path / "lmtp", 0, system.gid)
        os.chmod(tmp_path / "lmtp", 0o660)
        lab.etc("hantar.conf", f"relay = lmtp:{tmp_path}/lmtp\n")
    else:
        lab.etc("secret", "unused\n")
        os.chown(lab.path("/etc/secret"), 0, system.gid)
        lab.path("/etc/secret").chmod(0o640)
        lab.etc("hantar.conf", f"relay = {HOST}\nuser = me\npassword-file = /etc/secret\n")
    process = system.start("alice@home.test")
    process.stdin.write(MESSAGE.encode())
    process.stdin.close()

    def statuses():
        return {pid: lab.path(f"/proc/{pid}/status").read_text() for pid in lab.processes()}

    locked = "Seccomp:\t0" if lab.sanitized else "Seccomp:\t2"
    wait_for("an agent hears, locked in", lambda: server.peers and any(locked in text for text in statuses().values()))
    found = statuses()
    (parent,) = [pid for pid, text in found.items() if re.search(r"^PPid:\t(\d+)", text, re.M)[1] not in found]
    lab.kill(parent, "KILL")
    wait_for("it is gone", lambda: not lab.processes(), 5)
    process.wait(10)
    lab.etc("secret", None)
