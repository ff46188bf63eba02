# SPDX-License-Identifier: ISC
"""The command: options, names, exit statuses, what is said where."""

import contextlib
import os
import re
import subprocess
import threading
import time

import pytest

from lab import STALL, smtp

MESSAGE = "Subject: hi\n\nhello\n"


@pytest.fixture
def sink(lab):
    """A server that takes everything for sink.test."""
    lab.mx("sink.test", "198.18.0.20")
    return lab.serve("198.18.0.20")


def envelope(server):
    """The reverse-path and the forward-paths of the one message that the server got."""
    ((sender, recipients, _content),) = server.mail
    path, *paths = [re.match(r".*?(<.*>)", line)[1] for line in [sender, *recipients]]
    return path, paths


# ---------------------------------------------------------------- the plain run
@pytest.mark.parametrize("name", ["hantar", "sendmail"])
@pytest.mark.parametrize("user", [None, "nobody"])
def test_a_plain_run(lab, name, user):
    """A-01, A-50: a message on standard input, recipients as operands, and not a word. E-06: over TLS."""
    done = lab.run(["alice@post.test", "bob@post.test"], MESSAGE, name=name, user=user)
    assert (done.status, done.out, done.err) == (0, "", "")
    for person in ("alice", "bob"):
        (mail,) = lab.mail(f"{person}@post.test")
        assert mail.body == b"hello\n"
        assert mail.sender == f"{user or 'root'}@laptop.home.test"
        assert b"with ESMTPS" in mail.trace


def test_diagnostics_bear_the_name(lab):
    """A-50: one line, on standard error, that begins with the name of the command."""
    for name in ("hantar", "sendmail"):
        done = lab.run(["unknown@post.test"], MESSAGE, name=name)
        assert done.status == 67 and done.out == ""
        (line,) = done.err.splitlines()
        assert line.startswith(f"{name}: ")


def test_help_and_version(lab):
    done = lab.run(["--help"])
    assert done.status == 0 and "-t" in done.out and done.err == ""
    done = lab.run(["--version"])
    assert done.status == 0 and done.out.startswith("hantar ") and done.err == ""


# ---------------------------------------------------------------- options
@pytest.mark.parametrize(
    "options",
    [
        ["-f", "me@here.test"],
        ["-fme@here.test"],
        ["-r", "me@here.test"],
        ["-rme@here.test"],
        ["-f", "other@here.test", "-f", "me@here.test"],
        ["-f", "My Name <me@here.test>"],
        ["-if", "me@here.test"],
        ["-bm", "-oi", "-odi", "-fme@here.test"],
    ],
    ids=" ".join,
)
def test_the_envelope_sender(sink, lab, options):
    """A-06, A-07, A-15, A-17: attached or apart, the last one wins, a name is dropped."""
    assert lab.run([*options, "a@sink.test"], MESSAGE).status == 0
    assert envelope(sink) == ("<me@here.test>", ["<a@sink.test>"])


@pytest.mark.parametrize("null", ["", "<>"])
def test_the_null_sender(sink, lab, null):
    """A-16, B-14, D-49: sent as MAIL FROM:<>, and From is then the login's address."""
    assert lab.run(["-f", null, "a@sink.test"], MESSAGE).status == 0
    assert envelope(sink)[0] == "<>"
    assert b"From: " in sink.mail[0][2] and b"root@laptop.home.test" in sink.mail[0][2]


@pytest.mark.parametrize("sender", ["a@b.test, c@d.test", "a@b.test\nBcc: x@y.test", "a b@c.test", "a@@b.test"])
def test_a_bad_sender(sink, lab, sender):
    """A-17, B-42."""
    assert lab.run(["-f", sender, "a@sink.test"], MESSAGE).status == 65
    assert not sink.peers


def test_recipients_from_the_header(lab):
    """A-10, B-22: -t takes To, Cc and Bcc, and Bcc is not seen by anyone."""
    text = "To: Alice <alice@post.test>\nCc: bob@post.test\nSubject: t\nBcc: carol@post.test,\n u1@post.test\n\nhello\n"
    done = lab.run(["-t"], text)
    assert (done.status, done.err) == (0, "")
    for user in ("alice", "bob", "carol", "u1"):
        (mail,) = lab.mail(f"{user}@post.test")
        assert b"carol" not in mail.text and b"u1@" not in mail.text
        assert mail.fields("Bcc") == []
        assert mail.field("To") == "Alice <alice@post.test>"


