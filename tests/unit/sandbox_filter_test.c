/* SPDX-License-Identifier: ISC */
/*
 * J-19: exactly the calls of a list are allowed.  The filter is run here, as
 * the kernel would, over every number and the arguments that matter; the
 * list stands here a second time, so that one more call is seen.
 */
#include "os/sandbox_filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <cmocka.h>

#ifdef SANDBOX_ARCH

static struct sock_filter filter[SANDBOX_FILTER_MAX];
static unsigned short length;

/* What the kernel would load: words only. */
static unsigned
word(const struct seccomp_data *d, unsigned at)
{
	unsigned value;

	assert_true(at % 4 == 0 && at + sizeof(value) <= sizeof(*d));
	memcpy(&value, (const char *)d + at, sizeof(value));
	return value;
}

/* The filter's word on a call.  It ends: it only jumps forward. */
static unsigned
judge(const struct seccomp_data *d)
{
	unsigned loaded = 0;

	for (unsigned at = 0;; at++) {
		const struct sock_filter *f = &filter[at];

		assert_true(at < length);
		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			loaded = word(d, f->k);
			break;
		case BPF_JMP | BPF_JA:
			at += f->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += loaded == f->k ? f->jt : f->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			at += loaded >= f->k ? f->jt : f->jf;
			break;
		case BPF_RET | BPF_K:
			return f->k;
		default:
			fail_msg("instruction %u of code %u", at, f->code);
		}
	}
}

static bool
allows(int call, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	struct seccomp_data data = {
	    .nr = call, .arch = SANDBOX_ARCH, .args = {a, b, c, d, e}};
	unsigned verdict = judge(&data);

	assert_true(verdict == SECCOMP_RET_ALLOW || verdict == SANDBOX_REFUSE);
	return verdict == SECCOMP_RET_ALLOW;
}

/* Descriptors: two streams, two files with marks, one without. */
enum { STREAM = 5, OTHER_STREAM = 6, FILE_A = 7, FILE_B = 8, MESSAGE = 9 };

static const struct sandbox_range ranges[] = {{FILE_A, 3, 2}, {FILE_B, 10, 1}};
static const struct sandbox_writes writes = {{STREAM, OTHER_STREAM}, ranges, 2};

static void
compile(enum sandbox profile, const struct sandbox_writes *w)
{
	memset(filter, 0xff, sizeof(filter));
	length = sandbox_filter(filter, profile, w);
	assert_in_range(length, 1, SANDBOX_FILTER_MAX);
}

/* Allowed in both profiles, whatever the arguments. */
static const int always[] = {
    SYS_read,
    SYS_pread64,
    SYS_sendto,
    SYS_recvfrom,
    SYS_close,
#ifdef SYS_poll
    SYS_poll,
#endif
    SYS_ppoll,
    SYS_brk,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_futex,
    SYS_clock_gettime,
    SYS_gettimeofday,
#ifdef SYS_time
    SYS_time,
#endif
    SYS_getrandom,
    SYS_sysinfo,
    SYS_getpid,
    SYS_rt_sigaction,
    SYS_rt_sigreturn,
    SYS_restart_syscall,
    SYS_exit,
    SYS_exit_group,
};

/* In that of lookups. */
static const int lookups[] = {SYS_connect, SYS_getsockopt};

/* By their arguments. */
static const int depends[] = {
    SYS_mmap, SYS_prctl, SYS_socket, SYS_write, SYS_fdatasync, SYS_pwrite64};

#define IN(list, call) in(list, sizeof(list) / sizeof((list)[0]), call)

static bool
in(const int *list, size_t n, int call)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == call)
			return true;
	return false;
}

/* Arguments with which something might slip through. */
static const uint64_t values[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
    UINT32_MAX, 1ULL << 32, (1ULL << 32) + 1, (1ULL << 32) + 3, UINT64_MAX};

enum { VALUES = sizeof(values) / sizeof(values[0]) };

static void
every_number(int profile, int call)
{
	bool may = IN(always, call) ||
	    (profile == SANDBOX_LOOKUP && IN(lookups, call));

	if (IN(depends, call))
		return;
	for (size_t i = 0; i < VALUES; i++) {
		uint64_t v = values[i];

		if (allows(call, v, v, v, v, v) != may ||
		    allows(call, v, 0, 1, 3, v) != may)
			fail_msg("profile %d: call %d with %llx is%s allowed",
			    profile, call, (unsigned long long)v,
			    may ? " not" : "");
	}
}

/* Those of x32, too: the same calls at other numbers, and more. */
static void
no_other_call(void **state)
{
	enum { X32 = 0x40000000 };

	(void)state;
	for (int profile = 0; profile < SANDBOXES; profile++) {
		compile((enum sandbox)profile, &writes);
		for (int call = 0; call < 1024; call++) {
			every_number(profile, call);
			assert_false(allows(X32 | call, 5, 1, 1, 3, 0));
			assert_false(allows(-1 - call, 5, 1, 1, 3, 0));
		}
	}
}

static unsigned
low(uint64_t v)
{
	return (unsigned)(v & UINT32_MAX);
}

/* What the calls by argument allow; the kernel, too, takes the lower half of
 * what is an int. */
