/* SPDX-License-Identifier: ISC */
/* What reports say of us, and what decides who gets one. */
#ifndef DELIVERY_BOUNCE_OPTS_H
#define DELIVERY_BOUNCE_OPTS_H

#include "delivery/resolve.h"
#include "spool/schedule.h"

struct bounce_opts {
	struct str hostname;	     /* of the machine that reports */
	struct str mailname;	     /* the domain of MAILER-DAEMON */
	struct str double_bounce_to; /* of reports on what has no sender */
	uint64_t size_limit;	     /* of a message that goes back whole */
	const struct resolve_opts *resolve; /* reports have aliases, too */
	const struct schedule *schedule;
	int64_t now; /* ms of the wall clock */
};

#endif
