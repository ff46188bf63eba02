# SPDX-License-Identifier: ISC
"""Real servers, each in every state that TLS can be in: what the matrix of test_matrix.py is made of.

A server stands at an address, and has a port, or an address, of its own for each state. What it took it tells by
took(): of each message the subject, and whether it came by TLS as the server saw it.
"""

import asyncio
import contextlib
import logging
import os
import re
import ssl
import subprocess
import threading
import types

from aiosmtpd.smtp import SMTP

import certs
import dovecot
import judges
from judges import wait_for

USER, PASSWORD = "me@post.test", "three-volumes"
NAMES = ["DNS:*.hub.test"]

# What a server does, and the certificate that it shows.
STATES = {
    "no STARTTLS": "good",
    "STARTTLS refused": "good",
    "handshake fails": "good",
    "good": "good",
    "expired": "expired",
    "not yet valid": "early",
    "self-signed": "itself",
    "unknown authority": "unknown",
    "another's name": "foreign",
    "TLS 1.0 only": "good",
    "TLS 1.2 only": "good",
    "TLS 1.3 only": "good",
    "implicit": "good",
    "implicit, expired": "expired",
}
NUMBER = {state: number for number, state in enumerate(STATES)}
LEVELS = ("none", "may", "encrypt", "verify", "fingerprint", "another's")


def implicit(state):
    return state.startswith("implicit")


def make_pki(folder):
    """The certificates by name, a root that is to be trusted, and the fingerprints."""
    folder.mkdir(mode=0o755)
    root = certs.Authority(folder, "root")
    below = certs.Authority(folder, "below", root)
    shown = {
        "good": below.issue("good", NAMES),
        "expired": root.issue("expired", NAMES, start="20200101000000Z", end="20210101000000Z"),
        "early": root.issue("early", NAMES, start="20400101000000Z", end="20410101000000Z"),
        "itself": certs.itself(folder, "itself", NAMES),
        "unknown": certs.Authority(folder, "other").issue("unknown", NAMES),
        "foreign": root.issue("foreign", ["DNS:www.example.org"]),
    }
    for pem in shown.values():
        pem.chmod(0o600)
    prints = {name: certs.fingerprint(pem) for name, pem in shown.items()}
    return types.SimpleNamespace(authority=root, root=root.pem, shown=shown, prints=prints)


def by_trace(raw):
    """What the first Received field says, and the subject."""
    trace = re.search(rb"^Received: (?:.*\n)(?:[ \t].*\n)*", raw, re.MULTILINE).group(0)
    subject = re.search(rb"^Subject: (.*)", raw, re.MULTILINE).group(1).decode()
    return subject, bool(re.search(rb"using TLSv|with esmtps|\(TLSv|with ESMTPSA?\b", trace))


class Server:
    """One kind; states: those that it can be in."""

    name = address = ""
    login = False  # who does not log in may not send
    domain = "post.test"

    def __init__(self, lab, pki):
        self.lab, self.pki = lab, pki
        self.states = list(STATES)

    def at(self, state):
        """Address and port."""
        return self.address, 2500 + NUMBER[state]

    def wrapped(self, state):
        """Whether TLS comes first."""
        return implicit(state)

    def before(self, state):
        """Is called before each attempt; gives a function that is called behind it. In one state it is one at a time."""
        return lambda: None

    def took(self):
        raise NotImplementedError

    def stop(self):
        pass

    def shown(self, state):
        return self.pki.shown[STATES[state]]

    def answers(self, state="good"):
        with self.lab.server_socket(2) as sock:
            return sock.connect_ex(self.at(state)) == 0


