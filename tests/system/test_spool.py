# SPDX-License-Identifier: ISC
"""Mail in the spool: it is kept before it is sent, and sent again until it is delivered."""

import contextlib
import email
import re
import subprocess
import time

import pytest

from lab import DROP, SPOOL_FILES, STALL, smtp

MESSAGE = "Subject: hi\nTo: alice@walk.test\n\nhello\n"
HOST = "198.18.0.20"


@pytest.fixture(name="spool")
def a_spool(tmp_path):
    return tmp_path / "spool"


def entries(spool):
    return sorted(path.stem for path in spool.glob("*.env"))


def files(spool):
    return sorted(path.name for path in spool.iterdir() if path.name not in SPOOL_FILES)


def marks(spool):
    """The marks of all entries, in their order."""
    texts = [(spool / f"{entry}.env").read_text() for entry in entries(spool)]
    return [re.search(r"^marks (.*)$", text, re.M)[1] for text in texts]


def to(mail):
    """The recipients of a message as the scripted server has it."""
    return [re.search(r"<(.*?)>", line)[1] for line in mail[1]]


def feed(process):
    process.stdin.write(MESSAGE.encode())
    process.stdin.close()


def wait_for(what):
    for _ in range(500):
        if what():
            return
        time.sleep(0.02)
    assert what()


def send(lab, spool, *args, message=MESSAGE, **kwargs):
    return lab.run(["-O", f"spool={spool}", *args], message, **kwargs)


def test_what_is_delivered_leaves_nothing(lab, spool):
    """Kept first, sent, removed (G-01, K-07)."""
    lab.mx("walk.test", "198.18.0.3")
    done = send(lab, spool, "alice@walk.test")
    assert (done.status, done.out, done.err) == (0, "", "")
    (mail,) = lab.mail("alice@walk.test")
    assert mail.body == b"hello\n"
    assert files(spool) == []
    assert re.search(r"hantar/qmgr\[\d+\]: \w+: removed", "\n".join(done.log))


def test_greylisting(lab, spool):
    """A deferral is the queue's: status 0, nothing said, and the next run delivers it (D-55, G-09)."""
    lab.mx("walk.test", HOST)
    replies = iter(["451 4.7.1 greylisted", "451 4.7.1 greylisted"])
    server = lab.serve(HOST, smtp(RCPT=lambda *_: next(replies, "250 2.1.5 fine")))
    done = send(lab, spool, "alice@walk.test", "bob@walk.test")
    assert (done.status, done.out, done.err) == (0, "", "")
    (entry,) = entries(spool)
    text = (spool / f"{entry}.env").read_text()
    assert "greylisted" in text and marks(spool) == ["ww"]
    not_due = send(lab, spool, "--due")
    assert not_due.status == 0 and entries(spool) == [entry] and not server.mail
    assert send(lab, spool, "-q").status == 0
    assert files(spool) == []
    (mail,) = server.mail
    assert to(mail) == ["alice@walk.test", "bob@walk.test"]


def test_a_refused_recipient_is_told_at_once(lab, spool):
    """Who failed is named, by class; the rest is delivered, and nothing is left."""
    lab.mx("walk.test", HOST)
    refuse = {"bob": "550 5.1.1 nobody"}
    server = lab.serve(
        HOST,
        smtp(RCPT=lambda _peer, line: next((r for k, r in refuse.items() if k in line), "250 fine")),
    )
    done = send(lab, spool, "alice@walk.test", "bob@walk.test")
    assert done.status == 67
    assert "<bob@walk.test>: failed 5.1.1" in done.err and "alice" not in done.err
    assert [to(mail) for mail in server.mail] == [["alice@walk.test"]]
    assert files(spool) == []


