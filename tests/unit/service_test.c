/* SPDX-License-Identifier: ISC */
/* C-28: in which order the hosts of a service are tried (RFC 2782). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "route/service.h"
#include "route/walk.h"

static struct pool pool;
static struct status status;

static struct service_host
host(const char *name, unsigned priority, unsigned weight)
{
	return (struct service_host){
	    .name = str_c(name),
	    .port = 587,
	    .priority = priority,
	    .weight = weight,
	};
}

/* The first letters of the names, in their order. */
static const char *
order(struct service_host *list, size_t n)
{
	static char text[SERVICE_HOSTS + 1];

	text[0] = '\0';
	if (!service_order(list, &n, STR("example.org"), &pool, &status))
		return text;
	for (size_t i = 0; i < n; i++)
		text[i] = list[i].name.p[0];
	text[n] = '\0';
	return text;
}

static void
priorities(void **state)
{
	struct service_host list[] = {host("d", 65535, 9), host("b", 1, 0),
	    host("a", 0, 0), host("c", 2, 0)};

	(void)state;
	assert_string_equal(order(list, 4), "abcd");
}

/* RFC 8314, 5.1: whatever their priorities, which are those of two lists. */
static void
encrypted_ones_come_first(void **state)
{
	struct service_host list[] = {host("c", 0, 0), host("b", 20, 0),
	    host("a", 10, 0), host("d", 5, 0)};

	(void)state;
	list[1].encrypted = list[2].encrypted = true;
	assert_string_equal(order(list, 4), "abcd");
}

/* Fixed numbers: the draw is one of 0 to the sum, the running sum decides. */
static void
draws(void **state)
{
	static const struct {
		unsigned weight[3];
		uint32_t draw[3];
		const char *expected;
	} cases[] = {
	    /* Each draw is a fraction of 2^32. */
	    {{10, 20, 30}, {0, 0, 0}, "abc"},
	    {{10, 20, 30}, {UINT32_MAX, 0, 0}, "cab"},
	    {{10, 20, 30}, {UINT32_MAX, UINT32_MAX, UINT32_MAX}, "cba"},
	    /* 30 of 61 (0 to 60) is the last of b's. */
	    {{10, 20, 30}, {(uint32_t)((30ULL << 32) / 61 + 1), 0, 0}, "bac"},
	    {{10, 20, 30}, {(uint32_t)((31ULL << 32) / 61 + 1), 0, 0}, "cab"},
	    /* Without weight: by no number but 0. */
	    {{0, 0, 5}, {0, 0, 0}, "abc"},
	    {{0, 0, 5}, {UINT32_MAX / 6 + 2, 0, 0}, "cab"},
	    {{65535, 65535, 65535}, {UINT32_MAX, 0, UINT32_MAX}, "cab"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct service_host list[3];
		const char *got;

		for (size_t k = 0; k < 3; k++) {
			list[k] =
			    host(&"a\0b\0c"[2 * k], 1, cases[i].weight[k]);
			list[k].rank = (uint32_t)k;
			list[k].draw = cases[i].draw[k];
		}
		got = order(list, 3);
		if (strcmp(got, cases[i].expected) != 0)
			fail_msg("case %zu: %s", i, got);
	}
}

/* A generator whose numbers are the same at every run (xorshift). */
static uint32_t
next_number(void)
{
	static uint32_t n = 2463534242;

	n ^= n << 13;
	n ^= n >> 17;
	n ^= n << 5;
	return n;
}

/* How often each is the first of so many orders. */
static void
count_first(const unsigned *weight, size_t n, unsigned *first, unsigned times)
{
	static const char *const names[] = {"a", "b", "c", "d"};

	memset(first, 0, n * sizeof(*first));
	for (unsigned t = 0; t < times; t++) {
		struct service_host list[4];

		for (size_t k = 0; k < n; k++) {
			list[k] = host(names[k], 0, weight[k]);
			list[k].rank = next_number();
			list[k].draw = next_number();
		}
		first[order(list, n)[0] - 'a']++;
	}
}

static void
weights_are_shares(void **state)
{
	static const unsigned equal[] = {0, 0, 0, 0};
	static const unsigned shares[] = {10, 20, 30, 40};
	static const unsigned zero[] = {0, 999};
	unsigned first[4];

	(void)state;
	count_first(shares, 4, first, 10000);
	for (unsigned i = 0; i < 4; i++)
		assert_in_range(
		    first[i], 1000 * (i + 1) - 150, 1000 * (i + 1) + 150);
	/* Nobody has a weight: equals, in any order. */
	count_first(equal, 4, first, 10000);
	for (unsigned i = 0; i < 4; i++)
		assert_in_range(first[i], 2350, 2650);
	/* A very small chance, and not none. */
	count_first(zero, 2, first, 20000);
	assert_in_range(first[0], 5, 45);
}

static void
every_host_is_there_once(void **state)
{
	struct service_host list[SERVICE_HOSTS];
	char names[SERVICE_HOSTS][8];
	bool seen[SERVICE_HOSTS] = {false};
	size_t n = SERVICE_HOSTS;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "h%zu", i);
		list[i] = host(names[i], next_number() % 3,
		    next_number() % 4 ? next_number() % 65536 : 0);
		list[i].encrypted = next_number() & 1;
		list[i].draw = next_number();
	}
	assert_true(
	    service_order(list, &n, STR("example.org"), &pool, &status));
	assert_int_equal(n, SERVICE_HOSTS);
	for (size_t i = 0; i < n; i++) {
		size_t k = (size_t)atoi(list[i].name.p + 1);

		assert_false(seen[k]);
		seen[k] = true;
		if (i == 0)
			continue;
		assert_true(list[i - 1].encrypted >= list[i].encrypted);
		if (list[i - 1].encrypted == list[i].encrypted)
			assert_true(list[i - 1].priority <= list[i].priority);
	}
}

