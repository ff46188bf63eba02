/* SPDX-License-Identifier: ISC */
#include "net/dns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../lib/asker.h"
#include "base/clock.h"
#include "os/sys.h"

#define D "example.org"

static struct wire w;

static void
c01_one_question(void **state)
{
	const struct dns_answer *answer;

	(void)state;
	asker_start(1, asker_say_mx);
	answer = asker_ask(D, DNS_MX);
	assert_int_equal(answer->result, DNS_FOUND);
	assert_int_equal(answer->n, 1);
	assert_true(answer->secure);
	assert_int_equal(asker_passed(), 0);
	assert_int_equal(asker.o[0].asked, 1);
	/* A bare name is asked for as it is: no search list. */
	(void)asker_ask("localhost", DNS_MX);
	assert_string_equal(asker.o[0].last, "localhost");
	assert_int_equal(asker.o[0].asked, 2);
	asker_stop();
}

static void
c32_ad_is_not_believed(void **state)
{
	(void)state;
	asker_start(1, asker_say_mx);
	dns_close(&asker.dns);
	asker_open(1, false);
	assert_false(asker_ask(D, DNS_MX)->secure);
	asker_stop();
}

/* J-18 */
static void
ports_and_ids_are_new_each_time(void **state)
{
	unsigned same_id = 0, same_port = 0;

	(void)state;
	asker_start(1, asker_say_mx);
	for (int i = 0; i < 32; i++)
		(void)asker_ask(D, DNS_MX);
	for (int i = 1; i < 32; i++) {
		same_id += asker.o[0].ids[i] == asker.o[0].ids[i - 1];
		same_port += asker.o[0].ports[i] == asker.o[0].ports[i - 1];
	}
	assert_in_range(same_id, 0, 1);
	assert_in_range(same_port, 0, 1);
	asker_stop();
}

static void
say_lies_first(struct oracle *o, const struct query *q)
{
	struct query other = *q;

	oracle_say(o, "", 0);
	oracle_say(o, "x", 1);
	oracle_say(o, q->p, q->n); /* an echo */
	other.id ^= 1;
	wire_reply(&w, &other, USUAL);
	wire_mx(&w, q->name, 1, "evil.example.net");
	oracle_wire(o, &w);
	wire_reply_about(&w, q, USUAL, "example.com", 15);
	wire_mx(&w, q->name, 1, "evil.example.net");
	oracle_wire(o, &w);
	wire_reply_about(&w, q, USUAL, q->name, 1);
	oracle_wire(o, &w);
	memset(w.p, 0xff, 65507);
	w.n = 65507;
	oracle_wire(o, &w);
	if (q->nth > 1)
		asker_say_mx(o, q);
}

static void
poison_is_ignored(void **state)
{
	const struct dns_answer *answer;

	(void)state;
	asker_start(1, say_lies_first);
	answer = asker_ask(D, DNS_MX);
	assert_int_equal(answer->result, DNS_FOUND);
	assert_true(str_eq(answer->record[0].name, STR("mx.example.org")));
	assert_int_equal(asker_passed(), 5 * SECOND);
	asker_stop();
}

static void
c34_silence(void **state)
{
	const struct dns_answer *answer;

	(void)state;
	asker_start(1, oracle_silent);
	answer = asker_ask(D, DNS_MX);
	assert_int_equal(answer->result, DNS_LATER);
	assert_string_equal(answer->reason, "timed out");
	assert_false(answer->secure);
	assert_int_equal(asker_passed(), 10 * SECOND);
	assert_int_equal(asker.o[0].asked, 2);
	asker_stop();
	/* Several servers: each of them twice. */
	asker_start(3, oracle_silent);
	assert_int_equal(asker_ask(D, DNS_MX)->result, DNS_LATER);
	assert_int_equal(asker_passed(), 30 * SECOND);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(asker.o[i].asked, 2);
	/* Less time than that: each try gets its part, and all are made. */
	dns_release(&asker.q);
	asker.start = clock_now();
	dns_ask(&asker.dns, &asker.q, STR(D), DNS_MX, clock_now() + SECOND);
	assert_ptr_equal(asker_await(), &asker.q);
	assert_int_equal(asker.q.answer.result, DNS_LATER);
	assert_int_equal(asker_passed(), SECOND);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(asker.o[i].asked, 4);
	/* No time at all. */
	dns_release(&asker.q);
	dns_ask(&asker.dns, &asker.q, STR(D), DNS_MX, clock_now());
	assert_ptr_equal(asker_await(), &asker.q);
	assert_int_equal(asker.q.answer.result, DNS_LATER);
	assert_int_equal(asker.o[0].asked, 4);
	asker_stop();
}

