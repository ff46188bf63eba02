/* SPDX-License-Identifier: ISC */
/*
 * Address lists: what is taken can be sent, is read again as the same, and
 * holds no byte that could end a line (B-26 to B-30, B-41, B-42).
 */
#include <assert.h>

#include "base/char.h"
#include "base/key.h"
#include "fuzz.h"
#include "mail/addr.h"

static bool
same(const struct addr *a, const struct addr *b)
{
	return str_eq(a->local, b->local) && str_eq(a->domain, b->domain);
}

static void
check_domain(struct str domain)
{
	struct str label;

	if (domain.n > 0 && domain.p[0] == '[') {
		assert(domain.n > 2 && domain.p[domain.n - 1] == ']');
		for (size_t i = 0; i < domain.n; i++)
			assert(char_is_graph(domain.p[i]));
		return;
	}
	while (domain.n > 0 && str_split(&domain, '.', &label)) {
		assert(label.n > 0);
		assert(label.p[0] != '-' && label.p[label.n - 1] != '-');
		for (size_t i = 0; i < label.n; i++)
			assert(char_is_letter(label.p[i]) ||
			    char_is_digit(label.p[i]) ||
			    char_is_high(label.p[i]) || label.p[i] == '-' ||
			    label.p[i] == '_');
		assert(domain.p == NULL || domain.n > 0);
	}
}

static void
check(const struct addr *a)
{
	struct pool p = {0};
	struct addr again;
	struct err e;
	struct buf b;

	assert(a->local.p && a->domain.p && a->name.p);
	assert(key_is_utf8(a->local) && key_is_utf8(a->domain));
	for (size_t i = 0; i < a->local.n; i++)
		assert((unsigned char)a->local.p[i] >= ' ' &&
		    a->local.p[i] != 127);
	for (size_t i = 0; i < a->name.n; i++)
		assert(
		    (unsigned char)a->name.p[i] >= ' ' || a->name.p[i] == '\t');
	check_domain(a->domain);
	buf_init(&b, 1 << 20);
	addr_print(&b, a);
	assert(!b.over);
	assert(addr_one(&p, buf_str(&b), &again, &e) == 0);
	assert(same(a, &again) && again.name.n == 0);
	buf_clear(&b);
	buf_byte(&b, '<');
	addr_print(&b, a);
	buf_byte(&b, '>');
	assert(addr_one(&p, buf_str(&b), &again, &e) == 0);
	assert(same(a, &again));
	buf_free(&b);
	pool_free(&p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct str text = str_of((const char *)bytes, n);
	struct pool p = {0};
	struct addr *list;
	struct addr one;
	struct err e = {0};
	size_t count;

	if (addr_list(&p, text, 50, &list, &count, &e) == 0) {
		assert(count <= 50);
		for (size_t i = 0; i < count; i++) {
			assert(!addr_is_null(&list[i]));
			check(&list[i]);
		}
	} else {
		assert(e.kind == ERR_SYNTAX || e.kind == ERR_LIMIT);
	}
	if (addr_one(&p, text, &one, &e) == 0) {
		check(&one);
		/* One mailbox is a list of one, unless it is the null one. */
		if (!addr_is_null(&one)) {
			assert(addr_list(&p, text, 2, &list, &count, &e) == 0);
			assert(count == 1 && same(&one, &list[0]));
		}
	}
	pool_free(&p);
	return 0;
}
