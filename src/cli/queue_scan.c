/* SPDX-License-Identifier: ISC */
#include "cli/queue_scan.h"

#include <unistd.h>

struct scan {
	const struct store *store;
	const struct selector *selector;
	size_t n;
	bool (*each)(void *ctx, const struct queue_item *);
	void *ctx;
	struct queue_sum *sum;
};

static bool
selected(const struct scan *s, const struct queue_item *item)
{
	if (entry_finished(&item->env, &item->stored))
		return false;
	return select_matches(s->selector, s->n, &item->env, &item->stored);
}

static bool
look(const struct scan *s, const char *id, struct pool *p)
{
	struct queue_item item = {.id = id};
	struct err e;

	switch (entry_look(
	    s->store, id, p, &item.env, &item.stored, &item.active, &e)) {
	case LOOK_OK:
		if (!selected(s, &item))
			return true;
		s->sum->entries++;
		s->sum->octets += item.stored.size;
		return s->each(s->ctx, &item);
	case LOOK_GONE:
		return true;
	case LOOK_BROKEN:
		s->sum->broken++;
		break;
	case LOOK_VERSION:
	case LOOK_ERROR:
		s->sum->unread++;
		break;
	}
	item.wrong = e.text;
	return s->n > 0 || s->each(s->ctx, &item);
}

/*
 * Another user's is not even opened: who holds a lock can be stopped, and an
 * ordinary user can stop what he has started (J-13).
 */
static bool
is_anothers(const struct scan *s, const char *id)
{
	struct err ignored;
	uid_t owner;

	return s->store->own_only &&
	    entry_owner(s->store, id, &owner, &ignored) == LOOK_OK &&
	    owner != getuid();
}

static bool
scan_item(const struct scan *s, const struct store_item *item)
{
	struct pool p = {0};
	bool more = true;

	if ((item->has & STORE_ENV) == 0)
		s->sum->incoming += (item->has & STORE_MSG) != 0;
	else if (is_anothers(s, item->id))
		s->sum->others++;
	else
		more = look(s, item->id, &p);
	pool_free(&p);
	return more;
}

int
queue_scan(const struct store *store, const struct selector *selector, size_t n,
    bool (*each)(void *ctx, const struct queue_item *), void *ctx,
    struct queue_sum *sum, struct err *e)
{
	struct scan s = {store, selector, n, each, ctx, sum};
	struct store_item *item;
	struct pool p = {0};
	size_t items, strange;
	int result = store_list(store, &p, &item, &items, &strange, e);

	*sum = (struct queue_sum){0};
	if (result == 0)
		result = store_broken(store, &sum->broken, e);
	for (size_t i = 0; result == 0 && i < items; i++)
		if (!scan_item(&s, &item[i]))
			break;
	pool_free(&p);
	return result;
}
