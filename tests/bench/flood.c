/* SPDX-License-Identifier: ISC */
/*
 * flood: writes a message of about BYTES bytes to a pipe, without being what
 * its reader has to wait for.
 *
 *	flood [-w] BYTES
 *
 * The lines have LF at their ends, and some begin with a dot; with -w they are
 * in wire form: CRLF, and these dots doubled.
 */
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { BLOCK = 1 << 20 };

static char block[BLOCK + 256];

/* Whole lines, BLOCK bytes at least; returns how many they are. */
static size_t
fill(bool wire)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789";
	size_t n = 0;

	for (unsigned i = 0; n < BLOCK; i++) {
		const char *dot = i % 64 != 0 ? "" : wire ? ".." : ".";

		n += (size_t)snprintf(block + n, sizeof(block) - n,
		    "%sline %06u: %s%s", dot, i, letters, wire ? "\r\n" : "\n");
	}
	return n;
}

/* A pipe takes the pages as they are: they do not change any more.  What is no
 * pipe gets copies. */
static void
put(const char *from, size_t n)
{
	while (n > 0) {
		struct iovec v = {(void *)(size_t)from, n};
		ssize_t w = vmsplice(STDOUT_FILENO, &v, 1, 0);

		if (w < 0)
			w = write(STDOUT_FILENO, from, n);
		if (w <= 0)
			err(1, "write");
		from += w;
		n -= (size_t)w;
	}
}

int
main(int argc, char **argv)
{
	bool wire = argc > 1 && strcmp(argv[1], "-w") == 0;
	const char *head = wire ? "Subject: much\r\n\r\n" : "Subject: much\n\n";
	size_t left;
	size_t n;

	if (argc != (wire ? 3 : 2))
		errx(2, "usage: flood [-w] BYTES");
	left = strtoull(argv[argc - 1], NULL, 10);
	(void)fcntl(STDOUT_FILENO, F_SETPIPE_SZ, BLOCK);
	n = fill(wire);
	put(head, strlen(head));
	while (left > n) {
		put(block, n);
		left -= n;
	}
	while (left > 0 && block[left - 1] != '\n')
		left--;
	put(block, left);
	return 0;
}
