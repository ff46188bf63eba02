# SPDX-License-Identifier: ISC
"""Other mail servers that say what arrived: Exim, OpenSMTPD and aiosmtpd, beside the lab's Postfix.

Exim and OpenSMTPD were unpacked aside by scripts/setup. Each runs in the servers' network with a
view of the file system of its own, in which its files lie where it expects them. Every message
for any address of a judge's domain ends in one box: messages() are the texts in it, with LF ends.
"""

import asyncio
import os
import pathlib
import re
import socket
import subprocess
import threading
import time

from aiosmtpd.smtp import SMTP

from lab import TOP

ASIDE = pathlib.Path(os.environ.get("HANTAR_ASIDE", TOP / "build/aside")) / "judges/root"

# $1: where the programs were unpacked, $2: a directory for all that is written. The servers of
# the lab have an overlay over /usr already, and the kernel stacks no third; so this begins from
# the client's view, which has none.
VIEW = r"""
set -eu
mkdir -p /run/lab/judges
mount --bind "$1" /run/lab/judges
mount -t overlay -o lowerdir=/run/lab/judges/usr:/usr judges /usr
mount -t tmpfs -o mode=755 judges /var/lib
mount -t tmpfs -o mode=755 judges /var/spool
mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd /run/lab/judge
mount --bind "$2" /run/lab/judge
mount --bind /run/lab/judge/spool /var/spool/smtpd
cd /run/lab/judge
grep -v -e '^opensmtp' -e '^Debian-exim' /etc/passwd >passwd
grep -v -e '^opensmtp' -e '^Debian-exim' /etc/group >group
printf '%s\n' Debian-exim:x:64113:64113::/:/bin/false opensmtpd:x:64111:64111::/var/lib/opensmtpd/empty:/bin/false \
	opensmtpq:x:64112:64112::/var/lib/opensmtpd/empty:/bin/false >>passwd
printf '%s\n' Debian-exim:x:64113: opensmtpd:x:64111: opensmtpq:x:64112: >>group
mount --bind passwd /etc/passwd
mount --bind group /etc/group
mkdir -p /etc/exim4
mount -t tmpfs -o mode=755 judges /etc/exim4
install -m 644 conf /etc/exim4/exim4.conf # only from there it keeps its privileges
shift 2
exec "$@" </dev/null >/run/lab/judge/log 2>&1
"""

EXIM = r"""
primary_hostname = exim.test
local_interfaces = 198.18.0.31
daemon_smtp_ports = 25
spool_directory = /run/lab/judge/spool
log_file_path = /run/lab/judge/%slog
pid_file_path = /run/lab/judge/pid
tls_advertise_hosts =
host_lookup =
rfc1413_query_timeout = 0s
message_size_limit = 50M
queue_run_in_order
acl_smtp_rcpt = all
acl_smtp_data = all
begin acl
all:
  accept
begin routers
all:
  driver = accept
  domains = exim.test
  transport = box
begin transports
box:
  driver = appendfile
  directory = /run/lab/judge/box
  maildir_format
  user = 64103
  group = 64103
"""

OPENSMTPD = """
smtp max-message-size "50M"
table all { "@" = "mailbox" }
listen on 198.18.0.32 hostname opensmtpd.test
action "in" maildir "/run/lab/judge/box" virtual <all>
match from any for domain "opensmtpd.test" action "in"
"""


def expected(text, bare=b"\n"):
    """What arrives, with LF ends: NULs out, CRs before an LF are its own, others are line ends (B-01 to B-04).

    In a header they are blanks: bare.
    """
    text = re.sub(rb"\r+\n", b"\n", text.replace(b"\0", b""))
    return re.sub(rb"\r+\Z", b"\n", text).replace(b"\r", bare)


def wait_for(what, condition, seconds=20):
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, f"{what}: not within {seconds} s"
        time.sleep(0.01)


class Postfix:
    """The one that the lab has anyway; it counts by mailbox, of which one is evil's."""

    domain = "post.test"

    def __init__(self, lab):
        self.lab = lab

    def messages(self, _count):
        self.lab.settle()
        return [path.read_bytes() for path in (self.lab.state / "mail" / self.domain).glob("*/new/*")]

    def stop(self):
        pass


class Daemon:
    """A server that runs from what was unpacked aside; files are those that its configuration names, in /run/lab/judge."""

    def __init__(self, lab, kind, address, config, command, queues, place=None, files=()):
        self.lab, self.kind, self.domain = lab, kind, f"{kind}.test"
        self.top = lab.state / (place or kind)
        for folder, mode in {"box": 0o777, "spool": 0o711}.items():
            (self.top / folder).mkdir(parents=True)
            (self.top / folder).chmod(mode)
        if kind == "exim":
            os.chown(self.top / "spool", 64113, 64113)
            self.top.chmod(0o777)
        (self.top / "conf").write_text(config)
        (self.top / "conf").chmod(0o644)
        for name, data in dict(files).items():
            (self.top / name).write_bytes(data)
        self.queues = [self.top / "spool" / queue for queue in queues]
        net = lab.server[1]  # the servers' network, but none of their mounts
        enter = ["nsenter", "-t", lab.init, "-m", "-p", "-u", "-i", net, "--", "unshare", "--mount"]
        self.process = subprocess.Popen([*enter, "sh", "-c", VIEW, "sh", ASIDE, self.top, *command])
        wait_for(f"{kind} answers", lambda: self.answers(address))
        lab.mx(self.domain, address)

    def answers(self, address):
        assert self.process.poll() is None, (self.top / "log").read_text()
        with self.lab.server_socket(socket.AF_INET) as sock:
            return sock.connect_ex((address, 25)) == 0

    def messages(self, count):
        """What is in the box when so many are there and none is on its way."""

        def arrived():
            return list((self.top / "box/new").glob("*"))

        def waiting():
            return any(path.is_file() for queue in self.queues for path in queue.rglob("*"))

        wait_for(f"{count} messages by {self.kind}", lambda: len(arrived()) >= count and not waiting())
        return [path.read_bytes() for path in arrived()]

    def stop(self):
        # nsenter forked: the server itself is its child, in the lab's pid namespace.
        for child in pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            os.kill(int(child), 15)
        self.process.wait(10)


def exim(lab):
    return Daemon(lab, "exim", "198.18.0.31", EXIM, ["exim4", "-bdf"], ["input"])


def opensmtpd(lab):
    command = ["smtpd", "-d", "-f", "/run/lab/judge/conf"]
    return Daemon(lab, "opensmtpd", "198.18.0.32", OPENSMTPD, command, ["queue", "incoming", "temporary"])


class Aiosmtpd:
    """The one in Python, in a thread of this process with a socket of the servers' network."""

    domain = "aiosmtpd.test"

    def __init__(self, lab):
        self.box = []
        self.sock = lab.server_socket(socket.AF_INET)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind(("198.18.0.33", 25))
        self.loop = asyncio.new_event_loop()
        create = self.loop.create_server(self.session, sock=self.sock)
        self.server = self.loop.run_until_complete(create)
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        lab.mx(self.domain, "198.18.0.33")

    def session(self):
        return SMTP(self, hostname=self.domain, data_size_limit=50_000_000, loop=self.loop)

    async def handle_DATA(self, _server, _session, envelope):  # pylint: disable=invalid-name
        self.box.append(envelope.content.replace(b"\r\n", b"\n"))
        return "250 2.0.0 taken"

    def messages(self, _count):
        return self.box

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.sock.close()


JUDGES = {"postfix": Postfix, "exim": exim, "opensmtpd": opensmtpd, "aiosmtpd": Aiosmtpd}
