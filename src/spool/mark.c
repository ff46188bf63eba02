/* SPDX-License-Identifier: ISC */
#include "spool/mark.h"

#include <assert.h>
#include <errno.h>

#include "os/sys.h"

static const struct {
	enum mark mark;
	bool final;
	const char *word;
} table[] = {
    {MARK_WAITING, false, "waiting"},
    {MARK_SENDING, false, "sending"},
    {MARK_DOUBT, false, "doubt"},
    {MARK_DELIVERED, true, "delivered"},
    {MARK_FAILED, false, "failed"},
    {MARK_REPORTED, true, "reported"},
    {MARK_WITHDRAWN, true, "withdrawn"},
};

enum { MARKS = sizeof(table) / sizeof(table[0]) };

static size_t
row(char byte)
{
	size_t i = 0;

	while (i < MARKS && (char)table[i].mark != byte)
		i++;
	return i;
}

bool
mark_known(char byte)
{
	return row(byte) < MARKS;
}

bool
mark_final(enum mark mark)
{
	return table[row((char)mark)].final;
}

const char *
mark_word(enum mark mark)
{
	return table[row((char)mark)].word;
}

int
mark_put(const struct marks *marks, size_t i, enum mark mark, struct err *e)
{
	char byte = (char)mark;
	ssize_t put;

	if (marks->fd < 0)
		return 0;
	assert(i < marks->n);
	put = sys_pwrite(marks->fd, &byte, 1, marks->at + (int64_t)i);
	/* A write of nothing is a full disk that does not say so. */
	if (put == 0)
		errno = ENOSPC;
	return put == 1 ? 0 : err_sys(e, "cannot mark a recipient");
}

int
mark_read(int fd, const struct marks *marks, char *bytes, struct err *e)
{
	size_t n = 0;

	while (n < marks->n) {
		ssize_t got = sys_pread(
		    fd, bytes + n, marks->n - n, marks->at + (int64_t)n);

		if (got < 0)
			return err_sys(e, "cannot read the marks");
		if (got == 0)
			return err_set(e, ERR_SYNTAX, "marks are missing");
		n += (size_t)got;
	}
	for (size_t i = 0; i < n; i++)
		if (!mark_known(bytes[i]))
			return err_set(e, ERR_SYNTAX,
			    "recipient %zu has an unknown mark", i);
	return 0;
}

int
mark_sync(const struct marks *marks, struct err *e)
{
	if (marks->fd >= 0 && sys_fdatasync(marks->fd) < 0)
		return err_sys(e, "cannot write out the marks");
	return 0;
}
