/* SPDX-License-Identifier: ISC */
#include "mail/stuff.h"

/* The CRs that are held: more than these before an LF are no line's end. */
enum { CRS_HELD = 30 };

_Static_assert(2 * CRS_HELD + 2 <= LINES_HELD, "what release may add");

/* Does any byte have its high bit set?  This sees all mail: 32 at a time. */
static bool
has_high(struct str s)
{
	uint64_t seen = 0;
	size_t i = 0;

	for (; i + 32 <= s.n; i += 32) {
		uint64_t w[4];

		memcpy(w, s.p + i, sizeof(w));
		seen |= w[0] | w[1] | w[2] | w[3];
	}
	for (; i < s.n; i++)
		seen |= (unsigned char)s.p[i];
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
	buf_add(out, s);
}

static void
release_dot(struct lines *l, struct buf *out)
{
	if (l->dot)
		add(l, STR("."), out);
	l->dot = false;
}

/* A CR that is no part of a line's end. */
static void
bare_cr(struct lines *l, struct buf *out)
{
	l->bare_crs++;
	if (l->header)
		add(l, STR(" "), out);
	else
		end_line(l, out);
}

/* The line goes on: what was held back is no end of anything. */
static void
release(struct lines *l, struct buf *out)
{
	release_dot(l, out);
	for (; l->crs > 0; l->crs--)
		bare_cr(l, out);
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

/* Bytes without CR, LF and NUL, as far as they go in this input. */
static void
text(struct lines *l, struct str s, struct buf *out)
{
	bool first = !l->inside;

	l->inside = true;
	if (first && !l->dots_are_data && s.n == 1 && s.p[0] == '.') {
		l->dot = true;
		return;
	}
	if (l->dot || l->crs > 0)
		release(l, out);
	add(l, s, out);
}

static void
special(struct lines *l, char c, struct buf *out)
{
	if (c == '\n') {
		finish(l, out);
		return;
	}
	l->inside = true;
	if (c == '\0') {
		/* A dot and a NUL are no lone dot. */
		release_dot(l, out);
		l->nuls++;
	} else if (l->crs < CRS_HELD) {
		l->crs++;
	} else {
		release_dot(l, out);
		bare_cr(l, out);
	}
}

/* The first c in [p, end), or end. */
static const char *
find(const char *p, const char *end, char c)
{
	const char *hit = memchr(p, c, (size_t)(end - p));

	return hit ? hit : end;
}

static const char *
least(const char *a, const char *b)
{
	return a < b ? a : b;
}

/*
 * Each special byte is looked for once, from where it was last seen: the
 * time is that of the input, whatever is in it.
 */
void
lines_feed(struct lines *l, struct str *in, struct buf *out, bool one_line)
{
	const char *p = in->p;
	const char *end, *lf, *cr, *nul;
	size_t taken;

	if (in->n == 0 || l->done)
		return;
	end = p + in->n;
	lf = find(p, end, '\n');
	if (one_line && lf < end)
		end = lf + 1;
	cr = find(p, end, '\r');
	nul = find(p, end, '\0');
	while (p < end && !l->done) {
		const char *stop = least(lf, least(cr, nul));

		if (stop > p)
			text(l, str_of(p, (size_t)(stop - p)), out);
		p = stop;
		if (p == end)
			break;
		special(l, *p++, out);
		if (lf < p)
			lf = find(p, end, '\n');
		if (cr < p)
			cr = find(p, end, '\r');
		if (nul < p)
			nul = find(p, end, '\0');
	}
	taken = (size_t)(p - in->p);
	l->high = l->high || has_high(str_slice(*in, 0, taken));
	*in = str_slice(*in, taken, in->n);
}

void
lines_end(struct lines *l, struct buf *out)
{
	if (!l->done && l->inside)
		finish(l, out);
}

/*
 * Dots are looked for, not lines: in base64 there are none.  A dot that
 * begins a line is sent once more from where it stands.
 */
void
dots_feed(struct dots *d, struct str in, struct buf *out)
{
	const char *p = in.p;
	const char *from = p;
	const char *end;

	if (in.n == 0)
		return;
	end = p + in.n;
	if (*p == '.' && !d->inside)
		buf_byte(out, '.');
	for (p++; p < end; p++) {
		if (*p != '.')
			p = find(p, end, '.');
		if (p == end)
			break;
		if (p[-1] != '\n')
			continue;
		buf_add(out, str_of(from, (size_t)(p - from) + 1));
		from = p;
	}
	buf_add(out, str_of(from, (size_t)(end - from)));
	d->inside = end[-1] != '\n';
	d->cr = end[-1] == '\r';
}

void
dots_end(struct dots *d, struct buf *out)
{
	if (d->inside && !d->cr)
		buf_byte(out, '\r');
	if (d->inside)
		buf_byte(out, '\n');
	*d = (struct dots){0};
	buf_add(out, STR(".\r\n"));
}
