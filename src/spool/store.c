/* SPDX-License-Identifier: ISC */
#include "spool/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/char.h"
#include "os/group.h"
#include "os/sys.h"

static const char stamp[] = "stamp";
static const char corrupt[] = "corrupt";

/* So that it is there after a power cut. */
int
store_folder(const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	struct buf parent;
	int dir;
	int result = -1;

	buf_init(&parent, PATH_MAX);
	if (slash)
		buf_add(&parent, str_of(path, (size_t)(slash - path) + 1));
	dir =
	    sys_open(parent.n > 0 ? parent.p : ".", O_RDONLY | O_DIRECTORY, 0);
	if (dir < 0)
		err_sys(e, "%s", parent.n > 0 ? parent.p : ".");
	else if (sys_mkdirat(dir, slash ? slash + 1 : path, 0700) < 0 &&
	    errno != EEXIST)
		err_sys(e, "cannot make %s", path);
	else if (sys_fsync(dir) < 0)
		err_sys(e, "cannot write out %s", parent.p);
	else
		result = 0;
	sys_close(dir);
	buf_free(&parent);
	return result;
}

static int
look(struct store *s, const char *path, uid_t trusted, struct err *e)
{
	struct stat st;
	uid_t owner;

	if (sys_fstat(s->dir, &st) < 0)
		return err_sys(e, "%s", path);
	/* What is a group's is for those who run the queue. */
	owner = !(st.st_mode & S_IWGRP) ? geteuid()
	    : trusted != (uid_t)-1	? trusted
					: 0;
	if (st.st_uid != geteuid() && st.st_uid != 0 && st.st_uid != trusted)
		return err_set(e, ERR_SYNTAX,
		    "%s belongs to another user (uid %lu), not to uid %lu: "
		    "chown %lu %s",
		    path, (unsigned long)st.st_uid, (unsigned long)owner,
		    (unsigned long)owner, path);
	if (st.st_mode & S_IWOTH)
		return err_set(e, ERR_SYNTAX,
		    "%s can be written to by all: chmod o-w %s", path, path);
	s->owner = st.st_uid;
	s->group = st.st_gid;
	s->shared = (st.st_mode & S_IWGRP) != 0;
	s->admin = !s->shared || getuid() == 0 || getuid() == st.st_uid ||
	    getuid() == trusted;
	return 0;
}

static int
open_folder(const char *path)
{
	int dir;

	group_raise();
	dir = sys_open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	group_lower();
	return dir;
}

static int
open_or_make(struct store *s, const char *path, uid_t trusted, struct err *e)
{
	*s = (struct store){.dir = open_folder(path)};
	if (s->dir < 0 && errno == ENOENT) {
		if (store_folder(path, e) < 0)
			return -1;
		s->dir = open_folder(path);
	}
	if (s->dir < 0)
		return err_sys(e, "%s", path);
	if (look(s, path, trusted, e) == 0)
		return 0;
	store_close(s);
	return -1;
}

int
store_open(struct store *s, const char *path, uid_t trusted, struct err *e)
{
	struct buf name;
	int result;

	/* Behind a slash at its end a name is followed wherever it leads, and
	 * none can be made. */
	buf_init(&name, PATH_MAX);
	buf_add(&name, str_c(path));
	while (name.n > 1 && name.p[name.n - 1] == '/')
		buf_cut(&name, name.n - 1);
	result = open_or_make(s, name.over ? path : name.p, trusted, e);
	buf_free(&name);
	return result;
}

void
store_close(struct store *s)
{
	sys_close(s->dir);
	s->dir = -1;
}

