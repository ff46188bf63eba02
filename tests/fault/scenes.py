# SPDX-License-Identifier: ISC
"""What hantar is asked to do in the fault loop, and what must hold whatever fails meanwhile."""

import dataclasses
import pathlib
import re

import spool

SENDER = "sender@here.test"
HEAD = b"""\
From: Sender <sender@here.test>
To: Someone <one@a.test>
Subject: faults
Date: Tue, 24 Nov 2026 10:00:00 +0000
Message-ID: <faults@here.test>
"""
BODY = b"\nThe first line.\n.\n..two dots\nThe last line.\n"
LARGE = b"\n" + b"".join(b"%06d %s\n" % (n, b"x" * 64) for n in range(4400))

SETTINGS = {
    "loopback-mx": "allow",
    "hostname": "client.test",
    "dns-timeout": "300ms",
    "dns-patience": "800ms",
    "attempts-end": "4s",
    "connect-timeout": "500ms",
    "connect-next-timeout": "300ms",
    "quit-timeout": "300ms",
    **{name + "-timeout": "700ms" for name in ("greeting", "ehlo", "starttls", "mail", "rcpt", "data", "block", "dot")},
}
# What the log says of a runner that stays.
STAYS = "it is run in the background until it is empty"
# What a process may end with that says something: sysexits(3).
STATUSES = range(64, 79)


@dataclasses.dataclass
class Scene:
    """A way to call hantar, and what comes of it when nothing fails."""

    operands: list
    recipients: list  # whoever it goes to
    delivered: list = None  # those of them who accept; None: all
    status: int = 0
    head: bytes = HEAD
    body: bytes = BODY
    sent_head: bytes = None  # as it is sent, where that is not what was given
    flags: tuple = ("-i",)
    settings: dict = dataclasses.field(default_factory=dict)
    tls: bool = False
    tls_broken: bool = False
    nofile: bool = False  # there are no files without a name
    log: str = "file"
    skip: tuple = ()  # faults that only make it slow
    mode: str = ""  # "odi", ... or "q", "-due": how the spool is used
    seeds: tuple = ()  # what is in the spool before: pairs of a mode and recipients
    timed: bool = True  # a timer runs the queue, so that no runner of our own stays
    beside: bool = False  # the queue is run at the same time
    lmtp: bool = False  # by a relay
    change: str = ""  # "hold" or "delete": what it does to the entries

    def __post_init__(self):
        if self.delivered is None:
            self.delivered = self.recipients
        self.text = self.head + self.body
        self.sent = ((self.sent_head or self.head) + self.body).replace(b"\n", b"\r\n")

    def arguments(self, peers, log, folder=None, mode=None, operands=None):
        """The command line; with a mode and operands another than its own, with the same servers."""
        mode = self.mode if mode is None else mode
        operands = self.operands if operands is None else operands
        settings = {
            **SETTINGS,
            "nameserver": f"127.0.0.1:{peers.dns_port}",
            "smtp-port": peers.smtp_port,
            "log": log if self.log == "file" else self.log,
            "tls": "may" if self.tls or self.tls_broken else "none",
            "spool": folder if mode else "none",
            **{key: str(value).format(port=peers.smtp_port) for key, value in self.settings.items()},
        }
        pairs = [word for key, value in settings.items() for word in ("-O", f"{key}={value}")]
        if mode and mode not in spool.SUBMITTING:
            return [*pairs, *("-" + mode).split()]
        flags = ["-" + mode] if mode else []
        return [*pairs, *self.flags, *flags, "-f", SENDER, *operands]


