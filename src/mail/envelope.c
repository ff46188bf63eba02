/* SPDX-License-Identifier: ISC */
#include "mail/envelope.h"

#include <stdlib.h>

#include "base/char.h"
#include "base/code.h"

enum { ORCPT_MAX = 500 }; /* RFC 3461, 4.2 */

static int
compare(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;

	for (size_t i = 0; i < n; i++) {
		unsigned char x = (unsigned char)char_lower(a.p[i]);
		unsigned char y = (unsigned char)char_lower(b.p[i]);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return a.n < b.n ? -1 : a.n > b.n;
}

/* What stands behind the last "@", in ASCII; a bare name has none. */
static struct str
domain_of(struct str path)
{
	size_t at = path.n;

	while (at > 0 && path.p[at - 1] != '@')
		at--;
	return at > 0 ? str_slice(path, at, path.n) : STR("");
}

static bool
is_ascii(const struct recipient *r)
{
	return str_is_ascii(r->path) && str_is_ascii(r->from);
}

static int
by_destination(const void *left, const void *right)
{
	const struct recipient *a = left;
	const struct recipient *b = right;
	int order = compare(domain_of(a->path), domain_of(b->path));

	if (order == 0)
		order = (int)is_ascii(b) - (int)is_ascii(a);
	if (order == 0)
		order = (int)(a->from.p != NULL) - (int)(b->from.p != NULL);
	if (order == 0)
		order = str_compare(a->from, b->from);
	return order ? order : compare(a->path, b->path);
}

void
envelope_sort(struct envelope *env)
{
	if (env->n > 0)
		qsort(env->rcpt, env->n, sizeof(env->rcpt[0]), by_destination);
}

/* "rfc822;xtext", or "". */
static struct str
orcpt_of(struct str path, struct pool *p)
{
	struct str orcpt = STR_NONE;
	struct buf b;

	if (path.n == 0 || !str_is_ascii(path))
		return orcpt;
	buf_init(&b, ORCPT_MAX);
	buf_add(&b, STR("rfc822;"));
	code_xtext(&b, path);
	if (!b.over)
		orcpt = pool_str(p, buf_str(&b));
	buf_free(&b);
	return orcpt;
}

void
envelope_ask(struct envelope *env, unsigned notify, enum ret ret,
    struct str envid, struct pool *p)
{
	env->ret = ret;
	env->envid = envid;
	if (notify == 0 && ret == RET_UNSAID && envid.n == 0)
		return;
	for (size_t i = 0; i < env->n; i++) {
		env->rcpt[i].notify = notify;
		env->rcpt[i].orcpt = orcpt_of(env->rcpt[i].path, p);
	}
}
