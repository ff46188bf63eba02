/* SPDX-License-Identifier: ISC */
#include "fail.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "os/sys.h"

static struct {
	const char *name;
	unsigned left;
	int error;
	const char *what;
} plan;

void
fail_call(const char *name, unsigned n, int error)
{
	plan.name = name;
	plan.left = n;
	plan.error = error;
	plan.what = NULL;
}

bool
fail_over(void)
{
	plan.left = 0;
	return plan.what != NULL;
}

const char *
fail_what(void)
{
	return plan.what ? plan.what : "nothing";
}

/* Is it this call's turn? */
static bool
fails(const char *name)
{
	if (plan.left == 0 || (plan.name && strcmp(plan.name, name) != 0) ||
	    --plan.left > 0)
		return false;
	plan.what = name;
	if (plan.error == FAIL_DIES)
		_exit(1);
	errno = plan.error;
	return true;
}

/* A function in front of each. */
#define WRAP(type, name, parameters, arguments)                         \
	type __real_sys_##name parameters;                              \
	type __wrap_sys_##name parameters;                              \
	type __wrap_sys_##name parameters                               \
	{                                                               \
		return fails(#name) ? -1 : __real_sys_##name arguments; \
	}

/* clang-format off */
WRAP(ssize_t, read, (int fd, void *p, size_t n),
    (fd, p, n))
WRAP(ssize_t, write, (int fd, const void *p, size_t n),
    (fd, p, n))
WRAP(ssize_t, pread, (int fd, void *p, size_t n, off_t at),
    (fd, p, n, at))
WRAP(ssize_t, pwrite, (int fd, const void *p, size_t n, off_t at),
    (fd, p, n, at))
WRAP(int, open, (const char *path, int flags, mode_t mode),
    (path, flags, mode))
WRAP(int, openat, (int dir, const char *name, int flags, mode_t mode),
    (dir, name, flags, mode))
WRAP(int, renameat, (int dir, const char *from, int to_dir, const char *to),
    (dir, from, to_dir, to))
WRAP(int, unlinkat, (int dir, const char *name),
    (dir, name))
WRAP(int, mkdirat, (int dir, const char *name, mode_t mode),
    (dir, name, mode))
WRAP(int, fstatat, (int dir, const char *name, struct stat *st),
    (dir, name, st))
WRAP(int, fstat, (int fd, struct stat *st),
    (fd, st))
WRAP(int, fstatvfs, (int fd, struct statvfs *st),
    (fd, st))
WRAP(int, fchmod, (int fd, mode_t mode),
    (fd, mode))
WRAP(int, fchown, (int fd, uid_t uid, gid_t gid),
    (fd, uid, gid))
WRAP(int, futimens, (int fd, const struct timespec *times),
    (fd, times))
WRAP(int, ftruncate, (int fd, off_t size),
    (fd, size))
WRAP(int, fsync, (int fd),
    (fd))
WRAP(int, fdatasync, (int fd),
    (fd))
WRAP(int, flock, (int fd),
    (fd))
/* clang-format on */