static void
what_names_no_host(void **state)
{
	struct service_host list[] = {host(".", 0, 0), host("b", 1, 0),
	    host("192.0.2.1", 0, 0), host("", 0, 0), host("c", 2, 0)};
	struct service_host absent[] = {host(".", 0, 0), host(".", 0, 0)};
	size_t n = 0;

	(void)state;
	list[4].port = 0;
	assert_string_equal(order(list, 5), "b");
	assert_string_equal(order(absent, 2), "");
	assert_int_equal(status.outcome, OUTCOME_DEFERRED);
	assert_int_equal(status.blame, BLAME_US);
	assert_non_null(strstr(status.text.p,
	    "\".\" at _submissions._tcp.example.org or "
	    "_submission._tcp.example.org"));
	assert_false(
	    service_order(absent, &n, STR("example.org"), &pool, &status));
}

static void
names_within_a_domain(void **state)
{
	static const char *const within[] = {
	    "example.org", "mail.example.org", "a.b.EXAMPLE.org"};
	static const char *const foreign[] = {"org", "example.com",
	    "xample.org", "badexample.org", "example.org.evil.net", "", ".",
	    "e.org"};

	(void)state;
	for (size_t i = 0; i < sizeof(within) / sizeof(within[0]); i++)
		assert_true(
		    service_is_within(str_c(within[i]), STR("example.org")));
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (service_is_within(str_c(foreign[i]), STR("example.org")))
			fail_msg("%s", foreign[i]);
	assert_false(service_is_within(STR("mail.example.org"), STR("")));
}

/* Hosts of a service take its place in the walk, in their order. */
static void
hosts_in_the_walk(void **state)
{
	static struct walk w;
	const struct status answered =
	    status_own(BLAME_NONE, "2.0.0", STR("answered"));
	struct walk_step step;
	struct walk_host *h;

	(void)state;
	w = (struct walk){0};
	walk_add(&w, STR("first"), 0);
	walk_add(&w, STR("example.org"), 1)->service = true;
	walk_add(&w, STR("last"), 2);
	assert_int_equal(walk_next(&w, false, &step), WALK_LOOK_UP);
	walk_found(&w, &answered);
	assert_int_equal(walk_next(&w, false, &step), WALK_LOOK_UP);
	assert_true(w.host[w.at].service);
	for (size_t i = 0; i < 2; i++) {
		h = walk_serve(&w, i, i ? STR("b") : STR("a"));
		assert_non_null(h);
		assert_true(str_eq(h->domain, STR("example.org")));
		assert_false(h->service || h->foreign);
	}
	walk_served(&w);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(walk_next(&w, false, &step), WALK_LOOK_UP);
		assert_int_equal(w.host[w.at].name.p[0], "abl"[i]);
		walk_found(&w, &answered);
	}
	assert_int_equal(walk_next(&w, false, &step), WALK_OVER);
	assert_false(w.cut_short);
}

/* No more than a walk has room for, and what follows them is still there. */
static void
too_many_hosts_for_a_walk(void **state)
{
	static struct walk w;
	size_t n = 0;

	(void)state;
	w = (struct walk){0};
	walk_add(&w, STR("example.org"), 0)->service = true;
	walk_add(&w, STR("last"), 1);
	while (n < SERVICE_HOSTS && walk_serve(&w, n, STR("host")))
		n++;
	assert_int_equal(n, WALK_HOSTS - 2);
	assert_int_equal(w.n, WALK_HOSTS);
	assert_true(w.cut_short);
	assert_true(str_eq(w.host[WALK_HOSTS - 1].name, STR("last")));
}

static int
end(void **state)
{
	(void)state;
	pool_free(&pool);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(priorities),
	    cmocka_unit_test(encrypted_ones_come_first),
	    cmocka_unit_test(draws),
	    cmocka_unit_test(weights_are_shares),
	    cmocka_unit_test(every_host_is_there_once),
	    cmocka_unit_test(what_names_no_host),
	    cmocka_unit_test(names_within_a_domain),
	    cmocka_unit_test(hosts_in_the_walk),
	    cmocka_unit_test(too_many_hosts_for_a_walk),
	};

	return cmocka_run_group_tests_name("service", tests, NULL, end);
}
