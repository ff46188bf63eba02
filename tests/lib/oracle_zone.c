/* SPDX-License-Identifier: ISC */
#include "oracle_zone.h"

#include <stdlib.h>
#include <string.h>

enum { MX = 15, SRV = 33, LINKS = 12 };

static struct wire w;

static void
add_srv(const struct zone_record *r)
{
	char *rest;
	unsigned long weight = strtoul(r->data, &rest, 10);
	unsigned long port = strtoul(rest, &rest, 10);

	wire_srv(&w, r->name, r->preference, (unsigned)weight, (unsigned)port,
	    rest + 1);
}

static void
add(const struct zone_record *r)
{
	if (r->type == MX)
		wire_mx(&w, r->name, r->preference, r->data);
	else if (r->type == SRV)
		add_srv(r);
	else if (r->type == CNAME)
		wire_cname(&w, r->name, r->data);
	else
		wire_ip(&w, r->name, r->data);
}

static void
set_rcode(unsigned rcode)
{
	w.p[3] = (unsigned char)((w.p[3] & 0xf0) | rcode);
}

/* Adds what there is of name; where its alias leads, or NULL. */
static const char *
look_up(const struct zone_record *zone, const char *name, unsigned type)
{
	const char *next = NULL;
	bool exists = false;

	for (const struct zone_record *r = zone; r->name; r++) {
		if (strcmp(r->name, name) != 0)
			continue;
		exists = true;
		if (r->data == NULL && (r->type == 0 || r->type == type)) {
			set_rcode(r->preference);
			return NULL;
		}
		if (r->type == CNAME)
			next = r->data;
		if (r->data && (r->type == CNAME || r->type == type))
			add(r);
	}
	if (!exists)
		set_rcode(3);
	return next;
}

void
zone_say(struct oracle *o, const struct query *q)
{
	const char *name = q->name;

	wire_reply(&w, q, USUAL | AD);
	for (int links = 0; links < LINKS && name; links++)
		name = look_up(o->zone, name, q->type);
	oracle_wire(o, &w);
}
