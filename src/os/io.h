/* SPDX-License-Identifier: ISC */
/*
 * A byte stream under deadlines, over a non-blocking descriptor.  TLS plugs
 * in from above by replacing the table of operations (net/tls.h).
 *
 * Every wait is a poll under an absolute deadline (base/clock.h), so that
 * the protocol above can be written as sequential code.  While output waits
 * for room, input is read into the input buffer as far as it has space: two
 * sides that both write never block each other (RFC 2920, 3.1), and a reply
 * that comes early is seen (io_pending).
 */
#ifndef OS_IO_H
#define OS_IO_H

#include "base/buf.h"
#include "base/err.h"

#include <sys/types.h>

enum { IO_IN_SIZE = 16384 };

struct io_ops {
	/*
	 * Moves up to n bytes.  > 0: so many.  0 (read only): the end of
	 * the stream.  -1: *want is POLLIN or POLLOUT when the operation has
	 * to wait for that, else 0 and *e says what is wrong (ERR_CLOSED for
	 * a lost connection).
	 */
	ssize_t (*read)(
	    void *ctx, void *p, size_t n, short *want, struct err *e);
	ssize_t (*write)(
	    void *ctx, const void *p, size_t n, short *want, struct err *e);
	/* Releases ctx; the descriptor is not touched.  May be NULL. */
	void (*done)(void *ctx);
};

struct io {
	int fd;
	const struct io_ops *ops;
	void *ctx;
	size_t from, to; /* the unread input is in[from, to) */
	bool ended;	 /* the other side sends nothing more */
	char in[IO_IN_SIZE];
};

/* Takes fd, which must be non-blocking. */
void io_init(struct io *, int fd);

/* Replaces the operations from now on; ctx belongs to the stream then. */
void io_layer(struct io *, const struct io_ops *, void *ctx);

/* Releases the operations' context and closes the descriptor.  Idempotent. */
void io_close(struct io *);

/*
 * Writes all of s before deadline.  -1: *e is ERR_TIMEOUT, ERR_CLOSED or
 * ERR_SYSTEM, and an unknown part of s was sent.
 */
int io_write(struct io *, struct str s, int64_t deadline, struct err *)
    __attribute__((warn_unused_result));

/*
 * The same, but stops when it has to wait for room and there is unread input,
 * or the other side has ended: 1, and an unknown part of s was sent.
 */
int io_write_unless_heard(struct io *, struct str s, int64_t deadline,
    struct err *) __attribute__((warn_unused_result));

/*
 * Waits until there is unread input (io_unread is not empty).  -1: *e is
 * ERR_TIMEOUT, ERR_CLOSED (end of the stream) or ERR_SYSTEM.
 */
int io_fill(struct io *, int64_t deadline, struct err *)
    __attribute__((warn_unused_result));

/* The input that was received and not yet consumed. */
struct str io_unread(const struct io *);
void io_consume(struct io *, size_t n);

/*
 * Looks, without waiting, whether input or the end of the stream has
 * arrived; true then.
 */
bool io_pending(struct io *);

#endif
