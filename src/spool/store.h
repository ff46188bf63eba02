/* SPDX-License-Identifier: ISC */
/*
 * The directory of the spool.  It is opened once; whatever is done in it is
 * done relative to that descriptor.  It is ours alone (0700), or that of a
 * group that only our program runs with (0770, 2770; G-34): `shared`.  In
 * that form a process of an ordinary user handles entries that belong to him,
 * and no others; root, the owner of the directory and the user who was
 * trusted when it was opened are `admin`.
 */
#ifndef SPOOL_STORE_H
#define SPOOL_STORE_H

#include <sys/stat.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/pool.h"

/* The longest name of an entry: 15 letters (G-08), and four for what comes of
 * it (entry_derive), three times over. */
enum { STORE_ID = 27 };

struct store {
	int dir; /* -1: there is none yet; it can be looked at, and is empty */
	uid_t owner;
	gid_t group;
	bool shared;
	bool admin; /* we may work on the entries of others */
	/* Looked at are our own entries alone, others are counted (J-13).  For
	 * whoever opens it to set. */
	bool own_only;
};

/*
 * Opens the directory; where only its last part is missing it is made, for
 * the calling user alone.  Refused is what is a symbolic link, belongs to
 * another than us, root or trusted ((uid_t)-1: nobody), or is open to all.
 * -1 with *e.
 */
int store_open(struct store *, const char *path, uid_t trusted, struct err *);
void store_close(struct store *);

/* Makes one directory, for us alone, so that it stays.  -1 with *e. */
int store_folder(const char *path, struct err *);

/*
 * Is there as much room as that?  What the file system does not count is
 * not asked for.  0, or -1 with *e (ERR_LIMIT if there is less).
 */
int store_room(
    const struct store *, uint64_t bytes, uint64_t files, struct err *);

/*
 * The stamp of the last run of the queue: a file that is touched with the
 * wall clock's `now` (ms).  store_stamped: when that was, 0 if never, -1
 * with *e.
 */
int store_stamp(const struct store *, int64_t now, struct err *);
int64_t store_stamped(const struct store *, struct err *);

/* May we work on the entry that a file is of?  (G-17; see `admin`.) */
bool store_permits(const struct store *, const struct stat *);

/* May a file be believed to be of an entry?  (G-34, and no other name.) */
bool store_trusts(const struct store *, const struct stat *);

/*
 * Opens a new file for reading and writing, -1 with errno (EEXIST if it is
 * there): with the mode, and in the group, that the spool needs.
 */
int store_make(const struct store *, const char *name);

/* Moves a file to the directory for what is broken (G-39); -1 with errno. */
int store_aside(const struct store *, const char *name);

/* Counts the entries in that directory.  -1 with *e. */
int store_broken(const struct store *, size_t *n, struct err *);

/* What is there under one ID. */
enum { STORE_MSG = 1, STORE_ENV = 2, STORE_TMP = 4 };

struct store_item {
	char id[STORE_ID + 1];
	unsigned char has;
};

/*
 * All entries, sorted by ID, hence by age; in the pool.  *strange counts
 * files that are none of ours.  -1 with *e.
 */
int store_list(const struct store *, struct pool *, struct store_item **,
    size_t *n, size_t *strange, struct err *);

/* True if it is a name that an entry can have: letters and digits. */
bool store_id(struct str);

#endif
