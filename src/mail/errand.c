/* SPDX-License-Identifier: ISC */
#include "mail/errand.h"

void
errand_host(struct buf *b, const struct errand *errand, struct str ip)
{
	buf_add(b, errand->host);
	if (!errand->literal)
		buf_printf(b, "[%.*s]", STR_ARG(ip));
}
