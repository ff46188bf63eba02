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
    r"^hantar/smtp\[\d+\]: (?P<id>\w+): to=<(?P<to>[^>]*)>, relay=(?P<relay>\S+), delay=(?P<delay>[\d.]+), "
    r"delays=[\d.]+/[\d.]+/[\d.]+/[\d.]+, dsn=(?P<dsn>\d\.\d+\.\d+), status=(?P<status>\w+) \((?P<text>.*)\)$"
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