class Postfix(Server):
    """The lab's, with a service for each state."""

    name, address = "postfix", "198.18.0.8"

    def __init__(self, lab, pki):
        super().__init__(lab, pki)
        self.master = lab.path("/run/lab/postfix/etc/master.cf")
        self.text = self.master.read_text()
        self.inside = lab.path("/run/lab/matrix")
        self.inside.mkdir(exist_ok=True)
        for state in STATES:
            (self.inside / f"{NUMBER[state]}.pem").write_bytes(self.shown(state).read_bytes())
        (self.inside / "root.pem").write_bytes(pki.root.read_bytes())
        self.reload(self.text + "".join(map(self.service, STATES)))
        wait_for("postfix answers", lambda: all(map(self.answers, STATES)))

    def service(self, state, **more):
        pem = "/none" if state == "STARTTLS refused" else f"/run/lab/matrix/{NUMBER[state]}.pem"
        options = {"smtpd_tls_cert_file": pem, "smtpd_tls_key_file": pem}
        if state.startswith("TLS "):
            options["smtpd_tls_protocols"] = {"0": "TLSv1", "2": "TLSv1.2", "3": "TLSv1.3"}[state[6]]
        if state == "handshake fails":  # what is left is of no use with such a certificate
            options.update({"smtpd_tls_protocols": "TLSv1.2", "smtpd_tls_exclude_ciphers": "aECDSA"})
        if state == "no STARTTLS":
            options["smtpd_tls_security_level"] = "none"
        if implicit(state):
            options["smtpd_tls_wrappermode"] = "yes"
        options.update(more)
        address, port = self.at(state)
        return "\n".join([f"{address}:{port} inet n - n - - smtpd", *(f"    -o {key}={value}" for key, value in options.items()), ""])

    def reload(self, text):
        self.master.write_text(text)
        os.utime(self.master, (1, 1))
        pid = self.lab.path("/run/lab/postfix/spool/pid/master.pid").read_text().strip()
        self.lab.kill(pid, "HUP")

    def took(self):
        self.lab.settle()
        box = self.lab.state / "mail/post.test/alice/new"
        return dict(by_trace(path.read_bytes()) for path in box.glob("*"))

    def stop(self):
        self.reload(self.text)
        wait_for("postfix is as before", lambda: not self.answers())


class Dovecot(Server):
    """Its submission service, which takes mail only of who has logged in; each state has an address of its own."""

    name, login = "dovecot", True

    def __init__(self, lab, pki):
        super().__init__(lab, pki)
        self.states.remove("STARTTLS refused")  # it would not start
        for state in ("TLS 1.0 only", "TLS 1.2 only"):  # it knows no newest version
            self.states.remove(state)
        self.inside = lab.path("/run/lab/matrix")
        self.inside.mkdir(exist_ok=True)
        self.ip("add")
        more = [*map(self.part, self.states)]
        for name, port, kind in (("some", 587, ""), ("others", 465, "ssl = yes")):
            addresses = " ".join(self.at(state)[0] for state in self.states if implicit(state) == (port == 465))
            listener = f"inet_listener {name} {{\n address = {addresses}\n port = {port}\n {kind}\n }}"
            more.append(f"service submission-login {{\n {listener}\n}}")
        self.dovecot = dovecot.Dovecot(lab, {USER: PASSWORD}, "\n".join([*more, ""]))

    def ip(self, verb):
        lines = "".join(f"addr {verb} {self.at(state)[0]}/24 dev server\n" for state in self.states)
        subprocess.run([*self.lab.server, "ip", "-batch", "-"], input=lines.encode(), check=True)

    def part(self, state):
        path = self.inside / f"dovecot-{NUMBER[state]}.pem"
        path.write_bytes(self.shown(state).read_bytes())
        inside = f"/run/lab/matrix/{path.name}"
        lines = [f"ssl_cert = <{inside}", f"ssl_key = <{inside}"]
        if state == "no STARTTLS":
            lines += ["ssl = no", "disable_plaintext_auth = no"]
        if state == "TLS 1.3 only":
            lines += ["ssl_min_protocol = TLSv1.3"]
        if state == "handshake fails":  # nobody offers these for such a certificate
            lines += ["ssl_cipher_list = ECDHE-RSA-AES128-SHA", "ssl_cipher_suites = TLS_AES_128_CCM_8_SHA256"]
        return "\n".join([f"local {self.at(state)[0]} {{", *lines, "}"])

    def at(self, state):
        return f"198.18.0.{41 + NUMBER[state]}", 465 if implicit(state) else 587

    def took(self):
        """It hands them on, and says in its log how they came, and as what they went to Postfix."""
        self.lab.settle()
        log = (self.lab.state / "log.dovecot").read_text()
        by_tls = set(re.findall(r" Login: .*, TLS, session=<(.*?)>", log))
        relayed = re.findall(r"<([^<>]*)>: Info: Successfully relayed .* queued as (\w+)", log)
        came = {queued: session in by_tls for session, queued in relayed}
        found = {}
        for path in (self.lab.state / "mail/post.test/alice/new").glob("*"):
            raw = path.read_bytes()
            subject, _ = by_trace(raw)
            found[subject] = came[re.search(rb"with ESMTP id (\w+)", raw).group(1).decode()]
        return found

    def stop(self):
        self.dovecot.stop()
        self.ip("del")


