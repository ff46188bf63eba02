/* SPDX-License-Identifier: ISC */
/* TLS as a layer of a stream, against a server in the same thread. */
#include "net/tls.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/child.h"
#include "../lib/peer_tls.h"
#include "../lib/vtime.h"
#include "base/clock.h"
#include "os/sys.h"

/* The server: takes what comes, says what is in out. */
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
	if (got > 0 && s->tls)
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

struct pair {
	struct server server;
	struct tls *tls;
	struct io io;
	struct tls_proof proof;
	struct err e;
	int64_t start;
};

/* options: as for peer_tls_new; NULL: a server without TLS. */
static struct pair *
open_pair(const char *options)
{
	struct pair *p = calloc(1, sizeof(*p));
	int fds[2];

	assert_non_null(p);
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	buf_init(&p->server.plain, 1 << 20);
	buf_init(&p->server.out, 1 << 20);
	p->server.fd = fds[1];
	if (options) {
		p->server.tls =
		    peer_tls_new(STR("mx.example.org"), str_c(options));
		assert_non_null(p->server.tls);
	}
	io_init(&p->io, fds[0]);
	p->tls = tls_new(NULL, &p->e);
	assert_non_null(p->tls);
	vtime_start(serve, &p->server);
	p->start = clock_now();
	return p;
}

static int
shake(struct pair *p, struct str name)
{
	return tls_start(
	    p->tls, &p->io, name, STR_NONE, p->start + 60000, &p->proof, &p->e);
}

static void
close_pair(struct pair *p)
{
	assert_int_equal(vtime_stuck(), 0);
	vtime_stop();
	io_close(&p->io);
	tls_free(p->tls);
	sys_close(p->server.fd);
	peer_tls_free(p->server.tls);
	buf_free(&p->server.plain);
	buf_free(&p->server.out);
	free(p);
}

static void
both_ways(struct pair *p)
{
	assert_int_equal(
	    io_write(&p->io, STR("EHLO"), p->start + 60000, &p->e), 0);
	(void)serve(&p->server, NULL);
	assert_true(str_eq(buf_str(&p->server.plain), STR("EHLO")));
	peer_tls_say(p->server.tls, STR("250 ok\r\n"), &p->server.out);
	assert_int_equal(io_fill(&p->io, p->start + 60000, &p->e), 0);
	assert_true(str_eq(io_unread(&p->io), STR("250 ok\r\n")));
	io_consume(&p->io, 8);
}

static void
what_was_agreed(void **state)
{
	static const char *const versions[][2] = {
	    {"tls1.2", "TLSv1.2"}, {"tls1.3", "TLSv1.3"}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct pair *p = open_pair(versions[i][0]);

		assert_int_equal(shake(p, STR("mx.example.org")), 0);
		assert_string_equal(p->proof.version, versions[i][1]);
		assert_true(p->proof.bits >= 128);
		assert_true(strlen(p->proof.cipher) > 0);
		assert_false(p->proof.verified);
		assert_true(
		    str_eq(peer_tls_sni(p->server.tls), STR("mx.example.org")));
		assert_int_equal(clock_now(), p->start);
		both_ways(p);
		close_pair(p);
	}
}

/* A name that cannot be said is left out; it is no reason for clear text. */
static void
names_that_are_none(void **state)
{
	static char deep[300];
	const struct str names[] = {
	    STR_NONE, {"\0mx", 3}, {deep, sizeof(deep)}};

	(void)state;
	memset(deep, 'a', sizeof(deep));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct pair *p = open_pair("");

		assert_int_equal(shake(p, names[i]), 0);
		assert_int_equal(peer_tls_sni(p->server.tls).n, 0);
		both_ways(p);
		close_pair(p);
	}
}

/* One context for all conversations of a process. */
static void
a_second_handshake(void **state)
{
	struct pair *first = open_pair("");
	struct pair *second;
	struct tls *kept;

	(void)state;
	assert_int_equal(shake(first, STR_NONE), 0);
	kept = first->tls;
	first->tls = NULL;
	close_pair(first);
	second = open_pair("");
	tls_free(second->tls);
	second->tls = kept;
	assert_int_equal(shake(second, STR_NONE), 0);
	both_ways(second);
	close_pair(second);
}

/* E-18: the end that was announced, and the one that was not. */
static void
the_end(void **state)
{
	struct pair *p = open_pair("");

	(void)state;
	assert_int_equal(shake(p, STR_NONE), 0);
	both_ways(p);
	peer_tls_notify(p->server.tls, &p->server.out);
	assert_int_equal(io_fill(&p->io, p->start + 60000, &p->e), -1);
	assert_int_equal(p->e.kind, ERR_CLOSED);
	assert_string_equal(p->e.text, "connection closed by the other side");
	close_pair(p);

	p = open_pair("");
	assert_int_equal(shake(p, STR_NONE), 0);
	both_ways(p);
	assert_int_equal(shutdown(p->server.fd, SHUT_WR), 0);
	assert_int_equal(io_fill(&p->io, p->start + 60000, &p->e), -1);
	assert_int_equal(p->e.kind, ERR_CLOSED);
	assert_non_null(strstr(p->e.text, "eof"));
	close_pair(p);
}

