/* SPDX-License-Identifier: ISC */
/* The reply reader and the EHLO reader (D-05 to D-09). */
#include <assert.h>

#include "fuzz.h"
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

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str in = str_of((const char *)p, n);
	enum reply_state whole, pieces;
	struct reply a, b;
	struct extend x;
	struct buf text;

	reply_init(&a);
	reply_init(&b);
	buf_init(&text, 2000);
	for (size_t used = 1; used > 0 && in.n > 0;) {
		used = read_reply(&a, in, in.n, &whole);
		/* However it is cut, it reads the same. */
		assert(used == read_reply(&b, in, 1 + used % 7, &pieces) ||
		    whole == REPLY_BAD);
		assert(whole == pieces && a.code == b.code);
		assert(whole != REPLY_DONE || (a.code >= 200 && a.code < 600));
		buf_clear(&text);
		reply_print(&text, &a, 1000);
		for (size_t i = 0; i < text.n; i++)
			assert(text.p[i] >= 32 && text.p[i] < 127);
		extend_read(&x, buf_str(&a.text));
		in = str_slice(in, used, in.n);
	}
	buf_free(&text);
	reply_free(&a);
	reply_free(&b);
	return 0;
}
