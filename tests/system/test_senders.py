# SPDX-License-Identifier: ISC
"""Who a message says it is from, on its envelope and in its header, and what changes that (judge: Postfix)."""

import json

import pytest

from lab import smtp

CRON = b"From: root (Cron Daemon)\nTo: root\nCc: Bob <bob>, eve@here.test\nReply-To: ops\nSubject: x\n\nbody\n"


@pytest.fixture(name="spool")
def a_spool(tmp_path):
    return ["-O", f"spool={tmp_path / 'spool'}"]


def arrived(lab, *options, text=CRON, **how):
    done = lab.run([*options, "alice@post.test"], text, **how)
    assert (done.status, done.err) == (0, "")
    (mail,) = lab.mail("alice@post.test")
    return mail


def test_names_without_a_domain(lab):
    """B-25, A-56: they get the mailname, of five fields, and an address that has a domain is not touched."""
    lab.etc("mailname", "mail.name.test\n")
    mail = arrived(lab)
    assert mail.field("From") == "root@mail.name.test (Cron Daemon)"
    assert mail.field("To") == "root@mail.name.test"
    assert mail.field("Cc") == "Bob <bob@mail.name.test>, eve@here.test"
    assert mail.field("Reply-To") == "ops@mail.name.test"
    assert mail.sender == "root@mail.name.test"
    assert arrived(lab, "-O", "mailname=option.test").field("To") == "root@option.test"


@pytest.mark.parametrize("options", [["-G"], ["-O", "qualify-headers=no"]])
def test_they_can_stay_as_they_are(lab, options):
    """B-25, A-37: with -G, or where the configuration says so."""
    mail = arrived(lab, *options)
    fields = CRON.split(b"\nSubject")[0].split(b"\n")
    assert all(field + b"\n" in mail.head for field in fields)


def test_where_a_message_goes_does_not_change(lab):
    """B-25, H-01: recipients of -t are looked up as they stand, and what they become is in the header only."""
    lab.etc("aliases", "root: alice@post.test\nbob: carol@post.test\n")
    done = lab.run(["-t"], CRON.replace(b", eve@here.test", b""))
    assert done.status == 0
    for address in ("alice@post.test", "carol@post.test"):
        (mail,) = lab.mail(address)
        assert mail.field("Cc") == "Bob <bob@laptop.home.test>"


# ---------------------------------------------------------------- rewriting
WHOLE = b"From: Eve <eve@a.lan> (home)\nReply-To: eve@a.lan\nTo: alice@post.test\nSubject: x\n\nbody\n"
MESSAGE = b"Subject: x\n\nbody\n"


def conf(lab, *lines):
    lab.etc("hantar.conf", "".join(f"{line}\n" for line in lines))


@pytest.mark.parametrize("options", [[], ["-f", "eve@a.lan"], ["-G", "-f", "eve@a.lan"]])
def test_without_a_switch_no_address_changes(lab, options):
    """A-54, B-11: whatever the mailname and the default sender are."""
    conf(lab, "mailname = example.org", "sender = eve@a.lan", '[relay "other"]', "host = 198.18.0.20", "from = @other.test")
    mail = arrived(lab, *options, text=WHOLE)
    assert mail.sender == "eve@a.lan"
    assert all(field + b"\n" in mail.head for field in WHOLE.split(b"\n\n")[0].split(b"\n"))


@pytest.mark.parametrize("how", [
    {}, {"user": "nobody"}, {"user": "nobody", "env": {"EMAIL": "x@y.test"}}, {"options": ["-f", "root@a.lan"]},
    {"options": ["-f", "root@a.lan"], "user": "nobody"}, {"options": ["-r", "x@y.test", "-G"]}, {"lines": ["sender = x@y.test"]},
], ids=["root", "user", "EMAIL", "-f", "user-f", "-G", "sender"])
def test_the_envelope_alone(lab, how):
    """A-54: rewrite-sender wins over every other sender, and touches no field."""
    conf(lab, "rewrite-sender = me@here.test", *how.get("lines", []))
    mail = arrived(lab, *how.get("options", []), text=WHOLE, user=how.get("user"), env=how.get("env"))
    assert mail.sender == "me@here.test"
    assert mail.field("From") == "Eve <eve@a.lan> (home)" and mail.fields("Sender") == []


def test_the_field_alone(lab):
    """A-54, B-11: rewrite-from touches no envelope, and of the header nothing but the address, or the name with it."""
    conf(lab, "rewrite-from = me@here.test")
    mail = arrived(lab, "-f", "eve@a.lan", text=WHOLE)
    assert mail.sender == "eve@a.lan"
    assert b"\nFrom: Eve <me@here.test> (home)\nReply-To: eve@a.lan\nTo: alice@post.test\n" in mail.head
    conf(lab, 'rewrite-from = "Host A, hall 1" <me@here.test>')
    assert arrived(lab, text=WHOLE).field("From") == '"Host A, hall 1" <me@here.test> (home)'
    assert arrived(lab, text=CRON).field("From") == '"Host A, hall 1" <me@here.test> (Cron Daemon)'
    assert arrived(lab, text=b"From: no list <x\n\nbody\n").field("From") == '"Host A, hall 1" <me@here.test>'
    mail = arrived(lab, text=MESSAGE)
    assert mail.field("From") == '"Host A, hall 1" <me@here.test>' and mail.sender == "root@laptop.home.test"


