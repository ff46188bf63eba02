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
#include "../lib/tls_pair.h"
#include "../lib/vtime.h"
#include "base/clock.h"
#include "os/sys.h"

static void
what_was_agreed(void **state)
{
	static const char *const versions[][2] = {
	    {"tls1.2", "TLSv1.2"}, {"tls1.3", "TLSv1.3"}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct tls_pair *p = tls_pair_open(versions[i][0], NULL);

		assert_int_equal(tls_pair_shake(p, STR("mx.example.org")), 0);
		assert_string_equal(p->proof.version, versions[i][1]);
		assert_true(p->proof.bits >= 128);
		assert_true(strlen(p->proof.cipher) > 0);
		assert_false(p->proof.verified);
		assert_true(
		    str_eq(peer_tls_sni(p->server), STR("mx.example.org")));
		assert_int_equal(clock_now(), p->start);
		tls_pair_talk(p);
		tls_pair_close(p);
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
		struct tls_pair *p = tls_pair_open("", NULL);

		assert_int_equal(tls_pair_shake(p, names[i]), 0);
		assert_int_equal(peer_tls_sni(p->server).n, 0);
		tls_pair_talk(p);
		tls_pair_close(p);
	}
}

/* One context for all conversations of a process. */
static void
a_second_handshake(void **state)
{
	struct tls_pair *first = tls_pair_open("", NULL);
	struct tls_pair *second;
	struct tls *kept;

	(void)state;
	assert_int_equal(tls_pair_shake(first, STR_NONE), 0);
	kept = first->tls;
	first->tls = NULL;
	tls_pair_close(first);
	second = tls_pair_open("", NULL);
	tls_free(second->tls);
	second->tls = kept;
	assert_int_equal(tls_pair_shake(second, STR_NONE), 0);
	tls_pair_talk(second);
	tls_pair_close(second);
}

/* E-18: the end that was announced, and the one that was not. */
static void
the_end(void **state)
{
	struct tls_pair *p = tls_pair_open("", NULL);

	(void)state;
	assert_int_equal(tls_pair_shake(p, STR_NONE), 0);
	tls_pair_talk(p);
	peer_tls_notify(p->server, &p->out);
	assert_int_equal(io_fill(&p->io, p->start + 60000, &p->e), -1);
	assert_int_equal(p->e.kind, ERR_CLOSED);
	assert_string_equal(p->e.text, "connection closed by the other side");
	tls_pair_close(p);

	p = tls_pair_open("", NULL);
	assert_int_equal(tls_pair_shake(p, STR_NONE), 0);
	tls_pair_talk(p);
	assert_int_equal(shutdown(p->fd, SHUT_WR), 0);
	assert_int_equal(io_fill(&p->io, p->start + 60000, &p->e), -1);
	assert_int_equal(p->e.kind, ERR_CLOSED);
	assert_non_null(strstr(p->e.text, "eof"));
	tls_pair_close(p);
}

/* Nobody is there any more. */
static void
writing_to_nobody(void **state)
{
	struct tls_pair *p = tls_pair_open("", NULL);

	(void)state;
	assert_int_equal(tls_pair_shake(p, STR_NONE), 0);
	tls_pair_talk(p);
	sys_close(p->fd);
	p->fd = -1;
	assert_int_equal(
	    io_write(&p->io, STR("x"), p->start + 60000, &p->e), -1);
	assert_int_equal(p->e.kind, ERR_CLOSED);
	tls_pair_close(p);
}

/* A server that takes nothing more ends the writing at the deadline. */
static void
writing_waits_for_room(void **state)
{
	struct tls_pair *p = tls_pair_open("", NULL);
	size_t n = 8 << 20;
	char *much = calloc(1, n);

	(void)state;
	assert_non_null(much);
	assert_int_equal(tls_pair_shake(p, STR_NONE), 0);
	vtime_stop();
	vtime_start(NULL, NULL);
	p->start = clock_now();
	assert_int_equal(
	    io_write(&p->io, str_of(much, n), p->start + 5000, &p->e), -1);
	assert_int_equal(p->e.kind, ERR_TIMEOUT);
	assert_int_equal(clock_now() - p->start, 5000);
	free(much);
	tls_pair_close(p);
}

/* D-11: a handshake that does not go on has its deadline. */
static void
handshakes_that_fail(void **state)
{
	struct tls_pair *p = tls_pair_open(NULL, NULL);

	(void)state;
	assert_int_equal(tls_pair_shake(p, STR_NONE), -1);
	assert_int_equal(p->e.kind, ERR_TIMEOUT);
	assert_int_equal(clock_now() - p->start, 60000);
	tls_pair_close(p);

	p = tls_pair_open(NULL, NULL);
	buf_add(&p->out, STR("220 no TLS here\r\n"));
	assert_int_equal(tls_pair_shake(p, STR_NONE), -1);
	assert_int_equal(p->e.kind, ERR_CLOSED);
	assert_memory_equal(p->e.text, "TLS: ", 5);
	assert_int_equal(clock_now(), p->start);
	tls_pair_close(p);

	p = tls_pair_open(NULL, NULL);
	assert_int_equal(shutdown(p->fd, SHUT_WR), 0);
	assert_int_equal(tls_pair_shake(p, STR_NONE), -1);
	assert_int_equal(p->e.kind, ERR_CLOSED);
	tls_pair_close(p);

	p = tls_pair_open(NULL, NULL);
	sys_close(p->fd);
	p->fd = -1;
	assert_int_equal(tls_pair_shake(p, STR_NONE), -1);
	assert_int_equal(p->e.kind, ERR_CLOSED);
	assert_non_null(strstr(p->e.text, "connection lost"));
	tls_pair_close(p);
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
	struct tls_pair *p = tls_pair_open(NULL, NULL);

	(void)arg;
	vtime_stop();
	p->start = clock_now();
	child_refuse(refusals, sizeof(refusals) / sizeof(refusals[0]));
	CHILD_CHECK(tls_pair_shake(p, STR_NONE) == -1);
	CHILD_CHECK(p->e.number == ENOMEM && strstr(p->e.text, "waiting"));
	tls_pair_close(p);
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
		struct tls_pair *p = tls_pair_open(cases[i][0], NULL);
		unsigned char theirs[64];

		tls_bind(&p->io, &b[i]);
		assert_string_equal(b[i].name, "");
		assert_int_equal(tls_pair_shake(p, STR("mx.example.org")), 0);
		tls_pair_talk(p);
		tls_bind(&p->io, &b[i]);
		assert_string_equal(b[i].name, cases[i][1]);
		if (cases[i][1][0] != '\0') {
			assert_int_equal(b[i].n,
			    peer_tls_binding(
				p->server, theirs, sizeof(theirs)));
			assert_true(b[i].n >= 12);
			assert_memory_equal(b[i].bytes, theirs, b[i].n);
		}
		tls_pair_close(p);
		p = tls_pair_open(cases[i][0], NULL);
		assert_int_equal(tls_pair_shake(p, STR("mx.example.org")), 0);
		tls_bind(&p->io, &again);
		assert_string_equal(again.name, cases[i][1]);
		assert_true(again.n == 0 ||
		    memcmp(again.bytes, b[i].bytes, again.n) != 0);
		tls_pair_close(p);
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
