# SPDX-License-Identifier: ISC
"""The programs that are measured, and how each is told to send a message.

A program gets a Task and returns a Start: what is to be run, and when it has done its work.
Each runs as its Debian package has it, as far as that can be; where a configuration file had to
be written, it is here. What cannot be made to run raises Unable, which the report shows.
"""

import dataclasses
import os
import pathlib
import shutil
import subprocess

from field import TOP, address_of

FROM = "root@laptop.home.test"


class Unable(Exception):
    """This program cannot do this task; the text says why."""


@dataclasses.dataclass
class Task:
    sink: str  # its address is what programs without MX get
    recipients: list
    tls: bool = False
    message: str = ""  # a file; or else
    flood: int = 0  # this many bytes from a pipe


@dataclasses.dataclass
class Start:
    argv: list
    until: str = "exit"  # or a number of transactions that the sink has to see
    input: str = ""  # what pace takes; by default what the task says
    world: str = "-"  # of field.Field


class Program:
    name = ""
    own_process = True  # what it does is done by the process that is started, and its children
    set_id = False  # valgrind does not run such a program

    def __init__(self, field):
        self.field = field

    def start(self, task):
        raise NotImplementedError

class Hantar(Program):
    name = "hantar"

    def start(self, task):
        return Start([str(self.field.program), "-O", "spool=none", "-f", FROM, *task.recipients])


class Floor(Program):
    name = "floor"

    def start(self, task):
        program = "floor_tls" if task.tls else "floor"
        return Start([str(self.field.state / "bin" / program), address_of(task.sink), FROM, *task.recipients])


class WireFloor(Floor):
    """The same with a message that is in wire form already: nothing but copying."""

    name = "floor, wire form"

    def start(self, task):
        start = super().start(task)
        start.argv.insert(1, "-w")
        start.input = f"|-w {task.flood}"
        return start


class Peer(Program):
    """A program of Debian, unpacked aside by scripts/setup."""

    path = ""

    def __init__(self, field):
        super().__init__(field)
        usr = aside() / "root" / "usr"
        if not (usr / self.path).exists():
            raise Unable(f"no {self.path} in {usr}: run scripts/setup bench")
        self.program = f"/usr/{self.path}"
        self.prepare()

    def prepare(self):
        pass


class Msmtp(Peer):
    """It knows no MX: it gets the host. It has no opportunistic TLS either: it is told."""

    name = "msmtp"
    path = "bin/msmtp"

    def start(self, task):
        tls = ["--tls=on", "--tls-starttls=on", "--tls-certcheck=off"] if task.tls else ["--tls=off"]
        host = [f"--host={address_of(task.sink)}", "--port=25", "--auth=off", "--domain=laptop.home.test"]
        return Start([self.program, "--file=/dev/null", *host, *tls, f"--from={FROM}", "--", *task.recipients])


class Curl(Peer):
    """It gets the host, and a message in wire form but for the dots: it changes nothing else."""

    name = "curl"
    path = "bin/curl"
    options = []

    def start(self, task):
        tls = ["--ssl-reqd", "--insecure"] if task.tls else []
        recipients = [word for recipient in task.recipients for word in ("--mail-rcpt", recipient)]
        url = f"smtp://{address_of(task.sink)}/laptop.home.test"
        argv = [self.program, "--silent", "--show-error", *tls, url, "--mail-from", FROM, *recipients]
        return Start([*argv, "--upload-file", "-", *self.options], input=f"|-w {task.flood}" if not self.options else "")


class CurlCrlf(Curl):
    """The same with the work that the others have: LF becomes CRLF."""

    name = "curl --crlf"
    options = ["--crlf"]


