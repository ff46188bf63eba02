/* SPDX-License-Identifier: ISC */
#include "cli/conf_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/file.h"

enum { FILE_MAX = 1 << 20 };

/* Somebody else could have put into the file what he likes (J-11). */
static int
check_owner(const char *path, const struct stat *st, struct err *e)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return err_set(e, ERR_SYNTAX,
		    "%s: belongs neither to root nor to you: chown root %s",
		    path, path);
	if (st->st_mode & S_IWOTH)
		return err_set(e, ERR_SYNTAX,
		    "%s: everybody may write to it: chmod o-w %s", path, path);
	return 0;
}

static void
note_source(struct conf *c, const char *path, struct pool *p)
{
	struct conf_source *source = pool_take(p, sizeof(*source));

	*source = (struct conf_source){pool_c(p, str_c(path)), c->sources};
	c->sources = source;
}

int
conf_read(struct conf *c, const char *path, bool trusted, struct pool *p,
    struct err *e)
{
	struct buf text;
	struct stat st;
	int result;

	buf_init(&text, FILE_MAX);
	result = file_read_as(path, &text, &st, e);
	if (result > 0 && !trusted && check_owner(path, &st, e) < 0)
		result = -1;
	if (result == 0)
		result =
		    err_set(e, ERR_SYSTEM, "%s: there is no such file", path);
	else if (result > 0)
		result = conf_parse(c, buf_str(&text), path, p, e);
	if (result == 0)
		note_source(c, path, p);
	buf_free(&text);
	return result;
}

/* The files of a folder of packagers that count; others are editors'. */
static int
is_conf(const struct dirent *d)
{
	struct str name = str_c(d->d_name);
	struct str end = STR(".conf");

	return name.n > end.n && name.p[0] != '.' &&
	    str_eq(str_slice(name, name.n - end.n, name.n), end);
}

/* By bytes: the order is the same in every language. */
static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
read_folder(struct conf *c, const char *folder, struct pool *p, struct err *e)
{
	struct dirent **entry;
	struct buf path;
	struct stat st;
	int result = 0;
	int n;

	if (stat(folder, &st) < 0)
		return err_sys(e, "%s", folder);
	if (check_owner(folder, &st, e) < 0)
		return -1;
	n = scandir(folder, &entry, is_conf, by_name);
	if (n < 0)
		return err_sys(e, "%s", folder);
	buf_init(&path, 8192);
	for (int i = 0; i < n; i++) {
		buf_clear(&path);
		buf_printf(&path, "%s/%s", folder, entry[i]->d_name);
		free(entry[i]);
		if (result == 0)
			result = conf_read(
			    c, pool_c(p, buf_str(&path)), false, p, e);
	}
	free(entry);
	buf_free(&path);
	return result;
}

/* Is it a folder of the user who calls? */
static bool
is_own(struct str folder)
{
	struct pool p = {0};
	struct stat st;
	bool own = folder.n > 0 && stat(pool_c(&p, folder), &st) == 0 &&
	    st.st_uid == geteuid();

	pool_free(&p);
	return own;
}

/*
 * Whatever is there counts, readable or not, be it a link to nowhere.  A
 * folder that cannot be searched may hold it, too.
 */
static bool
may_be_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

/* Where the user's own file would be; NULL: nowhere. */
static const char *
user_path(struct str home, struct pool *p)
{
	struct str xdg = str_c(secure_getenv("XDG_CONFIG_HOME"));
	struct buf path;
	const char *found = NULL;

	buf_init(&path, 4096);
	if (str_starts(xdg, STR("/")))
		buf_add(&path, xdg);
	else if (str_starts(home, STR("/")))
		buf_printf(&path, "%.*s/.config", STR_ARG(home));
	if (path.n > 0)
		buf_add(&path, STR("/hantar/hantar.conf"));
	if (path.n > 0 && !path.over)
		found = pool_c(p, buf_str(&path));
	buf_free(&path);
	return found;
}

/* Reads the file and the folder beside it, each if it is there. */
static int
read_both(struct conf *c, const char *file, const char *folder, struct pool *p,
    struct err *e)
{
	if (may_be_there(folder) && read_folder(c, folder, p, e) < 0)
		return -1;
	return may_be_there(file) ? conf_read(c, file, false, p, e) : 0;
}

int
conf_load(struct conf *c, const char *named, struct str home, struct pool *p,
    struct err *e)
{
	static const char file[] = HANTAR_SYSCONFDIR "/hantar.conf";
	static const char folder[] = HANTAR_SYSCONFDIR "/hantar.conf.d";
	const char *own = geteuid() != 0 ? user_path(home, p) : NULL;
	const char *own_folder = NULL;
	struct stat st;
	struct buf b;

	if (named)
		return conf_read(c, named, true, p, e);
	if (own) {
		buf_init(&b, 8192);
		buf_printf(&b, "%s.d", own);
		own_folder = pool_c(p, buf_str(&b));
		buf_free(&b);
	}
	/* HOME may have been left over from another user. */
	if (own &&
	    (lstat(own, &st) == 0 || lstat(own_folder, &st) == 0 ||
		(may_be_there(own) && is_own(home))))
		return read_both(c, own, own_folder, p, e);
	return read_both(c, file, folder, p, e);
}
