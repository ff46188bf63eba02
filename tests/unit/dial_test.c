/* SPDX-License-Identifier: ISC */
/* Connecting to one of several addresses, over the loopback device; and to a
 * socket. */
#include "net/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/child.h"
#include "../lib/folder.h"
#include "../lib/vtime.h"
#include "base/clock.h"
#include "os/sys.h"

struct seen {
	unsigned tried, failed;
	int error;
	struct err e; /* the last one */
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
	s->e = *e;
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

/* C-22: what the kernel refuses is a failure of that address, with its word,
 * and the next one has its turn at once. */
static const struct refused {
	struct refusal refusal;
	unsigned tried;
	bool connected;
} refused[] = {
    {{.call = SYS_socket, .error = EMFILE}, 2, false},
    {{.call = SYS_socket, .error = EAFNOSUPPORT, .arg = 1, .value = AF_INET6},
	2, true},
    {{.call = SYS_connect, .error = ENETUNREACH}, 2, false},
    {{.call = SYS_getsockopt, .error = ENOBUFS}, 2, false},
    /* Connected before anybody waits (the loopback of other kernels). */
    {{.call = SYS_connect}, 1, true},
};

static int
dial_refused(void *arg)
{
	static const char *const ips[] = {"::1", "127.0.0.1"};
	const struct refused *r = arg;
	struct seen seen;
	unsigned port;
	int server = listener("127.0.0.1", &port);
	struct dial d = dial_to(&seen, port, ips, 2);
	int64_t start = clock_now();
	size_t which = 9;
	int fd;

	child_refuse(&r->refusal, 1);
	fd = dial(&d, &which);
	CHILD_CHECK(seen.tried == r->tried);
	CHILD_CHECK((fd >= 0) == r->connected);
	CHILD_CHECK(seen.failed == (r->connected ? r->tried - 1 : r->tried));
	CHILD_CHECK(which == (r->connected ? r->tried - 1 : 9));
	if (seen.failed > 0 && r->refusal.value == 0)
		CHILD_CHECK(seen.error == r->refusal.error);
	CHILD_CHECK(clock_now() - start < DIAL_STAGGER_MS);
	sys_close(fd);
	sys_close(server);
	return 0;
}

static void
what_the_kernel_refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct refused r = refused[i];

		if (child_run(dial_refused, &r) != 0)
			fail_msg("row %zu", i);
	}
}

/* A server whose queue is full: who connects hears nothing. */
static int
black_hole(unsigned *port)
{
	int server = listener("0.0.0.0", port);
	struct sockaddr_storage at;
	struct ip ip;
	socklen_t n;

	assert_true(ip_parse(STR("127.0.0.1"), &ip));
	n = ip_socket(&ip, *port, &at);
	assert_int_equal(listen(server, 0), 0);
	for (int i = 0; i < 2; i++)
		(void)sys_connect(sys_socket(AF_INET, SOCK_STREAM),
		    (struct sockaddr *)&at, n);
	return server;
}

/* C-21, D-39: two addresses that are silent, each with its time. */
static void
each_address_has_its_time(void **state)
{
	static const char *const ips[] = {"127.0.0.1", "127.0.0.2"};
	/* wait_next, wait_last, deadline, last_host; how long it takes */
	static const struct {
		int64_t next, last, deadline;
		bool last_host;
		int64_t takes;
	} waits[] = {
	    {1000, 2000, 60000, true, DIAL_STAGGER_MS + 2000},
	    {1000, 2000, 60000, false, DIAL_STAGGER_MS + 1000},
	    {5000, 2000, 60000, false, DIAL_STAGGER_MS + 2000},
	    {1000, 2000, 700, true, 700},
	    {1000, 2000, 0, true, 0},
	};

	unsigned port;
	int server = black_hole(&port);

	(void)state;
	vtime_start(NULL, NULL);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		int64_t start = clock_now();
		struct seen seen;
		struct dial d = dial_to(&seen, port, ips, 2);
		size_t which;

		d.wait_next = waits[i].next;
		d.wait_last = waits[i].last;
		d.last_host = waits[i].last_host;
		d.deadline = start + waits[i].deadline;
		assert_int_equal(dial(&d, &which), -1);
		assert_int_equal(clock_now() - start, waits[i].takes);
		assert_int_equal(seen.tried, 2);
		assert_int_equal(seen.failed, 2);
		assert_int_equal(seen.error, ETIMEDOUT);
	}
	assert_int_equal(vtime_stuck(), 0);
	vtime_stop();
	sys_close(server);
}

