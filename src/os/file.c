/* SPDX-License-Identifier: ISC */
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/code.h"
#include "os/sys.h"

enum { PIPE_WIDTH = 1 << 20 };

/* For file systems without O_TMPFILE. */
static int
make_and_unlink(const char *folder, struct err *e)
{
	struct buf path;
	uint64_t random;
	int fd = -1;

	if (sys_random(&random, sizeof(random)) < 0)
		return err_sys(e, "random bytes");
	buf_init(&path, 4096);
	buf_printf(&path, "%s/hantar-", folder);
	code_base36(&path, random, 13);
	if (path.over)
		err_set(e, ERR_LIMIT, "name of folder too long");
	else if ((fd = sys_open(path.p, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW,
		      0600)) < 0)
		err_sys(e, "cannot create %s", path.p);
	else
		(void)unlink(path.p);
	buf_free(&path);
	return fd;
}

int
file_nameless(struct err *e)
{
	const char *folder = secure_getenv("TMPDIR");
	int fd;

	if (folder == NULL || folder[0] != '/')
		folder = "/tmp";
	fd = sys_open(folder, O_RDWR | O_TMPFILE | O_EXCL, 0600);
	if (fd >= 0)
		return fd;
	if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL ||
	    errno == ENOENT)
		return make_and_unlink(folder, e);
	return err_sys(e, "cannot create a temporary file in %s", folder);
}

void
file_widen(int fd)
{
	(void)fcntl(fd, F_SETPIPE_SZ, PIPE_WIDTH);
}

int
file_write(int fd, struct str s, struct err *e)
{
	while (s.n > 0) {
		ssize_t put = sys_write(fd, s.p, s.n);

		if (put < 0)
			return err_sys(e, "writing");
		if (put == 0)
			return err_set(e, ERR_LIMIT, "writing: no progress");
		s = str_slice(s, (size_t)put, s.n);
	}
	return 0;
}

/* Reads fd to its end into b. */
static int
read_all(int fd, struct buf *b, struct err *e)
{
	for (;;) {
		size_t step = b->max - b->n < 4096 ? b->max - b->n : 4096;
		char extra = 0;
		char *room = step ? buf_room(b, step) : &extra;
		ssize_t got = sys_read(fd, room, step ? step : 1);

		if (got < 0)
			return err_sys(e, "reading");
		if (got == 0)
			return 0;
		if (step == 0)
			return err_set(
			    e, ERR_LIMIT, "larger than %zu bytes", b->max);
		buf_grew(b, (size_t)got);
	}
}

int
file_read_as(const char *path, struct buf *b, struct stat *st, struct err *e)
{
	int result = -1;
	/* O_NONBLOCK: opening a FIFO by mistake must not wait for a writer. */
	int fd = sys_open(path, O_RDONLY | O_NONBLOCK, 0);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return err_sys(e, "%s", path);
	if (sys_fstat(fd, st) < 0)
		err_sys(e, "%s", path);
	else if (!S_ISREG(st->st_mode))
		err_set(e, ERR_SYNTAX, "%s: not a regular file", path);
	else if (read_all(fd, b, e) < 0)
		err_while(e, "%s", path);
	else
		result = 1;
	sys_close(fd);
	return result;
}

int
file_read(const char *path, struct buf *b, struct err *e)
{
	struct stat ignored;

	return file_read_as(path, b, &ignored, e);
}
