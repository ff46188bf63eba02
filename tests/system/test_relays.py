# SPDX-License-Identifier: ISC
"""The way of the mail as the configuration has it: routes, relays, and what a channel must prove."""

MESSAGE = "Subject: hi\n\nhello\n"


def test_a_level_of_tls_for_some_domains(lab):
    """C-30, E-01: a route says how its domain's servers are spoken to; all others go as before."""
    lab.etc("hantar.conf", 'tls = none\n\n[route "post.test"]\ntls = may\n')
    assert lab.run(["alice@post.test", "bob@other.test"], MESSAGE).status == 0
    assert b"using TLSv1.3" in lab.mail("alice@post.test")[0].trace
    assert b"TLS" not in lab.mail("bob@other.test")[0].trace