EXIM = """
local_interfaces = 198.18.0.31
daemon_smtp_ports = 25 : {ports}
tls_on_connect_ports = {wrapped}
tls_advertise_hosts = ${{if eq{{$received_port}}{{{plain}}}{{}}{{*}}}}
tls_certificate = ${{if eq{{$received_port}}{{{refused}}}{{/none}}{{/run/lab/judge/$received_port.pem}}}}
tls_require_ciphers = ${{if eq{{$received_port}}{{{broken}}}{{NORMAL:-VERS-TLS1.3:-KX-ALL:+ECDHE-RSA}}{{ \\
    ${{if eq{{$received_port}}{{{ancient}}}{{NORMAL:-VERS-ALL:+VERS-TLS1.0}}{{ \\
    ${{if eq{{$received_port}}{{{old}}}{{NORMAL:-VERS-TLS1.3}}{{ \\
    ${{if eq{{$received_port}}{{{new}}}{{NORMAL:-VERS-ALL:+VERS-TLS1.3}}{{NORMAL}}}}}}}}}}}}}}}}
"""


class Judge(Server):
    """One of judges.py that runs from what was unpacked aside."""

    def files(self):
        return {f"{self.at(state)[1]}.pem": self.shown(state).read_bytes() for state in STATES}

    def took(self):
        self.judge.messages(0)
        return dict(by_trace(path.read_bytes()) for path in (self.judge.top / "box/new").glob("*"))

    def stop(self):
        self.judge.stop()


class Exim(Judge):
    """With GnuTLS."""

    name, address, domain = "exim", "198.18.0.31", "exim.test"

    def __init__(self, lab, pki):
        super().__init__(lab, pki)
        port = {state: self.at(state)[1] for state in STATES}
        more = EXIM.format(
            ports=" : ".join(map(str, port.values())),
            wrapped=" : ".join(str(port[state]) for state in STATES if implicit(state)),
            plain=port["no STARTTLS"],
            refused=port["STARTTLS refused"],
            broken=port["handshake fails"],
            ancient=port["TLS 1.0 only"],
            old=port["TLS 1.2 only"],
            new=port["TLS 1.3 only"],
        )
        own = re.compile(r"^(local_interfaces|daemon_smtp_ports|tls_advertise_hosts) =.*\n", re.MULTILINE)
        config = more + own.sub("", judges.EXIM)
        self.judge = judges.Daemon(lab, "exim", self.address, config, ["exim4", "-bdf"], ["input"], "exim-matrix", self.files())


class OpenSMTPD(Judge):
    """Debian 12's, whose TLS is broken with OpenSSL 3, whatever it is given (its issue 1171): no handshake ends well."""

    name, address, domain = "opensmtpd", "198.18.0.32", "opensmtpd.test"

    def __init__(self, lab, pki):
        super().__init__(lab, pki)
        self.states = ["no STARTTLS", "handshake fails"]
        plain, broken = (self.at(state)[1] for state in self.states)
        config = f'''
pki own cert "/run/lab/judge/{broken}.pem"
pki own key "/run/lab/judge/{broken}.pem"
listen on {self.address} port {plain} hostname opensmtpd.test
listen on {self.address} port {broken} hostname opensmtpd.test tls pki own
{judges.OPENSMTPD}'''
        command = ["sh", "-c", "chmod 600 /run/lab/judge/*.pem; exec smtpd -d -f /run/lab/judge/conf"]
        queues = ["queue", "incoming", "temporary"]
        self.judge = judges.Daemon(lab, "opensmtpd", self.address, config, command, queues, "opensmtpd-matrix", self.files())


