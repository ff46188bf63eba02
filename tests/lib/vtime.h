/* SPDX-License-Identifier: ISC */
/*
 * Virtual time: a test that has to wait does not wait.  Every test program
 * is linked with --wrap=sys_poll, =clock_now and =sys_socket; until vtime_start
 * they are the real ones.  From then on clock_now stands still, but for
 * sys_poll: where nothing is ready and the idle hook (the other ends, played by
 * the test in the same thread) has nothing to do, the clock jumps to the hook's
 * next event or to the caller's deadline, whichever is first.
 *
 * Real sockets over the loopback device may be used between the two sides:
 * before the clock jumps it is made sure that no packet is under way.
 */
#ifndef LIB_VTIME_H
#define LIB_VTIME_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Plays the other ends as far as they get without waiting.  True if anything
 * was done: descriptors are then looked at again at the same time.  Else *next
 * (INT64_MAX at the call) is set to the time at which something will happen
 * by itself, if there is such a time.
 */
typedef bool (*vtime_idle)(void *ctx, int64_t *next);

/* The clock becomes virtual; idle may be NULL (no other end). */
void vtime_start(vtime_idle idle, void *ctx);

/* The clock is real again. */
void vtime_stop(void);

/*
 * How often, since vtime_start, somebody waited for what can never come: no
 * deadline, nothing ready, and no event to come.  sys_poll fails with EDEADLK
 * then.  A test must end with 0 here; the process is aborted at the 100th.
 */
unsigned vtime_stuck(void);

/* Waits (really) until the packets under way on the loopback have arrived. */
void vtime_settle(void);

/*
 * A TCP socket, before it connects or listens: it sends what it may at once.
 * Some congestion controls (BBR) hold packets back by a clock of the kernel,
 * which goes on while ours jumps.  The client's sockets are made so.
 */
void vtime_unpaced(int fd);

#endif