@pytest.mark.parametrize("mode", ["-odq", "-odb"])
def test_other_modes(lab, spool, mode):
    """Queued: for the next run; in the background: at once, and nobody waits (A-31)."""
    lab.mx("walk.test", "198.18.0.3")
    done = send(lab, spool, mode, "alice@walk.test")
    assert (done.status, done.out, done.err) == (0, "", "")
    if mode == "-odq":
        assert marks(spool) == ["w"]
        assert lab.mail("alice@walk.test", 0) == []
        assert send(lab, spool, "-q").status == 0
    (mail,) = lab.mail("alice@walk.test")
    assert mail.body == b"hello\n"
    wait_for(lambda: not files(spool))


def test_many_messages_one_connection(lab, spool):
    """A run groups what goes to one host (D-48), and sends each message to its own recipients."""
    lab.mx("walk.test", HOST)
    for i in range(30):
        message = f"Subject: {i}\n\nnumber {i}\n"
        assert send(lab, spool, "-odq", f"u{i}@walk.test", message=message).status == 0
    server = lab.serve(HOST, smtp())
    assert send(lab, spool, "-q").status == 0
    assert len(server.peers) == 1
    got = {to(mail)[0]: mail[2] for mail in server.mail}
    assert sorted(got) == sorted(f"u{i}@walk.test" for i in range(30))
    assert all(got[f"u{i}@walk.test"].endswith(b"\r\n\r\nnumber %d\r\n" % i) for i in range(30))
    assert files(spool) == []


def test_a_verdict_is_kept_before_the_next_message(lab, spool):
    """G-05: when the next message of a connection begins, the mark of the one before says what became of it."""
    lab.mx("walk.test", HOST)
    seen = []

    def mail(*_):
        seen.append({})
        for entry in queued:
            with contextlib.suppress(FileNotFoundError):  # done, and gone
                text = (spool / f"{entry}.env").read_text()
                seen[-1][entry] = re.search(r"^marks (.*)$", text, re.M)[1]
        return "250 fine"

    for i in range(3):
        assert send(lab, spool, "-odq", f"u{i}@walk.test").status == 0
    queued = entries(spool)
    server = lab.serve(HOST, smtp(MAIL=mail))
    assert send(lab, spool, "-q").status == 0
    assert len(server.peers) == 1 and len(server.mail) == len(seen) == 3
    order = [queued[int(to(mail)[0][1])] for mail in server.mail]
    for number, mark in enumerate(seen):
        assert all(mark.get(entry, "d") == "d" for entry in order[:number])
        assert all(mark[entry] != "d" for entry in order[number:])


def queue(lab, spool, recipient, count):
    """Queues so many messages: one, and copies of it under other IDs."""
    known = set(entries(spool)) if spool.exists() else set()
    assert send(lab, spool, "-odq", "-f", "root@laptop.home.test", recipient).status == 0
    (first,) = set(entries(spool)) - known
    for number in range(1, count):
        other = f"{first[:-5]}Z{number:04}"
        for kind in ("msg", "env"):
            path = spool / f"{other}.{kind}"
            path.write_bytes((spool / f"{first}.{kind}").read_bytes())
            path.chmod(0o600)


def test_many_messages_few_connections(lab, spool):
    """120 messages for one host take four connections (G-14, D-48), and none is sent twice."""
    lab.zone(f"walk.test. MX 10 mx.walk.test.\nmx.walk.test. A {HOST}")
    queue(lab, spool, "alice@walk.test", 120)
    with lab.serve(HOST, smtp()) as server:
        assert lab.run(["-O", f"spool={spool}", "-q"]).status == 0
    assert len(server.peers) == 4
    assert len(server.mail) == 120
    assert files(spool) == []


