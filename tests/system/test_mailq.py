# SPDX-License-Identifier: ISC
"""The queue looked at and changed, by mailq and by options."""

import fcntl
import json
import os
import re
import time

import pytest

from lab import SPOOL_FILES, smtp, timed_spool

HOST = "198.18.0.20"
HEAD = r"-Queue ID- +--Size-- ----Arrival Time---- -Sender/Recipient-------\n"


@pytest.fixture(name="queue")
def a_queue(lab, tmp_path):
    """hantar with a spool of this test's own, and mail in it: queue(args), queue.send(to)."""

    class Queue:
        spool = timed_spool(tmp_path / "spool")

        def __call__(self, *args, name="hantar", **kwargs):
            return lab.run(["-O", f"spool={self.spool}", *args], name=name, **kwargs)

        def send(self, *to, sender="me@z.test"):
            before = set(self.ids())
            done = lab.run(["-odq", "-O", f"spool={self.spool}", "-f", sender, *to], "Subject: hi\n\nhello\n")
            assert (done.status, done.err) == (0, "")
            (new,) = set(self.ids()) - before
            return new

        def ids(self):
            return sorted(path.stem for path in self.spool.glob("*.env"))

        def objects(self, *args):
            done = self("--json", *args, name="mailq")
            assert done.status == 0
            return [json.loads(line) for line in done.out.splitlines()]

    tmp_path.chmod(0o755)
    return Queue()


def test_empty(queue):
    """A-26: an empty queue is no failure."""
    for name, args in ("mailq", []), ("hantar", ["-bp"]), ("sendmail", ["-bp"]):
        done = queue(*args, name=name)
        assert (done.status, done.out, done.err) == (0, "Mail queue is empty\n", "")
    done = queue("-bP")
    assert (done.status, done.out) == (0, "0\n")
    assert queue.objects() == []


def test_nothing_can_follow(queue):
    """A-26, A-50: the usage does not ask for what was just refused."""
    done = queue("foo", name="mailq")
    assert done.status == 64 and done.out == ""
    assert done.err == "mailq: foo: nothing can follow mailq\nusage: mailq [option ...]; mailq --help lists the options\n"


def test_looking_makes_nothing(lab, tmp_path):
    """A-26, G-17: where there is no spool yet, there is none when it was looked for; a wrong path is told."""
    lab.timed = False
    spool = tmp_path / "spool"
    for args, status, out in (
        (["-bp"], 0, "Mail queue is empty\n"),
        (["-bp", "--json"], 0, ""),
        (["-bP"], 0, "0\n"),
        (["--hold", "ALL"], 0, ""),
        (["--delete", "1A"], 69, ""),
    ):
        done = lab.run(["-O", f"spool={spool}", *args])
        assert (done.status, done.out) == (status, out)
    done = lab.run(["-O", f"spool={spool}", "--queue-status"])
    assert done.status == 0 and done.out.startswith("ok: mail queue is empty\nentries 0\n")
    assert not spool.exists()
    done = lab.run(["-O", f"spool={spool}/deeper", "-bp"])
    assert done.status == 74 and f"{spool}/deeper: " in done.err


@pytest.mark.parametrize("args", [["-bp"], ["-bP"], ["--queue-status"], ["--hold", "1A"], ["--delete", "ALL"]])
def test_no_spool(lab, args):
    """Without a spool there is no queue, and nobody is told that it is empty."""
    done = lab.run(args)
    assert done.status == 78 and done.out == "" and f"{args[0]} needs a spool" in done.err


def test_columns(lab, queue):
    """G-16, K-11, A-26: who, when, why, and when again; * while it is held by somebody."""
    lab.mx("walk.test", HOST)
    lab.serve(HOST, smtp(RCPT=lambda _peer, line: "451 4.7.1 grey" if "alice" in line else "250 fine"))
    entry = queue.send("alice@walk.test", "bob@walk.test")
    assert queue("-q").status == 0
    done = queue(name="mailq")
    assert done.status == 0
    date = r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d"
    assert re.fullmatch(
        HEAD
        + rf"{entry} +\d+ {date} +me@z\.test\n"
        + rf" +\(host \S+\[{HOST}\] said: 451 4\.7\.1 grey \(in reply to RCPT TO command\); next attempt {date}\)\n"
        + r" +alice@walk\.test\n\n-- 1 Kbytes in 1 Request\.\n",
        done.out,
    )
    with open(queue.spool / f"{entry}.msg", "rb") as message:
        fcntl.flock(message, fcntl.LOCK_EX)
        assert re.search(rf"^{entry}\* ", queue("-bp").out, re.M)
        assert queue.objects()[0]["active"]
        assert queue("--delete", entry).status == 75
    assert not queue.objects()[0]["active"]
    assert queue("-bP").out == "1\n"