int
store_room(const struct store *s, uint64_t bytes, uint64_t files, struct err *e)
{
	struct statvfs st;
	struct rlimit limit;

	if (sys_fstatvfs(s->dir, &st) < 0)
		return err_sys(e, "spool");
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < bytes)
		return err_set(e, ERR_LIMIT,
		    "files may have no more than %llu bytes (RLIMIT_FSIZE)",
		    (unsigned long long)limit.rlim_cur);
	if (st.f_frsize > 0 && st.f_bavail < bytes / st.f_frsize)
		return err_set(e, ERR_LIMIT,
		    "less than the %llu bytes of spool-room are free in the spool",
		    (unsigned long long)bytes);
	/* Some file systems have no number of files, and say 0 of 0. */
	if (st.f_files > 0 && st.f_favail < files)
		return err_set(e, ERR_LIMIT,
		    "less than %llu files can be made in the spool",
		    (unsigned long long)files);
	return 0;
}

int
store_stamp(const struct store *s, int64_t now, struct err *e)
{
	const struct timespec to = {
	    .tv_sec = now / 1000, .tv_nsec = now % 1000 * 1000000};
	int result;
	int fd =
	    sys_openat(s->dir, stamp, O_WRONLY | O_NOFOLLOW | O_NONBLOCK, 0);

	if (fd < 0 && errno == ENOENT)
		fd = store_make(s, stamp);
	if (fd < 0)
		return err_sys(e, "the stamp of the spool");
	result = sys_futimens(fd, (const struct timespec[]){to, to});
	/* Where another of the group has made it, it can only be said that it
	 * is now. */
	if (result < 0 && errno == EPERM)
		result = sys_futimens(fd, NULL);
	sys_close(fd);
	return result < 0 ? err_sys(e, "the stamp of the spool") : 0;
}

int64_t
store_stamped(const struct store *s, struct err *e)
{
	struct stat st;

	if (s->dir < 0)
		return 0;
	if (sys_fstatat(s->dir, stamp, &st) == 0)
		return (int64_t)st.st_mtim.tv_sec * 1000 +
		    st.st_mtim.tv_nsec / 1000000;
	return errno == ENOENT ? 0 : err_sys(e, "the stamp of the spool");
}

bool
store_permits(const struct store *s, const struct stat *st)
{
	return s->admin || st->st_uid == getuid();
}

bool
store_trusts(const struct store *s, const struct stat *st)
{
	if (!S_ISREG(st->st_mode) || st->st_nlink != 1 || st->st_mode & S_IRWXO)
		return false;
	if (s->shared)
		return st->st_gid == s->group;
	return !(st->st_mode & S_IWGRP) &&
	    (st->st_uid == s->owner || st->st_uid == 0 ||
		st->st_uid == geteuid());
}

/*
 * Gives what we have made to those who run the queue: the group, whatever
 * our umask is, or, where root works in a spool of somebody else, its owner.
 */
static int
hand_over(const struct store *s, int fd, mode_t mode)
{
	struct stat st;

	if (!s->shared)
		return s->owner == geteuid() || geteuid() != 0
		    ? 0
		    : sys_fchown(fd, s->owner, s->group);
	if (sys_fstat(fd, &st) < 0)
		return -1;
	if (st.st_gid != s->group && sys_fchown(fd, (uid_t)-1, s->group) < 0)
		return -1;
	return sys_fchmod(fd, mode);
}

int
store_make(const struct store *s, const char *name)
{
	/* At no moment may it be there, and those who run the queue unable to
	 * open it. */
	mode_t mask = umask(s->shared ? S_IRWXO : S_IRWXG | S_IRWXO);
	int fd = sys_openat(
	    s->dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0660);

	(void)umask(mask);
	if (fd < 0 || hand_over(s, fd, 0660) == 0)
		return fd;
	sys_close(fd);
	(void)sys_unlinkat(s->dir, name);
	return -1;
}

static int
open_corrupt(const struct store *s)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
	int dir = sys_openat(s->dir, corrupt, flags, 0);

	if (dir >= 0 || errno != ENOENT)
		return dir;
	if (sys_mkdirat(s->dir, corrupt, 0700) < 0 && errno != EEXIST)
		return -1;
	dir = sys_openat(s->dir, corrupt, flags, 0);
	if (dir >= 0)
		(void)hand_over(s, dir, 0770);
	return dir;
}