def test_a_host_that_stalls_stops_no_other(lab, spool):
    """While one host keeps silent, 300 messages go to others, in one run (J-09)."""
    lab.zone(f"walk.test. MX 10 mx.walk.test.\nmx.walk.test. A {HOST}")
    lab.zone("next.test. MX 10 mx.next.test.\nmx.next.test. A 198.18.0.21")
    queue(lab, spool, "alice@walk.test", 30)
    stuck = entries(spool)
    queue(lab, spool, "bob@next.test", 300)
    with lab.serve(HOST, smtp(greeting=STALL)) as silent, lab.serve("198.18.0.21", smtp()) as server:
        run = lab.start_hantar(["-O", f"spool={spool}", "-q"])
        wait_for(lambda: len(server.mail) == 300 and entries(spool) == stuck)
        assert run.poll() is None
        assert len(silent.peers) == 1
        silent.stop()
        assert run.wait(20) == 0
    assert entries(spool) == stuck
    assert len(server.peers) <= 4


@pytest.mark.parametrize("how", ["refuses", "drops"])
def test_a_dead_host_is_dialled_once(lab, spool, how):
    """A run does not ask for every message whether the host is still dead (G-09), whatever it has open at once."""
    lab.zone(f"walk.test. MX 10 mx.walk.test.\nmx.walk.test. A {HOST}")
    lab.zone(f"next.test. MX 10 mx.walk.test.")
    queue(lab, spool, "alice@walk.test", 30)
    queue(lab, spool, "bob@next.test", 30)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(lab.serve(HOST, smtp(greeting=DROP))) if how == "drops" else None
        # So that it takes ten messages at a time.
        run = lab.run(["-O", f"spool={spool}", "-q"], under=["prlimit", "--nofile=130:130"])
    assert run.status == 0
    assert len([line for line in run.log if "status=deferred" in line]) == 60
    assert marks(spool) == ["w"] * 60
    if server:
        assert len(server.peers) == 1
    else:
        assert len([line for line in run.log if "refused" in line and "status=" not in line]) == 1


def test_a_host_that_has_enough_is_asked_again(lab, spool):
    """421 after some messages: the rest goes over another connection, at once."""
    lab.mx("walk.test", HOST)
    for i in range(9):
        assert send(lab, spool, "-odq", f"u{i}@walk.test").status == 0
    seen = []

    def mail(peer, _line):
        seen.append(peer)
        return "421 4.7.0 enough" if seen.count(peer) > 3 else "250 fine"

    server = lab.serve(HOST, smtp(MAIL=mail))
    assert send(lab, spool, "-q").status == 0
    assert sorted(to(m)[0] for m in server.mail) == [f"u{i}@walk.test" for i in range(9)]
    assert len(server.peers) == 3 and files(spool) == []


def test_killed_behind_the_dot(lab, spool):
    """The dispatcher is killed while the host thinks: its agent marks the verdict, and the next run
    sends nothing again (J-17)."""
    lab.mx("walk.test", HOST)

    def slow(_peer, _line):
        time.sleep(1)
        return "250 2.0.0 taken"

    server = lab.serve(HOST, smtp(DOT=slow))
    process = lab.start_hantar(["-O", f"spool={spool}", "alice@walk.test"], stdin=subprocess.PIPE)
    feed(process)
    wait_for(lambda: spool.exists() and marks(spool) == ["s"])
    lab.kill(min(lab.processes(), key=int), "KILL")
    process.wait()
    wait_for(lambda: marks(spool) == ["d"])
    assert send(lab, spool, "-q").status == 0
    assert len(server.mail) == 1 and files(spool) == []


def test_doubt_is_not_sent_again_soon(lab, spool):
    """No reply to the end of data: it may be delivered, so it waits (20), and says so in the log."""
    lab.mx("walk.test", HOST)
    server = lab.serve(HOST, smtp(DOT=DROP))
    assert send(lab, spool, "alice@walk.test").status == 0
    assert marks(spool) == ["?"] and len(server.peers) == 1
    assert send(lab, spool, "--due").status == 0
    assert len(server.peers) == 1 and marks(spool) == ["?"]
    (entry,) = entries(spool)
    assert re.search(r"^doubt 1$", (spool / f"{entry}.env").read_text(), re.M)


