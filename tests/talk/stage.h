/* SPDX-License-Identifier: ISC */
/* Plays one case: its world, the real engine in it, and what came of it. */
#ifndef TALK_STAGE_H
#define TALK_STAGE_H

#include "expect.h"

/*
 * What was heard is put into *heard, whose two buffers are the caller's; its
 * envelope does not outlive the call.  Each difference from what the play
 * expects becomes a fault, and so does a descriptor that is left open.
 */
void stage_play(const struct play *, struct heard *, struct faults *);

#endif
