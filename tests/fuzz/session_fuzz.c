/* SPDX-License-Identifier: ISC */
/*
 * The whole client session, with the server's bytes as input, and the truth
 * of what it reports: each recipient judged at most once, a delivery only
 * behind an open gate and for a 2yz, and never a bare CR or LF, nor a second
 * end of data, said.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "fuzz.h"
#include "smtp/session.h"

enum { RECIPIENTS = 3 };

struct server {
	struct str in;
	size_t chunk;
	struct buf heard; /* what the session said */
	bool gate_open;
	unsigned judged[RECIPIENTS];
};

static ssize_t
serve(void *ctx, void *p, size_t n, short *want, struct err *e)
{
	struct server *s = ctx;
	struct str piece = str_slice(s->in, 0, n < s->chunk ? n : s->chunk);

	(void)e;
	*want = 0;
	if (piece.n > 0)
		memcpy(p, piece.p, piece.n);
	s->in = str_slice(s->in, piece.n, s->in.n);
	return (ssize_t)piece.n;
}

static ssize_t
listen_to(void *ctx, const void *p, size_t n, short *want, struct err *e)
{
	struct server *s = ctx;

	(void)e;
	*want = 0;
	buf_add(&s->heard, str_of(p, n));
	return (ssize_t)n;
}

static const struct io_ops ops = {serve, listen_to, NULL};

static void
on_rcpt(void *ctx, size_t i, const struct status *status)
{
	struct server *s = ctx;

	assert(i < RECIPIENTS && s->judged[i]++ == 0);
	assert(status->outcome != OUTCOME_OPEN);
	assert(status->outcome != OUTCOME_DELIVERED ||
	    (s->gate_open && status->code / 100 == 2));
	for (size_t k = 0; k < status->text.n; k++)
		assert(status->text.p[k] >= 32 && status->text.p[k] < 127);
}

static bool
on_gate(void *ctx, size_t letter)
{
	struct server *s = ctx;

	assert(letter == 0);
	s->gate_open = true;
	return true;
}

static void
on_near(void *ctx, size_t letter)
{
	(void)ctx;
	(void)letter;
}

static void
on_log(void *ctx, struct str line)
{
	(void)ctx;
	(void)line;
}

/* Only CRLF, and at most one lone dot (a lone dot may answer a 354). */
static void
check_wire(struct str said)
{
	size_t dots = 0;

	for (size_t i = 0; i < said.n; i++) {
		assert(said.p[i] != '\0');
		if (said.p[i] == '\n')
			assert(i > 0 && said.p[i - 1] == '\r');
		if (said.p[i] == '\r')
			assert(i + 1 < said.n && said.p[i + 1] == '\n');
		if (said.p[i] == '\n' && i + 3 < said.n + 1 &&
		    str_starts(str_slice(said, i + 1, said.n), STR(".\r\n")))
			dots++;
	}
	assert(dots <= 1);
}

/* The message: made once. */
static int
message(size_t *size)
{
	static const char text[] =
	    "Subject: fuzz\r\n\r\n.dot\r\n..\r\n.\r\nend\r\n";
	static int fd = -1;

	*size = sizeof(text) - 1;
	if (fd < 0) {
		FILE *f = tmpfile();

		if (f == NULL || (fd = dup(fileno(f))) < 0 ||
		    write(fd, text, *size) != (ssize_t)*size)
			abort();
		(void)fclose(f);
	}
	return fd;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct server s = {.chunk = n ? 1 + p[0] % 64 : 1};
	struct session_hooks hooks = {
	    .rcpt = on_rcpt,
	    .gate = on_gate,
	    .at_gate = on_near,
	    .log = on_log,
	    .peer = STR("host[192.0.2.1]:25"),
	    .ctx = &s,
	};
	struct str to[RECIPIENTS] = {
	    STR("a@example.org"), STR("b@example.org"), STR("c@example.org")};
	struct letter letter = {
	    .from = STR("sender@example.net"), .to = to, .n = RECIPIENTS};
	struct errand errand = {
	    .host = STR("host"),
	    .tls = TLS_LEVEL_MAY,
	    .helo = STR("client.example"),
	    .letter = &letter,
	    .letters = 1,
	    .deadline = INT64_MAX,
	};
	struct session_end end;
	struct buf text;
	struct io *io = malloc(sizeof(*io));
	size_t size;

	if (io == NULL)
		abort();
	letter.content.fd = message(&size);
	letter.content.size = size;
	letter.content.eightbit = n > 1 && p[1] & 1;
	s.in = str_of((const char *)p + (n > 2 ? 2 : n), n > 2 ? n - 2 : 0);
	buf_init(&s.heard, 1 << 20);
	buf_init(&text, 2048);
	io_init(io, -1);
	io_layer(io, &ops, &s);
	end = session_run(io, NULL, &errand, &hooks, &text);
	for (size_t i = 0; i < RECIPIENTS; i++)
		/* Nobody is forgotten: a verdict, or the host's fault. */
		assert(s.judged[i] == 1 || end.status.outcome != OUTCOME_OPEN);
	check_wire(buf_str(&s.heard));
	buf_free(&text);
	buf_free(&s.heard);
	io_close(io);
	free(io);
	return 0;
}
