/* SPDX-License-Identifier: ISC */
/*
 * The one seam for system calls that can fail, wait or be faked: what a test
 * must delay, fail or replace goes through here.  The functions are the
 * calls of their name, with the same results and errno, but for what is said
 * at each.  Every descriptor made here is close-on-exec.
 */
#ifndef OS_SYS_H
#define OS_SYS_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>

/* Repeated on EINTR. */
ssize_t sys_read(int fd, void *p, size_t n);
ssize_t sys_write(int fd, const void *p, size_t n);
ssize_t sys_pread(int fd, void *p, size_t n, off_t at);
ssize_t sys_pwrite(int fd, const void *p, size_t n, off_t at);
ssize_t sys_recv(int fd, void *p, size_t n);
/* MSG_NOSIGNAL: a lost peer is EPIPE, never a signal. */
ssize_t sys_send(int fd, const void *p, size_t n);

int sys_open(const char *path, int flags, mode_t mode);
void sys_close(int fd); /* errno is kept; -1 is allowed */

/*
 * Files, by a name in a directory that is open: the spool's, so with the
 * rights of its group (os/group.h).  Repeated on EINTR.
 */
int sys_openat(int dir, const char *name, int flags, mode_t mode);
int sys_renameat(int dir, const char *from, int to_dir, const char *to);
int sys_unlinkat(int dir, const char *name);
int sys_mkdirat(int dir, const char *name, mode_t mode);
/* Of the name itself, where it is a symbolic link. */
int sys_fstatat(int dir, const char *name, struct stat *);
int sys_fstat(int fd, struct stat *);
int sys_fstatvfs(int fd, struct statvfs *);
int sys_fchmod(int fd, mode_t mode);
int sys_fchown(int fd, uid_t uid, gid_t gid);
int sys_futimens(int fd, const struct timespec times[2]);
int sys_ftruncate(int fd, off_t size);
int sys_fsync(int fd);
int sys_fdatasync(int fd);
/*
 * LOCK_EX | LOCK_NB, and no other form: a lock is never waited for, and never
 * given back but by closing what holds it (spool-protocol, 2).
 */
int sys_flock(int fd);

int sys_pipe(int fds[2]);

/*
 * Where the system tells of what happens to files: a non-blocking descriptor
 * that has something to read once a file that was added is written and
 * closed, touched or removed.  -1 with errno: it cannot.
 */
int sys_inotify(void);
int sys_inotify_add(int fd, int dir, const char *name);

/* A non-blocking socket. */
int sys_socket(int family, int type);
int sys_bind(int fd, const struct sockaddr *, socklen_t);
int sys_connect(int fd, const struct sockaddr *, socklen_t);

/*
 * Waits until a descriptor is ready or clock_now() reaches deadline
 * (INT64_MAX: for ever).  Returns the number of ready ones, 0 when the
 * deadline has come, -1 with errno; EINTR is not hidden, since a signal may
 * be what the caller waits for.  In tests this is where time passes.
 */
int sys_poll(struct pollfd *fds, nfds_t n, int64_t deadline);

/*
 * Waits until a descriptor is ready, until that time of clock_now, or until a
 * signal's handler has set *stop, be it just before the wait.  True if nobody
 * has.
 */
bool sys_rest(struct pollfd *fds, nfds_t n, int64_t until,
    const volatile sig_atomic_t *stop);

/* n random bytes from the kernel; -1 with errno if there are none. */
int sys_random(void *p, size_t n);

#endif
