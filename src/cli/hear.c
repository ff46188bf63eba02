/* SPDX-License-Identifier: ISC */
#include "cli/hear.h"

#include <errno.h>

#include "os/proc.h"
#include "os/sys.h"

/* One that somebody has taken over might say more and more. */
enum { RECORDS = 20000 };

struct hear {
	bool (*take)(void *ctx, const struct record *);
	void *ctx;
	unsigned records;
	bool over;
};

static void
line(void *ctx, struct str text)
{
	struct hear *h = ctx;
	struct record r;
	struct err e;

	if (!h->over)
		h->over = ++h->records > RECORDS ||
		    report_parse(text, &r, &e) < 0 || !h->take(h->ctx, &r);
}

void
hear_agent(struct agent *agent, int64_t deadline,
    bool (*take)(void *ctx, const struct record *), void *ctx)
{
	struct hear h = {.take = take, .ctx = ctx};
	struct report_reader reader;
	struct err e;

	report_reader_init(&reader);
	while (!h.over) {
		struct pollfd p = {.fd = agent->report, .events = POLLIN};
		int ready = sys_poll(&p, 1, deadline);

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0 ||
		    report_read(&reader, agent->report, line, &h, &e) <= 0)
			h.over = true;
	}
	report_reader_free(&reader);
	agent_end(agent);
	proc_collect();
}
