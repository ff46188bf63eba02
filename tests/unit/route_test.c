/* SPDX-License-Identifier: ISC */
#include "route/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "route/walk.h"

struct way {
	const char *title;
	const char *domain;
	enum next_hop_kind kind;
	const char *expected; /* the domain in ASCII, or the status */
};

static const struct way ways[] = {
    {"a domain", "example.org", NEXT_HOP_MX, "example.org"},
    {"C-02: a trailing dot", "example.org.", NEXT_HOP_MX, "example.org"},
    {"in lower case", "EXAMPLE.Org", NEXT_HOP_MX, "example.org"},
    {"C-23: IDN",
	"B\xc3\xbc"
	"cher.example",
	NEXT_HOP_MX, "xn--bcher-kva.example"},
    {"C-24: an empty label", "a..example", NEXT_HOP_NONE, "5.1.2"},
    {"C-24: a label of 64",
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaaaaaaaaaaaa.example",
	NEXT_HOP_NONE, "5.1.2"},
    {"C-24: an underscore", "a_b.example", NEXT_HOP_MX, "a_b.example"},
    {"C-24: a blank", "a b.example", NEXT_HOP_NONE, "5.1.2"},
    {"C-25: IPv4 literal", "[192.0.2.1]", NEXT_HOP_LITERAL, "[192.0.2.1]"},
    {"C-25: IPv6 literal", "[IPv6:2001:db8::1]", NEXT_HOP_LITERAL,
	"[IPv6:2001:db8::1]"},
    {"C-25: IPv6 without its tag", "[2001:db8::1]", NEXT_HOP_NONE, "5.1.2"},
    {"C-25: another tag", "[X25:1234]", NEXT_HOP_NONE, "5.1.2"},
    {"C-25: no address", "[example.org]", NEXT_HOP_NONE, "5.1.2"},
    {"C-25: not closed", "[192.0.2.1", NEXT_HOP_NONE, "5.1.2"},
    {"C-26: no domain", "", NEXT_HOP_NONE, "5.1.1"},
};

static void
ways_of_domains(void **state)
{
	static const struct routes routes = {.tls = TLS_LEVEL_MAY};
	struct pool p = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct next_hop hop;
		char domain[100];
		struct buf b;

		(void)snprintf(domain, sizeof(domain), "%s", ways[i].domain);
		hop = route_domain(str_c(domain), STR(""), &routes, &p);
		/* What it has of that is its own. */
		memset(domain, 'x', sizeof(domain));
		if (hop.kind != ways[i].kind)
			fail_msg("%s: kind %d", ways[i].title, hop.kind);
		buf_init(&b, 1000);
		if (hop.kind == NEXT_HOP_NONE)
			status_enhanced(&b, &hop.status);
		else
			buf_add(&b, hop.domain);
		assert_string_equal(b.p, ways[i].expected);
		buf_free(&b);
	}
	pool_free(&p);
}

static const struct {
	const char *title, *domain;
	const char *expected; /* the pattern; NULL: none fits */
} choices[] = {
    {"the domain's own before that above", "a.example", "a.example"},
    {"in any case of letters", "A.Example.", "a.example"},
    {"what is below a domain, at any depth", "x.y.a.example", ".a.example"},
    {"the nearest of those above", "z.b.a.example", ".b.a.example"},
    {"a domain is not below itself", "b.a.example", ".a.example"},
    {"no part of a label fits", "xa.example", "*"},
    {"shorter than every pattern", "e", "*"},
    {"an address literal is in no domain", "[192.0.2.1]", "*"},
    {"no domain has no route", "", NULL},
};

