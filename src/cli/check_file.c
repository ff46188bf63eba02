/* SPDX-License-Identifier: ISC */
#include "cli/check_file.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/code.h"
#include "os/group.h"
#include "os/sys.h"
#include "os/user.h"

enum { LINE_LONGEST = 3 * PATH_MAX };

static void
put_readers(struct buf *b, const struct stat *st, struct pool *p)
{
	bool owner = st->st_uid != 0 && (st->st_mode & S_IRUSR);
	bool group = st->st_mode & S_IRGRP;

	if (st->st_mode & S_IROTH) {
		buf_add(b, STR("everybody"));
		return;
	}
	buf_add(b, STR("root"));
	if (owner)
		buf_printf(b, "%s%.*s", group ? ", " : " and ",
		    STR_ARG(user_name_of(st->st_uid, p)));
	if (group)
		buf_printf(b, " and group %.*s",
		    STR_ARG(user_group_of(st->st_gid, p)));
}

void
check_file_line(
    struct buf *b, const char *path, const char *what, struct str whose)
{
	struct pool p = {0};
	struct buf line;
	struct stat st;

	if (stat(path, &st) < 0)
		return;
	buf_init(&line, LINE_LONGEST);
	buf_printf(&line, "%s: %s%s%.*s; mode %04o, %.*s:%.*s; ", path, what,
	    whose.n > 0 ? " of " : "", STR_ARG(whose),
	    (unsigned)st.st_mode & 07777, STR_ARG(user_name_of(st.st_uid, &p)),
	    STR_ARG(user_group_of(st.st_gid, &p)));
	put_readers(&line, &st, &p);
	buf_add(&line, STR(" may read it"));
	code_inert(b, buf_str(&line), LINE_LONGEST);
	buf_byte(b, '\n');
	buf_free(&line);
	pool_free(&p);
}

int
check_file_service(const char *path, const char *spool, struct err *e)
{
	struct pool p = {0};
	struct stat of, st;
	int result = 0;

	if (stat(spool, &of) < 0 || !(of.st_mode & S_IWGRP) ||
	    stat(path, &st) < 0)
		return 0;
	if (!(st.st_mode & S_IROTH) &&
	    !(st.st_gid == of.st_gid && (st.st_mode & S_IRGRP)))
		result = err_set(e, ERR_SYNTAX,
		    "%s (mode %04o, %.*s:%.*s) cannot be read by group %.*s, "
		    "which sends the mail of users and of the queue: chgrp "
		    "%.*s %s; chmod 0640 %s",
		    path, (unsigned)st.st_mode & 07777,
		    STR_ARG(user_name_of(st.st_uid, &p)),
		    STR_ARG(user_group_of(st.st_gid, &p)),
		    STR_ARG(user_group_of(of.st_gid, &p)),
		    STR_ARG(user_group_of(of.st_gid, &p)), path, path);
	pool_free(&p);
	return result;
}

int
check_file_append(const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	struct pool p = {0};
	struct stat st;
	int result = 0;
	int fd;

	if (lstat(path, &st) == 0) {
		fd = sys_openat(
		    AT_FDCWD, path, O_WRONLY | O_APPEND | O_NONBLOCK, 0);
		if (fd < 0)
			result = err_sys(e, "%s", path);
		sys_close(fd);
	} else if (slash) {
		size_t n = slash > path ? (size_t)(slash - path) : 1;
		const char *folder = pool_c(&p, str_of(path, n));

		if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) < 0)
			result =
			    err_sys(e, "%s cannot be made: %s", path, folder);
	}
	pool_free(&p);
	return result;
}

int
check_file_socket(const char *path, struct err *e)
{
	struct stat st;
	int got;

	group_raise();
	got = stat(path, &st);
	if (got == 0)
		got = faccessat(AT_FDCWD, path, W_OK, AT_EACCESS);
	group_lower();
	if (got < 0)
		return err_sys(e, "%s", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, ERR_SYNTAX, "%s is no socket", path);
	return 0;
}
