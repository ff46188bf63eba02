/* SPDX-License-Identifier: ISC */
#include "delivery/forward.h"

#include "base/log.h"
#include "delivery/derived.h"
#include "delivery/returned.h"
#include "delivery/spooled.h"
#include "mail/dsn_about.h"

static struct status
forwarded(const struct job *job, size_t i, struct pool *p)
{
	struct status s = status_own(BLAME_NONE, "2.0.0", STR_NONE);
	struct buf text;

	buf_init(&text, 100);
	buf_add(&text, STR("forwarded as "));
	derived_name(&text, job->entry->id, DERIVED_FORWARDED, i);
	s.text = pool_str(p, buf_str(&text));
	buf_free(&text);
	return s;
}

/* It waits, since that could not be done. */
static struct status
put_off(const struct err *e, struct pool *p)
{
	return status_keep(status_own(BLAME_US, "4.3.0", str_c(e->text)), p);
}

/* Writes the entry.  What of it is not certain is left to the next run. */
static int
commit(struct job *to, const struct job *from, const struct stored *stored,
    size_t i, struct pool *p, struct err *e)
{
	struct arrival a = {
	    .when = stored->arrived,
	    .uid = stored->uid,
	    .message_id = stored->message_id,
	};
	uint64_t size = 0;
	struct buf args;
	int result;

	buf_init(&args, ENVFILE_ARGS);
	derived_put(&args, DERIVED_FORWARDED, &i, 1);
	a.args = buf_str(&args);
	envelope_sort(to->envelope);
	result =
	    returned_copy(to->entry->msg, from->content, DSN_WHOLE, &size, e);
	if (result == 0)
		result = spooled_commit(to, &a, p, e);
	buf_free(&args);
	if (to->state == JOB_LOOSE)
		entry_discard(to->entry);
	else
		entry_close(to->entry);
	return result;
}

/* To those of env, who are several: in an entry of their own. */
static struct status
forward(const struct store *store, const struct job *job,
    const struct stored *stored, size_t i, struct envelope *env, struct pool *p)
{
	struct entry entry;
	struct job to = {
	    .envelope = env, .content = job->content, .entry = &entry};
	struct err e = {0};

	switch (derived_make(
	    store, job->entry->id, DERIVED_FORWARDED, i, &entry, &e)) {
	case DERIVE_NEW:
		if (commit(&to, job, stored, i, p, &e) < 0)
			return put_off(&e, p);
		return forwarded(job, i, p);
	case DERIVE_THERE:
		entry_close(&entry);
		return forwarded(job, i, p);
	case DERIVE_BUSY:
		err_set(&e, ERR_SYSTEM, "somebody works on %s", entry.id);
		break;
	case DERIVE_ERROR:
		break;
	}
	return put_off(&e, p);
}

/* Takes away those that an alias discards, but for the last. */
static void
drop_discarded(struct envelope *env)
{
	size_t kept = 0;

	for (size_t i = 0; i < env->n; i++) {
		bool last = kept == 0 && i + 1 == env->n;

		if (env->rcpt[i].status.outcome != OUTCOME_DELIVERED || last)
			env->rcpt[kept++] = env->rcpt[i];
	}
	env->n = kept;
}

void
forward_name(const struct store *store, const struct job *job,
    const struct stored *stored, struct recipient *r,
    const struct resolve_opts *opts, struct pool *p)
{
	size_t i = job_mark_of(job, r);
	struct resolve_opts room = *opts;
	struct recipient copy = *r;
	struct envelope env = *job->envelope;
	struct err e;
	int there = 0;

	if (!resolve_wants(&r->addr, opts))
		return;
	/* By somebody who died; the aliases may have been others then. */
	if (r->orig.n == 0)
		there = derived_there(
		    store, job->entry->id, DERIVED_FORWARDED, i, &e);
	if (there != 0) {
		r->status = there > 0 ? forwarded(job, i, p) : put_off(&e, p);
		return;
	}
	if (room.max > ENVFILE_RCPTS)
		room.max = ENVFILE_RCPTS;
	env.rcpt = &copy;
	env.n = 1;
	resolve_again(&env, &room, p);
	drop_discarded(&env);
	if (env.n != 1) {
		r->status = forward(store, job, stored, i, &env, p);
		r->expanded = r->status.outcome == OUTCOME_DELIVERED &&
		    (r->notify & DSN_ON_SUCCESS) != 0;
		return;
	}
	memcpy(env.rcpt[0].since, r->since, sizeof(r->since));
	*r = env.rcpt[0];
}
