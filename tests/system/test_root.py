# SPDX-License-Identifier: ISC
"""What root sends: no process that listens to a network is root's."""

import os
import re
import subprocess

import pytest

from installation import MESSAGE, PROGRAM, entries, inside
from judges import wait_for
from lab import STALL, smtp
from sasl import auth

NOBODY = 65534
UNHEARD = "198.18.0.99"  # nobody answers there


def ids(lab, pid):
    """All user and group numbers of a process, and the rights that it has: (uids, gids, others, capabilities)."""
    status = lab.path(f"/proc/{pid}/status").read_text()
    *numbers, rights = (re.search(rf"^{name}:(.*)$", status, re.M)[1].split() for name in ("Uid", "Gid", "Groups", "CapPrm"))
    return [{int(number) for number in line} for line in numbers] + [int(rights[0], 16)]


def start(lab, *args, name="hantar", text=MESSAGE):
    pipes = {key: subprocess.PIPE for key in ("stdin", "stdout", "stderr")}
    process = lab.start_hantar(list(args), name=name, **pipes)
    process.stdin.write(text.encode())
    process.stdin.close()
    process.stdin = None  # communicate() would flush it
    return process


def wait_for_agents(lab, process, what, uid, gid):
    """But for the dispatcher all become that user, who has nothing else."""

    def changed():
        found = [ids(lab, pid) for pid in lab.processes()]
        return len(found) > 1 and sum(now == [{uid}, {gid}, set(), 0] for now in found) == len(found) - 1

    try:
        wait_for(what, changed, 5)
    finally:
        lab.kill(min(lab.processes(), key=int), "TERM")
        process.communicate(timeout=10)


@pytest.fixture(name="plain")
def a_machine_without_that_user(lab, server):  # pylint: disable=unused-argument
    users = lab.path("/etc/passwd")
    text = users.read_text()
    lab.etc("passwd", re.sub(r"^hantar:.*\n", "", text, flags=re.M))
    yield lab
    lab.etc("passwd", text)


STALLS = [{"greeting": STALL}, {"EHLO": STALL, "starttls": True}, {"DATA": STALL}, {"DOT": STALL}]


@pytest.mark.parametrize("args", [["a@slow.test"], ["-q"]], ids=str)
@pytest.mark.parametrize("replies", STALLS, ids=str)
def test_agents_of_the_system(system, replies, args):
    """J-06, J-07: where there is a user for it, his are the agents, of a caller who is root and of root's run of the queue."""
    lab = system.lab
    lab.mx("slow.test", "198.18.0.21")
    if args == ["-q"]:
        assert system.run("-odq", "a@slow.test", user=None).status == 0
    peer = lab.serve("198.18.0.21", smtp(**replies))
    process = start(lab, *args, name=PROGRAM)
    wait_for("a conversation", lambda: peer.peers, 5)
    wait_for_agents(lab, process, "agents of hantar's", system.uid, system.gid)
    assert len(entries(system.spool)) == 1
    peer.stop()  # who is past the gate waits for it
    lab.assert_nothing_left()


@pytest.mark.parametrize("options", [["-O", f"nameserver={UNHEARD}"], ["-O", "relay=mx.relay.test"]], ids=str)
@pytest.mark.parametrize("install", ["system", "plain"])
def test_who_asks(request, lab, install, options):
    """J-06: so are those who wait for an answer of the DNS, by our own means or by those of the system."""
    system = request.getfixturevalue(install)
    uid, gid = (NOBODY, NOBODY) if system is lab else (system.uid, system.gid)
    lab.etc("resolv.conf", f"nameserver {UNHEARD}\n")
    process = start(lab, *options, "-O", "spool=none", "a@walk.test", name="hantar" if system is lab else PROGRAM)
    wait_for_agents(lab, process, "another user", uid, gid)


