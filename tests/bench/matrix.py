#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What becomes of a message to a relay, by the server, the state of its TLS, and the level that is demanded: `make matrix`.

Each cell has the outcome with hantar, msmtp and dma: how the message came, as the server saw it (clear, TLS, and
"verified" where hantar says that it knows with whom), "kept" and "no" where it did not, "-" where the program has
nothing that would be this level. Whatever a program sends although the level forbids it has a "!" behind it.

Needs root, and what scripts/setup test and bench install. hantar's part is in the system tests, too
(tests/system/test_matrix.py). Exit status 0 if hantar does in each cell what is expected there.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

from world import TOP, World, aside
from peers import FROM, Dma, Msmtp

import channels
import test_matrix
from channels import LEVELS, SERVERS

# What nobody has who may send it.
FORBIDDEN = {
    "none": (),
    "may": (),
    "encrypt": ("clear",),
    "verify": ("clear",),
    "fingerprint": ("clear",),
    "another's": ("clear", "TLS"),
}


def demands(server, state, level):
    """What a peer needs to know: the host, its port, whether TLS comes first, the fingerprint that it is to have."""
    keys = test_matrix.options(server, state, level)
    host, _, port = keys["relay"].removeprefix("submissions://").rpartition(":")
    prints = keys.get("tls-fingerprint", "")
    return host, port, server.wrapped(state), prints


class MsmtpCell(Msmtp):
    """It has no opportunistic level, and no use for one: it is told each host."""

    def run(self, server, state, level, message):
        host, port, wrapped, prints = demands(server, state, level)
        if level == "may" or (level == "none" and wrapped):
            return None
        words = [f"--host={host}", f"--port={port}", "--domain=laptop.home.test", "--timeout=10"]
        words += ["--tls=off"] if level == "none" else ["--tls=on", f"--tls-starttls={'off' if wrapped else 'on'}"]
        words += {"encrypt": ["--tls-certcheck=off"], "verify": [f"--tls-trust-file={server.pki.root}"]}.get(level, [])
        if prints:
            words.append("--tls-fingerprint=" + bytes.fromhex(prints).hex(":").upper())
        if server.login:
            words += ["--auth=plain", f"--user={channels.USER}", "--passwordeval=cat /etc/secret"]
        argv = [*self.field.enter(self.field.world), self.program, "--file=/dev/null", *words, f"--from={FROM}", "--"]
        done = subprocess.run(
            [*argv, f"alice@{server.domain}"], input=message, capture_output=True, env=self.field.environment(None), check=False
        )
        return done.returncode == 0