/* C-30, E-01: the most particular pattern, wherever it stands. */
static void
routes_of_domains(void **state)
{
	const struct route list[] = {
	    {.pattern = STR("*"), .tls = TLS_LEVEL_NONE},
	    {.pattern = STR(".a.example"), .tls = TLS_LEVEL_NONE},
	    {.pattern = STR("a.example"), .tls = TLS_LEVEL_NONE},
	    {.pattern = STR(".b.a.example"), .tls = TLS_LEVEL_NONE},
	};
	struct pool p = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		struct routes routes = {
		    .tls = TLS_LEVEL_MAY, .route = list, .n = 4};
		struct next_hop hop = route_domain(
		    str_c(choices[i].domain), STR(""), &routes, &p);
		const struct route *found =
		    hop.domain.n ? route_find(&routes, hop.domain) : NULL;

		if (!str_eq(found ? found->pattern : STR_NONE,
			str_c(choices[i].expected)))
			fail_msg("%s", choices[i].title);
		if (hop.kind == NEXT_HOP_NONE)
			continue;
		assert_int_equal(
		    hop.tls, found ? TLS_LEVEL_NONE : TLS_LEVEL_MAY);
		routes.n = 0;
		hop = route_domain(
		    str_c(choices[i].domain), STR(""), &routes, &p);
		assert_int_equal(hop.tls, TLS_LEVEL_MAY);
	}
	pool_free(&p);
}

struct order {
	const char *title;
	struct exchanger list[6];
	size_t n;
	const char *own;
	const char *expected; /* the names, or the status */
};

#define X(preference, name, rank)                          \
	{                                                  \
		preference, {name, sizeof(name) - 1}, rank \
	}

static const struct order orders[] = {
    {"C-03: by preference", {X(30, "c", 1), X(10, "a", 3), X(20, "b", 2)}, 3,
	"me", "a b c"},
    {"C-03: equals by rank", {X(10, "a", 9), X(10, "b", 1), X(10, "c", 5)}, 3,
	"me", "b c a"},
    {"C-04: no MX is the host itself", {{0}}, 0, "me", "d"},
    {"C-12: null MX", {X(0, ".", 0)}, 1, "me", "5.1.10"},
    {"C-13: a dot among others", {X(0, ".", 0), X(5, "a", 0)}, 2, "me", "a"},
    {"C-11: an address is no host name", {X(5, "192.0.2.1", 0), X(10, "a", 0)},
	2, "me", "a"},
    {"C-11: nothing but addresses", {X(5, "192.0.2.1", 0)}, 1, "me", "5.4.4"},
    {"C-15: ourselves and what is not better",
	{X(10, "a", 0), X(20, "ME", 0), X(20, "b", 0), X(30, "c", 0)}, 4, "me",
	"a"},
    {"C-15: the equal that stands before us",
	{X(10, "a", 0), X(20, "b", 1), X(20, "me", 2)}, 3, "me", "a"},
    {"C-16: nothing is left", {X(10, "me", 0), X(20, "b", 0)}, 2, "me",
	"5.4.6"},
};

static void
orders_of_exchangers(void **state)
{
	struct pool p = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		const struct order *o = &orders[i];
		struct exchanger list[7];
		struct str own = str_c(o->own);
		struct status status = {0};
		size_t n = o->n;
		struct buf b;

		memcpy(list, o->list, sizeof(o->list));
		buf_init(&b, 1000);
		if (route_order(list, &n, STR("d"), &own, 1, &p, &status))
			for (size_t k = 0; k < n; k++)
				buf_printf(&b, "%s%.*s", k ? " " : "",
				    STR_ARG(list[k].name));
		else
			status_enhanced(&b, &status);
		if (!str_eq(buf_str(&b), str_c(o->expected)))
			fail_msg("%s: %s", o->title, b.p);
		buf_free(&b);
	}
	pool_free(&p);
}

/* ------------------------------------------------------------------ walk */

static struct status
status(const char *enhanced, unsigned code)
{
	struct status s = status_own(BLAME_HOST, enhanced, STR("text"));

	s.code = code;
	return s;
}

/* A walk over n hosts named a, b, ... with one address each. */
static struct walk *
walk_of(size_t n)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
	struct walk *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	for (size_t i = 0; i < n; i++)
		walk_add(w, str_c(names[i]), (unsigned)i);
	return w;
}

/* The lookup of the host at hand gives the address "1". */
static void
found_one(struct walk *w)
{
	struct status ok = status("2.0.0", 0);

	walk_address(w, STR("1"));
	walk_found(w, &ok);
}

static void
tried(struct walk *w, enum reach reach, const char *enhanced)
{
	struct status s = enhanced ? status(enhanced, 0) : (struct status){0};

	walk_tried(w, STR("1"), reach, false, &s);
}

