/* SPDX-License-Identifier: ISC */
/* Dates as RFC 5322, 3.3, writes them. */
#ifndef MAIL_DATE_H
#define MAIL_DATE_H

#include <time.h>

#include "base/buf.h"

/*
 * Appends t in local time, "Tue, 24 Nov 2026 16:21:25 +0100": English
 * whatever the locale; -0000 only if the zone is not known (B-13).
 */
void date_5322(struct buf *, time_t t);

#endif