WITH_BCC = HEAD + b"Cc: two@b.test\n"
MIXED = ["one@a.test", "later@a.test", "no@a.test"]
QUEUED = ["one@a.test", "two@a.test", "later@b.test"]
SEEDS = (("odq", ["one@a.test"]), ("odq", ["two@a.test"]), ("odi", ["later@b.test"]))
SEVERAL = ["one@a.test", "busy@b.test", "bad@a.test"]
LMTP = {"relay": "lmtp://127.0.0.1:{port}"}
REFUSED = (("odq", ["no@a.test"]), ("odq", ["bad@b.test"]))
SCENES = {
    "clear": Scene(["one@a.test"], ["one@a.test"]),
    "tls": Scene(["one@a.test"], ["one@a.test"], tls=True),
    "two": Scene(["one@a.test", "two@b.test"], ["one@a.test", "two@b.test"]),
    "refused": Scene(["one@a.test", "no@a.test"], ["one@a.test", "no@a.test"], ["one@a.test"], 67, log="stderr"),
    "deferred": Scene(["later@a.test"], ["later@a.test"], [], 75, flags=("-i", "-v")),
    "header": Scene(
        [],
        ["one@a.test", "two@b.test", "three@a.test"],
        head=WITH_BCC + b"Bcc: three@a.test\n",
        sent_head=WITH_BCC,
        flags=("-i", "-t"),
    ),
    "large": Scene(["one@a.test", "two@a.test"], ["one@a.test", "two@a.test"], body=LARGE, skip=("short+",)),
    "alias": Scene(["root"], ["one@a.test", "two@b.test"], settings={"aliases": pathlib.Path(__file__).with_name("aliases")}),
    "walk": Scene(["one@dead.test"], ["one@dead.test"]),
    "retry": Scene(["one@a.test"], ["one@a.test"], tls_broken=True),
    "named": Scene(["one@a.test"], ["one@a.test"], nofile=True),
    "odi-delivered": Scene(["one@a.test"], ["one@a.test"], mode="odi"),
    "odi-deferred": Scene(["busy@a.test"], ["busy@a.test"], [], mode="odi"),
    "odi-refused": Scene(["bad@b.test", "no@a.test"], ["bad@b.test", "no@a.test"], [], 67, mode="odi"),
    "odi-two-hosts": Scene(["one@a.test", "two@b.test"], ["one@a.test", "two@b.test"], mode="odi"),
    "odi-mixed": Scene(MIXED, MIXED, ["one@a.test"], 67, mode="odi"),
    "odi-lmtp": Scene(SEVERAL, SEVERAL, ["one@a.test"], 69, mode="odi", settings=LMTP, lmtp=True),
    "odb": Scene(["one@a.test"], ["one@a.test"], mode="odb"),
    "odq": Scene(["one@a.test"], ["one@a.test"], [], mode="odq", timed=False),
    "queue": Scene([], QUEUED, QUEUED[:2], mode="q", seeds=SEEDS),
    "queue-refused": Scene([], ["no@a.test", "bad@b.test"], [], mode="q", seeds=REFUSED),
    "odb-refused": Scene(["bad@b.test", "no@a.test"], ["bad@b.test", "no@a.test"], [], mode="odb"),
    "due": Scene([], QUEUED, QUEUED[:2], mode="-due", seeds=SEEDS),
    "odi-dead": Scene(["one@gone.test"], ["one@gone.test"], [], mode="odi"),
    "hold": Scene([], QUEUED, [], mode="-hold ALL", seeds=SEEDS, change="hold"),
    "delete": Scene([], QUEUED, [], mode="-delete ALL", seeds=SEEDS, change="delete"),
    "odi-beside": Scene(["one@a.test"], ["one@a.test"], mode="odi", beside=True),
    "odb-beside": Scene(["one@a.test"], ["one@a.test"], mode="odb", beside=True),
    "queue-beside": Scene([], QUEUED, QUEUED[:2], mode="q", seeds=SEEDS, beside=True),
}


def failed_in(report):
    """Whom a report is about."""
    return re.findall("^Final-Recipient: rfc822; *(.*)\r$", report.decode("ascii", "replace"), re.M)


@dataclasses.dataclass
class Run:
    """What came of a run: the engine's words, and what the servers and the files hold."""

    end: dict
    mail: list
    err: str
    files: list  # left over
    process: int = 0  # which a call fails in
    call: str = ""  # that fails
    fault: str = ""
    transcripts: list = None
    # With a spool: after it, and after clean runs of the queue, which send "later".
    unread: list = dataclasses.field(default_factory=list)  # who has it, and the client may not know
    log: str = ""
    before: spool.Spool = None
    after: spool.Spool = None
    later: list = dataclasses.field(default_factory=list)
    queue: list = dataclasses.field(default_factory=list)  # how those runs ended

    @property
    def reports(self):
        """Who is said to have failed, by each report that the sender has."""
        return [path for to, text in self.mail + self.later if to == (SENDER,) for path in failed_in(text)]

    @property
    def told(self):
        return set(self.reports)

    @property
    def sender(self):
        return SENDER

    def killed(self):
        """Whether it was the first process that the fault is the death of."""
        return self.fault == "END" or (self.fault.endswith("KILL") and self.process == 0)


