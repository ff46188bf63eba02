/* SPDX-License-Identifier: ISC */
#include "net/dns_packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "../lib/wire_parse.h"

#define D "example.org"

static struct wire w;

static void
c24_names(void **state)
{
	static const char *const good[] = {"a", "example.org", "A-1.b_c.d",
	    "_25._tcp.mx", "192.0.2.1", "xn--bcher-kva.example"};
	static const char *const bad[] = {"", ".", "a.", ".a", "a..b", "a b",
	    "a\\.b", "b\303\274cher.org", "a/b", "a\033b", "*.a", "a:b",
	    "[192.0.2.1]"};
	char longest[256];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(dns_is_name(str_c(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (dns_is_name(str_c(bad[i])))
			fail_msg("\"%s\" was taken", bad[i]);
	assert_false(dns_is_name(str_of("a\0b", 3)));
	memset(longest, 'x', sizeof(longest));
	longest[63] = longest[127] = longest[191] = '.';
	assert_true(dns_is_name(str_of(longest, 253)));
	assert_false(dns_is_name(str_of(longest, 254)));
	assert_true(dns_is_name(str_of(longest + 64, 63)));
	longest[63] = 'x';
	assert_false(dns_is_name(str_of(longest, 64)));
}

static void
c33_queries(void **state)
{
	unsigned char p[DNS_QUERY_SIZE];
	char longest[254];
	struct query q;
	size_t n;

	(void)state;
	n = dns_query(p, STR("Mx.example.ORG"), DNS_MX, 0xbeef, true);
	query_read(&q, p, n);
	assert_string_equal(q.name, "Mx.example.ORG");
	assert_int_equal(q.type, 15);
	assert_int_equal(q.id, 0xbeef);
	assert_true(q.edns && q.dnssec);
	assert_int_equal(q.payload, 1232);
	query_read(&q, p, dns_query(p, STR("a"), DNS_AAAA, 0, false));
	assert_int_equal(q.type, 28);
	assert_false(q.edns);
	memset(longest, 'x', sizeof(longest));
	longest[63] = longest[127] = longest[191] = '.';
	longest[253] = '\0';
	n = dns_query(p, str_c(longest), DNS_TLSA, 1, true);
	assert_in_range(n, 200, sizeof(p));
	query_read(&q, p, n);
	assert_string_equal(q.name, longest);
	assert_int_equal(dns_query(p, STR("a..b"), DNS_A, 0, true), 0);
	assert_int_equal(dns_query(p, STR("a."), DNS_A, 0, true), 0);
}

static struct str
message(const struct wire *m)
{
	return str_of((const char *)m->p, m->n);
}

static const struct query about = {.name = D, .type = 15, .id = 7};

static bool
is_reply(void)
{
	return dns_is_reply(message(&w), STR(D), DNS_MX, 7);
}

static void
only_the_answer_to_the_question_counts(void **state)
{
	struct query other = about;

	(void)state;
	wire_reply(&w, &about, USUAL);
	assert_true(is_reply());
	assert_false(dns_is_truncated(message(&w)));
	for (size_t n = 0; n < w.n; n++)
		assert_false(dns_is_reply(
		    str_of((const char *)w.p, n), STR(D), DNS_MX, 7));
	wire_reply_about(&w, &about, USUAL, "eXaMpLe.OrG", 15);
	assert_true(is_reply());
	wire_reply_about(&w, &about, USUAL, "example.com", 15);
	assert_false(is_reply());
	wire_reply_about(&w, &about, USUAL, D, 1);
	assert_false(is_reply());
	wire_reply(&w, &about, RD | RA);
	assert_false(is_reply());
	wire_reply(&w, &about, USUAL | 0x2800);
	assert_false(is_reply());
	other.id = 8;
	wire_reply(&w, &other, USUAL);
	assert_false(is_reply());
	wire_reply(&w, &about, USUAL);
	w.p[w.n - 1] = 3; /* class CHAOS */
	assert_false(is_reply());
	wire_reply(&w, &about, USUAL);
	w.p[5] = 2;
	assert_false(is_reply());
	/* The question's name is a pointer to itself. */
	wire_reply(&w, &about, USUAL);
	w.p[12] = 0xc0;
	w.p[13] = 12;
	assert_false(is_reply());
	/* An error may come without the question, an answer may not. */
	for (unsigned rcode = 0; rcode < 6; rcode++) {
		wire_reply(&w, &about, USUAL | rcode);
		w.p[5] = 0;
		w.n = 12;
		assert_int_equal(is_reply(), rcode != 0 && rcode != 3);
	}
	wire_reply(&w, &about, USUAL | TC);
	assert_true(is_reply() && dns_is_truncated(message(&w)));
}

static struct dns_answer a;
static struct pool pool;

static enum dns_result
parse(enum dns_type type)
{
	return wire_parse(&w, D, type, &pool, &a);
}

static void
begin(unsigned flags)
{
	wire_reply(&w, &about, flags);
}

static void
c03_mx_records(void **state)
{
	(void)state;
	begin(USUAL | AD);
	wire_mx(&w, D, 10, "MX1.Example.org");
	wire_mx(&w, "EXAMPLE.org", 65535, "_m-x.example.net");
	wire_mx(&w, "other.org", 1, "mx.other.org");
	wire_ip(&w, "mx1.example.org", "192.0.2.1");
	assert_int_equal(parse(DNS_MX), DNS_FOUND);
	assert_int_equal(a.n, 2);
	assert_true(a.secure);
	assert_int_equal(a.record[0].preference, 10);
	assert_true(str_eq(a.record[0].name, STR("mx1.example.org")));
	assert_int_equal(a.record[1].preference, 65535);
	assert_true(str_eq(a.record[1].name, STR("_m-x.example.net")));
	begin(USUAL);
	wire_mx(&w, D, 10, "mx1.example.org");
	assert_int_equal(parse(DNS_MX), DNS_FOUND);
	assert_false(a.secure);
}

static void
c12_null_mx(void **state)
{
	(void)state;
	begin(USUAL);
	wire_mx(&w, D, 0, ".");
	assert_int_equal(parse(DNS_MX), DNS_FOUND);
	assert_int_equal(a.n, 1);
	assert_true(str_eq(a.record[0].name, STR(".")));
}

static void
c20_addresses(void **state)
{
	struct ip v4, v6;

	(void)state;
	assert_true(ip_parse(STR("192.0.2.7"), &v4));
	assert_true(ip_parse(STR("2001:db8::7"), &v6));
	begin(USUAL);
	wire_ip(&w, D, "192.0.2.7");
	wire_ip(&w, D, "2001:db8::7");
	assert_int_equal(parse(DNS_A), DNS_FOUND);
	assert_int_equal(a.n, 1);
	assert_true(ip_same(&a.record[0].ip, &v4));
	assert_int_equal(parse(DNS_AAAA), DNS_FOUND);
	assert_int_equal(a.n, 1);
	assert_true(ip_same(&a.record[0].ip, &v6));
}

static void
other_types_come_raw(void **state)
{
	(void)state;
	begin(USUAL);
	wire_rr(&w, AN, D, 16, "\003a\0b", 4);
	assert_int_equal(parse(DNS_TXT), DNS_FOUND);
	assert_true(str_eq(a.record[0].data, str_of("\003a\0b", 4)));
}

/* What a host cannot be called is dropped, and not taken for no record. */
static void
c07_names_that_no_host_has(void **state)
{
	(void)state;
	begin(USUAL);
	wire_mx(&w, D, 1, "a b.example.org");
	wire_mx(&w, D, 2, "\033[2J.example.org");
	wire_mx(&w, D, 3, "b\303\274cher.org");
	wire_rr(&w, AN, D, 15, "\0\004\003a.b\003org\0", 11);
	assert_int_equal(parse(DNS_MX), DNS_FOUND);
	assert_int_equal(a.n, 0);
	assert_int_equal(a.unusable, 4);
	wire_mx(&w, D, 5, "mx.example.org");
	assert_int_equal(parse(DNS_MX), DNS_FOUND);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.unusable, 4);
}

static void
c04_c05_nothing(void **state)
{
	(void)state;
	begin(USUAL);
	assert_int_equal(parse(DNS_MX), DNS_NODATA);
	begin(QR | AA);
	assert_int_equal(parse(DNS_MX), DNS_NODATA);
	begin(QR);
	wire_soa(&w, "org");
	assert_int_equal(parse(DNS_MX), DNS_NODATA);
	begin(USUAL | 3);
	wire_soa(&w, "org");
	assert_int_equal(parse(DNS_MX), DNS_NXDOMAIN);
	/* Neither authority nor recursion: it only knows somebody else. */
	begin(QR);
	wire_rr(&w, NS, "org", 2, "\002ns\0", 4);
	assert_int_equal(parse(DNS_MX), DNS_LATER);
	/* Records of other names and types say nothing. */
	begin(USUAL);
	wire_mx(&w, "xexample.org", 1, "mx");
	wire_mx(&w, "a.example.org", 1, "mx");
	wire_mx(&w, "org", 1, "mx");
	wire_ip(&w, D, "192.0.2.1");
	assert_int_equal(parse(DNS_MX), DNS_NODATA);
}

static void
c06_errors(void **state)
{
	(void)state;
	for (unsigned rcode = 1; rcode < 16; rcode++) {
		if (rcode == 3)
			continue;
		begin(USUAL | AD | rcode);
		wire_mx(&w, D, 10, "mx.example.org");
		assert_int_equal(parse(DNS_MX), DNS_LATER);
		assert_int_equal(a.rcode, rcode);
		assert_int_equal(a.n, 0);
		assert_non_null(a.reason);
	}
	begin(USUAL | 2);
	(void)parse(DNS_MX);
	assert_string_equal(a.reason, "SERVFAIL");
	/* BADVERS has its upper bits in the OPT record. */
	begin(USUAL);
	wire_rr(&w, AR, ".", 41, "", 0);
	w.p[w.n - 6] = 1;
	assert_int_equal(parse(DNS_MX), DNS_LATER);
	assert_string_equal(a.reason, "BADVERS");
}

static void
c08_aliases(void **state)
{
	(void)state;
	begin(USUAL | AD);
	/* In any order. */
	wire_mx(&w, "c.example.net", 10, "mx.example.net");
	wire_cname(&w, "B.example.net", "C.example.net");
	wire_cname(&w, D, "b.example.net");
	assert_int_equal(parse(DNS_MX), DNS_FOUND);
	assert_int_equal(a.aliases, 2);
	assert_true(str_eq(a.alias[1], STR("c.example.net")));
	assert_true(str_eq(a.record[0].name, STR("mx.example.net")));
	/* The error is about the end of the chain. */
	begin(USUAL | 3);
	wire_cname(&w, D, "gone.example.net");
	assert_int_equal(parse(DNS_MX), DNS_NXDOMAIN);
	/* Its end has no MX: proved, or to be asked for. */
	begin(USUAL);
	wire_cname(&w, D, "b.example.net");
	wire_soa(&w, "Example.NET");
	assert_int_equal(parse(DNS_MX), DNS_NODATA);
	begin(QR | AA);
	wire_cname(&w, D, "b.example.net");
	wire_soa(&w, "example.org");
	assert_int_equal(parse(DNS_MX), DNS_CHASE);
	assert_true(str_eq(a.alias[0], STR("b.example.net")));
	/* A name that no host has leads nowhere. */
	begin(USUAL);
	wire_cname(&w, D, "b c.example.net");
	assert_int_equal(parse(DNS_MX), DNS_LATER);
}

/* So many links, and an MX record at the end. */
static void
chain(int links)
{
	char from[32] = D;

	begin(USUAL);
	for (int i = 1; i <= links; i++) {
		char to[32];

		(void)snprintf(to, sizeof(to), "n%d.org", i);
		wire_cname(&w, from, to);
		memcpy(from, to, sizeof(from));
	}
	wire_mx(&w, from, 1, "mx.example.org");
}

static void
c08_endless_chains(void **state)
{
	(void)state;
	begin(USUAL);
	wire_cname(&w, D, D);
	assert_int_equal(parse(DNS_MX), DNS_LOOP);
	begin(USUAL);
	wire_cname(&w, D, "b.example.net");
	wire_cname(&w, "b.example.net", D);
	assert_int_equal(parse(DNS_MX), DNS_LOOP);
	chain(10);
	assert_int_equal(parse(DNS_MX), DNS_FOUND);
	assert_int_equal(a.aliases, 10);
	chain(11);
	assert_int_equal(parse(DNS_MX), DNS_LOOP);
}

static void
c06_malformed_answers(void **state)
{
	static const struct {
		unsigned type;
		size_t n;
		const char *data;
	} bad[] = {
	    {15, 0, ""},
	    {15, 2, "\0\1"},
	    {15, 3, "\0\1\1"},
	    {15, 4, "\0\1\0x"},	     /* something behind the name */
	    {15, 4, "\0\1\300\377"}, /* a pointer outside */
	    {15, 4, "\0\1\300\050"}, /* to itself, see below */
	    {15, 5, "\0\1\100\0\0"}, /* no kind of label */
	    {1, 3, "abc"},
	    {1, 5, "abcde"},
	    {28, 4, "abcd"},
	    {28, 17, "abcdefghijklmnopq"},
	    {5, 0, ""},
	    {5, 2, "\1a"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		enum dns_type type =
		    bad[i].type == 5 ? DNS_MX : (enum dns_type)bad[i].type;

		begin(USUAL);
		wire_rr(&w, AN, D, bad[i].type, bad[i].data, bad[i].n);
		/* A loop of the compression: the name points at itself. */
		if (i == 5)
			w.p[w.n - 1] = (unsigned char)(w.n - 2);
		assert_int_equal(parse(type), DNS_LATER);
		assert_string_equal(a.reason, "a malformed answer");
	}
	/* More records are announced than there are; bytes behind the end. */
	begin(USUAL);
	w.p[AN + 1] = 1;
	assert_int_equal(parse(DNS_MX), DNS_LATER);
	begin(USUAL);
	wire_mx(&w, D, 1, "mx.example.org");
	w.n++;
	assert_int_equal(parse(DNS_MX), DNS_LATER);
}

/* Every cut and every flipped byte is survived. */
static void
c06_damage(void **state)
{
	static struct wire whole;

	(void)state;
	begin(USUAL);
	wire_cname(&w, D, "b.example.net");
	wire_mx(&w, "b.example.net", 10, "mx.example.org");
	wire_mx(&w, "b.example.net", 10, "mx.example.org");
	w.p[w.n - 16] = 0xc0; /* a compressed name, of whatever */
	wire_soa(&w, "net");
	wire_rr(&w, AR, ".", 41, "", 0);
	whole = w;
	for (size_t n = 0; n < whole.n; n++) {
		w.n = n;
		assert_int_equal(parse(DNS_MX), DNS_LATER);
	}
	for (size_t i = 0; i < whole.n; i++)
		for (unsigned x = 1; x < 256; x++) {
			w = whole;
			w.p[i] ^= (unsigned char)x;
			(void)parse(DNS_MX);
		}
}

/* 64 KiB of records, and the most costly chain in them. */
static void
bounds(void **state)
{
	(void)state;
	begin(USUAL);
	while (w.n < 65000)
		wire_ip(&w, D, "192.0.2.1");
	assert_int_equal(parse(DNS_A), DNS_FOUND);
	assert_int_equal(a.n, DNS_RECORDS);
	begin(USUAL);
	while (w.n < 65000)
		wire_cname(&w, D, D);
	assert_int_equal(parse(DNS_A), DNS_LOOP);
	w.n = 65535;
	memset(w.p, 0xff, w.n);
	assert_int_equal(parse(DNS_A), DNS_LATER);
	w.n = 65536;
	assert_int_equal(parse(DNS_A), DNS_LATER);
	w.n = 0;
	assert_int_equal(parse(DNS_A), DNS_LATER);
	pool_free(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(c24_names),
	    cmocka_unit_test(c33_queries),
	    cmocka_unit_test(only_the_answer_to_the_question_counts),
	    cmocka_unit_test(c03_mx_records),
	    cmocka_unit_test(c12_null_mx),
	    cmocka_unit_test(c20_addresses),
	    cmocka_unit_test(other_types_come_raw),
	    cmocka_unit_test(c07_names_that_no_host_has),
	    cmocka_unit_test(c04_c05_nothing),
	    cmocka_unit_test(c06_errors),
	    cmocka_unit_test(c08_aliases),
	    cmocka_unit_test(c08_endless_chains),
	    cmocka_unit_test(c06_malformed_answers),
	    cmocka_unit_test(c06_damage),
	    cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests_name("dns_packet", tests, NULL, NULL);
}
