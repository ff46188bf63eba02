# SPDX-License-Identifier: ISC
"""What is built and installed: hardened, the same wherever it is built, and gone when it is removed."""

import hashlib
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from lab import TOP

PAGES = {f"share/man/man{path.suffix[1:]}/{path.name}": 0o644 for path in (TOP / "man").iterdir()}
FILES = {"sbin/hantar": 0o755, **PAGES}
# What a system needs beside it, under prefix; and the line of cron, which cannot be there.
SYSTEM = {
    "lib/systemd/system/hantar.path": 0o644,
    "lib/systemd/system/hantar.service": 0o644,
    "lib/systemd/system/hantar.timer": 0o644,
    "lib/sysusers.d/hantar.conf": 0o644,
    "lib/tmpfiles.d/hantar.conf": 0o644,
    "share/doc/hantar/hantar.conf": 0o644,
}
CRON = "etc/cron.d/hantar"


def run(command, where):
    # Nothing of the make that runs these tests, and nothing of this user's settings.
    env = {"PATH": os.environ["PATH"], "HOME": "/", "LC_ALL": "C"}
    done = subprocess.run(command, cwd=where, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module", name="trees")
def two_trees(tmp_path_factory):
    """The sources in two folders, built with the flags of a plain `make`."""
    trees = [tmp_path_factory.mktemp(name) / name for name in ("one", "another-with-a-longer-name")]
    for tree in trees:
        tree.mkdir()
        shutil.copy2(TOP / "Makefile", tree)
        for folder in ("src", "man", "dist"):
            shutil.copytree(TOP / folder, tree / folder)
    for path in trees[1].rglob("*"):
        os.utime(path, (1, 1))  # and at another time
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda tree: run(["make", "all"], tree), trees))
    return trees


def test_the_build_can_be_repeated(trees):
    """Two folders, two times, one result; it names neither folder."""
    one, other = ((tree / "build/hantar").read_bytes() for tree in trees)
    assert hashlib.sha256(one).digest() == hashlib.sha256(other).digest()
    assert str(trees[0]).encode() not in one


def test_hardened(trees):
    """J-20: position-independent, relocations read-only from the start, no stack that runs, checks at run time."""
    program = str(trees[0] / "build/hantar")
    header = run(["readelf", "--wide", "--file-header", "--program-headers", "--dynamic", program], "/")
    assert re.search(r"Type: +DYN ", header) and "/ld" in header, "no PIE"
    assert re.search(r"^ +GNU_RELRO ", header, re.M) and re.search(r"\bNOW\b", header), "no full RELRO"
    assert re.search(r"^ +GNU_STACK .* RW +0x", header, re.M), "a stack that runs"
    assert not re.search(r"^ +LOAD .* RWE ", header, re.M)
    assert "TEXTREL" not in header and not re.search(r"R(UN)?PATH", header)
    imported = imports(program)
    assert "__stack_chk_fail" in imported, "no stack protector"
    assert {name for name in imported if name.endswith("_chk")} >= {"__vsnprintf_chk", "__memcpy_chk"}, "no FORTIFY"


def imports(program):
    lines = run(["readelf", "--wide", "--dyn-syms", program], "/").splitlines()
    return {match[1] for line in lines if (match := re.search(r" UND (\w+)", line))}


def test_which_programs_are_started(trees):
    """J-02: nothing could give an address to a shell, or to any program but the one that says a password."""
    bad = re.compile(r"(f?exec(l|v|le|ve|lp|vp|vpe|veat)|posix_spawnp?|system|popen|wordexp)$")
    assert [name for name in imports(str(trees[0] / "build/hantar")) if bad.match(name)] == ["execvp"]
    objects = (trees[0] / "build/src").rglob("*.o")
    assert [path.name for path in objects if "execvp" in run(["nm", "-u", str(path)], "/").split()] == ["command.o"]
    asks = [path for path in (TOP / "src").rglob("*.c") if '"os/command.h"' in path.read_text()]
    assert sorted(path.name for path in asks) == ["command.c", "secret.c"]


def test_what_is_fuzzed():
    """J-20: whatever reads what others wrote has a fuzz target, with a corpus to replay."""
    wanted = {"addr", "dns", "head", "lines", "reply", "report", "session"}
    targets = {path.name.removesuffix("_fuzz.c") for path in (TOP / "tests/fuzz").glob("*_fuzz.c")}
    assert wanted <= targets
    assert not [name for name in targets if not any((TOP / "tests/fuzz/corpus" / name).iterdir())]


def installed(folder):
    return {str(path.relative_to(folder)): path.stat().st_mode & 0o7777 for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("prefix", ["/usr/local", "/usr", "/opt/a b"], ids=["usual", "system", "blank"])
def test_install_and_uninstall(trees, tmp_path, prefix):
    """The program and its pages, under DESTDIR and prefix and nowhere else; uninstall takes what install gave."""
    tree, root = trees[0], tmp_path / "root"
    settings = [f"DESTDIR={root}", *([f"prefix={prefix}"] if prefix != "/usr/local" else [])]
    before = installed(tree)
    run(["sh", "-c", 'umask 077; exec make install "$@"', "sh", *settings], tree)
    assert installed(root) == {f"{prefix[1:]}/{name}": mode for name, mode in FILES.items()}
    assert all(path.stat().st_mode & 0o777 == 0o755 for path in root.rglob("*") if path.is_dir())
    assert "hantar" in run([root / prefix[1:] / "sbin/hantar", "--version"], "/")
    assert installed(tree) == before, "install builds something"
    bystander = root / prefix[1:] / "sbin/other"
    bystander.touch()
    run(["make", "uninstall", *settings], tree)
    assert list(installed(root)) == [str(bystander.relative_to(root))]


@pytest.mark.parametrize("prefix", ["/usr/local", "/opt/a b"], ids=["usual", "blank"])
def test_install_for_a_system(trees, tmp_path, prefix):
    """G-35: in a package's folder the files alone, without a bit: who installs the package gives it to the group."""
    tree, root = trees[0], tmp_path / "root"
    settings = [f"DESTDIR={root}", *([f"prefix={prefix}"] if prefix != "/usr/local" else [])]
    run(["sh", "-c", 'umask 077; exec make install-system "$@"', "sh", *settings], tree)
    wanted = {f"{prefix[1:]}/{name}": mode for name, mode in {**FILES, **SYSTEM}.items()}
    assert installed(root) == {**wanted, CRON: 0o644}
    assert all(path.stat().st_mode & 0o7777 == 0o755 for path in root.rglob("*") if path.is_dir())
    for name in (*(f"{prefix[1:]}/{name}" for name in SYSTEM), CRON):
        text = (root / name).read_text()
        assert not re.search("@[a-z]+@", text) and str(root) not in text, name
    assert f'"{prefix}/sbin/hantar"' in (root / CRON).read_text()
    run(["make", "uninstall", *settings], tree)
    assert installed(root) == {}


def test_install_by_folders(trees, tmp_path):
    """A packager may name each folder."""
    run(["make", "install", f"DESTDIR={tmp_path}", "sbindir=/s", "mandir=/m"], trees[1])
    assert sorted(installed(tmp_path)) == sorted(name.replace("sbin", "s").replace("share/man", "m") for name in FILES)
