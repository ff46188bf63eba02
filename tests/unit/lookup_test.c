/* SPDX-License-Identifier: ISC */
#include "agent/lookup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../lib/looker.h"
#include "agent/tell.h"
#include "base/clock.h"
#include "net/dns.h"

static const struct zone_record zone[] = {
    {"example.org", DNS_MX, 20, "MX2.example.org"},
    {"example.org", DNS_MX, 10, "mx1.example.org"},
    {"null.org", DNS_MX, 0, "."},
    {"null.org", DNS_A, 0, "192.0.2.99"},
    {"bare.org", DNS_A, 0, "192.0.2.9"},
    {"alias.org", CNAME, 0, "example.org"},
    {"dangling.org", CNAME, 0, "gone.example.org"},
    {"loop.org", CNAME, 0, "pool.org"},
    {"pool.org", CNAME, 0, "loop.org"},
    {"odd.org", DNS_MX, 10, "a b.org"},
    {"partly.org", DNS_MX, 10, "a b.org"},
    {"partly.org", DNS_MX, 20, "mx1.example.org"},
    {"text.org", DNS_MX, 10, "192.0.2.5"},
    {"mx1.example.org", DNS_A, 0, "192.0.2.1"},
    {"mx1.example.org", DNS_A, 0, "192.0.2.2"},
    {"mx1.example.org", DNS_AAAA, 0, "2001:db8::1"},
    {"six.example.org", DNS_AAAA, 0, "2001:db8::6"},
    {"four.example.org", DNS_A, 0, "192.0.2.4"},
    {"broken6.example.org", DNS_A, 0, "192.0.2.5"},
    {"other.example.org", DNS_MX, 1, "mx1.example.org"},
    {"servfail.org", 0, 2, NULL},
    {"broken6.example.org", DNS_AAAA, 2, NULL},
    {NULL, 0, 0, NULL},
};

static int
begin(void **state)
{
	(void)state;
	looker_start(zone, LOOKER_VIRTUAL);
	return 0;
}

static void
c03_c12_mx(void **state)
{
	(void)state;
	assert_string_equal(look("mx 7 example.org"),
	    "mx 7 20 mx2.example.org\n"
	    "mx 7 10 mx1.example.org\n"
	    "found 7 1 1 0 0 2.0.0 answered\n");
	assert_int_equal(looker.oracle.asked, 1);
	assert_string_equal(look("mx 0 null.org"),
	    "mx 0 0 .\n"
	    "found 0 1 1 0 0 2.0.0 answered\n");
	/* C-11 is for the walk to judge. */
	assert_string_equal(look("mx 1 text.org"),
	    "mx 1 10 192.0.2.5\n"
	    "found 1 1 1 0 0 2.0.0 answered\n");
	/* C-32 */
	looker.errand.trust_ad = false;
	assert_string_equal(look("mx 4294967295 null.org"),
	    "mx 4294967295 0 .\n"
	    "found 4294967295 0 1 0 0 2.0.0 answered\n");
}

static void
c04_no_mx(void **state)
{
	(void)state;
	assert_string_equal(
	    look("mx 1 bare.org"), "found 1 1 1 0 0 2.0.0 answered\n");
}

static void
c05_no_domain(void **state)
{
	(void)state;
	assert_string_equal(look("mx 1 nowhere.org"),
	    "found 1 0 3 3 0 5.1.2 domain nowhere.org does not exist "
	    "(NXDOMAIN)\n");
	assert_string_equal(look("mx 1 dangling.org"),
	    "found 1 0 3 3 0 5.1.2 domain dangling.org, an alias of "
	    "gone.example.org, does not exist (NXDOMAIN)\n");
}

