/* SPDX-License-Identifier: ISC */
#include "net/host.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/child.h"

static struct ip
ip_of(const char *text)
{
	struct ip ip;

	assert_true(ip_parse(str_c(text), &ip));
	return ip;
}

static void
addresses_are_read_and_printed(void **state)
{
	static const char *const good[] = {"192.0.2.1", "0.0.0.0",
	    "255.255.255.255", "::", "::1", "2001:db8::1", "::ffff:192.0.2.1",
	    "fe80::1", "1111:2222:3333:4444:5555:6666:7777:8888"};
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct ip ip = ip_of(good[i]);

		buf_clear(&b);
		ip_print(&b, &ip);
		assert_string_equal(b.p, good[i]);
		assert_int_equal(
		    ip.family, strchr(good[i], ':') ? AF_INET6 : AF_INET);
	}
	buf_free(&b);
}

/* C-22: one address to connect from, or one of each family. */
static void
sources(void **state)
{
	static const struct {
		const char *text;
		const char *v4, *v6; /* NULL: none */
		const char *fault;
	} cases[] = {
	    {"", NULL, NULL, NULL},
	    {"192.0.2.1", "192.0.2.1", NULL, NULL},
	    {"2001:db8::1", NULL, "2001:db8::1", NULL},
	    {"192.0.2.1, 2001:db8::1", "192.0.2.1", "2001:db8::1", NULL},
	    {" 2001:db8::1,192.0.2.1 ", "192.0.2.1", "2001:db8::1", NULL},
	    {"::ffff:192.0.2.1", "192.0.2.1", NULL, NULL},
	    {"192.0.2.1 192.0.2.2", NULL, NULL, "\"192.0.2.2\" is a second"},
	    {"::1 192.0.2.1 ::2", NULL, NULL, "\"::2\" is a second"},
	    {"192.0.2.1:25", NULL, NULL, "\"192.0.2.1:25\" is no IP address"},
	    {"[::1]", NULL, NULL, "is no IP address"},
	    {"eth0", NULL, NULL, "\"eth0\" is no IP address"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ip_source s;
		struct err e = {0};
		const struct ip *v4, *v6;

		if (ip_source(&s, str_c(cases[i].text), &e) < 0) {
			assert_non_null(cases[i].fault);
			assert_non_null(strstr(e.text, cases[i].fault));
			continue;
		}
		assert_null(cases[i].fault);
		v4 = ip_source_of(&s, AF_INET);
		v6 = ip_source_of(&s, AF_INET6);
		assert_int_equal(v4 != NULL, cases[i].v4 != NULL);
		assert_int_equal(v6 != NULL, cases[i].v6 != NULL);
		if (v4) {
			struct ip want = ip_of(cases[i].v4);

			assert_true(ip_same(v4, &want));
		}
		if (v6) {
			struct ip want = ip_of(cases[i].v6);

			assert_true(ip_same(v6, &want));
		}
	}
}

static void
what_is_no_address(void **state)
{
	static const char *const bad[] = {"", "1", "1.2.3", "1.2.3.4.5",
	    "256.1.1.1", "01.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1.2.3.4:25",
	    "0x7f.0.0.1", "2130706433", ":", ":::", "1::2::3", "::g",
	    "fe80::1%lo", "[::1]", "::1.2.3", "example.org",
	    "1111:2222:3333:4444:5555:6666:7777:8888:9999",
	    "0000000000000000000000000000000000000000000000000000000000001"};
	struct ip ip = {.family = 77};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (ip_parse(str_c(bad[i]), &ip))
			fail_msg("\"%s\" was taken", bad[i]);
	assert_false(ip_parse(str_of("1.2.3.4\0", 8), &ip));
	assert_false(ip_parse(str_of("1.2.3.4\0:", 9), &ip));
	assert_false(ip_parse(STR_NONE, &ip));
	assert_int_equal(ip.family, 77);
}

static void
bytes(void **state)
{
	static const unsigned char four[4] = {192, 0, 2, 1};
	static const unsigned char sixteen[16] = {0x20, 1, 0xd, 0xb8};
	struct ip ip;
	struct ip other = ip_of("2001:db8::");

	(void)state;
	assert_true(ip_from_bytes(&ip, four, 4));
	assert_int_equal(ip.family, AF_INET);
	assert_false(ip_same(&ip, &other));
	assert_true(ip_from_bytes(&ip, sixteen, 16));
	assert_true(ip_same(&ip, &other));
	for (size_t n = 0; n < 16; n++)
		if (n != 4)
			assert_false(ip_from_bytes(&ip, sixteen, n));
}

static void
c17_loopback(void **state)
{
	static const char *const yes[] = {"127.0.0.1", "127.255.0.9", "0.0.0.0",
	    "0.1.2.3", "::1", "::", "::ffff:127.0.0.1", "::ffff:0.0.0.0"};
	static const char *const no[] = {"126.255.255.255", "128.0.0.1",
	    "1.0.0.0", "::2", "::1:0", "1::", "::ffff:128.0.0.1",
	    "2001:db8::127.0.0.1"};

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		struct ip ip = ip_of(yes[i]);

		assert_true(ip_is_loopback(&ip));
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		struct ip ip = ip_of(no[i]);

		assert_false(ip_is_loopback(&ip));
	}
}

