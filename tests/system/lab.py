# SPDX-License-Identifier: ISC
"""The laboratory of the system tests: hantar in one network, real and scripted servers in another.

scripts/lab/enter builds the two networks and explains their addresses; this module starts it
once for all tests, runs hantar in it, and reads what arrived. Everything in it dies with the
process that holds the lab's standard input, so with this one.
"""

import ctypes
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

# What is in a spool beside entries.
SPOOL_FILES = {"stamp", "runner", "wake"}


def timed_spool(folder):
    """Makes a spool whose queue is run by a timer, as far as hantar can see, so that no runner of its own stays."""
    folder.mkdir(mode=0o700)
    (folder / "stamp").touch(0o600)
    (folder / "runner").touch(0o600)
    (folder / "runner").write_text("r")
    return folder


# Who is run in the background, or by nohup, ignores these; hantar would go on ignoring them.
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)

TOP = pathlib.Path(__file__).resolve().parents[2]
ENTER = TOP / "scripts/lab/enter"
CLONE_NEWNET = 0x40000000

# Domains whose mail Postfix takes, by the address that their only MX has (see scripts/lab/enter).
DOMAINS = {
    "post.test": 3,  # STARTTLS and all extensions
    "other.test": 4,  # the same Postfix, by another address
    "plain.test": 5,  # no STARTTLS
    "small.test": 6,  # 20000 bytes at most
    "bare.test": 7,  # no extension at all
    "walk.test": None,  # a test says where its mail goes
    "corpus.test": 3,
}
USERS = ["alice", "bob", "carol", *(f"u{n}" for n in range(600))]


def is_line_of_postfix(line):
    """Whether a header line is one that Postfix puts before what it was given."""
    return re.match(rb"(Return-Path|X-Original-To|Delivered-To): ", line)


@dataclasses.dataclass
class Mail:
    """A message in a mailbox: what Postfix wrote on top of it, and the text as hantar sent it."""

    raw: bytes

    def __post_init__(self):
        lines = self.raw.splitlines(keepends=True)
        while lines and is_line_of_postfix(lines[0]):
            name, value = lines.pop(0).split(b": ", 1)
            if name == b"Return-Path":
                self.sender = value.strip().strip(b"<>").decode()
            elif name == b"Delivered-To":
                self.recipient = value.strip().decode()
        assert lines[0].startswith(b"Received: "), self.raw
        count = 1
        while lines[count][:1] in b" \t":
            count += 1
        self.trace = b"".join(lines[:count])  # Postfix's own Received field
        self.text = b"".join(lines[count:])
        head, _, self.body = self.text.partition(b"\n\n")
        self.head = head + b"\n"

    def fields(self, name):
        """The values of all fields of this name, unfolded."""
        pattern = rb"^%s:[ \t]*((?:.*)(?:\n[ \t].*)*)\n" % re.escape(name.encode())
        found = re.findall(pattern, self.head, re.MULTILINE | re.IGNORECASE)
        return [re.sub(rb"\n([ \t])", rb"\1", value).strip().decode("utf-8", "surrogateescape") for value in found]

    def field(self, name):
        (value,) = self.fields(name)
        return value


@dataclasses.dataclass
class Result:
    status: int
    out: str
    err: str
    log: list  # syslog lines, without priority and time: "hantar/smtp[7]: ..."
    seconds: float


class Gone(Exception):
    """The client closed the connection."""


