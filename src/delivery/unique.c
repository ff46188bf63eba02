/* SPDX-License-Identifier: ISC */
#include "delivery/unique.h"

#include <stdlib.h>

#include "base/char.h"
#include "os/idn.h"

enum { ADDRESS_MAX = 1 << 20 };

/* Appends the domain in ASCII, or as it is where it has no such form. */
static void
put_domain(struct buf *b, struct str domain)
{
	size_t before = b->n;
	bool ascii = true;
	struct err e;

	for (size_t i = 0; i < domain.n; i++)
		ascii = ascii && !char_is_high(domain.p[i]);
	if (ascii || idn_ascii(b, domain, &e) < 0) {
		buf_cut(b, before);
		buf_add(b, domain);
	}
}

void
unique_path(struct buf *b, const struct addr *a)
{
	struct addr ascii = *a;
	struct buf domain;

	buf_init(&domain, ADDRESS_MAX);
	put_domain(&domain, a->domain);
	ascii.domain = buf_str(&domain);
	addr_print(b, &ascii);
	buf_free(&domain);
}

/* One address while duplicates are looked for. */
struct entry {
	struct str mailbox; /* the same for the same mailbox */
	size_t at;
};

static int
by_mailbox(const void *left, const void *right)
{
	const struct entry *a = left;
	const struct entry *b = right;
	int order = str_compare(a->mailbox, b->mailbox);

	if (order != 0)
		return order;
	return a->at < b->at ? -1 : a->at > b->at;
}

/* b is scratch space. */
static struct entry
make_entry(struct buf *b, const struct addr *a, size_t at, struct pool *p)
{
	buf_clear(b);
	put_domain(b, a->domain);
	for (size_t i = 0; i < b->n; i++)
		b->p[i] = char_lower(b->p[i]);
	buf_byte(b, '\0'); /* in no domain: what follows is the local part */
	buf_add(b, a->local);
	return (struct entry){pool_str(p, buf_str(b)), at};
}

/*
 * Sorts the n + m addresses of two lists and sets gone[i], for i among the
 * first n, where the address is there before, or at all among the others.
 */
static bool *
find_gone(const struct addr *const *list, size_t n, size_t m, struct pool *p)
{
	struct entry *entry = pool_array(p, n + m, sizeof(*entry));
	bool *gone = pool_array(p, n + m, sizeof(*gone));
	size_t first = 0;
	struct buf b;

	buf_init(&b, ADDRESS_MAX);
	for (size_t i = 0; i < n + m; i++)
		entry[i] = make_entry(&b, list[i], i, p);
	buf_free(&b);
	qsort(entry, n + m, sizeof(*entry), by_mailbox);
	for (size_t i = 0; i < n + m; i++) {
		if (!str_eq(entry[i].mailbox, entry[first].mailbox))
			first = i;
		/* The last of its mailbox knows whether the others have it. */
		if (i + 1 < n + m &&
		    str_eq(entry[i + 1].mailbox, entry[i].mailbox))
			continue;
		for (size_t k = first; k <= i; k++)
			gone[entry[k].at] = k > first || entry[i].at >= n;
	}
	return gone;
}

static const struct addr **
list_of(const struct envelope *env, const struct addr *more, size_t n,
    struct pool *p)
{
	const struct addr **list = pool_array(p, env->n + n, sizeof(*list));

	for (size_t i = 0; i < env->n; i++)
		list[i] = &env->rcpt[i].addr;
	for (size_t i = 0; i < n; i++)
		list[env->n + i] = &more[i];
	return list;
}

void
unique_add(
    struct envelope *env, const struct addr *more, size_t n, struct pool *p)
{
	const struct addr **list = list_of(env, more, n, p);
	const bool *gone = find_gone(list, env->n + n, 0, p);
	struct recipient *all = pool_array(p, env->n + n, sizeof(*all));
	size_t kept = 0;

	for (size_t i = 0; i < env->n + n; i++)
		if (!gone[i])
			all[kept++].addr = *list[i];
	env->rcpt = all;
	env->n = kept;
}

/* Takes away those that are gone. */
static void
shrink(struct envelope *env, const bool *gone)
{
	size_t kept = 0;

	for (size_t i = 0; i < env->n; i++)
		if (!gone[i])
			env->rcpt[kept++] = env->rcpt[i];
	env->n = kept;
}

void
unique_remove(
    struct envelope *env, const struct addr *less, size_t n, struct pool *p)
{
	shrink(env, find_gone(list_of(env, less, n, p), env->n, n, p));
}

void
unique_once(struct envelope *env, struct pool *p)
{
	shrink(env, find_gone(list_of(env, NULL, 0, p), env->n, 0, p));
}
