/* SPDX-License-Identifier: ISC */
#include "mail/errand.h"

size_t
errand_recipients(const struct errand *errand)
{
	size_t n = 0;

	for (size_t i = 0; i < errand->letters; i++)
		n += errand->letter[i].n;
	return n;
}

void
errand_host(struct buf *b, const struct errand *errand, struct str ip)
{
	buf_add(b, errand->host);
	if (!errand->literal)
		buf_printf(b, "[%.*s]", STR_ARG(ip));
}