/* Nobody is there any more. */
static void
writing_to_nobody(void **state)
{
	struct pair *p = open_pair("");

	(void)state;
	assert_int_equal(shake(p, STR_NONE), 0);
	both_ways(p);
	sys_close(p->server.fd);
	p->server.fd = -1;
	assert_int_equal(
	    io_write(&p->io, STR("x"), p->start + 60000, &p->e), -1);
	assert_int_equal(p->e.kind, ERR_CLOSED);
	close_pair(p);
}

/* A server that takes nothing more ends the writing at the deadline. */
static void
writing_waits_for_room(void **state)
{
	struct pair *p = open_pair("");
	size_t n = 8 << 20;
	char *much = calloc(1, n);

	(void)state;
	assert_non_null(much);
	assert_int_equal(shake(p, STR_NONE), 0);
	vtime_stop();
	vtime_start(NULL, NULL);
	p->start = clock_now();
	assert_int_equal(
	    io_write(&p->io, str_of(much, n), p->start + 5000, &p->e), -1);
	assert_int_equal(p->e.kind, ERR_TIMEOUT);
	assert_int_equal(clock_now() - p->start, 5000);
	free(much);
	close_pair(p);
}

/* D-11: a handshake that does not go on has its deadline. */
static void
handshakes_that_fail(void **state)
{
	struct pair *p = open_pair(NULL);

	(void)state;
	assert_int_equal(shake(p, STR_NONE), -1);
	assert_int_equal(p->e.kind, ERR_TIMEOUT);
	assert_int_equal(clock_now() - p->start, 60000);
	close_pair(p);

	p = open_pair(NULL);
	buf_add(&p->server.out, STR("220 no TLS here\r\n"));
	assert_int_equal(shake(p, STR_NONE), -1);
	assert_int_equal(p->e.kind, ERR_CLOSED);
	assert_memory_equal(p->e.text, "TLS: ", 5);
	assert_int_equal(clock_now(), p->start);
	close_pair(p);

	p = open_pair(NULL);
	assert_int_equal(shutdown(p->server.fd, SHUT_WR), 0);
	assert_int_equal(shake(p, STR_NONE), -1);
	assert_int_equal(p->e.kind, ERR_CLOSED);
	close_pair(p);

	p = open_pair(NULL);
	sys_close(p->server.fd);
	p->server.fd = -1;
	assert_int_equal(shake(p, STR_NONE), -1);
	assert_int_equal(p->e.kind, ERR_CLOSED);
	assert_non_null(strstr(p->e.text, "connection lost"));
	close_pair(p);
}

static int
cannot_wait(void *arg)
{
	static const struct refusal refusals[] = {
#ifdef SYS_poll
	    {.call = SYS_poll, .error = ENOMEM},
#endif
	    {.call = SYS_ppoll, .error = ENOMEM},
	};
	struct pair *p = open_pair(NULL);

	(void)arg;
	vtime_stop();
	p->start = clock_now();
	child_refuse(refusals, sizeof(refusals) / sizeof(refusals[0]));
	CHILD_CHECK(shake(p, STR_NONE) == -1);
	CHILD_CHECK(p->e.number == ENOMEM && strstr(p->e.text, "waiting"));
	close_pair(p);
	return 0;
}

/* F-12: both sides see the same in the channel, and no other has it. */
static void
f12_what_ties_a_login_to_the_channel(void **state)
{
	static const char *const cases[][2] = {{"tls1.3", "tls-exporter"},
	    {"tls1.2", "tls-unique"}, {"tls1.2 noems", ""}};
	struct tls_binding b[3], again;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct pair *p = open_pair(cases[i][0]);
		unsigned char theirs[64];

		tls_bind(&p->io, &b[i]);
		assert_string_equal(b[i].name, "");
		assert_int_equal(shake(p, STR("mx.example.org")), 0);
		both_ways(p);
		tls_bind(&p->io, &b[i]);
		assert_string_equal(b[i].name, cases[i][1]);
		if (cases[i][1][0] != '\0') {
			assert_int_equal(b[i].n,
			    peer_tls_binding(
				p->server.tls, theirs, sizeof(theirs)));
			assert_true(b[i].n >= 12);
			assert_memory_equal(b[i].bytes, theirs, b[i].n);
		}
		close_pair(p);
		p = open_pair(cases[i][0]);
		assert_int_equal(shake(p, STR("mx.example.org")), 0);
		tls_bind(&p->io, &again);
		assert_string_equal(again.name, cases[i][1]);
		assert_true(again.n == 0 ||
		    memcmp(again.bytes, b[i].bytes, again.n) != 0);
		close_pair(p);
	}
}

static void
waiting_may_fail(void **state)
{
	(void)state;
	assert_int_equal(child_run(cannot_wait, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_agreed),
	    cmocka_unit_test(names_that_are_none),
	    cmocka_unit_test(a_second_handshake),
	    cmocka_unit_test(the_end),
	    cmocka_unit_test(writing_to_nobody),
	    cmocka_unit_test(writing_waits_for_room),
	    cmocka_unit_test(handshakes_that_fail),
	    cmocka_unit_test(f12_what_ties_a_login_to_the_channel),
	    cmocka_unit_test(waiting_may_fail),
	};
	int failed;

	(void)signal(SIGPIPE, SIG_IGN); /* OpenSSL writes; see proc_sane */
	failed = cmocka_run_group_tests_name("tls", tests, NULL, NULL);

	tls_free(NULL);
	peer_tls_end();
	return failed;
}