def is_known_crash(scene, run):
    """glibc 2.36 itself dies when its first look into /etc/nsswitch.conf finds no memory: in
    getpwuid, of SIGSEGV or an assertion (nss_database.c). Nothing has been read or sent then."""
    early = "0 uname" not in run.end["counts"] and (scene.beside or not run.transcripts)
    return early and run.end["crashed"] == 0 and run.call == "malloc"


def is_known_death(run):
    """The libc itself says that it has no memory for a library's own data, and ends the process with 127."""
    return run.end["status"] == 127 and "cannot allocate memory for thread-local data" in run.err


def told_later(run, path):
    """Whether the message waited for somebody, and then a report said that he does not get it."""
    return path in run.told and re.search(f"to=<{re.escape(path)}>, .*status=deferred", run.log)


def violations(scene, run):
    """What is wrong with a run, a sentence each."""
    end, wrong = run.end, []
    if end["late"]:
        wrong.append("it hangs")
    if end["crash"] and not is_known_crash(scene, run):
        wrong.append(f"process {end['crashed']} died of signal {end['crash']}")
    if end["signal"] and not end["late"] and end["signal"] != end["crash"] and not run.killed():
        wrong.append(f"it died of signal {end['signal']}")
    # Who cannot see that a timer runs the queue leaves somebody who does, and says so; and the runner of -odb, who
    # cannot begin now, does so later.
    stays = STAYS in run.log or scene.mode == "odb"
    # Beside others, who change the queue at any moment, he may have a child who looks at it.
    if end["left"] and not (end["left"] <= (2 if scene.beside else 1) and stays and (run.before.entries or scene.beside)):
        wrong.append(f"{end['left']} processes outlive it")
    if run.files and not run.killed():
        wrong.append(f"files left over: {run.files}")
    if "Sanitizer" in run.err or "runtime error:" in run.err:
        wrong.append("a sanitizer complains")

    times = dict.fromkeys(scene.recipients, 0)
    for recipients, content in run.mail + run.later:
        if recipients == (SENDER,):
            continue  # a report
        for path in recipients:
            if path not in times:
                wrong.append(f"delivered to {path}, whom nobody named")
            times[path] = times.get(path, 0) + 1
        # Nothing is added but a Received field on top.
        received = re.match(rb"Received: .*\r\n(?:[ \t].*\r\n)*", content)
        if run.call == "read" and run.fault == "eof" and end["fd"] == 0:
            continue  # then that was all there was
        if not received or content[received.end() :] != scene.sent:
            wrong.append("the servers got another message: " + repr(content[:300]))
    if scene.mode:
        wrong += spool.violations(scene, run, times)
    else:
        wrong += [f"delivered {n} times to {path}" for path, n in times.items() if n > 1]

    missing = [path for path, n in times.items() if n == 0]
    if end["status"] == 0 and missing and not scene.mode:
        wrong.append(f"exit 0, but nothing for {', '.join(missing)}")
    if is_known_death(run):
        return wrong
    if end["status"] > 0 and end["status"] not in STATUSES:
        wrong.append(f"exit {end['status']} says nothing")
    # Who cannot be spoken to is told by the status alone.
    deaf = run.call == "write" and run.process == 0 and (end["fd"] == 2 or run.fault.endswith("+"))
    if end["status"] > 0 and not deaf:
        lines = [line for line in run.err.splitlines() if line.startswith("hantar: ")]
        if not lines:
            wrong.append(f"exit {end['status']} without a word")
        # What failed before anybody was tried concerns all.
        elif run.mail and not any("out of memory" in line for line in lines):
            unknown = [path for path in missing if not any(f"<{path}>" in line for line in lines)]
            wrong += [f"not a word of {path}" for path in unknown if not told_later(run, path)]
    return wrong


def repeated(run):
    """Whether somebody has it twice, who could not be known to have it."""
    got = [path for recipients, _ in run.mail + run.later for path in recipients if path != SENDER]
    return len(got) > len(set(got))


def doubtful(scene, run):
    """Whether all was delivered, and yet is said not to have been."""
    got = {path for recipients, _ in run.mail for path in recipients}
    return scene.status == 0 and run.end["status"] != 0 and got == set(scene.recipients)
