/* SPDX-License-Identifier: ISC */
#include "spool/sweep.h"

#include <errno.h>

#include "os/sys.h"
#include "spool/load.h"
#include "spool/take.h"

struct sweeper {
	void (*say)(void *ctx, const char *text);
	void *ctx;
	struct swept *swept;
};

static void
leave(struct sweeper *s, struct entry *entry, const struct err *why)
{
	if (why)
		s->say(s->ctx, why->text);
	s->swept->left++;
	entry_close(entry);
}

static void
set_aside(struct sweeper *s, struct entry *entry, struct err *why)
{
	struct err e;

	if (entry_aside(entry, &e) < 0) {
		leave(s, entry, &e);
		return;
	}
	err_while(why, "set aside");
	s->say(s->ctx, why->text);
	s->swept->aside++;
}

/* Is there nothing to be done for anybody any more? */
static bool
all_final(const struct envelope *env, const struct stored *stored)
{
	for (size_t i = 0; i < env->n; i++)
		if (!mark_final(stored->fate[i].mark))
			return false;
	return true;
}

/* An envelope whose message is gone. */
static void
sweep_lost(struct sweeper *s, struct entry *entry)
{
	struct envelope env;
	struct stored stored;
	struct pool p = {0};
	struct err e;
	enum load loaded = entry_load(entry, &p, &env, &stored, &e);

	if (loaded == LOAD_VERSION) {
		err_set(
		    &e, ERR_SYNTAX, "%s.env: of another version", entry->id);
		leave(s, entry, &e);
	} else if (loaded == LOAD_ERROR) {
		leave(s, entry, &e);
	} else if (loaded == LOAD_OK && all_final(&env, &stored)) {
		if (entry_remove(entry, &e) < 0)
			leave(s, entry, &e);
		else
			s->swept->removed++;
	} else {
		if (loaded == LOAD_OK)
			err_set(&e, ERR_SYNTAX, "%s.msg is missing", entry->id);
		set_aside(s, entry, &e);
	}
	pool_free(&p);
}

static void
sweep_entry(struct sweeper *s, const struct store *store, const char *id)
{
	struct entry entry;
	struct err e;

	switch (entry_take(store, id, &entry, &e)) {
	case TAKE_BARE:
		entry_discard(&entry);
		s->swept->removed++;
		break;
	case TAKE_LOST:
		sweep_lost(s, &entry);
		break;
	case TAKE_BROKEN:
		set_aside(s, &entry, &e);
		break;
	case TAKE_ERROR:
		leave(s, &entry, &e);
		break;
	case TAKE_BUSY:
		leave(s, &entry, NULL);
		break;
	case TAKE_OK: /* it has come to be in the meantime */
	case TAKE_GONE:
		entry_close(&entry);
		break;
	}
}

/* ID.tmp is made after ID.msg, and goes before it. */
static void
sweep_tmp(struct sweeper *s, const struct store *store, const char *id)
{
	struct entry entry = entry_named(store, id);
	struct stat st;

	if (sys_fstatat(store->dir, ENTRY_NAME_OF(&entry, ".msg"), &st) == 0 ||
	    errno != ENOENT)
		s->swept->left++;
	else if (sys_unlinkat(store->dir, ENTRY_NAME_OF(&entry, ".tmp")) == 0)
		s->swept->removed++;
}

void
sweep(const struct store *store, const struct store_item *item, size_t n,
    void (*say)(void *ctx, const char *text), void *ctx, struct swept *swept)
{
	struct sweeper s = {say, ctx, swept};

	*swept = (struct swept){0};
	for (size_t i = 0; i < n; i++)
		if (item[i].has == STORE_TMP)
			sweep_tmp(&s, store, item[i].id);
		else if ((item[i].has & STORE_MSG) == 0 ||
		    (item[i].has & STORE_ENV) == 0)
			sweep_entry(&s, store, item[i].id);
}
