# SPDX-License-Identifier: ISC
"""The log: the form that Postfix made common, so that the usual tools read it."""

import re
import socket
import subprocess
import time

from lab import smtp

MESSAGE = "Subject: hi\n\nhello\n"

# pflogsumm's idea of such a line, and no field between delays, dsn and status (K-05).
LINE = re.compile(
    r"^hantar/smtp\[\d+\]: (?P<id>\w+): to=<(?P<to>[^>]*)>, relay=(?P<relay>\S+), (?:conn_use=(?P<use>\d+), )?"
    r"delay=(?P<delay>[\d.]+), delays=(?P<before>[\d.]+)/[\d.]+/[\d.]+/[\d.]+, dsn=(?P<dsn>\d\.\d+\.\d+), status=(?P<status>\w+) \((?P<text>.*)\)$"
)


def outcomes(done):
    found = [match.groupdict() for line in done.log if (match := LINE.match(line))]
    assert len(found) == len([line for line in done.log if " to=<" in line]), done.log
    return {line["to"]: line for line in found}


def test_one_line_a_recipient(lab):
    """K-01, K-05, K-06."""
    done = lab.run(["alice@post.test", "unknown@post.test", "a@nowhere.test"], MESSAGE)
    lines = outcomes(done)
    assert set(lines) == {"alice@post.test", "unknown@post.test", "a@nowhere.test"}
    assert len({line["id"] for line in lines.values()}) == 1
    sent, unknown, nowhere = (lines[to] for to in ("alice@post.test", "unknown@post.test", "a@nowhere.test"))
    assert sent["relay"] == "mx.post.test[198.18.0.3]:25" and sent["status"] == "sent" and sent["dsn"] == "2.0.0"
    assert sent["text"].startswith("250 2.0.0 Ok: queued as ")
    assert unknown["relay"] == "mx.post.test[198.18.0.3]:25" and unknown["status"] == "bounced"
    assert unknown["dsn"] == "5.1.1"
    assert unknown["text"].startswith("host mx.post.test[198.18.0.3] said: 550 5.1.1 ")
    assert unknown["text"].endswith("(in reply to RCPT TO command)")
    assert nowhere["relay"] == "none" and nowhere["status"] == "bounced" and nowhere["dsn"] == "5.1.2"


def test_submission(lab):
    """K-02, K-03, A-18: who gave what: the real user, whatever the sender is said to be."""
    done = lab.run(["-f", "me@here.test", "alice@post.test"], "Message-ID: <1@here.test>\n\nx\n", user="nobody")
    (line,) = [line for line in done.log if line.startswith("hantar/pickup[")]
    assert re.fullmatch(r"hantar/pickup\[\d+\]: \w+: uid=65534 from=<me@here.test>", line)
    assert any(re.fullmatch(r"hantar/cleanup\[\d+\]: \w+: message-id=<1@here.test>", line) for line in done.log)
    assert "from userid 65534" in lab.mail("alice@post.test")[0].fields("Received")[0]


def test_the_message_goes_out(lab):
    """K-04: the line by which pflogsumm counts what was taken, with the octets of the wire form."""
    server = lab.serve("198.18.0.20")
    lab.mx("log.test", "198.18.0.20")
    done = lab.run(["-f", "me@here.test", "a@log.test", "b@log.test"], MESSAGE)
    (line,) = [line for line in done.log if line.startswith("hantar/qmgr[")]
    size = int(re.search(r"SIZE=(\d+)", server.mail[0][0])[1]) if "SIZE" in server.mail[0][0] else len(server.mail[0][2])
    assert re.fullmatch(rf"hantar/qmgr\[\d+\]: \w+: from=<me@here.test>, size={size}, nrcpt=2 \(queue active\)", line)


def test_the_id_is_that_of_received(lab):
    """B-20."""
    done = lab.run(["alice@post.test"], MESSAGE)
    (mail,) = lab.mail("alice@post.test")
    assert f"id {outcomes(done)['alice@post.test']['id']};" in mail.fields("Received")[0]


def test_deferred(lab):
    """K-05, K-08: deferred, and each connection that failed has its line."""
    lab.mx("log.test", "198.18.0.10", "198.18.0.20")
    lab.serve("198.18.0.20", smtp(RCPT="450 4.2.0 greylisted"))
    done = lab.run(["a@log.test"], MESSAGE)
    (line,) = outcomes(done).values()
    assert line["status"] == "deferred" and line["dsn"] == "4.2.0" and "greylisted" in line["text"]
    assert any("connect to mx1.log.test[198.18.0.10]:25: Connection refused" in line for line in done.log)


def test_no_syslog(lab):
    """K-13: without a syslog the message goes out all the same."""
    path = lab.state / "dev-log"
    path.rename(lab.state / "away")
    try:
        process = lab.start_hantar(["alice@post.test"], stdin=subprocess.PIPE)
        process.communicate(MESSAGE.encode(), 10)
    finally:
        (lab.state / "away").rename(path)
    assert process.returncode == 0
    lab.mail("alice@post.test")


def test_a_stopped_syslog(lab):
    """K-13: one that takes lines no more costs a second, once."""
    path = lab.state / "dev-log"
    path.rename(lab.state / "away")
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stuck:
            stuck.bind(str(path))
            path.chmod(0o666)
            process = lab.start_hantar([f"u{n}@post.test" for n in range(50)], stdin=subprocess.PIPE)
            began = time.monotonic()
            process.communicate(MESSAGE.encode(), 20)
            assert time.monotonic() - began < 3
    finally:
        path.unlink(missing_ok=True)
        (lab.state / "away").rename(path)
    assert process.returncode == 0
    lab.mail("u49@post.test")