class Peer:
    """One connection to a scripted server, as that server sees it."""

    def __init__(self, server, sock):
        self.server, self.sock = server, sock
        self.received = bytearray()  # every byte, after decryption
        self.flights = []  # the same, as it came in
        self.unread = b""
        self.tls = False
        self.sender, self.recipients = None, []  # of the transaction, for smtp()

    def send(self, data):
        self.sock.sendall(data)

    def say(self, reply):
        """Sends one reply; each line of the text becomes a line of it."""
        code, (*lines, last) = reply[:3], reply[4:].split("\n")
        self.send("".join([*(f"{code}-{line}\r\n" for line in lines), f"{code} {last}\r\n"]).encode())

    def fill(self):
        data = self.sock.recv(65536)
        if not data:
            raise Gone
        self.received += data
        self.flights.append(data)
        self.unread += data

    def until(self, end):
        while end not in self.unread:
            self.fill()
        data, _, self.unread = self.unread.partition(end)
        return data + end

    def line(self):
        return self.until(b"\r\n")[:-2].decode("utf-8", "surrogateescape")

    def content(self):
        """Reads a message up to its end, without the end and the stuffed dots."""
        lines = []
        while (line := self.until(b"\r\n")) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        return b"".join(lines)

    def starttls(self):
        self.sock = self.server.lab.tls_context.wrap_socket(self.sock, server_side=True)
        self.tls = True
        self.unread = b""

    def stall(self):
        """Says nothing until the client gives up."""
        while True:
            self.fill()

    def drop(self):
        raise Gone

    def reset(self):
        """Ends the connection with a TCP reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        raise Gone


# What a reply of smtp() may be instead of a text; none of them comes back.
DROP, RESET, STALL = ACTIONS = Peer.drop, Peer.reset, Peer.stall

EXTENSIONS = ("PIPELINING", "SIZE 0", "8BITMIME", "ENHANCEDSTATUSCODES")


def smtp(greeting="220 scripted.test ESMTP", extensions=EXTENSIONS, starttls=False, **replies):
    """A server that does all as it should, but for what the arguments say otherwise.

    A reply stands under its command's name (EHLO, HELO, STARTTLS, MAIL, RCPT, DATA, DOT, QUIT)
    and is a text ("450 4.2.0 later", several lines with newlines between), DROP, RESET, STALL, or
    a function of (peer, line) that returns one of these, or None when it has answered itself.
    Each accepted message is added to server.mail as (sender line, recipient lines, content).
    """
    usual = {
        "HELO": "250 scripted.test",
        "STARTTLS": "220 2.0.0 go ahead",
        "MAIL": "250 2.1.0 sender ok",
        "DOT": "250 2.0.0 accepted",
        "RSET": "250 2.0.0 reset",
        "NOOP": "250 2.0.0 still here",
        "QUIT": "221 2.0.0 bye",
    }

    def ehlo(peer, _line):
        offered = list(extensions) + (["STARTTLS"] if starttls and not peer.tls else [])
        return "250 " + "\n".join(["scripted.test", *offered])

    def rcpt(peer, _line):
        return "250 2.1.5 recipient ok" if peer.sender else "503 5.5.1 need MAIL"

    def data(peer, _line):
        return "354 go ahead" if peer.recipients else "554 5.5.1 no valid recipients"

    usual.update(greeting=greeting, EHLO=ehlo, RCPT=rcpt, DATA=data)
    usual.update(replies)

    def answer(peer, verb, line, mail=None):
        reply = usual.get(verb, "500 5.5.1 what?")
        if callable(reply) and reply not in ACTIONS:
            reply = reply(peer, line)
        if reply in ACTIONS:
            reply(peer)
        if reply is not None:
            if mail and reply.startswith("2"):
                peer.server.mail.append(mail)  # before the client can know, and end
            peer.say(reply)
        return reply or ""

    def conversation(peer):
        if answer(peer, "greeting", "").startswith(("4", "5")):
            peer.stall()
        while True:
            line = peer.line()
            verb = line.split(" ", 1)[0].upper()
            peer.server.commands.append(line)
            reply = answer(peer, verb, line)
            if verb == "STARTTLS" and reply.startswith("2"):
                peer.starttls()
            elif verb == "MAIL":
                peer.sender, peer.recipients = line if reply.startswith("2") else None, []
            elif verb == "RCPT" and reply.startswith("2"):
                peer.recipients.append(line)
            elif verb == "DATA" and reply.startswith("3"):
                answer(peer, "DOT", "", mail=(peer.sender, peer.recipients, peer.content()))
            elif verb == "QUIT":
                return

    return conversation


class Server:
    """A scripted server, at an address, or at the path of a UNIX socket; usable as a context manager."""

    def __init__(self, lab, address, script, port):
        self.lab, self.script, self.address = lab, script, address
        self.peers = []  # each connection, in order
        self.commands = []  # each command line of all of them
        self.mail = []  # each accepted message
        self.errors = []  # what went wrong in the script itself
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.is_socket = address.startswith("/")
        self.listener = lab.server_socket(socket.AF_UNIX if self.is_socket else family)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(address if self.is_socket else (address, port))
        self.listener.listen(50)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            if not self.is_socket:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer = Peer(self, sock)
            self.peers.append(peer)
            threading.Thread(target=self.talk, args=[peer], daemon=True).start()

    def talk(self, peer):
        try:
            self.script(peer)
        except (Gone, OSError):
            pass
        except Exception as error:  # pylint: disable=broad-except
            self.errors.append(error)
        finally:
            peer.sock.close()

    def stop(self):
        # A thread that waits in accept(2) or recv(2) is woken by shutdown, not by close.
        for sock in [self.listener, *(peer.sock for peer in self.peers)]:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Lab:
    """The two networks. One for all tests; reset() between them."""

    # A spool that a test names, and that is not there yet, is one whose queue a timer runs. Where that is not so
    # a runner may stay in the background; run() ends it.
    timed = True
    spool = "none"  # where a test says nothing else; None: hantar is told nothing

    def __init__(self, hantar, state):
        self.state = pathlib.Path(state)
        self.state.chmod(0o711)
        self.servers = []
        self.log = []

        self.built = pathlib.Path(hantar)
        # A copy: it can be reached by any user, and a build beside the tests does not change it.
        (self.state / "bin").mkdir()
        self.program = self.state / "bin/hantar"
        shutil.copy2(hantar, self.program)
        self.sanitized = b"__asan_init" in self.program.read_bytes()
        for name in ("sendmail", "mailq", "newaliases"):
            (self.state / "bin" / name).symlink_to("hantar")
        self.tmp = self.state / "tmp"
        self.tmp.mkdir()
        self.tmp.chmod(0o1777)

        self.listen_to_log()
        self.write_files()
        self.start()

        self.tls_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls_context.load_cert_chain(self.state / "tls/cert.pem", self.state / "tls/key.pem")

    # ------------------------------------------------------------ up and down
    def write_files(self):
        zone, mailboxes = [], []
        for domain, number in DOMAINS.items():
            if number:
                zone.append(f"{domain}. MX 10 mx.{domain}.")
                zone.append(f"mx.{domain}. A 198.18.0.{number}")
            for user in USERS:
                mailboxes.append(f"{user}@{domain} {domain}/{user}/")
        self.zone_always, self.zone_now = zone, []
        (self.state / "zone").write_text("\n".join(zone) + "\n")
        (self.state / "mailboxes").write_text("\n".join(mailboxes) + "\n")

    def start(self):
        # The lab ends when its command does, which ends when this process closes the pipe or dies.
        self.process = subprocess.Popen(
            [ENTER, self.state, "sh", "-c", 'echo "$LAB_SERVER"; exec cat'],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        server = self.process.stdout.readline().decode().strip()
        assert server, "the lab did not start"
        child = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        self.init = child.read_text().strip()  # the first process of the lab's pid namespace
        self.proc = pathlib.Path(f"/proc/{self.init}/root/proc")
        self.client = ["nsenter", "-t", self.init, "-m", "-n", "-p", "-u", "-i", "--"]
        space = self.proc / server / "ns"
        self.server = ["nsenter", f"--net={space}/net", f"--mount={space}/mnt", "--"]

        # Sockets belong to the network in which they were made, whoever uses them; so one
        # thread lives in the servers' network and makes sockets for the others.
        def move():
            libc = ctypes.CDLL(None, use_errno=True)
            with open(space / "net", "rb") as file:
                if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")

        self.maker = ThreadPoolExecutor(1, initializer=move)

    def stop(self):
        self.reset()
        self.maker.shutdown()
        self.process.stdin.close()
        self.process.wait(10)

    def reset(self):
        """Stops the scripted servers, empties the mailboxes, and makes /etc what it was."""
        self.spool, self.timed = "none", True
        self.etc("resolv.conf", "nameserver 198.18.0.2\n")
        self.etc("mailname", None)
        self.etc("hantar.conf", None)
        self.etc("aliases", None)
        for server in self.servers:
            server.stop()
        broken = [error for server in self.servers for error in server.errors]
        self.servers, self.zone_now = [], []
        self.settle()
        for path in (self.state / "mail").glob("*/*/new/*"):
            path.unlink()
        assert not broken, broken

    # ------------------------------------------------------------ syslog
    def listen_to_log(self):
        self.dev_log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.dev_log.bind(str(self.state / "dev-log"))
        (self.state / "dev-log").chmod(0o666)

        def read():
            while True:
                line = self.dev_log.recv(65536).decode("utf-8", "backslashreplace")
                self.log.append(line)

        threading.Thread(target=read, daemon=True).start()

    def take_log(self):
        """All lines that were sent up to now, without "<22>" and time."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"mark", str(self.state / "dev-log"))
        while "mark" not in self.log:
            time.sleep(0.001)
        end = self.log.index("mark")
        lines, self.log[: end + 1] = self.log[:end], []
        return [re.sub(r"^<\d+>(\w{3} [ \d]\d [\d:]{8} )?", "", line).rstrip("\n\0") for line in lines]

    # ------------------------------------------------------------ running hantar
    def command(self, args, name="hantar", user=None, under=()):
        become = ["setpriv", f"--reuid={user}", "--regid=nogroup", "--clear-groups"] if user else []
        spool = ["-O", f"spool={self.spool}"] if self.spool else []
        for word in args if self.timed and not user else []:
            folder = pathlib.Path(str(word).removeprefix("spool="))
            if str(word).startswith("spool=/") and folder.parent.is_dir() and not folder.exists():
                timed_spool(folder)
        return [*self.client, *become, *under, str(self.state / "bin" / name), *spool, *args]

    def environment(self, env):
        keep = {key: value for key, value in os.environ.items() if key.endswith("SAN_OPTIONS")}
        return {"PATH": "/usr/sbin:/usr/bin", "HOME": "/", "TMPDIR": str(self.tmp), "TZ": "UTC0", **keep, **(env or {})}

    def start_hantar(self, args, env=None, name="hantar", user=None, **popen):
        """Starts hantar and returns its Popen, for a test that looks at it while it runs."""
        return subprocess.Popen(self.command(args, name, user), env=self.environment(env), **popen)

    def run(self, args, input=b"", env=None, name="hantar", user=None, under=(), timeout=20):  # pylint: disable=redefined-builtin
        """Runs hantar as a script would; whatever it does, it must leave nothing over.

        user is a name or number to run as, under a command that runs it ("nice", "env", ...).
        """
        if isinstance(input, str):
            input = input.encode()
        self.take_log()
        began = time.monotonic()
        try:
            done = subprocess.run(
                self.command(args, name, user, under),
                input=input,
                env=self.environment(env),
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            for pid in self.processes():  # killing nsenter does not reach them
                self.kill(pid, "KILL")
            raise
        seconds = time.monotonic() - began
        self.assert_nothing_left()
        out, err = (text.decode("utf-8", "backslashreplace") for text in (done.stdout, done.stderr))
        assert "Sanitizer" not in err and "runtime error:" not in err, err  # an agent's would change no status
        return Result(done.returncode, out, err, self.take_log(), seconds)

    def run_beside(self, args, message, timeout=20):
        """Runs hantar while others run; the caller looks whether anything is left, and the log is everybody's."""
        began = time.monotonic()
        done = subprocess.run(
            self.command(args), input=message.encode(), env=self.environment(None), capture_output=True, timeout=timeout, check=False
        )
        out, err = (text.decode("utf-8", "backslashreplace") for text in (done.stdout, done.stderr))
        return Result(done.returncode, out, err, [], time.monotonic() - began)

    def processes(self):
        """The hantar processes of the lab, by their number inside; who dies is one as long as he may hold locks."""
        found = []
        for path in self.proc.glob("[0-9]*"):
            try:
                if self.is_program(path):
                    found.append(path.name)
            except OSError:
                pass  # it has just ended
        return found

    def is_program(self, path):
        try:
            return os.path.basename(os.readlink(path / "exe")) == self.program.name
        except FileNotFoundError:  # none any more: what it is called, and whether it is all over
            name, state = re.search(r"\((.*)\) (.)", (path / "stat").read_text()).groups()
            return name == self.program.name and state not in "ZX"

    def kill(self, pid, name):
        """Sends a signal to a process, given by its number inside."""
        subprocess.run([*self.client, "sh", "-c", f"kill -{name} {pid}"], check=False)

    def assert_nothing_left(self):
        limit = time.monotonic() + 2
        for runner in [] if self.timed else self.processes():
            self.kill(runner, "TERM")
        while left := self.processes():
            assert time.monotonic() < limit, f"processes left over: {left}"
            time.sleep(0.01)
        assert not list(self.tmp.iterdir()), f"files left over: {list(self.tmp.iterdir())}"

    def path(self, path):
        """A path of the client's world, as it is seen from here."""
        return self.proc.parent / path.lstrip("/")

    # ------------------------------------------------------------ servers
    def zone(self, records):
        """Adds records, one a line with full names, to what the name server knows, for this test."""
        self.zone_now += [line.strip() for line in records.splitlines()]
        (self.state / "zone").write_text("\n".join(self.zone_always + self.zone_now) + "\n")
        subprocess.run(
            [*self.server, "knotc", "-s", "/run/lab/knot/knot.sock", "-b", "zone-reload", "."],
            check=True,
            capture_output=True,
        )

    def mx(self, domain, *addresses):
        """Gives a domain MX hosts mx1, mx2, ... of preference 10, 20, ... with these addresses."""
        records = []
        for number, address in enumerate(addresses, 1):
            host = f"mx{number}.{domain}"
            kind = "AAAA" if ":" in address else "A"
            records += [f"{domain}. MX {number * 10} {host}.", f"{host}. {kind} {address}"]
        self.zone("\n".join(records))

    def etc(self, name, text):
        """Makes a file of /etc as the client sees it, whosever it was before; None removes it."""
        path = self.path(f"/etc/{name}")
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_text(text)

    def settle(self):
        """Waits until Postfix has put all that it accepted into mailboxes."""
        limit = time.monotonic() + 10
        queues = [self.proc.parent / "run/lab/postfix/spool" / name for name in ("incoming", "active")]
        while any(any(queue.iterdir()) for queue in queues):  # a message goes from the first to the second
            assert time.monotonic() < limit, "Postfix does not deliver"
            time.sleep(0.002)

    def mail(self, address, count=1):
        """Takes the messages out of a mailbox of Postfix, which are to be so many, and returns them."""
        self.settle()
        user, domain = address.rsplit("@", 1)
        paths = sorted((self.state / "mail" / domain / user / "new").glob("*"))
        found = [Mail(path.read_bytes()) for path in paths]
        for path in paths:
            path.unlink()
        assert len(found) == count, f"{len(found)} messages for {address}, not {count}"
        return found

    def server_socket(self, family):
        return self.maker.submit(socket.socket, family, socket.SOCK_STREAM).result()

    def serve(self, address, script=None, port=25):
        """Starts a scripted server at an address of the servers' network, or at a path."""
        server = Server(self, str(address), script or smtp(), port)
        self.servers.append(server)
        return server
