/* SPDX-License-Identifier: ISC */
/*
 * What holds for this run: the configuration with what the command line
 * changes, and who the caller is.
 */
#ifndef CLI_SETTLE_H
#define CLI_SETTLE_H

#include "cli/conf.h"
#include "cli/options.h"
#include "delivery/bounce_opts.h"
#include "delivery/opts.h"
#include "delivery/resolve.h"
#include "mail/rewrite.h"
#include "os/user.h"

/*
 * Defaults, then the file, then the options in their order.  Returns 0, or
 * the exit status with *e: 78 for the file, 64 for an option.  Texts live in
 * the options' pool.  The group of a set-group-ID program is given up unless
 * the spool belongs to it, and where the caller names files or servers.
 */
int settle_values(struct conf *, const struct options *, struct err *)
    __attribute__((warn_unused_result));

/* The same, and that its parts fit each other: 78 if they do not. */
int settle_conf(struct conf *, const struct options *, struct err *)
    __attribute__((warn_unused_result));

/* The last part of settle_values alone: the options, over what *c holds. */
int settle_options(struct conf *, const struct options *, struct err *)
    __attribute__((warn_unused_result));

/* Modes of delivery that keep the message have nowhere to keep it: 78. */
int settle_delivery(const struct conf *, struct err *)
    __attribute__((warn_unused_result));

struct identity {
	struct user user;
	struct str name;     /* full name, for a missing From; or empty */
	struct str hostname; /* valid, in ASCII */
	struct str mailname; /* valid, in ASCII */
	struct str helo;     /* empty: the address literal */
	struct str *own;     /* domains whose names may be aliases */
	size_t own_n;
	struct addr sender;   /* who submits; empty: the null sender */
	struct addr envelope; /* the same, as rules have it */
	struct str orig; /* if they differ, who submits, as a path; or empty */
	struct rewrite from; /* the rules for the field From */
};

/*
 * Who sends.  What of the surroundings cannot be used is
 * passed over with a line in the log.  Rules are those of the relay that the
 * sender has, see hantar.conf(5): the configuration is settle_conf's.  Returns
 * 0, or the exit status with *e: 65 for -f.
 */
int settle_identity(struct identity *, const struct conf *,
    const struct options *, struct err *) __attribute__((warn_unused_result));

/* Where the names of this host are looked up. */
struct resolve_opts settle_resolve(
    const struct conf *, const struct identity *, const struct options *);

/* Who reports failures, and to whom; but for the time. */
struct bounce_opts settle_bounce(
    const struct conf *, const struct identity *, const struct resolve_opts *);

/*
 * How mail is sent, for the dispatcher: all but signals, patience and who
 * watches.  start is clock_now when the run began.  Lives as long as the
 * options' pool.
 */
void settle_dispatch(struct dispatch_opts *, const struct conf *,
    const struct identity *, const struct options *, int64_t start);

#endif
