# SPDX-License-Identifier: ISC
"""Where the spool is when nobody says so, and what an ordinary user can do in a spool of the whole system."""

import os
import re
import shutil

import pytest

from lab import smtp

MESSAGE = "Subject: hi\n\nhello\n"
HOST = "198.18.0.20"
ALICE = 64201  # a user without a name, and with nothing
SYSTEM = "/var/spool/hantar"  # which in the lab is not that of this machine


@pytest.fixture(name="server")
def a_server(lab):
    """It has no time, until a test says so."""
    lab.mx("walk.test", HOST)
    lab.spool = None
    replies = {"DOT": "451 4.3.0 later"}
    server = lab.serve(HOST, smtp(DOT=lambda *_: replies["DOT"]))
    server.replies = replies
    return server


@pytest.fixture(name="home")
def a_home(lab):
    home = lab.state / "home"
    home.mkdir()
    os.chown(home, ALICE, ALICE)
    yield home
    shutil.rmtree(home)


def inside(lab, path):
    """A path of the lab as it is seen from here."""
    return lab.proc.parent / path.lstrip("/")


@pytest.fixture(name="spool")
def system_spool(lab):
    spool = inside(lab, SYSTEM)
    yield spool
    shutil.rmtree(spool, ignore_errors=True)


def entries(spool):
    return sorted(path.stem for path in spool.glob("*.env"))


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
