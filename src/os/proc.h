/* SPDX-License-Identifier: ISC */
/*
 * Child processes that run a function of ours (fork without exec: the parent
 * is small and holds no secret).
 */
#ifndef OS_PROC_H
#define OS_PROC_H

#include <sys/types.h>

#include "base/err.h"

/*
 * Forks.  The child keeps the descriptors keep[0..n) and nothing else of the
 * parent's (0, 1 and 2 lead nowhere), has default signal actions, but
 * SIGPIPE and SIGXFSZ ignored, dies with its parent (Linux), has a log that
 * goes nowhere and ends, without running exit handlers, with what run(arg)
 * returns. Returns the process id to the parent, -1 with *e.
 */
pid_t proc_spawn(
    int (*run)(void *arg), void *arg, const int *keep, size_t n, struct err *);

/* In such a child, whose getppid() this was before: who has become another
 * user, or taken on another group for a while, does no longer die with its
 * parent, but for this. */
void proc_follow(pid_t parent);

/* From here on the calling child outlives its parent, and HUP, INT and TERM
 * no longer end it (spool-protocol, 10). */
void proc_detach(void);

/* At that time of clock_now the calling child ends, whatever it is at. */
void proc_end_by(int64_t deadline);

/*
 * Collects a child.  wait: blocks until it has ended.  Returns true and its
 * wait status when it is gone, that of a failure if it is no child (any more);
 * false if it still runs.
 */
bool proc_reap(pid_t, bool wait, int *status);

/* SIGKILL; the child is still to be reaped. */
void proc_kill(pid_t);

/*
 * Kills the child, if it still runs, and returns at once: what is left of it
 * goes beside what its parent does next.  proc_collect, in time, waits until
 * all that were dropped are gone (they leave no zombies).
 */
void proc_drop(pid_t);
void proc_collect(void);

/*
 * Collects children who have ended and whom nobody waits for: those that
 * process 1 of a container inherits.  To be called when there are no others.
 */
void proc_orphans(void);

/*
 * Goes on in the background: a child in a session of its own, in the root
 * directory, that HUP does not end, with standard descriptors that lead
 * nowhere and of all others keep[0..n) alone: it holds nothing that its
 * caller's caller could wait for.  Its log is to be opened again.  1: we are
 * the one who called, and it runs; 0: we are the child; -1 with *e.
 */
int proc_background(const int *keep, size_t n, struct err *);

/*
 * Forks a child that has all that its parent has, handlers of signals too,
 * dies with it, and ends with what run(arg) returns.  The process id, or -1
 * with *e.
 */
pid_t proc_branch(int (*run)(void *arg), void *arg, struct err *);

/* SIGUSR1, by which such a child is told to leave in order. */
void proc_ask(pid_t);

/* How many descriptors this process may have open. */
size_t proc_descriptors(void);

/* Lets it have so many, as far as it may allow that to itself. */
void proc_more_descriptors(size_t);

/*
 * At the very start of a program: descriptors 0, 1 and 2 that are closed are
 * opened on /dev/null, what a set-id bit gave is put aside or given up
 * for good (group_begin), higher descriptors are made close-on-exec, SIGPIPE
 * and SIGXFSZ ignored, SIGCHLD set to its default, the signal mask emptied, the
 * umask 077, core dumps switched off.
 */
void proc_sane(void);

#endif