class Aiosmtpd(Server):
    """In a thread of this process."""

    name, address, domain = "aiosmtpd", "198.18.0.33", "aiosmtpd.test"

    def __init__(self, lab, pki):
        super().__init__(lab, pki)
        self.box, self.socks = {}, []
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # it logs each handshake that fails, as a fault of its own
        self.loop = asyncio.new_event_loop()
        for state in STATES:
            sock = lab.server_socket(2)
            sock.setsockopt(1, 2, 1)  # SOL_SOCKET, SO_REUSEADDR
            sock.bind(self.at(state))
            self.socks.append(sock)
            context = certs.context(self.shown(state))
            if state in ("TLS 1.2 only", "handshake fails"):
                context.maximum_version = ssl.TLSVersion.TLSv1_2
            if state == "TLS 1.3 only":
                context.minimum_version = ssl.TLSVersion.TLSv1_3
            if state == "handshake fails":
                context.set_ciphers("ECDHE-RSA-AES128-SHA")  # of no use with such a certificate
            if state == "TLS 1.0 only":
                context.set_ciphers("ALL:@SECLEVEL=0")
                context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
            make = self.session(state, None if implicit(state) or state == "no STARTTLS" else context)
            self.loop.run_until_complete(self.loop.create_server(make, sock=sock, ssl=context if implicit(state) else None))
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def session(self, state, context):
        kind = Refusing if state == "STARTTLS refused" else SMTP
        return lambda: kind(self, hostname=self.domain, tls_context=context, loop=self.loop)

    async def handle_DATA(self, _server, session, envelope):  # pylint: disable=invalid-name
        subject = re.search(rb"^Subject: (.*?)\r?$", envelope.content, re.MULTILINE).group(1).decode()
        # Of what is encrypted from the first byte it is not told in session.ssl.
        self.box[subject] = bool(session.ssl) or implicit(subject.split("/")[1])
        return "250 2.0.0 taken"

    def took(self):
        return self.box

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        for sock in self.socks:
            sock.close()


class Refusing(SMTP):
    async def smtp_STARTTLS(self, arg):  # pylint: disable=invalid-name,unused-argument
        await self.push("454 4.7.0 TLS not available")


class OpenSSL(Server):
    """openssl s_server, which has TLS from the first byte, and for each attempt a process that knows no more of SMTP than it takes."""

    name, address = "s_server", "198.18.0.34"

    def __init__(self, lab, pki):
        super().__init__(lab, pki)
        self.box = {}
        for state in ("no STARTTLS", "STARTTLS refused"):
            self.states.remove(state)

    def wrapped(self, state):
        return True

    def before(self, state):
        pem = self.shown(state)
        special = {
            "handshake fails": ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA"],
            "TLS 1.0 only": ["-tls1", "-cipher", "ALL:@SECLEVEL=0"],
            "TLS 1.2 only": ["-tls1_2"],
            "TLS 1.3 only": ["-tls1_3"],
        }.get(state, [])
        address, port = self.at(state)
        words = ["openssl", "s_server", "-accept", f"{address}:{port}", "-naccept", "1", "-crlf", *special]
        words += ["-cert", pem, "-cert_chain", pem, "-key", pem]
        server = subprocess.Popen([*self.lab.server, *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for line in server.stdout:
            if line == b"ACCEPT\n":
                break
        talker = threading.Thread(target=self.talk, args=[server], daemon=True)
        talker.start()

        def behind():
            server.kill()
            talker.join(10)
            server.wait(10)

        return behind

    def talk(self, server):
        """What the client says comes among what s_server tells of itself."""

        def say(text):
            server.stdin.write(text + b"\n")
            server.stdin.flush()

        replies = {b"EHLO": b"250 s_server.test", b"MAIL": b"250 ok", b"RCPT": b"250 ok", b"DATA": b"354 go ahead", b"QUIT": b"221 bye"}
        try:
            say(b"220 s_server.test ESMTP")
            in_message = False
            for line in server.stdout:
                line = line.rstrip(b"\r\n")
                if in_message and line.startswith(b"Subject: "):
                    self.box[line[9:].decode()] = True
                if in_message and line != b".":
                    continue
                if in_message:
                    in_message = False
                    say(b"250 taken")
                elif line[:4].upper() in replies:
                    in_message = line[:4].upper() == b"DATA"
                    say(replies[line[:4].upper()])
        except OSError:
            pass

    def took(self):
        return self.box


SERVERS = (Postfix, Dovecot, Exim, OpenSMTPD, Aiosmtpd, OpenSSL)


def host_of(address):
    """The name by which it is called, which its certificate has."""
    return f"h{address.rsplit('.', 1)[1]}.hub.test"


@contextlib.contextmanager
def known(lab):
    """While this lasts, the client knows the servers by their names, and the password."""
    hosts = lab.path("/etc/hosts").read_text()
    addresses = [f"198.18.0.{number}" for number in range(3, 60)]
    lab.etc("hosts", hosts + "".join(f"{address} {host_of(address)}\n" for address in addresses))
    lab.etc("secret", PASSWORD + "\n")
    lab.path("/etc/secret").chmod(0o600)
    try:
        yield
    finally:
        lab.etc("hosts", hosts)
        lab.etc("secret", None)
