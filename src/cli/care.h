/* SPDX-License-Identifier: ISC */
/*
 * No daemon, and never nobody: who leaves something in the spool sees to it
 * that somebody will run the queue, and says so if nobody will.
 */
#ifndef CLI_CARE_H
#define CLI_CARE_H

#include "cli/settle.h"
#include "spool/store.h"

enum care {
	CARE_NOW,   /* what was left is due now */
	CARE_LATER, /* it was tried, and is due later */
	CARE_LOOK,  /* nothing was left; but does anything wait for nobody? */
};

/*
 * The entries that are meant have been let go.  Who waits is woken; where
 * nobody does, and nobody comes again by himself, a runner is started in the
 * background, which stays until the spool is empty.  What an ordinary user
 * leaves in the system's spool he cannot run: then, or if no runner can be
 * started, *why is the reason, in a sentence, and the return value -1.
 */
int care(const struct options *, const struct store *, enum care, struct err *);

/* The caller's is a spool of all, in which he may not run the queue. */
bool care_of_others(const struct store *);

#endif