int
store_aside(const struct store *s, const char *name)
{
	int dir = open_corrupt(s);
	int result = dir < 0 ? -1 : sys_renameat(s->dir, name, dir, name);

	sys_close(dir);
	return result;
}

bool
store_id(struct str id)
{
	if (id.n == 0 || id.n > STORE_ID)
		return false;
	for (size_t i = 0; i < id.n; i++)
		if (!char_is_letter(id.p[i]) && !char_is_digit(id.p[i]))
			return false;
	return true;
}

static const struct {
	struct str end;
	unsigned char has;
} kinds[] = {
    {{".msg", 4}, STORE_MSG},
    {{".env", 4}, STORE_ENV},
    {{".tmp", 4}, STORE_TMP},
};

/* False if it is no file of an entry. */
static bool
read_name(struct str name, struct store_item *item)
{
	size_t dot = str_find(name, '.');
	struct str id = str_slice(name, 0, dot);

	if (!store_id(id))
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_eq(str_slice(name, dot, name.n), kinds[i].end)) {
			*item = (struct store_item){.has = kinds[i].has};
			memcpy(item->id, id.p, id.n);
			return true;
		}
	return false;
}

static bool
is_ours(struct str name)
{
	static const char *const ours[] = {
	    ".", "..", stamp, corrupt, "runner", "wake"};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (str_eq(name, str_c(ours[i])))
			return true;
	return false;
}

static int
by_id(const void *left, const void *right)
{
	return strcmp(((const struct store_item *)left)->id,
	    ((const struct store_item *)right)->id);
}

/* The files of one ID become one item. */
static size_t
merge(struct store_item *item, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (kept > 0 && by_id(&item[kept - 1], &item[i]) == 0)
			item[kept - 1].has |= item[i].has;
		else
			item[kept++] = item[i];
	return kept;
}

/* Appends an item for each file of an entry; -1 with errno. */
static int
read_names(DIR *dir, struct buf *items, size_t *strange)
{
	const struct dirent *d;

	/* cppcheck-suppress readdirCalled; hantar has no threads */
	while (errno = 0, (d = readdir(dir)) != NULL) {
		struct store_item item;
		struct str name = str_c(d->d_name);

		if (read_name(name, &item))
			buf_add(
			    items, str_of((const char *)&item, sizeof(item)));
		else if (!is_ours(name))
			++*strange;
	}
	return errno ? -1 : 0;
}

int
store_list(const struct store *s, struct pool *p, struct store_item **item,
    size_t *n, size_t *strange, struct err *e)
{
	struct buf items;
	DIR *dir;
	int fd;
	int result;

	*strange = 0;
	*n = 0;
	*item = NULL;
	if (s->dir < 0)
		return 0;
	/* Another reading position than that of others who use s->dir. */
	fd = sys_openat(s->dir, ".", O_RDONLY | O_DIRECTORY, 0);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		err_sys(e, "cannot list the spool");
		sys_close(fd);
		return -1;
	}
	buf_init(&items, SIZE_MAX / 8);
	result = read_names(dir, &items, strange);
	if (result < 0)
		err_sys(e, "cannot list the spool");
	(void)closedir(dir);
	*n = items.n / sizeof(**item);
	*item = pool_array(p, *n, sizeof(**item));
	if (*n > 0) {
		memcpy(*item, items.p, items.n);
		qsort(*item, *n, sizeof(**item), by_id);
		*n = merge(*item, *n);
	}
	buf_free(&items);
	return result;
}

int
store_broken(const struct store *s, size_t *n, struct err *e)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
	struct store_item *item;
	struct store aside;
	struct pool p = {0};
	size_t strange;
	int result;

	*n = 0;
	if (s->dir < 0)
		return 0;
	aside = (struct store){.dir = sys_openat(s->dir, corrupt, flags, 0)};
	if (aside.dir < 0)
		return errno == ENOENT
		    ? 0
		    : err_sys(e, "the broken entries of the spool");
	result = store_list(&aside, &p, &item, n, &strange, e);
	store_close(&aside);
	pool_free(&p);
	return result;
}
