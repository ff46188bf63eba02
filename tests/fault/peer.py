# SPDX-License-Identifier: ISC
"""The other side of the fault loop: a name server and two mail hosts, on loopback addresses.

Every domain has two MX hosts, mx1 at 127.0.0.1 and mx2 at 127.0.0.2, which are the same server;
in dead.test there is mx0 before them, where nobody listens, and in gone.test mx0 alone, as long as the
servers are not kind.
The local part of a recipient says what becomes of it: "no..." is refused for good, "later..."
for now, and so are messages for "bad..." and "busy..." after their end; all others are accepted. And all
are, when the servers are kind. Who says LHLO has a verdict for each recipient.
"""

import select
import socket
import ssl
import struct
import threading

HOSTS = {b"mx1": "127.0.0.1", b"mx2": "127.0.0.2"}
ADDRESSES = {b"mx0": "127.0.0.3", **HOSTS}
PATIENCE = 5  # seconds: a client that is gone cannot stall a server, but a test must end


BROKEN = "broken"  # instead of a context for STARTTLS: it is offered, and then there is none


class Gone(Exception):
    """The client closed the connection."""


class Session(threading.Thread):
    """One connection of a client."""

    def __init__(self, peers, sock):
        super().__init__(daemon=True)
        self.peers, self.sock, self.unread = peers, sock, b""
        self.starttls = peers.tls is not None
        self.recipients, self.said = [], []
        self.lmtp = False
        self.accepted = []  # of whom the client has not shown that it knows

    def run(self):
        self.sock.settimeout(3 * PATIENCE)
        try:
            self.say("220 mx.test ESMTP")
            while self.answer(self.until(b"\r\n")[:-2].decode("utf-8", "replace")):
                pass
        except (Gone, OSError):
            pass
        finally:
            self.peers.unread += self.accepted
            self.sock.close()

    def say(self, *lines):
        rows = [line[:3] + "-" + line[4:] for line in lines[:-1]] + [lines[-1]]
        self.sock.sendall("".join(row + "\r\n" for row in rows).encode())

    def until(self, end):
        parts, tail = [self.unread], self.unread
        while end not in tail:
            data = self.sock.recv(1 << 16)
            if not data:
                raise Gone
            tail = tail[1 - len(end) :] + data if len(end) > 1 else data
            parts.append(data)
        data, _, self.unread = b"".join(parts).partition(end)
        return data + end

    def answer(self, line):
        self.said.append(line)
        verb, _, rest = line.partition(" ")
        verb = verb.upper()
        if verb != "QUIT" or self.lmtp:  # which may come with the end of the message
            self.accepted = []
        if verb in ("EHLO", "LHLO"):
            self.lmtp = verb == "LHLO"
            offer = ["STARTTLS"] if self.starttls else []
            self.say(*["250 " + word for word in ("mx.test", "PIPELINING", "SIZE 0", "8BITMIME", *offer)])
        elif verb == "STARTTLS" and self.starttls:
            self.say("220 2.0.0 go ahead")
            if self.peers.tls == BROKEN:
                raise Gone
            self.sock = self.peers.tls.wrap_socket(self.sock, server_side=True)
            self.starttls, self.unread = False, b""
        elif verb == "RCPT":
            self.rcpt(rest.partition("<")[2].partition(">")[0])
        elif verb == "DATA":
            self.data()
        elif verb == "QUIT":
            self.say("221 2.0.0 bye")
            return False
        elif verb in ("HELO", "MAIL", "RSET", "NOOP"):
            if verb != "NOOP":
                self.recipients = []
            self.say("250 2.0.0 ok")
        else:
            self.say("500 5.5.1 what?")
        return True

    def refuses(self, word, recipients):
        return not self.peers.kind and any(path.startswith(word) for path in recipients)

    def rcpt(self, path):
        if self.refuses("no", [path]):
            self.say("550 5.1.1 no such user")
        elif self.refuses("later", [path]):
            self.say("450 4.2.1 not now")
        else:
            self.recipients.append(path)
            self.say("250 2.1.5 ok")

    def data(self):
        if not self.recipients:
            self.say("554 5.5.1 no valid recipients")
            return
        self.say("354 go ahead")
        if self.unread.startswith(b".\r\n"):
            self.unread, content = self.unread[3:], b""
        else:
            content = self.until(b"\r\n.\r\n")[:-3]
        content = b"\r\n".join(row[1:] if row[:1] == b"." else row for row in content.split(b"\r\n"))
        recipients, self.recipients = self.recipients, []
        for some in [[path] for path in recipients] if self.lmtp else [recipients]:
            self.judge(some, content)

    def judge(self, recipients, content):
        if self.refuses("bad", recipients):
            self.say("550 5.7.1 not that")
        elif self.refuses("busy", recipients):
            self.say("451 4.3.0 not now")
        else:
            self.accepted = self.accepted + recipients
            self.peers.mail.append((tuple(recipients), content))
            self.say("250 2.0.0 accepted")


