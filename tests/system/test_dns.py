# SPDX-License-Identifier: ISC
"""From a domain to the hosts that take its mail, through a real name server."""

import pytest

MESSAGE = "Subject: hi\n\nhello\n"
IMPATIENT = ["-O", "dns-timeout=1"]


def sent(lab, domain, *options):
    return lab.run([*options, f"a@{domain}"], MESSAGE)


# ---------------------------------------------------------------- what is permanent
def test_no_such_domain(lab):
    """C-05, A-46."""
    done = sent(lab, "nowhere.test")
    assert done.status == 68 and "a@nowhere.test" in done.err
    assert any("dsn=5.1.2" in line and "relay=none" in line for line in done.log)


def test_null_mx(lab):
    """C-12: the domain says that it takes no mail; its address is not tried."""
    lab.zone("null.test. MX 0 .\nnull.test. A 198.18.0.20")
    server = lab.serve("198.18.0.20")
    done = sent(lab, "null.test")
    assert done.status == 68
    assert any("dsn=5.1.10" in line for line in done.log)
    assert not server.peers


def test_a_dot_among_others(lab):
    """C-13."""
    lab.mx("dot.test", "198.18.0.20")
    lab.zone("dot.test. MX 5 .")
    server = lab.serve("198.18.0.20")
    assert sent(lab, "dot.test").status == 0
    assert len(server.mail) == 1


def test_mx_hosts_that_do_not_exist(lab):
    """C-07, C-14: permanent, and the domain's own address is no way out."""
    lab.zone("lost.test. MX 10 gone1.test.\nlost.test. MX 20 gone2.test.\nlost.test. A 198.18.0.20")
    server = lab.serve("198.18.0.20")
    done = sent(lab, "lost.test")
    assert done.status in (68, 69) and any("dsn=5.4.4" in line for line in done.log)
    assert not server.peers


def test_labels_that_no_name_can_have(lab):
    """C-24: an error before any question is asked."""
    for domain in ("x" * 64 + ".test", ".".join(["x" * 60] * 5)):
        assert sent(lab, domain).status in (65, 68)


# ---------------------------------------------------------------- what is temporary
def test_servfail(lab):
    """C-06."""
    done = sent(lab, "x.servfail.test")
    assert done.status == 75
    assert any("dsn=4.4.3" in line for line in done.log)


@pytest.mark.parametrize("server", ["198.18.0.10", "198.18.0.99"], ids=["refuses", "silent"])
def test_a_dead_name_server(lab, server):
    """C-06, C-34: temporary, in bounded time."""
    done = sent(lab, "post.test", *IMPATIENT, "-O", f"nameserver={server}")
    assert done.status == 75 and done.seconds < 3
    lab.etc("resolv.conf", f"nameserver {server}\n")
    done = sent(lab, "post.test", *IMPATIENT)
    assert done.status == 75 and done.seconds < 3


def test_the_second_name_server_answers(lab):
    """C-34: one dead server of several is no failure."""
    lab.etc("resolv.conf", "nameserver 198.18.0.10\nnameserver 198.18.0.2\n")
    assert lab.run(["alice@post.test"], MESSAGE).status == 0


def test_one_mx_host_cannot_be_looked_up(lab):
    """C-14, C-19: it is passed over; when nothing else is left it makes the failure temporary."""
    lab.mx("partly.test", "198.18.0.20")
    lab.zone("partly.test. MX 5 x.servfail.test.")
    server = lab.serve("198.18.0.20")
    assert sent(lab, "partly.test").status == 0 and len(server.mail) == 1
    lab.zone("wholly.test. MX 5 x.servfail.test.\nwholly.test. MX 6 gone.test.")
    assert sent(lab, "wholly.test").status == 75


# ---------------------------------------------------------------- the way to the host
def test_implicit_mx(lab):
    """C-04: no MX, so the domain's own address."""
    lab.zone("implicit.test. A 198.18.0.20")
    server = lab.serve("198.18.0.20")
    assert sent(lab, "implicit.test").status == 0 and len(server.mail) == 1


def test_a_domain_with_nothing(lab):
    """C-04: a name that exists, without MX and without an address."""
    lab.zone('nothing.test. TXT "no mail here"')
    assert sent(lab, "nothing.test").status in (68, 69)


def test_cname(lab):
    """C-08, C-09, C-10: aliases are followed; the recipient keeps the name that the user wrote."""
    lab.zone(
        """
        alias.test. CNAME real.test.
        real.test. MX 10 mx-alias.real.test.
        mx-alias.real.test. CNAME mx.real.test.
        mx.real.test. A 198.18.0.20
        """
    )
    server = lab.serve("198.18.0.20")
    assert sent(lab, "alias.test").status == 0
    assert server.mail[0][1] == ["RCPT TO:<a@alias.test>"]


def test_a_cname_loop(lab):
    """C-08: it ends."""
    lab.zone("loop1.test. CNAME loop2.test.\nloop2.test. CNAME loop1.test.")
    assert sent(lab, "loop1.test", *IMPATIENT).status in (68, 69, 75)


def test_an_mx_that_is_an_address(lab):
    """C-11: a host of that name does not exist; the next one is used."""
    lab.mx("text.test", "198.18.0.20")
    lab.zone("text.test. MX 5 198.18.0.21.")
    wrong, right = lab.serve("198.18.0.21"), lab.serve("198.18.0.20")
    assert sent(lab, "text.test").status == 0
    assert not wrong.peers and len(right.mail) == 1