class Dma(Peer):
    name = "dma"
    path = "sbin/dma"
    set_id = True

    def prepare(self):
        self.field.directory("/var/spool/dma", 0o2775, "root:mail")

    def start(self, task):
        # The difference between the rows: a server without STARTTLS is not spoken to with it.
        tls = "SECURETRANSFER\nSTARTTLS\nOPPORTUNISTIC_TLS\n" if task.tls else ""
        self.field.etc("dma/dma.conf", f"MAILNAME laptop.home.test\n{tls}")
        argv = [self.program, "-f", FROM]
        if len(task.recipients) == 1:
            return Start([*argv, "-D", *task.recipients])
        # In the foreground it would send to one after the other.
        return Start([*argv, *task.recipients], until=str(len(task.recipients)))


class Exim(Peer):
    name = "exim"
    path = "sbin/exim4"
    set_id = True

    def prepare(self):
        self.field.user("Debian-exim", 64105)
        self.field.directory("/var/spool/exim4", 0o750, "Debian-exim:Debian-exim")
        self.field.directory("/var/log/exim4", 0o750, "Debian-exim:Debian-exim")
        self.field.etc(
            "exim4/exim4.conf",
            """
primary_hostname = laptop.home.test
never_users =
log_file_path = /var/log/exim4/%slog
keep_environment =
begin routers
mx:
  driver = dnslookup
  transport = smtp
  no_more
begin transports
smtp:
  driver = smtp
begin retry
* * F,2h,15m
""",
        )

    def start(self, task):
        return Start([self.program, "-odf", "-f", FROM, *task.recipients])


class Postfix(Peer):
    """Its sendmail gives the message to its daemons; it is over when the sink has got it."""

    name = "postfix"
    path = "sbin/sendmail"
    own_process = False

    def prepare(self):
        field = self.field
        self.home = field.state / "postfix"
        etc, spool, data = (self.home / name for name in ("etc", "spool", "data"))
        for folder in (etc, spool, data):
            folder.mkdir(parents=True)
        # As in scripts/lab/enter: these are the numbers that it gives the users.
        modes = {0o700: "active bounce corrupt defer deferred flush hold incoming private saved trace", 0o755: "pid"}
        modes.update({0o730: "maildrop", 0o710: "public"})
        for mode, names in modes.items():
            for name in names.split():
                (spool / name).mkdir()
                (spool / name).chmod(mode)
                group = 64102 if name in ("maildrop", "public") else 64101
                os.chown(spool / name, 0 if name == "pid" else 64101, 0 if name == "pid" else group)
        os.chown(data, 64101, 64101)
        self.home.chmod(0o755)
        # What Debian's postinst writes for an "Internet site", without the server.
        (etc / "main.cf").write_text(
            f"""
compatibility_level = 3.6
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
queue_directory = {spool}
data_directory = {data}
maillog_file_prefixes = {self.home}
maillog_file = {self.home}/log
myhostname = laptop.home.test
mydestination = laptop.home.test
alias_maps =
inet_interfaces = all
smtp_tls_security_level = may
smtp_tls_CApath = /etc/ssl/certs
smtp_tls_session_cache_database = btree:${{data_directory}}/smtp_scache
"""
        )
        (etc / "master.cf").write_text(
            """
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
        )
        old = 1  # it waits until its configuration is a few seconds old
        for file in etc.iterdir():
            os.utime(file, (old, old))
        field.daemon("/usr/lib/postfix/sbin/master", "-c", etc, "-d")
        field.wait_for(lambda: (spool / "public/pickup").exists(), "Postfix")

    def start(self, task):
        argv = [self.program, "-C", str(self.home / "etc"), "-f", FROM, *task.recipients]
        domains = {recipient.rsplit("@", 1)[1] for recipient in task.recipients}
        # 50 recipients a transaction, and a connection each, is its default.
        transactions = sum(
            -(-sum(recipient.endswith("@" + domain) for recipient in task.recipients) // 50) for domain in domains
        )
        return Start(argv, until=str(transactions))


PROGRAMS = {kind.name: kind for kind in (Hantar, Floor, WireFloor, Msmtp, Curl, CurlCrlf, Dma, Exim, Postfix)}


def aside():
    return pathlib.Path(os.environ.get("HANTAR_ASIDE", TOP / "build/aside")) / "bench"
