# SPDX-License-Identifier: ISC
"""Names of this host: /etc/aliases, and the commands that check it."""

import re

import pytest

MESSAGE = "Subject: hi\n\nhello\n"


def orig(done):
    """{address: what it was expanded from}, of the log's lines for recipients."""
    lines = [line for line in done.log if " to=<" in line]
    found = [re.search(r": to=<([^>]*)>, (?:orig_to=<([^>]*)>, )?relay=\S+, delay=", line).groups() for line in lines]
    return dict(found)


def test_root(lab):
    """H-01, H-04, K-05, B-25: the mail of cron arrives; a change counts at once; the log has both names."""
    lab.etc("aliases", "# aliases\npostmaster: root\nroot: alice@post.test\n")
    text = "From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@laptop> true\n\nhello\n"
    done = lab.run(["-FCronDaemon", "-i", "-odi", "-oem", "-oi", "-t", "-f", "root"], text, name="sendmail")
    assert (done.status, done.out, done.err) == (0, "", "")
    (mail,) = lab.mail("alice@post.test")
    assert mail.field("To") == "root@laptop.home.test" and mail.field("From") == "root@laptop.home.test (Cron Daemon)"
    assert mail.sender == "root@laptop.home.test"
    assert orig(done) == {"alice@post.test": "root"}

    lab.etc("aliases", "root: bob@post.test\n")
    assert lab.run(["root", "carol@post.test"], MESSAGE).status == 0
    lab.mail("bob@post.test")
    lab.mail("carol@post.test")
    lab.mail("alice@post.test", count=0)


def test_each_address_once(lab):
    """H-05, A-44: whoever leads to it, and however often."""
    lab.etc("aliases", "root: alice@post.test, admins\nadmins: alice@POST.test, bob@post.test, root2\nroot2: bob@post.test\n")
    done = lab.run(["bob@post.test", "root", "admins"], MESSAGE)
    assert done.status == 0
    lab.mail("alice@post.test")
    lab.mail("bob@post.test")
    assert orig(done) == {"bob@post.test": None, "alice@post.test": "root"}


@pytest.mark.parametrize("recipient", ["root@localhost", "root@laptop", "root@laptop.home.test", "Root+cron@Laptop.Home.Test", "root@home.test"])
def test_our_domains(lab, recipient):
    """H-06, C-26: the host's names and the mailname, if there is an alias."""
    lab.etc("mailname", "home.test\n")
    lab.etc("aliases", "root: alice@post.test\n")
    assert lab.run([recipient], MESSAGE).status == 0
    lab.mail("alice@post.test")


def test_the_mailname_of_a_satellite(lab):
    """C-26, H-06: without an alias, and for the alias itself, it is a domain like any other."""
    lab.etc("mailname", "post.test\n")
    lab.etc("aliases", "root: alice@post.test\nalice: alice@post.test\npostmaster: root\n")
    assert lab.run(["root", "bob@post.test"], MESSAGE).status == 0
    lab.mail("alice@post.test")
    lab.mail("bob@post.test")
    lab.etc("hantar.conf", "local-domains = Laptop.home.test, other.test\n")
    lab.etc("aliases", "bob: alice@post.test\n")
    assert lab.run(["bob@post.test", "bob@other.test"], MESSAGE).status == 0
    lab.mail("alice@post.test")
    lab.mail("bob@post.test")


def test_a_name_without_alias(lab):
    """H-24, C-26: 5.1.1, 67, and what to do about it; the others get the message."""
    for aliases, args, advice in [
        (None, [], 'no alias for "bob" in /etc/aliases: a line "bob: you@example.org"'),
        ("root: alice@post.test\n", [], 'no alias for "bob" in /etc/aliases'),
        ("bob: alice@post.test\n", ["-n"], "aliases are not used"),
        ("bob: alice@post.test\n", ["-O", "aliases="], "aliases are not used"),
    ]:
        lab.etc("aliases", aliases)
        done = lab.run([*args, "bob", "carol@post.test"], MESSAGE)
        assert done.status == 67 and "<bob>: failed 5.1.1: " in done.err and advice in done.err
        lab.mail("carol@post.test")
        lab.mail("bob@post.test", count=0)
        lab.mail("alice@post.test", count=0)


def test_a_failure_names_the_alias(lab):
    """A-49: the caller wrote to the alias."""
    lab.etc("aliases", "root: unknown@post.test, alice@post.test\n")
    done = lab.run(["root"], MESSAGE)
    assert done.status == 67 and "<unknown@post.test> (alias <root>): failed 5.1.1: " in done.err
    lab.mail("alice@post.test")


