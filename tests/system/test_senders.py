# SPDX-License-Identifier: ISC
"""Who a message says it is from, on its envelope and in its header, and what changes that (judge: Postfix)."""

import pytest

CRON = b"From: root (Cron Daemon)\nTo: root\nCc: Bob <bob>, eve@here.test\nReply-To: ops\nSubject: x\n\nbody\n"


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