static void
by_argument(int profile, uint64_t v)
{
	unsigned n = low(v);
	bool inet =
	    profile == SANDBOX_LOOKUP && (n == AF_INET || n == AF_INET6);

	assert_int_equal(allows(SYS_mmap, 0, 1, 3, 0x22, v), n == UINT32_MAX);
	assert_int_equal(
	    allows(SYS_prctl, v, 0, 0, 0, 0), n == PR_SET_PDEATHSIG);
	assert_int_equal(allows(SYS_socket, v, SOCK_STREAM, 0, 0, 0), inet);
	assert_int_equal(allows(SYS_write, v, 0, 100, 0, 0),
	    n == STREAM || n == OTHER_STREAM);
	assert_int_equal(
	    allows(SYS_fdatasync, v, 0, 0, 0, 0), n == FILE_A || n == FILE_B);
}

static bool
is_mark(uint64_t fd, uint64_t n, uint64_t at)
{
	return n == 1 &&
	    ((low(fd) == FILE_A && (at == 3 || at == 4)) ||
		(low(fd) == FILE_B && at == 10));
}

static void
the_calls_by_argument(void **state)
{
	(void)state;
	for (int profile = 0; profile < SANDBOXES; profile++) {
		compile((enum sandbox)profile, &writes);
		for (unsigned family = 0; family < 64; family++)
			by_argument(profile, family);
		for (size_t i = 0; i < VALUES; i++)
			by_argument(profile, values[i]);
	}
}

/* J-19: a mark and nothing else is written, by any descriptor, length and
 * position. */
static void
only_marks_are_written(void **state)
{
	unsigned marks = 0;

	(void)state;
	for (int profile = 0; profile < SANDBOXES; profile++) {
		compile((enum sandbox)profile, &writes);
		for (size_t i = 0; i < VALUES * VALUES * VALUES; i++) {
			uint64_t fd = values[i % VALUES];
			uint64_t n = values[i / VALUES % VALUES];
			uint64_t at = values[i / VALUES / VALUES];
			bool may = allows(SYS_pwrite64, fd, 0, n, at, 0);

			assert_int_equal(may, is_mark(fd, n, at));
			marks += may;
		}
	}
	assert_int_equal(marks, 2 * 3);
}

/* Another machine's calls have other numbers: that ends the process. */
static void
another_machine(void **state)
{
	struct seccomp_data d = {.nr = SYS_read, .arch = SANDBOX_ARCH ^ 1};

	(void)state;
	compile(SANDBOX_STREAM, &writes);
	assert_int_equal(judge(&d), SECCOMP_RET_KILL_PROCESS);
}

/* Without a file nothing may be marked; with the most, each may. */
static void
as_many_files_as_there_may_be(void **state)
{
	static struct sandbox_range many[SANDBOX_RANGES];
	struct sandbox_writes w = {{STREAM, -1}, many, 0};

	(void)state;
	compile(SANDBOX_STREAM, &w);
	assert_false(allows(SYS_pwrite64, 0, 0, 1, 0, 0));
	assert_false(allows(SYS_fdatasync, 0, 0, 0, 0, 0));
	for (unsigned i = 0; i < SANDBOX_RANGES; i++)
		many[i] = (struct sandbox_range){(int)(1000 + i), 100 * i, 50};
	w.n = SANDBOX_RANGES;
	compile(SANDBOX_LOOKUP, &w);
	for (unsigned i = 0; i < SANDBOX_RANGES; i++) {
		unsigned fd = 1000 + i, at = 100 * i;

		assert_true(allows(SYS_fdatasync, fd, 0, 0, 0, 0));
		assert_true(allows(SYS_pwrite64, fd, 0, 1, at, 0));
		assert_true(allows(SYS_pwrite64, fd, 0, 1, at + 49, 0));
		assert_false(allows(SYS_pwrite64, fd, 0, 1, at + 50, 0));
		assert_false(allows(SYS_pwrite64, fd, 0, 1, at - 1U, 0));
		assert_false(allows(SYS_pwrite64, fd + 1, 0, 1, at, 0));
	}
	assert_true(allows(SYS_connect, 3, 0, 16, 0, 0));
}

/* A range that reaches behind 4 GiB is none: nothing wraps around. */
static void
no_range_wraps_around(void **state)
{
	static const struct sandbox_range last[] = {
	    {FILE_A, UINT32_MAX - 1, 4}};
	const struct sandbox_writes w = {{STREAM, -1}, last, 1};

	(void)state;
	compile(SANDBOX_STREAM, &w);
	for (size_t i = 0; i < VALUES; i++)
		assert_false(allows(SYS_pwrite64, FILE_A, 0, 1, values[i], 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_other_call),
	    cmocka_unit_test(the_calls_by_argument),
	    cmocka_unit_test(only_marks_are_written),
	    cmocka_unit_test(another_machine),
	    cmocka_unit_test(as_many_files_as_there_may_be),
	    cmocka_unit_test(no_range_wraps_around),
	};

	return cmocka_run_group_tests_name("sandbox_filter", tests, NULL, NULL);
}

#else

int
main(void)
{
	return 0; /* no filter for this machine */
}

#endif
