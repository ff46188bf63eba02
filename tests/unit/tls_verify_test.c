/* SPDX-License-Identifier: ISC */
/* What a certificate proves, against a server in the same thread. */
#include "net/tls.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/peer_tls.h"
#include "../lib/vtime.h"
#include "base/clock.h"
#include "os/file.h"
#include "os/sys.h"

struct server {
	struct peer_tls *tls;
	int fd;
	struct buf plain, out;
};

static bool
serve(void *ctx, int64_t *next)
{
	struct server *s = ctx;
	char block[8192];
	ssize_t got = recv(s->fd, block, sizeof(block), MSG_DONTWAIT);
	bool moved = got > 0;

	(void)next;
	if (got > 0)
		(void)peer_tls_feed(
		    s->tls, str_of(block, (size_t)got), &s->plain, &s->out);
	if (s->out.n > 0) {
		moved = true;
		assert_int_equal(
		    send(s->fd, s->out.p, s->out.n, MSG_NOSIGNAL), s->out.n);
		buf_clear(&s->out);
	}
	return moved;
}

static char store[] = "/tmp/tls_verifyXXXXXX";

/* A store of the server's own certificate, between others and comments. */
static void
write_store(const struct peer_tls *known)
{
	int fd = mkstemp(store);
	struct buf pem;
	struct err e;

	buf_init(&pem, 1 << 16);
	buf_add(&pem,
	    STR("# one that is none\n-----BEGIN CERTIFICATE-----\nAAAA\n"
		"-----END CERTIFICATE-----\n"));
	if (known)
		peer_tls_certificate(known, &pem);
	buf_add(&pem, STR("-----BEGIN CERTIFICATE-----\nno end"));
	assert_int_equal(file_write(fd, buf_str(&pem), &e), 0);
	(void)close(fd);
	buf_free(&pem);
}

static const struct {
	const char *title;
	const char *options; /* of the server, see peer_tls_new */
	bool known;	     /* is its certificate in the store? */
	const char *name;    /* what we call it, */
	const char *other;   /* or so; "": no other name */
	const char *fault;   /* a part of what is said; NULL: none */
} cases[] = {
    {"E-10, E-14: known, by its name", "", true, "mx.example.org", "", NULL},
    {"E-10: in any case of letters", "", true, "MX.example.ORG", "", NULL},
    {"E-10: TLS 1.2", "tls1.2", true, "mx.example.org", "", NULL},
    {"E-10: another name", "", true, "mx.example.com", "",
	"is for mx.example.org, not for mx.example.com"},
    {"E-10: an address that is not in it", "", true, "192.0.2.1", "",
	"is for mx.example.org, not for 192.0.2.1"},
    {"E-10: no name that could be in one", "", true, "", "", "has no name"},
    {"E-10: an IPv6 address", "", true, "2001:db8::1", "",
	"not for 2001:db8::1"},
    {"E-07: expired", "expired", true, "mx.example.org", "", "expired on"},
    {"E-07: nobody knows it", "", false, "mx.example.org", "",
	"signed by itself"},
    {"E-12: an old version", "tls1.1", true, "mx.example.org", "", "TLS: "},
    {"C-28, E-11: the other name that it may have", "", true,
	"mail.example.com", "mx.example.org", NULL},
    {"C-28: its own, beside another", "", true, "mx.example.org", "example.org",
	NULL},
    {"C-28: neither of both", "", true, "mail.example.com", "example.com",
	"is for mx.example.org, not for mail.example.com or example.com"},
    {"C-28: one name in both places", "", true, "example.com", "example.com",
	"not for example.com:"},
};

static void
what_a_certificate_proves(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct server s = {0};
		struct tls_proof proof;
		struct demand demand = {.strict = true, .verify = true};
		struct tls *tls;
		struct err e = {0};
		struct io io;
		int fds[2];
		int result;

		s.tls = peer_tls_new(
		    STR("mx.example.org"), str_c(cases[i].options));
		if (s.tls == NULL)
			continue; /* this OpenSSL has no such version */
		(void)memcpy(store, "/tmp/tls_verifyXXXXXX", sizeof(store));
		write_store(s.tls);
		demand.authorities = str_c(store);
		if (!cases[i].known) {
			peer_tls_free(s.tls);
			peer_tls_end();
			s.tls = peer_tls_new(STR("mx.example.org"), STR(""));
		}
		assert_int_equal(
		    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds),
		    0);
		buf_init(&s.plain, 1 << 20);
		buf_init(&s.out, 1 << 20);
		s.fd = fds[1];
		io_init(&io, fds[0]);
		tls = tls_new(&demand, &e);
		assert_non_null(tls);
		vtime_start(serve, &s);
		result = tls_start(tls, &io, str_c(cases[i].name),
		    str_c(cases[i].other), clock_now() + 60000, &proof, &e);
		vtime_stop();
		if ((result == 0) != (cases[i].fault == NULL) ||
		    (result < 0 && strstr(e.text, cases[i].fault) == NULL))
			fail_msg("%s: %s", cases[i].title, e.text);
		if (result == 0)
			assert_true(proof.verified);
		io_close(&io);
		tls_free(tls);
		sys_close(fds[1]);
		peer_tls_free(s.tls);
		buf_free(&s.plain);
		buf_free(&s.out);
		assert_int_equal(unlink(store), 0);
	}
}

/* E-14: nothing to go by is an error, never a pass. */
static void
stores_that_are_none(void **state)
{
	struct demand demand = {.strict = true, .verify = true};
	struct err e = {0};

	(void)state;
	demand.authorities = STR("/nonexistent/ca.pem");
	assert_null(tls_new(&demand, &e));
	assert_non_null(strstr(e.text, "/nonexistent/ca.pem: No such file"));
	(void)memcpy(store, "/tmp/tls_verifyXXXXXX", sizeof(store));
	write_store(NULL);
	demand.authorities = str_c(store);
	assert_null(tls_new(&demand, &e));
	assert_non_null(strstr(e.text, "there is no certificate in it"));
	assert_int_equal(unlink(store), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_a_certificate_proves),
	    cmocka_unit_test(stores_that_are_none),
	};
	int failed;

	(void)signal(SIGPIPE, SIG_IGN); /* OpenSSL writes; see proc_sane */
	failed = cmocka_run_group_tests_name("tls_verify", tests, NULL, NULL);
	tls_free(NULL);
	peer_tls_end();
	return failed;
}
