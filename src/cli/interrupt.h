/* SPDX-License-Identifier: ISC */
/* What HUP, INT and TERM do; who ignored them goes on ignoring them. */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <signal.h>

/*
 * From now on a signal ends the process with 71: nothing was accepted, and
 * the message's file has no name, or goes with it: interrupt_removes names it.
 */
void interrupt_reading(void);
void interrupt_removes(int dir, const char *name);

/*
 * From now on it makes what is returned 1, and then 2: who sends, or runs the
 * queue, leaves as soon as nothing is in doubt.
 */
const volatile sig_atomic_t *interrupt_sending(void);

/*
 * In a child of who sends: signals are his (they may reach all of a group),
 * and he hands them on, as SIGUSR1.
 */
void interrupt_by_parent(void);

/* The same in a process of the background: even if our caller ignored TERM,
 * it ends us. */
const volatile sig_atomic_t *interrupt_background(void);

/* From now on a signal does nothing: all that is left is to tell. */
void interrupt_never(void);

#endif