static void
c06_not_now(void **state)
{
	char want[200];
	int64_t start = clock_now();

	(void)state;
	(void)snprintf(want, sizeof(want),
	    "found 1 0 2 3 0 4.4.3 MX lookup of servfail.org: SERVFAIL "
	    "(name server %s)\n",
	    looker.server);
	assert_string_equal(look("mx 1 servfail.org"), want);
	assert_int_equal(clock_now(), start);
	looker.oracle.answer = oracle_silent;
	(void)snprintf(want, sizeof(want),
	    "found 1 0 2 3 0 4.4.3 MX lookup of example.org: timed out "
	    "(name server %s)\n",
	    looker.server);
	assert_string_equal(look("mx 1 example.org"), want);
	assert_int_equal(clock_now(), start + LOOKER_MS);
	(void)snprintf(want, sizeof(want),
	    "found 1 0 2 1 0 4.4.3 address lookup of mx1.example.org: timed "
	    "out (name server %s)\n",
	    looker.server);
	assert_string_equal(look("addr 1 mx1.example.org"), want);
}

/* Records there are, so that the domain's address is no way out. */
static void
c07_useless_records(void **state)
{
	(void)state;
	assert_string_equal(look("mx 1 odd.org"),
	    "log 1 odd.org: 1 of its MX records name no possible host\n"
	    "found 1 0 3 3 0 5.4.4 domain odd.org has no MX record that "
	    "names a host\n");
	assert_string_equal(look("mx 1 partly.org"),
	    "log 1 partly.org: 1 of its MX records name no possible host\n"
	    "mx 1 20 mx1.example.org\n"
	    "found 1 1 1 0 0 2.0.0 answered\n");
}

static void
c08_aliases(void **state)
{
	(void)state;
	assert_string_equal(look("mx 1 alias.org"),
	    "mx 1 20 mx2.example.org\n"
	    "mx 1 10 mx1.example.org\n"
	    "found 1 1 1 0 0 2.0.0 answered\n");
	assert_string_equal(look("mx 1 loop.org"),
	    "found 1 0 3 3 0 5.4.4 domain loop.org is an endless chain of "
	    "CNAMEs\n");
	assert_string_equal(look("addr 1 loop.org"),
	    "found 1 0 3 1 0 5.4.4 host loop.org is an endless chain of "
	    "CNAMEs\n");
}

static void
c24_no_names(void **state)
{
	(void)state;
	assert_string_equal(look("mx 1 a..b"),
	    "found 1 0 3 3 0 5.1.2 \"a..b\" is no name that a host can "
	    "have\n");
	assert_string_equal(look("addr 1 a\033b c"),
	    "found 1 0 3 1 0 5.4.4 \"a\\x1bb c\" is no name that a host can "
	    "have\n");
	assert_string_equal(look("addr 1 ."),
	    "found 1 0 3 1 0 5.4.4 \".\" is no name that a host can have\n");
	assert_int_equal(looker.oracle.asked, 0);
}

static void
c20_c22_addresses(void **state)
{
	bool six = ip_have(AF_INET6);

	(void)state;
	assert_string_equal(look("addr 2 mx1.example.org"),
	    six ? "addr 2 2001:db8::1\n"
		  "addr 2 192.0.2.1\n"
		  "addr 2 192.0.2.2\n"
		  "found 2 1 1 0 0 2.0.0 answered\n"
		: "addr 2 192.0.2.1\n"
		  "addr 2 192.0.2.2\n"
		  "found 2 1 1 0 0 2.0.0 answered\n");
	/* Both in one flight, or no question that is of no use. */
	assert_int_equal(looker.oracle.asked, six ? 2 : 1);
	/* What we cannot reach now is not what does not exist. */
	assert_string_equal(look("addr 2 six.example.org"),
	    "addr 2 2001:db8::6\n"
	    "found 2 1 1 0 0 2.0.0 answered\n");
	looker.errand.family = IP_V4;
	looker.oracle.asked = 0;
	assert_string_equal(look("addr 2 six.example.org"),
	    "found 2 0 3 1 0 5.4.4 host six.example.org has no IPv4 "
	    "address\n");
	assert_int_equal(looker.oracle.asked, 1);
	looker.errand.family = IP_V6;
	assert_string_equal(look("addr 2 mx1.example.org"),
	    "addr 2 2001:db8::1\n"
	    "found 2 1 1 0 0 2.0.0 answered\n");
	assert_string_equal(look("addr 2 four.example.org"),
	    "found 2 0 3 1 0 5.4.4 host four.example.org has no IPv6 "
	    "address\n");
	assert_int_equal(looker.oracle.asked, 3);
	/* What one question is limited to, and no other. */
	looker.errand.family = IP_ANY;
	assert_string_equal(look("addr6 2 mx1.example.org"),
	    "addr 2 2001:db8::1\n"
	    "found 2 1 1 0 0 2.0.0 answered\n");
	assert_string_equal(look("addr4 2 six.example.org"),
	    "found 2 0 3 1 0 5.4.4 host six.example.org has no IPv4 address\n");
}