@pytest.mark.parametrize(
    "aliases, reason",
    [("root: alice@post.test\nbroken\n", "/etc/aliases:2: not of the form name: value"), (None, "/etc/aliases: not a regular file")],
)
def test_aliases_that_cannot_be_read(lab, aliases, reason):
    """H-29: who might be in there waits; nobody else does."""
    lab.etc("aliases", aliases)
    path = lab.proc.parent / "etc/aliases"
    if aliases is None:
        path.mkdir()
    done = lab.run(["root", "root@laptop.home.test", "alice@post.test"], MESSAGE)
    if aliases is None:
        path.rmdir()
    assert done.status == 75 and done.err.count("deferred 4.3.5") == 2 and done.err.count(reason) == 2
    lab.mail("alice@post.test")


def test_aliases_that_are_named(lab):
    """A-34, H-29: by the configuration or the caller; they have to be there."""
    path = lab.tmp.parent / "my.aliases"
    path.write_text("root: alice@post.test\n")
    path.chmod(0o644)
    for args in ([f"-oA{path}"], ["-O", f"AliasFile={path}"], ["-O", f"aliases={path}"]):
        assert lab.run([*args, "root"], MESSAGE).status == 0
        lab.mail("alice@post.test")
    path.unlink()
    done = lab.run([f"-oA{path}", "root"], MESSAGE)
    assert done.status == 75 and f"{path}: there is no such file" in done.err
    done = lab.run(["-oArelative", "root"], MESSAGE)
    assert done.status == 64 and "relative" in done.err


def test_what_only_local_delivery_could_do(lab):
    """H-03, H-28: an alias may say so; the others get the message, and /dev/null all the rest."""
    lab.etc("aliases", 'root: alice@post.test, "|/bin/false x", /var/mail/root, \\root, /dev/null\n')
    done = lab.run(["root"], MESSAGE)
    assert done.status == 75 and done.err.count("deferred 4.3.5") == 3 and "/var/mail/root" in done.err
    assert any("to=</dev/null>, orig_to=<root>, relay=none" in line and "status=sent (discarded)" in line for line in done.log)
    lab.mail("alice@post.test")
    lab.etc("aliases", "nobody: /dev/null\n")
    done = lab.run(["nobody"], MESSAGE)
    assert (done.status, done.err) == (0, "")


def test_the_owner_of_a_list(lab):
    """H-07: is its sender, whatever else the message is for; the header stays; the null sender, too."""
    lab.etc("aliases", "list: alice@post.test, bob@post.test\nowner-list: carol@post.test\nother: carol@post.test, u1@post.test\nowner-other: a@x.test, b@x.test\n")
    assert lab.run(["-f", "me@here.test", "list", "u2@post.test", "other"], "From: me@here.test\n\nhello\n").status == 0
    for person in ("alice", "bob"):
        (mail,) = lab.mail(f"{person}@post.test")
        assert mail.sender == "carol@post.test" and mail.fields("From") == ["me@here.test"]
    assert lab.mail("u2@post.test")[0].sender == "me@here.test"
    for person in ("carol", "u1"):
        assert lab.mail(f"{person}@post.test")[0].sender == "owner-other@laptop.home.test"
    assert lab.run(["-f", "<>", "list"], MESSAGE).status == 0
    for person in ("alice", "bob"):
        assert lab.mail(f"{person}@post.test")[0].sender == ""


def test_many(lab):
    """H-05: an alias of 600 addresses, and more than there may be."""
    lab.etc("aliases", "all: " + ",\n  ".join(f"u{n}@post.test" for n in range(600)) + "\n")
    assert lab.run(["all"], MESSAGE).status == 0
    for n in range(600):
        lab.mail(f"u{n}@post.test")
    done = lab.run(["-O", "max-recipients=100", "all", "alice@post.test"], MESSAGE)
    assert done.status == 69 and "<all>: failed 5.5.3" in done.err
    lab.mail("alice@post.test")
    lab.mail("u1@post.test", count=0)


# ---------------------------------------------------------------- newaliases
@pytest.mark.parametrize("name, args", [("newaliases", []), ("sendmail", ["-bi"]), ("hantar", ["-I"])])
def test_newaliases(lab, name, args):
    """A-27, A-03, H-04: 0 and sendmail's counts; there need not be a file; nothing is written."""
    lab.etc("aliases", "root: alice@post.test\nbin: root, /dev/null\n")
    done = lab.run(args, name=name)
    assert (done.status, done.err) == (0, "")
    assert done.out == "/etc/aliases: 2 aliases, longest 15 bytes, 37 bytes total\n"
    assert not list((lab.proc.parent / "etc").glob("aliases.*"))
    lab.etc("aliases", None)
    done = lab.run(args, name=name)
    assert done.status == 0 and "/etc/aliases" in done.err


