# SPDX-License-Identifier: ISC
"""Nobody gains anything by it: set-id bits, the environment, addresses as arguments, what is seen."""

import re
import shutil
import subprocess

import pytest

from judges import wait_for
from lab import DROP, smtp

GAIN = 12345  # a user and group that nothing else has
MESSAGE = "Subject: hi\n\nhello\n"


@pytest.fixture(name="sink")
def sink_of_lab(lab):
    lab.mx("sink.test", "198.18.0.20")
    return lab.serve("198.18.0.20")


@pytest.fixture(name="bits", params=[0o2755, 0o4755, 0o6755], ids=["setgid", "setuid", "both"])
def set_id_program(lab, request):
    """The name of a copy with set-id bits, which a plain user will call."""
    path = lab.state / "bin/with-bits"
    shutil.copy2(lab.program, path)
    shutil.chown(path, GAIN, GAIN)
    path.chmod(request.param)
    yield path.name
    path.unlink()


# ---------------------------------------------------------------- set-id bits
def test_bits_give_nothing(lab, sink, bits):
    """J-07: before anything of the message is there, what a set-id bit gave is gone for good; the mail goes out."""
    process = lab.start_hantar(["a@sink.test"], name=bits, user="nobody", stdin=subprocess.PIPE)

    def has_nothing():
        for exe in lab.proc.glob("[0-9]*/exe"):
            try:
                if exe.readlink().name == bits:
                    status = (exe.parent / "status").read_text()
                    return all(re.search(rf"^{kind}(\t65534){{4}}$", status, re.M) for kind in ("Uid:", "Gid:"))
            except OSError:
                pass  # it is not what it was a moment ago
        return False

    try:
        wait_for("privileges given up", has_nothing, 5)
    finally:
        process.communicate(MESSAGE.encode(), 20)
    assert process.returncode == 0 and len(sink.mail) == 1


def test_the_environment_of_a_set_id_program(lab, bits):
    """J-04: what names a file is heeded for a plain program, and not beside a set-id bit."""
    folder = lab.state / "config"
    (folder / "hantar").mkdir(parents=True)
    (folder / "hantar/hantar.conf").write_text("nonsense = 1\n")
    lab.mx("sink.test", "198.18.0.20")
    lab.serve("198.18.0.20")
    try:
        for env, status in ({"XDG_CONFIG_HOME": str(folder)}, 78), ({"TMPDIR": "/nonexistent"}, 73):
            plain = lab.run(["a@sink.test"], MESSAGE, env, user=str(GAIN))
            assert plain.status == status, plain
            assert lab.run(["a@sink.test"], MESSAGE, env, user="nobody", name=bits).status == 0
    finally:
        shutil.rmtree(folder)


def test_the_name_of_the_program_is_no_path(lab, sink):
    """J-04: what argv[0] says names no file, be it there or not."""
    exec_as = ["bash", "-c", 'exec -a "$0" "$@"']
    for name in ("/nonexistent/sendmail", "../../etc/hantar.conf", "", "sendmail/", "/dev/stdin"):
        done = lab.run(["a@sink.test"], MESSAGE, under=[*exec_as, name])
        assert (done.status, done.out, done.err) == (0, "", ""), done
    assert len(sink.mail) == 5


# ---------------------------------------------------------------- addresses
ODD = ["-bd@sink.test", "-oQ/tmp@sink.test", "-@sink.test", "--help@sink.test"]
FOR_A_SHELL = ['"$(touch /tmp/x)"@sink.test', "`id`@sink.test", "|id@sink.test", "a&id@sink.test", "/tmp/x@sink.test"]


def test_addresses_are_only_addresses(lab, sink):
    """J-02: one that looks like an option is one only before "--"; one that a shell would like is as good as any."""
    paths = [f"RCPT TO:<{address}>" for address in (*ODD, *FOR_A_SHELL)]
    assert lab.run(["--", *ODD, *FOR_A_SHELL], MESSAGE).status == 0
    assert sink.mail.pop()[1] == paths
    assert lab.run(["-t"], f"To: {', '.join([*ODD, *FOR_A_SHELL])}\n{MESSAGE}").status == 0
    assert sink.mail.pop()[1] == paths
    for address in ODD:
        done = lab.run([address], MESSAGE)
        assert done.status == 64 and done.err, done
    assert not sink.mail


# ---------------------------------------------------------------- what is seen
BODY = "sesame-of-the-body"
HEAD = "sesame-of-the-header"
ENVIRONMENT = "sesame-of-the-environment"
LETTER = f"Subject: {HEAD}\nX-Password: {HEAD}\n\n{BODY}\n{'x' * 2000}{BODY}\n.{BODY}\n"


@pytest.mark.parametrize(
    "server",
    [
        {},
        {"starttls": True},
        {"MAIL": "550 5.7.1 no"},
        {"RCPT": "450 4.7.1 later"},
        {"DATA": "354 go ahead\n354 again"},
        {"DOT": "554 5.6.0 no"},
        {"DOT": DROP},
        {"greeting": DROP},
        {"extensions": ["SIZE 100"]},
    ],
    ids=lambda server: "-".join([*server] or ["sent"]),
)
def test_nothing_of_the_message_is_seen(lab, server):
    """J-15: neither log nor -v nor errors hold anything of the message or of the environment, whatever comes of it."""
    lab.mx("sink.test", "198.18.0.20")
    lab.serve("198.18.0.20", smtp(**server))
    done = lab.run(["-v", "a@sink.test"], LETTER, {"SMTP_PASSWORD": ENVIRONMENT, "X": ENVIRONMENT})
    assert done.log and "RCPT TO:<a@sink.test>" in done.out or server.keys() & {"greeting", "MAIL", "extensions"}
    seen = "\n".join([done.out, done.err, *done.log])
    assert "a@sink.test" in seen
    assert "sesame" not in seen, seen