static void
c14_no_address(void **state)
{
	(void)state;
	assert_string_equal(look("addr 2 other.example.org"),
	    "found 2 0 3 1 0 5.4.4 host other.example.org has no address\n");
	assert_string_equal(look("addr 2 nowhere.org"),
	    "found 2 0 3 1 0 5.4.4 host nowhere.org has no address "
	    "(NXDOMAIN)\n");
}

static void
c22_one_family_fails(void **state)
{
	(void)state;
	assert_string_equal(look("addr 2 broken6.example.org"),
	    "addr 2 192.0.2.5\n"
	    "found 2 1 1 0 0 2.0.0 answered\n");
}

/* What somebody sees who knows dig. */
static void
the_lines_of_dig(void **state)
{
	char want[500];

	(void)state;
	looker.errand.show = true;
	looker.errand.start -= 5;
	(void)snprintf(want, sizeof(want),
	    "show 5 alias.org: MX? asked %s\n"
	    "show 5 alias.org. CNAME example.org.\n"
	    "show 5 example.org. MX 20 mx2.example.org.\n"
	    "show 5 example.org. MX 10 mx1.example.org.\n"
	    "mx 1 20 mx2.example.org\n"
	    "mx 1 10 mx1.example.org\n"
	    "found 1 1 1 0 0 2.0.0 answered\n",
	    looker.server);
	assert_string_equal(look("mx 1 alias.org"), want);
	(void)snprintf(want, sizeof(want),
	    "show 5 null.org: MX? asked %s\n"
	    "show 5 null.org. MX 0 .\n"
	    "mx 1 0 .\n"
	    "found 1 1 1 0 0 2.0.0 answered\n",
	    looker.server);
	assert_string_equal(look("mx 1 null.org"), want);
	(void)snprintf(want, sizeof(want),
	    "show 5 bare.org: MX? asked %s\n"
	    "show 5 bare.org: no MX record\n"
	    "found 1 1 1 0 0 2.0.0 answered\n",
	    looker.server);
	assert_string_equal(look("mx 1 bare.org"), want);
	looker.errand.family = IP_V4;
	assert_string_equal(look("addr 1 mx1.example.org"),
	    "show 5 mx1.example.org. A 192.0.2.1\n"
	    "show 5 mx1.example.org. A 192.0.2.2\n"
	    "addr 1 192.0.2.1\n"
	    "addr 1 192.0.2.2\n"
	    "found 1 1 1 0 0 2.0.0 answered\n");
	assert_string_equal(look("addr 1 nowhere.org"),
	    "show 5 host nowhere.org has no address (NXDOMAIN)\n"
	    "found 1 0 3 1 0 5.4.4 host nowhere.org has no address "
	    "(NXDOMAIN)\n");
}

static void
a_slow_server_is_seen(void **state)
{
	char want[600];

	(void)state;
	looker.errand.show = true;
	looker.oracle.answer = oracle_silent;
	(void)snprintf(want, sizeof(want),
	    "show 0 a.org: MX? asked %s\n"
	    "show 500 a.org: MX? timed out (name server %s), asked %s\n"
	    "show 1000 MX lookup of a.org: timed out (name server %s)\n"
	    "found 1 0 2 3 0 4.4.3 MX lookup of a.org: timed out (name "
	    "server %s)\n",
	    looker.server, looker.server, looker.server, looker.server,
	    looker.server);
	assert_string_equal(look("mx 1 a.org"), want);
}

