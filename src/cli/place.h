/* SPDX-License-Identifier: ISC */
/* Where the spool is if nobody says so, and how it is opened. */
#ifndef CLI_PLACE_H
#define CLI_PLACE_H

#include "cli/conf.h"
#include "spool/store.h"

/*
 * The path of the spool, in the pool: for `spool = default` that of the
 * system for root and for whom it belongs to, else a folder of the user's
 * own.  Empty if there is none, and where there can be none: without a home.
 */
struct str place_path(const struct conf *, struct pool *);

/* Is it that of a system, of the group that a set-group-ID bit gave us? */
bool place_is_of_group(const struct conf *);

/*
 * Opens the spool.  The default one is made, where it is the user's own, with
 * all that leads there.  -1 with *e.
 */
int place_open(struct store *, const struct conf *, struct err *);

/* The same, for whoever looks: nothing is made.  Where a spool could be made,
 * there is one without a directory (dir is -1), which is an empty one. */
int place_look(struct store *, const struct conf *, struct err *);

/* Is there the room that the configuration wants for a message?  -1 with *e. */
int place_room(const struct store *, const struct conf *, struct err *);

/* Could a message be kept?  Nothing is made.  -1 with *e. */
int place_try(const struct conf *, struct err *);

#endif
