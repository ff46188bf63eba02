/* SPDX-License-Identifier: ISC */
/*
 * Left out are close (nobody repeats it), munmap, exit and kill, which
 * cannot fail here, and what only asks for a number that the kernel has.
 */
#include "calls.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

/* clang-format off */
const struct call calls[] = {
	/* files */
	{"openat", SYS_openat, {"ENOENT", "EACCES", "EINTR", "EMFILE",
	    "EMFILE+", "ENFILE", "ENOMEM", "EIO", "ENOSPC", "EDQUOT",
	    "EROFS"}},
	{"read", SYS_read, {"EIO", "EINTR", "ENOMEM", "short", "eof",
	    "short+", "EIO+"}},
	{"pread64", SYS_pread64, {"EIO", "EINTR", "short", "eof", "short+",
	    "EIO+"}},
	{"write", SYS_write, {"EIO", "EINTR", "ENOMEM", "ENOSPC", "EDQUOT",
	    "EFBIG", "EPIPE", "EAGAIN", "short", "short+", "ENOSPC+", "EPIPE+"}},
	{"newfstatat", SYS_newfstatat, {"ENOENT", "EACCES", "ENOMEM", "EIO"}},
	{"fstat", SYS_fstat, {"EIO", "ENOMEM"}},
	{"lseek", SYS_lseek, {"ESPIPE", "EINVAL"}},
	{"ftruncate", SYS_ftruncate, {"EIO", "EFBIG", "ENOSPC"}},
	{"pwrite64", SYS_pwrite64, {"EIO", "EINTR", "ENOSPC", "EDQUOT", "EROFS",
	    "eof", "EIO+", "ENOSPC+"}},
	{"fsync", SYS_fsync, {"EIO", "EINTR", "ENOSPC", "EDQUOT", "EROFS",
	    "EIO+"}},
	{"fdatasync", SYS_fdatasync, {"EIO", "EINTR", "ENOSPC", "EDQUOT",
	    "EROFS", "EIO+"}},
	{"flock", SYS_flock, {"EAGAIN", "EINTR", "ENOLCK", "EAGAIN+"}},
	{"renameat", SYS_renameat, {"EIO", "ENOSPC", "EDQUOT", "EROFS", "EACCES",
	    "ENOENT"}},
	{"unlinkat", SYS_unlinkat, {"EIO", "EROFS", "EACCES", "EBUSY", "EIO+"}},
	{"mkdirat", SYS_mkdirat, {"EACCES", "ENOSPC", "EDQUOT", "EROFS",
	    "EEXIST"}},
	{"fstatfs", SYS_fstatfs, {"EIO", "ENOSYS"}},
	{"getdents64", SYS_getdents64, {"EIO", "ENOENT", "EIO+"}},
	{"fchmod", SYS_fchmod, {"EPERM", "EROFS", "EIO"}},
	{"fchown", SYS_fchown, {"EPERM", "EROFS", "EDQUOT"}},
	{"utimensat", SYS_utimensat, {"EACCES", "EROFS", "EIO"}},
	{"fcntl", SYS_fcntl, {"EBADF", "EINVAL", "EMFILE"}},
	{"dup2", SYS_dup2, {"EINTR", "EBUSY", "EMFILE"}},
	{"pipe2", SYS_pipe2, {"EMFILE", "ENFILE", "EMFILE+"}},
	{"close_range", SYS_close_range, {"ENOSYS", "EINVAL", "ENOMEM"}},
	/* network */
	{"socket", SYS_socket, {"EMFILE", "ENFILE", "ENOBUFS", "EACCES",
	    "EAFNOSUPPORT", "EMFILE+"}},
	{"connect", SYS_connect, {"ECONNREFUSED", "ENETUNREACH",
	    "EHOSTUNREACH", "ETIMEDOUT", "EADDRNOTAVAIL", "EACCES", "EAGAIN",
	    "ENETUNREACH+"}},
	{"bind", SYS_bind, {"EADDRINUSE", "EADDRNOTAVAIL", "EACCES",
	    "EADDRINUSE+"}},
	{"getsockname", SYS_getsockname, {"ENOBUFS"}},
	{"getsockopt", SYS_getsockopt, {"ENOBUFS"}},
	{"setsockopt", SYS_setsockopt, {"ENOMEM", "EINVAL"}},
	{"sendto", SYS_sendto, {"ECONNRESET", "EPIPE", "EINTR", "EAGAIN",
	    "ENOBUFS", "ENOMEM", "ENETUNREACH", "short", "short+", "EPIPE+"}},
	{"recvfrom", SYS_recvfrom, {"ECONNRESET", "ECONNREFUSED", "EINTR",
	    "EAGAIN", "ENOMEM", "ETIMEDOUT", "short", "eof", "short+",
	    "ECONNRESET+"}},
	{"recvmsg", SYS_recvmsg, {"EINTR", "ENOMEM", "ENOBUFS"}},
	/* waiting */
	{"poll", SYS_poll, {"EINTR", "ENOMEM", "ENOMEM+"}},
	{"ppoll", SYS_ppoll, {"EINTR", "ENOMEM", "ENOMEM+"}},
	/* processes */
	{"clone", SYS_clone, {"EAGAIN", "ENOMEM", "EAGAIN+"}},
	{"wait4", SYS_wait4, {"EINTR", "ECHILD"}},
	{"prlimit64", SYS_prlimit64, {"EPERM", "EINVAL"}},
	{"prctl", SYS_prctl, {"EINVAL", "EPERM"}},
	{"rt_sigaction", SYS_rt_sigaction, {"EINVAL"}},
	{"landlock_create_ruleset", SYS_landlock_create_ruleset, {"ENOSYS",
	    "EOPNOTSUPP", "E2BIG", "EMFILE", "ENOMEM"}},
	{"landlock_restrict_self", SYS_landlock_restrict_self, {"EPERM",
	    "E2BIG", "EINVAL"}},
	/* memory and chance */
	{"mmap", SYS_mmap, {"ENOMEM", "ENOMEM+"}},
	{"mprotect", SYS_mprotect, {"ENOMEM"}},
	{"brk", SYS_brk, {"ENOMEM", "ENOMEM+"}},
	{"mremap", SYS_mremap, {"ENOMEM"}},
	{"getrandom", SYS_getrandom, {"ENOSYS", "EINTR", "EPERM", "EIO"}},
	{"uname", SYS_uname, {"EFAULT"}},
	/* not a call: what the shim does */
	{"malloc", -1, {"ENOMEM", "ENOMEM+"}},
};
/* clang-format on */

const size_t calls_n = sizeof(calls) / sizeof(calls[0]);

static const struct {
	const char *name;
	int number;
} errors[] = {
#define E(name)             \
	{                   \
#name, name \
	}
    E(E2BIG), E(EACCES), E(EADDRINUSE), E(EADDRNOTAVAIL), E(EAFNOSUPPORT),
    E(EAGAIN), E(EBADF), E(EBUSY), E(ECHILD), E(ECONNREFUSED), E(ECONNRESET),
    E(EDQUOT), E(EEXIST), E(EFAULT), E(EFBIG), E(EHOSTUNREACH), E(EINTR),
    E(EINVAL), E(EIO), E(EMFILE), E(ENETUNREACH), E(ENFILE), E(ENOBUFS),
    E(ENOENT), E(ENOLCK), E(ENOMEM), E(ENOSPC), E(ENOSYS), E(EOPNOTSUPP),
    E(EPERM), E(EPIPE), E(EROFS), E(ESPIPE), E(ETIMEDOUT)
#undef E
};

int
error_number(const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strlen(errors[i].name) == n &&
		    memcmp(errors[i].name, name, n) == 0)
			return errors[i].number;
	return -1;
}
