/* SPDX-License-Identifier: ISC */
#include "delivery/spooled.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "os/file.h"
#include "os/sys.h"
#include "spool/field.h"
#include "spool/take.h"

enum { ENVELOPE_MAX = ENVFILE_MAX, COPIED = 256 * 1024 };

/* Makes the envelope's text, and its file: JOB_COMMITTING.  -1 with *e. */
static int
stage(
    struct job *job, const struct arrival *a, struct pool *pool, struct err *e)
{
	struct stored s = {
	    .arrived = a->when,
	    .uid = a->uid,
	    .size = job->content->size,
	    .eightbit = job->content->eightbit,
	    .message_id = a->message_id,
	    .args = a->args,
	};
	struct buf text;
	int result;

	buf_init(&text, ENVELOPE_MAX);
	result = envfile_write(&text, job->envelope, &s, e);
	if (result == 0)
		result = entry_stage(job->entry, s.marks, job->envelope->n, e);
	if (result == 0) {
		job->text = pool_str(pool, buf_str(&text));
		job->state = JOB_COMMITTING;
	}
	buf_free(&text);
	return result;
}

int
spooled_commit(
    struct job *job, const struct arrival *a, struct pool *pool, struct err *e)
{
	static const enum job_state states[] = {JOB_LOOSE, JOB_KEPT};
	struct err later;
	int result = stage(job, a, pool, e);
	int kept;

	if (result < 0)
		return -1;
	result = entry_commit(job->entry, job->text, e);
	kept = entry_settle(job->entry, result == 0, &later);
	job->state = kept < 0 ? JOB_UNSURE : states[kept];
	return kept == 1 ? 0 : -1;
}

/* Copies the message into another entry. */
static int
copy(const struct content *from, int to, struct err *e)
{
	char *room = malloc(COPIED);
	uint64_t at = 0;
	int result = 0;

	if (room == NULL)
		err_memory();
	while (result == 0 && at < from->size) {
		ssize_t got = sys_pread(from->fd, room, COPIED, (off_t)at);

		if (got <= 0)
			result = err_sys(e, "reading the message");
		else
			result = file_write(to, str_of(room, (size_t)got), e);
		at += got > 0 ? (uint64_t)got : 0;
	}
	free(room);
	return result;
}

/* A part of the message that becomes an entry of its own. */
struct part {
	struct envelope envelope;
	struct content content;
	struct entry entry;
};

static int
split(struct part *part, const struct content *content,
    const struct store *store, struct pool *pool, struct err *e)
{
	if (entry_create(store, &part->entry, e) < 0)
		return -1;
	part->envelope.id = pool_str(pool, str_c(part->entry.id));
	if (copy(content, part->entry.msg, e) < 0) {
		entry_discard(&part->entry);
		return -1;
	}
	part->content.fd = part->entry.msg;
	return 0;
}

int
spooled_jobs(struct envelope *env, const struct content *content,
    struct entry *first, const struct arrival *a, bool now, struct job **jobs,
    size_t *n, struct pool *pool, struct err *e)
{
	size_t count = (env->n + ENVFILE_RCPTS - 1) / ENVFILE_RCPTS;
	struct part *part = pool_array(pool, count, sizeof(*part));
	struct job *job = pool_array(pool, count, sizeof(*job));
	int result = 0;

	envelope_sort(env);
	for (size_t i = 0; i < count; i++) {
		size_t at = i * ENVFILE_RCPTS;
		bool own = i > 0;

		part[i].envelope = *env;
		part[i].envelope.rcpt = env->rcpt + at;
		part[i].envelope.n =
		    env->n - at < ENVFILE_RCPTS ? env->n - at : ENVFILE_RCPTS;
		part[i].content = *content;
		job[i] = (struct job){
		    .envelope = &part[i].envelope, .content = &part[i].content};
		if (own &&
		    split(&part[i], content, first->store, pool, e) < 0) {
			result = -1;
			continue;
		}
		job[i].entry = own ? &part[i].entry : first;
		if ((count == 1 && !now
			    ? stage(&job[i], a, pool, e)
			    : spooled_commit(&job[i], a, pool, e)) < 0)
			result = -1;
	}
	*jobs = job;
	*n = count;
	if (result == 0 && job[0].state == JOB_KEPT)
		err_memory_safe();
	return result;
}

void
spooled_withdraw(struct job *job)
{
	for (size_t i = 0; i < job->envelope->n; i++)
		job_mark(job, &job->envelope->rcpt[i], MARK_WITHDRAWN);
	spooled_end(job);
}

static bool
same_event(const struct recipient *a, const struct recipient *b)
{
	const struct status *x = &a->status;
	const struct status *y = &b->status;

	return x->outcome == y->outcome && x->blame == y->blame &&
	    x->code == y->code && str_eq(x->text, y->text) &&
	    str_eq(a->relay, b->relay);
}

