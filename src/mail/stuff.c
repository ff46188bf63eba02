/* SPDX-License-Identifier: ISC */
#include "mail/stuff.h"

/* Does any byte have its high bit set?  A word at a time: it sees all mail. */
static bool
has_high(struct str s)
{
	uint64_t seen = 0;
	size_t i = 0;

	for (; i + sizeof(seen) <= s.n; i += sizeof(seen)) {
		uint64_t word;

		memcpy(&word, s.p + i, sizeof(word));
		seen |= word;
	}
	for (; i < s.n; i++)
		seen |= (uint64_t)(unsigned char)s.p[i] << 56 |
		    (unsigned char)s.p[i];
	return (seen & 0x8080808080808080U) != 0;
}

static void
end_line(struct lines *l, struct buf *out)
{
	if (l->column > l->longest)
		l->longest = l->column;
	l->column = 0;
	buf_add(out, STR("\r\n"));
}

/* Plain bytes of a line. */
static void
add(struct lines *l, struct str s, struct buf *out)
{
	l->column += s.n;
	l->high = l->high || has_high(s);
	buf_add(out, s);
}

/* The line goes on: what was held back is no end of anything. */
static void
release(struct lines *l, struct buf *out)
{
	if (l->dot)
		add(l, STR("."), out);
	l->dot = false;
	l->bare_crs += l->crs;
	for (; l->crs > 0; l->crs--) {
		if (l->header)
			add(l, STR(" "), out);
		else
			end_line(l, out);
	}
}

/* An LF, or the end of the input. */
static void
finish(struct lines *l, struct buf *out)
{
	l->crs = 0;
	l->inside = false;
	if (l->dot) {
		l->dot = false;
		l->done = true;
		return;
	}
	end_line(l, out);
}

/* The bytes up to the next one that is special. */
static struct str
plain_run(struct str in)
{
	size_t n = str_find(in, '\n');

	n = str_find(str_slice(in, 0, n), '\r');
	n = str_find(str_slice(in, 0, n), '\0');
	return str_slice(in, 0, n);
}

static void
special(struct lines *l, char c, struct buf *out)
{
	switch (c) {
	case '\n':
		finish(l, out);
		break;
	case '\r':
		l->inside = true;
		l->crs++;
		break;
	default:
		l->inside = true;
		l->nuls++;
		break;
	}
}

void
lines_feed(struct lines *l, struct str *in, struct buf *out, bool one_line)
{
	while (in->n > 0 && !l->done) {
		struct str run = plain_run(*in);
		bool lone = run.n == 1 && run.p[0] == '.' && !l->inside &&
		    !l->dots_are_data;

		if (lone) {
			l->dot = true;
			l->inside = true;
		} else if (run.n > 0) {
			release(l, out);
			add(l, run, out);
			l->inside = true;
		}
		*in = str_slice(*in, run.n, in->n);
		if (in->n == 0)
			return;

		char c = in->p[0];

		*in = str_slice(*in, 1, in->n);
		special(l, c, out);
		if (c == '\n' && one_line)
			return;
	}
}

void
lines_end(struct lines *l, struct buf *out)
{
	if (!l->done && l->inside)
		finish(l, out);
}

void
dots_feed(struct dots *d, struct str in, struct buf *out)
{
	while (in.n > 0) {
		size_t end = str_find(in, '\n');
		bool whole = end < in.n;

		if (!d->inside && in.p[0] == '.')
			buf_byte(out, '.');
		/* Go on to the next line that begins with a dot: runs of
		 * lines that do not are one copy. */
		while (whole && end + 1 < in.n && in.p[end + 1] != '.') {
			struct str rest = str_slice(in, end + 1, in.n);
			size_t next = str_find(rest, '\n');

			whole = next < rest.n;
			end += 1 + next;
		}
		end = whole ? end + 1 : in.n;
		buf_add(out, str_slice(in, 0, end));
		d->inside = in.p[end - 1] != '\n';
		in = str_slice(in, end, in.n);
	}
}

void
dots_end(struct dots *d, struct buf *out)
{
	if (d->inside)
		buf_add(out, STR("\r\n"));
	d->inside = false;
	buf_add(out, STR(".\r\n"));
}
