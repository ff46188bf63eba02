# SPDX-License-Identifier: ISC
"""The programs that are measured, and how each is told to send a message.

A program gets a Task and returns a Start: what is to be run, and when it has done its work.
Each runs as its Debian package has it, as far as that can be; where a configuration file had to
be written, it is here. What cannot be made to run raises Unable, which the report shows.
"""

import dataclasses
import os
import pathlib
import re
import time

from fill import base36, filled, lone
from field import LOGIN, RELAY, address_of
from world import aside

FROM = "root@laptop.home.test"


class Unable(Exception):
    """This program cannot do this task; the text says why."""


@dataclasses.dataclass
class Task:
    sink: str  # its address is what programs without MX get
    recipients: list
    tls: bool = False
    login: bool = False  # by AUTH, at the relay RELAY, whose certificate is to be verified
    message: str = ""  # a file; or else
    flood: int = 0  # this many bytes from a pipe
    work: str = "send"  # what is to be done: a method of Program
    count: int = 1  # of messages, in a loop or in the queue
    spool: bool = False  # hantar keeps what it sends in one
    program: str = "hantar"  # which does it, in Row.beside


@dataclasses.dataclass
class Start:
    argv: list
    until: str = "exit"  # or a number of transactions that the sink has to see; as pace has it
    input: str = ""  # what pace takes; by default what the task says
    world: str = "-"  # of field.Field
    before: str = "-"  # a script that prepares a run
    recipients: int = None  # that the sink is to count; by default those of the task


class Program:
    name = ""
    own_process = True  # what it does is done by the process that is started, and its children
    set_id = False  # valgrind does not run such a program

    def __init__(self, field):
        self.field = field

    def start(self, task):
        return getattr(self, task.work)(task)

    def send(self, task):
        """To send it, and to end when it is sent."""
        raise Unable("it does not send at once")

    def keep(self, task):
        """To queue it and end; nobody shall send it."""
        raise Unable("it has no queue")

    def background(self, task):
        """To queue it and end; somebody sends it."""
        raise Unable("it does not send in the background")

    def loop(self, task):
        """The same task.count times, one after the other."""
        start = self.background(task)
        start.argv = [str(self.field.loop), str(task.count), task.message, *start.argv]
        start.until, start.recipients = f"exit+{task.count}", task.count
        return start

    def flush(self, task):
        """To send the task.count messages that are in the queue."""
        raise Unable("it has no queue")

    def show(self, task):
        """To show a queue of task.count messages, of which none is due."""
        raise Unable("it has no queue")

    def due(self, task):
        """To send what is due of these."""
        raise Unable("it has no queue")


class Hantar(Program):
    name = "hantar"

    def spool(self, name):
        folder = self.field.state / f"queue-{name}"
        folder.mkdir(exist_ok=True)
        folder.chmod(0o700)
        return folder

    def command(self, spool, *words):
        return [str(self.field.program), "-O", f"spool={spool}", *words]

    def send(self, task):
        spool = self.spool("send") if task.spool else "none"
        if task.login:
            secret = self.field.secret("password", LOGIN[1])
            lines = [f"relay = {RELAY}:25", "auth = plain", f"user = {LOGIN[0]}", f"password-file = {secret}"]
            config = self.field.secret("relay.conf", "\n".join(lines))
            return Start(self.command(spool, "-C", config, "-f", FROM, *task.recipients))
        return Start(self.command(spool, "-f", FROM, *task.recipients))

    def keep(self, task):
        return Start(self.command(self.spool("keep"), "-odq", "-f", FROM, *task.recipients), recipients=0)

    def background(self, task):
        argv = self.command(self.spool("background"), "-odb", "-f", FROM, *task.recipients)
        return Start(argv, until="exit+1")

    def queue(self, name, task, *words):
        """A spool that is filled with what is left of one run with these words."""
        spool = self.spool(name)
        if not list(spool.glob("*.env")):
            self.field.once(self.command(spool, *words, "-f", FROM, *task.recipients), task.message)
        files = lone(spool, r"([0-9A-Z]+)\.(?:msg|env)")
        # What was tried is not due for a day.
        later = lambda match: match.group(1) + str(int(match.group(2)) + 86400).encode()
        files = [(path, re.sub(rb"(event \S+ attempt )(\d+)", later, data), old) for path, data, old in files]
        before = filled(self.field, name, task, spool, files, lambda old, number: old[:-6] + base36(number, 6))
        return spool, before

    def flush(self, task):
        spool, before = self.queue("flush", task, "-odq")
        return Start(self.command(spool, "-q"), before=before, recipients=task.count)

    def asleep(self, task, *words):
        """Nothing is done to the queue: it is filled once."""
        spool = self.spool("asleep")
        if not (self.field.state / "fill-asleep").exists():
            self.field.once([self.queue("asleep", task, "-odi")[1]], os.devnull)
        return Start(self.command(spool, *words), recipients=0)

    def show(self, task):
        return self.asleep(task, "-bp")

    def due(self, task):
        return self.asleep(task, "--due")


