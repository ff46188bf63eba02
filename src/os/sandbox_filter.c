/* SPDX-License-Identifier: ISC */
#include "os/sandbox_filter.h"

#include <assert.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#ifdef SANDBOX_ARCH

/* Who may make a call, and what one of its arguments must be then. */
enum { ALL = 1 << SANDBOX_STREAM | 1 << SANDBOX_LOOKUP };
enum { DNS = 1 << SANDBOX_LOOKUP };

struct allowed {
	int call;
	unsigned profiles;
	unsigned char arg; /* this argument, from 1, must be `value`; 0: none */
	unsigned value;
};

static const struct allowed allowed[] = {
    /* the descriptors */
    {SYS_read, ALL, 0, 0},
    {SYS_pread64, ALL, 0, 0},
    {SYS_sendto, ALL, 0, 0},
    {SYS_recvfrom, ALL, 0, 0},
    {SYS_close, ALL, 0, 0},
#ifdef SYS_poll
    {SYS_poll, ALL, 0, 0},
#endif
    {SYS_ppoll, ALL, 0, 0},
    /* memory */
    {SYS_brk, ALL, 0, 0},
    /* No file: one that can be read could be shared, hence written to. */
    {SYS_mmap, ALL, 5, (unsigned)-1},
    {SYS_munmap, ALL, 0, 0},
    {SYS_mremap, ALL, 0, 0},
    {SYS_madvise, ALL, 0, 0},
    {SYS_futex, ALL, 0, 0},
    /* time, chance, identity */
    {SYS_clock_gettime, ALL, 0, 0},
    {SYS_gettimeofday, ALL, 0, 0},
#ifdef SYS_time
    {SYS_time, ALL, 0, 0},
#endif
    {SYS_getrandom, ALL, 0, 0},
    {SYS_sysinfo, ALL, 0, 0}, /* OpenSSL, for a new context */
    {SYS_getpid, ALL, 0, 0},
    /* signals and the end (os/proc.h: proc_detach) */
    {SYS_rt_sigaction, ALL, 0, 0},
    {SYS_rt_sigreturn, ALL, 0, 0},
    {SYS_restart_syscall, ALL, 0, 0},
    {SYS_prctl, ALL, 1, PR_SET_PDEATHSIG},
    {SYS_exit, ALL, 0, 0},
    {SYS_exit_group, ALL, 0, 0},
    /* sockets to name servers */
    {SYS_socket, DNS, 1, AF_INET},
    {SYS_socket, DNS, 1, AF_INET6},
    {SYS_connect, DNS, 0, 0},
    {SYS_getsockopt, DNS, 0, 0},
};

enum { CALLS = sizeof(allowed) / sizeof(allowed[0]) };

/* Of a call with rules, and of a range in all of them, at the most. */
enum { RULES = 48, RULES_EACH = 8 };

static_assert(
    5 + 5 * CALLS + RULES + RULES_EACH * SANDBOX_RANGES <= SANDBOX_FILTER_MAX,
    "the longest filter has room");

/* Appends one instruction. */
static void
put(struct sock_filter *f, unsigned short *n, unsigned short code,
    unsigned char yes, unsigned char no, unsigned k)
{
	f[(*n)++] = (struct sock_filter){code, yes, no, k};
}

static const unsigned NR = offsetof(struct seccomp_data, nr);

/* Loads the low half of an argument, counted from 0; high: the other half. */
static void
load(struct sock_filter *f, unsigned short *n, unsigned arg, bool high)
{
	unsigned at = (unsigned)offsetof(struct seccomp_data, args) + 8 * arg;
	bool second = high == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

	put(f, n, BPF_LD | BPF_W | BPF_ABS, 0, 0, second ? at + 4 : at);
}

/* Goes on if what is loaded is value; refuses the call otherwise. */
static void
insist(struct sock_filter *f, unsigned short *n, unsigned value)
{
	put(f, n, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, value);
	put(f, n, BPF_RET | BPF_K, 0, 0, SANDBOX_REFUSE);
}

/*
 * For each call: if the number is another one, skip; if an argument is
 * asked for, load it and, if it is another one, load the number again and go
 * on; else allow.
 */
static void
put_table(struct sock_filter *f, unsigned short *n, enum sandbox profile)
{
	for (size_t i = 0; i < CALLS; i++) {
		const struct allowed *a = &allowed[i];

		if (!(a->profiles & 1U << profile))
			continue;
		put(f, n, BPF_JMP | BPF_JEQ | BPF_K, 0, a->arg ? 4 : 1,
		    (unsigned)a->call);
		if (a->arg) {
			load(f, n, a->arg - 1U, false);
			put(f, n, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, a->value);
		}
		put(f, n, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
		if (a->arg)
			put(f, n, BPF_LD | BPF_W | BPF_ABS, 0, 0, NR);
	}
}

/*
 * Begins the rules of one call: they run to put_end, and the last of them
 * refuses.  Returns where the number is compared.
 */
static unsigned short
put_call(struct sock_filter *f, unsigned short *n, int call)
{
	put(f, n, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, (unsigned)call);
	put(f, n, BPF_JMP | BPF_JA, 0, 0, 0);
	return (unsigned short)(*n - 1);
}

static void
put_end(struct sock_filter *f, unsigned short *n, unsigned short start)
{
	put(f, n, BPF_RET | BPF_K, 0, 0, SANDBOX_REFUSE);
	f[start].k = (unsigned)(*n - start - 1);
}

/* Writing: to the streams, and single bytes of the ranges; syncing them. */
static void
put_writes(
    struct sock_filter *f, unsigned short *n, const struct sandbox_writes *w)
{
	unsigned short start = put_call(f, n, SYS_write);

	load(f, n, 0, false);
	put(f, n, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, (unsigned)w->stream[0]);
	put(f, n, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (unsigned)w->stream[1]);
	put(f, n, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	put_end(f, n, start);
	start = put_call(f, n, SYS_fdatasync);
	load(f, n, 0, false);
	for (size_t i = 0; i < w->n; i++) {
		put(f, n, BPF_JMP | BPF_JEQ | BPF_K, 0, 1,
		    (unsigned)w->range[i].fd);
		put(f, n, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	}
	put_end(f, n, start);
	start = put_call(f, n, SYS_pwrite64);
	load(f, n, 2, true);
	insist(f, n, 0);
	load(f, n, 2, false);
	insist(f, n, 1);
	load(f, n, 3, true);
	insist(f, n, 0);
	for (size_t i = 0; i < w->n; i++) {
		const struct sandbox_range *r = &w->range[i];

		load(f, n, 0, false);
		put(f, n, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, (unsigned)r->fd);
		load(f, n, 3, false);
		put(f, n, BPF_JMP | BPF_JGE | BPF_K, 0, 2, r->at);
		put(f, n, BPF_JMP | BPF_JGE | BPF_K, 1, 0, r->at + r->n);
		put(f, n, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	}
	put_end(f, n, start);
}

unsigned short
sandbox_filter(struct sock_filter *f, enum sandbox profile,
    const struct sandbox_writes *writes)
{
	const unsigned arch = offsetof(struct seccomp_data, arch);
	unsigned short n = 0;

	put(f, &n, BPF_LD | BPF_W | BPF_ABS, 0, 0, arch);
	put(f, &n, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, SANDBOX_ARCH);
	put(f, &n, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
	put(f, &n, BPF_LD | BPF_W | BPF_ABS, 0, 0, NR);
	put_table(f, &n, profile);
	put_writes(f, &n, writes);
	put(f, &n, BPF_RET | BPF_K, 0, 0, SANDBOX_REFUSE);
	return n;
}

#endif
