# SPDX-License-Identifier: ISC
"""Who may have which message, and who knows, at every point of a run; from its journal (journal.h)."""

import dataclasses
import re

import scenes


@dataclasses.dataclass
class Transaction:
    """A message on its way: when its end was sent whole, and when it is first told what came of it."""

    process: int
    named: list
    dot: int  # lines of the journal up to there
    each: bool  # LMTP: a reply, and a word, for each recipient
    told: int = None  # None: never
    words: int = 1  # that its process says until then
    keys: tuple = ()  # of those who have it; see keys_of()
    content: bytes = b""


def keys_of(recipients, content):
    """Recipients; for a report, each whom it is about."""
    if recipients != (scenes.SENDER,):
        return recipients
    return tuple(f"report of {path}" for path in scenes.failed_in(content))


class Stream:
    """What a client says over one connection."""

    def __init__(self):
        self.unread, self.named, self.content, self.each = b"", [], False, False

    def heard(self, data):
        if re.search(rb"^354", data, re.M):
            self.content, self.unread = True, b"\r\n"

    def says(self, data):
        """The recipients of each message whose end is in it."""
        self.unread += data
        while True:
            end = b"\r\n.\r\n" if self.content else b"\r\n"
            if end not in self.unread:
                return
            part, _, self.unread = self.unread.partition(end)
            if self.content:
                self.content = False
                yield self.named
            elif part.upper().startswith(b"LHLO"):
                self.each = True
            elif part.upper().startswith(b"MAIL"):
                self.named = []
            elif part.upper().startswith(b"RCPT"):
                self.named = [*self.named, part.partition(b"<")[2].partition(b">")[0].decode()]


def tells(line, path, one):
    """Does this call say what came of it: to the parent, to the log, or by its end?"""
    own = line["process"] == one.process
    if line["call"] == "write" and path.endswith("/log"):
        text = bytes.fromhex(line["data"]).decode("utf-8", "replace")
        removed = re.search(r": (\w+): removed$", text, re.M)
        if removed:
            return removed[1].encode() in one.content
        return "status=sent" in text and any(f"to=<{path}>" in text for path in one.named)
    if line["call"] == "exit":
        return line["result"] >= 0 and (own or line["process"] % 100 == 0)
    one.words -= own and line["call"] == "write" and path.startswith("pipe:")
    return one.words == 0


def transactions(journal, mail):
    """All whose end was sent; "mail" is what the servers have accepted, in that order."""
    streams, found, mail = {}, [], list(mail)
    for when, line in enumerate(journal, 1):
        key = line["process"], line.get("inode")
        if line["call"] == "recvfrom":
            streams.setdefault(key, Stream()).heard(bytes.fromhex(line["data"]))
        elif line["call"] == "sendto":
            stream = streams.setdefault(key, Stream())
            for named in stream.says(bytes.fromhex(line["data"])):
                found.append(Transaction(line["process"], named, when, stream.each))
    for one in found:
        for i, (recipients, content) in enumerate(mail):
            if set(recipients) <= set(one.named):
                one.keys, one.content = keys_of(recipients, content), content
                if one.each:
                    one.words += max(one.named.index(path) for path in recipients)
                del mail[i]
                break
    for when, line in enumerate(journal, 1):
        for one in found:
            if one.told is None and when > one.dot and tells(line, line.get("path", ""), one):
                one.told = when
    return found


@dataclasses.dataclass
class Facts:
    """At one point of a run."""

    had: dict  # how often a server has accepted it for this key
    open: dict  # how often nobody could have said so before
    status: int = None  # of the first process, if it has ended


def at(journal, found, cut):
    """What holds after so many lines."""
    facts = Facts({}, {})
    for one in found:
        if one.dot > cut:
            continue
        for key in one.keys:
            facts.had[key] = facts.had.get(key, 0) + 1
            if one.told is None or cut < one.told:
                facts.open[key] = facts.open.get(key, 0) + 1
    for line in journal[:cut]:
        if line["call"] == "exit" and line["process"] == 0:
            facts.status = line["result"]
    return facts
