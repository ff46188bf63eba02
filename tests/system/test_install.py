# SPDX-License-Identifier: ISC
"""Where the spool is when nobody says so, and what an ordinary user can do in a spool of the whole system."""

import os
import re
import shutil

import pytest

from installation import ALICE, MESSAGE, PROGRAM, SYSTEM, entries, inside


@pytest.fixture(name="home")
def a_home(lab):
    home = lab.state / "home"
    home.mkdir()
    os.chown(home, ALICE, ALICE)
    yield home
    shutil.rmtree(home)


@pytest.fixture(name="spool")
def system_spool(lab):
    lab.timed = False
    spool = lab.path(SYSTEM)
    yield spool
    shutil.rmtree(spool, ignore_errors=True)


# ---------------------------------------------------------------- the default
@pytest.mark.parametrize(
    ("env", "place"),
    [({}, ".local/state/hantar"), ({"XDG_STATE_HOME": "there"}, "there/hantar"), ({"XDG_STATE_HOME": ""}, ".local/state/hantar")],
    ids=["home", "xdg", "empty"],
)
def test_a_user_has_a_spool(lab, server, home, env, place):
    """G-35: without privilege and configuration mail that has to wait does so in the home, in what is made for it."""
    env = {key: str(home / value) if value else "" for key, value in env.items()}
    env["HOME"] = str(home)
    lab.timed = False
    done = lab.run(["a@walk.test"], MESSAGE, env, user=ALICE)
    assert (done.status, done.out, done.err) == (0, "", "")
    spool = home / place
    (entry,) = entries(spool)
    for path in [spool, *spool.parents][: len(place.split("/"))]:
        assert (path.stat().st_mode & 0o7777, path.stat().st_uid) == (0o700, ALICE), path
    assert (spool / f"{entry}.env").stat().st_mode & 0o7777 == 0o600
    assert entry in lab.run([], env=env, user=ALICE, name="mailq").out
    server.replies["DOT"] = "250 2.0.0 fine"
    assert lab.run(["-q"], env=env, user=ALICE).status == 0
    assert len(server.mail) == 1 and entries(spool) == []


def test_root_has_a_spool(lab, server, home, spool):
    """G-35: root's mail waits in the spool of the system, wherever his home is."""
    assert lab.run(["a@walk.test"], MESSAGE, {"HOME": str(home)}).status == 0
    assert len(entries(spool)) == 1 and spool.stat().st_mode & 0o7777 == 0o700
    assert list(home.iterdir()) == []
    server.replies["DOT"] = "250 2.0.0 fine"
    assert lab.run(["-q"]).status == 0
    assert len(server.mail) == 1 and entries(spool) == []


@pytest.mark.parametrize("home", ["", "/nowhere/at/all", "/proc", "relative", "/dev/null", "//"])
def test_no_place_for_a_spool(lab, server, home):
    """G-18: where there can be no spool mail gets out all the same; only what is deferred is an error, which says why."""
    env = {"HOME": home}
    done = lab.run(["a@walk.test"], MESSAGE, env, user=ALICE)
    assert done.status == 74 and "<a@walk.test>: deferred" in done.err, done
    assert re.search(r"spool: .*(home|No such|Permission|Not a directory)", done.err), done
    (line,) = [line for line in done.log if "goes on without" in line]
    assert "spool: " in line
    for mode in "bq":
        kept = lab.run([f"-od{mode}", "a@walk.test"], MESSAGE, env, user=ALICE)
        assert kept.status == 74 and "spool: " in kept.err, kept
    server.replies["DOT"] = "250 2.0.0 fine"
    done = lab.run(["a@walk.test"], MESSAGE, env, user=ALICE)
    assert (done.status, done.out, done.err) == (0, "", "")
    assert len(server.mail) == 1


# ---------------------------------------------------------------- for the whole system
def test_the_spool_of_root_becomes_that_of_all(lab, server, request):
    """G-34: what waited in root's own spool before is delivered by the service after."""
    lab.timed = False
    assert lab.run(["a@walk.test"], MESSAGE).status == 0
    assert lab.path(SYSTEM).stat().st_mode & 0o7777 == 0o700
    request.getfixturevalue("installation")
    system = request.getfixturevalue("system")
    assert len(entries(system.spool)) == 1
    system.serve()
    assert system.queue().status == 0
    assert len(server.mail) == 1 and not list(system.spool.glob("*.*"))