class Peers:
    """The servers of one worker. tls is the context for STARTTLS, or BROKEN; None if it is not offered."""

    def __init__(self):
        self.tls, self.mail, self.sessions = None, [], []
        self.kind, self.unread = False, []
        self.listeners = []
        self.smtp_port = 0
        while not self.listeners:
            self.listen()
        self.dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.dns.bind(("127.0.0.1", 0))
        self.dns_port = self.dns.getsockname()[1]
        self.bell, self.ring = socket.socketpair()
        self.quiet = threading.Event()
        threading.Thread(target=self.serve, daemon=True).start()

    def listen(self):
        """The same free port at all hosts."""
        port, made = 0, []
        for address in HOSTS.values():
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.append(listener)
            try:
                listener.bind((address, port))
            except OSError:
                for other in made:
                    other.close()
                return
            listener.listen(50)
            listener.setblocking(False)
            port = listener.getsockname()[1]
        self.listeners, self.smtp_port = made, port

    def serve(self):
        while True:
            ready = select.select([*self.listeners, self.dns, self.bell], [], [])[0]
            for sock in self.listeners:
                if sock in ready or self.bell in ready:
                    self.accept(sock)
            if self.dns in ready:
                query, client = self.dns.recvfrom(4096)
                reply = answer(query, self.kind)
                if reply:
                    self.dns.sendto(reply, client)
            if self.bell in ready:
                self.bell.recv(1)
                self.quiet.set()

    def accept(self, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            session = Session(self, sock)
            self.sessions.append(session)
            session.start()

    def take(self):
        """All that was accepted, once every client is gone: (recipients, content), what each said, and
        the recipients of what was accepted without a client that has shown to know."""
        self.quiet.clear()
        self.ring.send(b"!")
        assert self.quiet.wait(PATIENCE), "the servers do not answer"
        sessions, self.sessions = self.sessions, []
        for session in sessions:
            session.join(PATIENCE)
            assert not session.is_alive(), f"a connection stays open: {session.said}"
        mail, self.mail = self.mail, []
        unread, self.unread = self.unread, []
        return mail, [session.said for session in sessions], unread


def name_of(labels):
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def answer(query, kind_servers):
    """The answer to a DNS query; None if it is none."""
    at, labels = 12, []
    while at < len(query) and query[at] != 0:
        labels.append(query[at + 1 : at + 1 + query[at]])
        at += 1 + query[at]
    if len(query) < at + 5:
        return None
    (kind,) = struct.unpack("!H", query[at + 1 : at + 3])
    first = labels[0].lower() if labels else b""
    records = []
    if kind == 15 and first not in ADDRESSES:
        hosts = {b"dead": ADDRESSES, b"gone": HOSTS if kind_servers else [b"mx0"]}
        for n, host in enumerate(hosts.get(first, HOSTS), 1):
            records.append(struct.pack("!H", 10 * n) + name_of([host, *labels]))
    elif kind == 1 and first in ADDRESSES:
        records.append(socket.inet_aton(ADDRESSES[first]))
    head = query[:2] + struct.pack("!HHHHH", 0x8580, 1, len(records), 0, 0)
    rows = [struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(data)) + data for data in records]
    return head + query[12 : at + 5] + b"".join(rows)


def tls_context(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
