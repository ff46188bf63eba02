/* SPDX-License-Identifier: ISC */
/*
 * The filter that os/sandbox.c puts into force, by itself: nothing is locked
 * here, so that what it allows can be looked at from outside.  Where
 * SANDBOX_ARCH is not defined there is none.
 */
#ifndef OS_SANDBOX_FILTER_H
#define OS_SANDBOX_FILTER_H

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "os/sandbox.h"

#if defined(__x86_64__)
#define SANDBOX_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define SANDBOX_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define SANDBOX_ARCH AUDIT_ARCH_RISCV64
#endif

/* What becomes of a call that is not allowed. */
#ifdef SANDBOX_KILL
#define SANDBOX_REFUSE SECCOMP_RET_KILL_PROCESS
#else
#define SANDBOX_REFUSE (SECCOMP_RET_ERRNO | EPERM)
#endif

enum { SANDBOX_FILTER_MAX = BPF_MAXINSNS };

/*
 * Writes the filter of a profile to f, which has room for SANDBOX_FILTER_MAX;
 * returns its length.  The writes are at most SANDBOX_RANGES.
 */
unsigned short sandbox_filter(
    struct sock_filter *f, enum sandbox, const struct sandbox_writes *);

#endif