static void
no_name_server(void **state)
{
	(void)state;
	looker.errand.nameserver = STR("ns.example.org");
	assert_string_equal(look("mx 1 example.org"),
	    "found 1 0 2 5 0 4.4.3 name server \"ns.example.org\" is no IP "
	    "address\n");
	assert_int_equal(looker.oracle.asked, 0);
}

static void
no_requests(void **state)
{
	static const char *const bad[] = {"", "mx", "mx 1", "mx x a.org",
	    "mx -1 a.org", "mx 4294967296 a.org", "txt 1 a.org", " mx 1 a.org",
	    "MX 1 a.org"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_string_equal(look(bad[i]), "log 0 a lookup failed\n");
	assert_int_equal(looker.oracle.asked, 0);
}

/* Answers that no name server was asked for. */
static void
c20_interleaved(void **state)
{
	struct dns_record four[3] = {{0}}, six[2] = {{0}};
	struct dns_question a = {.type = DNS_A};
	struct dns_question aaaa = {.type = DNS_AAAA};
	struct report report;
	struct tell tell = {&looker.errand, &report, NULL};

	(void)state;
	for (unsigned char i = 0; i < 3; i++) {
		four[i].ip = (struct ip){AF_INET, {192, 0, 2, i}};
		if (i < 2)
			six[i].ip = (struct ip){AF_INET6, {0x20, 1, [15] = i}};
	}
	a.answer = (struct dns_answer){
	    .result = DNS_FOUND, .record = four, .n = 3, .secure = true};
	aaaa.answer = (struct dns_answer){
	    .result = DNS_FOUND, .record = six, .n = 2, .secure = true};
	report_direct(&report, looker_collect, NULL);
	looker.said[0] = '\0';
	tell_addr(&tell, 1, STR("a.org"), &a, &aaaa);
	assert_string_equal(looker.said,
	    "addr 1 2001::\naddr 1 192.0.2.0\n"
	    "addr 1 2001::1\naddr 1 192.0.2.1\n"
	    "addr 1 192.0.2.2\n"
	    "found 1 1 1 0 0 2.0.0 answered\n");
	/* E-23: one insecure answer; but a lost one does not make it so. */
	aaaa.answer.secure = false;
	looker.said[0] = '\0';
	tell_addr(&tell, 1, STR("a.org"), &a, &aaaa);
	assert_non_null(strstr(looker.said, "found 1 0 1 "));
	aaaa.answer.n = 0;
	aaaa.answer.result = DNS_LATER;
	looker.said[0] = '\0';
	tell_addr(&tell, 1, STR("a.org"), &a, &aaaa);
	assert_non_null(strstr(looker.said, "found 1 1 1 "));
	/* C-06: the one has no address, of the other nothing is known. */
	a.answer.n = 0;
	a.answer.result = DNS_NODATA;
	looker.said[0] = '\0';
	tell_addr(&tell, 1, STR("a.org"), &a, &aaaa);
	assert_string_equal(looker.said,
	    "found 1 0 2 1 0 4.4.3 address lookup of a.org: timed out\n");
	report_free(&report);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, looker_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(c03_c12_mx),
	    CASE(c04_no_mx),
	    CASE(c05_no_domain),
	    CASE(c06_not_now),
	    CASE(c07_useless_records),
	    CASE(c08_aliases),
	    CASE(c24_no_names),
	    CASE(c20_c22_addresses),
	    CASE(c14_no_address),
	    CASE(c22_one_family_fails),
	    CASE(the_lines_of_dig),
	    CASE(a_slow_server_is_seen),
	    CASE(no_name_server),
	    CASE(no_requests),
	    CASE(c20_interleaved),
	};

	return cmocka_run_group_tests_name("lookup", tests, NULL, NULL);
}
