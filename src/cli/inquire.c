/* SPDX-License-Identifier: ISC */
#include "cli/inquire.h"

#include "base/clock.h"
#include "cli/hear.h"
#include "os/sys.h"

static void
served(struct found *f, const struct record *r)
{
	if (f->served_n == SERVICE_HOSTS)
		return;
	f->served[f->served_n] = (struct service_host){
	    .name = pool_str(f->pool, r->name),
	    .port = r->port,
	    .encrypted = r->encrypted,
	    .priority = r->number,
	    .weight = r->weight,
	    .rank = (uint32_t)f->served_n,
	};
	f->served_n++;
}

static bool
take(void *ctx, const struct record *r)
{
	struct found *f = ctx;

	if (r->kind == RECORD_MX && f->n < INQUIRE_HOSTS) {
		f->list[f->n++] = (struct exchanger){
		    r->number, pool_str(f->pool, r->name), 0};
	} else if (r->kind == RECORD_SRV) {
		served(f, r);
	} else if (r->kind == RECORD_ADDR && f->ips < ERRAND_ADDRESSES) {
		f->ip[f->ips++] = pool_str(f->pool, r->name);
	} else if (r->kind == RECORD_FOUND) {
		f->secure = r->number;
		f->status = status_keep(r->status, f->pool);
	} else if (r->kind == RECORD_SHOW && f->show) {
		f->show(f->ctx, r);
	}
	return f->status.outcome == OUTCOME_OPEN;
}

static void
fail(struct found *f, const struct err *e)
{
	f->status =
	    status_own(BLAME_US, "4.3.0", pool_str(f->pool, str_c(e->text)));
}

static void
listen_to(struct found *f, struct agent *agent, int64_t deadline)
{
	hear_agent(agent, deadline, take, f);
	if (f->status.outcome == OUTCOME_OPEN)
		f->status = status_own(
		    BLAME_US, "4.4.3", STR("the DNS gave no answer in time"));
}

void
inquire_dns(struct found *f, const struct lookup_errand *lookup,
    int64_t patience, const char *what, struct str name)
{
	int64_t deadline = clock_now() + patience;
	struct agent agent;
	struct buf request;
	struct err e;

	if (agent_lookup(&agent, lookup, &e) < 0) {
		fail(f, &e);
		return;
	}
	buf_init(&request, 1024);
	agent_request(&request, what, 0, name);
	/* Where it cannot be asked, it says nothing. */
	if (sys_write(agent.command, request.p, request.n) < 0)
		deadline = 0;
	buf_free(&request);
	listen_to(f, &agent, deadline);
}

void
inquire_name(struct found *f, const struct lookup_errand *lookup,
    int64_t patience, struct str host)
{
	struct agent agent;
	struct err e;

	if (agent_name(&agent, lookup, host, &e) < 0)
		fail(f, &e);
	else
		listen_to(f, &agent, clock_now() + patience);
}
