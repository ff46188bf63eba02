# SPDX-License-Identifier: ISC
"""Every message of a corpus arrives at Postfix as it was piped in (only with --corpora DIR).

What is expected is worked out here from the input alone, by the rules of the manual and of
requirements.md, by other code than hantar's.
"""

import collections
import email.utils
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

REMOVED = {b"bcc", b"resent-bcc", b"return-path", b"content-length"}
COMPLETED = [b"date", b"from", b"message-id"]
QUALIFIED = {b"to", b"cc", b"from", b"sender", b"reply-to"}
MAILNAME = b"@laptop.home.test"  # in no message of a corpus


def messages(config):
    folder = config.option.corpora / "messages"
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".tsv")


def pytest_generate_tests(metafunc):
    if "path" in metafunc.fixturenames:
        paths = messages(metafunc.config)
        assert paths, "the corpus is empty"
        folder = metafunc.config.option.corpora / "messages"
        metafunc.parametrize("path", paths, ids=[str(path.relative_to(folder)) for path in paths])


# ---------------------------------------------------------------- what is expected
def split(text):
    """Fields (each with its folds, and with the last line end) and body of a message with LF ends."""
    fields, lines = [], text.splitlines(keepends=True) if b"\r" not in text else re.findall(rb"[^\n]*\n", text)
    for number, line in enumerate(lines):
        if line == b"\n":
            return fields, b"".join(lines[number + 1 :])
        if line[:1] in b" \t" and fields:
            fields[-1] += line
        elif re.match(rb"[!-9;-~]{1,77}[ \t]*:", line):
            fields.append(re.sub(rb"\A([^:\s]+)[ \t]+:", rb"\1:", line))
        else:
            return fields, b"".join(lines[number:])
    return fields, b""


def name(field):
    return field.partition(b":")[0].lower()


def expected(raw):
    """(fields, body) of the message as it should arrive, without what is added (B-01 to B-10, B-21 to B-24)."""
    text = re.sub(rb"\r+\n", b"\n", raw)
    if text and not text.endswith(b"\n"):
        text = text.rstrip(b"\r") + b"\n"
    text = re.sub(rb"\A(>*From [^\n]*\n)+", b"", text)
    fields, body = split(text)
    return [field for field in fields if name(field) not in REMOVED], body


def exception(raw):
    """Why this message cannot yet arrive to the byte, or None."""
    text = re.sub(rb"\r+\n", b"\n", raw).rstrip(b"\r")
    if b"\r" in text:
        return "a carriage return inside a line (B-03)"
    if any(len(line) > 998 for line in text.split(b"\n")):
        return "a line of more than 998 octets (B-36, B-37)"
    return None


def may_be_added(fields):
    """The names of the fields that hantar may add to these, each once (B-13 to B-16, B-32)."""
    there = {name(field): field for field in fields}
    prefix = b"resent-" if any(key.startswith(b"resent-") for key in there) else b""
    added = {prefix + key for key in COMPLETED if prefix + key not in there}
    for key in (b"message-id", b"resent-message-id"):
        if key in there and not there[key].partition(b":")[2].strip():
            added.add(key)
    authors = there.get(prefix + b"from", b"").partition(b":")[2].decode("latin-1")
    if len(email.utils.getaddresses([authors])) > 1:
        added |= {prefix + b"sender"} - set(there)
    return added | {key for key in COMPLETED if key not in there}


def unqualified(field):
    """The field without what was put behind names in it (B-25)."""
    return field.replace(MAILNAME, b"") if name(field).removeprefix(b"resent-") in QUALIFIED else field


def differences(raw, arrived):
    want, want_body = expected(raw)
    got, body = split(arrived)
    additions = may_be_added(want)
    if not got or name(got[0]) != b"received":
        yield "no Received field on top"
    left = collections.deque(want)
    for field in got[1:]:
        if left and unqualified(field) == left[0]:
            left.popleft()
        elif name(field) in additions:
            additions.remove(name(field))
        else:
            yield f"field {field!r} in place of {left[0] if left else None!r}"
            break
    else:
        if left:
            yield f"field {left[0]!r} is missing"
    if body != want_body:
        yield f"the body: {want_body[:200]!r} became {body[:200]!r}"


def bare(text):
    """What even a message that has to be broken into shorter lines keeps."""
    return re.sub(rb"\s", b"", text)


# ---------------------------------------------------------------- the run
@pytest.fixture(scope="module")
def deliveries(request, the_lab):
    """All messages, each sent to a user of its own: path -> (status, standard error, text that arrived)."""
    paths = messages(request.config)

    def send(item):
        number, path = item
        with path.open("rb") as file:
            process = the_lab.start_hantar(["-i", f"u{number}@corpus.test"], stdin=file, stderr=subprocess.PIPE)
            err = process.communicate(timeout=30)[1]
        return process.returncode, err.decode(errors="replace")

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(send, enumerate(paths)))
    the_lab.assert_nothing_left()
    found = {}
    for number, (path, (status, err)) in enumerate(zip(paths, results)):
        arrived = the_lab.mail(f"u{number}@corpus.test")[0].text if status == 0 else None
        found[path] = (status, err, arrived)
    return found


def test_arrives_unchanged(deliveries, path):
    status, err, arrived = deliveries[path]
    assert status == 0, err
    raw = path.read_bytes()
    if exception(raw):
        fields, body = expected(raw)
        assert bare(body) in bare(arrived)
        assert all(bare(field) in bare(arrived).replace(MAILNAME, b"") for field in fields)
    else:
        assert list(differences(raw, arrived)) == []


def test_exceptions_are_listed(request, capsys):
    """The messages that are compared without regard to white space, and why."""
    with capsys.disabled():
        print("\nMessages of the corpus that are not compared to the byte:")
        for path in messages(request.config):
            if reason := exception(path.read_bytes()):
                print(f"  {path.name}: {reason}")
