/* SPDX-License-Identifier: ISC */
/* Whom the DNS client asks: with an /etc of the test's own. */
#include "net/dns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../lib/child.h"

static const struct conf {
	const char *resolv; /* NULL: no such file */
	const char *list;
	const char *servers; /* NULL: it fails */
	int64_t patience;
	unsigned rounds;
	bool tcp_only, trust;
} confs[] = {
    /* What the manual of resolv.conf says, and its defaults. */
    {"nameserver 192.0.2.1\n", "", "192.0.2.1", 5000, 2, false, false},
    {"nameserver 192.0.2.1\nnameserver 2001:db8::1\nnameserver 192.0.2.2\n", "",
	"192.0.2.1 2001:db8::1 192.0.2.2", 5000, 2, false, false},
    {"nameserver 192.0.2.1\noptions timeout:3 attempts:4 use-vc trust-ad\n", "",
	"192.0.2.1", 3000, 4, true, true},
    {NULL, "", "127.0.0.1", 5000, 2, false, false},
    {"", "", "127.0.0.1", 5000, 2, false, false},
    {"rubbish\n\xff\xfe\n\noptions\nnameserver\n", "", "127.0.0.1", 5000, 2,
	false, false},
    /* Not for ever, and not never. */
    {"nameserver 192.0.2.1\noptions timeout:999999 attempts:999999\n", "",
	"192.0.2.1", 30000, 5, false, false},
    {"nameserver 192.0.2.1\noptions timeout:0 attempts:0\n", "", "192.0.2.1",
	1000, 1, false, false},
    /* C-32: the file speaks of its own servers, not of others. */
    {"nameserver 192.0.2.1\noptions trust-ad timeout:2\n", "192.0.2.9",
	"192.0.2.9", 2000, 2, false, false},
    {NULL, "192.0.2.9, [2001:db8::9]:5353\t192.0.2.8:5353,,2001:db8::8",
	"192.0.2.9 [2001:db8::9]:5353 192.0.2.8:5353 2001:db8::8", 5000, 2,
	false, false},
    {NULL, ",", "127.0.0.1", 5000, 2, false, false},
    {NULL, "1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 1.1.1.7 1.1.1.8",
	"1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 1.1.1.7 1.1.1.8", 5000,
	2, false, false},
    {.list = "1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 1.1.1.7 1.1.1.8 "
	     "1.1.1.9"},
    {.list = "ns.example.org"},
    {.list = "192.0.2.1:0"},
    {.list = "192.0.2.1;192.0.2.2"},
};

static int
read_conf(void *arg)
{
	const struct conf *c = arg;
	const struct dns_opts opts = {.nameserver = str_c(c->list)};
	struct dns d;
	struct buf b;
	struct err e;

	child_own("/etc");
	if (c->resolv)
		child_put("/etc/resolv.conf", c->resolv);
	if (c->servers == NULL) {
		CHILD_CHECK(dns_open(&d, &opts, &e) == -1);
		CHILD_CHECK(e.kind == ERR_SYNTAX || e.kind == ERR_LIMIT);
		return 0;
	}
	CHILD_CHECK(dns_open(&d, &opts, &e) == 0);
	CHILD_CHECK(d.patience == c->patience && d.rounds == c->rounds);
	CHILD_CHECK(d.tcp_only == c->tcp_only && d.trust == c->trust);
	buf_init(&b, 1000);
	for (size_t i = 0; i < d.servers; i++) {
		if (i > 0)
			buf_byte(&b, ' ');
		dns_server(&b, &d, i);
	}
	if (!str_eq(buf_str(&b), str_c(c->servers)))
		fprintf(stderr, "%.*s\n", STR_ARG(buf_str(&b)));
	CHILD_CHECK(str_eq(buf_str(&b), str_c(c->servers)));
	buf_free(&b);
	dns_close(&d);
	return 0;
}

static void
whom_it_asks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(confs) / sizeof(confs[0]); i++) {
		struct conf c = confs[i];

		if (child_run(read_conf, &c) != 0)
			fail_msg("\"%s\" and \"%s\"",
			    c.resolv ? c.resolv : "no file", c.list);
	}
}

/* The caller's environment, which glibc reads, does not end the program. */
static int
hostile_environment(void *arg)
{
	const struct dns_opts opts = {.nameserver = STR("192.0.2.1")};
	static char text[70000];
	struct dns d;
	struct err e;

	(void)arg;
	memset(text, 'a', sizeof(text) - 1);
	CHILD_CHECK(setenv("LOCALDOMAIN", text, 1) == 0);
	CHILD_CHECK(setenv("RES_OPTIONS", text, 1) == 0);
	CHILD_CHECK(dns_open(&d, &opts, &e) == 0);
	CHILD_CHECK(d.servers == 1);
	dns_close(&d);
	return 0;
}

static void
the_environment(void **state)
{
	(void)state;
	assert_int_equal(child_run(hostile_environment, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whom_it_asks),
	    cmocka_unit_test(the_environment),
	};

	return cmocka_run_group_tests_name("dns_conf", tests, NULL, NULL);
}