def test_a_field_that_is_added(lab):
    """A-54, B-14: it names who submits, and not the envelope; under the rules for From."""
    conf(lab, "rewrite-sender = bounces@here.test")
    mail = arrived(lab, "-F", "Me", text=MESSAGE)
    assert (mail.sender, mail.field("From")) == ("bounces@here.test", "Me <root@laptop.home.test>")
    conf(lab, "rewrite-sender = bounces@here.test", "rewrite-from = @here.test")
    mail = arrived(lab, "-F", "Me", text=MESSAGE)
    assert (mail.sender, mail.field("From")) == ("bounces@here.test", "Me <root@here.test>")


def test_patterns(lab):
    """A-54, A-56: some senders and no others; the first rule that fits counts; a login is known by its mailname."""
    rules = "root@laptop.home.test => ops@here.test, @laptop.home.test => @here.test, @.lan => lan@here.test"
    conf(lab, f"rewrite-sender = {rules}", f"rewrite-from = {rules}")
    for sender, after in (
        ("root", "ops@here.test"),
        ("bin", "bin@here.test"),
        ('"a b"@LAPTOP.home.test', '"a b"@here.test'),
        ("x@y.a.lan", "lan@here.test"),
        ("x@lan", "x@lan"),
        ("x@home.test", "x@home.test"),
    ):
        mail = arrived(lab, "-f", sender, text=b"From: %s (c), z@y.test\nSender: z@y.test\n\nbody\n" % sender.encode())
        assert (mail.sender, mail.field("From")) == (after, f"{after} (c), z@y.test")


def test_nobody_stays_nobody(lab):
    """A-54, A-16: the empty sender is never rewritten; what is From has rules of its own."""
    conf(lab, "rewrite-sender = me@here.test", "rewrite-from = me@here.test")
    for sender in ("", "<>"):
        mail = arrived(lab, "-f", sender, text=WHOLE)
        assert (mail.sender, mail.field("From")) == ("", "Eve <me@here.test> (home)")


def test_reports_go_to_the_new_sender(lab, spool):
    """A-54, G-21: and are no one else's than hantar's: neither switch is for them."""
    conf(lab, "rewrite-sender = carol@post.test", "rewrite-from = carol@post.test")
    lab.mx("no.test", "198.18.0.20")
    lab.serve("198.18.0.20", smtp(RCPT="550 5.1.1 no such user"))
    assert lab.run([*spool, "-oem", "-f", "bob@post.test", "x@no.test"], WHOLE).status == 67
    assert lab.run([*spool, "-q"]).status == 0
    (mail,) = lab.mail("carol@post.test")
    assert mail.sender == "" and "MAILER-DAEMON@laptop.home.test" in mail.field("From")
    assert b"x@no.test" in mail.body and b"From: Eve <carol@post.test> (home)" in mail.body
    lab.mail("bob@post.test", count=0)


def test_what_waits_is_what_is_sent(lab, spool):
    """A-54, G-04: the spool has the message as it will be sent, whatever the configuration is then."""
    conf(lab, "rewrite-sender = me@here.test", "rewrite-from = me@here.test")
    assert lab.run([*spool, "-odq", "-f", "eve@a.lan", "alice@post.test"], WHOLE).status == 0
    assert "me@here.test" in lab.run([*spool, "-bp"]).out
    conf(lab)
    assert lab.run([*spool, "-q"]).status == 0
    (mail,) = lab.mail("alice@post.test")
    assert (mail.sender, mail.field("From")) == ("me@here.test", "Eve <me@here.test> (home)")


def test_accounts_have_rules_of_their_own(lab, spool):
    """A-54, C-30: those of the relay for this sender, else those of all; a later run takes the same relay."""
    work = lab.serve("198.18.0.20")
    other = lab.serve("198.18.0.21")
    conf(
        lab, "relay = 198.18.0.21", "tls = none", "rewrite-sender = all@here.test", "rewrite-from = all@here.test",
        '[relay "work"]', "host = 198.18.0.20", "tls = none", "from = @a.lan, boss@b.lan", "rewrite-sender = me@work.test",
        '[relay "plain"]', "host = 198.18.0.20", "tls = none", "from = @plain.test",
    )
    for mode in ("-odi", "-odq"):
        for sender in ("eve@a.lan", "boss@b.lan", "eve@b.lan", "x@plain.test"):
            assert lab.run([*spool, mode, "-f", sender, "alice@post.test"], WHOLE).status == 0
    assert lab.run([*spool, "-q"]).status == 0
    for server, after in ((work, ["me@work.test", "me@work.test", "x@plain.test"]), (other, ["all@here.test"])):
        assert sorted(sender.split("<")[1].split(">")[0] for sender, _, _ in server.mail) == sorted(2 * after)
        named = "all@here.test" if server is other else "eve@a.lan"
        assert all(f"From: Eve <{named}> (home)\r\n".encode() in content for _, _, content in server.mail)


