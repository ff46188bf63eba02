/* SPDX-License-Identifier: ISC */
/* Dates as mail writes them (RFC 5322, 3.3). */
#ifndef MAIL_DATE_H
#define MAIL_DATE_H

#include <time.h>

#include "base/buf.h"

/*
 * Appends t as "Tue, 24 Nov 2026 16:21:25 +0000": in local time, in English
 * whatever the locale.  The zone is "-0000" only if it is not known.
 */
void date_5322(struct buf *, time_t t);

#endif
