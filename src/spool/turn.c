/* SPDX-License-Identifier: ISC */
#include "spool/turn.h"

#include <errno.h>
#include <fcntl.h>

#include "os/sys.h"

static const char runner[] = "runner";
static const char again = 'r';
static const char once = 'b';

/* Opens the file; where another makes it at the same time, his. */
static int
open_runner(const struct store *s)
{
	enum { FLAGS = O_RDWR | O_NOFOLLOW | O_NONBLOCK };
	int fd = sys_openat(s->dir, runner, FLAGS, 0);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	fd = store_make(s, runner);
	return fd < 0 && errno == EEXIST ? sys_openat(s->dir, runner, FLAGS, 0)
					 : fd;
}

enum turn
turn_take(const struct store *s, int *fd, struct err *e)
{
	*fd = open_runner(s);
	if (*fd >= 0 && sys_flock(*fd) == 0)
		return TURN_MINE;
	err_sys(e, "whose turn it is to run the queue");
	sys_close(*fd);
	*fd = -1;
	return errno == EWOULDBLOCK ? TURN_TAKEN : TURN_ERROR;
}

void
turn_end(int *fd)
{
	sys_close(*fd);
	*fd = -1;
}

void
turn_sign(int fd, bool comes_again)
{
	/* Unsigned, nobody is expected to come again: too many then run the
	 * queue, and never too few. */
	ssize_t ignored = sys_pwrite(fd, comes_again ? &again : &once, 1, 0);

	(void)ignored;
}

bool
turn_stale(const struct store *s, int64_t now)
{
	struct err ignored;
	int64_t run = store_stamped(s, &ignored);

	/* A time to come is that of a clock that was put back since. */
	return run <= 0 || now - run > TURN_STALE || run - now > TURN_STALE;
}

bool
turn_regular(const struct store *s, int fd, int64_t now)
{
	char sign;

	return sys_pread(fd, &sign, 1, 0) == 1 && sign == again &&
	    !turn_stale(s, now);
}
