/* SPDX-License-Identifier: ISC */
/* C-28: SRV records, as packets and as what the lookup agent makes of them. */
#include "agent/lookup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "../lib/looker.h"
#include "../lib/wire_parse.h"
#include "base/clock.h"
#include "net/dns.h"

#define D "example.org"

/* ---- packets */

static const struct query about = {.name = D, .type = DNS_SRV, .id = 7};
static struct wire w;
static struct dns_answer a;
static struct pool pool;

static void
begin(unsigned flags)
{
	wire_reply(&w, &about, flags);
}

static enum dns_result
parse(enum dns_type type)
{
	return wire_parse(&w, D, type, &pool, &a);
}

static void
c28_srv_records(void **state)
{
	(void)state;
	begin(USUAL | AD);
	wire_srv(&w, D, 10, 65535, 465, "Mail.Example.org");
	wire_srv(&w, D, 65535, 0, 1, "m-x.example.net");
	wire_srv(&w, "other.org", 1, 2, 3, "mail.other.org");
	wire_mx(&w, D, 1, "mx.example.org");
	assert_int_equal(parse(DNS_SRV), DNS_FOUND);
	assert_int_equal(a.n, 2);
	assert_true(a.secure);
	assert_int_equal(a.record[0].preference, 10);
	assert_int_equal(a.record[0].weight, 65535);
	assert_int_equal(a.record[0].port, 465);
	assert_true(str_eq(a.record[0].name, STR("mail.example.org")));
	assert_int_equal(a.record[1].preference, 65535);
	assert_int_equal(a.record[1].weight, 0);
	assert_int_equal(a.record[1].port, 1);
	/* "." is the word for: there is none; its port is of no interest. */
	begin(USUAL);
	wire_srv(&w, D, 0, 0, 0, ".");
	assert_int_equal(parse(DNS_SRV), DNS_FOUND);
	assert_int_equal(a.n, 1);
	assert_true(str_eq(a.record[0].name, STR(".")));
	assert_false(a.secure);
	/* C-08 */
	begin(USUAL);
	wire_cname(&w, D, "_submission._tcp.example.net");
	wire_srv(
	    &w, "_submission._tcp.example.net", 1, 0, 587, "m.example.net");
	assert_int_equal(parse(DNS_SRV), DNS_FOUND);
	assert_int_equal(a.aliases, 1);
	assert_int_equal(a.n, 1);
}

/* C-28: what is not of the form makes the whole answer one that is not. */
static void
c28_srv_records_that_are_none(void **state)
{
	static const struct {
		const char *data;
		size_t n;
	} broken[] = {
	    {"", 0}, {"\0\1\0\2\1\321", 6}, /* no name */
	    {"\0\1\0\2\1", 5},		    /* no port */
	    {"\0\1\0\2\1\321\3ab", 9},	    /* a label that ends too early */
	    {"\0\1\0\2\1\321\1a", 8},	    /* a name that does not end */
	    {"\0\1\0\2\1\321\0x", 8},	    /* more behind the name */
	    {"\0\1\0\2\1\321\300", 7},	    /* half a pointer */
	    {"\0\1\0\2\1\321\377\377", 8},  /* a pointer out of the packet */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		begin(USUAL);
		wire_srv(&w, D, 1, 2, 3, "mail.example.org");
		wire_rr(&w, AN, D, DNS_SRV, broken[i].data, broken[i].n);
		if (parse(DNS_SRV) != DNS_LATER)
			fail_msg("record %zu was taken", i);
	}
	/* A pointer to itself. */
	begin(USUAL);
	wire_rr(&w, AN, D, DNS_SRV, "\0\1\0\2\1\321\300\0", 8);
	w.p[w.n - 1] = (unsigned char)(w.n - 2);
	assert_int_equal(parse(DNS_SRV), DNS_LATER);
	/* RFC 2782 forbids compression, and others compress. */
	begin(USUAL);
	wire_rr(&w, AN, D, DNS_SRV, "\0\1\0\2\1\321\4mail\300\14", 13);
	assert_int_equal(parse(DNS_SRV), DNS_FOUND);
	assert_true(str_eq(a.record[0].name, STR("mail." D)));
	/* Cut anywhere, it is nothing. */
	begin(USUAL);
	wire_srv(&w, D, 1, 2, 465, "mail.example.org");
	for (size_t whole = w.n; w.n-- > 12;)
		assert_true(w.n < whole && parse(DNS_SRV) == DNS_LATER);
}

/* C-28, C-24: no host can be called so, or be reached at that port. */
static void
c28_hosts_that_cannot_be(void **state)
{
	(void)state;
	begin(USUAL);
	wire_srv(&w, D, 1, 0, 465, "a b.example.org");
	wire_srv(&w, D, 1, 0, 465, "\033[2J.example.org");
	wire_srv(&w, D, 1, 0, 0, "mail.example.org");
	assert_int_equal(parse(DNS_SRV), DNS_FOUND);
	assert_int_equal(a.n, 0);
	assert_int_equal(a.unusable, 3);
	wire_srv(&w, D, 2, 0, 587, "mail.example.org");
	assert_int_equal(parse(DNS_SRV), DNS_FOUND);
	assert_int_equal(a.n, 1);
}

/* ---- lookups */

