/* SPDX-License-Identifier: ISC */
/* Connecting to one of several addresses, over the loopback device. */
#include "net/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "os/sys.h"

struct seen {
	unsigned tried, failed;
	int error;
};

static void
trying(void *ctx, size_t i)
{
	struct seen *s = ctx;

	(void)i;
	s->tried++;
}

static void
failed(void *ctx, size_t i, const struct err *e)
{
	struct seen *s = ctx;

	(void)i;
	s->failed++;
	s->error = e->number;
}

/* A listener on ip; returns its descriptor and its port. */
static int
listener(const char *text, unsigned *port)
{
	struct sockaddr_storage at;
	socklen_t n;
	struct ip ip;
	int fd;

	assert_true(ip_parse(str_c(text), &ip));
	n = ip_socket(&ip, 0, &at);
	fd = sys_socket(ip.family, SOCK_STREAM);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
	assert_int_equal(listen(fd, 5), 0);
	n = sizeof(at);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	assert_true(ip_from_socket((struct sockaddr *)&at, &ip, port));
	return fd;
}

static struct dial
dial_to(struct seen *seen, unsigned port, const char *const *ips, size_t n)
{
	struct dial d = {
	    .n = n,
	    .port = port,
	    .wait_next = 1000,
	    .wait_last = 2000,
	    .last_host = true,
	    .deadline = clock_now() + 10000,
	    .trying = trying,
	    .failed = failed,
	    .ctx = seen,
	};

	*seen = (struct seen){0};
	for (size_t i = 0; i < n; i++)
		assert_true(ip_parse(str_c(ips[i]), &d.ip[i]));
	return d;
}

static void
the_first_is_taken_alone(void **state)
{
	static const char *const ips[] = {"127.0.0.1", "127.0.0.2"};
	struct seen seen;
	unsigned port;
	int server = listener("127.0.0.1", &port);
	struct dial d = dial_to(&seen, port, ips, 2);
	size_t which = 9;
	int fd = dial(&d, &which);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(which, 0);
	assert_int_equal(seen.tried, 1);
	assert_int_equal(seen.failed, 0);
	sys_close(fd);
	sys_close(server);
}

/* C-21, D-39: a refusal leads to the next address at once. */
static void
a_refusal_leads_on_at_once(void **state)
{
	static const char *const ips[] = {
	    "127.0.0.2", "127.0.0.3", "127.0.0.1"};
	struct seen seen;
	unsigned port;
	int server = listener("127.0.0.1", &port);
	struct dial d = dial_to(&seen, port, ips, 3);
	int64_t start = clock_now();
	size_t which = 9;
	int fd = dial(&d, &which);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(which, 2);
	assert_int_equal(seen.tried, 3);
	assert_int_equal(seen.failed, 2);
	assert_int_equal(seen.error, ECONNREFUSED);
	assert_true(clock_now() - start < DIAL_STAGGER_MS);
	sys_close(fd);
	sys_close(server);
}

/* C-22: a family that this host has no way for fails like any other. */
static void
all_may_fail(void **state)
{
	static const char *const ips[] = {"127.0.0.2", "::1"};
	struct seen seen;
	struct dial d = dial_to(&seen, 1, ips, 2);
	size_t which = 9;

	(void)state;
	assert_int_equal(dial(&d, &which), -1);
	assert_int_equal(seen.failed, 2);
	assert_int_equal(which, 9);
}

static void
no_address_is_a_failure(void **state)
{
	struct seen seen;
	struct dial d = dial_to(&seen, 1, NULL, 0);
	size_t which = 9;

	(void)state;
	assert_int_equal(dial(&d, &which), -1);
	assert_int_equal(seen.tried, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_is_taken_alone),
	    cmocka_unit_test(a_refusal_leads_on_at_once),
	    cmocka_unit_test(all_may_fail),
	    cmocka_unit_test(no_address_is_a_failure),
	};

	return cmocka_run_group_tests_name("dial", tests, NULL, NULL);
}
