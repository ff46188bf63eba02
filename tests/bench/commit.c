/* SPDX-License-Identifier: ISC */
/*
 * commit: what the disk asks for a message that is to be safe, N times:
 *
 *	commit N DIRECTORY
 *
 * a file of 2 kB and its fsync, a small one and its fsync, a rename, and the
 * fsync of the directory; nothing of it stays.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void
put(int dir, const char *name, size_t n)
{
	static const char bytes[2000];
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || fsync(fd) != 0)
		err(74, "%s", name);
	(void)close(fd);
}

int
main(int argc, char **argv)
{
	int dir;

	if (argc != 3)
		errx(64, "usage: commit N DIRECTORY");
	dir = open(argv[2], O_RDONLY | O_DIRECTORY);
	if (dir < 0)
		err(74, "%s", argv[2]);
	for (long n = strtol(argv[1], NULL, 10); n > 0; n--) {
		put(dir, "commit.msg", 2000);
		put(dir, "commit.tmp", 300);
		if (renameat(dir, "commit.tmp", dir, "commit.env") != 0 ||
		    fsync(dir) != 0 || unlinkat(dir, "commit.env", 0) != 0 ||
		    unlinkat(dir, "commit.msg", 0) != 0)
			err(74, "commit");
	}
	return 0;
}
