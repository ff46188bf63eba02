/* SPDX-License-Identifier: ISC */
#include "zone.h"

enum { HEADER = 12, ALIASES = 12, TYPE_CNAME = 5, TYPE_SRV = 33 };

bool
zone_name(struct buf *b, struct str name)
{
	struct str label;

	if (name.n > 0 && name.p[name.n - 1] == '.')
		name.n--;
	while (name.n > 0 && str_split(&name, '.', &label)) {
		if (label.n == 0 || label.n > 63)
			return false;
		buf_byte(b, (char)label.n);
		buf_add(b, label);
	}
	buf_byte(b, '\0');
	return true;
}

unsigned
zone_number(struct str s, size_t at)
{
	return (unsigned)(unsigned char)s.p[at] << 8 |
	    (unsigned char)s.p[at + 1];
}

void
zone_put(struct buf *b, unsigned n)
{
	buf_byte(b, (char)(n >> 8));
	buf_byte(b, (char)n);
}

bool
zone_question(struct pool *pool, struct str packet, struct question *q)
{
	size_t at = HEADER;
	struct buf name;

	if (packet.n < HEADER + 5 || zone_number(packet, 4) != 1)
		return false;
	buf_init(&name, 512);
	while (at < packet.n && packet.p[at] != 0) {
		size_t n = (unsigned char)packet.p[at];

		if (name.n > 0)
			buf_byte(&name, '.');
		buf_add(&name, str_slice(packet, at + 1, at + 1 + n));
		at += n + 1;
	}
	q->name = pool_str(pool, buf_str(&name));
	buf_free(&name);
	if (at + 5 > packet.n)
		return false;
	q->type = zone_number(packet, at + 1);
	q->end = at + 5;
	q->edns = zone_number(packet, 10) > 0;
	return true;
}

/* Appends a resource record of one day. */
static void
put_record(struct buf *b, const struct rr *r, unsigned port)
{
	size_t at;

	zone_name(b, r->name);
	zone_put(b, r->type);
	zone_put(b, 1);
	zone_put(b, 1);
	zone_put(b, 0x5180);
	zone_put(b, (unsigned)r->data.n);
	at = b->n;
	buf_add(b, r->data);
	if (r->type == TYPE_SRV && r->data.n > 6 &&
	    zone_number(r->data, 4) == PLAY_ANY_PORT) {
		b->p[at + 4] = (char)(port >> 8);
		b->p[at + 5] = (char)port;
	}
}

/* The name that a CNAME record points to. */
static struct str
target(struct pool *pool, const struct rr *r)
{
	struct buf name;
	struct str text;

	buf_init(&name, 512);
	for (size_t at = 0; at < r->data.n && r->data.p[at] != 0;) {
		size_t n = (unsigned char)r->data.p[at];

		if (name.n > 0)
			buf_byte(&name, '.');
		buf_add(&name, str_slice(r->data, at + 1, at + 1 + n));
		at += n + 1;
	}
	text = pool_str(pool, buf_str(&name));
	buf_free(&name);
	return text;
}

struct found
zone_look(const struct play *play, struct str name, unsigned type,
    unsigned port, struct pool *pool, struct buf *answers)
{
	struct found f = {0};
	struct str alias = STR_NONE;

	for (int i = 0; i < ALIASES; i++) {
		alias = STR_NONE;
		f.known = false;
		for (struct rr *r = play->zone; r; r = r->next) {
			if (!str_ieq(r->name, name))
				continue;
			f.known = true;
			if (r->type != type && r->type != TYPE_CNAME)
				continue;
			if (f.manner == NULL)
				f.manner = r;
			f.truncated |= r->truncated;
			f.no_tcp |= r->no_tcp;
			f.ad |= r->ad;
			if (r->rcode)
				f.rcode = r->rcode;
			if (!r->real)
				continue;
			put_record(answers, r, port);
			f.count++;
			if (r->type == TYPE_CNAME && type != TYPE_CNAME &&
			    !r->lone)
				alias = target(pool, r);
		}
		if (alias.p == NULL)
			break;
		name = alias;
	}
	if (!f.known && f.rcode == 0)
		f.rcode = 3;
	return f;
}
