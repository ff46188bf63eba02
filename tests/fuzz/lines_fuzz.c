/* SPDX-License-Identifier: ISC */
/*
 * Lines and dots: however the input is cut, the result is the same wire form,
 * and what is sent holds its one end of data at the end (B-01 to B-05, D-42
 * to D-44).  The first byte is the mode, the second the size of the pieces.
 */
#include <assert.h>

#include "fuzz.h"
#include "mail/head.h"
#include "mail/stuff.h"

enum { ROOM = 1 << 20 };

static void
read_lines(struct lines *l, struct str in, size_t chunk, bool one_line,
    struct buf *out)
{
	while (in.n > 0 && !l->done) {
		struct str piece = str_slice(in, 0, chunk);
		size_t before = piece.n;
		size_t had = out->n;

		lines_feed(l, &piece, out, one_line);
		assert(before > piece.n);
		assert(out->n - had <= 2 * (before - piece.n) + LINES_HELD);
		in = str_slice(in, before - piece.n, in.n);
	}
	lines_end(l, out);
	assert(!out->over);
}

static void
check_wire(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		assert(s.p[i] != '\0');
		if (s.p[i] == '\r')
			assert(i + 1 < s.n && s.p[i + 1] == '\n');
		if (s.p[i] == '\n')
			assert(i > 0 && s.p[i - 1] == '\r');
	}
	assert(s.n == 0 || s.p[s.n - 1] == '\n');
}

/* As RFC 5321, 4.5.2, has it; nothing may follow the end. */
static void
receive(struct str sent, struct buf *got)
{
	check_wire(sent);
	for (;;) {
		struct str line = str_slice(sent, 0, str_find(sent, '\n') + 1);

		assert(sent.n > 0);
		sent = str_slice(sent, line.n, sent.n);
		if (str_eq(line, STR(".\r\n")))
			break;
		buf_add(got, str_slice(line, line.p[0] == '.', line.n));
	}
	assert(sent.n == 0);
}

static void
check_dots(struct str content, size_t chunk)
{
	struct str in = content;
	struct dots d = {0};
	struct buf sent, got;

	buf_init(&sent, 2 * ROOM);
	buf_init(&got, ROOM);
	while (in.n > 0) {
		struct str piece = str_slice(in, 0, chunk);

		dots_feed(&d, piece, &sent);
		in = str_slice(in, piece.n, in.n);
	}
	dots_end(&d, &sent);
	receive(buf_str(&sent), &got);
	assert(str_eq(buf_str(&got), content));
	buf_free(&sent);
	buf_free(&got);
}

/* Wire form is wire form already. */
static void
check_again(struct str wire)
{
	struct lines l = {.dots_are_data = true};
	struct buf b;

	buf_init(&b, ROOM);
	read_lines(&l, wire, wire.n + 1, false, &b);
	assert(str_eq(buf_str(&b), wire));
	assert(l.nuls == 0 && l.bare_crs == 0);
	buf_free(&b);
}

/* Where no byte is odd, the wire form is the lines up to a lone dot. */
static void
check_plain(const struct lines *l, struct str in, struct str wire)
{
	struct str line;
	struct buf b;

	if (l->nuls > 0 || str_find(in, '\r') < in.n)
		return;
	buf_init(&b, ROOM);
	while (in.n > 0 && str_split(&in, '\n', &line)) {
		if (str_eq(line, STR(".")) && !l->dots_are_data)
			break;
		buf_add(&b, line);
		buf_add(&b, STR("\r\n"));
	}
	assert(str_eq(buf_str(&b), wire));
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct lines whole = {0};
	struct lines pieces;
	struct str in;
	struct buf a, b;
	size_t chunk;

	if (n < 2 || n > ROOM / 4)
		return 0;
	in = str_of((const char *)p + 2, n - 2);
	whole.dots_are_data = p[0] & 1;
	whole.header = p[0] & 2;
	pieces = whole;
	chunk = 1 + p[1] % 97;
	buf_init(&a, ROOM);
	buf_init(&b, ROOM);
	read_lines(&whole, in, n, false, &a);
	read_lines(&pieces, in, chunk, p[0] & 4, &b);
	assert(str_eq(buf_str(&a), buf_str(&b)));
	assert(whole.done == pieces.done && whole.high == pieces.high);
	assert(whole.nuls == pieces.nuls && whole.longest == pieces.longest);
	assert(whole.bare_crs == pieces.bare_crs);
	if (whole.header) {
		buf_clear(&b);
		head_body_line(&b, buf_str(&a));
	}
	check_wire(buf_str(&b));
	check_again(buf_str(&b));
	check_plain(&whole, in, buf_str(&b));
	check_dots(buf_str(&b), chunk);
	buf_free(&a);
	buf_free(&b);
	return 0;
}