static void
verdict_is(struct walk *w, const char *expected)
{
	struct pool p = {0};
	struct status s = walk_verdict(w, &p);
	struct buf b;

	buf_init(&b, 100);
	status_enhanced(&b, &s);
	assert_string_equal(b.p, expected);
	assert_int_equal(
	    s.outcome, expected[0] == '5' ? OUTCOME_FAILED : OUTCOME_DEFERRED);
	buf_free(&b);
	pool_free(&p);
	free(w);
}

/* C-18, D-39: hosts in order; a dead one leads to the next. */
static void
walk_in_order(void **state)
{
	struct walk *w = walk_of(2);
	struct walk_step step;

	(void)state;
	assert_int_equal(walk_next(w, false, &step), WALK_LOOK_UP);
	found_one(w);
	assert_int_equal(walk_next(w, false, &step), WALK_TRY);
	assert_true(str_eq(step.host->name, STR("a")));
	assert_false(step.last || step.clear);
	tried(w, REACH_NOTHING, "4.4.1");
	assert_int_equal(walk_next(w, false, &step), WALK_LOOK_UP);
	found_one(w);
	assert_int_equal(walk_next(w, false, &step), WALK_TRY);
	assert_true(str_eq(step.host->name, STR("b")));
	assert_true(step.last);
	tried(w, REACH_NOTHING, "4.4.1");
	assert_int_equal(walk_next(w, false, &step), WALK_OVER);
	verdict_is(w, "4.4.1");
}

/* C-18: all addresses of a host before the next host, five in all. */
static void
addresses_and_their_bound(void **state)
{
	static const char *const ips[] = {"1", "2", "3", "4", "5", "6", "7"};
	struct status dead = status("4.4.1", 0);
	struct status ok = status("2.0.0", 0);
	struct walk *w = walk_of(2);
	struct walk_step step;

	(void)state;
	assert_int_equal(walk_next(w, false, &step), WALK_LOOK_UP);
	for (size_t i = 0; i < 7; i++)
		walk_address(w, str_c(ips[i]));
	walk_found(w, &ok);
	assert_int_equal(walk_next(w, false, &step), WALK_TRY);
	assert_int_equal(step.n, 5);
	walk_tried(w, STR("1"), REACH_SESSION, false, &dead);
	assert_int_equal(walk_next(w, false, &step), WALK_TRY);
	assert_int_equal(step.n, 4);
	for (size_t i = 1; i < 5; i++)
		walk_tried(w, str_c(ips[i]), REACH_NOTHING, false, &dead);
	assert_int_equal(walk_next(w, false, &step), WALK_OVER);
	verdict_is(w, "4.4.1");
}

/* Two sessions that got past greeting and handshake are enough. */
static void
sessions_and_their_bound(void **state)
{
	struct walk *w = walk_of(3);
	struct walk_step step;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(walk_next(w, false, &step), WALK_LOOK_UP);
		found_one(w);
		assert_int_equal(walk_next(w, false, &step), WALK_TRY);
		tried(w, REACH_SESSION, "4.4.2");
	}
	assert_int_equal(walk_next(w, false, &step), WALK_OVER);
	verdict_is(w, "4.4.2");
}

/* D-34: whom a host deferred is offered to the next host, not address. */
static void
deferred_recipients_go_to_the_next_host(void **state)
{
	struct status ok = status("2.0.0", 0);
	struct walk *w = walk_of(2);
	struct walk_step step;

	(void)state;
	assert_int_equal(walk_next(w, false, &step), WALK_LOOK_UP);
	walk_address(w, STR("1"));
	walk_address(w, STR("2"));
	walk_found(w, &ok);
	assert_int_equal(walk_next(w, false, &step), WALK_TRY);
	tried(w, REACH_SESSION, NULL);
	assert_int_equal(walk_next(w, false, &step), WALK_LOOK_UP);
	assert_true(str_eq(w->host[w->at].name, STR("b")));
	free(w);
}

