/* SPDX-License-Identifier: ISC */
#include "looker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "vtime.h"

struct looker looker;

void
looker_start(const struct zone_record *zone, enum looker_time time)
{
	oracle_start(&looker.oracle, zone_say);
	looker.oracle.zone = zone;
	looker.all[0] = &looker.oracle;
	(void)snprintf(looker.server, sizeof(looker.server), "127.0.0.1:%u",
	    looker.oracle.port);
	looker.errand = (struct lookup_errand){
	    .nameserver = str_c(looker.server), .trust_ad = true};
	if (time == LOOKER_REAL)
		return;
	vtime_start(oracle_idle, looker.all);
	looker.errand.start = clock_now();
	looker.errand.timeout = LOOKER_MS;
}

int
looker_stop(void **state)
{
	(void)state;
	assert_int_equal(vtime_stuck(), 0);
	vtime_stop();
	oracle_stop(&looker.oracle);
	return 0;
}

void
looker_collect(void *ctx, struct str line)
{
	size_t n = strlen(looker.said);

	(void)ctx;
	assert_true(n + line.n + 2 < sizeof(looker.said));
	memcpy(looker.said + n, line.p, line.n);
	looker.said[n + line.n] = '\n';
	looker.said[n + line.n + 1] = '\0';
}

const char *
look(const char *request)
{
	struct report report;

	looker.said[0] = '\0';
	report_direct(&report, looker_collect, NULL);
	lookup_answer(&looker.errand, &report, str_c(request));
	report_free(&report);
	return looker.said;
}
