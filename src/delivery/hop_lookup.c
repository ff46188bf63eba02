/* SPDX-License-Identifier: ISC */
/* What a hop asks, and what the answers mean for its walk. */
#include "delivery/hop.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "net/host.h"
#include "os/sys.h"

enum { EXCHANGERS_MAX = 200 };

enum ip_family
hop_family(const struct hop *hop, const struct run *run)
{
	const struct ip_source *source = hop->target.source;

	if (source == NULL || (source->v4.family && source->v6.family))
		return run->opts->lookup.family;
	return source->v4.family ? IP_V4 : IP_V6;
}

struct str
hop_question(const struct hop *hop)
{
	return hop->state == HOP_ASK_MX ? hop->target.domain
					: hop->walk->host[hop->walk->at].name;
}

/* The order of the walk, for people. */
static void
show_order(const struct hop *hop, const struct run *run, bool implicit)
{
	struct buf b;

	if (run->opts->show == NULL)
		return;
	buf_init(&b, 4096);
	if (implicit)
		buf_printf(&b, "%.*s has no MX record: the host itself",
		    STR_ARG(hop->target.domain));
	else
		buf_printf(&b, "%.*s: hosts to try, in this order:",
		    STR_ARG(hop->target.domain));
	for (size_t i = 0; !implicit && i < hop->walk->n; i++)
		buf_printf(&b, "%s %.*s (%u)", i ? "," : "",
		    STR_ARG(hop->walk->host[i].name),
		    hop->walk->host[i].preference);
	run_show_now(run, hop->target.domain, buf_str(&b));
	buf_free(&b);
}

/* All MX records are here. */
static void
mx_complete(struct hop *hop, struct run *run)
{
	bool implicit = hop->list_n == 0;
	struct status status = {0};

	if (hop->list == NULL)
		hop->list = calloc(1, sizeof(*hop->list));
	if (hop->list == NULL)
		err_memory();
	if (!route_order(hop->list, &hop->list_n, hop->target.domain,
		run->opts->own, run->opts->own_n, run->pool, &status)) {
		hop_conclude(hop, run, &status);
		return;
	}
	hop_set_out(hop, run);
	for (size_t i = 0; i < hop->list_n; i++)
		walk_add(hop->walk, hop->list[i].name, hop->list[i].preference);
	free(hop->list);
	hop->list = NULL;
	show_order(hop, run, implicit);
	hop_advance(hop, run);
}

static void
mx_record(struct hop *hop, struct run *run, const struct record *r)
{
	struct exchanger *x;

	if (hop->list == NULL)
		hop->list = calloc(EXCHANGERS_MAX + 1, sizeof(*hop->list));
	if (hop->list == NULL)
		err_memory();
	if (hop->list_n == EXCHANGERS_MAX)
		return;
	x = &hop->list[hop->list_n];
	x->preference = r->number;
	x->name = pool_str(run->pool, r->name);
	/* Without random bytes the order of the answer has to do. */
	if (sys_random(&x->rank, sizeof(x->rank)) < 0)
		x->rank = (uint32_t)hop->list_n;
	hop->list_n++;
}

static void
address_record(struct hop *hop, struct run *run, const struct record *r)
{
	struct walk_host *h = &hop->walk->host[hop->walk->at];
	struct ip ip;

	/* Cut off by an address before: the rest is of no interest. */
	if (hop->walk->at == hop->walk->n || h->known ||
	    !ip_parse(r->name, &ip))
		return;
	/* Who says that this host is to be the relay, knows what he does. */
	if (hop->state == HOP_ADDRESS && !hop->target.relay &&
	    hop_is_ours(run, &ip)) {
		log_event(LOG_LEVEL_WARNING, "smtp",
		    "%.*s: %.*s[%.*s] is this host: a mail loop",
		    STR_ARG(hop_id(hop)), STR_ARG(h->name), STR_ARG(r->name));
		walk_ours(hop->walk);
		return;
	}
	if (h->n < WALK_ADDRESSES)
		walk_address(hop->walk, pool_str(run->pool, r->name));
}

static void
service_record(struct hop *hop, struct run *run, const struct record *r)
{
	struct service_host *s;

	if (hop->served == NULL)
		hop->served = calloc(SERVICE_HOSTS, sizeof(*hop->served));
	if (hop->served == NULL)
		err_memory();
	if (hop->served_n == SERVICE_HOSTS)
		return;
	s = &hop->served[hop->served_n];
	*s = (struct service_host){
	    .name = pool_str(run->pool, r->name),
	    .port = r->port,
	    .encrypted = r->encrypted,
	    .priority = r->number,
	    .weight = r->weight,
	    .rank = (uint32_t)hop->served_n,
	};
	/* Without random bytes the first are drawn. */
	if (sys_random(&s->rank, sizeof(s->rank)) < 0 ||
	    sys_random(&s->draw, sizeof(s->draw)) < 0)
		s->draw = 0;
	hop->served_n++;
}

