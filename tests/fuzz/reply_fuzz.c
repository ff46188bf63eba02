/* SPDX-License-Identifier: ISC */
/* The readers of replies, of EHLO, and of enhanced codes (D-05 to D-09, D-28).
 */
#include <assert.h>

#include "base/char.h"
#include "fuzz.h"
#include "mail/status.h"
#include "smtp/extend.h"
#include "smtp/reply.h"

/* Reads one reply in pieces of `chunk` bytes; returns how many were used. */
static size_t
read_reply(
    struct reply *r, struct str in, size_t chunk, enum reply_state *state)
{
	size_t used = 0;

	reply_start(r);
	*state = REPLY_MORE;
	while (*state == REPLY_MORE && used < in.n) {
		struct str piece = str_slice(in, used, used + chunk);
		size_t before = piece.n;

		*state = reply_feed(r, &piece);
		used += before - piece.n;
		assert(*state != REPLY_MORE || piece.n == 0);
	}
	return used;
}

/* A keyword is offered where it is the first word of a line but the first. */
static void
check_ehlo(struct str lines)
{
	static const char *const keywords[] = {
	    "PIPELINING", "8BITMIME", "SIZE", "STARTTLS", "SMTPUTF8"};
	bool offers[5] = {false};
	struct str line;
	struct extend x;
	bool first = true;

	extend_read(&x, lines);
	for (; str_split(&lines, '\n', &line); first = false) {
		line = str_trim(line);
		line = str_slice(line, 0, str_find(line, ' '));
		for (size_t i = 0; i < 5 && !first; i++)
			offers[i] =
			    offers[i] || str_ieq(line, str_c(keywords[i]));
	}
	assert(x.pipelining == offers[0] && x.eightbit == offers[1]);
	assert(x.size == offers[2] && x.starttls == offers[3]);
	assert(x.utf8 == offers[4] && (x.size_max == 0 || x.size));
}

/* The digit decides; an enhanced code of another class never does. */
static void
check_status(const struct reply *r, struct str printed)
{
	static const enum outcome outcomes[] = {[2] = OUTCOME_DELIVERED,
	    [4] = OUTCOME_DEFERRED,
	    [5] = OUTCOME_FAILED};
	struct status s;

	if (r->code / 100 == 3)
		return;
	s = status_reply(BLAME_RCPT, r->code, str_slice(printed, 4, printed.n));
	assert(s.outcome == outcomes[r->code / 100]);
	assert(s.enhanced[0] == r->code / 100 && s.code == r->code);
	assert(s.enhanced[1] < 1000 && s.enhanced[2] < 1000);
}

static void
check(const struct reply *r, enum reply_state state)
{
	struct buf text;

	assert(r->text.n <= REPLY_BYTES && r->lines <= REPLY_LINES + 1);
	buf_init(&text, 2000);
	reply_print(&text, r, 1000);
	assert(text.n <= 1000 + 8);
	for (size_t i = 0; i < text.n; i++)
		assert(text.p[i] == ' ' || char_is_graph(text.p[i]));
	check_ehlo(buf_str(&r->text));
	if (state == REPLY_DONE)
		check_status(r, buf_str(&text));
	buf_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str in = str_of((const char *)p, n);
	enum reply_state whole, pieces;
	struct reply a, b;

	reply_init(&a);
	reply_init(&b);
	for (size_t used = 1; used > 0 && in.n > 0;) {
		used = read_reply(&a, in, in.n, &whole);
		/* However it is cut, it reads the same. */
		assert(used == read_reply(&b, in, 1 + used % 7, &pieces) ||
		    whole == REPLY_BAD);
		assert(whole == pieces && a.code == b.code);
		assert(whole != REPLY_DONE || (a.code >= 200 && a.code < 600));
		assert(whole != REPLY_DONE ||
		    str_eq(buf_str(&a.text), buf_str(&b.text)));
		check(&a, whole);
		in = str_slice(in, used, in.n);
	}
	reply_free(&a);
	reply_free(&b);
	return 0;
}
