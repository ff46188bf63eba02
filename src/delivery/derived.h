/* SPDX-License-Identifier: ISC */
/*
 * Entries that come of another one, to be told of some of its recipients: the
 * reports on it, and what goes on from here to those that an alias leads to.
 * The name of such an entry follows from the other's, from what it is, and
 * from the first recipient that it is about, so that what somebody who died
 * has committed is found again (spool-protocol, 16).
 *
 * It is not touched before that recipient's mark is final and on disk, or the
 * other entry is gone: what had been sent and removed before would not be
 * found any more, and be made again.
 */
#ifndef DELIVERY_DERIVED_H
#define DELIVERY_DERIVED_H

#include "base/pool.h"
#include "spool/envfile.h"
#include "spool/take.h"

enum derived_kind {
	DERIVED_FAILED,	     /* a report of failure */
	DERIVED_DELAYED,     /* a report of delay: this one may come twice */
	DERIVED_UNDELIVERED, /* of a failure, to another than the sender */
	DERIVED_FORWARDED,   /* the message itself, to others */
	DERIVED_SUCCEEDED,   /* a report of success; nobody looks for it */
};

/* Makes it, locked and empty, for recipients from `first` on. */
enum derive derived_make(const struct store *, const char *id,
    enum derived_kind, size_t first, struct entry *, struct err *);

/* Appends its name. */
void derived_name(
    struct buf *, const char *id, enum derived_kind, size_t first);

/*
 * Is there such an entry (1, 0)?  Asked without taking hold of it.  -1 with
 * *e: that cannot be known.
 */
int derived_there(const struct store *, const char *id, enum derived_kind,
    size_t first, struct err *);

/*
 * Appends what stands in its envelope where others have the arguments of
 * their command (stored.args): about whom, index[0..n), it is.
 */
void derived_put(
    struct buf *, enum derived_kind, const size_t *index, size_t n);

bool derived_is(const struct stored *, enum derived_kind);

/* Is it about recipient i, of n, of the entry from which it comes? */
bool derived_about(const struct stored *, size_t i, size_t n);

/* May it, or any other entry, be sent and removed?  See above. */
bool derived_settled(
    const struct store *, const char *id, const struct stored *);

#endif
