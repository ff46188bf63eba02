# SPDX-License-Identifier: ISC
"""What `make install-system` puts there for others to read, and a new user's first hour with it."""

import re
import shutil
import socket
import subprocess

import pytest

from installation import ALICE, MESSAGE, PROGRAM, SYSTEM, UNITS, entries, inside
from lab import smtp

USR = "/usr/local/lib"


# ---------------------------------------------------------------- for systemd and cron
def test_units(lab, installation):
    """G-35: systemd finds nothing wrong with the units, and little that the service could do beside its job."""
    names = [f"{UNITS}/hantar.{kind}" for kind in ("service", "timer", "path")]
    done = subprocess.run([*lab.client, "systemd-analyze", "verify", "--man=no", *names], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    out = inside(lab, "systemd-analyze", "security", "--offline=true", "--threshold=25", "--no-pager", names[0])
    assert re.search(r"Overall exposure level for hantar.service: \d", out), out


def test_the_unit_wakes_when_it_should(lab, installation):
    """The path unit watches the file that a user's -q touches, in the spool that the program was built for."""
    (watched,) = re.findall(r"^PathChanged=(.*)$", lab.path(f"{UNITS}/hantar.path").read_text(), re.M)
    assert watched == f"{SYSTEM}/wake"
    assert f'ReadWritePaths="{SYSTEM}"' in lab.path(f"{UNITS}/hantar.service").read_text()


def test_what_packages_bring(lab, installation):
    """G-34: sysusers and tmpfiles make the same user and spool as the installation did."""
    made = inside(lab, "stat", "-c", "%F %a %U %G", SYSTEM)
    entry = inside(lab, "getent", "passwd", "hantar")
    inside(lab, "rmdir", SYSTEM)
    inside(lab, "sed", "-i", "/^hantar:/d", "/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow")
    inside(lab, "systemd-sysusers", f"{USR}/sysusers.d/hantar.conf")
    inside(lab, "systemd-tmpfiles", "--create", f"{USR}/tmpfiles.d/hantar.conf")
    assert inside(lab, "stat", "-c", "%F %a %U %G", SYSTEM) == made == "directory 2770 hantar hantar\n"
    assert inside(lab, "getent", "passwd", "hantar").split(":")[4:] == entry.split(":")[4:]


def test_cron(system):
    """The line of cron does what the service does, and is silent."""
    (line,) = [line for line in system.lab.path("/etc/cron.d/hantar").read_text().splitlines() if line.startswith("*")]
    times, command = line.split(" hantar ", 1)
    assert times == "* * * * *" and "%" not in command
    system.serve()
    assert system.run("-odq", "a@walk.test").status == 0
    as_cron = ["setpriv", "--reuid=hantar", "--regid=hantar", "--clear-groups", "env", "-i", "/bin/sh", "-c"]
    run = command if system.lab.path("/run/systemd").exists() is False else command.replace("/run/systemd", "/nowhere")
    assert inside(system.lab, *as_cron, run) == ""
    assert len(system.server.mail) == 1 and not entries(system.spool)


def test_example(lab, installation):
    """The example of a configuration is valid as it is, and with each of its lines in force."""
    text = lab.path("/usr/local/share/doc/hantar/hantar.conf").read_text()
    assert not re.search("@[a-z]+@", text)
    lab.etc("hantar.conf", re.sub(r"(?m)^#(?=[a-z\[])", "", text))
    lab.etc("hantar.password", "sesame\n")
    inside(lab, "chgrp", "hantar", "/etc/hantar.password")
    inside(lab, "chmod", "640", "/etc/hantar.password")
    folder = lab.path("/run/dovecot")
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as lmtp:
        lmtp.bind(str(folder / "lmtp"))
        lmtp.listen()
        assert inside(lab, PROGRAM, "--check") == ""
    shutil.rmtree(folder)
    lab.path("/etc/hantar.password").unlink()
    keys = re.findall(r"(?m)^#([a-z-]+) = (.*)$", text.partition("#[")[0])
    printed = inside(lab, PROGRAM, "--print-config")
    assert len(keys) > 3 and all(f"\n{key} = {value}\n" in printed for key, value in keys)


# ---------------------------------------------------------------- root and the service
def test_root_and_the_service_take_turns(system):
    """G-34, G-36: each works on what the other has left; root's mail is root's."""
    for user in (None, "hantar", None):
        assert system.run("a@walk.test", user=None).status == 0
        (entry,) = entries(system.spool)
        file = (system.spool / f"{entry}.env").stat()
        assert (file.st_mode & 0o7777, file.st_uid, file.st_gid) == (0o660, 0, system.gid)
        assert system.run("-q", user=user).status == 0
        assert entries(system.spool) == [entry]
        system.serve()
        assert system.run("-q", user=user).status == 0
        assert system.server.mail.pop() and not entries(system.spool)
        system.server.replies["DOT"] = "451 4.3.0 later"


@pytest.mark.parametrize("name", ["stamp", "wake", "runner", "corrupt"])
@pytest.mark.parametrize("plant", ["ln -s /etc/victim", "ln /var/spool/victim", "mkfifo", "mkdir"], ids=["link", "hard", "fifo", "folder"])
def test_what_the_service_plants(system, name, plant):
    """G-34: who is hantar can make root neither write elsewhere nor wait, whatever lies in the spool."""
    for victim in ("/etc/victim", "/var/spool/victim"):
        system.lab.path(victim).write_text("victim\n")
    system.lab.timed = False  # nothing says that a timer runs it
    inside(system.lab, "rm", "-f", f"{SYSTEM}/{name}")
    if not (plant == "mkdir" and name == "corrupt"):
        inside(system.lab, *plant.split(), f"{SYSTEM}/{name}")
    broken = system.spool / "1A.env"
    broken.write_text("nonsense\n")
    system.serve()
    system.run("-odq", "a@walk.test", user=None)
    system.run("-q", user=None)
    assert len(system.server.mail) == 1
    for victim in ("/etc/victim", "/var/spool/victim"):
        assert system.lab.path(victim).read_text() == "victim\n"
        system.lab.path(victim).unlink()


# ---------------------------------------------------------------- as a new user would
def test_the_first_hour(system):
    """G-01, G-16, G-35: sent while the server is down, seen in the queue, delivered by the service once it is up."""
    lab = system.lab
    lab.etc("aliases", "root: me@walk.test\n")
    system.server.stop()
    done = system.run("root", text="Subject: backup\n\nfailed\n")
    assert (done.status, done.out, done.err) == (0, "", "")
    (entry,) = entries(system.spool)
    listed = system.run("-bp").out
    assert entry in listed and "me@walk.test" in listed and "refused" in listed, listed
    lab.servers.remove(system.server)


    server = lab.serve("198.18.0.20", smtp())
    assert system.run("--requeue", entry).status == 0
    assert system.service().status == 0
    (mail,) = server.mail
    assert b"\r\nSubject: backup\r\n" in mail[2] and not entries(system.spool)
    assert "empty" in system.run("-bp").out


@pytest.mark.parametrize("user", [ALICE, None], ids=["user", "root"])
def test_a_full_disk(system, user):
    """G-18: `df | hantar root` gets out while the server is up, and fails loudly while it is down."""
    lab = system.lab
    lab.etc("aliases", "root: me@walk.test\n")
    inside(lab, "mount", "-t", "tmpfs", "-o", f"size=100k,mode=2770,uid={system.uid},gid={system.gid}", "small", SYSTEM)
    try:
        inside(lab, "sh", "-c", f"cat /dev/zero >{SYSTEM}/full 2>/dev/null || :")
        text = "Subject: df\n\n" + inside(lab, "df", SYSTEM)
        done = system.run("root", text=text, user=user)
        assert done.status == 74 and "<me@walk.test> (alias <root>): deferred" in done.err, done
        assert f"not kept: spool: {SYSTEM}: less than" in done.err, done
        assert system.run("-odq", "root", text=text, user=user).status == 74
        system.serve()
        done = system.run("root", text=text, user=user)
        assert (done.status, done.err) == (0, "")
        assert b"100%" in system.server.mail[0][2]
        assert [path.name for path in system.spool.iterdir()] == ["full"]
    finally:
        inside(lab, "umount", SYSTEM)
