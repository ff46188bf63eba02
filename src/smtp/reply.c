/* SPDX-License-Identifier: ISC */
#include "smtp/reply.h"

#include "base/code.h"
#include "base/char.h"

void
reply_init(struct reply *r)
{
	*r = (struct reply){0};
	buf_init(&r->text, REPLY_BYTES + REPLY_LINES + 1);
	buf_init(&r->line, REPLY_LINE_KEPT);
}

void
reply_free(struct reply *r)
{
	buf_free(&r->text);
	buf_free(&r->line);
}

void
reply_start(struct reply *r)
{
	r->code = 0;
	r->lines = r->bytes = 0;
	r->fault = NULL;
	buf_clear(&r->text);
	buf_clear(&r->line);
}

static enum reply_state
bad(struct reply *r, const char *fault, struct str what)
{
	r->fault = fault;
	buf_clear(&r->text);
	buf_add(&r->text, str_slice(what, 0, 200));
	return REPLY_BAD;
}

/* "ddd", then a space, a hyphen or nothing: the first digit is 2 to 5. */
static bool
read_code(struct str line, unsigned *code)
{
	if (line.n < 3 || line.p[0] < '2' || line.p[0] > '5' ||
	    !char_is_digit(line.p[1]) || !char_is_digit(line.p[2]))
		return false;
	if (line.n > 3 && line.p[3] != ' ' && line.p[3] != '-')
		return false;
	*code = (unsigned)(line.p[0] - '0') * 100 +
	    (unsigned)(line.p[1] - '0') * 10 + (unsigned)(line.p[2] - '0');
	return true;
}

static enum reply_state
take_line(struct reply *r, struct str line)
{
	unsigned code;

	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line = str_slice(line, 0, line.n - 1);
	if (!read_code(line, &code))
		return bad(r, "this is no SMTP reply", line);
	if (r->lines > 0 && code != r->code)
		return bad(r, "the code changes within a reply", line);
	if (++r->lines > REPLY_LINES)
		return bad(r, "a reply of too many lines", line);
	r->code = code;
	buf_add(&r->text, str_slice(line, 4, line.n));
	buf_byte(&r->text, '\n');
	buf_clear(&r->line);
	return line.n > 3 && line.p[3] == '-' ? REPLY_MORE : REPLY_DONE;
}

enum reply_state
reply_feed(struct reply *r, struct str *in)
{
	while (in->n > 0) {
		size_t end = str_find(*in, '\n');
		bool whole = end < in->n;
		size_t room = REPLY_LINE_KEPT - r->line.n;
		enum reply_state state;

		buf_add(&r->line, str_slice(*in, 0, end < room ? end : room));
		r->bytes += whole ? end + 1 : end;
		*in = str_slice(*in, whole ? end + 1 : end, in->n);
		if (r->bytes > REPLY_BYTES)
			return bad(r, "an endless reply", buf_str(&r->line));
		if (!whole)
			return REPLY_MORE;
		state = take_line(r, buf_str(&r->line));
		if (state != REPLY_MORE)
			return state;
	}
	return REPLY_MORE;
}

void
reply_print(struct buf *b, const struct reply *r, size_t max)
{
	struct str rest = buf_str(&r->text);
	struct str line;
	struct buf joined;

	buf_init(&joined, REPLY_BYTES + REPLY_LINES + 8);
	if (r->fault == NULL)
		buf_printf(&joined, "%u", r->code);
	while (str_split(&rest, '\n', &line)) {
		if (line.n == 0)
			continue;
		if (joined.n > 0)
			buf_byte(&joined, ' ');
		buf_add(&joined, line);
	}
	code_inert(b, buf_str(&joined), max);
	buf_free(&joined);
}
