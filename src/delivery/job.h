/* SPDX-License-Identifier: ISC */
/* One message of a run. */
#ifndef DELIVERY_JOB_H
#define DELIVERY_JOB_H

#include "mail/envelope.h"

struct job {
	struct envelope *envelope;
	const struct content *content;
};

#endif