static unsigned first_rcode;

static void
say_error_first(struct oracle *o, const struct query *q)
{
	if (o != &asker.o[0]) {
		asker_say_mx(o, q);
		return;
	}
	wire_reply(&w, q, USUAL | first_rcode);
	oracle_wire(o, &w);
}

static void
c06_the_next_server(void **state)
{
	static const unsigned errors[] = {2, 5, 9};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		first_rcode = errors[i];
		asker_start(2, say_error_first);
		assert_int_equal(asker_ask(D, DNS_MX)->result, DNS_FOUND);
		assert_int_equal(asker_passed(), 0);
		assert_int_equal(asker.o[0].asked, 1);
		/* Who answered is asked first from then on. */
		assert_int_equal(asker_ask(D, DNS_MX)->result, DNS_FOUND);
		assert_int_equal(asker.o[0].asked, 1);
		asker_stop();
	}
	/* FORMERR to that, too. */
	first_rcode = 1;
	asker_start(1, say_error_first);
	assert_int_equal(asker_ask(D, DNS_MX)->result, DNS_LATER);
	assert_string_equal(asker.q.answer.reason, "FORMERR");
	assert_int_equal(asker.o[0].asked, 2);
	asker_stop();
	/* It is all that there is: no second try, no wait. */
	first_rcode = 2;
	asker_start(1, say_error_first);
	assert_int_equal(asker_ask(D, DNS_MX)->result, DNS_LATER);
	assert_string_equal(asker.q.answer.reason, "SERVFAIL");
	assert_int_equal(asker.o[0].asked, 1);
	assert_int_equal(asker_passed(), 0);
	asker_stop();
}

static void
c34_a_dead_server(void **state)
{
	(void)state;
	asker_start(2, asker_say_mx);
	asker.o[0].answer = oracle_silent;
	assert_int_equal(asker_ask(D, DNS_MX)->result, DNS_FOUND);
	assert_int_equal(asker_passed(), 5 * SECOND);
	assert_int_equal(asker_ask(D, DNS_MX)->result, DNS_FOUND);
	assert_int_equal(asker_passed(), 0);
	asker_stop();
	/* Nothing listens there: that is known at once. */
	asker_start(1, asker_say_mx);
	oracle_stop(&asker.o[0]);
	asker.all[0] = NULL;
	assert_int_equal(asker_ask(D, DNS_MX)->result, DNS_LATER);
	assert_string_equal(asker.q.answer.reason, "Connection refused");
	assert_int_equal(asker_passed(), 0);
	asker_stop();
}

static void
say_garbage(struct oracle *o, const struct query *q)
{
	wire_reply(&w, q, USUAL);
	wire_rr(&w, AN, q->name, 15, "\0\1\300\377", 4);
	oracle_wire(o, &w);
}

static void
c06_garbage(void **state)
{
	(void)state;
	asker_start(2, say_garbage);
	assert_int_equal(asker_ask(D, DNS_MX)->result, DNS_LATER);
	assert_string_equal(asker.q.answer.reason, "a malformed answer");
	assert_int_equal(asker_passed(), 0);
	asker.o[1].answer = asker_say_mx;
	assert_int_equal(asker_ask(D, DNS_MX)->result, DNS_FOUND);
	asker_stop();
}

/* Packets without end, none of them ours, do not stop the clock. */
static void
say_flood(struct oracle *o, const struct query *q)
{
	for (int i = 0; i < 100; i++)
		oracle_say(o, q->p, q->n);
}

static void
c34_a_flood(void **state)
{
	(void)state;
	asker_start(1, say_flood);
	assert_int_equal(asker_ask(D, DNS_MX)->result, DNS_LATER);
	assert_int_equal(asker_passed(), 10 * SECOND);
	asker_stop();
}

