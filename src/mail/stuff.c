/* SPDX-License-Identifier: ISC */
#include "mail/stuff.h"

/* The CRs that are held: more than these before an LF are no line's end. */
enum { CRS_HELD = 30 };

_Static_assert(2 * CRS_HELD + 2 <= LINES_HELD, "what release may add");

/* What the processor takes at a time; gcc makes nothing like it of a loop. */
typedef uint64_t lanes __attribute__((vector_size(16)));

/* Does any byte have its high bit set?  This sees all mail. */
static bool
has_high(struct str s)
{
	lanes seen = {0};
	uint64_t all = 0;
	size_t i = 0;

	for (; i + 4 * sizeof(lanes) <= s.n; i += 4 * sizeof(lanes)) {
		lanes w[4];

		memcpy(w, s.p + i, sizeof(w));
		seen |= (w[0] | w[1]) | (w[2] | w[3]);
	}
	for (; i < s.n; i++)
		all |= (unsigned char)s.p[i];
	all |= seen[0] | seen[1];
	return (all & 0x8080808080808080U) != 0;
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
		add(l, STR("\r"), out);
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
 * The input from p on, and where in it the next of each special byte is (end:
 * nowhere).  Each is looked for once, from where it was last seen: the time is
 * that of the input, whatever is in it.
 */
struct scan {
	const char *p, *end;
	const char *lf, *cr, *nul;
};

static void
go_to(struct scan *s, const char *p)
{
	s->p = p;
	if (s->lf < p)
		s->lf = find(p, s->end, '\n');
	if (s->cr < p)
		s->cr = find(p, s->end, '\r');
	if (s->nul < p)
		s->nul = find(p, s->end, '\0');
}

/*
 * From the start of a line: whole lines of the kind that nearly all are, with
 * LF or CRLF at the end, no other special byte, and more than a dot.  What is
 * done for a line here is what bulk costs.
 */
static void
whole_lines(struct lines *l, struct scan *s, struct buf *out)
{
	/* A line gets one octet longer, and had one at least. */
	char *room = buf_room(out, 2 * (size_t)(s->end - s->p));
	char *to = room;

	while (room && s->lf < s->end && s->nul > s->lf) {
		const char *end = least(s->cr, s->lf);
		size_t n = (size_t)(end - s->p);

		if (end != s->lf && end + 1 != s->lf)
			break;
		if (n == 1 && *s->p == '.' && !l->dots_are_data)
			break;
		if (n > l->longest)
			l->longest = n;
		memcpy(to, s->p, n);
		to[n] = '\r';
		to[n + 1] = '\n';
		to += n + 2;
		go_to(s, s->lf + 1);
	}
	if (room)
		buf_grew(out, (size_t)(to - room));
}

/* The text up to the next special byte, and that. */
static void
part_of_line(struct lines *l, struct scan *s, struct buf *out)
{
	const char *stop = least(s->lf, least(s->cr, s->nul));

	if (stop > s->p)
		text(l, str_of(s->p, (size_t)(stop - s->p)), out);
	s->p = stop;
	if (stop == s->end)
		return;
	special(l, *stop, out);
	go_to(s, stop + 1);
}

void
lines_feed(struct lines *l, struct str *in, struct buf *out, bool one_line)
{
	struct scan s;
	size_t taken;

	if (in->n == 0 || l->done)
		return;
	s.p = in->p;
	s.end = in->p + in->n;
	s.lf = find(s.p, s.end, '\n');
	if (one_line && s.lf < s.end)
		s.end = s.lf + 1;
	s.cr = find(s.p, s.end, '\r');
	s.nul = find(s.p, s.end, '\0');
	while (s.p < s.end && !l->done) {
		if (!l->inside)
			whole_lines(l, &s, out);
		if (s.p < s.end)
			part_of_line(l, &s, out);
	}
	taken = (size_t)(s.p - in->p);
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