def test_patience(lab, spool):
    """The caller waits so long, and then the message is the queue's: status 0 (13)."""
    lab.mx("walk.test", HOST)
    lab.serve(HOST, smtp(DATA=STALL))
    begun = time.monotonic()
    done = send(lab, spool, "-O", "patience=1s", "alice@walk.test")
    assert (done.status, done.out, done.err) == (0, "", "")
    assert 0.9 < time.monotonic() - begun < 5
    assert marks(spool) == ["w"]


def test_a_signal_leaves_it_to_the_queue(lab, spool):
    """TERM while the host is silent: the message is kept, so the status is 0 (A-52)."""
    lab.mx("walk.test", HOST)
    server = lab.serve(HOST, smtp(DATA=STALL))
    process = lab.start_hantar(["-O", f"spool={spool}", "alice@walk.test"], stdin=subprocess.PIPE)
    feed(process)
    wait_for(lambda: "DATA" in server.commands and entries(spool))
    lab.kill(min(lab.processes(), key=int), "TERM")
    assert process.wait(timeout=10) == 0
    assert marks(spool) == ["w"]


def test_without_a_usable_spool(lab, tmp_path):
    """What reports a full disk must get out; what is not delivered then is 74, not lost (G-18)."""
    spool = tmp_path / "no" / "such" / "folder"
    lab.mx("walk.test", "198.18.0.3")
    done = send(lab, spool, "alice@walk.test")
    assert (done.status, done.err) == (0, "")
    assert len(lab.mail("alice@walk.test")) == 1
    for mode in ("-odb", "-odq"):
        assert send(lab, spool, mode, "alice@walk.test").status == 74
    lab.mx("later.test", HOST)
    lab.serve(HOST, smtp(RCPT="451 later"))
    done = send(lab, spool, "alice@later.test")
    assert done.status == 74 and "deferred" in done.err


