# SPDX-License-Identifier: ISC
"""What is asked of reports (-N, -R, -V), as a server that offers DSN reads it, at once and out of the spool."""

import email
import fcntl
import re
import subprocess

import pytest

from lab import EXTENSIONS, SPOOL_FILES, smtp

MESSAGE = "Subject: hi\n\nhello\n"
HOST = "198.18.0.20"
DSN = (*EXTENSIONS, "DSN")
ALL = ("-N", "success,Delay,failure", "-R", "hdrs", "-V", "a+b=c")


def send(lab, *args, extensions=DSN, **kwargs):
    """Sends from me@here.test; what the server is told as MAIL and RCPT."""
    server = lab.serve(HOST, smtp(extensions=extensions))
    lab.mx("walk.test", HOST)
    done = lab.run(["-f", "me@here.test", *args], MESSAGE, **kwargs)
    assert (done.status, done.out, done.err) == (0, "", "")
    ((mail, rcpts, _content),) = server.mail
    return [re.sub(r" SIZE=\d+", "", mail), *rcpts]


@pytest.mark.parametrize(
    "args, mail, rcpt",
    [
        (ALL, " RET=HDRS ENVID=a+2Bb+3Dc", " NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;a+2Bx@walk.test"),
        (["-Nnever"], "", " NOTIFY=NEVER ORCPT=rfc822;a+2Bx@walk.test"),
        (["-RFULL"], " RET=FULL", " ORCPT=rfc822;a+2Bx@walk.test"),
        (["-V", "x" * 100], " ENVID=" + "x" * 100, " ORCPT=rfc822;a+2Bx@walk.test"),
        (["-V", "+" * 100], "", " ORCPT=rfc822;a+2Bx@walk.test"),
        ([], "", ""),
    ],
    ids=["all", "never", "full", "long", "too-long", "none"],
)
def test_what_is_asked_for_is_said(lab, args, mail, rcpt):
    """A-22, A-23, A-24, D-25, D-13."""
    assert send(lab, *args, "a+x@walk.test") == ["MAIL FROM:<me@here.test>" + mail, "RCPT TO:<a+x@walk.test>" + rcpt]


def test_without_dsn_nothing_is_said(lab):
    """D-26."""
    assert send(lab, *ALL, "a@walk.test", extensions=EXTENSIONS) == ["MAIL FROM:<me@here.test>", "RCPT TO:<a@walk.test>"]


def test_the_null_sender_asks_for_nothing(lab):
    """G-21: and a report of its own says "never"."""
    assert send(lab, *ALL, "-f", "<>", "a@walk.test") == ["MAIL FROM:<>", "RCPT TO:<a@walk.test>"]


@pytest.mark.parametrize("mode", ["-odi", "-odq"])
def test_the_queue_remembers(lab, tmp_path, mode):
    """A-22, A-23, A-24, G-04: a later run says the same."""
    spool = ["-O", f"spool={tmp_path / 'spool'}"]
    lab.mx("walk.test", HOST)
    with lab.serve(HOST, smtp(greeting="421 not now")):
        done = lab.run([*spool, mode, "-f", "me@here.test", *ALL, "a@walk.test", "b@walk.test"], MESSAGE)
        assert (done.status, done.err) == (0, "")
    (entry,) = (tmp_path / "spool").glob("*.env")
    text = entry.read_text()
    assert "\nenvid a+b=c\n" in text and "\nret hdrs\n" in text
    assert "to <a@walk.test> notify=success,failure,delay orcpt=rfc822;a@walk.test\n" in text
    server = lab.serve(HOST, smtp(extensions=DSN))
    assert lab.run([*spool, "-q"]).status == 0
    ((mail, rcpts, _content),) = server.mail
    assert mail.endswith(" RET=HDRS ENVID=a+2Bb+3Dc")
    asked = " NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;"
    assert rcpts == [f"RCPT TO:<{who}@walk.test>{asked}{who}@walk.test" for who in "ab"]


def test_an_alias_keeps_what_is_asked(lab):
    """D-25, H-01: the original recipient is whom the user named; a bare name is not said."""
    lab.etc("aliases", "root: a@walk.test\nme: b@walk.test\n")
    mail, *rcpts = send(lab, *ALL, "root", "me@laptop.home.test")
    assert mail == "MAIL FROM:<me@here.test> RET=HDRS ENVID=a+2Bb+3Dc"
    notify = " NOTIFY=SUCCESS,FAILURE,DELAY"
    assert rcpts == [f"RCPT TO:<a@walk.test>{notify}", f"RCPT TO:<b@walk.test>{notify} ORCPT=rfc822;me@laptop.home.test"]