def test_marks_and_secrets_of_root(system, tmp_path):
    """J-06, J-11, G-05: what only root can read is read before; what the spool has to know is written after."""
    lab = system.lab
    server = lab.serve("198.18.0.21", smtp(extensions=["AUTH PLAIN"], starttls=True, AUTH=auth("me", "sesame")), port=587)
    secret = tmp_path / "secret"
    secret.write_text("sesame\n")
    secret.chmod(0o600)
    for password in (f"password-file={secret}", f"password-command=cat {secret}"):
        options = ["relay=198.18.0.21:587", "user=me", "tls=encrypt", password]
        done = lab.run([*(word for option in options for word in ("-O", option)), "a@walk.test"], MESSAGE, name=PROGRAM)
        assert (done.status, done.out, done.err) == (0, "", ""), done.log
    assert len(server.mail) == 2 and entries(system.spool) == []
    assert not [line for line in done.log if "warning" in line]


def test_agents_follow_their_dispatcher(system):
    """G-05: another user's or not, before the gate they end with who has started them."""
    lab = system.lab
    lab.mx("slow.test", "198.18.0.21")
    peer = lab.serve("198.18.0.21", smtp(EHLO=STALL))
    process = start(lab, "a@slow.test", name=PROGRAM)
    wait_for("a conversation", lambda: peer.peers, 5)
    wait_for("a lookup agent and another", lambda: len(lab.processes()) == 3, 5)
    wait_for("all of them", lambda: sum(ids(lab, pid)[0] == {system.uid} for pid in lab.processes()) == 2, 5)
    lab.kill(min(lab.processes(), key=int), "KILL")
    process.communicate(timeout=10)
    lab.assert_nothing_left()
    assert len(entries(system.spool)) == 1


def test_without_such_a_user(plain, server, tmp_path):
    """J-06: in a plain installation they are nobody's, and all that is to be known is known."""
    lab = plain
    spool = tmp_path / "spool"
    tmp_path.chmod(0o700)
    lab.mx("slow.test", "198.18.0.21")
    peer = lab.serve("198.18.0.21", smtp(EHLO=STALL))
    assert lab.run(["-O", f"spool={spool}", "-odq", "a@slow.test"], MESSAGE).status == 0
    process = start(lab, "-O", f"spool={spool}", "-q")
    wait_for("a conversation", lambda: peer.peers, 5)
    wait_for_agents(lab, process, "nobody's", NOBODY, NOBODY)
    server.replies["DOT"] = "250 2.0.0 fine"
    done = lab.run(["-O", f"spool={spool}", "b@walk.test"], MESSAGE)
    assert done.status == 0 and len(server.mail) == 1 and "status=sent" in "".join(done.log)
    assert not [line for line in done.log if "warning" in line]


WITHOUT = {
    "right": ["setpriv", "--bounding-set=-setuid,-setgid"],
    "users": ["unshare", "--user", "--map-root-user"],
}


@pytest.mark.parametrize("under", WITHOUT.values(), ids=WITHOUT)
def test_a_container_that_allows_nothing(plain, server, under):
    """J-06, K-08: where root cannot be anybody else mail goes out all the same, and the log says so once."""
    lab = plain
    lab.mx("other-walk.test", "198.18.0.20")
    server.replies["DOT"] = "250 2.0.0 fine"
    done = lab.run(["-O", "spool=none", "a@walk.test", "b@other-walk.test"], MESSAGE, under=under)
    assert done.status == 0 and len(server.mail) == 2
    (warning,) = (line for line in done.log if "warning" in line)
    assert "warning: agents are locked in without another user than root (set" in warning


def test_limits_of_root(system):
    """J-08: how many processes hantar's user may have is no matter of root's mail."""
    lab = system.lab
    system.serve()
    done = lab.run(["a@walk.test"], MESSAGE, name=PROGRAM, under=["prlimit", "--nproc=1:1"])
    assert done.status == 0 and len(system.server.mail) == 1, done.log
    assert os.path.exists(system.spool) and inside(lab, "id", "-u", "hantar")
