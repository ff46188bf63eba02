/* SPDX-License-Identifier: ISC */
/*
 * One message in the spool: ID.msg, its text in wire form, which carries the
 * lock, and ID.env, its envelope (spool/envfile.h).  It exists from the
 * rename of ID.tmp to ID.env on.  The numbers are the rules of
 * spool-protocol.
 *
 * Here an entry comes to be: entry_create, write to msg; entry_stage;
 * entry_commit in a child; entry_settle when the child is gone.  What is
 * done with one that is there is in spool/take.h.
 */
#ifndef SPOOL_ENTRY_H
#define SPOOL_ENTRY_H

#include "base/err.h"
#include "spool/mark.h"
#include "spool/store.h"

struct entry {
	const struct store *store;
	char id[STORE_ID + 1];
	int msg; /* read and written; whoever inherits it holds the lock */
	int env; /* read and written */
	/* Write-only, of the same file: what an agent may have of it. */
	struct marks marks;
	bool unsynced; /* we have marked something, for memory alone so far */
};

/* An entry of that name, of which nothing is open. */
struct entry entry_named(const struct store *, const char *id);

/*
 * A name that no other entry of this host has: when, and by which process
 * (G-08).  15 bytes and a '\0'.
 */
void entry_id(char id[STORE_ID + 1]);

/*
 * Makes the message of a named entry, locked and empty (3).  1: made; 0: the
 * name is not free; -1 with *e: no room, read-only, ...
 */
int entry_make(struct entry *, struct err *)
    __attribute__((warn_unused_result));

/* Makes an entry with an ID of its own.  0, or -1 with *e. */
int entry_create(const struct store *, struct entry *, struct err *)
    __attribute__((warn_unused_result));

/*
 * Opens ID.tmp, for an envelope whose n marks will be at `at`.  Before the
 * commit, in the process that is to know the marks.  -1 with *e.
 */
int entry_stage(struct entry *, int64_t at, size_t n, struct err *)
    __attribute__((warn_unused_result));

/*
 * Commits the entry (5): the message is put on disk, the envelope's text
 * written and put on disk, and given its name.  In the child if there is
 * one.  0 means "done"; -1 with *e, and what then holds entry_settle sees to.
 */
int entry_commit(const struct entry *, struct str envelope, struct err *)
    __attribute__((warn_unused_result));

/*
 * When who commits is done, or has ended without having said so (6).
 * 1: the entry is committed.  0: it is not; no run of the queue will ever
 * send it; its message can still be read, its marks lead nowhere.  -1 with
 * *e: that could not be made certain, so that nobody but the queue may send.
 */
int entry_settle(struct entry *, bool done, struct err *)
    __attribute__((warn_unused_result));

/* Removes an entry that is not committed, and closes it. */
void entry_discard(struct entry *);

/*
 * Closes the descriptors, no more: the lock ends with its last holder.
 * Idempotent.
 */
void entry_close(struct entry *);

/* The name of one of its files: kind is ".msg", ".env" or ".tmp". */
enum { ENTRY_NAME = STORE_ID + 5 };
const char *entry_name(
    const struct entry *, const char *kind, char name[ENTRY_NAME]);

/* The same, for the length of one call. */
#define ENTRY_NAME_OF(entry, kind) \
	entry_name(entry, kind, (char[ENTRY_NAME]){0})

/* Opens marks.fd: the file of that name, which env is already.  -1 with *e. */
int entry_open_marks(struct entry *, const char *name, struct err *);

/* Does the name of kind lead to the file that fd is?  If not, errno. */
bool entry_leads(const struct entry *, const char *kind, int fd);

#endif
