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

/* before, text and after are a list of the same, and `more` others. */
static void
check_same(struct str before, struct str text, struct str after,
    const struct addr *list, size_t n, size_t more)
{
	struct pool p = {0};
	struct addr *again;
	struct err e;
	struct buf b;
	size_t count;

	buf_init(&b, 1 << 20);
	buf_add(&b, before);
	buf_add(&b, text);
	buf_add(&b, after);
	assert(addr_list(&p, buf_str(&b), n + more, &again, &count, &e) == 0);
	assert(count == n + more);
	for (size_t i = 0; i < n; i++)
		assert(same(&list[i], &again[i]));
	buf_free(&b);
	pool_free(&p);
}

/* text, with its lines joined: folding is no more than a blank. */
static void
check_unfolded(struct str text, const struct addr *list, size_t n)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != '\r' && text.p[i] != '\n')
			buf_byte(&b, text.p[i]);
	check_same(STR_NONE, buf_str(&b), STR_NONE, list, n, 0);
	buf_free(&b);
}

/* What stands around a list, and does not change it. */
static void
check_list(struct str text, const struct addr *list, size_t n)
{
	/* A line end at the very end is taken, and does not fold. */
	const struct str comment = STR("(a, b@c (\\)) ;: \r\n\t\")");

	if (text.n > 0 && text.p[text.n - 1] == '\n')
		text = str_slice(text, 0, text.n - 1);
	if (text.n > 0 && text.p[text.n - 1] == '\r')
		text = str_slice(text, 0, text.n - 1);
	check_unfolded(text, list, n);
	check_same(comment, text, comment, list, n, 0);
	check_same(STR("\r\n "), text, STR(" \r\n"), list, n, 0);
	check_same(STR(",,"), text, STR(",x@y ,,"), list, n, 1);
	if (str_find(text, ':') == text.n)
		check_same(STR("g :"), text, STR(";,"), list, n, 0);
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
		check_list(text, list, count);
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