def test_the_address_parser_of_t(sink, lab):
    """B-26, B-28, B-30: groups, comments, quoted strings, folding, a route; never a split at commas."""
    text = (
        'To: "x@y, z" <a@sink.test> (or b@nowhere.test),\n'
        "\tThe Group: c@sink.test, D\n (nested (comment)) <d@sink.test>;,\n"
        ' , <@relay.test:e@sink.test>, "quoted string"@sink.test\n'
        "Cc: undisclosed-recipients:;\n"
        "\nhello\n"
    )
    assert lab.run(["-ti"], text).status == 0
    assert sorted(envelope(sink)[1]) == sorted(
        ["<a@sink.test>", "<c@sink.test>", "<d@sink.test>", "<e@sink.test>", '<"quoted string"@sink.test>']
    )


def test_t_and_operands_are_added(sink, lab):
    """A-11, A-44: the union, each once; domains are compared without regard to case, local parts with."""
    text = "To: a@sink.test, A@sink.test\n\nhello\n"
    assert lab.run(["-t", "b@sink.test", "a@SINK.test"], text).status == 0
    assert sorted(address.lower() for address in envelope(sink)[1]) == ["<a@sink.test>", "<a@sink.test>", "<b@sink.test>"]


def test_t_without_addresses(lab):
    """A-12."""
    done = lab.run(["-t"], "Subject: x\n\nhello\n")
    assert done.status == 64
    assert "No recipient addresses found in message header" in done.err


def test_an_operand_is_an_address_list(sink, lab):
    """A-42."""
    assert lab.run(["a@sink.test,b@sink.test", "Some One <c@sink.test>", "g: d@sink.test;"], MESSAGE).status == 0
    assert sorted(envelope(sink)[1]) == ["<a@sink.test>", "<b@sink.test>", "<c@sink.test>", "<d@sink.test>"]


def test_options_end_at_the_first_operand(sink, lab):
    """A-05: what follows an operand or -- is a recipient, whatever it looks like."""
    assert lab.run(["--", "-v@sink.test", "-t@sink.test"], MESSAGE).status == 0
    assert sorted(envelope(sink)[1]) == ["<-t@sink.test>", "<-v@sink.test>"]
    sink.mail.clear()
    assert lab.run(["a@sink.test", "-f@sink.test"], MESSAGE, env={"POSIXLY_CORRECT": ""}).status == 0
    assert sorted(envelope(sink)[1]) == ["<-f@sink.test>", "<a@sink.test>"]


def test_the_dot(sink, lab):
    """A-13, A-14, D-42: a lone dot ends the input, unless -i, -oi or -O IgnoreDots; dots are never taken away."""
    text = "Subject: dots\n\n..two\n.\nafter\n"
    assert lab.run(["a@sink.test"], text).status == 0
    for options in (["-i"], ["-oi"], ["-O", "IgnoreDots=true"]):
        assert lab.run([*options, "a@sink.test"], text).status == 0
    ends = [content.partition(b"\r\n\r\n")[2] for _, _, content in sink.mail]
    assert ends == [b"..two\r\n", *[b"..two\r\n.\r\nafter\r\n"] * 3]


def test_the_full_name(lab):
    """A-19, B-17: -F is used for a missing From, quoted where it must be, and no header comes in by it."""
    cases = {
        "Backup": b"From: Backup <root@laptop.home.test>",
        "Doe, John": b'From: "Doe, John" <root@laptop.home.test>',
        "Bad\nBcc: bob@post.test": b"From: ",
        "Jürgen": b"From: =?",
    }
    for name, start in cases.items():
        done = lab.run(["-F", name, "alice@post.test"], MESSAGE)
        assert (done.status, done.err) == (0, ""), name
        (mail,) = lab.mail("alice@post.test")
        (line,) = [line for line in mail.head.splitlines() if line.startswith(b"From:")]
        assert line.startswith(start)
        assert mail.fields("Bcc") == []
    lab.run(["-F", "Not me", "alice@post.test"], "From: Me <me@here.test>\n\nhello\n")
    assert lab.mail("alice@post.test")[0].field("From") == "Me <me@here.test>"


