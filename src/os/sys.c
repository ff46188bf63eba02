/* SPDX-License-Identifier: ISC */
#include "os/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "os/group.h"

ssize_t
sys_read(int fd, void *p, size_t n)
{
	ssize_t got;

	do
		got = read(fd, p, n);
	while (got < 0 && errno == EINTR);
	return got;
}

ssize_t
sys_write(int fd, const void *p, size_t n)
{
	ssize_t put;

	do
		put = write(fd, p, n);
	while (put < 0 && errno == EINTR);
	return put;
}

ssize_t
sys_pread(int fd, void *p, size_t n, off_t at)
{
	ssize_t got;

	do
		got = pread(fd, p, n, at);
	while (got < 0 && errno == EINTR);
	return got;
}

ssize_t
sys_pwrite(int fd, const void *p, size_t n, off_t at)
{
	ssize_t put;

	do
		put = pwrite(fd, p, n, at);
	while (put < 0 && errno == EINTR);
	return put;
}

ssize_t
sys_recv(int fd, void *p, size_t n)
{
	ssize_t got;

	do
		got = recv(fd, p, n, 0);
	while (got < 0 && errno == EINTR);
	return got;
}

ssize_t
sys_send(int fd, const void *p, size_t n)
{
	ssize_t put;

	do
		put = send(fd, p, n, MSG_NOSIGNAL);
	while (put < 0 && errno == EINTR);
	return put;
}

int
sys_open(const char *path, int flags, mode_t mode)
{
	int fd;

	do
		fd = open(path, flags | O_CLOEXEC | O_NOCTTY, mode);
	while (fd < 0 && errno == EINTR);
	return fd;
}

void
sys_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		(void)close(fd);
	errno = saved;
}

int
sys_openat(int dir, const char *name, int flags, mode_t mode)
{
	int fd;

	group_raise();
	do
		fd = openat(dir, name, flags | O_CLOEXEC | O_NOCTTY, mode);
	while (fd < 0 && errno == EINTR);
	group_lower();
	return fd;
}

/* Calls that only succeed or fail. */
#define AGAIN(call)                                   \
	do {                                          \
		int result;                           \
                                                      \
		do                                    \
			result = (call);              \
		while (result < 0 && errno == EINTR); \
		return result;                        \
	} while (0)

/* Calls that need the rights of the spool's group. */
#define IN_GROUP(call)                                \
	do {                                          \
		int result;                           \
                                                      \
		group_raise();                        \
		do                                    \
			result = (call);              \
		while (result < 0 && errno == EINTR); \
		group_lower();                        \
		return result;                        \
	} while (0)

int
sys_renameat(int dir, const char *from, int to_dir, const char *to)
{
	IN_GROUP(renameat(dir, from, to_dir, to));
}

int
sys_unlinkat(int dir, const char *name)
{
	IN_GROUP(unlinkat(dir, name, 0));
}

int
sys_mkdirat(int dir, const char *name, mode_t mode)
{
	IN_GROUP(mkdirat(dir, name, mode));
}

int
sys_fstatat(int dir, const char *name, struct stat *st)
{
	IN_GROUP(fstatat(dir, name, st, AT_SYMLINK_NOFOLLOW));
}

int
sys_fstat(int fd, struct stat *st)
{
	AGAIN(fstat(fd, st));
}

int
sys_fstatvfs(int fd, struct statvfs *st)
{
	AGAIN(fstatvfs(fd, st));
}

int
sys_fchmod(int fd, mode_t mode)
{
	AGAIN(fchmod(fd, mode));
}

int
sys_fchown(int fd, uid_t uid, gid_t gid)
{
	AGAIN(fchown(fd, uid, gid));
}

int
sys_futimens(int fd, const struct timespec times[2])
{
	IN_GROUP(futimens(fd, times));
}

int
sys_ftruncate(int fd, off_t size)
{
	AGAIN(ftruncate(fd, size));
}

int
sys_fsync(int fd)
{
	AGAIN(fsync(fd));
}

int
sys_fdatasync(int fd)
{
	AGAIN(fdatasync(fd));
}

int
sys_flock(int fd)
{
	AGAIN(flock(fd, LOCK_EX | LOCK_NB));
}

#undef AGAIN

int
sys_pipe(int fds[2])
{
	return pipe2(fds, O_CLOEXEC);
}

int
sys_inotify(void)
{
	return inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
}

int
sys_inotify_add(int fd, int dir, const char *name)
{
	char path[64];
	int n = snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, name);

	if (n < 0 || (size_t)n >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return inotify_add_watch(fd, path,
	    IN_ATTRIB | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF);
}

int
sys_socket(int family, int type)
{
	return socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int
sys_bind(int fd, const struct sockaddr *from, socklen_t n)
{
	return bind(fd, from, n);
}

int
sys_connect(int fd, const struct sockaddr *to, socklen_t n)
{
	return connect(fd, to, n);
}

int
sys_poll(struct pollfd *fds, nfds_t n, int64_t deadline)
{
	for (;;) {
		int64_t left = deadline - clock_now();
		int wait = left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
		int ready = poll(fds, n, deadline == INT64_MAX ? -1 : wait);

		/* poll counts in whole milliseconds and may wake early. */
		if (ready != 0 || clock_now() >= deadline)
			return ready;
	}
}

bool
sys_rest(struct pollfd *fds, nfds_t n, int64_t until,
    const volatile sig_atomic_t *stop)
{
	int ready = 0;
	sigset_t all;
	sigset_t was;
	int64_t left;

	/* One that comes after the look at *stop ends the wait at once. */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &was);
	while (ready == 0 && *stop == 0 && (left = until - clock_now()) > 0) {
		struct timespec wait = {
		    .tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};

		ready = ppoll(fds, n, &wait, &was);
		if (ready < 0 && errno == EINTR)
			ready = 0;
	}
	(void)sigprocmask(SIG_SETMASK, &was, NULL);
	return ready >= 0 && *stop == 0;
}

int
sys_random(void *p, size_t n)
{
	char *at = p;

	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		at += got;
		n -= (size_t)got;
	}
	return 0;
}