static const struct zone_record zone[] = {
    {"example.org", DNS_A, 0, "192.0.2.1"},
    {"_submissions._tcp.example.org", DNS_SRV, 10, "5 465 Mail.example.org"},
    {"_submission._tcp.example.org", DNS_SRV, 20, "0 587 mail2.example.org"},
    {"_submission._tcp.example.org", DNS_SRV, 1, "0 0 mail3.example.org"},
    {"_submission._tcp.bare.org", DNS_SRV, 0, "0 587 bare.org"},
    {"_submissions._tcp.null.org", DNS_SRV, 0, "0 0 ."},
    {"_submissions._tcp.odd.org", DNS_SRV, 0, "0 465 a b.org"},
    {"_submissions._tcp.text.org", DNS_A, 0, "192.0.2.7"},
    {"_submissions._tcp.alias.org", CNAME, 0, "_submissions._tcp.example.org"},
    {"_submissions._tcp.loop.org", CNAME, 0, "_submissions._tcp.loop.org"},
    {"_submissions._tcp.partly.org", 0, 2, NULL},
    {"_submission._tcp.partly.org", DNS_SRV, 0, "0 587 mx1.example.org"},
    {"_submissions._tcp.later.org", 0, 2, NULL},
    {"_submission._tcp.later.org", DNS_SRV, 0, "0 0 ."},
    {NULL, 0, 0, NULL},
};

static int
open_oracle(void **state)
{
	(void)state;
	looker_start(zone, LOOKER_VIRTUAL);
	return 0;
}

/* C-28: both forms are asked for at once. */
static void
c28_services(void **state)
{
	(void)state;
	assert_string_equal(look("srv 7 example.org"),
	    "srv 7 10 5 465 1 mail.example.org\n"
	    "log 1 _submission._tcp.example.org: 1 of its SRV records name no "
	    "possible host\n"
	    "srv 7 20 0 587 0 mail2.example.org\n"
	    "found 7 1 1 0 0 2.0.0 answered\n");
	assert_int_equal(looker.oracle.asked, 2);
	assert_string_equal(look("srv 1 bare.org"),
	    "srv 1 0 0 587 0 bare.org\n"
	    "found 1 1 1 0 0 2.0.0 answered\n");
	assert_string_equal(look("srv 1 alias.org"),
	    "srv 1 10 5 465 1 mail.example.org\n"
	    "found 1 1 1 0 0 2.0.0 answered\n");
	assert_string_equal(look("srv 1 null.org"),
	    "srv 1 0 0 0 1 .\n"
	    "found 1 1 1 0 0 2.0.0 answered\n");
	/* C-19: what one question fails to say, the other one may. */
	assert_string_equal(look("srv 1 partly.org"),
	    "srv 1 0 0 587 0 mx1.example.org\n"
	    "found 1 1 1 0 0 2.0.0 answered\n");
	/* C-32 */
	looker.errand.trust_ad = false;
	assert_string_equal(look("srv 1 bare.org"),
	    "srv 1 0 0 587 0 bare.org\n"
	    "found 1 0 1 0 0 2.0.0 answered\n");
}

/* C-28, D-54: what is not there is our mistake, and no failure of the mail's;
 * what is not known now, is not known now. */
static void
c28_no_services(void **state)
{
	static const struct {
		const char *domain;
		const char *status;
		const char *text;
	} cases[] = {
	    {"none.org", "2 5 0 4.4.4 ",
		"_submissions._tcp.none.org (NXDOMAIN), "
		"_submission._tcp.none.org (NXDOMAIN); is the domain right?"},
	    {"text.org", "2 5 0 4.4.4 ",
		"_submissions._tcp.text.org (no SRV record), "
		"_submission._tcp.text.org (NXDOMAIN)"},
	    {"odd.org", "2 5 0 4.4.4 ",
		"_submissions._tcp.odd.org (names no possible host), "},
	    {"loop.org", "2 5 0 4.4.4 ",
		"_submissions._tcp.loop.org (an endless chain of CNAMEs), "},
	    {"later.org", "2 5 0 4.4.3 ",
		"SRV lookup of _submissions._tcp.later.org: SERVFAIL"},
	    {"a/b", "2 5 0 4.4.4 ", "is no name that a host can have"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char request[100];
		const char *found;

		(void)snprintf(
		    request, sizeof(request), "srv 3 %s", cases[i].domain);
		found = strstr(look(request), "found 3 0 ");
		if (found == NULL ||
		    strncmp(found + 10, cases[i].status,
			strlen(cases[i].status)) != 0 ||
		    strstr(found, cases[i].text) == NULL)
			fail_msg("%s: %s", cases[i].domain, looker.said);
	}
}

/* C-28: a domain in which there is no room for the service's name. */
static void
c28_a_long_domain(void **state)
{
	char request[300];
	char domain[254];

	(void)state;
	memset(domain, 'x', sizeof(domain));
	for (size_t i = 49; i < sizeof(domain); i += 50)
		domain[i] = '.';
	domain[235] = '\0';
	(void)snprintf(request, sizeof(request), "srv 3 %s", domain);
	assert_non_null(strstr(look(request), "(NXDOMAIN)"));
	domain[235] = 'x';
	domain[236] = '\0';
	(void)snprintf(request, sizeof(request), "srv 3 %s", domain);
	assert_non_null(strstr(look(request), "is no name that a host"));
}

static int
end(void **state)
{
	(void)state;
	pool_free(&pool);
	return 0;
}

#define CASE(test) \
	cmocka_unit_test_setup_teardown(test, open_oracle, looker_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(c28_srv_records),
	    cmocka_unit_test(c28_srv_records_that_are_none),
	    cmocka_unit_test(c28_hosts_that_cannot_be),
	    CASE(c28_services),
	    CASE(c28_no_services),
	    CASE(c28_a_long_domain),
	};

	return cmocka_run_group_tests_name("dns_srv", tests, NULL, end);
}
