# SPDX-License-Identifier: ISC
"""Nothing that a caller gives puts a line of its own anywhere: on the wire, in a header, the log, on stderr or stdout.

One judge, attack(), for everything: it runs hantar, and looks at every byte that left it.
"""

import os
import random
import re
import sys

import pytest

from judges import expected, wait_for
from lab import EXTENSIONS, smtp

EVIL = "X-Evil: yes"

# What a caller might have got from somebody else. A NUL cannot be in an argument; see INPUTS.
VALUES = [
    f"a\r\n{EVIL}",
    f"a\n{EVIL}",
    f"a\r{EVIL}",
    f"a\n\n{EVIL}",
    f"\r\n.\r\n{EVIL}",
    "\r\n.\r\nMAIL FROM:<evil@here.test>\r\nRCPT TO:<evil@raw.test>\r\nDATA\r\n",
    "a@raw.test>\r\nRCPT TO:<evil@raw.test",
    "a@raw.test> BODY=8BITMIME\nRCPT TO:<evil@raw.test",
    '"a\r\nb"@raw.test',
    '"a\nDATA\n"@raw.test',
    '"a> status=sent (b"@raw.test',
    "a@raw.test\r\n",
    f"(a\r\n {EVIL}) a@raw.test",
    f"a\r\n\t{EVIL} <a@raw.test>",
    ".",
    "\n.\n",
    "%n%s%n%s%99999d%p",
    "\x1b]0;evil\x07\x1b[2J\x1b[1;1H",
    "\x7f\x08\x08\x08\v\f\x1c\x1d\x1e",
    f"a\u2028{EVIL}\u2029{EVIL}\u0085{EVIL}",
    os.fsdecode(b"a\xc0\x8aX-Evil: yes"),  # overlong LF
    os.fsdecode(b"a\xe0\x80\x8d\xc0\x8aX-Evil: yes"),  # overlong CR, LF
    os.fsdecode(b"\x8d\x8a\xff\xfe\x80X-Evil: yes"),  # CR and LF with the eighth bit
    "=?utf-8?q?a=0D=0AX-Evil:_yes?=",
    '"\\"\\\\""',
    "\\\r\\\n\\",
    "`id`$(id);|&<>'\"*?[]{}!#~",
    "../../../etc/passwd",
    "",
    " ",
    "\t\n",
    "x" * 20_000 + "\n" + EVIL,
    "\r\n" * 2000 + EVIL,
]
FREE = ["-F", "-A", "-M", "-p", "-Q", "-J"]  # options that take any value
OPTIONS = [*FREE, *(f"-{letter}" for letter in "frLVNRBObodeqhCXDI"), "--"]
VARIABLES = (
    "NAME EMAIL LOGNAME USER USERNAME LANG LC_ALL LANGUAGE TZ HOSTALIASES LOCALDOMAIN RES_OPTIONS MAILHOST HOSTNAME "
    "MAILNAME FROM SENDER RECIPIENT SUBJECT MAILRC TERM COLUMNS NLSPATH LOCPATH SSL_CERT_FILE SSL_CERT_DIR "
    "OPENSSL_CONF XDG_CONFIG_HOME XDG_STATE_HOME QMAILUSER QMAILNAME REMOTE_ADDR POSIXLY_CORRECT"
).split()
MESSAGE = b"Subject: hi\n\nhello\n"
OURS = [b"received", b"date", b"from", b"message-id"]
SHOWN = re.compile(r" +\d+\.\d{3} \S")  # the start of every line that -v prints
SENT = re.compile(r": to=<.*>, relay=\S+, .*, dsn=2\.\d+\.\d+, status=sent \(")


def inert(text):
    """Whether a line has nothing in it that a terminal, or who reads it line by line, could obey."""
    return re.fullmatch(r"[ -~]*", text) is not None


def check_session(raw):
    """One transaction and no more, in lines that end in CRLF; returns the content and how many it is for."""
    assert re.search(rb"\r(?!\n)|(?<!\r)\n|\0", raw) is None
    commands, _, content = raw.partition(b"\r\nDATA\r\n")
    content, end, after = content.partition(b"\r\n.\r\n")
    assert (end, after) == (b"\r\n.\r\n", b"QUIT\r\n"), raw
    ehlo, mail, *rcpts = commands.split(b"\r\n")
    assert re.fullmatch(rb"EHLO ([a-z0-9.-]+|\[[\d.]+\])", ehlo)
    assert re.fullmatch(rb"MAIL FROM:<[^\0-\x1f\x7f]*>( SIZE=\d+| BODY=8BITMIME| SMTPUTF8)*", mail)
    for line in rcpts:
        assert re.fullmatch(rb"RCPT TO:<[^\0-\x1f\x7f]*>", line)
    return content + b"\r\n", len(rcpts)