static void
socket_addresses(void **state)
{
	static const char *const both[] = {"192.0.2.1", "2001:db8::1"};
	struct sockaddr_storage to;
	struct sockaddr other = {.sa_family = AF_UNIX};
	struct ip back;
	unsigned port = 0;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct ip ip = ip_of(both[i]);
		socklen_t n = ip_socket(&ip, 2525, &to);

		assert_int_equal(n,
		    i ? sizeof(struct sockaddr_in6)
		      : sizeof(struct sockaddr_in));
		assert_int_equal(to.ss_family, ip.family);
		assert_true(
		    ip_from_socket((struct sockaddr *)&to, &back, &port));
		assert_true(ip_same(&ip, &back));
		assert_int_equal(port, 2525);
	}
	assert_false(ip_from_socket(&other, &back, &port));
}

static const struct {
	const char *text;
	const char *ip; /* NULL: not of the form */
	unsigned port;
} ports[] = {
    {"192.0.2.1", "192.0.2.1", 53},
    {"192.0.2.1:5353", "192.0.2.1", 5353},
    {"192.0.2.1:65535", "192.0.2.1", 65535},
    {"[192.0.2.1]:5353", "192.0.2.1", 5353},
    {"::1", "::1", 53},
    {"[::1]", "::1", 53},
    {"[::1]:5353", "::1", 5353},
    {"::1:5353", "::1:5353", 53},
    {"192.0.2.1:", NULL, 0},
    {"192.0.2.1:0", NULL, 0},
    {"192.0.2.1:65536", NULL, 0},
    {"192.0.2.1:5 ", NULL, 0},
    {"[::1", NULL, 0},
    {"[::1]5353", NULL, 0},
    {"[::1]:", NULL, 0},
    {"[]:53", NULL, 0},
    {"", NULL, 0},
    {":53", NULL, 0},
    {"ns.example.org:53", NULL, 0},
};

static void
addresses_with_ports(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		unsigned port = 53;
		struct ip ip, want;

		if (ports[i].ip == NULL) {
			if (ip_parse_port(str_c(ports[i].text), &ip, &port))
				fail_msg("\"%s\" was taken", ports[i].text);
			assert_int_equal(port, 53);
			continue;
		}
		want = ip_of(ports[i].ip);
		assert_true(ip_parse_port(str_c(ports[i].text), &ip, &port));
		assert_true(ip_same(&ip, &want));
		assert_int_equal(port, ports[i].port);
	}
}

static void
c17_c22_this_host(void **state)
{
	struct ip lo = ip_of("127.0.0.1");
	struct ip lo6 = ip_of("::ffff:127.0.0.1");
	struct ip elsewhere = ip_of("192.0.2.77");

	(void)state;
	assert_true(ip_is_ours(&lo));
	assert_true(ip_is_ours(&lo6));
	assert_false(ip_is_ours(&elsewhere));
	assert_false(ip_have(AF_UNIX));
	(void)ip_have(AF_INET6); /* it does not fail, whatever it says */
}

/* A relay's name is the system's matter: its hosts file, too. */
static int
look_up(void *arg)
{
	static const struct {
		const char *name;
		int family;
		size_t max;
		size_t n;	/* so many are found, */
		const char *ip; /* this one; or NULL: of several, any */
	} cases[] = {
	    {"relay", AF_INET, 8, 2, NULL},
	    {"relay", AF_INET, 1, 1, NULL},
	    {"relay", AF_INET6, 8, 1, "2001:db8::1"},
	    {"relay.example.org", AF_INET, 8, 1, "192.0.2.1"},
	    {"old", AF_INET, 8, 1, "192.0.2.9"},
	    {"old", AF_INET6, 8, 0, NULL},
	    {"none", AF_INET, 8, 0, NULL},
	    {"", AF_INET, 8, 0, NULL},
	};
	char deep[257] = "";
	struct ip ip[8];
	struct err e;

	(void)arg;
	child_own("/etc");
	child_put("/etc/nsswitch.conf", "hosts: files\n");
	child_put("/etc/host.conf", "multi on\n");
	child_put("/etc/hosts",
	    "192.0.2.1 relay relay.example.org\n192.0.2.2 relay\n"
	    "2001:db8::1 relay\n192.0.2.9 old\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ip want;
		size_t n;

		e = (struct err){.kind = ERR_NONE};
		n = host_look_up(str_c(cases[i].name), cases[i].family, ip,
		    cases[i].max, &e);
		CHILD_CHECK(n == cases[i].n);
		CHILD_CHECK(cases[i].ip == NULL ||
		    (ip_parse(str_c(cases[i].ip), &want) &&
			ip_same(&ip[0], &want)));
		CHILD_CHECK(n > 0 || (e.kind == ERR_SYSTEM && e.text[0]));
	}
	memset(deep, 'a', sizeof(deep) - 1);
	CHILD_CHECK(host_look_up(str_c(deep), AF_INET, ip, 8, &e) == 0);
	CHILD_CHECK(strstr(e.text, "Name or service not known"));
	return 0;
}

static void
names_of_relays(void **state)
{
	(void)state;
	assert_int_equal(child_run(look_up, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(addresses_are_read_and_printed),
	    cmocka_unit_test(sources),
	    cmocka_unit_test(what_is_no_address),
	    cmocka_unit_test(bytes),
	    cmocka_unit_test(c17_loopback),
	    cmocka_unit_test(socket_addresses),
	    cmocka_unit_test(addresses_with_ports),
	    cmocka_unit_test(c17_c22_this_host),
	    cmocka_unit_test(names_of_relays),
	};

	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
