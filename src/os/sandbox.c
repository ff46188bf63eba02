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
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define OUR_ARCH AUDIT_ARCH_RISCV64
#endif

#ifdef SANDBOX_KILL
#define REFUSE SECCOMP_RET_KILL_PROCESS
#else
#define REFUSE (SECCOMP_RET_ERRNO | EPERM)
#endif

/* Who may make a call, and what its first argument must be then. */
enum { ALL = 1 << SANDBOX_STREAM | 1 << SANDBOX_LOOKUP };
enum { DNS = 1 << SANDBOX_LOOKUP };

struct allowed {
	int call;
	unsigned profiles;
	bool checked; /* the first argument must be `first` */
	unsigned first;
};

static const struct allowed allowed[] = {
    /* the descriptors */
    {SYS_read, ALL, false, 0},
    {SYS_write, ALL, false, 0},
    {SYS_pread64, ALL, false, 0},
    {SYS_sendto, ALL, false, 0},
    {SYS_recvfrom, ALL, false, 0},
    {SYS_close, ALL, false, 0},
#ifdef SYS_poll
    {SYS_poll, ALL, false, 0},
#endif
    {SYS_ppoll, ALL, false, 0},
    /* memory */
    {SYS_brk, ALL, false, 0},
    {SYS_mmap, ALL, false, 0},
    {SYS_munmap, ALL, false, 0},
    {SYS_mremap, ALL, false, 0},
    {SYS_madvise, ALL, false, 0},
    {SYS_futex, ALL, false, 0},
    /* time, chance, identity */
    {SYS_clock_gettime, ALL, false, 0},
    {SYS_gettimeofday, ALL, false, 0},
#ifdef SYS_time
    {SYS_time, ALL, false, 0},
#endif
    {SYS_getrandom, ALL, false, 0},
    {SYS_sysinfo, ALL, false, 0}, /* OpenSSL, for a new context */
    {SYS_getpid, ALL, false, 0},
    /* signals and the end (os/proc.h: proc_detach) */
    {SYS_rt_sigaction, ALL, false, 0},
    {SYS_rt_sigreturn, ALL, false, 0},
    {SYS_restart_syscall, ALL, false, 0},
    {SYS_prctl, ALL, true, PR_SET_PDEATHSIG},
    {SYS_exit, ALL, false, 0},
    {SYS_exit_group, ALL, false, 0},
    /* sockets to name servers */
    {SYS_socket, DNS, true, AF_INET},
    {SYS_socket, DNS, true, AF_INET6},
    {SYS_connect, DNS, false, 0},
    {SYS_getsockopt, DNS, false, 0},
};

#if defined(OUR_ARCH) && !defined(HANTAR_SANITIZED)

enum { CALLS = sizeof(allowed) / sizeof(allowed[0]) };

/* Appends one instruction. */
static void
put(struct sock_filter *f, unsigned short *n, unsigned short code,
    unsigned char yes, unsigned char no, unsigned k)
{
	f[(*n)++] = (struct sock_filter){code, yes, no, k};
}

/*
 * For each call: if the number is another one, skip; if an argument is
 * asked for, load it and, if it is another one, load the number again and go
 * on; else allow.
 */
static unsigned short
compile(struct sock_filter *f, enum sandbox profile)
{
	const unsigned nr = offsetof(struct seccomp_data, nr);
	const unsigned arg = offsetof(struct seccomp_data, args[0]);
	const unsigned arch = offsetof(struct seccomp_data, arch);
	unsigned short n = 0;

	put(f, &n, BPF_LD | BPF_W | BPF_ABS, 0, 0, arch);
	put(f, &n, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, OUR_ARCH);
	put(f, &n, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
	put(f, &n, BPF_LD | BPF_W | BPF_ABS, 0, 0, nr);
	for (size_t i = 0; i < CALLS; i++) {
		const struct allowed *a = &allowed[i];

		if (!(a->profiles & 1U << profile))
			continue;
		put(f, &n, BPF_JMP | BPF_JEQ | BPF_K, 0, a->checked ? 4 : 1,
		    (unsigned)a->call);
		if (a->checked) {
			put(f, &n, BPF_LD | BPF_W | BPF_ABS, 0, 0, arg);
			put(f, &n, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, a->first);
			put(f, &n, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
			put(f, &n, BPF_LD | BPF_W | BPF_ABS, 0, 0, nr);
			continue;
		}
		put(f, &n, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	}
	put(f, &n, BPF_RET | BPF_K, 0, 0, REFUSE);
	return n;
}

/* 0; 1 if the kernel has none; -1 with *e. */
static int
lock_calls(enum sandbox profile, struct err *e)
{
	struct sock_filter filter[5 + 5 * CALLS];
	struct sock_fprog program = {.filter = filter};

	program.len = compile(filter, profile);
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

static int
lock_kernel(enum sandbox profile, struct err *e)
{
	static const struct rlimit none = {0, 0};
	struct err missing;
	int files;
	int calls;

	if (setrlimit(RLIMIT_FSIZE, &none) < 0 ||
	    setrlimit(RLIMIT_NPROC, &none) < 0 ||
	    setrlimit(RLIMIT_CORE, &none) < 0)
		return err_sys(e, "resource limits");
	files = lock_files(profile, &missing);
	if (files < 0) {
		*e = missing;
		return -1;
	}
	calls = lock_calls(profile, e);
	if (calls == 0 && files > 0)
		*e = missing;
	return calls != 0 ? calls : files;
}

#else

static int
lock_kernel(enum sandbox profile, struct err *e)
{
	(void)profile;
	(void)allowed;
	err_set(e, ERR_NONE, "seccomp and Landlock: not in this build");
	return 1;
}

#endif

int
sandbox_lock(enum sandbox profile, struct err *e)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, "no_new_privs");
	return lock_kernel(profile, e);
}