class DmaCell(Dma):
    """It cannot verify by authorities. Whether it is done with a message it says in the log only."""

    def run(self, server, state, level, message):
        host, port, wrapped, prints = demands(server, state, level)
        if level == "verify" or (level in ("none", "may") and wrapped):
            return None
        words = [f"SMARTHOST {host}", f"PORT {port}"]
        if level != "none":
            words += ["SECURETRANSFER", *([] if wrapped else ["STARTTLS"])]
        words += {"may": ["OPPORTUNISTIC_TLS"]}.get(level, [])
        if prints:
            words.append(f"FINGERPRINT {prints.upper()}")
        if server.login:
            words += ["AUTHPATH /etc/dma/auth.conf"]
            self.field.etc("dma/auth.conf", f"{channels.USER}|{host}:{channels.PASSWORD}\n")
        self.configure(*words)
        self.field.take_log()
        number = self.field.state / "dma.pid"
        script = 'echo $$ >"$1"; shift; exec "$@"'
        argv = [*self.field.enter(self.field.world), "sh", "-c", script, "sh", str(number)]
        process = subprocess.Popen(
            [*argv, self.program, "-D", "-f", FROM, f"alice@{server.domain}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self.field.environment(None),
        )
        process.stdin.write(message)
        process.stdin.close()
        done = ("delivery deferred", "delivery failed", "fingerprints do not match")
        self.field.wait_for(
            lambda: process.poll() is not None or any(word in line for line in self.field.log for word in done), "dma's end"
        )
        pid = number.read_text().strip()
        if process.poll() is None and (self.field.proc / pid).exists():  # it would sleep, and try again
            self.field.kill(pid, "KILL")
        process.wait(10)
        for path in self.field.seen(self.spool).iterdir():
            path.unlink()
        return process.returncode == 0


def with_peer(server, peer):
    """Its outcome in every cell."""
    said = {}
    for state in server.states:
        for level in LEVELS:
            behind = server.before(state)
            message = f"Subject: {peer.name}/{state}/{level}\nFrom: {FROM}\nTo: alice@{server.domain}\n\nhello\n"
            said[state, level] = peer.run(server, state, level, message.encode())
            behind()
    took = server.took()
    found = {}
    for cell, content in said.items():
        by_tls = took.get("/".join([peer.name, *cell]))
        if content is None:
            found[cell] = "-"
        elif by_tls is None:
            found[cell] = "LOST" if content and peer.name == "msmtp" else "no"
        else:
            found[cell] = "TLS" if by_tls else "clear"
    return found


def forbidden(server, cell, came):
    """Whether this must not be: sent in clear, or to whom has proved nothing, or by a TLS that is too old; or a login in clear."""
    kept = test_matrix.expected(server)[cell] == "kept"
    return came in FORBIDDEN[cell[1]] or (came == "TLS" and kept) or (came == "clear" and server.login)


def table(server, columns):
    wide = 20
    lines = [(server.name.ljust(wide) + "".join(level.ljust(wide) for level in LEVELS)).rstrip()]
    for state in server.states:
        cells = []
        for level in LEVELS:
            came = [outcomes[state, level] for outcomes in columns.values()]
            cells.append("/".join(word + "!" * forbidden(server, (state, level), word) for word in came))
        lines.append((state.ljust(wide) + "".join(cell.ljust(wide) for cell in cells)).rstrip())
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description="the matrix of servers, states of TLS, and levels")
    parser.add_argument("--hantar", type=pathlib.Path, default=TOP / "build/hantar")
    parser.add_argument("--servers", help="only these, with commas between", type=lambda text: text.split(","))
    given = parser.parse_args()
    wrong, cells, sins = 0, 0, {}
    with tempfile.TemporaryDirectory(prefix="matrix.") as folder:
        state = pathlib.Path(folder) / "lab"
        state.mkdir()
        lab = World(given.hantar.resolve(), state)
        try:
            lab.lay_peers(aside() / "root")
            peers = [MsmtpCell(lab), DmaCell(lab)]
            pki = channels.make_pki(pathlib.Path(folder) / "pki")
            pathlib.Path(folder).chmod(0o755)
            print(f"each cell: hantar/{'/'.join(peer.name for peer in peers)}; see tests/bench/matrix.py\n")
            for kind in SERVERS:
                if given.servers and kind.name not in given.servers:
                    continue
                server = kind(lab, pki)
                with channels.known(lab):
                    columns = {"hantar": test_matrix.all_of(server)}
                    columns.update({peer.name: with_peer(server, peer) for peer in peers})
                server.stop()
                lab.reset()
                print(table(server, columns), flush=True)
                wanted = test_matrix.expected(server)
                wrong += sum(columns["hantar"][cell] != wanted[cell] for cell in wanted)
                cells += len(wanted)
                for name, outcomes in columns.items():
                    sins[name] = sins.get(name, 0) + sum(forbidden(server, cell, came) for cell, came in outcomes.items())
        finally:
            lab.stop()
    print(f"{cells} cells; hantar does not do what is expected in {wrong}; sent although it is forbidden: ", end="")
    print(", ".join(f"{name} {number}" for name, number in sins.items()))
    return 0 if wrong == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
