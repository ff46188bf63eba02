/* SPDX-License-Identifier: ISC */
/* What one query does not settle: EDNS, TCP, chains of aliases. */
#include "net/dns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../lib/asker.h"

#define D "example.org"

static struct wire w;

static void
say_no_edns(struct oracle *o, const struct query *q)
{
	if (!q->edns) {
		asker_say_mx(o, q);
		return;
	}
	wire_reply(&w, q, USUAL | 1);
	if (q->nth == 1) { /* nothing but the head */
		w.p[5] = 0;
		w.n = 12;
	}
	oracle_wire(o, &w);
}

static void
without_edns(void **state)
{
	(void)state;
	asker_start(1, say_no_edns);
	for (unsigned i = 1; i <= 2; i++) {
		assert_int_equal(asker_ask(D, DNS_MX)->result, DNS_FOUND);
		assert_int_equal(asker.o[0].asked, 2 * i);
		assert_int_equal(asker_passed(), 0);
	}
	asker_stop();
}

static size_t tcp_size;
static const char filler[2000];

static void
say_truncated(struct oracle *o, const struct query *q)
{
	wire_reply(&w, q, USUAL | AD | (q->tcp ? 0 : TC));
	/* What was cut is no record any more. */
	wire_mx(&w, q->name, 10, "mx.example.org");
	if (!q->tcp)
		w.n -= 5;
	while (q->tcp && w.n < tcp_size) {
		size_t left = tcp_size - w.n;

		/* A record has 11 bytes besides its data, its owner being
		 * the root. */
		wire_rr(&w, AN, ".", 16, filler, left < 2000 ? left - 11 : 500);
	}
	oracle_wire(o, &w);
}

static void
c33_truncated(void **state)
{
	static const size_t sizes[] = {0, 1232, 4096, 65535};

	(void)state;
	asker_start(1, say_truncated);
	for (unsigned i = 0; i < 4; i++) {
		tcp_size = sizes[i];
		assert_int_equal(asker_ask(D, DNS_MX)->result, DNS_FOUND);
		assert_int_equal(asker.q.answer.n, 1);
		assert_true(asker.q.answer.secure);
		assert_int_equal(asker.o[0].asked_tcp, i + 1);
		assert_int_equal(asker.o[0].asked, 2 * i + 2);
	}
	asker_stop();
	/* "options use-vc" */
	asker_start(1, say_truncated);
	asker.dns.tcp_only = true;
	assert_int_equal(asker_ask(D, DNS_MX)->result, DNS_FOUND);
	assert_int_equal(asker.o[0].asked, 1);
	assert_int_equal(asker.o[0].asked_tcp, 1);
	asker_stop();
}

enum tcp_fault {
	TCP_REFUSED,
	TCP_CLOSED,
	TCP_HALF,
	TCP_EMPTY,
	TCP_ONE,
	TCP_FOREIGN,
	TCP_TRUNCATED,
	TCP_GARBAGE,
	TCP_SILENT,
	TCP_FAULTS,
};
static enum tcp_fault tcp_fault;

static void
say_badly_over_tcp(struct oracle *o, const struct query *q)
{
	struct query other = *q;

	wire_reply(&w, q, USUAL | TC);
	if (!q->tcp) {
		oracle_wire(o, &w);
		return;
	}
	other.id ^= 0x8000;
	switch (tcp_fault) {
	case TCP_CLOSED:
		oracle_drop(o);
		break;
	case TCP_HALF:
		oracle_raw(o, "\1\0half", 6);
		oracle_drop(o);
		break;
	case TCP_EMPTY:
		oracle_raw(o, "\0\0", 2);
		break;
	case TCP_ONE:
		oracle_raw(o, "\0\1x", 3);
		break;
	case TCP_FOREIGN:
		wire_reply(&w, &other, USUAL);
		oracle_wire(o, &w);
		break;
	case TCP_TRUNCATED:
		oracle_wire(o, &w);
		break;
	case TCP_GARBAGE:
		wire_reply(&w, q, USUAL);
		memset(w.p + w.n, 0xff, 65535 - w.n);
		w.n = 65535;
		oracle_wire(o, &w);
		break;
	case TCP_REFUSED:
	case TCP_SILENT:
	case TCP_FAULTS:
	default:
		break;
	}
}