/* The hosts of the service that the walk has come to; secure: the DNS proves
 * that they are. */
static bool
service_complete(
    struct hop *hop, struct run *run, bool secure, struct status *status)
{
	struct str domain = hop->walk->host[hop->walk->at].name;
	size_t n = hop->served_n;

	hop->served_n = 0;
	if (!service_order(hop->served, &n, domain, run->pool, status))
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct service_host *s = &hop->served[i];
		struct walk_host *h = walk_serve(hop->walk, i, s->name);

		if (h == NULL)
			break;
		h->port = s->port;
		h->encrypted = s->encrypted;
		h->foreign = !secure && !service_is_within(s->name, domain);
	}
	walk_served(hop->walk);
	free(hop->served);
	hop->served = NULL;
	return true;
}

/* Its answer is there: the time stands. */
static void
answered(struct hop *hop)
{
	hop->patience -= clock_now() - hop->asked_at;
	hop->deadline = INT64_MAX;
}

/* What was asked about a host of the walk is answered. */
static void
host_complete(struct hop *hop, struct run *run, const struct record *r)
{
	struct status status = status_keep(r->status, run->pool);
	bool served = hop->state == HOP_SRV &&
	    status.outcome == OUTCOME_DELIVERED &&
	    service_complete(hop, run, r->number, &status);

	/* That a relay has no address is no fault of the mail's (D-54). */
	if (hop->target.relay && status.outcome == OUTCOME_FAILED)
		status = status_recode(status, "4.4.4");
	if (!served && hop->walk->at < hop->walk->n)
		walk_found(hop->walk, &status);
	hop_advance(hop, run);
}

void
hop_looked_up(struct hop *hop, struct run *run, const struct record *r)
{
	enum hop_state state = hop->state;

	if (!hop_awaits_answer(hop) && state != HOP_NAME)
		return;
	if (r->kind == RECORD_MX && state == HOP_MX)
		mx_record(hop, run, r);
	else if (r->kind == RECORD_SRV && state == HOP_SRV)
		service_record(hop, run, r);
	else if (r->kind == RECORD_ADDR && state != HOP_MX && state != HOP_SRV)
		address_record(hop, run, r);
	if (r->kind != RECORD_FOUND)
		return;
	answered(hop);
	if (state == HOP_MX && r->status.outcome == OUTCOME_DELIVERED)
		mx_complete(hop, run);
	else if (state == HOP_MX)
		hop_conclude(hop, run, &r->status);
	else
		host_complete(hop, run, r);
}

bool
hop_wants_answer(const struct hop *hop)
{
	return hop->state == HOP_ASK_MX || hop->state == HOP_ASK_SRV ||
	    hop->state == HOP_ASK_ADDRESS;
}

bool
hop_awaits_answer(const struct hop *hop)
{
	return hop->state == HOP_MX || hop->state == HOP_SRV ||
	    hop->state == HOP_ADDRESS;
}

void
hop_asked(struct hop *hop)
{
	static const enum hop_state waits[] = {
	    [HOP_ASK_MX] = HOP_MX,
	    [HOP_ASK_SRV] = HOP_SRV,
	    [HOP_ASK_ADDRESS] = HOP_ADDRESS,
	    [HOP_ASK_NAME] = HOP_NAME,
	};

	hop->state = waits[hop->state];
	hop->asked_at = clock_now();
	hop->deadline = hop->asked_at + hop->patience;
}

void
hop_ask_again(struct hop *hop, struct run *run)
{
	struct walk *walk = hop->walk;

	if (!hop_awaits_answer(hop))
		return;
	answered(hop);
	/* What has come of the answer comes again. */
	if (hop->state == HOP_MX) {
		hop->list_n = 0;
		hop->state = HOP_ASK_MX;
	} else if (hop->state == HOP_SRV) {
		hop->served_n = 0;
		hop->state = HOP_ASK_SRV;
	} else if (walk->at < walk->n) {
		walk->host[walk->at].n = 0;
		hop->state = HOP_ASK_ADDRESS;
	} else {
		hop_advance(hop, run);
	}
}

void
hop_lookup_lost(struct hop *hop, struct run *run, const char *why)
{
	struct record r = {.kind = RECORD_FOUND};

	r.status = status_own(BLAME_US, "4.4.3", str_c(why));
	hop_looked_up(hop, run, &r);
}
