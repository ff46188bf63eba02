# SPDX-License-Identifier: ISC
"""Where the measurements happen: the laboratory of the system tests, with sinks in it, a long line
beside the short one, and a world beside it with the other programs laid over /usr.

    198.18.0.10 to .19    sinks (see SINKS)         198.18.0.20, .21    nobody: refused
    198.18.4.1 to .200    the many hosts            198.18.0.99         swallows all
    198.19.0.10 and .11   sinks at the end of a line that is 50 ms long, each way
"""

import os
import pathlib
import socket
import subprocess
import time

from world import World
import certs

ONE_WAY = 50  # ms

RELAY = "hub.relay.test"
LOGIN = ("me", "volumes")

# Each sink: the addresses (COUNT in a row), whether it offers STARTTLS, its delay in ms. "relay" has a certificate
# that can be verified, and wants a login.
SINKS = {
    "clear": ("198.18.0.10", False, 0),
    "tls": ("198.18.0.11", True, 0),
    "rcpt": ("198.18.0.12", False, 20),
    "many": ("198.18.4.1/200", False, 50),
    "far-clear": ("198.19.0.10", False, 0),
    "far-tls": ("198.19.0.11", True, 0),
    "relay": ("198.18.0.17", True, 0),
    "hole-hantar": ("198.18.0.13", False, 0),
    "hole-dma": ("198.18.0.14", False, 0),
    "hole-exim": ("198.18.0.15", False, 0),
    "hole-postfix": ("198.18.0.16", False, 0),
}


def address_of(sink):
    return SINKS[sink][0].split("/")[0]


class Field(World):
    def __init__(self, hantar, tools, state):
        self.tools = pathlib.Path(tools).resolve()
        super().__init__(hantar, state)
        for tool in ("floor", "floor_tls"):
            # Beside hantar, so that nothing differs but the programs.
            (self.state / "bin" / tool).write_bytes((self.tools / tool).read_bytes())
            (self.state / "bin" / tool).chmod(0o755)
        self.loop = self.script(
            "loop", 'n=$1 file=$2\nshift 2\nwhile [ "$n" -gt 0 ]; do "$@" <"$file" || exit; n=$((n - 1)); done'
        )
        self.relay_chain = self.make_chain()
        self.lay_lines()
        for name, (addresses, tls, delay) in SINKS.items():
            self.start_sink(name, addresses, tls, delay)
        self.zone(self.records())

    def make_chain(self):
        """A certificate of an authority below one that all programs here trust as they do those of the world."""
        folder = self.state / "authorities"
        folder.mkdir()
        root = certs.Authority(folder, "root")
        path = self.path("/etc/ssl/certs/ca-certificates.crt")
        path.write_bytes(path.read_bytes() + root.pem.read_bytes())
        path = self.path("/etc/hosts")
        path.write_text(f"{path.read_text()}{address_of('relay')} {RELAY}\n")
        return certs.Authority(folder, "below", root).issue("relay", [f"DNS:{RELAY}"])

    # ------------------------------------------------------------ lines and names
    def ip(self, where, commands):
        script = "\n".join(commands) + "\n"
        subprocess.run([*where, "ip", "-batch", "-"], input=script.encode(), check=True, stdout=subprocess.DEVNULL)

    def lay_lines(self):
        self.ip(self.client, ["route add 198.18.4.0/24 dev client src 198.18.0.1"])
        self.ip(self.server, [f"addr add 198.18.4.{n}/24 dev server" for n in range(1, 201)])

        # client: far == delay's own network == server: far. Nothing but frames goes through it,
        # and both ends know each other, so that nobody has to ask over the line first.
        here, there = "02:00:00:00:13:01", "02:00:00:00:13:02"
        delay = self.helper("unshare", "--net", self.tools / "delay", ONE_WAY, "near", "off")
        own = os.readlink("/proc/self/ns/net")
        while os.readlink(f"/proc/{delay.pid}/ns/net") == own:
            time.sleep(0.01)
        # Numbers of processes are those of the namespace from which one asks: this one.
        client = ["nsenter", "-t", self.init, "-n", "-m", "--"]
        for where, mac, end, address, others in (
            (client, here, "near", "198.19.0.1", [(there, f"198.19.0.{n}") for n in (10, 11)]),
            (self.server, there, "off", "198.19.0.10", [(here, "198.19.0.1")]),
        ):
            self.ip(
                where,
                [
                    f"link add far address {mac} type veth peer name {end} netns {delay.pid}",
                    f"addr add {address}/24 dev far",
                    "link set far up",
                    *(f"neigh replace {peer} lladdr {lladdr} dev far nud permanent" for lladdr, peer in others),
                ],
            )
        self.ip(self.server, ["addr add 198.19.0.11/24 dev far"])
        assert delay.stdout.readline() == b"ready\n", "no long line"

    def records(self):
        # (The lab's zone serves all names; these are added to it.)
        yet = []
        for domain in ("clear", "tls", "rcpt", "far-clear", "far-tls"):
            yet += [f"{domain}.test. MX 10 mx.{domain}.test.", f"mx.{domain}.test. A {address_of(domain)}"]
        for n in range(200):
            yet += [f"d{n}.test. MX 10 mx.d{n}.test.", f"mx.d{n}.test. A 198.18.4.{n + 1}"]
        yet += ["dead1.test. A 198.18.0.20", "dead2.test. A 198.18.0.21", "hole.test. A 198.18.0.99"]
        yet += ["refuse.test. MX 10 dead1.test.", "refuse.test. MX 20 dead2.test.", "refuse.test. MX 30 mx.clear.test."]
        for name in SINKS:
            if name.startswith("hole-"):
                yet += [f"{name}.test. MX 10 hole.test.", f"{name}.test. MX 20 mx.{name}.test."]
                yet += [f"mx.{name}.test. A {address_of(name)}"]
        return "\n".join(yet)

    # ------------------------------------------------------------ sinks
    def control(self, sink):
        return self.state / f"sink-{sink}"

    def start_sink(self, name, addresses, tls, delay):
        options = ["-d", delay] if delay else []
        if name == "relay":
            options += ["-a", "-t", self.relay_chain, self.relay_chain]
        elif tls:
            options += ["-t", self.state / "tls/cert.pem", self.state / "tls/key.pem"]
        sink = self.helper(*self.server, self.tools / "sink", *options, self.control(name), addresses)
        while not self.control(name).exists():
            assert sink.poll() is None, f"the sink {name} did not start"
            time.sleep(0.005)

    def count(self, sink, question="idle"):
        """What a sink has counted, once it has no connection any more (idle), or so many transactions
        (wait N)."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            while sock.connect_ex(str(self.control(sink))) != 0:
                time.sleep(0.005)
            sock.sendall(f"{question}\n".encode())
            words = sock.recv(4096).decode().split()
        return dict(zip(words[::2], map(int, words[1::2])))
