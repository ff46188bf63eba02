/* SPDX-License-Identifier: ISC */
/* The end of the main job: who is told, what is kept, and by whom. */
#include "cli/send.h"

#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/care.h"
#include "cli/interrupt.h"
#include "cli/say.h"
#include "delivery/bounce.h"
#include "delivery/outcome.h"
#include "delivery/spooled.h"
#include "mail/dsn_about.h"
#include "os/proc.h"

/* A line for each recipient that was not reached. */
static void
tell(const struct send *s, bool kept)
{
	struct buf b;
	struct str rest;
	struct str line;

	if (s->conf.errors == ERRORS_QUIET)
		return;
	buf_init(&b, (s->env.n + 1) * 4096);
	outcome_tell(&b, &s->env, kept);
	rest = buf_str(&b);
	while (str_split(&rest, '\n', &line))
		if (line.n > 0 && !say_error(s->o->name, s->env.id, line))
			break; /* nobody listens */
	buf_free(&b);
}

/* Writes reports of one kind; as bounce does, -1 being in the log. */
static int
mail_reports(struct send *s, struct job *job,
    int (*bounce)(const struct store *, struct job *, struct stored *,
	const struct bounce_opts *, struct pool *, struct err *))
{
	struct resolve_opts resolve = settle_resolve(&s->conf, &s->who, s->o);
	struct bounce_opts opts = settle_bounce(&s->conf, &s->who, &resolve);
	struct stored stored = {
	    .arrived = s->given,
	    .uid = s->who.user.uid,
	    .size = job->content->size,
	    .eightbit = job->content->eightbit,
	    .message_id = s->message.message_id,
	};
	struct err e;
	int told;

	opts.now = s->given + clock_now() - s->start;
	told = bounce(&s->store, job, &stored, &opts, s->pool, &e);
	if (told < 0)
		log_event(LOG_LEVEL_ERROR, "bounce", "%.*s: %s",
		    STR_ARG(job->envelope->id), e.text);
	return told;
}

/* Who asked for it hears of success (G-27).  Is there something to send now? */
static bool
mail_success(struct send *s, struct job *job)
{
	return job->state == JOB_KEPT && (s->o->notify & DSN_ON_SUCCESS) &&
	    mail_reports(s, job, bounce_succeeded) > 0;
}

/* Sees to it that somebody runs the queue, or says that nobody does. */
static void
look_after(const struct send *s, enum care what, bool quiet)
{
	struct err e;

	if (!s->spooled || care(s->o, &s->store, what, &e) == 0)
		return;
	log_event(
	    LOG_LEVEL_WARNING, "qmgr", "%.*s: %s", STR_ARG(s->env.id), e.text);
	if (!quiet && s->conf.errors != ERRORS_QUIET)
		say_error(s->o->name, s->env.id, str_c(e.text));
}

/* Has the queue something to do for it, be it a report? */
static bool
leaves_work(const struct job *job, bool mailed)
{
	const struct envelope *env = job->envelope;
	bool failed = false;

	for (size_t i = 0; i < env->n; i++)
		failed =
		    failed || env->rcpt[i].status.outcome == OUTCOME_FAILED;
	return job->state == JOB_UNSURE ||
	    (job->state == JOB_KEPT &&
		((mailed && failed) || spooled_waits(job)));
}

/* What is due to the entry of one job, and its end. */
static bool
end_job(struct send *s, struct job *job, bool mail, bool *left)
{
	bool mailed = true;

	spooled_note(job, s->given, NULL, &schedule_usual,
	    s->given + clock_now() - s->start);
	if (mail && job->state == JOB_KEPT)
		/* What cannot be written is left to the next run (16). */
		mailed = mail_reports(s, job, bounce_failed) >= 0;
	else
		spooled_told(job);
	*left = mail_success(s, job) || leaves_work(job, mail) || *left;
	spooled_end(job);
	return mailed;
}

/* It is not accepted, and the spool that was to keep it does not. */
static int
not_kept(const struct send *s)
{
	struct err e;

	err_set(&e, ERR_LIMIT, "not kept: %s", s->crowded);
	return send_fail(s, EX_IOERR, &e);
}

int
send_end(struct send *s, int status, bool quiet)
{
	bool mail_only = s->conf.errors == ERRORS_MAIL_ONLY;
	bool mail = quiet || mail_only || s->conf.errors == ERRORS_MAIL;
	bool kept = s->spooled;
	bool mailed = mail;
	bool left = false;

	for (size_t i = 0; i < s->jobs; i++)
		kept = kept && s->job[i].state == JOB_KEPT;
	if (!quiet && !(mail_only && kept))
		tell(s, kept);
	for (size_t i = 0; i < s->jobs; i++)
		mailed = end_job(s, &s->job[i], mail, &left) && mailed;
	look_after(s, left ? CARE_LATER : CARE_LOOK, quiet);
	/* Our own trouble took nothing from what is kept; a failure is told. */
	if (status && !kept)
		return status;
	status = outcome_exit(&s->env);
	/* What the queue has is not the caller's any more; what it should have
	 * had, and has not, is our trouble (G-18). */
	if (kept && (status == EX_TEMPFAIL || (mail_only && mailed)))
		return EX_OK;
	return status == EX_TEMPFAIL && s->crowded ? not_kept(s) : status;
}

/*
 * In a spool of all, where the queue is not the caller's to run, a child of
 * his sees to his own message.  True if it does, or if we are it: then *status
 * is how it ended.
 */
static bool
go_on_behind(struct send *s, const volatile sig_atomic_t *leave, bool *child,
    int *status)
{
	enum { ENTRY_FILES = 3 };
	int *keep =
	    pool_array(s->pool, s->jobs * ENTRY_FILES + 1, sizeof(*keep));
	size_t n = 0;
	struct err e;
	int who;

	keep[n++] = s->store.dir;
	for (size_t i = 0; i < s->jobs; i++) {
		const struct entry *entry = s->job[i].entry;

		keep[n++] = entry->msg;
		keep[n++] = entry->env;
		keep[n++] = entry->marks.fd;
	}
	who = proc_background(keep, n, &e);
	*child = who == 0;
	if (*child) {
		send_open_log(s);
		(void)send_deliver(s, leave);
		interrupt_never();
		*status = send_end(s, EX_OK, true);
	}
	return who >= 0;
}

int
send_leave(struct send *s, const volatile sig_atomic_t *leave)
{
	bool wanted = s->conf.delivery == DELIVERY_BACKGROUND;
	bool child = false;
	int status = EX_OK;

	if (wanted && care_of_others(&s->store))
		wanted = !go_on_behind(s, leave, &child, &status);
	if (child)
		return status;
	for (size_t i = 0; i < s->jobs; i++) {
		(void)mail_success(s, &s->job[i]);
		spooled_end(&s->job[i]);
	}
	if (wanted)
		look_after(s, CARE_NOW, false);
	return EX_OK;
}
