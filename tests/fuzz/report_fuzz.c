/* SPDX-License-Identifier: ISC */
/*
 * A report, as an agent that has gone over to the other side writes it: the
 * stream is cut into its lines, and a line that is taken is of the form and
 * prints as itself.
 */
#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "agent/report.h"
#include "fuzz.h"

enum { STREAM_MAX = 32768 }; /* what a pipe surely takes */

static void
check_line(struct str line)
{
	struct record r;
	struct buf back;
	struct err e;

	if (report_parse(line, &r, &e) < 0) {
		assert(e.kind == ERR_PEER);
		return;
	}
	assert(r.kind < RECORD_KINDS && line.n < REPORT_LINE);
	buf_init(&back, REPORT_LINE);
	report_format(&back, &r);
	/* But for an enhanced code with leading zeros, and long texts. */
	if (r.text.n + r.status.text.n < REPORT_TEXT - 8) {
		struct record again;

		buf_cut(&back, back.n - 1);
		assert(report_parse(buf_str(&back), &again, &e) == 0);
		assert(back.n <= line.n);
		assert(str_eq(again.text, r.text));
		assert(str_eq(again.status.text, r.status.text));
		assert(str_eq(again.name, r.name) && again.id == r.id);
	}
	buf_free(&back);
}

/* The stream, as far as it has not been handed over. */
static void
on_line(void *ctx, struct str line)
{
	struct str *rest = ctx;
	struct str expected;

	assert(str_find(*rest, '\n') < rest->n);
	assert(str_split(rest, '\n', &expected));
	assert(str_eq(line, expected) && line.n < REPORT_LINE);
}

/*
 * The stream through a pipe, in two pieces: what is whole comes whole, and a
 * line that is too long is the end.
 */
static void
check_stream(struct str stream)
{
	size_t half = stream.n / 2;
	struct str piece[2] = {
	    str_slice(stream, 0, half), str_slice(stream, half, stream.n)};
	struct report_reader reader;
	struct str rest = stream;
	struct err e;
	int ends[2];
	int left = 0;
	int more = 1;

	if (pipe2(ends, O_NONBLOCK) < 0)
		abort();
	report_reader_init(&reader);
	for (size_t i = 0; i < 2; i++) {
		if (write(ends[1], piece[i].p, piece[i].n) !=
		    (ssize_t)piece[i].n)
			abort();
		while (more == 1 && ioctl(ends[0], FIONREAD, &left) == 0 &&
		    left > 0)
			more =
			    report_read(&reader, ends[0], on_line, &rest, &e);
	}
	assert(more == 1 || (more == -1 && e.kind == ERR_PEER));
	if (more == 1)
		assert(str_find(rest, '\n') == rest.n);
	else
		assert(str_find(rest, '\n') >= REPORT_LINE);
	report_reader_free(&reader);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str stream = str_of((const char *)p, n);
	struct str rest = stream;
	struct str line;

	if (n > STREAM_MAX)
		return 0;
	while (str_split(&rest, '\n', &line))
		check_line(line);
	if (str_find(stream, '\n') < n)
		check_stream(stream);
	return 0;
}