class Commits(Program):
    """What a message in a spool costs at least, ten times."""

    name = "ten commits"

    def send(self, task):
        return Start([str(self.field.tools / "commit"), "10", str(self.field.state)], recipients=0)


class Floor(Program):
    name = "floor"

    def send(self, task):
        program = "floor_tls" if task.tls else "floor"
        return Start([str(self.field.state / "bin" / program), address_of(task.sink), FROM, *task.recipients])


class WireFloor(Floor):
    """The same with a message that is in wire form already: nothing but copying."""

    name = "floor, wire form"

    def send(self, task):
        start = super().send(task)
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

    def send(self, task):
        if task.login:
            lines = [f"account default\nhost {RELAY}\nport 25\ndomain laptop.home.test\ntls on\ntls_starttls on"]
            lines += [f'auth plain\nuser {LOGIN[0]}\npassword "{LOGIN[1]}"']
            config = self.field.secret("msmtprc", "\n".join(lines))
            return Start([self.program, f"--file={config}", f"--from={FROM}", "--", *task.recipients])
        tls = ["--tls=on", "--tls-starttls=on", "--tls-certcheck=off"] if task.tls else ["--tls=off"]
        host = [f"--host={address_of(task.sink)}", "--port=25", "--auth=off", "--domain=laptop.home.test"]
        return Start([self.program, "--file=/dev/null", *host, *tls, f"--from={FROM}", "--", *task.recipients])