def check_header(content, given):
    """The fields that the caller gave, and ours, each of these once: no other."""
    lines = content.partition(b"\r\n\r\n")[0].split(b"\r\n")
    names = [line.partition(b":")[0].lower() for line in lines if line[:1] not in (b" ", b"\t")]
    assert sorted(names) == sorted([*OURS, *given]), lines


@pytest.fixture(name="attack")
def attacker(lab):
    lab.mx("raw.test", "198.18.0.20")
    server = lab.serve("198.18.0.20", smtp(extensions=(*EXTENSIONS, "SMTPUTF8")))

    def attack(args, input=MESSAGE, given=(b"subject",), **run):  # pylint: disable=redefined-builtin
        """Runs hantar; returns the content that it sent, or None."""
        server.peers.clear()
        server.mail.clear()
        done = lab.run(args, input, **run)
        wait_for("the server's end", lambda: all(peer.sock.fileno() < 0 for peer in server.peers))
        assert done.status in (0, 64, 65, 67, 68, 69, 73, 77, 78), done
        for line in done.err.split("\n")[:-1]:
            assert inert(line) and ("under" in run or line.startswith(("hantar: ", "usage: hantar "))), line
        assert done.err.endswith("\n") if done.status else done.err == ""
        for line in done.out.split("\n")[:-1]:
            assert inert(line) and ("-v" not in args or SHOWN.match(line)), line
        for line in done.log:
            assert inert(line) and re.match(r"[!-.0-~]{1,32}/[a-z]+\[\d+\]: ", line), line
        sent = len([line for line in done.log if SENT.search(line)])
        if sent == 0:
            assert not server.mail and (done.status != 0 or args == ["--help"])
        else:
            assert done.err.count("\n") == len([line for line in done.log if "status=bounced" in line])
        content = None
        for peer in server.peers:  # more than one where an address needs SMTPUTF8
            raw = bytes(peer.received)
            if sent == 0 and re.fullmatch(rb"(EHLO [a-z0-9.-]+\r\n)?(QUIT\r\n)?", raw):
                continue  # a command would have been too long
            content, recipients = check_session(raw)
            check_header(content, given)
            sent -= recipients
        assert sent == 0
        return content

    return attack


def every(number, start=0):
    """Each so many-th of the values, where all of them would take long, beginning anywhere."""
    return VALUES[start % number :: number]


@pytest.mark.parametrize("option", OPTIONS)
def test_options(attack, option):
    """J-01, B-42: every option that takes a value, and some that do not, with every value."""
    for value in VALUES if option == "-F" else every(3, OPTIONS.index(option)):
        sent = attack([option + (value or " "), "a@raw.test"]) is not None
        assert sent or option not in FREE


@pytest.mark.parametrize("option", ["-f", "-r"])
def test_a_sender_is_one_address(attack, option):
    """A-17: CR, LF and a second address are refused, whatever is around them."""
    for value in ("a@b.test,c@d.test", "a@b.test\rc", "a\n@b.test", "a@b.test\r\n.", "<a@b.test> <c@d.test>", '"a\nb"@c.test'):
        assert attack([option, value, "a@raw.test"]) is None, value


KEYS = ["hostname", "mailname", "sender", "helo", "log", "nameserver", "max-message", "tls"]


@pytest.mark.parametrize("key", KEYS)
def test_keys(attack, key):
    """J-01: each kind of key of the configuration, given as -O; a control character is never taken."""
    for value in every(2, KEYS.index(key)):
        sent = attack(["-O", f"{key}={value}", "a@raw.test"]) is not None
        assert not (sent and re.search(r"[\0-\x1f\x7f]", value.strip())), value


def test_no_keys(attack):
    """J-01: what is no key is named on standard error."""
    for value in VALUES:
        attack(["-O", f"{value}=x", "a@raw.test"])


@pytest.mark.parametrize("user", [None, "nobody"])
def test_environment(attack, user):
    """J-01, B-42, A-53, A-54: all variables at once, root's and an ordinary user's; the mail goes out."""
    for value in VALUES:
        assert attack(["-v", "a@raw.test"], env=dict.fromkeys(VARIABLES, value), user=user), value


def test_folders(attack):
    """J-01: what TMPDIR and HOME name may be named on standard error."""
    for number, value in enumerate(VALUES):
        folder = value if number % 4 == 0 else f"/{value}"
        attack(["a@raw.test"], env={"TMPDIR": folder, "HOME": folder})


def test_the_name_of_the_command(attack):
    """J-01, A-50: the argument that begins every diagnostic, and the usage."""
    usual = [["--no-such-option"], ["a b@raw.test"], ["--help"], ["unknown"]]
    for number, value in enumerate(VALUES):
        under = ["bash", "-c", 'exec -a "$0" "$@"', value]
        assert attack(usual[number % 4], under=under) is None
        assert attack(["a@raw.test"], under=under)


