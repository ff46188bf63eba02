/* SPDX-License-Identifier: ISC */
#include "spool/take.h"

#include <errno.h>
#include <fcntl.h>

#include "base/buf.h"
#include "base/code.h"
#include "os/sys.h"

/* A FIFO by that name must not wait for its other end. */
enum { SAFE = O_NOFOLLOW | O_NONBLOCK };

static int
open_file(const struct entry *entry, const char *kind, int how)
{
	return sys_openat(
	    entry->store->dir, ENTRY_NAME_OF(entry, kind), how | SAFE, 0);
}

/* Why a file that has a name cannot be opened. */
static enum take
no_open(const struct entry *entry, const char *kind, struct err *e)
{
	bool odd = errno == ELOOP || errno == EISDIR || errno == ENXIO;

	err_sys(e, "%s%s", entry->id, kind);
	return odd ? TAKE_BROKEN : TAKE_ERROR;
}

static enum take
check_file(const struct entry *entry, const char *kind, int fd, struct err *e)
{
	struct stat st;

	if (sys_fstat(fd, &st) < 0)
		return no_open(entry, kind, e);
	if (store_trusts(entry->store, &st))
		return TAKE_OK;
	err_set(e, ERR_SYNTAX,
	    "%s%s: not to be believed: mode 0%o, %lu links, owner %lu, "
	    "group %lu",
	    entry->id, kind, (unsigned)st.st_mode, (unsigned long)st.st_nlink,
	    (unsigned long)st.st_uid, (unsigned long)st.st_gid);
	return TAKE_BROKEN;
}

/* It is another's, and we may not even lock it. */
static enum take
check_owner(const struct entry *entry, const char *kind, int fd, struct err *e)
{
	struct stat st;

	if (sys_fstat(fd, &st) == 0) {
		if (store_permits(entry->store, &st))
			return TAKE_OK;
		errno = EPERM;
	}
	err_sys(e, "%s%s", entry->id, kind);
	return TAKE_ERROR;
}

/* An envelope without a message. */
static enum take
take_lost(struct entry *entry, struct err *e)
{
	enum take found;
	struct stat st;

	entry->env = open_file(entry, ".env", O_RDWR);
	if (entry->env < 0)
		return errno == ENOENT ? TAKE_GONE : no_open(entry, ".env", e);
	found = check_owner(entry, ".env", entry->env, e);
	if (found != TAKE_OK)
		return found;
	/* It may have come to be while we looked. */
	if (sys_fstatat(entry->store->dir, ENTRY_NAME_OF(entry, ".msg"), &st) ==
	    0)
		return TAKE_BUSY;
	if (errno != ENOENT)
		return no_open(entry, ".msg", e);
	found = check_file(entry, ".env", entry->env, e);
	return found == TAKE_OK ? TAKE_LOST : found;
}

static enum take
take_envelope(struct entry *entry, struct err *e)
{
	enum take found;

	entry->env = open_file(entry, ".env", O_RDWR);
	if (entry->env < 0)
		return errno == ENOENT ? TAKE_BARE : no_open(entry, ".env", e);
	found = check_file(entry, ".msg", entry->msg, e);
	if (found == TAKE_OK)
		found = check_file(entry, ".env", entry->env, e);
	if (found != TAKE_OK)
		return found;
	return entry_open_marks(entry, ".env", e) < 0 ? TAKE_ERROR : TAKE_OK;
}

enum take
entry_take(const struct store *store, const char *id, struct entry *entry,
    struct err *e)
{
	enum take found;

	*entry = entry_named(store, id);
	entry->msg = open_file(entry, ".msg", O_RDWR);
	if (entry->msg < 0)
		return errno == ENOENT ? take_lost(entry, e)
				       : no_open(entry, ".msg", e);
	found = check_owner(entry, ".msg", entry->msg, e);
	if (found != TAKE_OK)
		return found;
	if (sys_flock(entry->msg) < 0)
		return errno == EWOULDBLOCK ? TAKE_BUSY
					    : no_open(entry, ".msg", e);
	if (!entry_leads(entry, ".msg", entry->msg))
		return errno == ENOENT ? TAKE_GONE : no_open(entry, ".msg", e);
	return take_envelope(entry, e);
}

