/* SPDX-License-Identifier: ISC */
/* C-27, C-29, D-51: how a relay is written, and whose mail it takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "route/route.h"

/* A label of some length. */
#define X60 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

#define FOLDER10 "/123456789"
#define FOLDER50 FOLDER10 FOLDER10 FOLDER10 FOLDER10 FOLDER10
#define FOLDER100 FOLDER50 FOLDER50

static const struct {
	const char *text;
	const char *expected; /* "name port marks", or a part of the error */
} hosts[] = {
    {"mail.example.org", "mail.example.org 0"},
    {"Mail.Example.ORG.", "mail.example.org 0"},
    {"b\xc3\xbc"
     "cher.example",
	"xn--bcher-kva.example 0"},
    {"hub", "hub 0"},
    {"[mail.example.org]", "mail.example.org 0"},
    {"mail.example.org:587", "mail.example.org 587"},
    {"[mail.example.org]:2525", "mail.example.org 2525"},
    {"mail.example.org:submission", "mail.example.org 587"},
    {"mail.example.org:SUBMISSIONS", "mail.example.org 465 encrypted"},
    {"mail.example.org:smtps", "mail.example.org 465 encrypted"},
    {"mail.example.org:465", "mail.example.org 465 encrypted"},
    {"mail.example.org:smtp", "mail.example.org 25"},
    {"submission://mail.example.org", "mail.example.org 587"},
    {"smtps://mail.example.org", "mail.example.org 465 encrypted"},
    {"submissions://mail.example.org:2465", "mail.example.org 2465 encrypted"},
    {"smtp://mail.example.org:465", "mail.example.org 465"},
    {"192.0.2.1", "[192.0.2.1] 0 literal"},
    {"[192.0.2.1]:587", "[192.0.2.1] 587 literal"},
    {"192.0.2.1:465", "[192.0.2.1] 465 encrypted literal"},
    {"2001:db8::1", "[IPv6:2001:db8::1] 0 literal"},
    {"[2001:db8::1]:587", "[IPv6:2001:db8::1] 587 literal"},
    {"[IPv6:2001:db8::1]", "[IPv6:2001:db8::1] 0 literal"},
    {"[IPv6:2001:db8::1]:587", "[IPv6:2001:db8::1] 587 literal"},
    {"[ipv6:2001:DB8:0::1]:smtp", "[IPv6:2001:db8::1] 25 literal"},
    {"[::1]:587", "[IPv6:::1] 587 literal"},
    {"::1", "[IPv6:::1] 0 literal"},
    {"submissions://[::1]", "[IPv6:::1] 465 encrypted literal"},
    {"smtps://[IPv6:::1]:2465", "[IPv6:::1] 2465 encrypted literal"},
    {"[192.0.2.1]", "[192.0.2.1] 0 literal"},
    {"[mail.example.org]:submission", "mail.example.org 587"},
    {"srv:example.org", "example.org 0 service"},
    {"SRV:Example.ORG.", "example.org 0 service"},
    {"srv:b\xc3\xbc"
     "cher.example",
	"xn--bcher-kva.example 0 service"},
    {"srv:587", "srv 587"},
    {"srv:submission", "srv 587"},
    {"srv", "srv 0"},
    {"srv:", "domain of 0 bytes"},
    {"srv:example.org:587", "a domain alone"},
    {"srv:[192.0.2.1]", "a domain alone"},
    {"srv:2001:db8::1", "a domain alone"},
    {"srv:192.0.2.1", "an address is no domain"},
    {"srv://example.org", "none of smtp, submission"},
    {"submission://srv:example.org", "neither a port"},
    {"srv:a..b", "label of 0 bytes"},
    {"srv:" X60 "." X60 "." X60 "." X60 "." X60, "domain of"},
    {"srv:" X60 "." X60 "." X60 "." X60, "235 bytes are left"},
    {"[::1]587", "neither a port"},
    {"[::1", "there is no ]"},
    {"[IPv6:]", "there is no IPv6 address"},
    {"[IPv6:192.0.2.1]", "there is no IPv6 address"},
    {"[IPv6:mail.example.org]", "there is no IPv6 address"},
    {"lmtp://mail.example.org", "mail.example.org 24 lmtp"},
    {"LMTP://mail.example.org:2424", "mail.example.org 2424 lmtp"},
    {"lmtp://[2001:db8::1]:24", "[IPv6:2001:db8::1] 24 literal lmtp"},
    {"lmtp://mail.example.org:submissions", "mail.example.org 465 lmtp"},
    {"mail.example.org:lmtp", "mail.example.org 24 lmtp"},
    {"smtp://mail.example.org:lmtp", "mail.example.org 24"},
    {"lmtp:587", "lmtp 587"},
    {"lmtp", "lmtp 0"},
    {"lmtp:/run/dovecot/lmtp", "localhost 0 lmtp /run/dovecot/lmtp"},
    {"Lmtp:/x:y]", "localhost 0 lmtp /x:y]"},
    {"lmtp:" FOLDER100 "/123456", "localhost 0 lmtp " FOLDER100 "/123456"},
    {"lmtp:" FOLDER100 "/1234567", "at most 107 bytes, and this has 108: /"},
    {"lmtp://mail.example.org:25", "LMTP is never spoken"},
    {"lmtp://[192.0.2.1]:smtp", "LMTP is never spoken"},
    {"lmtp:run/lmtp", "neither a port"},
    {"lmtp:unix:/run/lmtp", "neither a port"},
    {"lmtp:///run/lmtp", "byte 0x2f"},
    {"lmtp://", "domain of 0 bytes"},
    {"", "domain of 0 bytes"},
    {":587", "domain of 0 bytes"},
    {"[]", "domain of 0 bytes"},
    {"[", "there is no ]"},
    {"[mail.example.org", "there is no ]"},
    {"[mail.example.org]587", "neither a port"},
    {"mail.example.org:", "neither a port"},
    {"mail.example.org:submisson", "neither a port"},
    {"mail.example.org:65536", "neither a port"},
    {"mail.example.org:0", "0 is no port"},
    {"https://mail.example.org", "none of smtp, submission"},
    {"mail/example", "byte 0x2f"},
    {"a..b", "label of 0 bytes"},
};