def test_a_section_that_all_mail_goes_to(lab):
    """A-54, C-29: the section that the key relay names has the rules for all; where it has none those of the main one."""
    server = lab.serve("198.18.0.20")
    section = ['[relay "hub"]', "host = 198.18.0.20", "tls = none"]
    main = ["relay = hub", "rewrite-sender = main@here.test", "rewrite-from = main@here.test"]
    conf(lab, *main, *section, "rewrite-sender = hub@here.test")
    assert lab.run(["alice@post.test"], WHOLE).status == 0
    ((sender, _, content),) = server.mail
    assert sender.startswith("MAIL FROM:<hub@here.test>") and b"From: Eve <main@here.test> (home)\r\n" in content


def test_it_can_be_seen(lab):
    """A-54, A-29, K-05: in the log, in -bv, in --print-config."""
    conf(lab, "rewrite-sender = @a.lan => me@here.test", "rewrite-from = @a.lan => Me <me@here.test>")
    done = lab.run(["-f", "eve@a.lan", "alice@post.test"], WHOLE)
    assert any(line.endswith(" uid=0 from=<me@here.test> orig_from=<eve@a.lan>") for line in done.log)
    assert any(line.endswith(": rewritten From: Eve <eve@a.lan> (home)") for line in done.log)
    done = lab.run(["-f", "eve@b.lan", "alice@post.test"], WHOLE.replace(b"a.lan", b"b.lan"))
    assert any(line.endswith(" uid=0 from=<eve@b.lan>") for line in done.log)
    assert not any("rewritten" in line for line in done.log)
    assert lab.run(["-bv", "-f", "eve@a.lan", "alice@post.test"]).out.endswith("; tls may; sender me@here.test\n")
    assert "sender" not in lab.run(["-bv", "-f", "eve@b.lan", "alice@post.test"]).out
    (line,) = lab.run(["-bv", "--json", "-f", "eve@a.lan", "alice@post.test"]).out.splitlines()
    assert json.loads(line)["sender"] == "me@here.test"
    printed = lab.run(["--print-config"]).out
    assert "\nrewrite-from = @a.lan => Me <me@here.test>\n" in printed
    conf(lab, printed)
    assert lab.run(["--print-config"]).out == printed


@pytest.mark.parametrize("lines, cause", [
    (["rewrite-sender = root"], "hantar.conf:1: rewrite-sender: \"root\" is neither an address with a domain nor @ and a domain"),
    (["rewrite-from = <>"], "hantar.conf:1: rewrite-from: \"<>\" is neither an address"),
    (["rewrite-from = root => me@here.test"], "rewrite-from: \"root\" is neither an address"),
    (['[relay "x"]', "host = y.test", "rewrite-from = me@here.test"], '[relay "x"] says how senders are rewritten, but not of whom'),
])
def test_mistakes(lab, lines, cause):
    """A-54: what would rewrite nothing, or to nobody, is an error of the configuration, before any mail."""
    conf(lab, *lines)
    for options in (["--check"], ["alice@post.test"]):
        done = lab.run(options, MESSAGE)
        assert done.status == 78 and cause in done.err


def test_what_waits_goes_as_the_configuration_is_now(lab, tmp_path):
    """G-38: the way, TLS and the login are read at each run; sender and From stay as they were given."""
    spool = tmp_path / "spool"
    before = "relay = 198.18.0.20\ntls = encrypt\nrewrite-sender = me@here.test\nrewrite-from = me@here.test\n"
    lab.etc("hantar.conf", before)
    lab.serve("198.18.0.20", smtp(), port=587)
    assert lab.run(["-O", f"spool={spool}", "alice@post.test"], MESSAGE).status == 0
    assert len(list(spool.glob("*.env"))) == 1
    lab.etc("sesame", "sesame\n")
    lab.path("/etc/sesame").chmod(0o600)
    after = "rewrite-sender = you@there.test\nrewrite-from = you@there.test\nuser = me\npassword-file = /etc/sesame\n"
    lab.etc("hantar.conf", f"relay = 198.18.0.21\ntls = encrypt\nauth = plain\n{after}")
    other = lab.serve("198.18.0.21", smtp(extensions=["AUTH PLAIN"], starttls=True, AUTH="235 2.7.0 you"), port=587)
    assert lab.run(["-O", f"spool={spool}", "-q"]).status == 0
    ((sender, _, text),) = other.mail
    assert sender.startswith("MAIL FROM:<me@here.test>") and b"\r\nFrom: root <me@here.test>\r\n" in text
    assert other.peers[0].tls and any(line.startswith("AUTH PLAIN ") for line in other.commands)
    lab.path("/etc/sesame").unlink()
