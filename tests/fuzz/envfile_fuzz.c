/* SPDX-License-Identifier: ISC */
/* The text of an envelope: what is taken is written again as it was. */
#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "fuzz.h"
#include "spool/envfile.h"

/* But for the marks and counts, which are new, and what is appended. */
static void
check_same(struct str text, const struct envelope *env, struct stored *s)
{
	size_t head = (size_t)s->marks - 6;
	struct stored again = *s;
	struct buf b;
	struct err e;

	buf_init(&b, ENVFILE_HEAD);
	assert(envfile_write(&b, env, &again, &e) == 0);
	assert(again.marks == s->marks && b.n <= text.n);
	assert(memcmp(b.p, text.p, head) == 0);
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str text = str_of((const char *)p, n);
	struct envelope env = {0};
	struct pool pool = {0};
	struct stored s;
	struct err e;

	if (envfile_read(text, &pool, &env, &s, &e) == ENVFILE_OK) {
		assert(env.n > 0 && env.n <= ENVFILE_RCPTS && s.whole <= n);
		for (size_t i = 0; i < env.n; i++) {
			assert(mark_known((char)s.fate[i].mark));
			assert(env.rcpt[i].path.n > 0);
			assert(s.fate[i].doubts <= ENVFILE_DOUBTS);
		}
		check_same(text, &env, &s);
	}
	pool_free(&pool);
	return 0;
}
