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

bool
errand_is_socket(const struct errand *errand)
{
	return errand->addresses > 0 && str_starts(errand->ip[0], STR("/"));
}

void
errand_host(struct buf *b, const struct errand *errand, struct str ip)
{
	buf_add(b, errand->host);
	if (!errand->literal)
		buf_printf(b, "[%.*s]", STR_ARG(ip));
}

struct str
errand_subject(const struct errand *e)
{
	if (e->literal)
		return e->ip[0];
	return e->foreign ? e->domain : e->host;
}

struct str
errand_known_as(const struct errand *e)
{
	return e->domain.n > 0 ? e->domain : e->host;
}

void
errand_peer(struct buf *b, const struct errand *errand, struct str ip)
{
	errand_host(b, errand, ip);
	if (!errand_is_socket(errand))
		buf_printf(b, ":%u", errand->port);
}