def test_files_of_the_system(attack, lab):
    """J-01, B-42, B-17: GECOS and login of passwd, mailname, hosts, and the name of the host itself."""
    etc = lab.proc.parent / "etc"
    passwd, hosts = (etc / "passwd").read_bytes(), (etc / "hosts").read_bytes()
    try:
        for value in VALUES:
            word = os.fsencode(re.sub(r"[\n:]", "\r", value))  # what can be in a field of such a file
            (etc / "passwd").write_bytes(b"nobody:x:65534:65534:%s:/:/bin/sh\n" % word + passwd)
            (etc / "mailname").write_bytes(os.fsencode(value))
            (etc / "hosts").write_bytes(b"198.18.0.1 laptop.%s.test %s laptop\n" % (word, word))
            assert attack(["a@raw.test"], user="nobody")
            (etc / "passwd").write_bytes(b"%s:x:65534:65534::/:/bin/sh\n" % word + passwd)
            attack(["a@raw.test"], user="65534")
    finally:
        (etc / "passwd").write_bytes(passwd)
        (etc / "hosts").write_bytes(hosts)


def test_the_name_of_the_host(attack):
    """J-01: whatever the system says that it is called."""
    for value in every(3):
        script = "import os, socket, sys; socket.sethostname(os.fsencode(sys.argv[1])[:64]); os.execv(sys.argv[2], sys.argv[2:])"
        under = ["unshare", "--uts", sys.executable, "-c", script, value]
        assert attack(["a@raw.test"], under=under)


def folded(text):
    """The same within a field: every line of it but the first begins with a blank."""
    return re.sub(rb"\n", b"\n ", text)


FORMS = ["%s", "a@raw.test (%s)", '"%s" <a@raw.test>', "%s <a@raw.test>", '"%s"@raw.test', "a@raw.test, %s"]


@pytest.mark.parametrize("form", FORMS)
def test_addresses(attack, form):
    """J-01, A-43: as an operand, and in the fields that -t reads."""
    for number, value in enumerate(VALUES, FORMS.index(form)):
        text = form.replace("%s", value)
        field = folded(os.fsencode(text)) + b"\n\nhello\n"
        if number % 3 == 0:
            attack([text])
        elif number % 3 == 1:
            attack(["-v", "-t"], b"Subject: hi\nTo: " + field, [b"subject", b"to"])
        else:
            attack(["-v", "-t", "b@raw.test"], b"Subject: hi\nBcc: " + field)


# ---------------------------------------------------------------- the property
ATOMS = [
    *(os.fsencode(value) for value in VALUES if len(value) < 100),
    *(bytes([byte]) for byte in b"\r\n\0\r\n\0\r\n\0 \t.:<>@\"\\()%,;=?_-"),
    "é\u0085\u009b\u2028\ufeff名".encode(),
    b"\x80\xff",
    b"\r\n.\r\n",
    b"\n.\n",
    b"\r.\r",
    b"x" * 1000,
    b"word ",
    b"Bcc: evil@raw.test\r\n",
]


ASCII = bytes(range(32, 127))


def some(chance, only=bytes(range(256))):
    """Bytes drawn by lot, of those that are allowed here."""
    text = b"".join(chance.choices(ATOMS, k=chance.randrange(1, 12)))
    return bytes(byte for byte in text if byte in only)


def quoted(text):
    return b'"' + re.sub(rb'(["\\])', rb"\\\1", text) + b'"'


@pytest.mark.parametrize("seed", range(8))
def test_anything_anywhere(attack, seed):
    """J-01, B-42, B-03, B-04, B-11, D-43, D-44: all places at once; what was given arrives, and nothing else."""
    chance = random.Random(seed)
    for _ in range(10):
        fields = [b"X-%d: " % number + folded(some(chance)) + b"\n" for number in range(chance.randrange(4))]
        body = some(chance) + b"\n"
        args = ["-v", "-i", b"-F" + some(chance, range(1, 256)), b"-p" + some(chance, range(1, 256))]
        args += ["-f", quoted(some(chance, ASCII)[:100]) + b"@here.test", quoted(some(chance, ASCII)) + b" <a@raw.test>"]
        env = {name: some(chance, range(1, 256)) for name in VARIABLES}
        given = [b"subject", *(b"x-%d" % number for number in range(len(fields)))]
        content = attack(args, b"Subject: x\n" + b"".join(fields) + b"\n" + body, given, env=env)
        assert content, args
        header, _, arrived = content.replace(b"\r\n", b"\n").partition(b"\n\n")
        assert re.sub(rb"(?m)^\.", b"", arrived) == expected(body)
        assert expected(b"".join(fields), bare=b" ") in header + b"\n"
