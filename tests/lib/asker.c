/* SPDX-License-Identifier: ISC */
#include "asker.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "os/sys.h"
#include "vtime.h"

struct asker asker;
static struct wire w;

static void
asking(void *ctx, const struct dns_question *q)
{
	(void)q;
	++*(unsigned *)ctx;
}

void
asker_open(size_t servers, bool trust)
{
	struct dns_opts opts = {
	    .trust_ad = trust, .asking = asking, .ctx = &asker.asked};
	struct err e;
	struct buf list;

	buf_init(&list, 200);
	for (size_t i = 0; i < servers; i++)
		buf_printf(&list, "%s127.0.0.1:%u", i == 1 ? ", " : " ",
		    asker.o[i].port);
	opts.nameserver = buf_str(&list);
	if (dns_open(&asker.dns, &opts, &e) < 0)
		abort();
	buf_free(&list);
	/* Whatever this machine's resolv.conf says. */
	asker.dns.patience = 5 * SECOND;
	asker.dns.rounds = 2;
	asker.dns.tcp_only = false;
}

void
asker_start(
    size_t servers, void (*answer)(struct oracle *, const struct query *))
{
	size_t i;

	asker.asked = 0;
	for (i = 0; i < servers; i++) {
		oracle_start(&asker.o[i], answer);
		asker.all[i] = &asker.o[i];
	}
	asker.all[i] = NULL;
	asker_open(servers, true);
	vtime_start(oracle_idle, asker.all);
	asker.start = clock_now();
}

void
asker_stop(void)
{
	dns_release(&asker.q);
	dns_close(&asker.dns);
	assert(vtime_stuck() == 0);
	vtime_stop();
	for (size_t i = 0; asker.all[i]; i++)
		oracle_stop(asker.all[i]);
}

struct dns_question *
asker_await(void)
{
	struct dns_question *q;

	while ((q = dns_answered(&asker.dns)) == NULL) {
		struct pollfd fds[DNS_LIVE];
		int64_t until = INT64_MAX;
		size_t n = dns_wait(&asker.dns, fds, &until);

		assert(n > 0 || until == 0);
		if (sys_poll(fds, (nfds_t)n, until) < 0)
			abort();
		dns_step(&asker.dns, fds);
	}
	return q;
}

const struct dns_answer *
asker_ask(const char *name, enum dns_type type)
{
	dns_release(&asker.q);
	asker.start = clock_now();
	dns_ask(
	    &asker.dns, &asker.q, str_c(name), type, clock_now() + 60 * SECOND);
	if (asker_await() != &asker.q)
		abort();
	return &asker.q.answer;
}

int64_t
asker_passed(void)
{
	return clock_now() - asker.start;
}

void
asker_say_mx(struct oracle *o, const struct query *q)
{
	wire_reply(&w, q, USUAL | AD);
	wire_mx(&w, q->name, 10, "mx.example.org");
	oracle_wire(o, &w);
}
