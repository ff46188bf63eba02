/* SPDX-License-Identifier: ISC */
/*
 * What a sender is told when his message is in the spool: that it has failed
 * (G-20), or that it takes long (G-30).  A report is an entry of the spool as
 * any other, from <>; it is on disk before anybody counts as told.
 */
#ifndef DELIVERY_BOUNCE_H
#define DELIVERY_BOUNCE_H

#include "delivery/bounce_opts.h"
#include "delivery/job.h"
#include "spool/envfile.h"

enum { BOUNCE_ASIDE = 1 };

/*
 * Reports all recipients that are marked failed, and marks them reported: to
 * the sender, a report for each sender that they have.  Where NOTIFY says
 * that nobody is to be told they are only marked.  Without a sender, or
 * where he has no address that mail could get to (G-32), double_bounce_to is
 * told.
 *
 * The job is kept, its lock held.  stored->fate may be NULL; what
 * recipients' own status says, unless it is open, is newer than their fate.
 * What a report is about is settled by marks and by reports that are there:
 * after a crash at any point a second call goes on.
 *
 * 0: whoever could be told is.  -1 with *e: of some the report could not be
 * committed; they stay failed, for the next run.  BOUNCE_ASIDE: a report that
 * has failed, of which nobody else can be told: the entry is in corrupt/ and
 * closed, and the job is loose.  As long as that entry has recipients that
 * may still be reached it stays as it is: 0, and some are failed still.
 */
int bounce_failed(const struct store *, struct job *, struct stored *,
    const struct bounce_opts *, struct pool *, struct err *)
    __attribute__((warn_unused_result));

/*
 * Tells the sender of the delay, for those of whom schedule_warns says that it
 * is time and who may be told of.  0, or -1 with *e, as above.
 */
int bounce_delayed(const struct store *, struct job *, struct stored *,
    const struct bounce_opts *, struct pool *, struct err *)
    __attribute__((warn_unused_result));

/*
 * Tells the sender, where he asked for that, of those who in this run were
 * passed on to a host that reports no success, and of aliases that led to
 * several (G-27, D-26).  That is known now and not again: what cannot be
 * written, or is lost in a crash, he is not told.  1 if there is something to
 * tell, 0 if not, -1 with *e.
 */
int bounce_succeeded(const struct store *, struct job *, struct stored *,
    const struct bounce_opts *, struct pool *, struct err *)
    __attribute__((warn_unused_result));

#endif