@contextlib.contextmanager
def small_disk(lab, folder, size):
    """In the lab the folder is a disk of that size; gives what lists it."""

    def within(*command):
        done = subprocess.run([*lab.client, *command, folder], stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.split()

    folder.mkdir()
    within("mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "none")
    try:
        yield lambda: within("ls")
    finally:
        within("umount")


def test_a_full_spool_while_the_message_is_read(lab, tmp_path):
    """The spool is full in the middle of the message: it goes on without (G-18)."""
    spool = tmp_path / "spool"
    lab.mx("walk.test", "198.18.0.3")
    big = "Subject: big\n\n" + "x" * 70 + "\n" + ("y" * 70 + "\n") * 20000
    with small_disk(lab, spool, "256k") as names:
        done = lab.run(["-O", "spool-room=0", "-O", f"spool={spool}", "alice@walk.test"], big)
        assert (done.status, done.err) == (0, "")
        assert re.search("No space left on device: it goes on without", "\n".join(done.log))
        (mail,) = lab.mail("alice@walk.test")
        assert mail.body.count(b"y" * 70) == 20000
        assert names() == []


def test_room_is_left_while_the_message_is_read(lab, tmp_path):
    """No message fills the disk of the spool: a queue refuses it, and delivery goes on without (G-18)."""
    spool = tmp_path / "spool"
    lab.mx("walk.test", "198.18.0.3")
    big = "Subject: big\n\n" + ("y" * 70 + "\n") * 80000
    args = ["-O", "spool-room=4M", "-O", f"spool={spool}", "alice@walk.test"]
    with small_disk(lab, spool, "8m") as names:
        done = lab.run(["-odq", *args], big)
        assert done.status == 74 and "bytes of spool-room are free in the spool" in done.err and names() == []
        done = lab.run(args, big)
        assert (done.status, done.err) == (0, "")
        assert re.search("free in the spool: it goes on without", "\n".join(done.log))
        (mail,) = lab.mail("alice@walk.test")
        assert mail.body.count(b"y" * 70) == 80000
        assert names() == []


def test_many_recipients_are_several_entries(lab, spool):
    """More than 1,000: entries of their own, each whole (D-30)."""
    lab.mx("walk.test", HOST)
    server = lab.serve(HOST, smtp(RCPT="451 4.3.0 later"))
    people = [f"u{i}@walk.test" for i in range(2100)]
    assert send(lab, spool, *people).status == 0
    assert [len(block) for block in marks(spool)] == [1000, 1000, 100]
    server.stop()
    server = lab.serve(HOST, smtp())
    assert send(lab, spool, "-q").status == 0
    assert sorted(path for mail in server.mail for path in to(mail)) == sorted(people)
    assert files(spool) == []


def test_a_name_whose_aliases_could_not_be_read(lab, spool, tmp_path):
    """Kept until the file can be read, and then it goes where the file says (H-29)."""
    aliases = tmp_path / "aliases"
    aliases.write_text("root: alice@walk.test\nbroken\n")
    lab.mx("walk.test", "198.18.0.3")
    args = ["-O", f"aliases={aliases}"]
    assert send(lab, spool, *args, "root").status == 0
    assert marks(spool) == ["w"]
    aliases.write_text("root: alice@walk.test\n")
    assert send(lab, spool, *args, "-q").status == 0
    assert len(lab.mail("alice@walk.test")) == 1 and files(spool) == []


def test_a_failure_in_the_queue_is_reported_to_the_sender(lab, spool):
    """Who is not there when it fails gets a report, and the queue is empty then (G-20, G-21, J-22)."""
    lab.mx("walk.test", HOST)
    lab.serve(HOST, smtp(RCPT="550 5.1.1 nobody of that name"))
    lab.mx("home.test", "198.18.0.3")
    lab.mx("sender.test", "198.18.0.21")
    home = lab.serve("198.18.0.21", smtp())
    assert send(lab, spool, "-odq", "-f", "me@sender.test", "bob@walk.test").status == 0
    assert send(lab, spool, "-q").status == 0
    ((sender, _, content),) = home.mail
    report = email.message_from_bytes(content)
    assert sender.startswith("MAIL FROM:<>") and to(home.mail[0]) == ["me@sender.test"]
    assert report.get_content_type() == "multipart/report"
    fields = report.get_payload(1).get_payload(1)
    assert fields["Final-Recipient"].endswith("bob@walk.test") and fields["Status"] == "5.1.1"
    assert "nobody of that name" in fields["Diagnostic-Code"]
    assert files(spool) == []


@pytest.mark.parametrize("mode, status", [("-oem", 67), ("-oee", 0)])
def test_errors_by_mail(lab, spool, mode, status):
    """The caller's failures go to the sender as mail, too (A-32)."""
    lab.mx("walk.test", HOST)
    lab.serve(HOST, smtp(RCPT="550 5.1.1 nobody of that name"))
    done = send(lab, spool, mode, "-f", "me@sender.test", "bob@walk.test")
    assert done.status == status
    assert ("bob@walk.test" in done.err) == (mode == "-oem")
    (entry,) = entries(spool)
    text = (spool / f"{entry}.env").read_text()
    assert "from <>" in text and "to <me@sender.test>" in text


def test_a_failure_is_told_whatever_else_goes_wrong(lab, spool):
    """Too few descriptors for agents, and one recipient has failed for good: the status says so (A-48)."""
    lab.mx("walk.test", HOST)
    lab.serve(HOST, smtp(RCPT="451 later"))
    env = {"ASAN_OPTIONS": "detect_leaks=0"}
    for limit in range(6, 40):
        done = send(lab, spool, "nobody-here", "a@walk.test", under=["prlimit", f"--nofile={limit}"], env=env)
        assert done.status != 0, (limit, done)
    assert done.status == 67 and "<nobody-here>: failed 5.1.1" in done.err
