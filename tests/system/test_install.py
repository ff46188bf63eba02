# SPDX-License-Identifier: ISC
"""Where the spool is when nobody says so, and what an ordinary user can do in a spool of the whole system."""

import os
import re
import shlex
import shutil
import subprocess

import pytest

from lab import TOP, smtp

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


# ---------------------------------------------------------------- for the whole system
PROGRAM = "/usr/local/sbin/hantar"
NO_NEW_PRIVS = ["setpriv", "--no-new-privs"]


def inside_lab(lab, *command, **kwargs):
    done = subprocess.run([*lab.client, *command], capture_output=True, text=True, check=False, **kwargs)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(name="installation", scope="module")
def system_installation(the_lab):
    """`make install-system`, in a world of its own: nothing of this machine is written to."""
    inside_lab(the_lab, "mount", "-t", "tmpfs", "-o", "mode=755", "local", "/usr/local")
    build = the_lab.built
    env = {"PATH": os.environ["PATH"], "HOME": "/", "LC_ALL": "C"}
    inside_lab(the_lab, "make", "-C", TOP, "-o", "all", f"O={build.parent}", "install-system", env=env)
    yield
    inside_lab(the_lab, "make", "-C", TOP, f"O={build.parent}", "uninstall", env=env)
    inside_lab(the_lab, "umount", "/usr/local")
    inside_lab(the_lab, "rm", "-r", SYSTEM)


class System:
    """hantar as anybody meets it who has an account on such a machine."""

    def __init__(self, lab, server):
        self.lab, self.server, self.spool = lab, server, inside(lab, SYSTEM)

    def run(self, *args, text=MESSAGE, user=ALICE, **kwargs):
        return self.lab.run(list(args), text, user=user, name=PROGRAM, **kwargs)

    def serve(self):
        self.server.replies["DOT"] = "250 2.0.0 fine"

    def service(self):
        """What systemd would run, as it would."""
        unit = inside(self.lab, "/usr/local/lib/systemd/system/hantar.service").read_text()
        (command,) = re.findall(r"^ExecStart=(.*)$", unit, re.M)
        become = ["setpriv", "--reuid=hantar", "--regid=hantar", "--clear-groups", "--no-new-privs", "--bounding-set=-all"]
        (program, *args) = shlex.split(command)
        return self.lab.run(args, name=program, under=become)

    def numbers(self):
        """Of user and group hantar."""
        return tuple(int(inside_lab(self.lab, "id", option, "hantar")) for option in ("-u", "-g"))


@pytest.fixture(name="system")
def a_system(lab, server, installation):
    yield System(lab, server)
    # What the installation has made stays, and no mail does.
    inside_lab(lab, "find", SYSTEM, "-mindepth", "1", "-delete")


def test_what_is_installed(lab, system):
    """G-34, G-35: the program has the group's bit and no other; the spool is closed to all but user and group."""
    uid, gid = system.numbers()
    program, spool = inside(lab, PROGRAM).stat(), system.spool.stat()
    assert (program.st_mode & 0o7777, program.st_uid, program.st_gid) == (0o2755, 0, gid)
    assert (spool.st_mode & 0o7777, spool.st_uid, spool.st_gid) == (0o2770, uid, gid)


def test_an_ordinary_user_sends(system):
    """G-35, G-36: kept at once, as his, and delivered by the service, which he has nothing to do with."""
    gid = system.numbers()[1]
    done = system.run("a@walk.test")
    assert (done.status, done.out, done.err) == (0, "", "")
    (entry,) = entries(system.spool)
    for kind in ("msg", "env"):
        file = (system.spool / f"{entry}.{kind}").stat()
        assert (file.st_mode & 0o7777, file.st_uid, file.st_gid) == (0o660, ALICE, gid)
    system.serve()
    assert system.run("-odq", "b@walk.test").status == 0
    assert system.service().status == 0
    assert entries(system.spool) == [entry], "it is not due yet"
    assert system.run("-q", user="hantar").status == 0
    assert [mail[1] for mail in system.server.mail] == [["RCPT TO:<b@walk.test>"], ["RCPT TO:<a@walk.test>"]]
    assert system.run("a@walk.test").status == 0
    assert len(system.server.mail) == 3 and entries(system.spool) == []