static void
c06_truncated_without_tcp(void **state)
{
	(void)state;
	for (int i = 0; i < TCP_FAULTS; i++) {
		tcp_fault = (enum tcp_fault)i;
		asker_start(2, say_badly_over_tcp);
		if (tcp_fault == TCP_REFUSED) {
			oracle_no_tcp(&asker.o[0]);
			oracle_no_tcp(&asker.o[1]);
		}
		assert_int_equal(asker_ask(D, DNS_MX)->result, DNS_LATER);
		/* UDP, TCP at each; silence is no proof, and tried again. */
		if (tcp_fault == TCP_SILENT) {
			assert_int_equal(asker_passed(), 20 * SECOND);
			assert_int_equal(asker.o[1].asked, 4);
		} else {
			assert_int_equal(asker_passed(), 0);
			assert_int_equal(
			    asker.o[1].asked, tcp_fault == TCP_REFUSED ? 1 : 2);
		}
		asker_stop();
	}
}

/* It knows nothing but its own zones, and follows no alias. */
static void
say_one_link(struct oracle *o, const struct query *q)
{
	unsigned n;
	char to[64];

	wire_reply(&w, q, QR | AA | AD);
	if (strcmp(q->name, "insecure.org") == 0) {
		wire_reply(&w, q, QR | AA);
		wire_cname(&w, q->name, "c1.org");
	} else if (sscanf(q->name, "c%u.org", &n) != 1) {
		wire_mx(&w, q->name, 10, "mx.example.org");
	} else {
		(void)snprintf(to, sizeof(to), "c%u.org", n - 1);
		wire_cname(&w, q->name, n > 1 ? to : "end.org");
	}
	oracle_wire(o, &w);
}

static void
c08_chains_across_packets(void **state)
{
	(void)state;
	asker_start(1, say_one_link);
	assert_int_equal(asker_ask("c3.org", DNS_MX)->result, DNS_FOUND);
	assert_int_equal(asker.o[0].asked, 4);
	assert_int_equal(asker.q.answer.aliases, 3);
	assert_true(asker.q.answer.secure);
	assert_string_equal(asker.q.name, "c3.org");
	assert_string_equal(asker.o[0].last, "end.org");
	/* One insecure link makes all of it insecure (E-22). */
	assert_int_equal(asker_ask("insecure.org", DNS_MX)->result, DNS_FOUND);
	assert_false(asker.q.answer.secure);
	assert_int_equal(asker_ask("c10.org", DNS_MX)->result, DNS_FOUND);
	asker.o[0].asked = 0;
	assert_int_equal(asker_ask("c11.org", DNS_MX)->result, DNS_LOOP);
	assert_int_equal(asker.o[0].asked, 11);
	asker_stop();
}

static void
say_link_then_nothing(struct oracle *o, const struct query *q)
{
	if (q->nth == 1)
		say_one_link(o, q);
}

static void
c08_then_silence(void **state)
{
	(void)state;
	asker_start(2, say_one_link);
	asker.o[1].answer = oracle_silent;
	assert_int_equal(asker_ask("c3.org", DNS_MX)->result, DNS_FOUND);
	assert_int_equal(asker.o[1].asked, 0);
	/* The server falls silent, the other one goes on with the chain. */
	asker.o[0].answer = say_link_then_nothing;
	asker.o[0].asked = 0;
	asker.o[1].answer = say_one_link;
	assert_int_equal(asker_ask("c3.org", DNS_MX)->result, DNS_FOUND);
	assert_int_equal(asker.o[0].asked, 2);
	assert_int_equal(asker.o[1].asked, 3);
	assert_int_equal(asker_passed(), 5 * SECOND);
	asker_stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_edns),
	    cmocka_unit_test(c33_truncated),
	    cmocka_unit_test(c06_truncated_without_tcp),
	    cmocka_unit_test(c08_chains_across_packets),
	    cmocka_unit_test(c08_then_silence),
	};

	return cmocka_run_group_tests_name("dns_follow", tests, NULL, NULL);
}
