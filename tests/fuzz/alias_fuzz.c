/* SPDX-License-Identifier: ISC */
/*
 * Aliases: whatever the file holds, names are found again, and expansion
 * ends, in targets that can be written down (H-01 to H-07).  The input is the
 * file, and behind an empty comment, "#" alone on a line, the recipients.
 */
#include <assert.h>

#include "base/char.h"
#include "fuzz.h"
#include "route/expand.h"

enum { MAX = 200 };

static void
check_inert(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		assert(char_is_graph(text.p[i]) || text.p[i] == ' ');
}

static void
check_table(const struct aliases *a)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct alias *entry = &a->entry[i];

		assert(entry->n > 0 && entry->line > 0 && entry->name.n > 0);
		assert(alias_find(a, entry->name) == entry);
		for (size_t k = 0; k < entry->n; k++) {
			const struct alias_item *item = &entry->item[k];

			if (item->type <= ALIAS_USER)
				assert(!addr_is_null(&item->addr));
			else
				assert(item->text.n > 0);
			assert((item->type == ALIAS_ADDRESS) ==
			    (item->addr.domain.n > 0));
		}
	}
	assert(a->wrong_n <= ALIAS_WRONG_MAX);
	for (size_t i = 0; i < a->wrong_n; i++) {
		assert(i == 0 || a->wrong[i - 1].line <= a->wrong[i].line);
		check_inert(a->wrong[i].text);
	}
	assert(!a->broken || a->wrong_n > 0);
}

static void
check_target(const struct target *t, size_t n)
{
	struct buf b;

	assert(t->origin < n);
	assert(!addr_is_null(&t->addr));
	if (t->status.outcome != OUTCOME_OPEN)
		check_inert(t->status.text);
	else
		assert(t->addr.domain.n > 0);
	buf_init(&b, 1 << 22);
	addr_print(&b, &t->addr);
	assert(!b.over);
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const struct str own[] = {{"a.b", 3}, {"c", 1}};
	struct str file = str_of((const char *)bytes, n);
	struct str text = STR("a, root, b+c, postmaster, d@a.b, e@localhost");
	struct pool p = {0};
	struct aliases aliases;
	struct expand_opts opts = {
	    .aliases = &aliases,
	    .file = STR("/a"),
	    .own = own,
	    .own_n = 2,
	    .max = MAX,
	};
	struct addr *rcpt;
	struct err e;
	size_t count;

	for (size_t i = 0; i + 3 <= n; i++)
		if (memcmp(bytes + i, "\n#\n", 3) == 0) {
			text = str_slice(file, i + 3, n);
			file = str_slice(file, 0, i);
			break;
		}
	alias_parse(&aliases, file, &p);
	check_table(&aliases);
	if (addr_list(&p, text, MAX, &rcpt, &count, &e) == 0 && count > 0) {
		size_t n_out;
		struct target *t = expand(rcpt, count, &opts, &p, &n_out);

		assert(n_out > 0 && n_out <= MAX + count);
		for (size_t i = 0; i < n_out; i++)
			check_target(&t[i], count);
	}
	pool_free(&p);
	return 0;
}
