/* SPDX-License-Identifier: ISC */
#include "delivery/outcome.h"

#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"

/* Of a longer address people see the beginning. */
enum { PATH_SHOWN = 320 };

/* Seconds between two instants, two digits of them. */
static void
put_seconds(struct buf *b, int64_t from, int64_t to)
{
	double ms = to > from ? (double)(to - from) : 0;

	buf_printf(b, ms < 10000 ? "%.2g" : "%.0f", ms / 1000);
}

/* delay, and delays=before the run/lookups/connecting/sending. */
static void
put_delays(struct buf *b, const struct recipient *r)
{
	int64_t now = clock_now();
	int64_t at[] = {r->since[SINCE_RUN], r->since[SINCE_READ],
	    r->since[SINCE_CONNECTING], r->since[SINCE_SENDING], now};

	for (int i = SINCE_SENDING; i >= SINCE_RUN; i--)
		if (at[i] == 0)
			at[i] = at[i + 1];
	buf_add(b, STR("delay="));
	put_seconds(b, at[0], now);
	buf_add(b, STR(", delays="));
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			buf_byte(b, '/');
		put_seconds(b, at[i], at[i + 1]);
	}
}

void
outcome_log(const struct envelope *env, const struct recipient *r)
{
	static const char *const words[] = {
	    [OUTCOME_OPEN] = "deferred",
	    [OUTCOME_DELIVERED] = "sent",
	    [OUTCOME_DEFERRED] = "deferred",
	    [OUTCOME_FAILED] = "bounced",
	};
	struct str path = str_slice(r->path, 0, PATH_SHOWN);
	struct str relay = r->relay.n ? r->relay : STR("none");
	struct str orig = str_slice(r->orig, 0, PATH_SHOWN);
	struct buf delays;

	buf_init(&delays, 200);
	if (r->conn_use > 1 && r->relay.n > 0)
		buf_printf(&delays, "conn_use=%u, ", r->conn_use);
	put_delays(&delays, r);
	log_event(LOG_LEVEL_INFO, "smtp",
	    "%.*s: to=<%.*s>, %s%.*s%srelay=%.*s, %s, dsn=%u.%u.%u, "
	    "status=%s (%.*s)",
	    STR_ARG(env->id), STR_ARG(path), orig.n ? "orig_to=<" : "",
	    STR_ARG(orig), orig.n ? ">, " : "", STR_ARG(relay), delays.p,
	    r->status.enhanced[0], r->status.enhanced[1], r->status.enhanced[2],
	    words[r->status.outcome], STR_ARG(r->status.text));
	buf_free(&delays);
}

void
outcome_tell(struct buf *b, const struct envelope *env, bool failed_only)
{
	for (size_t i = 0; i < env->n; i++) {
		const struct recipient *r = &env->rcpt[i];

		if (r->status.outcome == OUTCOME_DELIVERED ||
		    (failed_only && r->status.outcome != OUTCOME_FAILED))
			continue;
		struct str path = str_slice(r->path, 0, PATH_SHOWN);

		buf_printf(b, "<%.*s>", STR_ARG(path));
		if (r->orig.n > 0) {
			struct str orig = str_slice(r->orig, 0, PATH_SHOWN);

			buf_printf(b, " (alias <%.*s>)", STR_ARG(orig));
		}
		buf_printf(b, ": %s ", status_word(r->status.outcome));
		status_enhanced(b, &r->status);
		buf_add(b, STR(": "));
		buf_add(b, r->status.text);
		buf_byte(b, '\n');
	}
}

/* Permanent failures before doubts and deferrals, those before success. */
static int
severity(const struct status *s)
{
	return s->outcome == OUTCOME_FAILED   ? 2
	    : s->outcome == OUTCOME_DELIVERED ? 0
					      : 1;
}

int
outcome_exit(const struct envelope *env)
{
	const struct status *worst = NULL;

	for (size_t i = 0; i < env->n; i++) {
		const struct status *s = &env->rcpt[i].status;

		if (worst == NULL || severity(s) > severity(worst))
			worst = s;
	}
	return worst ? status_exit(worst) : EX_OK;
}