static void
hosts_of_relays(void **state)
{
	struct pool p = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		struct relay_host h;
		struct err e = {0};
		struct buf b;

		buf_init(&b, 1000);
		if (relay_host(&h, str_c(hosts[i].text), &p, &e) == 0) {
			buf_printf(&b, "%.*s %u%s%s%s%s%s%.*s", STR_ARG(h.name),
			    h.port, h.encrypted ? " encrypted" : "",
			    h.literal ? " literal" : "", h.lmtp ? " lmtp" : "",
			    h.service ? " service" : "", h.path.n ? " " : "",
			    STR_ARG(h.path));
			assert_string_equal(b.p, hosts[i].expected);
		} else if (strstr(e.text, hosts[i].expected) == NULL) {
			fail_msg("%s: %s", hosts[i].text, e.text);
		}
		buf_free(&b);
	}
	pool_free(&p);
}

static void
lists_of_hosts(void **state)
{
	struct pool p = {0};
	struct relay relay;
	struct err e;
	struct buf b;

	(void)state;
	assert_int_equal(
	    relay_hosts(&relay, STR("a:1,b:2 , [c]:3"), &p, &e), 0);
	assert_int_equal(relay.n, 3);
	for (size_t i = 0; i < relay.n; i++) {
		assert_int_equal(relay.host[i].port, i + 1);
		assert_int_equal(relay.host[i].name.p[0], "abc"[i]);
	}
	assert_int_equal(relay_hosts(&relay, STR(""), &p, &e), 0);
	assert_int_equal(relay.n, 0);
	assert_int_equal(relay_hosts(&relay, STR("a, b:x"), &p, &e), -1);
	assert_int_equal(relay_hosts(&relay, STR("lmtp://a b"), &p, &e), 0);
	assert_false(relay_is_socket(&relay));
	assert_int_equal(
	    relay_hosts(&relay, STR("lmtp:/a,lmtp:/b"), &p, &e), 0);
	assert_true(relay_is_socket(&relay));
	assert_int_equal(relay_hosts(&relay, STR("lmtp:/a b"), &p, &e), -1);
	assert_int_equal(relay_hosts(&relay, STR("a lmtp:/b"), &p, &e), -1);
	buf_init(&b, 1000);
	for (int i = 0; i < RELAY_HOSTS; i++)
		buf_printf(&b, "h%d ", i);
	assert_int_equal(relay_hosts(&relay, buf_str(&b), &p, &e), 0);
	assert_int_equal(relay.n, RELAY_HOSTS);
	buf_add(&b, STR("x"));
	assert_int_equal(relay_hosts(&relay, buf_str(&b), &p, &e), -1);
	buf_free(&b);
	pool_free(&p);
}

static const struct {
	const char *from;
	size_t expected; /* account; 3: none */
} senders[] = {
    {"me@example.org", 0},
    {"ME@EXAMPLE.org", 0},
    {"you@example.org", 1},
    {"@example.org", 3},
    {"you@sub.example.org", 3},
    {"xme@example.org", 1},
    {"me@example.com", 2},
    {"", 3},
};

/* C-30: an address before its domain; a route before both. */
static void
relays_of_senders(void **state)
{
	const struct relay relay[3] = {
	    {.tls = TLS_LEVEL_MAY}, {.tls = TLS_LEVEL_MAY}, {.n = 0}};
	const struct account list[] = {
	    {STR("me@example.org"), &relay[0]},
	    {STR("@example.org"), &relay[1]},
	    {STR("@example.com"), &relay[2]},
	};
	const struct route route = {.pattern = STR("x.example")};
	const struct routes routes = {
	    .route = &route, .n = 1, .account = list, .accounts = 3};
	struct pool p = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++) {
		struct str from = str_c(senders[i].from);
		size_t n = senders[i].expected;
		struct next_hop hop =
		    route_domain(STR("a.example"), from, &routes, &p);

		if (hop.relay != (n < 3 ? &relay[n] : NULL))
			fail_msg("%s", senders[i].from);
		assert_int_equal(
		    hop.kind, n < 3 ? NEXT_HOP_RELAY : NEXT_HOP_MX);
		assert_int_equal(
		    hop.tls, n < 2 ? TLS_LEVEL_MAY : TLS_LEVEL_NONE);
		hop = route_domain(STR("x.example"), from, &routes, &p);
		assert_null(hop.relay);
	}
	pool_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hosts_of_relays),
	    cmocka_unit_test(lists_of_hosts),
	    cmocka_unit_test(relays_of_senders),
	};

	return cmocka_run_group_tests_name("relay", tests, NULL, NULL);
}