def test_the_owner_of_a_list_is_asked_nothing_of(lab):
    """H-07: who writes to a list does not say what its owner is told."""
    lab.etc("aliases", "list: a@walk.test\nowner-list: boss@home.test\n")
    assert send(lab, *ALL, "list") == ["MAIL FROM:<boss@home.test>", "RCPT TO:<a@walk.test>"]


@pytest.mark.parametrize(
    "args",
    [["-N", "never,success"], ["-N", "x"], ["-R", "x"], ["-Rfull", "-Rfull"], ["-V", "a b"], ["-V", "a\r\nRSET"], ["-V", "x" * 101], ["-N", "delay\nDATA"]],
)
def test_bad_values(lab, args):
    """A-22, A-23, A-24: 64, and nothing is sent."""
    lab.mx("walk.test", HOST)
    server = lab.serve(HOST, smtp(extensions=DSN))
    done = lab.run([*args, "a@walk.test"], MESSAGE)
    assert done.status == 64 and done.err and not server.commands


def test_postfix_takes_them(lab):
    """D-25: a real server reads the parameters as they are meant."""
    assert lab.run(["-f", "me@here.test", *ALL, "alice@post.test"], MESSAGE).status == 0
    lab.mail("alice@post.test")


@pytest.mark.parametrize("notify, reports", [("never", 0), ("success,delay", 0), ("failure", 1)])
def test_our_own_reports_heed_them(lab, tmp_path, notify, reports):
    """G-23, G-26, G-27: who fails in the queue is reported as the sender wished, by his identifier."""
    spool = ["-O", f"spool={tmp_path / 'spool'}"]
    lab.mx("walk.test", HOST)
    lab.mx("sender.test", "198.18.0.21")
    home = lab.serve("198.18.0.21", smtp(extensions=DSN))
    lab.serve(HOST, smtp(RCPT="550 5.1.1 nobody of that name"))
    args = ["-odq", "-f", "me@sender.test", "-N", notify, "-R", "hdrs", "-V", "a+b=c", "b+x@walk.test"]
    assert lab.run([*spool, *args], MESSAGE).status == 0
    assert lab.run([*spool, "-q"]).status == 0
    assert len(home.mail) == reports and not list((tmp_path / "spool").glob("*.env"))
    for mail, _rcpts, content in home.mail:
        report = email.message_from_bytes(content)
        about, rcpt = report.get_payload(1).get_payload()
        assert mail.startswith("MAIL FROM:<>") and "RET" not in mail and "ENVID" not in mail
        assert about["Original-Envelope-Id"] == "a+b=c"
        assert rcpt["Original-Recipient"] == "rfc822; b+x@walk.test"
        assert report.get_payload(2).get_content_type() == "text/rfc822-headers"


def hops(count):
    """A message that so many hosts have passed on."""
    return "Received-SPF: none\n" + "received: by a.test\n\tid 1\n" * count + MESSAGE + "Received: by b.test\n"


@pytest.mark.parametrize("mode", ["-odi", "-odq"])
def test_a_message_that_goes_in_a_circle(lab, tmp_path, mode):
    """G-33: is refused for everybody at once, whatever the mode; nobody else hears of it."""
    spool = ["-O", f"spool={tmp_path / 'spool'}"]
    lab.etc("aliases", "root: b@walk.test\n")
    lab.mx("walk.test", HOST)
    server = lab.serve(HOST)
    args = ["-f", "me@here.test", "a@walk.test", "root"]
    for where in (spool, []) if mode == "-odi" else (spool,):
        done = lab.run([*where, mode, *args], hops(101))
        reason = ": failed 5.4.6: more than 100 Received fields"
        assert done.status == 69 and f"<a@walk.test>{reason}" in done.err and f"<root>{reason}" in done.err
        assert any("to=<root>, relay=none" in line and "dsn=5.4.6, status=bounced" in line for line in done.log)
    assert {path.name for path in (tmp_path / "spool").iterdir()} <= SPOOL_FILES
    assert lab.run([*spool, *args], hops(100)).status == 0
    assert len(server.mail) == 1


def test_a_circle_is_reported(lab, tmp_path):
    """G-28, G-33, A-32: to the sender, where reports go by mail; of a report the postmaster hears."""
    spool = ["-O", f"spool={tmp_path / 'spool'}"]
    lab.etc("aliases", "postmaster: boss@walk.test\n")
    lab.mx("walk.test", HOST)
    server = lab.serve(HOST)
    assert lab.run([*spool, "-oee", "-f", "me@walk.test", "a@walk.test"], hops(101)).status == 0
    assert lab.run([*spool, "-q"]).status == 0
    ((sender, rcpts, content),) = server.mail
    report = email.message_from_bytes(content)
    assert sender.startswith("MAIL FROM:<>") and rcpts == ["RCPT TO:<me@walk.test>"]
    assert report.get_payload(1).get_payload(1)["Status"] == "5.4.6"
    assert lab.run([*spool, "-oee", "-f", "<>", "a@walk.test"], hops(101)).status == 0
    (entry,) = (tmp_path / "spool").glob("*.env")
    assert "\nto <boss@walk.test> orig=<postmaster>\n" in entry.read_text()


