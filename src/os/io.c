/* SPDX-License-Identifier: ISC */
#include "os/io.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "os/sys.h"

/* What a system call's failure means for a stream. */
static ssize_t
plain_failed(short direction, short *want, struct err *e)
{
	*want = 0;
	if (errno == EAGAIN) {
		*want = direction;
		return -1;
	}
	if (errno == ECONNRESET || errno == EPIPE || errno == ETIMEDOUT)
		return err_set(
		    e, ERR_CLOSED, "connection lost: %s", strerror(errno));
	return err_sys(e, direction == POLLIN ? "receiving" : "sending");
}

static ssize_t
plain_read(void *ctx, void *p, size_t n, short *want, struct err *e)
{
	struct io *io = ctx;
	ssize_t got = sys_recv(io->fd, p, n);

	return got >= 0 ? got : plain_failed(POLLIN, want, e);
}

static ssize_t
plain_write(void *ctx, const void *p, size_t n, short *want, struct err *e)
{
	struct io *io = ctx;
	ssize_t put = sys_send(io->fd, p, n);

	return put >= 0 ? put : plain_failed(POLLOUT, want, e);
}

static const struct io_ops plain = {plain_read, plain_write, NULL};

void
io_init(struct io *io, int fd)
{
	io->fd = fd;
	io->ops = &plain;
	io->ctx = io;
	io->from = io->to = 0;
	io->ended = false;
}

void
io_layer(struct io *io, const struct io_ops *ops, void *ctx)
{
	io->ops = ops;
	io->ctx = ctx;
}

void
io_close(struct io *io)
{
	if (io->ops->done)
		io->ops->done(io->ctx);
	io->ops = &plain;
	io->ctx = io;
	sys_close(io->fd);
	io->fd = -1;
}

/*
 * One attempt to read into the free part of the input buffer.  1: something
 * came (or the stream ended); 0: nothing now, *want says what to wait for;
 * -1: lost.
 */
static int
take(struct io *io, short *want, struct err *e)
{
	*want = 0;
	if (io->from == io->to)
		io->from = io->to = 0;
	if (io->from > 0 && io->to == IO_IN_SIZE) {
		memmove(io->in, io->in + io->from, io->to - io->from);
		io->to -= io->from;
		io->from = 0;
	}
	assert(io->to < IO_IN_SIZE); /* nobody asks for what he cannot hold */
	if (io->ended)
		return 1;

	ssize_t got = io->ops->read(
	    io->ctx, io->in + io->to, IO_IN_SIZE - io->to, want, e);

	if (got < 0)
		return *want ? 0 : -1;
	if (got == 0)
		io->ended = true;
	io->to += (size_t)got;
	return 1;
}

/* Waits for events on the stream's descriptor; 1 ready, -1 otherwise. */
static int
wait_for(struct io *io, short events, int64_t deadline, struct err *e)
{
	struct pollfd p = {.fd = io->fd, .events = events};
	int ready;

	do
		ready = sys_poll(&p, 1, deadline);
	while (ready < 0 && errno == EINTR);
	/* Ready without end is no progress: the time counts all the same. */
	if (ready > 0 && clock_now() < deadline)
		return 1;
	if (ready >= 0)
		return err_set(e, ERR_TIMEOUT, "timed out");
	return err_sys(e, "waiting");
}

static int
write_all(
    struct io *io, struct str s, bool heed, int64_t deadline, struct err *e)
{
	while (s.n > 0) {
		short want;
		ssize_t put = io->ops->write(io->ctx, s.p, s.n, &want, e);

		if (put > 0) {
			s = str_slice(s, (size_t)put, s.n);
			continue;
		}
		if (put < 0 && want == 0)
			return -1;

		/* No room: read meanwhile, if there is space for it. */
		short listen =
		    !io->ended && io->to - io->from < IO_IN_SIZE ? POLLIN : 0;
		short ignored;
		struct err lost;

		if (heed && (io->from < io->to || io->ended))
			return 1;
		if (wait_for(io, (short)(want | listen), deadline, e) < 0)
			return -1;
		if (listen && take(io, &ignored, &lost) < 0) {
			*e = lost;
			return -1;
		}
	}
	return 0;
}

int
io_write(struct io *io, struct str s, int64_t deadline, struct err *e)
{
	return write_all(io, s, false, deadline, e);
}

int
io_write_unless_heard(
    struct io *io, struct str s, int64_t deadline, struct err *e)
{
	return write_all(io, s, true, deadline, e);
}

int
io_fill(struct io *io, int64_t deadline, struct err *e)
{
	while (io->from == io->to) {
		short want;
		int got = take(io, &want, e);

		if (got < 0)
			return -1;
		if (got > 0 && io->ended && io->from == io->to)
			return err_set(e, ERR_CLOSED,
			    "connection closed by the other side");
		if (got == 0 && wait_for(io, want, deadline, e) < 0)
			return -1;
	}
	return 0;
}

struct str
io_unread(const struct io *io)
{
	return str_of(io->in + io->from, io->to - io->from);
}

void
io_consume(struct io *io, size_t n)
{
	assert(n <= io->to - io->from);
	io->from += n;
}

bool
io_pending(struct io *io)
{
	short want;
	struct err lost;

	if (io->from < io->to || io->ended)
		return true;
	/* A lost connection is "something has arrived" too. */
	return take(io, &want, &lost) != 0;
}
