/* SPDX-License-Identifier: ISC */
#include "tls_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "base/clock.h"
#include "os/sys.h"
#include "vtime.h"

bool
tls_pair_serve(struct tls_pair *p)
{
	char block[8192];
	ssize_t got = recv(p->fd, block, sizeof(block), MSG_DONTWAIT);
	bool moved = got > 0;

	if (got > 0 && p->server)
		p->ready = peer_tls_feed(p->server, str_of(block, (size_t)got),
			       &p->plain, &p->out) == PEER_TLS_READY;
	else if (got > 0)
		buf_add(&p->plain, str_of(block, (size_t)got));
	if (got > 0 && p->answer)
		p->answer(p);
	if (p->out.n > 0) {
		moved = true;
		assert_int_equal(
		    send(p->fd, p->out.p, p->out.n, MSG_NOSIGNAL), p->out.n);
		buf_clear(&p->out);
	}
	return moved;
}

static bool
idle(void *ctx, int64_t *next)
{
	(void)next;
	return tls_pair_serve(ctx);
}

struct tls_pair *
tls_pair_open(const char *options, const struct demand *demand)
{
	struct tls_pair *p = calloc(1, sizeof(*p));
	int fds[2];

	assert_non_null(p);
	if (options) {
		p->server = peer_tls_new(STR("mx.example.org"), str_c(options));
		if (p->server == NULL) {
			free(p);
			return NULL;
		}
	}
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	buf_init(&p->plain, 1 << 20);
	buf_init(&p->out, 1 << 20);
	p->fd = fds[1];
	io_init(&p->io, fds[0]);
	p->tls = tls_new(demand, &p->e);
	if (p->tls == NULL)
		fail_msg("tls_new: %s", p->e.text);
	vtime_start(idle, p);
	p->start = clock_now();
	return p;
}

int
tls_pair_shake(struct tls_pair *p, struct str name)
{
	return tls_start(p->tls, &p->io, name, STR_NONE, p->start + TLS_PAIR_MS,
	    &p->proof, &p->e);
}

void
tls_pair_say(struct tls_pair *p, struct str text)
{
	if (p->server)
		peer_tls_say(p->server, text, &p->out);
	else
		buf_add(&p->out, text);
}

void
tls_pair_talk(struct tls_pair *p)
{
	int64_t deadline = p->start + TLS_PAIR_MS;

	buf_clear(&p->plain);
	assert_int_equal(io_write(&p->io, STR("EHLO"), deadline, &p->e), 0);
	(void)tls_pair_serve(p);
	assert_true(str_eq(buf_str(&p->plain), STR("EHLO")));
	tls_pair_say(p, STR("250 ok\r\n"));
	assert_int_equal(io_fill(&p->io, deadline, &p->e), 0);
	assert_true(str_eq(io_unread(&p->io), STR("250 ok\r\n")));
	io_consume(&p->io, 8);
}

void
tls_pair_close(struct tls_pair *p)
{
	assert_int_equal(vtime_stuck(), 0);
	vtime_stop();
	io_close(&p->io);
	tls_free(p->tls);
	sys_close(p->fd);
	peer_tls_free(p->server);
	buf_free(&p->plain);
	buf_free(&p->out);
	free(p);
}