enum take
entry_peek(const struct store *store, const char *id, struct entry *entry,
    struct err *e)
{
	*entry = entry_named(store, id);
	entry->env = open_file(entry, ".env", O_RDONLY);
	if (entry->env < 0)
		return errno == ENOENT ? TAKE_GONE : no_open(entry, ".env", e);
	return check_file(entry, ".env", entry->env, e);
}

/* Who has the derived ID already? */
static enum derive
find_derived(const struct entry *entry, struct err *e)
{
	struct entry there;
	enum take took = entry_take(entry->store, entry->id, &there, e);

	if (took == TAKE_BARE)
		/* Its maker has died before the commit. */
		entry_discard(&there);
	entry_close(&there);
	switch (took) {
	case TAKE_OK:
		/* Whoever made it may have died before it was sure to stay. */
		if (sys_fsync(entry->store->dir) == 0)
			return DERIVE_THERE;
		err_sys(e, "%s", entry->id);
		return DERIVE_ERROR;
	case TAKE_BUSY:
	case TAKE_GONE:
	case TAKE_BARE:
		return DERIVE_BUSY;
	case TAKE_LOST:
		err_set(e, ERR_SYNTAX, "%s.msg is missing", entry->id);
		return DERIVE_ERROR;
	case TAKE_BROKEN:
	case TAKE_ERROR:
		break;
	}
	return DERIVE_ERROR;
}

enum derive
entry_derive(const struct store *store, const char *id, unsigned part,
    struct entry *entry, struct err *e)
{
	enum derive found = DERIVE_BUSY;
	char name[STORE_ID + 1] = "";
	struct buf b;

	buf_init(&b, STORE_ID);
	buf_printf(&b, "%sB", id);
	code_base36(&b, part, 1);
	if (!b.over)
		memcpy(name, b.p, b.n);
	buf_free(&b);
	*entry = entry_named(store, name);
	if (name[0] == '\0') {
		err_set(e, ERR_LIMIT, "%s is too long to derive an ID", id);
		return DERIVE_ERROR;
	}
	/* The second time, what a dead process had left is out of the way. */
	for (int i = 0; i < 2 && found == DERIVE_BUSY; i++) {
		int made = entry_make(entry, e);

		if (made != 0)
			return made > 0 ? DERIVE_NEW : DERIVE_ERROR;
		found = find_derived(entry, e);
	}
	return found;
}

/* 0 if nothing is to be done for any recipient any more. */
static int
check_final(const struct entry *entry, struct err *e)
{
	const struct marks *marks = &entry->marks;
	struct pool p = {0};
	char *byte = pool_take(&p, marks->n);
	size_t open = marks->n == 0;
	int result = mark_read(entry->env, marks, byte, e);

	for (size_t i = 0; i < marks->n && result == 0; i++)
		open += !mark_final((enum mark)byte[i]);
	pool_free(&p);
	if (result < 0)
		return err_while(e, "%s", entry->id);
	if (open > 0)
		return err_set(e, ERR_SYNTAX,
		    "%s: not finished, so not removed", entry->id);
	return 0;
}

int
entry_remove(struct entry *entry, struct err *e)
{
	int dir = entry->store->dir;

	if (check_final(entry, e) < 0)
		return -1;
	if (sys_unlinkat(dir, ENTRY_NAME_OF(entry, ".env")) < 0 &&
	    errno != ENOENT)
		return err_sys(e, "cannot remove %s.env", entry->id);
	if (sys_unlinkat(dir, ENTRY_NAME_OF(entry, ".msg")) < 0 &&
	    errno != ENOENT)
		return err_sys(e, "cannot remove %s.msg", entry->id);
	entry_close(entry);
	return 0;
}

int
entry_aside(struct entry *entry, struct err *e)
{
	/*
	 * The message first, and nothing after a failure: one without
	 * envelope would be swept.
	 */
	static const char *const kinds[] = {".msg", ".env", ".tmp"};
	int result = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (result < 0 ||
		    store_aside(entry->store, ENTRY_NAME_OF(entry, kinds[i])) ==
			0 ||
		    errno == ENOENT)
			continue;
		result =
		    err_sys(e, "cannot set %s%s aside", entry->id, kinds[i]);
	}
	entry_close(entry);
	return result;
}
