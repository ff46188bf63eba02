# SPDX-License-Identifier: ISC
"""An ordinary user against an installation for the whole system: what he does to his process gains him nothing,
and loses nobody's mail.
"""

import itertools
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from installation import ALICE, BOB, MESSAGE, PROGRAM, SYSTEM, entries, inside
from judges import wait_for
from lab import SPOOL_FILES, STALL, smtp
from sasl import auth

PTRACE_SEIZE = 0x4206
NOGROUP = 65534  # the group of users in the lab
AS_ALICE = ["setpriv", f"--reuid={ALICE}", "--regid=nogroup", "--clear-groups"]


def groups(lab, pid):
    """Real, effective, saved and file system group of a process."""
    status = lab.path(f"/proc/{pid}/status").read_text()
    return [int(number) for number in re.search(r"^Gid:\t(.*)$", status, re.M)[1].split()]


def refuses(lab, *command):
    """He may try."""
    done = subprocess.run([*lab.client, *AS_ALICE, *map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode != 0, f"{command}: {done.stdout}"


PRYING = [
    *(["head", "-c", "1", f"/proc/{{}}/{name}"] for name in ("environ", "maps", "auxv")),
    *(["ls", f"/proc/{{}}/{name}"] for name in ("fd/", "cwd/", "root/")),
    ["dd", "if=/proc/{}/mem", "of=/dev/null", "count=0"],
    ["prlimit", "--pid", "{}", "--nofile=100:100"],
    [sys.executable, "-c", f"import ctypes as c; raise SystemExit(c.CDLL(None).ptrace({PTRACE_SEIZE}, c.c_long({{}}), 0, 0) != 0)"],
]


@pytest.fixture(name="reading")
def one_that_reads(system):
    """A process of alice's that waits for her message."""
    process = system.start("a@walk.test")
    wait_for("a place in the spool", lambda: list(system.spool.glob("*.msg")), 5)
    yield process
    process.communicate(MESSAGE.encode(), 20)
    assert process.returncode == 0


# ---------------------------------------------------------------- the group
def test_the_group_is_put_aside(system, reading):
    """J-06, J-07: while it reads and parses, its effective group is the caller's."""
    (pid,) = system.lab.processes()
    assert groups(system.lab, pid) == [NOGROUP, NOGROUP, system.gid, NOGROUP]


@pytest.mark.parametrize("replies", [{"greeting": STALL}, {"EHLO": STALL, "starttls": True}, {"DATA": STALL}], ids=str)
def test_agents_are_without_it(system, replies):
    """J-06: who reads what comes from a network cannot have it again."""
    system.lab.mx("slow.test", "198.18.0.21")
    peer = system.lab.serve("198.18.0.21", smtp(**replies))
    process = system.start("a@slow.test")
    process.stdin.write(MESSAGE.encode())
    process.stdin.close()
    wait_for("a conversation", lambda: peer.peers and len(entries(system.spool)) == 1, 5)

    def having():
        return [pid for pid in system.lab.processes() if groups(system.lab, pid) != [NOGROUP] * 4]

    try:
        # Who commits ends, and who has just been connected gives it up: then the dispatcher is alone.
        wait_for("agents without it", lambda: len(having()) == 1 < len(system.lab.processes()), 5)
    finally:
        dispatcher = min(system.lab.processes(), key=int)
        system.lab.kill(dispatcher, "TERM")
    assert process.wait(10) == 0
    system.lab.assert_nothing_left()


def test_the_password_of_the_system(system):
    """J-05, J-11, F-22: it is used for mail of users who cannot read it, but not where they name servers."""
    lab = system.lab
    server = lab.serve("198.18.0.20", smtp(extensions=["AUTH PLAIN"], starttls=True, AUTH=auth("me", "sesame")), port=587)
    lab.etc("secret", "sesame\n")
    lab.etc("hantar.conf", "relay = 198.18.0.20:587\nuser = me\npassword-file = /etc/secret\ntls = encrypt\n")
    inside(lab, "chgrp", "hantar", "/etc/secret")
    inside(lab, "chmod", "640", "/etc/secret")
    refuses(lab, "cat", "/etc/secret")
    done = system.run("-v", "a@walk.test")
    assert done.status == 0 and len(server.mail) == 1 and "sesame" not in done.out, done
    server.commands.clear()
    for own in ("relay=198.18.0.21:587", "tls=none", "nameserver=198.18.0.2"):
        assert system.run("-O", own, "a@walk.test").status == 74
    assert not [line for line in server.commands if line.startswith("AUTH")]


def test_nobody_looks_into_it(system, reading):
    """J-16: neither memory nor descriptors nor limits of the process are its user's; there are no core files."""
    lab = system.lab
    (pid,) = lab.processes()
    # What he may do with another process of his he may not with this one.
    other = inside(lab, *AS_ALICE, "sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!").strip()
    for command in PRYING:
        inside(lab, *AS_ALICE, *(word.format(other) for word in command))
        refuses(lab, *(word.format(pid) for word in command))
    lab.kill(other, "KILL")
    assert re.search(r"^Max core file size +0 +0 ", lab.path(f"/proc/{pid}/limits").read_text(), re.M)


def test_the_spool_is_closed(system):
    """G-34, J-13: nobody but hantar and root reads, alters, makes or removes what is there, his own included."""
    lab = system.lab
    assert system.run("a@walk.test").status == system.run("a@walk.test", user=BOB).status == 0
    tree = inside(lab, "find", SYSTEM, "-printf", "%p %i %s %m %U %T@\n")
    own = lab.state / "alice"
    own.write_text("x")
    for entry in entries(system.spool):
        for path in (f"{SYSTEM}/{entry}.env", f"{SYSTEM}/{entry}.msg"):
            refuses(lab, "cat", path)
            refuses(lab, "truncate", "-s", "0", path)
            refuses(lab, "chmod", "666", path)
            refuses(lab, "rm", "-f", path)
            refuses(lab, "ln", path, lab.tmp / "link")
            refuses(lab, "mv", path, lab.tmp)
            refuses(lab, "flock", "-n", path, "true")
    refuses(lab, "ls", SYSTEM)
    refuses(lab, "sh", "-c", f"echo >{SYSTEM}/stamp")
    refuses(lab, "mkfifo", f"{SYSTEM}/1A.msg")
    refuses(lab, "ln", "-s", "/etc/passwd", f"{SYSTEM}/1A.msg")
    refuses(lab, "ln", own, f"{SYSTEM}/1A.msg")
    assert inside(lab, "find", SYSTEM, "-printf", "%p %i %s %m %U %T@\n") == tree


def test_entries_of_others(system):
    """G-17, J-13: he can change his own entry by hantar, and neither change, lock nor see that of another."""
    assert system.run("a@walk.test", user=BOB).status == 0
    (entry,) = entries(system.spool)
    before = (system.spool / f"{entry}.env").read_bytes()
    for change in ("--hold", "--release", "--requeue", "--delete"):
        assert system.run(change, entry).status == 77
        assert system.run(change, "ALL").status == 0
    assert "a@walk.test" not in system.run("-bp").out
    assert (system.spool / f"{entry}.env").read_bytes() == before
    assert system.run("--hold", entry, user=BOB).status == 0
    assert system.run("--delete", entry, user="hantar").status == 0
    assert entries(system.spool) == []


# ---------------------------------------------------------------- the environment
HOSTILE = {
    "EMAIL": "evil@evil.test",
    "NAME": "Evil",
    "LOGNAME": "root",
    "USER": "root",
    "HOME": "{folder}",
    "XDG_CONFIG_HOME": "{folder}",
    "XDG_STATE_HOME": "{folder}",
    "TMPDIR": "/nonexistent",
    "HOSTALIASES": "{folder}/hosts",
    "LOCALDOMAIN": "x" * 300,
    "RES_OPTIONS": "ndots:15 use-vc timeout:30",
    "RESOLV_HOST_CONF": "{folder}/hosts",
    "OPENSSL_CONF": "{folder}/openssl.cnf",
    "OPENSSL_MODULES": "{folder}",
    "SSL_CERT_FILE": "{folder}/hosts",
    "SSL_CERT_DIR": "{folder}",
    "SSLKEYLOGFILE": "{folder}/keys",
    "MALLOC_PERTURB_": "85",
    "MALLOC_ARENA_MAX": "1",
    "GLIBC_TUNABLES": "glibc.malloc.check=3",
    "LD_PRELOAD": "{folder}/evil.so",
    "LD_LIBRARY_PATH": "{folder}",
    "GCONV_PATH": "{folder}",
    "TZ": "{folder}/hosts",
    "TZDIR": "{folder}",
    "LANG": "../../../{folder}",
    "LC_ALL": "/{folder}",
    "LOCPATH": "{folder}",
    "PATH": "{folder}",
    "IFS": "/",
}


def sent(server):
    """What a server was told, without what differs from message to message."""
    (mail,) = server.mail
    server.mail.clear()
    text = re.sub(rb"(?m)^(Date|Message-ID|Received|\t).*\r\n", b"", mail[2])
    return mail[0], mail[1], text


def test_the_environment_says_nothing(system):
    """J-03, J-04: a program with the group's bit acts as if none of this were there, alone and all together."""
    folder = system.lab.state / "hostile"
    folder.mkdir(exist_ok=True)
    (folder / "hantar").mkdir(exist_ok=True)
    (folder / "hantar/hantar.conf").write_text("nonsense\n")
    (folder / ".config").mkdir(exist_ok=True)
    (folder / ".config/hantar").symlink_to(folder / "hantar")
    (folder / "hosts").write_text("mx.post.test evil.test\n")
    (folder / "openssl.cnf").write_text("openssl_conf = x\n[x]\nssl_conf = y\n[y]\nsystem_default = z\n[z]\nMinProtocol = TLSv1.3\nMaxProtocol = TLSv1.2\n")
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o777 if path.is_dir() else 0o666)
    system.lab.mx("safe.test", "198.18.0.22")
    peer = system.lab.serve("198.18.0.22", smtp(starttls=True))
    assert system.run("a@safe.test").status == 0
    usual, said = sent(peer), list(peer.commands)
    everything = {name: value.format(folder=folder) for name, value in HOSTILE.items()}
    before = sorted(folder.rglob("*"))
    for env in (*({name: value} for name, value in everything.items()), everything):
        peer.commands.clear()
        done = system.run("a@safe.test", under=["env", *(f"{name}={value}" for name, value in env.items())])
        assert (done.status, done.out, done.err) == (0, "", ""), (env, done)
        assert sent(peer) == usual and peer.commands == said, env
    assert sorted(folder.rglob("*")) == before and not list(system.spool.glob("*.*"))


def test_words_of_the_environment(system):
    """J-03: the time zone is the caller's."""
    system.serve()
    for zone, offset in (("UTC-5", b"+0500"), ("Asia/Tokyo", b"+0900")):
        assert system.run("a@walk.test", env={"TZ": zone}).status == 0
        assert re.search(rb"(?m)^Date: .*(\S{5})\r$", system.server.mail.pop()[2])[1] == offset


# ---------------------------------------------------------------- options
def option_values(lab):
    own = lab.state / "own"
    if not own.exists():
        own.mkdir()
        own.chmod(0o777)
        (own / "conf").write_text("patience = 29s\n")
    return own


OWN_WAY = [
    ("-C", "{own}/conf"),
    ("-oA{own}/aliases",),
    ("-O", "aliases="),
    ("-O", "AliasFile={own}/aliases"),
    ("-O", "log={own}/log"),
    ("-O", "nameserver=198.18.0.2"),
    ("-O", "hostname=else.test"),
    ("-O", "smtp-port=25"),
    ("-O", "agents=3"),
]
ORDINARY = [
    ("-oi",),
    ("-i", "-f", "b@walk.test"),
    ("-N", "failure", "-R", "hdrs", "-V", "id"),
    ("-odi",),
    ("-odq",),
    ("-odb",),
    ("-oem",),
    ("-O", "max-message=1G", "-O", "max-recipients=1000"),
    ("-O", "patience=20s"),
    ("-O", "DeliveryMode=interactive"),
    ("-O", "QueueDirectory=/tmp"),
    ("-oQ/tmp",),
    ("-v",),
]


@pytest.mark.parametrize("options", OWN_WAY, ids=" ".join)
def test_who_goes_his_own_way(system, options):
    """J-05: who names files or servers has no group, so no spool of the system; his mail goes out if it can."""
    own = option_values(system.lab)
    options = [option.format(own=own) for option in options]
    done = system.run(*options, "a@walk.test")
    assert done.status == 74 and "set-group-ID" in done.err, done
    assert system.run(*options, "-odq", "a@walk.test").status == 74
    assert not entries(system.spool)
    process = system.start(*options, "a@walk.test")
    pids = []
    wait_for("no group any more", lambda: pids.extend(system.lab.processes()) or pids and groups(system.lab, pids[0]) == [NOGROUP] * 4, 5)
    system.serve()
    process.communicate(MESSAGE.encode(), 20)
    assert process.returncode == 0 and len(system.server.mail) == 1


def test_a_spool_of_his_own(system):
    """J-05: whoever names a spool has it by his own rights; none, too."""
    own = option_values(system.lab)
    system.lab.timed = False  # his own runner would stay
    assert system.run("-O", f"spool={own}/spool", "a@walk.test").status == 0
    assert len(entries(own / "spool")) == 1 and not entries(system.spool)
    assert system.run("-O", f"spool={SYSTEM}", "a@walk.test").status == 74
    assert system.run("-O", "spool=none", "a@walk.test").status == 75
    for option in ("-X", "-D"):
        assert system.run(option, str(own / "x"), "a@walk.test").status == 77


@pytest.mark.parametrize("options", ORDINARY, ids=" ".join)
def test_ordinary_options(system, options):
    """J-05: how he wants his message to be taken is his business, and costs him nothing."""
    assert system.run(*options, "a@walk.test").status == 0
    assert len(entries(system.spool)) == 1


# ---------------------------------------------------------------- no effect
WITHOUT = {
    "no-new-privs": ["setpriv", "--no-new-privs"],
    "nosuid": ["unshare", "--user", "--map-current-user", "--mount", "sh", "-c", 'mount -o bind,nosuid /usr/local /usr/local; exec "$@"', "sh"],
    "namespace": ["unshare", "--user"],
    "namespace-root": ["unshare", "--user", "--map-root-user"],
}


@pytest.mark.parametrize("under", WITHOUT.values(), ids=WITHOUT)
def test_a_bit_without_effect(system, under):
    """G-18, G-35: it is noticed, and named; mail goes out if it can, and is an error if not, never lost in silence."""
    done = system.run("a@walk.test", under=under)
    assert done.status == 74 and "<a@walk.test>: deferred" in done.err, done
    assert re.search("spool: .*(set-group-ID|Permission)", done.err), done
    for mode in "bq":
        done = system.run(f"-od{mode}", "a@walk.test", under=under)
        assert done.status == 74 and "spool: " in done.err, done
    assert not entries(system.spool)
    system.serve()
    assert system.run("a@walk.test", under=under).status == 0
    assert len(system.server.mail) == 1


def test_a_spool_that_is_gone(system):
    """G-34, A-50: root makes none in its place, which nobody else could use, and says how it is made."""
    inside(system.lab, "mv", SYSTEM, SYSTEM + ".away")
    try:
        done = system.run("someone@walk.test", user=0)
        assert done.status == 74 and "is missing: systemd-tmpfiles --create" in done.err
        for user in 0, ALICE:
            for args in ["-bp"], ["--queue-status"], ["--hold", "ALL"]:
                done = system.run(*args, user=user)
                assert done.status == 74 and f"{SYSTEM} is missing: " in done.err
        assert not system.spool.exists()
    finally:
        inside(system.lab, "mv", SYSTEM + ".away", SYSTEM)


def test_a_spool_that_cannot_be_written(system):
    """G-18: with all disks read-only an ordinary user's mail goes out; only what has to wait is an error."""
    under = ["env", "--chdir=/"]
    inside(system.lab, "mount", "-o", "remount,ro", "/var/spool")
    try:
        done = system.run("a@walk.test", under=under)
        assert done.status == 74 and "Read-only" in done.err, done
        assert system.run("-odq", "a@walk.test", under=under).status == 74
        system.serve()
        assert system.run("a@walk.test", under=under).status == 0
    finally:
        inside(system.lab, "mount", "-o", "remount,rw", "/var/spool")
    assert len(system.server.mail) == 1


# ---------------------------------------------------------------- limits and signals
WHOLE = [(["RCPT TO:<a@walk.test>"], True)]


def settle(system):
    """The service does what is left over; what was kept is delivered, and nothing is unclear. Returns what arrived."""
    system.serve()
    assert system.queue().status == 0
    left = sorted(path.name for path in system.spool.iterdir() if path.name not in SPOOL_FILES)
    assert left == [], left
    mail = [(mail[1], mail[2].endswith(b"\r\nhello\r\n")) for mail in system.server.mail]
    system.server.mail.clear()
    return mail


LIMITS = {
    "fsize": (0, 1, 100, 4096, 100_000),
    "nofile": (3, 4, 5, 6, 7, 8, 10, 13, 16, 20),
    "nproc": (0, 1),
    "as": (1 << 20, 8 << 20, 16 << 20, 32 << 20),
    "data": (0, 1 << 16, 1 << 18, 1 << 20),
    "stack": (0, 1 << 14, 1 << 16),
    "cpu": (0,),
}


@pytest.mark.parametrize(("limit", "mode"), [(limit, mode) for limit in LIMITS for mode in ("-odq", "-odi")])
def test_limits_of_the_caller(system, limit, mode):
    """J-08, J-17: whatever he limits, status 0 means that it is kept, and it is whole; any other that it is not."""
    for value in LIMITS[limit]:
        if system.lab.sanitized and limit in ("as", "data", "stack", "nofile", "nproc"):
            continue  # the leak checker needs more than is left
        system.server.replies["DOT"] = "451 4.3.0 later"
        done = system.run(mode, "a@walk.test", under=["prlimit", f"--{limit}={value}:{value}"])
        arrived = settle(system)
        assert arrived in ([], WHOLE), (limit, value, done)
        # The limit may kill it just when it has been kept.
        assert done.status < 0 or bool(arrived) == (done.status == 0), (limit, value, done)
        if limit == "fsize":
            assert done.status == 74 and re.search("RLIMIT_FSIZE|File too large", done.err), done


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_descriptors(system, closed):
    """A-51, J-17: no file of the spool becomes standard input, output or error."""
    under = ["sh", "-c", f'exec "$@" {closed}', "sh"]
    for options in (["-odq", "-v"], ["-odi", "-v"]):
        system.server.replies["DOT"] = "451 4.3.0 later"
        done = system.run(*options, "a@walk.test", under=under)
        assert done.status == (66 if "<&-" in closed else 0), done
        assert settle(system) == ([] if done.status else WHOLE)


@pytest.mark.parametrize(
    ("name", "mode"),
    [*itertools.product(("KILL", "TERM"), ("-odi", "-odq", "-odb")), *((name, "-odi") for name in ("HUP", "INT", "QUIT", "ALRM", "XCPU"))],
)
def test_signals_at_many_moments(system, name, mode):
    """J-17: one that he sends at any moment leaves his message whole, or nothing; others' are not touched."""
    for moment in (0, 1, 2, 4, 8, 12, 16, 24):
        system.server.replies["DOT"] = "451 4.3.0 later"
        process = system.start(mode, "a@walk.test")
        process.stdin.write(MESSAGE.encode())
        process.stdin.close()
        time.sleep(moment / 1000)
        for pid in system.lab.processes():
            system.lab.kill(pid, name)
        status = process.wait(10)
        system.lab.assert_nothing_left()
        arrived = settle(system)
        assert arrived in ([], WHOLE)
        assert arrived or status != 0, "it was said to be kept"


def test_a_stopped_process_holds_up_nobody(system):
    """J-17: it keeps its own entry locked, and the mail of others is sent."""
    lab = system.lab
    process = system.start("a@walk.test")
    wait_for("a place in the spool", lambda: list(system.spool.glob("*.msg")), 5)
    (own,) = system.spool.glob("*.msg")
    (pid,) = lab.processes()
    lab.kill(pid, "STOP")
    env = {"PATH": "/usr/sbin:/usr/bin"}
    bob = [*lab.client, "setpriv", f"--reuid={BOB}", "--regid=nogroup", "--clear-groups", PROGRAM, "-odq", "b@walk.test"]
    assert subprocess.run(bob, input=MESSAGE.encode(), env=env, check=False).returncode == 0
    system.serve()
    service = [*lab.client, "setpriv", "--reuid=hantar", "--regid=hantar", "--clear-groups", PROGRAM, "-q"]
    assert subprocess.run(service, env=env, check=False).returncode == 0
    assert [mail[1] for mail in system.server.mail] == [["RCPT TO:<b@walk.test>"]]
    assert own.exists() and not entries(system.spool)
    lab.kill(pid, "CONT")
    process.send_signal(signal.SIGCONT)  # nsenter has done as its child did
    process.communicate(MESSAGE.encode(), 20)
    assert process.returncode == 0 and len(system.server.mail) == 2


def test_he_asks_for_a_run(system):
    """G-12: his -q sends nothing; it touches the file that wakes the service, which does."""
    assert system.run("-odq", "a@walk.test", user=BOB).status == 0
    system.serve()
    wake = system.spool / "wake"
    wake.unlink(missing_ok=True)
    for _ in range(2):
        assert system.run("-q").status == 0
        assert wake.exists() and not system.server.mail
        os.utime(wake, (1, 1))
    assert system.run("-q").status == 0
    assert wake.stat().st_mtime > 1 and len(entries(system.spool)) == 1
    assert system.service().status == 0
    assert len(system.server.mail) == 1 and not entries(system.spool)