class Curl(Peer):
    """It gets the host, and a message in wire form but for the dots: it changes nothing else."""

    name = "curl"
    path = "bin/curl"
    options = []

    def send(self, task):
        tls = ["--ssl-reqd", "--insecure"] if task.tls else []
        recipients = [word for recipient in task.recipients for word in ("--mail-rcpt", recipient)]
        url = f"smtp://{RELAY if task.login else address_of(task.sink)}/laptop.home.test"
        if task.login:
            tls = ["--ssl-reqd", "--user", ":".join(LOGIN), "--login-options", "AUTH=PLAIN"]
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

    spool = "/var/spool/dma"

    def prepare(self):
        self.field.directory(self.spool, 0o2775, "root:mail")

    def configure(self, *words):
        self.field.etc("dma/dma.conf", "\n".join(["MAILNAME laptop.home.test", *words, ""]))

    def send(self, task):
        # The difference between the rows: a server without STARTTLS is not spoken to with it.
        words = ["SECURETRANSFER", "STARTTLS", "OPPORTUNISTIC_TLS"] if task.tls else []
        if task.login:
            # It verifies nothing, and knows no PLAIN.
            words = ["SECURETRANSFER", "STARTTLS", f"SMARTHOST {RELAY}", "AUTHPATH /etc/dma/auth.conf"]
            self.field.etc("dma/auth.conf", f"{LOGIN[0]}|{RELAY}:{LOGIN[1]}\n")
        self.configure(*words)
        argv = [self.program, "-f", FROM]
        if len(task.recipients) == 1:
            return Start([*argv, "-D", *task.recipients])
        # In the foreground it would send to one after the other.
        return Start([*argv, *task.recipients], until=str(len(task.recipients)))

    def keep(self, task):
        self.configure("DEFER")
        return Start([self.program, "-f", FROM, *task.recipients], recipients=0)

    def background(self, task):
        self.configure()
        return Start([self.program, "-f", FROM, *task.recipients], until="exit+1")

    def flush(self, task):
        spool = self.field.seen(self.spool)
        for path in spool.iterdir():
            path.unlink()
        self.field.inside(*self.keep(task).argv, stdin=task.message)
        files = lone(spool, r"[MQ](.*)")
        before = filled(self.field, "dma", task, self.spool, files, lambda old, number: f"{number:06x}" + old[6:])
        return Start([self.program, "-q"], until=str(task.count), before=before, recipients=task.count)


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

    def send(self, task):
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

    def send(self, task):
        argv = [self.program, "-C", str(self.home / "etc"), "-f", FROM, *task.recipients]
        domains = {recipient.rsplit("@", 1)[1] for recipient in task.recipients}
        # 50 recipients a transaction, and a connection each, is its default.
        transactions = sum(
            -(-sum(recipient.endswith("@" + domain) for recipient in task.recipients) // 50) for domain in domains
        )
        return Start(argv, until=str(transactions))

    def background(self, task):
        start = self.send(task)
        start.until = "exit+" + start.until
        return start

    keep = background  # it has no other way

    def reconfigure(self, text):
        path = self.home / "etc/main.cf"
        path.write_text(text)
        os.utime(path, (1, 1))
        self.field.inside("sh", "-c", f"kill -HUP $(cat {self.home}/spool/pid/master.pid)")
        time.sleep(0.5)

    def flush(self, task):
        deferred = self.home / "spool/deferred"
        main = (self.home / "etc/main.cf").read_text()
        files = lambda: [path for path in deferred.rglob("*") if path.is_file()]
        for path in files():
            path.unlink()
        self.reconfigure(main + "defer_transports = smtp\n")
        self.field.inside(*self.send(task).argv, stdin=task.message)
        self.field.wait_for(files, "what is deferred")
        self.reconfigure(main)
        before = filled(
            self.field,
            "postfix",
            task,
            deferred,
            lone(deferred, "([0-9A-F]{6,})"),
            lambda old, number: f"{number * 1009:05X}" + old[5:],
            lambda path: pathlib.Path(path.name[0], path.name),
        )
        argv = ["/usr/sbin/postqueue", "-c", str(self.home / "etc"), "-f"]
        return Start(argv, until=str(task.count), before=before, recipients=task.count)


class Nullmailer(Peer):
    """Its daemon sends, one message a connection. Where queueing is measured it does not run, and
    nullmailer-inject is called without the sendmail that executes it: so it has less to do.
    """

    name = "nullmailer"
    path = "sbin/nullmailer-send"
    own_process = False
    spool = "/var/spool/nullmailer"

    def prepare(self):
        for name in ("", "/queue", "/tmp", "/failed"):
            self.field.directory(self.spool + name, 0o755, "mail:mail")
        self.field.inside("mkfifo", f"{self.spool}/trigger")
        self.field.inside("chown", "mail:mail", f"{self.spool}/trigger")
        self.field.etc("nullmailer/me", "laptop.home.test\n")

    def keep(self, task):
        return Start(["/usr/bin/nullmailer-inject", "-f", FROM, "--", *task.recipients], recipients=0)

    def loop(self, task):
        start = super().loop(task)
        start.until, start.recipients = "exit", 0
        return start

    background = keep

    def flush(self, task):
        spool = self.field.seen(self.spool)
        for path in (spool / "queue").iterdir():
            path.unlink()
        self.field.etc("nullmailer/remotes", f"{address_of(task.sink)} smtp\n")
        self.field.inside(*self.keep(task).argv, stdin=task.message)
        queue = f"{self.spool}/queue"
        fill = filled(
            self.field,
            "nullmailer", task, queue, lone(spool / "queue", r"(\d.*)"), lambda old, number: f"{number + 1:010}.1"
        )
        pid = self.field.state / "nullmailer.pid"
        before = self.field.script("before-nullmailer", f"kill $(cat {pid}); {fill}")
        start = self.field.script("nullmailer", f"{self.program} & echo $! >{pid}")
        return Start([start], until=str(task.count), before=before, recipients=task.count)


KINDS = (Hantar, Commits, Floor, WireFloor, Msmtp, Curl, CurlCrlf, Dma, Exim, Postfix, Nullmailer)
PROGRAMS = {kind.name: kind for kind in KINDS}
