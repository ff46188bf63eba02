/* SPDX-License-Identifier: ISC */
#include "cli/place.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/group.h"
#include "os/user.h"

/* A message and its envelope, twice. */
enum { PLACE_FILES = 4 };

static const char system_spool[] = HANTAR_SPOOLDIR;

/* Was the program installed for all, is it root's business, or that of the
 * user whom the spool belongs to? */
static bool
is_system(void)
{
	struct stat st;

	return geteuid() == 0 || group_installed() ||
	    (lstat(system_spool, &st) == 0 && st.st_uid == geteuid());
}

static struct str
own_spool(struct pool *p)
{
	struct str state = str_c(secure_getenv("XDG_STATE_HOME"));
	struct str home = user_home(p);
	struct buf path;
	struct str found = STR_NONE;

	buf_init(&path, PATH_MAX);
	if (str_starts(state, STR("/")))
		buf_add(&path, state);
	else if (home.n > 0)
		buf_printf(&path, "%.*s/.local/state", STR_ARG(home));
	if (path.n > 0) {
		buf_add(&path, STR("/hantar"));
		if (!path.over)
			found = pool_str(p, buf_str(&path));
	}
	buf_free(&path);
	return found;
}

static bool
is_usual(const struct conf *c)
{
	return str_eq(c->spool_path, STR(CONF_SPOOL));
}

struct str
place_path(const struct conf *c, struct pool *p)
{
	if (!is_usual(c))
		return c->spool_path;
	return is_system() ? str_c(system_spool) : own_spool(p);
}

bool
place_is_of_group(const struct conf *c)
{
	struct pool p = {0};
	struct str path = group_kept() ? place_path(c, &p) : STR_NONE;
	struct stat st;
	bool is = path.n > 0 && lstat(path.p, &st) == 0 &&
	    (st.st_mode & S_IWGRP) && group_is(st.st_gid);

	pool_free(&p);
	return is;
}

/* Makes what is missing of the folders that lead to path. */
static int
make_way(struct str path, struct err *e)
{
	struct pool p = {0};
	int result = 0;

	for (size_t i = 1; result == 0 && i < path.n; i++) {
		const char *part;
		struct stat st;

		if (path.p[i] != '/' || path.p[i - 1] == '/')
			continue;
		part = pool_c(&p, str_slice(path, 0, i));
		if (stat(part, &st) < 0 && errno == ENOENT)
			result = store_folder(part, e);
	}
	pool_free(&p);
	return result;
}

/* Who but us and root may own it; he is looked up only if it may be he. */
static uid_t
trusted(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && st.st_uid == geteuid() ? (uid_t)-1
							       : user_service();
}

static bool
is_missing(struct str path)
{
	struct stat st;

	return path.n > 0 && lstat(path.p, &st) < 0 && errno == ENOENT;
}

static bool
parent_is_there(struct str path)
{
	struct pool p = {0};
	const char *slash = strrchr(path.p, '/');
	struct str parent =
	    str_slice(path, 0, slash ? (size_t)(slash - path.p) : 0);
	struct stat st;
	bool is = parent.n == 0 || stat(pool_c(&p, parent), &st) == 0;

	pool_free(&p);
	return is;
}

/* What root made in its place would be closed to everybody else. */
static int
check_system(struct str path, struct err *e)
{
	if (!group_installed() || !str_eq(path, STR(HANTAR_SPOOLDIR)) ||
	    !is_missing(path))
		return 0;
	return err_set(e, ERR_SYNTAX,
	    "%s is missing: systemd-tmpfiles --create makes it, and so does "
	    "make install-system",
	    path.p);
}

/* What an installation for all lacks where its spool cannot be opened. */
static int
explain(const char *path, struct err *e)
{
	struct stat st;

	if (!group_installed())
		return -1;
	if (e->kind == ERR_SYNTAX && user_service() == (uid_t)-1)
		return err_while(e,
		    "there is no user " HANTAR_USER
		    " (systemd-sysusers makes it)");
	if (e->number != EACCES || group_kept())
		return -1;
	if (lstat(path, &st) == 0 && !(st.st_mode & S_IWGRP))
		return err_while(
		    e, "its group may not write to it (chmod 2770)");
	return err_while(e,
	    "the set-group-ID bit is not in force (no_new_privs, nosuid, a "
	    "user namespace, or an option that gives it up)");
}

/* A folder that can be read by all, say, or that root made. */
static int
check_writable(const struct store *s, struct str path, struct err *e)
{
	if (s->shared || s->owner == geteuid() || geteuid() == 0)
		return 0;
	errno = EACCES;
	return err_sys(e, "only its owner (uid %lu) may write to it%s: %.*s",
	    (unsigned long)s->owner,
	    group_installed() ? " (chmod 2770 is for all)" : "", STR_ARG(path));
}

static int
open_at(struct store *s, struct str path, bool own, struct err *e)
{
	if (path.n == 0)
		return err_set(e, ERR_LIMIT,
		    "there is no home to put it in; name a folder (spool)");
	if (own && make_way(path, e) < 0)
		return -1;
	if (store_open(s, path.p, trusted(path.p), e) == 0)
		return 0;
	return explain(path.p, e);
}

static int
look_at_none(struct store *s, struct str path, bool own, struct err *e)
{
	if (!own && !parent_is_there(path))
		return err_set(e, ERR_SYNTAX,
		    "%s: there is no such folder, nor one to make it in",
		    path.p);
	*s = (struct store){.dir = -1, .admin = true};
	return 0;
}

int
place_look(struct store *s, const struct conf *c, struct err *e)
{
	struct pool p = {0};
	struct str path = place_path(c, &p);
	bool own = is_usual(c) && !is_system();
	int result = check_system(path, e);

	if (result == 0)
		result = is_missing(path) ? look_at_none(s, path, own, e)
					  : open_at(s, path, own, e);
	pool_free(&p);
	return result;
}

int
place_open(struct store *s, const struct conf *c, struct err *e)
{
	struct pool p = {0};
	struct str path = place_path(c, &p);
	int result = check_system(path, e);

	if (result == 0)
		result = open_at(s, path, is_usual(c) && !is_system(), e);
	if (result == 0 && check_writable(s, path, e) < 0) {
		store_close(s);
		result = -1;
	}
	pool_free(&p);
	return result;
}

int
place_room(const struct store *s, const struct conf *c, struct err *e)
{
	struct pool p = {0};
	int result = store_room(s, (uint64_t)c->spool_room, PLACE_FILES, e);

	if (result < 0)
		err_while(e, "%.*s", STR_ARG(place_path(c, &p)));
	pool_free(&p);
	return result;
}

int
place_try(const struct conf *c, struct err *e)
{
	struct store s = {.dir = -1};
	struct pool p = {0};
	int result = place_look(&s, c, e);

	if (result == 0 && s.dir >= 0) {
		result = check_writable(&s, place_path(c, &p), e);
		if (result == 0)
			result = place_room(&s, c, e);
		store_close(&s);
	}
	pool_free(&p);
	return result;
}