def test_json(lab, queue):
    """K-11: for programs, with the same keys in every state."""
    lab.mx("walk.test", HOST)
    lab.serve(HOST, smtp(RCPT="451 4.7.1 grey"))
    begun = time.time()
    entry = queue.send("alice@walk.test")
    (new,) = queue.objects()
    assert queue("-q").status == 0
    (tried,) = queue.objects()
    for seen in new, tried:
        assert list(seen) == ["id", "size", "arrived", "sender", "held", "active", "recipients"]
        assert seen["id"] == entry and seen["sender"] == "me@z.test" and not seen["held"] and not seen["active"]
        assert seen["size"] == (queue.spool / f"{entry}.msg").stat().st_size
        assert begun - 1 < seen["arrived"] < time.time() + 1
    (recipient,) = new["recipients"]
    assert recipient == {
        "address": "alice@walk.test",
        "state": "waiting",
        "attempts": 0,
        "last": None,
        "next": None,
        "status": None,
        "reply": None,
        "relay": None,
    }
    (again,) = tried["recipients"]
    assert list(again) == list(recipient)
    assert again["attempts"] == 1 and again["status"] == "4.7.1" and "451 4.7.1 grey" in again["reply"]
    assert f"[{HOST}]:25" in again["relay"] and 200 < again["next"] - again["last"] < 400


def test_selection(lab, queue):
    """G-13: of the list and of a run, by ID, recipient and sender; none is no failure."""
    lab.mx("walk.test", HOST)
    server = lab.serve(HOST, smtp())
    first = queue.send("alice@walk.test", sender="me@z.test")
    second = queue.send("bob@walk.test", "carol@walk.test", sender="you@z.test")

    def listed(*args):
        return [seen["id"] for seen in queue.objects(*args)]

    assert listed() == [first, second]
    assert listed(f"-qI{first}") == [first] and listed(f"-q!I{first}") == [second]
    assert listed("-qRCAROL") == [second] and listed("-q!Rcarol") == [first]
    assert listed("-qSyou@") == [second] and listed("-q!Syou@", "-qRbob") == []
    assert queue("-bP", "-qRbob").out == "1\n"
    assert queue("-qRnobody").status == 0
    assert queue.ids() == [first, second]
    (queue.spool / "stamp").unlink()
    assert queue("-q!Ryou", "-qRbob").status == 0
    assert queue.ids() == [first] and len(server.mail) == 1
    assert not (queue.spool / "stamp").exists()


def test_hold_release_requeue(lab, queue):
    """G-17: what is held is not tried, what is released is, and requeued is due now."""
    lab.mx("walk.test", HOST)
    replies = iter(["451 4.7.1 grey"])
    server = lab.serve(HOST, smtp(RCPT=lambda *_: next(replies, "250 fine")))
    entry = queue.send("alice@walk.test")
    done = queue("--hold", entry)
    assert (done.status, done.out, done.err) == (0, f"{entry}: held\n", "")
    assert re.search(rf"hantar/queue\[\d+\]: {entry}: held by uid 0", "\n".join(done.log))
    assert queue.objects()[0]["held"] and re.search(rf"^{entry}! ", queue("-bp").out, re.M)
    assert queue("-q").status == 0 and not server.peers
    assert queue("--release", "ALL").status == 0
    assert queue("--due").status == 0 and len(server.peers) == 1
    assert queue("--due").status == 0 and len(server.peers) == 1
    assert queue("--requeue", entry).out == f"{entry}: due now\n"
    assert queue("--due").status == 0
    assert len(server.mail) == 1 and queue.ids() == []