/* E-05: a failed handshake is tried once more in clear, then left. */
static void
handshake_once_more_in_clear(void **state)
{
	struct status bad = status("4.7.5", 0);
	struct walk *w = walk_of(1);
	struct walk_step step;

	(void)state;
	assert_int_equal(walk_next(w, false, &step), WALK_LOOK_UP);
	found_one(w);
	assert_int_equal(walk_next(w, false, &step), WALK_TRY);
	tried(w, REACH_STARTTLS, "4.7.5");
	assert_int_equal(walk_next(w, false, &step), WALK_TRY);
	assert_true(step.clear);
	walk_tried(w, STR("1"), REACH_NOTHING, true, &bad);
	assert_int_equal(walk_next(w, false, &step), WALK_OVER);
	verdict_is(w, "4.7.5");
}

/* D-02: a 5xx greeting is for good only if every host gave one. */
static void
greetings_of_5xx(void **state)
{
	struct walk_step step;

	(void)state;
	for (int silent = 0; silent < 2; silent++) {
		struct walk *w = walk_of(2);

		assert_int_equal(walk_next(w, false, &step), WALK_LOOK_UP);
		found_one(w);
		assert_int_equal(walk_next(w, false, &step), WALK_TRY);
		if (silent)
			tried(w, REACH_NOTHING, "4.4.1");
		else
			tried(w, REACH_CONNECTED, "5.3.2");
		assert_int_equal(walk_next(w, false, &step), WALK_LOOK_UP);
		found_one(w);
		assert_int_equal(walk_next(w, false, &step), WALK_TRY);
		tried(w, REACH_CONNECTED, "5.3.2");
		assert_int_equal(walk_next(w, false, &step), WALK_OVER);
		verdict_is(w, silent ? "4.3.2" : "5.3.2");
	}
}

/* C-14, C-19: hosts without an address are left; none at all is for good. */
static void
hosts_without_addresses(void **state)
{
	struct status none = status("5.4.4", 0);
	struct status later = status("4.4.3", 0);
	struct walk_step step;

	(void)state;
	for (int temporary = 0; temporary < 2; temporary++) {
		struct walk *w = walk_of(2);

		assert_int_equal(walk_next(w, false, &step), WALK_LOOK_UP);
		walk_found(w, temporary ? &later : &none);
		assert_int_equal(walk_next(w, false, &step), WALK_LOOK_UP);
		walk_found(w, &none);
		assert_int_equal(walk_next(w, false, &step), WALK_OVER);
		verdict_is(w, temporary ? "4.4.3" : "5.4.4");
	}
}

/* C-15, C-16: an address of ours cuts off what is not better. */
static void
ourselves_by_address(void **state)
{
	struct walk *w = walk_of(3);
	struct walk_step step;

	(void)state;
	assert_int_equal(walk_next(w, false, &step), WALK_LOOK_UP);
	found_one(w);
	assert_int_equal(walk_next(w, false, &step), WALK_TRY);
	tried(w, REACH_NOTHING, "4.4.1");
	assert_int_equal(walk_next(w, false, &step), WALK_LOOK_UP);
	walk_ours(w);
	assert_int_equal(walk_next(w, false, &step), WALK_OVER);
	verdict_is(w, "4.4.1");

	w = walk_of(1);
	assert_int_equal(walk_next(w, false, &step), WALK_LOOK_UP);
	walk_ours(w);
	assert_int_equal(walk_next(w, false, &step), WALK_OVER);
	verdict_is(w, "5.4.6");
}

/* No new attempt after the time for them; the mail is then deferred. */
static void
late(void **state)
{
	struct walk *w = walk_of(1);
	struct walk_step step;

	(void)state;
	assert_int_equal(walk_next(w, true, &step), WALK_OVER);
	verdict_is(w, "4.3.0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ways_of_domains),
	    cmocka_unit_test(routes_of_domains),
	    cmocka_unit_test(orders_of_exchangers),
	    cmocka_unit_test(walk_in_order),
	    cmocka_unit_test(addresses_and_their_bound),
	    cmocka_unit_test(sessions_and_their_bound),
	    cmocka_unit_test(deferred_recipients_go_to_the_next_host),
	    cmocka_unit_test(handshake_once_more_in_clear),
	    cmocka_unit_test(greetings_of_5xx),
	    cmocka_unit_test(hosts_without_addresses),
	    cmocka_unit_test(ourselves_by_address),
	    cmocka_unit_test(late),
	};

	return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