def test_known_and_meaningless_options(sink, lab):
    """A-08, A-33: swallowed with the right number of values."""
    options = "-Ac -Am -c -m -s -x -U -M ignored -oem -om -o7 -O Timeout.iconnect=1s".split()
    assert lab.run([*options, "a@sink.test"], MESSAGE).status == 0
    assert envelope(sink)[1] == ["<a@sink.test>"]


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["-i"],
        ["-f"],
        ["-O"],
        ["-Z", "a@sink.test"],
        ["-bd", "a@sink.test"],
        ["-bx", "a@sink.test"],
        ["--no-such", "a@sink.test"],
        ["-O", "hostnam=x", "a@sink.test"],
    ],
    ids=" ".join,
)
def test_usage(sink, lab, args):
    """A-02, A-04, A-06, A-09, A-33: 64, a line on standard error, nothing sent, and the input is not waited for."""
    process = lab.start_hantar(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    status = process.wait(5)  # while its input stays open
    out, err = process.communicate()
    assert (status, out) == (64, b"") and err
    if "hostnam=x" in args:
        assert b"hostname" in err  # the nearest key is named
    assert not sink.peers


@pytest.mark.parametrize("name", ["smtpd", "hoststat", "purgestat"])
def test_names_that_are_other_programs(lab, name):
    """A-04."""
    link = lab.state / "bin" / name
    link.symlink_to("hantar")
    try:
        assert lab.run(["alice@post.test"], MESSAGE, name=name).status == 64
    finally:
        link.unlink()
    lab.mail("alice@post.test", count=0)


# ---------------------------------------------------------------- exit statuses
@pytest.mark.parametrize("recipient", ["a b@post.test", "alice@", "@post.test", "alice@post..test", "<alice@post.test", "a\rb@post.test"])
def test_an_invalid_recipient(lab, recipient):
    """A-43, A-47: 65 for the whole submission; the valid recipient beside it gets nothing."""
    done = lab.run(["alice@post.test", recipient], MESSAGE)
    assert done.status == 65 and done.err
    lab.mail("alice@post.test", count=0)


def test_a_bare_name(lab):
    """C-26, A-46: no domain is made up for it; there is no local delivery yet."""
    done = lab.run(["root"], MESSAGE)
    assert done.status == 67 and "root" in done.err


def test_an_option_behind_a_recipient(lab):
    """A-05: it would be a recipient; who does not mean that is told before anything is sent."""
    done = lab.run(["alice@post.test", "-f", "me@here.test"], MESSAGE)
    assert done.status == 64 and "-f: options end at the first recipient" in done.err
    lab.mail("alice@post.test", count=0)


def test_the_check_finds_what_no_message_could_pass(lab):
    """A-30: --check says 78 of what would end every submission with 78."""
    lab.etc("hantar.conf", "delivery = background\n")
    assert lab.run(["--check"]).status == 78
    lab.etc("hantar.conf", "delivery = foreground\n")
    assert lab.run(["--check"]).status == 0


@pytest.mark.parametrize("mode", ["-odb", "-odq", "-odd"])
def test_no_spool_no_queueing(lab, mode):
    """78 with a clear line: what cannot be kept is not promised."""
    done = lab.run([mode, "alice@post.test"], MESSAGE)
    assert done.status == 78 and "spool" in done.err
    lab.mail("alice@post.test", count=0)


@pytest.mark.parametrize(
    "reply, statuses",
    [
        ("550 5.1.1 who?", [67]),
        ("550 5.7.1 spam", [69, 77]),
        ("552 5.2.2 mailbox full", [69]),
        ("554 no", [69]),
    ],
)
def test_refusals_by_class(lab, reply, statuses):
    """A-46."""
    lab.mx("refuse.test", "198.18.0.20")
    lab.serve("198.18.0.20", smtp(RCPT=reply))
    done = lab.run(["a@refuse.test"], MESSAGE)
    assert done.status in statuses and reply[4:] in done.err


def test_a_refused_message_is_final(lab):
    """D-36: a 5xx to the content concerns all recipients, and no other host is asked."""
    lab.mx("content.test", "198.18.0.20", "198.18.0.21")
    lab.serve("198.18.0.20", smtp(DOT="554 5.7.1 we do not want this"))
    other = lab.serve("198.18.0.21")
    done = lab.run(["a@content.test", "b@content.test"], MESSAGE)
    assert done.status in (65, 69, 77)
    assert len(done.err.splitlines()) == 2 and "we do not want this" in done.err
    assert not other.peers


def test_a_refused_sender_is_final(lab):
    """D-33."""
    lab.mx("sender.test", "198.18.0.20", "198.18.0.21")
    lab.serve("198.18.0.20", smtp(MAIL="550 5.1.8 not from you"))
    other = lab.serve("198.18.0.21")
    done = lab.run(["a@sender.test"], MESSAGE)
    assert done.status in (65, 69, 77) and "not from you" in done.err
    assert not other.peers


def test_foreign_text_is_inert(lab):
    """D-09: control characters of a reply reach neither the terminal nor the log."""
    lab.mx("control.test", "198.18.0.20")
    lab.serve("198.18.0.20", smtp(RCPT="550 5.1.1 \x1b[2J\x07 \0 \x7f evil"))
    done = lab.run(["-v", "a@control.test"], MESSAGE)
    assert done.status == 67
    for text in (done.out, done.err, *done.log):
        assert "evil" not in text or not any(c in text for c in "\x1b\x07\0\x7f"), repr(text)


# ---------------------------------------------------------------- surroundings
def test_who_sends(lab):
    """A-53, A-54, A-55: the login of the uid, never LOGNAME; EMAIL for ordinary users; a uid without a name."""
    cases = [
        ("nobody", {"LOGNAME": "root", "USER": "root"}, "nobody@laptop.home.test"),
        ("nobody", {"EMAIL": "me@here.test"}, "me@here.test"),
        ("nobody", {"EMAIL": "<>"}, "nobody@laptop.home.test"),
        ("12345", {}, "uid12345@laptop.home.test"),
    ]
    for user, env, sender in cases:
        done = lab.run(["alice@post.test"], MESSAGE, user=user, env=env)
        assert done.status == 0
        assert lab.mail("alice@post.test")[0].sender == sender
        assert any(line.endswith("EMAIL is no address: it is empty") for line in done.log) == (env.get("EMAIL") == "<>")


def test_the_mail_name(lab):
    """A-56: configured, else /etc/mailname, else the host's name."""
    lab.etc("mailname", "mail.name.test\nsecond line\n")
    assert lab.run(["alice@post.test"], MESSAGE).status == 0
    assert lab.mail("alice@post.test")[0].sender == "root@mail.name.test"
    assert lab.run(["-O", "mailname=option.test", "alice@post.test"], MESSAGE).status == 0
    assert lab.mail("alice@post.test")[0].sender == "root@option.test"


def test_the_configuration_file(lab):
    """The file of -C is read; one that is wrong or cannot be read is 78, never no configuration."""
    path = lab.state / "test.conf"
    path.write_text("# a comment\nmailname = file.test\nhostname = client.file.test\n")
    assert lab.run(["-C", str(path), "alice@post.test"], MESSAGE).status == 0
    (mail,) = lab.mail("alice@post.test")
    assert mail.sender == "root@file.test" and b"from client.file.test " in mail.trace
    path.write_text("mailname = file.test\nmailnam = x\n")
    done = lab.run(["-C", str(path), "alice@post.test"], MESSAGE)
    assert done.status == 78 and "test.conf:2" in done.err.replace(" line ", ":") and "mailname" in done.err
    path.write_text("mailname = file.test\n")
    path.chmod(0o600)
    assert lab.run(["-C", str(path), "alice@post.test"], MESSAGE, user="nobody").status == 78
    path.unlink()
    assert lab.run(["-C", str(path), "alice@post.test"], MESSAGE).status == 78
    lab.etc("hantar.conf", "mailname = etc.test\n")
    assert lab.run(["alice@post.test"], MESSAGE).status == 0
    assert lab.mail("alice@post.test")[0].sender == "root@etc.test"


def test_closed_descriptors(lab):
    """A-51: without standard output and error, neither the message nor the socket gets mixed up with them."""
    script = f'exec "{lab.state}/bin/hantar" -v alice@post.test >&- 2>&-'
    done = subprocess.run([*lab.client, "sh", "-c", script], input=MESSAGE.encode(), env=lab.environment({}), check=False)
    assert done.returncode == 0
    assert lab.mail("alice@post.test")[0].body == b"hello\n"
    script = f'exec "{lab.state}/bin/hantar" alice@post.test <&- >&- 2>&-'
    done = subprocess.run([*lab.client, "sh", "-c", script], env=lab.environment({}), check=False)
    assert done.returncode in (0, 66)
    lab.assert_nothing_left()


def test_a_full_output_changes_nothing(lab):
    """A transcript that cannot be written is no reason not to deliver."""
    with open("/dev/full", "wb") as full:
        process = lab.start_hantar(["-v", "alice@post.test"], stdin=subprocess.PIPE, stdout=full)
        process.communicate(MESSAGE.encode(), 10)
    assert process.returncode == 0
    lab.mail("alice@post.test")


def test_a_closed_pipe_changes_nothing(lab):
    """A-52: SIGPIPE is ignored."""
    process = lab.start_hantar(["-v", "alice@post.test"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.close()
    process.stdin.write(MESSAGE.encode())
    process.stdin.close()
    assert process.wait(10) == 0
    lab.mail("alice@post.test")


def wait_for_process(lab):
    while not (pids := lab.processes()):
        time.sleep(0.005)
    return pids[0]


@pytest.mark.parametrize("name", ["HUP", "INT", "TERM"])
def test_a_signal_while_reading(lab, name):
    """A-52: nothing was accepted, nothing remains."""
    process = lab.start_hantar(["alice@post.test"], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(b"Subject: half\n\nhal")
    process.stdin.flush()
    pid = wait_for_process(lab)
    time.sleep(0.1)
    lab.kill(pid, name)
    assert process.wait(5) == 71
    process.communicate()
    lab.assert_nothing_left()
    lab.mail("alice@post.test", count=0)


def test_a_signal_where_nobody_reads(lab):
    """A-52, A-57: a standard error that takes nothing more holds up no signal."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    process = lab.start_hantar(["alice@post.test"], stdin=subprocess.PIPE, stderr=writer)
    pid = wait_for_process(lab)
    time.sleep(0.1)
    lab.kill(pid, "TERM")
    try:
        assert process.wait(5) == 71
    finally:
        os.close(reader)
        os.close(writer)
        process.communicate()
    lab.assert_nothing_left()


def test_a_signal_while_sending(lab):
    """A-52: without a spool the caller still owns the message: 75, and no agent lives on."""
    lab.mx("signal.test", "198.18.0.20")
    server = lab.serve("198.18.0.20", smtp(greeting=STALL))
    process = lab.start_hantar(["a@signal.test"], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(MESSAGE.encode())
    process.stdin.close()
    while not server.peers:
        time.sleep(0.005)
    lab.kill(min(lab.processes(), key=int), "TERM")
    assert process.wait(5) == 75
    process.stderr.close()
    lab.assert_nothing_left()


def past_the_dot(lab, dot):
    """hantar, waiting for the reply to the end of data, which dot gives."""
    reached = threading.Event()

    def reply(peer, line):
        reached.set()
        return dot(peer, line)

    lab.mx("signal.test", "198.18.0.20")
    server = lab.serve("198.18.0.20", smtp(DOT=reply))
    process = lab.start_hantar(["a@signal.test"], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(MESSAGE.encode())
    process.stdin.close()
    assert reached.wait(5)
    return process, server


def test_a_signal_past_the_dot_waits_for_the_verdict(lab):
    """A-52, D-40: what a host has is not given up, and its 250 is a delivery."""
    go = threading.Event()

    def dot(_peer, _line):
        go.wait(5)
        return "250 2.0.0 taken"

    process, server = past_the_dot(lab, dot)
    lab.kill(min(lab.processes(), key=int), "TERM")
    assert b"a signal came" in process.stderr.readline()
    go.set()
    assert process.wait(5) == 0
    process.stderr.close()
    assert len(server.mail) == 1
    lab.assert_nothing_left()


def test_a_second_signal_does_not_wait(lab):
    """A-52, D-37: then it is in doubt, and said so."""
    process, _ = past_the_dot(lab, lambda peer, _line: peer.stall())
    pid = min(lab.processes(), key=int)
    lab.kill(pid, "TERM")
    assert b"a signal came" in process.stderr.readline()
    lab.kill(pid, "TERM")
    assert process.wait(5) == 75
    assert b"may be delivered twice" in process.stderr.read()
    process.stderr.close()
    lab.assert_nothing_left()


def test_a_killed_dispatcher_takes_its_agents_along(lab):
    """DESIGN, 2: up to the gate an agent dies with its dispatcher."""
    lab.mx("signal.test", "198.18.0.20")
    server = lab.serve("198.18.0.20", smtp(RCPT=STALL))
    process = lab.start_hantar(["a@signal.test"], stdin=subprocess.PIPE)
    process.stdin.write(MESSAGE.encode())
    process.stdin.close()
    while not server.commands:
        time.sleep(0.005)
    lab.kill(min(lab.processes(), key=int), "KILL")
    process.wait(5)
    lab.assert_nothing_left()
    assert not server.mail


# The sanitizers' search for leaks traces the program, and wants a process for that.
NO_LEAK_SEARCH = {"ASAN_OPTIONS": "detect_leaks=0"}


# ---------------------------------------------------------------- what a caller may have done to us
def shell(text):
    return ["sh", "-c", f'{text}; exec "$@"', "sh"]


@pytest.mark.parametrize(
    "under",
    [
        ["env", "--ignore-signal=CHLD"],
        ["env", "--block-signal=CHLD,TERM,PIPE,ALRM"],
        ["env", "-i"],
        ["setsid"],
        shell("umask 777"),
        shell("ulimit -n 20"),
        shell("ulimit -c 0; ulimit -s 512"),
        shell("mkdir $TMPDIR/gone; cd $TMPDIR/gone; rmdir $TMPDIR/gone"),
        shell("exec 7</etc/passwd 8>/dev/null 9<&0"),
    ],
    ids=" ".join,
)
def test_an_odd_caller(lab, under):
    """A-51, A-52: signals, limits, mask, directory and descriptors of the caller harm no message."""
    done = lab.run(["alice@post.test", "bob@other.test"], MESSAGE, under=under)
    assert (done.status, done.out, done.err) == (0, "", "")
    assert lab.mail("alice@post.test")[0].body == lab.mail("bob@other.test")[0].body == b"hello\n"


def test_never_asks(lab):
    """A-57: nothing in a run touches the terminal."""
    trace = lab.state / "trace"
    under = ["strace", "-f", "-o", trace, "-e", "trace=open,openat"]
    assert lab.run(["alice@post.test"], MESSAGE, env=NO_LEAK_SEARCH, under=under).status == 0
    opened = trace.read_text()
    assert "openat" in opened and "/dev/tty" not in opened


def test_a_kernel_without_landlock(lab):
    """J-19: the other mechanisms lock the agents in, and one line of the log, once a run, says what is missing."""
    under = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=landlock_create_ruleset:error=ENOSYS"]
    done = lab.run(["alice@post.test", "bob@other.test"], MESSAGE, env=NO_LEAK_SEARCH, under=under)
    assert done.status == 0
    lab.mail("alice@post.test", count=1)
    lab.mail("bob@other.test", count=1)
    # (Under sanitizers there is no lock at all.)
    assert sum("Landlock" in line for line in done.log) == (0 if lab.sanitized else 1), done.log


LARGE = "Subject: large\n\n" + "0123456789\n" * 100_000


def test_no_room_for_the_message(lab):
    """A-48, B-44: what cannot be kept whole is not sent at all."""
    small = lab.state / "small"
    small.mkdir()
    subprocess.run([*lab.client, "mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small], check=True)
    done = lab.run(["alice@post.test"], LARGE, env={"TMPDIR": str(small)})
    assert done.status in (73, 74) and len(done.err.splitlines()) == 1
    done = lab.run(["alice@post.test"], LARGE, under=shell("ulimit -f 100"))
    assert done.status in (73, 74) and len(done.err.splitlines()) == 1
    lab.mail("alice@post.test", count=0)


def test_an_input_that_cannot_be_read(lab):
    """A-47, B-44."""
    done = lab.run(["alice@post.test"], under=shell("exec </etc"))
    assert done.status in (66, 74) and len(done.err.splitlines()) == 1
    lab.mail("alice@post.test", count=0)


def test_no_process_to_be_had(lab):
    """A-48, D-54: without agents nothing is sent, nobody is told that it was, and no host is blamed."""
    under = ["prlimit", "--nproc=1"]
    done = lab.run(["alice@post.test"], MESSAGE, env=NO_LEAK_SEARCH, user="nobody", under=under)
    assert done.status in (71, 75) and "alice@post.test" in done.err
    assert not any("bounced" in line or "said:" in line for line in done.log)
    lab.mail("alice@post.test", count=0)