def test_log_to_a_file_and_to_standard_error(lab):
    """K-13."""
    path = lab.state / "hantar.log"
    assert lab.run(["-O", f"log={path}", "alice@post.test"], MESSAGE).log == []
    assert "to=<alice@post.test>" in path.read_text()
    done = lab.run(["-O", "log=stderr", "alice@post.test"], MESSAGE)
    assert done.status == 0 and "to=<alice@post.test>" in done.err and done.log == []


def pflogsumm(lines):
    """What Debian's pflogsumm makes of a log: {what it counts: how many}, and all of its words."""
    text = "".join(f"Nov 24 12:00:00 laptop {line}\n" for line in lines)
    command = ["pflogsumm", "--syslog-name=hantar", "--detail=20"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    counts = re.findall(r"^ +(\d+)  +(\w[\w/ ]*\w)", done.stdout.split("Per-Hour")[0], re.M)
    return {words: int(count) for count, words in counts}, re.sub(" +", " ", done.stdout)


def outcomes_of(log, status):
    found = [match.groupdict() for line in log if (match := LINE.match(re.sub(r" orig_to=<[^>]*>,", "", line)))]
    return [line for line in found if line["status"] == status]


def test_a_mixed_day(lab, tmp_path):
    """K-01 to K-07: what is sent, deferred, refused, expired, forwarded and reported is counted, each as what it is."""
    spool, log = tmp_path / "spool", []
    lab.etc("aliases", "broken\n")
    lab.mx("log.test", "198.18.0.20")
    lab.mx("sender.test", "198.18.0.21")
    home = lab.serve("198.18.0.21")
    replies = {"nobody": "550 5.1.1 no such user", "later": "451 4.7.1 greylisted"}
    server = lab.serve(
        "198.18.0.20", smtp(RCPT=lambda _peer, line: next((r for k, r in replies.items() if k in line), "250 2.1.5 fine"))
    )

    def hantar(*args, message=MESSAGE):
        done = lab.run(["-O", f"spool={spool}", "-f", "me@sender.test", *args], message)
        log.extend(done.log)
        return done

    assert hantar("-odi", "now@log.test").status == 0
    for people in (["a@log.test", "b@log.test"], ["nobody@log.test", "c@log.test"], ["later@log.test"], ["root"]):
        assert hantar("-odq", *people).status == 0
    assert hantar("-t", message="Subject: to nobody\n\n").status == 64
    assert any(re.search(r"pickup\[\d+\]: \w+: refused, uid=0: No recipient", line) for line in log)
    assert hantar("-q").status == 0
    lab.etc("aliases", "root: x@log.test, y@log.test\n")
    assert hantar("-q").status == 0
    late = [path for path in spool.glob("*.env") if "to <later@" in path.read_text()]
    assert len(late) == 1 and len(list(spool.glob("*.env"))) == 1
    # Six days ago; and as it is written, so are its place and its length.
    text = late[0].read_text()
    came = float(re.search(r"^arrived (\S+)$", text, re.M)[1])
    with open(late[0], "r+", encoding="ascii") as file:
        file.write(text.replace(f"arrived {came:.3f}", f"arrived {came - 6 * 86400:.3f}"))
    last = hantar("-q")
    assert last.status == 0 and list(spool.glob("*.env")) == []

    # Five messages, what is forwarded, and two reports; of each connection the later messages.
    assert len([line for line in log if line.endswith(": removed")]) == 8
    assert {line["use"] for line in outcomes_of(log, "sent")} == {None, "2"}
    (expired,) = outcomes_of(last.log, "deferred")
    assert float(expired["delay"]) >= float(expired["before"]) >= 6 * 86400 - 1
    (line,) = [line for line in log if "status=expired" in line]
    assert line.endswith(f": {expired['id']}: from=<me@sender.test>, status=expired, returned to sender")
    told = [match.groups() for line in log if (match := re.search(r"bounce\[\d+\]: (\w+): sender non-delivery notification: (\w+)$", line))]
    assert len(told) == len(home.mail) == 2 and expired["id"] in dict(told)

    counts, words = pflogsumm(log)
    size = {match[1]: int(match[2]) for line in log if (match := re.search(r"qmgr\[\d+\]: (\w+): from=<.*>, size=(\d+), ", line))}
    given = {match[1] for line in log if (match := re.search(r"pickup\[\d+\]: (\w+): uid=0 from=<me@sender.test>$", line))}
    sent = [line for line in outcomes_of(log, "sent") if "forwarded as " not in line["text"]]
    assert counts == {
        "received": 5,
        "delivered": 8,  # now, a, b, c, x, y, and two reports
        "forwarded": 1,  # root, to x and y
        "deferred": 2,  # later, three times, and root
        "bounced": 1,
        "rejected": 0,
        "reject warnings": 0,
        "held": 0,
        "discarded": 0,
        "bytes received": sum(size[id] for id in given),
        "bytes delivered": sum(size[line["id"]] for line in sent),
        "senders": 1,
        "sending hosts/domains": 1,
        "recipients": 7,
        "recipient hosts/domains": 2,
    }
    assert len(given) == 5 and len(sent) == 8 and len(server.mail) == 4
    assert " 2 deferred (4 deferrals)\n" in words and " 144.0 h log.test\n" in words
    assert "smtp (top 20) (total: 4)\n 3 4.7.1 greylisted" in words
    assert "mx1.log.test[198.18.0.20]:25 (top 20) (total: 1)\n 1 5.1.1 no such user" in words
    assert "Warnings: none\n" in words and "Fatal Errors: none\n" in words
