/* SPDX-License-Identifier: ISC */
#include "delivery/group.h"

#include <stdlib.h>

#include "delivery/outcome.h"
#include "os/sandbox.h"

enum {
	/* More for one domain go in several sessions. */
	HOP_RECIPIENTS = 1000,
	HOP_LETTERS = 250,
	/* So many are worth a session of their own beside another. */
	HOP_WORTH = 25,
};

_Static_assert((int)HOP_LETTERS <= (int)SANDBOX_RANGES,
    "an agent can mark the recipients of all its letters");

/* A recipient and where it goes, while they are grouped. */
struct way {
	struct next_hop target;
	bool utf8; /* the address, or the sender's, is not ASCII */
	struct member who;
};

static int
by_way(const void *left, const void *right)
{
	const struct way *a = left;
	const struct way *b = right;
	int order;

	if (a->target.kind != b->target.kind)
		return a->target.kind < b->target.kind ? -1 : 1;
	if (a->target.relay != b->target.relay)
		return a->target.relay < b->target.relay ? -1 : 1;
	if (a->target.tls != b->target.tls)
		return a->target.tls < b->target.tls ? -1 : 1;
	if (a->target.demand != b->target.demand)
		return a->target.demand < b->target.demand ? -1 : 1;
	if (a->target.source != b->target.source)
		return a->target.source < b->target.source ? -1 : 1;
	order = str_compare(a->target.domain, b->target.domain);
	if (order != 0)
		return order;
	if (a->utf8 != b->utf8)
		return a->utf8 ? 1 : -1;
	if (a->who.job != b->who.job)
		return a->who.job < b->who.job ? -1 : 1;
	order = str_compare(member_from(&a->who), member_from(&b->who));
	if (order != 0)
		return order;
	return a->who.rcpt < b->who.rcpt ? -1 : a->who.rcpt > b->who.rcpt;
}

static bool
together(const struct way *a, const struct way *b)
{
	/* Each that goes nowhere has a reason of its own. */
	return a->target.kind != NEXT_HOP_NONE &&
	    a->target.kind == b->target.kind &&
	    a->target.relay == b->target.relay &&
	    a->target.tls == b->target.tls &&
	    a->target.demand == b->target.demand &&
	    a->target.source == b->target.source && a->utf8 == b->utf8 &&
	    str_eq(a->target.domain, b->target.domain);
}

/* Are they served by one transaction? */
static bool
one_letter(const struct way *a, const struct way *b)
{
	return a->who.job == b->who.job &&
	    str_eq(member_from(&a->who), member_from(&b->who));
}

/*
 * Whose fate was known before the run began goes nowhere, and is judged by
 * that, so that it is logged and shown as all others.
 */
static struct next_hop
target_of(struct recipient *r, struct str from, const struct run *run)
{
	struct next_hop none = {.kind = NEXT_HOP_NONE, .status = r->status};

	if (r->status.outcome == OUTCOME_OPEN)
		return route_domain(
		    r->addr.domain, from, &run->opts->routes, run->pool);
	r->status = (struct status){0};
	return none;
}

/* Where every recipient goes; returns how many there are. */
static size_t
find_ways(const struct run *run, struct way **ways)
{
	struct way *way;
	size_t n = 0;

	for (size_t j = 0; j < run->jobs; j++)
		n += run->job[j].envelope->n;
	*ways = way = pool_array(run->pool, n, sizeof(*way));
	n = 0;
	for (size_t j = 0; j < run->jobs; j++) {
		const struct envelope *env = run->job[j].envelope;

		run->job[j].open = 0;
		for (size_t i = 0; i < env->n; i++) {
			struct recipient *r = &env->rcpt[i];
			struct str from = envelope_from(env, r);

			if (r->idle)
				continue;
			if (r->since[SINCE_RUN] == 0)
				r->since[SINCE_RUN] = run->opts->start;
			r->since[SINCE_READ] = run->opts->read;
			run->job[j].open++;
			way[n++] = (struct way){
			    .target = target_of(r, from, run),
			    .utf8 =
				!str_is_ascii(from) || !str_is_ascii(r->path),
			    .who = {&run->job[j], r},
			};
		}
	}
	return n;
}

/* Of way[0..n), those that go the same way as the first. */
static size_t
count_together(const struct way *way, size_t n)
{
	size_t i = 1;

	while (i < n && together(&way[0], &way[i]))
		i++;
	return i;
}

/* How many messages each session takes, so that several share the work. */
static size_t
letters_each(const struct way *way, size_t n)
{
	size_t letters = 1;
	size_t sessions;
	size_t each;

	for (size_t i = 1; i < n; i++)
		letters += !one_letter(&way[i - 1], &way[i]);
	sessions = letters / HOP_WORTH;
	if (sessions > DEST_AGENTS)
		sessions = DEST_AGENTS;
	each = sessions > 1 ? (letters + sessions - 1) / sessions : letters;
	return each < HOP_LETTERS ? each : HOP_LETTERS;
}

/* The hops of way[0..n), which all go the same way; returns how many. */
static size_t
divide(const struct way *way, size_t n, struct member *member, struct hop *hop,
    uint32_t id)
{
	size_t each = letters_each(way, n);
	size_t letters = 0;
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		struct hop *h = count ? &hop[count - 1] : NULL;

		member[i] = way[i].who;
		letters += i == 0 || !one_letter(&way[i - 1], &way[i]);
		if (h && h->n < HOP_RECIPIENTS && letters <= each) {
			h->n++;
			continue;
		}
		letters = 1;
		hop[count] = (struct hop){
		    .id = id + (uint32_t)count,
		    .target = way[i].target,
		    .member = &member[i],
		    .n = 1,
		    .utf8 = way[i].utf8,
		    .deadline = INT64_MAX,
		};
		count++;
	}
	return count;
}

struct dest *
group_recipients(struct run *run, size_t *n)
{
	struct way *way;
	size_t all = find_ways(run, &way);
	struct member *member = pool_array(run->pool, all, sizeof(*member));
	struct hop *hop = pool_array(run->pool, all, sizeof(*hop));
	struct dest *dest = pool_array(run->pool, all, sizeof(*dest));
	size_t hops = 0;
	size_t count = 0;

	if (all > 0)
		qsort(way, all, sizeof(*way), by_way);
	for (size_t i = 0; i < all;) {
		size_t same = count_together(&way[i], all - i);
		struct dest *d = &dest[count++];

		*d = (struct dest){.hop = &hop[hops]};
		d->n =
		    divide(&way[i], same, &member[i], d->hop, (uint32_t)hops);
		for (size_t k = 0; k < d->n; k++)
			d->hop[k].dest = d;
		hops += d->n;
		i += same;
	}
	run->several = hops > 1;
	*n = count;
	return dest;
}
