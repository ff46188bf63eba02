/* SPDX-License-Identifier: ISC */
/*
 * Linux.  seccomp is the lock, Landlock the belt (it leaves sockets, signals
 * and fork to the other).  What is not allowed answers with EPERM, so that a
 * new libc which tries something first does not stop all mail; tests are
 * built with SANDBOX_KILL, so that nobody gets used to a refusal.
 *
 * Under sanitizers only no_new_privs is set: the leak checker forks, and
 * writes files, when the process ends.
 */
#include "os/sandbox.h"

#include <errno.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/sandbox_filter.h"

#if defined(SANDBOX_ARCH) && !defined(HANTAR_SANITIZED)

/* 0; 1 if the kernel has none; -1 with *e. */
static int
lock_calls(
    enum sandbox profile, const struct sandbox_writes *writes, struct err *e)
{
	struct sock_filter filter[SANDBOX_FILTER_MAX];
	struct sock_fprog program = {.filter = filter};

	program.len = sandbox_filter(filter, profile, writes);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0)
		return 0;
	err_sys(e, "seccomp");
	return e->number == EINVAL || e->number == ENOSYS ? 1 : -1;
}

/* Rights that are newer than the headers of the oldest system we build on. */
#define FS_REFER (1ULL << 13)
#define FS_TRUNCATE (1ULL << 14)
#define FS_IOCTL_DEV (1ULL << 15)
#define NET_TCP 3ULL
#define SCOPE_ALL 3ULL

struct landlock {
	uint64_t fs, net, scoped;
};

/* 0; 1 if the kernel has none (or a container hides it); -1 with *e. */
static int
lock_files(enum sandbox profile, struct err *e)
{
	struct landlock rules = {.fs = FS_REFER - 1};
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	size_t size = sizeof(rules.fs);
	long fd;

	if (abi < 0) {
		err_sys(e, "Landlock");
		return 1;
	}
	if (abi >= 2)
		rules.fs |= FS_REFER;
	if (abi >= 3)
		rules.fs |= FS_TRUNCATE;
	if (abi >= 4) {
		/* The lookup agent may have to ask over TCP. */
		rules.net = profile == SANDBOX_LOOKUP ? 1 : NET_TCP;
		size += sizeof(rules.net);
	}
	if (abi >= 5)
		rules.fs |= FS_IOCTL_DEV;
	if (abi >= 6) {
		rules.scoped = SCOPE_ALL;
		size += sizeof(rules.scoped);
	}
	fd = syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	if (fd < 0)
		return err_sys(e, "Landlock");
	if (syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		err_sys(e, "Landlock");
	else
		e->kind = ERR_NONE;
	(void)close((int)fd);
	return e->kind == ERR_NONE ? 0 : -1;
}

/* No file is written beyond the last byte that may be. */
static struct rlimit
size_limit(const struct sandbox_writes *writes)
{
	rlim_t end = 0;

	for (size_t i = 0; i < writes->n; i++) {
		rlim_t to = (rlim_t)writes->range[i].at + writes->range[i].n;

		end = to > end ? to : end;
	}
	return (struct rlimit){end, end};
}

static int
lock_kernel(
    enum sandbox profile, const struct sandbox_writes *writes, struct err *e)
{
	static const struct rlimit none = {0, 0};
	struct rlimit size = size_limit(writes);
	struct err missing;
	int files;
	int calls;

	if (setrlimit(RLIMIT_FSIZE, &size) < 0 ||
	    setrlimit(RLIMIT_NPROC, &none) < 0 ||
	    setrlimit(RLIMIT_CORE, &none) < 0)
		return err_sys(e, "resource limits");
	files = lock_files(profile, &missing);
	if (files < 0) {
		*e = missing;
		return -1;
	}
	calls = lock_calls(profile, writes, e);
	if (calls == 0 && files > 0)
		*e = missing;
	return calls != 0 ? calls : files;
}

#else

static int
lock_kernel(
    enum sandbox profile, const struct sandbox_writes *writes, struct err *e)
{
	(void)profile;
	(void)writes;
	err_set(e, ERR_NONE, "seccomp and Landlock: not in this build");
	return 1;
}

#endif

int
sandbox_lock(
    enum sandbox profile, const struct sandbox_writes *writes, struct err *e)
{
	if (writes->n > SANDBOX_RANGES)
		return err_set(e, ERR_LIMIT, "too many files to write to");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, "no_new_privs");
	return lock_kernel(profile, writes, e);
}

void
sandbox_conceal(void)
{
#ifndef HANTAR_SANITIZED
	(void)prctl(PR_SET_DUMPABLE, 0);
#endif
}