/* A socket that listens at this path, for one connection that waits. */
static int
socket_at(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = sys_socket(AF_UNIX, SOCK_STREAM);

	assert_true(fd >= 0 && strlen(path) < sizeof(at.sun_path));
	memcpy(at.sun_path, path, strlen(path));
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 0), 0);
	return fd;
}

/* D-51: a socket of this host; whose queue is full is asked again in time. */
static void
sockets(void **state)
{
	static const char *const wrong[][2] = {
	    {"none", "No such file or directory"},
	    {"file", "Connection refused"},
	    {".", "Connection refused"},
	    {"file/below", "Not a directory"},
	};
	char long_path[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
	struct folder f;
	struct buf path;
	struct err e;
	int64_t start;
	int server;
	int fd;

	(void)state;
	folder_make(&f);
	buf_init(&path, 100);
	folder_put(&f, "file", "");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		buf_clear(&path);
		buf_printf(&path, "%s/%s", f.path, wrong[i][0]);
		assert_int_equal(
		    dial_socket(buf_str(&path), INT64_MAX, &e), -1);
		assert_string_equal(e.text, wrong[i][1]);
	}
	memset(long_path, '/', sizeof(long_path));
	assert_int_equal(
	    dial_socket(str_of(long_path, sizeof(long_path)), 0, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	buf_clear(&path);
	buf_printf(&path, "%s/socket", f.path);
	server = socket_at(path.p);
	fd = dial_socket(buf_str(&path), 0, &e);
	assert_true(fd >= 0);
	vtime_start(NULL, NULL);
	start = clock_now();
	assert_int_equal(dial_socket(buf_str(&path), start + 1010, &e), -1);
	assert_int_equal(clock_now() - start, 1010);
	assert_string_equal(e.text, strerror(EAGAIN));
	assert_int_equal(vtime_stuck(), 0);
	vtime_stop();
	sys_close(fd);
	sys_close(server);
	buf_free(&path);
	folder_remove(&f);
}

/* Who it is that has connected to a listener. */
static void
assert_from(int server, const char *expected)
{
	struct sockaddr_storage from;
	socklen_t n = sizeof(from);
	unsigned port;
	struct ip ip, want;
	int fd = accept(server, (struct sockaddr *)&from, &n);

	assert_true(fd >= 0);
	assert_true(ip_from_socket((struct sockaddr *)&from, &ip, &port));
	assert_true(ip_parse(str_c(expected), &want));
	assert_true(ip_same(&ip, &want));
	sys_close(fd);
}

/* C-22: the address that the configuration says, and no other way out. */
static void
from_a_source(void **state)
{
	static const char *const ips[] = {"::1", "127.0.0.1"};
	static const struct {
		const char *source;
		const char *from;  /* NULL: from nowhere */
		const char *fault; /* the last one */
		unsigned failed;
	} cases[] = {
	    {"127.0.0.77", "127.0.0.77", "source-address has none of IPv6", 1},
	    {"192.0.2.1", NULL,
		"source-address 192.0.2.1: Cannot assign "
		"requested address: it is no address of this host",
		2},
	    {"::1", NULL, "source-address has none of IPv4", 2},
	};
	struct seen seen;
	unsigned port;
	int server = listener("127.0.0.1", &port);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dial d = dial_to(&seen, port, ips, 2);
		struct ip_source source;
		struct err e;
		size_t which;
		int fd;

		assert_int_equal(
		    ip_source(&source, str_c(cases[i].source), &e), 0);
		d.source = &source;
		fd = dial(&d, &which);
		assert_int_equal(fd >= 0, cases[i].from != NULL);
		assert_int_equal(seen.failed, cases[i].failed);
		assert_int_equal(seen.e.kind, ERR_HERE);
		assert_string_equal(seen.e.text, cases[i].fault);
		if (fd >= 0)
			assert_from(server, cases[i].from);
		sys_close(fd);
	}
	sys_close(server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_is_taken_alone),
	    cmocka_unit_test(a_refusal_leads_on_at_once),
	    cmocka_unit_test(all_may_fail),
	    cmocka_unit_test(no_address_is_a_failure),
	    cmocka_unit_test(what_the_kernel_refuses),
	    cmocka_unit_test(each_address_has_its_time),
	    cmocka_unit_test(from_a_source),
	    cmocka_unit_test(sockets),
	};

	return cmocka_run_group_tests_name("dial", tests, NULL, NULL);
}