/*
 * Was it tried, and is something still to be done?  Of a failure that is to
 * report, and why, in a later run if this one does not come to it.
 */
static bool
in_vain(const struct job *job, const struct recipient *r)
{
	return r->status.outcome == OUTCOME_DEFERRED ||
	    (r->status.outcome == OUTCOME_FAILED &&
		job_marked(job, r) == MARK_FAILED);
}

/* The attempts, or doubtful sends, that most of these have had before. */
static unsigned
tries_before(const struct fate *all, const size_t *who, size_t n, bool doubt)
{
	unsigned most = 0;

	for (size_t i = 0; all && i < n; i++) {
		const struct fate *fate = &all[who[i]];
		unsigned tries = doubt ? fate->doubts : fate->attempts;

		most = tries > most ? tries : most;
	}
	return most;
}

static void
note_doubts(
    const struct job *job, const struct fate *all, const size_t *who, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned before = all ? all[who[i]].doubts : 0;
		struct err e;

		if (before < ENVFILE_DOUBTS &&
		    entry_doubts(job->entry, who[i], before + 1, &e) < 0)
			log_event(LOG_LEVEL_ERROR, "qmgr", "%s", e.text);
	}
}

/* One line for all who[0..n), to whom the same has happened. */
static void
note_one(const struct job *job, int64_t arrived, const struct fate *all,
    const size_t *who, size_t n, const struct schedule *schedule, int64_t now)
{
	const struct recipient *r = &job->envelope->rcpt[who[0]];
	bool doubt = r->status.blame == BLAME_DOUBT;
	unsigned before = tries_before(all, who, n, doubt);
	struct event event = {
	    .kind = doubt ? EVENT_DOUBT : EVENT_ATTEMPT,
	    .when = now,
	    .status = r->status,
	    .relay = r->relay,
	};
	uint32_t random = 0;
	struct buf ranges;
	struct err e;

	/* Without random bytes all are tried at the same distance. */
	(void)(sys_random(&random, sizeof(random)) < 0);
	event.next = r->status.outcome == OUTCOME_FAILED ? 0
	    : doubt ? schedule_doubt(before + 1, now, random)
		    : schedule_next(schedule, arrived,
			  job->envelope->from.n == 0, before + 1, now, random);
	if (doubt)
		note_doubts(job, all, who, n);
	buf_init(&ranges, EVENT_LINE);
	field_put_ranges(&ranges, who, n);
	event.who = buf_str(&ranges);
	if (!ranges.over && entry_event(job->entry, &event, &e) < 0)
		log_event(LOG_LEVEL_WARNING, "qmgr", "%s", e.text);
	buf_free(&ranges);
}

void
spooled_note(const struct job *job, int64_t arrived, const struct fate *all,
    const struct schedule *schedule, int64_t now)
{
	const struct envelope *env = job->envelope;
	size_t *who = calloc(env->n, sizeof(*who));
	bool *done = calloc(env->n, sizeof(*done));

	if (who == NULL || done == NULL)
		err_memory();
	for (size_t i = 0; job->state == JOB_KEPT && i < env->n; i++) {
		size_t n = 0;

		if (done[i] || !in_vain(job, &env->rcpt[i]))
			continue;
		for (size_t k = i; k < env->n; k++) {
			if (done[k] ||
			    !same_event(&env->rcpt[i], &env->rcpt[k]))
				continue;
			done[k] = true;
			who[n++] = k;
		}
		note_one(job, arrived, all, who, n, schedule, now);
	}
	free(done);
	free(who);
}

void
spooled_told(const struct job *job)
{
	for (size_t i = 0; i < job->envelope->n; i++) {
		const struct recipient *r = &job->envelope->rcpt[i];

		if (r->status.outcome == OUTCOME_FAILED)
			job_mark(job, r, MARK_REPORTED);
	}
}

bool
spooled_waits(const struct job *job)
{
	const struct envelope *env = job->envelope;

	for (size_t i = 0; i < env->n; i++)
		if (!mark_final(job_marked(job, &env->rcpt[i])))
			return true;
	return false;
}

void
spooled_end(struct job *job)
{
	struct str id = job->envelope->id;
	struct err e;
	bool final;

	if (job->entry == NULL)
		return;
	/* Read before the sync, what is final is so on disk after it. */
	final = job->state == JOB_KEPT && !spooled_waits(job);
	if (job_settled(job) && final) {
		if (entry_remove(job->entry, &e) == 0)
			log_event(LOG_LEVEL_INFO, "qmgr", "%.*s: removed",
			    STR_ARG(id));
		else
			log_event(LOG_LEVEL_ERROR, "qmgr", "%.*s: %s",
			    STR_ARG(id), e.text);
	}
	if (job->state == JOB_LOOSE)
		entry_discard(job->entry);
	entry_close(job->entry);
}