def test_equal_preferences_are_shuffled(lab):
    """C-03: in sixteen runs both hosts come first (but once in 32768)."""
    lab.zone(
        """
        equal.test. MX 10 a.equal.test.
        equal.test. MX 10 b.equal.test.
        a.equal.test. A 198.18.0.20
        b.equal.test. A 198.18.0.21
        """
    )
    servers = lab.serve("198.18.0.20"), lab.serve("198.18.0.21")
    for _ in range(16):
        assert sent(lab, "equal.test").status == 0
    assert sum(len(server.mail) for server in servers) == 16
    assert all(server.mail for server in servers)


def test_no_search_list(lab):
    """C-01: neither search, ndots nor HOSTALIASES make another domain of it."""
    lab.zone("short.example.search.test. MX 10 mx.post.test.\nother-alias.test. MX 10 mx.post.test.")
    lab.etc("resolv.conf", "nameserver 198.18.0.2\nsearch search.test example.search.test\noptions ndots:15\n")
    aliases = lab.state / "aliases"
    aliases.write_text("short other-alias.test\n")
    done = lab.run(["a@short"], MESSAGE, env={"HOSTALIASES": str(aliases)})
    assert done.status == 68


def test_hosts_file_is_not_asked(lab):
    """C-36: MX hosts are looked up in DNS alone."""
    lab.mx("hosts.test", "198.18.0.20")
    server = lab.serve("198.18.0.20")
    hosts = (lab.proc.parent / "etc/hosts").read_text()
    try:
        lab.etc("hosts", hosts + "198.18.0.11 mx1.hosts.test hosts.test\n")
        assert sent(lab, "hosts.test").status == 0 and len(server.mail) == 1
    finally:
        lab.etc("hosts", hosts)


def test_a_trailing_dot(lab):
    """C-02."""
    lab.mx("trailing.test", "198.18.0.20")
    server = lab.serve("198.18.0.20")
    assert sent(lab, "trailing.test.").status == 0
    assert server.mail[0][1] == ["RCPT TO:<a@trailing.test>"]


@pytest.mark.parametrize("literal, address", [("[198.18.0.20]", "198.18.0.20"), ("[IPv6:2001:db8:18::20]", "2001:db8:18::20")])
def test_address_literals(lab, literal, address):
    """C-25: straight to the address, without DNS."""
    server = lab.serve(address)
    assert sent(lab, literal, "-O", "nameserver=198.18.0.10").status == 0
    assert server.mail[0][1] == [f"RCPT TO:<a@{literal}>"]


def test_other_literals(lab):
    """C-25."""
    assert sent(lab, "[x400:whatever]").status in (65, 68)


def test_international_domain(lab):
    """C-23: asked for, and sent, in its ASCII form."""
    lab.mx("xn--mnchen-3ya.test", "198.18.0.20")
    server = lab.serve("198.18.0.20")
    assert sent(lab, "München.test").status == 0
    assert server.mail[0][1] == ["RCPT TO:<a@xn--mnchen-3ya.test>"]


def test_a_long_answer(lab):
    """C-33: what does not fit a datagram is asked for over TCP."""
    names = [f"{'x' * 50}{number}.{'y' * 50}.long.test." for number in range(60)]
    lab.zone("\n".join(f"long.test. MX {number + 10} {name}" for number, name in enumerate(names)))
    lab.zone(f"{names[0]} A 198.18.0.20")
    server = lab.serve("198.18.0.20")
    assert sent(lab, "long.test").status == 0 and len(server.mail) == 1


# ---------------------------------------------------------------- ourselves
def test_ourselves_among_the_hosts(lab):
    """C-15: we are MX 20, so 20 and 30 are not for us to use; 10 is, and when it is dead we wait."""
    lab.mx("backup.test", "198.18.0.10", "198.18.0.1", "198.18.0.20")
    server = lab.serve("198.18.0.20")
    assert sent(lab, "backup.test").status == 75
    assert not server.peers


@pytest.mark.parametrize("address", ["198.18.0.1", "2001:db8:18::1", "127.0.0.1", "127.1.2.3", "::1", "0.0.0.0"])
def test_only_ourselves(lab, address):
    """C-16, C-17: mail loops back to myself."""
    domain = f"self-{address.replace('.', '-').replace(':', '-')}x.test"
    lab.mx(domain, address)
    done = sent(lab, domain)
    assert done.status == 69 or done.status == 68
    assert any("dsn=5.4.6" in line or "dsn=5.4.4" in line for line in done.log), done.log


def test_our_own_name_as_mx(lab):
    """C-15, C-17: a host with our name is us, whatever address DNS gives it."""
    lab.zone("named.test. MX 10 laptop.home.test.\nlaptop.home.test. A 198.18.0.20")
    server = lab.serve("198.18.0.20")
    assert sent(lab, "named.test").status in (68, 69)
    assert not server.peers


def test_loopback_where_it_is_wanted(lab):
    """C-17: with loopback-mx = allow it is dialled, and in here nobody listens."""
    lab.mx("loopback.test", "127.0.0.1")
    done = sent(lab, "loopback.test", "-O", "loopback-mx=allow")
    assert done.status == 75 and "efused" in done.err
