# SPDX-License-Identifier: ISC
"""The laboratory of the system tests with a world beside the client's, in which other programs are laid over /usr."""

import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import lab as laboratory  # pylint: disable=wrong-import-position

TOP = laboratory.TOP


def aside():
    return pathlib.Path(os.environ.get("HANTAR_ASIDE", TOP / "build/aside")) / "bench"


class World(laboratory.Lab):
    def __init__(self, hantar, state):
        self.helpers = []
        self.world = "-"
        super().__init__(hantar, state)
        self.logs = self.state / "logs"
        self.logs.mkdir()

    def stop(self):
        for helper in self.helpers:
            helper.stdin.close()
        for helper in self.helpers:
            helper.wait(10)
        super().stop()

    def helper(self, *command):
        """Starts a program that ends when its standard input does."""
        helper = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.helpers.append(helper)
        return helper

    def lay_peers(self, root):
        """Makes a world beside the client's, in which what was unpacked aside lies over /usr. In one
        world with them hantar and the floor would pay for it: an overlay is not free.
        """
        holder = self.helper(*self.client, "unshare", "--mount", "sh", "-c", "echo $$; exec cat >/dev/null")
        self.world = f"/proc/{int(holder.stdout.readline())}/ns/mnt"
        self.inside("mount", "-t", "overlay", "-o", f"lowerdir={root}/usr:/usr", "bench-usr", "/usr")
        # On the disk, as they would be: who syncs pays for it.
        for name in ("spool", "log"):
            (self.state / name).mkdir()
            self.inside("mount", "--bind", self.state / name, f"/var/{name}")

    def enter(self, world):
        """The words with which a command runs in a world; "-" is the client's."""
        return [*self.client, *(["nsenter", f"--mount={world}", "--"] if world != "-" else [])]

    def inside(self, *command, stdin=os.devnull):
        """Runs a command in the world of the other programs."""
        self.once(command, stdin, self.world)

    def once(self, command, stdin, world="-"):
        words = [*self.enter(world), *map(str, command)]
        with open(stdin, "rb") as file:
            done = subprocess.run(
                words,
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=self.environment(None),
                check=False,
            )
        if done.returncode != 0:
            raise RuntimeError(f"{command}: {done.stdout.decode('utf-8', 'replace')}")

    def seen(self, path):
        """A folder of any world, from here."""
        path = pathlib.Path(path)
        return self.state / path.relative_to("/var") if path.is_relative_to("/var/spool") else path

    def secret(self, name, text):
        path = self.state / name
        path.write_text(f"{text}\n")
        path.chmod(0o600)
        return str(path)

    def script(self, name, text):
        path = self.state / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)

    def etc(self, name, text):
        (self.proc.parent / "etc" / name).parent.mkdir(parents=True, exist_ok=True)
        super().etc(name, text)

    def user(self, name, number):
        for file, line in (("passwd", f"{name}:x:{number}:{number}::/:/bin/false"), ("group", f"{name}:x:{number}:")):
            path = self.proc.parent / "etc" / file
            kept = [other for other in path.read_text().splitlines() if not other.startswith(name + ":")]
            path.write_text("\n".join([*kept, line]) + "\n")

    def directory(self, path, mode, owner):
        """A directory below /var/spool or /var/log, for these namespaces alone."""
        self.inside("mkdir", "-p", path)
        self.inside("chown", owner, path)
        self.inside("chmod", f"{mode:o}", path)

    def daemon(self, *command):
        """Starts a program in that world, which dies with it."""
        with open(self.logs / "daemons", "ab") as log:
            words = [*self.enter(self.world), *map(str, command)]
            subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def said(self):
        """What daemons, and the programs that log, have said of late."""
        path = self.logs / "daemons"
        return (path.read_text() if path.exists() else "") + "\n".join(self.log[-20:])

    def wait_for(self, condition, what):
        limit = time.monotonic() + 10
        while not condition():
            if time.monotonic() > limit:
                raise RuntimeError(f"{what} does not come: {self.said()}")
            time.sleep(0.01)