def test_a_report_is_sent_once_whoever_dies(lab, tmp_path):
    """G-29, and rule 16: before the failure is marked reported nobody sends the report, so it is found again."""
    spool = tmp_path / "spool"
    lab.mx("walk.test", HOST)
    lab.mx("sender.test", "198.18.0.21")
    lab.serve(HOST, smtp(RCPT=lambda _peer, line: "550 5.1.1 nobody" if "a@" in line else "451 4.3.0 later"))
    assert lab.run(["-O", f"spool={spool}", "-odq", "-f", "me@sender.test", "a@walk.test", "b@walk.test"], MESSAGE).status == 0
    assert lab.run(["-O", f"spool={spool}", "-q"]).status == 0
    entry, report = sorted(spool.glob("*.env"))
    text = entry.read_bytes()
    assert b"\nmarks rw\n" in text and "\nargs failed 0\n" in report.read_text()
    home = lab.serve("198.18.0.21")
    with open(entry, "r+b") as file:  # as if its runner had been killed a moment before
        file.seek(text.index(b"\nmarks ") + 7)
        file.write(b"f")
    with open(entry.with_suffix(".msg"), "rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert lab.run(["-O", f"spool={spool}", "-q"]).status == 0
        assert report.exists() and not home.mail
    assert lab.run(["-O", f"spool={spool}", "-q"]).status == 0
    assert len(home.mail) == 1 and sorted(spool.glob("*.env")) == [entry]


def reports_on(server):
    """{final recipient: (action, what stands in place of the message)} of the reports that a server got."""
    found = {}
    for mail, _rcpts, content in server.mail:
        report = email.message_from_bytes(content)
        assert mail.startswith("MAIL FROM:<>") and report.get_content_type() == "multipart/report"
        for about in report.get_payload(1).get_payload()[1:]:
            found[about["Final-Recipient"].split("; ")[1]] = (about["Action"], about["Status"], report.get_payload(2).get_content_type())
    return found


@pytest.mark.parametrize("extensions", [DSN, EXTENSIONS], ids=["dsn", "no-dsn"])
@pytest.mark.parametrize("mode", ["-odi", "-odq", "-odb"])
def test_success(lab, tmp_path, mode, extensions):
    """D-26, G-26, G-27: who was passed on to a host without DSN is reported as relayed; and an alias as expanded."""
    spool = ["-O", f"spool={tmp_path / 'spool'}"]
    lab.etc("aliases", "two: c@walk.test, d@walk.test\none: e@walk.test\nlist: f@walk.test, g@walk.test\nowner-list: boss@walk.test\n")
    lab.mx("walk.test", HOST)
    lab.mx("sender.test", "198.18.0.21")
    server, home = lab.serve(HOST, smtp(extensions=extensions)), lab.serve("198.18.0.21", smtp(extensions=DSN))
    args = [*spool, "-f", "me@sender.test"]
    assert lab.run([*args, mode, "-N", "success,failure", "a@walk.test", "two", "one", "list"], MESSAGE).status == 0
    assert lab.run([*args, mode, "-N", "failure", "b@walk.test"], MESSAGE).status == 0
    assert lab.run([*args, mode, "h@walk.test"], MESSAGE).status == 0
    assert lab.run([*args, mode, "-f", "<>", "-N", "success", "i@walk.test", "two"], MESSAGE).status == 0
    assert lab.run([*spool, "-q"]).status == 0 and list((tmp_path / "spool").glob("*.env")) == []
    headers = "text/rfc822-headers"
    expected = {name: ("expanded", "2.0.0", headers) for name in ("two", "list")}
    if extensions == EXTENSIONS:
        expected |= {f"{name}@walk.test": ("relayed", "2.0.0", headers) for name in "ae"}
    assert reports_on(home) == expected
    if extensions == DSN:
        said = {re.search("<(.)@", line)[1]: line.partition("> ")[2] for _mail, rcpts, _content in server.mail[:2] for line in rcpts}
        assert said["a"].startswith("NOTIFY=SUCCESS,FAILURE ") and said["e"].startswith("NOTIFY=SUCCESS,FAILURE")
        assert said["c"] == said["d"] == "NOTIFY=FAILURE" and said["f"] == said["g"] == ""


def test_success_of_a_name_in_the_queue(lab, tmp_path):
    """G-27, H-29: whose alias could be read only later."""
    spool = ["-O", f"spool={tmp_path / 'spool'}"]
    lab.etc("aliases", "broken\n")
    lab.mx("walk.test", HOST)
    lab.mx("sender.test", "198.18.0.21")
    server, home = lab.serve(HOST, smtp(extensions=DSN)), lab.serve("198.18.0.21")
    assert lab.run([*spool, "-f", "me@sender.test", "-N", "success", "root"], MESSAGE).status == 0
    lab.etc("aliases", "root: a@walk.test, b@walk.test\n")
    assert lab.run([*spool, "-q"]).status == 0 and list((tmp_path / "spool").glob("*.env")) == []
    assert reports_on(home) == {"root": ("expanded", "2.0.0", "text/rfc822-headers")}
    assert [line.partition("> ")[2] for line in server.mail[0][1]] == ["NOTIFY=NEVER"] * 2


PARSER = """use Mail::DeliveryStatus::BounceParser;
local $/;
my $bounce = Mail::DeliveryStatus::BounceParser->new(<STDIN>);
print "bounce\\n" if $bounce->is_bounce;
print $bounce->orig_message_id, "\\n";
print join("|", map { $_ // "" } $_->get("email"), $_->get("std_reason"), $_->get("action"), $_->get("status")), "\\n"
    for $bounce->reports;
"""


def test_what_other_readers_make_of_a_report(lab, tmp_path):
    """G-22, G-23, G-24: a library for lists finds out who failed and why, and a mail program shows all of it."""
    spool = ["-O", f"spool={tmp_path / 'spool'}"]
    lab.mx("walk.test", HOST)
    lab.mx("sender.test", "198.18.0.21")
    home = lab.serve("198.18.0.21")
    replies = {"nobody": "550 5.1.1 no such user here", "full": "552 5.2.2 mailbox\n552 5.2.2 is full\xfc\x1b", "spam": "554 5.7.1 no spam"}
    lab.serve(HOST, smtp(RCPT=lambda _peer, line: next((r for k, r in replies.items() if k in line), "250 fine")))
    message = "Subject: hi\nMessage-ID: <1@sender.test>\n\nhello w\xf6rld\n".encode("latin-1")
    args = ["-odq", "-f", "me@sender.test", "nobody@walk.test", "full@walk.test", "spam@walk.test", "fine@walk.test"]
    assert lab.run([*spool, *args], message).status == 0
    assert lab.run([*spool, "-q"]).status == 0
    ((_mail, _rcpts, content),) = home.mail
    content = content.replace(b"\r\n", b"\n")
    done = subprocess.run(["perl", "-e", PARSER], input=content, capture_output=True, check=True)
    assert done.stderr == b"" and done.stdout.decode().splitlines() == [
        "bounce",
        "<1@sender.test>",
        "full@walk.test|over_quota|failed|5.2.2",
        "nobody@walk.test|user_unknown|failed|5.1.1",
        "spam@walk.test|unknown|failed|5.7.1",
    ]

    (tmp_path / "mbox").write_bytes(b"From MAILER-DAEMON Tue Nov 24 12:00:00 2026\n" + content + b"\n")
    show = ["s-nail", "-n", "-R", "-f", str(tmp_path / "mbox")]
    env = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(show, input=b"type 1\nexit\n", capture_output=True, check=True, env=env)
    shown = done.stdout.decode("utf-8", "replace")
    assert done.stderr == b"" and ": 1 message 1 new" in shown and "\x1b" not in shown
    parts = [shown.index(words) for words in ("What happened", "The same for programs", "Your message\n", "\nhello w")]
    assert parts == sorted(parts)
    assert "The server mx1.walk.test said:\n        550 5.1.1 no such user here\n" in shown


def test_why_it_failed_is_kept_until_it_is_reported(lab, tmp_path):
    """G-23, G-29, and rule 18: where the sender could not be told at first, a later run still knows why."""
    spool = ["-O", f"spool={tmp_path / 'spool'}"]
    lab.etc("aliases", "broken\n")
    lab.mx("walk.test", HOST)
    lab.mx("sender.test", "198.18.0.21")
    home = lab.serve("198.18.0.21")
    with lab.serve(HOST, smtp(RCPT="550 5.1.1 nobody of that name")):
        assert lab.run([*spool, "-odq", "-f", "me@laptop.home.test", "a@walk.test"], MESSAGE).status == 0
        assert lab.run([*spool, "-q"]).status == 0
    (entry,) = (tmp_path / "spool").glob("*.env")
    assert "\nmarks f\n" in entry.read_text() and not home.mail
    lab.etc("aliases", "me: me@sender.test\n")
    assert lab.run([*spool, "-q"]).status == 0
    ((_mail, _rcpts, content),) = home.mail
    about = email.message_from_bytes(content).get_payload(1).get_payload(1)
    assert about["Diagnostic-Code"] == "smtp; 550 5.1.1 nobody of that name" and about["Status"] == "5.1.1"
    assert about["Remote-MTA"] == "dns; mx1.walk.test" and about["Last-Attempt-Date"]