def test_newaliases_finds_errors(lab):
    """A-27, H-02: 65, and each line that is wrong; 78 where nothing can be read."""
    lab.etc("aliases", "a: b@\nroot: alice@post.test\n\nc\nRoot: bob@post.test\n")
    done = lab.run([], name="newaliases")
    assert done.status == 65 and done.out == ""
    assert [re.match(r"newaliases: /etc/aliases:(\d+): ", line)[1] for line in done.err.splitlines()] == ["1", "4", "5"]
    assert "defined on line 2" in done.err
    done = lab.run(["-oA/nowhere/aliases"], name="newaliases")
    assert done.status == 78 and "/nowhere/aliases" in done.err


def test_newaliases_warns(lab):
    """A-27: of what leads to nobody; it is valid all the same."""
    lab.etc("aliases", 'root: joe, \\root\nlist: "|/bin/cat"\n')
    done = lab.run([], name="newaliases")
    assert done.status == 0 and done.out.startswith("/etc/aliases: 2 aliases, ")
    assert done.err.count("warning: ") == 3 and '/etc/aliases:1: warning: root: "joe" is no alias' in done.err


# ---------------------------------------------------------------- in the queue
@pytest.fixture(name="queue")
def a_queue(lab, tmp_path):
    """Runs hantar with a spool of its own; what is in there."""

    def run(*args, message=MESSAGE):
        return lab.run(["-O", f"spool={tmp_path / 'spool'}", *args], message)

    run.entries = lambda: [path.read_text() for path in sorted((tmp_path / "spool").glob("*.env"))]
    return run


@pytest.mark.parametrize("name", ["root", "root@laptop.home.test", "root@localhost"])
def test_several_where_the_file_could_not_be_read(lab, queue, name):
    """H-29, K-07: who waits for the aliases goes where they lead, and one mark is enough for all of them."""
    lab.etc("aliases", "root: alice@post.test\nbroken\n")
    lab.mx("sender.test", "198.18.0.21")
    lab.mx("laptop.home.test", "198.18.0.22")
    home, wrong = lab.serve("198.18.0.21"), lab.serve("198.18.0.22")
    assert queue("-f", "me@sender.test", name, "carol@post.test").status == 0
    lab.mail("carol@post.test")
    assert queue("-q").status == 0
    assert len(queue.entries()) == 1
    lab.etc("aliases", "root: alice@post.test, bob@post.test, joe, /dev/null\n")
    done = queue("-q")
    assert done.status == 0 and queue.entries() == []
    for person in ("alice", "bob"):
        (mail,) = lab.mail(f"{person}@post.test")
        assert mail.sender == "me@sender.test" and mail.body == b"hello\n"
    lab.mail("carol@post.test", count=0)
    assert any(re.search(r"to=<root\S*>, relay=none, .*, status=sent \(forwarded as \w+\)$", line) for line in done.log)
    assert orig(done)["alice@post.test"] == name
    ((_sender, _rcpts, report),) = home.mail
    assert b'an alias leads to "joe"' in report and not wrong.commands


def test_what_only_local_delivery_could_do_waits(lab, queue):
    """H-03: the others get it once; an alias that is mended later does not change that."""
    lab.etc("aliases", "root: \\root, alice@post.test, |/bin/cat\n")
    for mode in ("-odi", "-odq"):
        assert queue(mode, "root").status == 0
        assert queue("-q").status == 0
        lab.mail("alice@post.test")
    assert queue("-q").status == 0
    lab.mail("alice@post.test", count=0)
    entries = queue.entries()
    assert len(entries) == 2 and all(re.search(r"^marks (dww|wdw|wwd)$", text, re.M) for text in entries)


@pytest.mark.parametrize("mode", ["-odi", "-odq"])
def test_what_is_discarded_leaves_nothing(lab, queue, mode):
    """H-28: in the spool, too."""
    lab.etc("aliases", "nobody: /dev/null\nroot: alice@post.test, /dev/null\n")
    assert queue(mode, "nobody", "root").status == 0
    assert queue("-q").status == 0 and queue.entries() == []
    lab.mail("alice@post.test")


def test_a_loop_in_the_queue(lab, queue):
    """H-05: what was expanded is not expanded again."""
    lab.etc("aliases", "a: b, alice@post.test\nb: c\nc: a, bob@post.test\n")
    lab.mx("sender.test", "198.18.0.21")
    home = lab.serve("198.18.0.21")
    assert queue("-odq", "-f", "me@sender.test", "a").status == 0
    assert queue("-q").status == 0 and queue.entries() == []
    lab.mail("alice@post.test")
    lab.mail("bob@post.test")
    assert len(home.mail) == 1
