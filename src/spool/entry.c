/* SPDX-License-Identifier: ISC */
#include "spool/entry.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/code.h"
#include "os/file.h"
#include "os/sys.h"

/* IDs to try: one is not free if a clock went back, or we are swept. */
enum { TRIES = 16 };

const char *
entry_name(const struct entry *entry, const char *kind, char name[ENTRY_NAME])
{
	size_t n = strlen(entry->id);

	memcpy(name, entry->id, n);
	memcpy(name + n, kind, 5);
	return name;
}

static int
fail(const struct entry *entry, const char *what, struct err *e)
{
	return err_sys(e, "%s: cannot %s", entry->id, what);
}

struct entry
entry_named(const struct store *store, const char *id)
{
	struct entry entry = {
	    .store = store, .msg = -1, .env = -1, .marks = MARKS_NONE};
	size_t n = strlen(id);

	assert(n <= STORE_ID);
	memcpy(entry.id, id, n + 1);
	return entry;
}

void
entry_id(char id[STORE_ID + 1])
{
	struct timespec now = clock_wall();
	struct buf b;

	buf_init(&b, STORE_ID);
	code_base36(&b,
	    (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000, 10);
	code_base36(&b, (uint64_t)getpid(), 5);
	memcpy(id, b.p, b.n + 1);
	buf_free(&b);
}

bool
entry_leads(const struct entry *entry, const char *kind, int fd)
{
	struct stat name;
	struct stat file;

	if (sys_fstat(fd, &file) < 0 ||
	    sys_fstatat(entry->store->dir, ENTRY_NAME_OF(entry, kind), &name) <
		0)
		return false;
	errno = ENOENT;
	return name.st_ino == file.st_ino && name.st_dev == file.st_dev;
}

int
entry_make(struct entry *entry, struct err *e)
{
	entry->msg = store_make(entry->store, ENTRY_NAME_OF(entry, ".msg"));
	if (entry->msg < 0)
		return errno == EEXIST ? 0 : fail(entry, "make a file", e);
	/* Who sweeps may have been at it between our open and our lock. */
	if (sys_flock(entry->msg) == 0 &&
	    entry_leads(entry, ".msg", entry->msg))
		return 1;
	if (errno == EWOULDBLOCK || errno == ENOENT) {
		entry_close(entry);
		return 0;
	}
	fail(entry, "lock the message", e);
	entry_discard(entry);
	return -1;
}

int
entry_create(const struct store *store, struct entry *entry, struct err *e)
{
	for (int i = 0; i < TRIES; i++) {
		char id[STORE_ID + 1];
		int made;

		entry_id(id);
		*entry = entry_named(store, id);
		if ((made = entry_make(entry, e)) != 0)
			return made < 0 ? -1 : 0;
	}
	return err_set(e, ERR_LIMIT, "no name in the spool is free");
}

int
entry_open_marks(struct entry *entry, const char *kind, struct err *e)
{
	entry->marks.fd = sys_openat(entry->store->dir,
	    ENTRY_NAME_OF(entry, kind), O_WRONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	if (entry->marks.fd < 0)
		return fail(entry, "open the envelope", e);
	if (!entry_leads(entry, kind, entry->env) ||
	    !entry_leads(entry, kind, entry->marks.fd))
		return fail(entry, "find the envelope again", e);
	return 0;
}

int
entry_stage(struct entry *entry, int64_t at, size_t n, struct err *e)
{
	entry->env = store_make(entry->store, ENTRY_NAME_OF(entry, ".tmp"));
	if (entry->env < 0)
		return fail(entry, "make the envelope", e);
	entry->marks.at = at;
	entry->marks.n = n;
	return entry_open_marks(entry, ".tmp", e);
}

int
entry_commit(const struct entry *entry, struct str envelope, struct err *e)
{
	int dir = entry->store->dir;

	if (sys_fsync(entry->msg) < 0)
		return fail(entry, "put the message on disk", e);
	if (file_write(entry->env, envelope, e) < 0)
		return err_while(e, "%s: envelope", entry->id);
	if (sys_fsync(entry->env) < 0)
		return fail(entry, "put the envelope on disk", e);
	if (sys_renameat(dir, ENTRY_NAME_OF(entry, ".tmp"), dir,
		ENTRY_NAME_OF(entry, ".env")) < 0)
		return fail(entry, "give the envelope its name", e);
	if (sys_fsync(dir) < 0)
		return fail(entry, "put the directory on disk", e);
	return 0;
}

/* Every mark becomes `withdrawn`, on disk. */
static int
mark_withdrawn(const struct entry *entry, struct err *e)
{
	for (size_t i = 0; i < entry->marks.n; i++)
		if (mark_put(&entry->marks, i, MARK_WITHDRAWN, e) < 0)
			return -1;
	return mark_sync(&entry->marks, e);
}

/*
 * Takes back a commit that may have happened.  What cannot be marked must be
 * gone, for good; what is marked may come back.
 */
static int
withdraw(const struct entry *entry, struct err *e)
{
	int dir = entry->store->dir;
	bool marked = mark_withdrawn(entry, e) == 0;
	bool gone = sys_unlinkat(dir, ENTRY_NAME_OF(entry, ".env")) == 0;
	bool gone_for_good = sys_fsync(dir) == 0 && gone;

	return marked || gone_for_good ? 0 : -1;
}

int
entry_settle(struct entry *entry, bool done, struct err *e)
{
	int dir = entry->store->dir;
	int result = 0;
	struct stat st;

	if (done)
		return 1;
	if (sys_fstatat(dir, ENTRY_NAME_OF(entry, ".env"), &st) == 0)
		result = withdraw(entry, e);
	else if (errno != ENOENT)
		result = fail(entry, "look for the envelope", e);
	(void)sys_unlinkat(dir, ENTRY_NAME_OF(entry, ".tmp"));
	sys_close(entry->env);
	sys_close(entry->marks.fd);
	entry->env = -1;
	entry->marks = MARKS_NONE;
	return result;
}

void
entry_discard(struct entry *entry)
{
	int dir = entry->store->dir;

	(void)sys_unlinkat(dir, ENTRY_NAME_OF(entry, ".tmp"));
	(void)sys_unlinkat(dir, ENTRY_NAME_OF(entry, ".msg"));
	entry_close(entry);
}

void
entry_close(struct entry *entry)
{
	sys_close(entry->marks.fd);
	sys_close(entry->env);
	sys_close(entry->msg);
	entry->marks = MARKS_NONE;
	entry->env = -1;
	entry->msg = -1;
}