def test_what_is_installed(lab, system):
    """G-34, G-35: the program has the group's bit and no other; the spool is closed to all but user and group."""
    uid, gid = system.uid, system.gid
    program, spool = lab.path(PROGRAM).stat(), system.spool.stat()
    assert (program.st_mode & 0o7777, program.st_uid, program.st_gid) == (0o2755, 0, gid)
    assert (spool.st_mode & 0o7777, spool.st_uid, spool.st_gid) == (0o2770, uid, gid)


@pytest.mark.parametrize("owner, mode, gone, remedy", [
    ("hantar", "755", False, "chmod 2770"),
    ("hantar", "700", False, "chmod 2770"),
    ("4711", "2770", False, "not to uid {uid}: chown {uid} " + SYSTEM),
    ("hantar", "2770", True, "there is no user hantar (systemd-sysusers makes it)"),
])
def test_a_spool_that_is_wrong(lab, system, owner, mode, gone, remedy):
    """A-30, A-50: who gives a message, and --check, are told what is wrong and what mends it."""
    inside(lab, "chown", owner, SYSTEM)
    inside(lab, "chmod", mode, SYSTEM)
    users = lab.path("/etc/passwd").read_text()
    try:
        if gone:
            lab.etc("passwd", re.sub(r"^hantar:.*\n", "", users, flags=re.M))
        for args, status in ((["-odq", "a@walk.test"], 74), (["--check"], 78)):
            done = system.run(*args)
            assert done.status == status and remedy.format(uid=system.uid) in done.err, done
    finally:
        lab.etc("passwd", users)
        inside(lab, "chown", "hantar", SYSTEM)
        inside(lab, "chmod", "2770", SYSTEM)
    assert system.run("--check").status == 0
    done = system.run("--check", "-O", "spool-room=1023G", user=None)
    assert done.status == 78 and f"spool: {SYSTEM}: less than the 1098437885952 bytes of spool-room" in done.err


def test_a_password_that_root_alone_can_read(lab, system):
    """A-30, F-23: to root it is told that others send, too, and how they come to read it."""
    lab.etc("hantar.conf", "relay = a.test\nuser = me\npassword-file = /etc/secret\n")
    lab.etc("secret", "word\n")
    secret = lab.path("/etc/secret")
    secret.chmod(0o640)
    done = system.run("--check", user=None)
    assert done.status == 78 and "(mode 0640, root:root) cannot be read by group hantar" in done.err
    assert "chgrp hantar /etc/secret; chmod 0640 /etc/secret" in done.err
    os.chown(secret, 0, system.gid)
    done = system.run("--check", "-v", user=None)
    assert done.status == 0 and "password-file of a.test; mode 0640, root:hantar; root and group hantar may read it" in done.out
    assert f"{SYSTEM}: spool; mode 2770, hantar:hantar; root, hantar and group hantar may read it" in done.out
    assert system.run("--check").status == 0
    lab.etc("secret", None)


def test_an_ordinary_user_sends(system):
    """G-35, G-36: kept at once, as his, and delivered by the service, which he has nothing to do with."""
    done = system.run("a@walk.test")
    assert (done.status, done.out, done.err) == (0, "", "")
    (entry,) = entries(system.spool)
    for kind in ("msg", "env"):
        file = (system.spool / f"{entry}.{kind}").stat()
        assert (file.st_mode & 0o7777, file.st_uid, file.st_gid) == (0o660, ALICE, system.gid)
    system.serve()
    assert system.run("-odq", "b@walk.test").status == 0
    assert system.service().status == 0
    assert entries(system.spool) == [entry], "it is not due yet"
    assert system.queue().status == 0
    assert [mail[1] for mail in system.server.mail] == [["RCPT TO:<b@walk.test>"], ["RCPT TO:<a@walk.test>"]]
    assert system.run("a@walk.test").status == 0
    assert len(system.server.mail) == 3 and entries(system.spool) == []