def test_delete(queue):
    """G-17: deleted, and nothing is left; what cannot be is told, and the rest is."""
    one, two, three = (queue.send("alice@walk.test") for _ in range(3))
    done = queue("--delete", one, "NOSUCHID", "../x", two)
    assert done.status == 69 and done.out == f"{one}: deleted\n{two}: deleted\n"
    assert done.err == "hantar: NOSUCHID: there is no such entry\nhantar: ../x: no queue ID\n"
    assert queue.ids() == [three]
    done = queue("--delete", "all")
    assert done.status == 69 and done.err == "hantar: all: there is no such entry; all of them are ALL\n"
    assert queue("--delete", "ALL").status == 0
    assert {path.name for path in queue.spool.iterdir()} <= SPOOL_FILES
    assert queue("--delete").status == 64


def test_strangers(queue):
    """G-17, J-13: who is neither root nor owner sees nothing and changes nothing."""
    entry = queue.send("alice@walk.test")
    for args in ["-bp"], ["-bP"], ["--queue-status"], ["--delete", entry], ["--hold", "ALL"], ["-q"], ["--due"]:
        done = queue(*args, user="nobody")
        assert done.status == 77 and done.out == "" and "Permission denied" in done.err
    assert queue.ids() == [entry]


def test_broken(queue):
    """G-39: what is broken is counted, and never shown as an empty queue."""
    entry = queue.send("alice@walk.test")
    path = queue.spool / f"{entry}.env"
    text = path.read_text()
    path.write_text("nonsense\n")
    done = queue(name="mailq")
    assert done.status == 0 and f"{entry}  (cannot be read: " in done.out and "-- 1 broken entry.\n" in done.out
    assert queue.objects()[0].keys() == {"id", "wrong"}
    assert queue("--hold", entry).status == 65
    done = queue("--queue-status")
    assert done.status == 2 and done.out.startswith("trouble: ")
    assert queue("-q").status == 0
    assert not path.exists()
    assert queue("-bp").out.endswith("-- 1 broken entry.\n")
    (queue.spool / "corrupt" / path.name).write_text(text)


def test_status(queue):
    """K-14: 0 well, 1 when nobody runs the queue, with the ages."""
    (queue.spool / "stamp").unlink()
    done = queue("--queue-status")
    assert done.status == 0 and done.out.startswith("ok: mail queue is empty\n")
    entry = queue.send("alice@walk.test")
    assert queue("--queue-status").status == 0
    path = queue.spool / f"{entry}.env"
    text = path.read_text()
    hours = time.time() - 2 * 3600
    text = re.sub(r"^arrived .*$", f"arrived {int(hours)}.000", text, count=1, flags=re.M)
    path.write_text(text)
    os.utime(path, (hours, hours))
    done = queue("--queue-status", "--json")
    seen = json.loads(done.out)
    assert done.status == 1 and seen["health"] == "warning" and "run the queue" in seen["reason"]
    assert seen["entries"] == seen["due"] == 1 and seen["held"] == 0 and seen["run"] is None
    assert 7200 <= seen["oldest"] < 7300
    (queue.spool / "stamp").touch(0o600)
    assert queue("--queue-status").status == 0
    old = time.time() - 3700
    os.utime(queue.spool / "stamp", (old, old))
    assert queue("--queue-status").status == 1


def test_ten_thousand(lab, queue, tmp_path):
    """The list of 10,000 entries takes 32 MiB at most (a sanitizer's memory is not the program's)."""
    entry = queue.send("alice@walk.test", "bob@walk.test")
    message, envelope = ((queue.spool / f"{entry}{kind}").read_bytes() for kind in (".msg", ".env"))
    for i in range(9999):
        for kind, data in (".msg", message), (".env", envelope):
            fd = os.open(queue.spool / f"{i:015}{kind}", os.O_CREAT | os.O_WRONLY, 0o600)
            os.write(fd, data)
            os.close(fd)
    usage = tmp_path / "usage"
    done = queue("-bP", under=["/usr/bin/time", "-f", "%M", "-o", usage], timeout=60)
    assert done.out == "10000\n"
    assert lab.sanitized or int(usage.read_text()) < 32 * 1024
