# SPDX-License-Identifier: ISC
"""hantar as `make install-system` leaves it, and as anybody meets it who has an account on such a machine.

It lies in the lab's own /usr/local, /etc and /var/spool: nothing of this machine is written to.
"""

import re
import shlex
import subprocess

from lab import TOP

ALICE, BOB = 64201, 64202  # users without names, and with nothing
SYSTEM = "/var/spool/hantar"
PROGRAM = "/usr/local/sbin/hantar"
UNITS = "/usr/local/lib/systemd/system"
MESSAGE = "Subject: hi\n\nhello\n"


def entries(spool):
    return sorted(path.stem for path in spool.glob("*.env"))


def inside(lab, *command, status=0, **kwargs):
    """Runs a command in the lab, and returns what it says."""
    done = subprocess.run([*lab.client, *map(str, command)], capture_output=True, text=True, check=False, **kwargs)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def install(lab):
    inside(lab, "mount", "-t", "tmpfs", "-o", "mode=755", "local", "/usr/local")
    make(lab, "-o", "all", "install-system")


def uninstall(lab):
    make(lab, "uninstall")
    inside(lab, "umount", "--lazy", "/usr/local")
    inside(lab, "rm", "-r", SYSTEM)


def make(lab, *goals):
    # Nothing of the make that runs these tests, and nothing of this user's settings.
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/", "LC_ALL": "C"}
    inside(lab, "make", "-C", TOP, f"O={lab.built.parent}", *goals, env=env)


class System:
    """All that is needed to send from there; the server has no time, until serve() is called."""

    def __init__(self, lab, server):
        self.lab, self.server, self.spool = lab, server, lab.path(SYSTEM)
        self.uid, self.gid = (int(inside(lab, "id", option, "hantar")) for option in ("-u", "-g"))

    def run(self, *args, text=MESSAGE, user=ALICE, **kwargs):
        return self.lab.run(list(args), text, user=user, name=PROGRAM, **kwargs)

    def start(self, *args, user=ALICE, **kwargs):
        pipes = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
        return self.lab.start_hantar(list(args), user=user, name=PROGRAM, **pipes, **kwargs)

    def serve(self):
        self.server.replies["DOT"] = "250 2.0.0 fine"

    def service(self):
        """What systemd would run, as it would."""
        (command,) = re.findall(r"^ExecStart=(.*)$", self.lab.path(f"{UNITS}/hantar.service").read_text(), re.M)
        (program, *args) = shlex.split(command)
        become = ["setpriv", "--reuid=hantar", "--regid=hantar", "--clear-groups", "--no-new-privs", "--bounding-set=-all"]
        return self.lab.run(args, name=program, under=become)

    def queue(self):
        """As if everything were due."""
        return self.run("-q", user="hantar")

    def clear(self):
        """What the installation has made stays, and no mail does."""
        inside(self.lab, "find", SYSTEM, "-mindepth", "1", "-delete")