/* 300 questions, of which 64 are under way at a time. */
static void
many_questions(void **state)
{
	enum { MANY = 300 };
	struct dns_question *q = calloc(MANY, sizeof(*q));
	size_t answered = 0;
	struct pollfd fds[DNS_LIVE];
	int64_t until = INT64_MAX;

	(void)state;
	assert_non_null(q);
	asker_start(1, asker_say_mx);
	for (size_t i = 0; i < MANY; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "d%zu.org", i);
		q[i].owner = &q[i];
		dns_ask(&asker.dns, &q[i], str_c(name), DNS_MX,
		    clock_now() + SECOND);
	}
	assert_int_equal(dns_wait(&asker.dns, fds, &until), DNS_LIVE);
	while (answered < MANY) {
		struct dns_question *one = asker_await();

		assert_ptr_equal(one->owner, one);
		assert_int_equal(one->answer.result, DNS_FOUND);
		dns_release(one);
		answered++;
	}
	assert_int_equal(asker.o[0].asked, MANY);
	assert_int_equal(asker.asked, MANY);
	assert_null(dns_answered(&asker.dns));
	/* Closed with questions in every state: nothing leaks. */
	for (size_t i = 0; i < MANY; i++)
		dns_ask(
		    &asker.dns, &q[i], STR(D), DNS_MX, clock_now() + SECOND);
	until = INT64_MAX;
	assert_int_equal(dns_wait(&asker.dns, fds, &until), DNS_LIVE);
	assert_true(sys_poll(fds, DNS_LIVE, until) > 0);
	dns_step(&asker.dns, fds);
	asker_stop();
	free(q);
}

static void
servers(void **state)
{
	static const struct {
		const char *list;
		size_t n;
		const char *second;
	} good[] = {
	    {"192.0.2.1", 1, NULL},
	    {" 192.0.2.1,[::1]:5353 ", 2, "[::1]:5353"},
	    {"192.0.2.1\t,, 192.0.2.2:5353,::1", 3, "192.0.2.2:5353"},
	    {"::1 2001:db8::1", 2, "2001:db8::1"},
	};
	static const char *const bad[] = {"ns.example.org", "192.0.2.1;::1",
	    "192.0.2.1:0", "192.0.2.1 x",
	    "::1 ::1 ::1 ::1 ::1 ::1 ::1 ::1 ::1"};
	struct dns d;
	struct err e;
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct dns_opts opts = {.nameserver = str_c(good[i].list)};

		assert_int_equal(dns_open(&d, &opts, &e), 0);
		assert_int_equal(d.servers, good[i].n);
		/* The machine's resolv.conf does not speak for these. */
		assert_false(d.trust);
		assert_in_range(d.patience, 1000, 30000);
		assert_in_range(d.rounds, 1, 5);
		if (good[i].second) {
			buf_clear(&b);
			dns_server(&b, &d, 1);
			assert_string_equal(b.p, good[i].second);
		}
		dns_close(&d);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct dns_opts opts = {.nameserver = str_c(bad[i])};

		assert_int_equal(dns_open(&d, &opts, &e), -1);
	}
	/* Those of resolv.conf; with none, libresolv takes 127.0.0.1. */
	struct dns_opts opts = {.nameserver = STR("")};

	assert_int_equal(dns_open(&d, &opts, &e), 0);
	assert_in_range(d.servers, 1, 3);
	dns_close(&d);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(c01_one_question),
	    cmocka_unit_test(c32_ad_is_not_believed),
	    cmocka_unit_test(ports_and_ids_are_new_each_time),
	    cmocka_unit_test(poison_is_ignored),
	    cmocka_unit_test(c34_silence),
	    cmocka_unit_test(c06_the_next_server),
	    cmocka_unit_test(c34_a_dead_server),
	    cmocka_unit_test(c06_garbage),
	    cmocka_unit_test(c34_a_flood),
	    cmocka_unit_test(many_questions),
	    cmocka_unit_test(servers),
	};

	return cmocka_run_group_tests_name("dns", tests, NULL, NULL);
}
