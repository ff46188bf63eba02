/* SPDX-License-Identifier: ISC */
#include "spool/look.h"

#include <errno.h>
#include <fcntl.h>

#include "os/sys.h"
#include "spool/take.h"

bool
entry_finished(const struct envelope *env, const struct stored *stored)
{
	for (size_t i = 0; i < env->n; i++)
		if (!mark_final(stored->fate[i].mark))
			return false;
	return true;
}

/* Where the envelope was there: opens the message, if there is one. */
static enum look
open_message(struct entry *entry, struct err *e)
{
	struct stat st;

	entry->msg = sys_openat(entry->store->dir, ENTRY_NAME_OF(entry, ".msg"),
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	if (entry->msg < 0 && errno == ENOENT)
		return LOOK_OK;
	if (entry->msg < 0 || sys_fstat(entry->msg, &st) < 0) {
		err_sys(e, "%s.msg", entry->id);
		return errno == ELOOP ? LOOK_BROKEN : LOOK_ERROR;
	}
	if (store_trusts(entry->store, &st))
		return LOOK_OK;
	err_set(e, ERR_SYNTAX, "%s.msg: not to be believed", entry->id);
	return LOOK_BROKEN;
}

static enum look
look(struct entry *entry, struct pool *p, struct envelope *env,
    struct stored *stored, struct err *e)
{
	enum look found = open_message(entry, e);

	if (found != LOOK_OK)
		return found;
	switch (entry_load(entry, p, env, stored, e)) {
	case LOAD_OK:
		break;
	case LOAD_VERSION:
		err_set(e, ERR_LIMIT, "%s: of a newer version", entry->id);
		return LOOK_VERSION;
	case LOAD_BROKEN:
		return LOOK_BROKEN;
	case LOAD_ERROR:
		return LOOK_ERROR;
	}
	if (entry->msg >= 0 || entry_finished(env, stored))
		return LOOK_OK;
	err_set(e, ERR_SYNTAX, "%s.msg is missing", entry->id);
	return LOOK_BROKEN;
}

/* What is wrong may be so because it was removed under our eyes. */
static bool
is_gone(const struct entry *entry)
{
	struct stat st;

	return sys_fstatat(
		   entry->store->dir, ENTRY_NAME_OF(entry, ".env"), &st) < 0 &&
	    errno == ENOENT;
}

/* Who looks, and is stopped, holds up nobody else's mail. */
static bool
may_lock(const struct entry *entry)
{
	struct stat st;

	return sys_fstat(entry->msg, &st) == 0 &&
	    store_permits(entry->store, &st);
}

enum look
entry_look(const struct store *store, const char *id, struct pool *p,
    struct envelope *env, struct stored *stored, bool *active, struct err *e)
{
	static const enum look ends[] = {
	    [TAKE_OK] = LOOK_OK,
	    [TAKE_GONE] = LOOK_GONE,
	    [TAKE_BROKEN] = LOOK_BROKEN,
	    [TAKE_ERROR] = LOOK_ERROR,
	};
	struct entry entry;
	enum look found = ends[entry_peek(store, id, &entry, e)];

	*active = false;
	if (found == LOOK_OK)
		found = look(&entry, p, env, stored, e);
	if (found == LOOK_BROKEN && is_gone(&entry))
		found = LOOK_GONE;
	if (found == LOOK_OK && entry.msg >= 0 && may_lock(&entry))
		*active = sys_flock(entry.msg) < 0 && errno == EWOULDBLOCK;
	entry_close(&entry);
	return found;
}

enum look
entry_owner(
    const struct store *store, const char *id, uid_t *owner, struct err *e)
{
	struct entry entry = entry_named(store, id);
	struct stat st;

	if (sys_fstatat(store->dir, ENTRY_NAME_OF(&entry, ".env"), &st) == 0) {
		*owner = st.st_uid;
		return LOOK_OK;
	}
	if (errno == ENOENT)
		return LOOK_GONE;
	err_sys(e, "%s.env", id);
	return LOOK_ERROR;
}
