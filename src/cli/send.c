/* SPDX-License-Identifier: ISC */
/* The main job: a message from standard input to its recipients. */
#include "cli/send.h"

#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/code.h"
#include "base/log.h"
#include "cli/interrupt.h"
#include "cli/may.h"
#include "cli/place.h"
#include "cli/run.h"
#include "cli/say.h"
#include "delivery/dispatch.h"
#include "delivery/spooled.h"
#include "delivery/resolve.h"
#include "os/journal.h"
#include "os/sys.h"

int
send_fail(const struct send *s, int status, const struct err *e)
{
	if (s->conf.errors != ERRORS_QUIET)
		say_error(s->o->name, s->env.id, str_c(e->text));
	return status;
}

void
send_open_log(const struct send *s)
{
	struct err e;

	if (journal_open(s->conf.log, s->o->tag ? s->o->tag : "hantar", &e) < 0)
		send_fail(s, 0, &e);
}

static int
bad_operand(const struct send *s, const char *operand, struct err *e)
{
	if (e->kind != ERR_LIMIT) {
		err_while(e, "%.100s", operand);
		return send_fail(s, EX_DATAERR, e);
	}
	err_set(e, ERR_LIMIT, "more than %lld recipients (max-recipients)",
	    (long long)s->conf.max_recipients);
	return send_fail(s, EX_USAGE, e);
}

/* The addresses of the operands, each of which is a list. */
static int
read_operands(struct send *s)
{
	const struct options *o = s->o;
	size_t max = (size_t)s->conf.max_recipients;
	struct addr **list = pool_array(s->pool, o->operands_n, sizeof(*list));
	size_t *n = pool_array(s->pool, o->operands_n, sizeof(*n));
	struct err e;

	for (size_t i = 0; i < o->operands_n; i++) {
		if (addr_list(s->pool, str_c(o->operands[i]), max - s->operands,
			&list[i], &n[i], &e) < 0)
			return bad_operand(s, o->operands[i], &e);
		s->operands += n[i];
	}
	s->operand = pool_array(s->pool, s->operands, sizeof(*s->operand));
	for (size_t i = 0, at = 0; i < o->operands_n; at += n[i++])
		if (n[i] > 0)
			memcpy(s->operand + at, list[i], n[i] * sizeof(**list));
	return 0;
}

/* What is to be delivered now is so without the spool (G-18). */
static void
go_without(struct send *s, const struct err *e)
{
	log_event(LOG_LEVEL_WARNING, "pickup", "%.*s: %s: it goes on without",
	    STR_ARG(s->env.id), e->text);
	s->crowded = pool_c(s->pool, str_c(e->text));
}

/*
 * The message's place in the spool.  Without one it is delivered all the
 * same, if that is to be done now: what reports a full disk must get out
 * (G-18).
 */
static int
take_place(struct send *s)
{
	struct timespec now = clock_wall();
	const struct conf *c = &s->conf;
	char id[STORE_ID + 1];
	struct err e;

	s->given = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	entry_id(id);
	s->env.id = pool_str(s->pool, str_c(id));
	if (c->spool_path.n == 0)
		return 0;
	if (place_open(&s->store, c, &e) == 0 &&
	    place_room(&s->store, c, &e) == 0 &&
	    entry_create(&s->store, &s->entry, &e) == 0) {
		char name[ENTRY_NAME];

		interrupt_removes(
		    s->store.dir, entry_name(&s->entry, ".msg", name));
		s->spooled = true;
		s->env.id = str_c(s->entry.id);
		return 0;
	}
	err_while(&e, "spool");
	if (c->delivery != DELIVERY_FOREGROUND)
		return send_fail(s, EX_IOERR, &e);
	go_without(s, &e);
	return 0;
}

static int
make_random(struct send *s)
{
	uint64_t random;
	struct buf b;
	struct err e;

	if (sys_random(&random, sizeof(random)) < 0) {
		err_sys(&e, "random bytes");
		return send_fail(s, EX_OSERR, &e);
	}
	buf_init(&b, 64);
	code_base36(&b, random, 13);
	s->random = pool_str(s->pool, buf_str(&b));
	buf_free(&b);
	return 0;
}

static int
prepare(struct send *s)
{
	const struct options *o = s->o;
	struct err e;
	int status = settle_conf(&s->conf, o, &e);

	if (status == 0)
		status = settle_delivery(&s->conf, &e);
	if (status)
		return send_fail(s, status, &e);
	send_open_log(s);
	if ((status = settle_identity(&s->who, &s->conf, o, &e)) != 0)
		return send_fail(s, status, &e);
	if ((status = may(MAY_SUBMIT, &s->conf, false, &e)) != 0) {
		log_event(LOG_LEVEL_WARNING, "pickup", "%s", e.text);
		return send_fail(s, status, &e);
	}
	if ((status = read_operands(s)) != 0)
		return status;
	if (s->operands == 0 && !o->from_header) {
		err_set(&e, ERR_SYNTAX,
		    "no recipient: name one, or give -t to take those of the "
		    "header");
		return send_fail(s, EX_USAGE, &e);
	}
	if ((status = make_random(s)) != 0)
		return status;
	return take_place(s);
}

static int
read_message(struct send *s)
{
	const struct conf *c = &s->conf;
	const struct accept_opts opts = {
	    .dots_are_data = c->ignore_dots,
	    .operand = s->operand,
	    .operands = s->operands,
	    .from_header = s->o->from_header,
	    .subtract = c->subtract_operands,
	    .strict = c->strict_input,
	    .refuse_empty = c->refuse_empty,
	    .recipients_max = (size_t)c->max_recipients,
	    .header_max = (size_t)c->max_header,
	    .message_max = (uint64_t)c->max_message,
	    .file = s->spooled ? &s->entry.msg : NULL,
	    .store = s->spooled ? &s->store : NULL,
	    .room = (uint64_t)c->spool_room,
	    .refuge = c->delivery == DELIVERY_FOREGROUND,
	    .complete =
		{
		    .sender = s->who.sender,
		    .login = s->who.user.login,
		    .full_name = s->who.name,
		    .hostname = s->who.hostname,
		    .mailname = s->who.mailname,
		    .id = s->env.id,
		    .random = s->random,
		    .uid = s->who.user.uid,
		    .now = clock_wall().tv_sec,
		    .add = !s->o->gateway,
		    .qualify = c->qualify_headers && !s->o->gateway,
		    .from = s->who.from.n > 0 ? &s->who.from : NULL,
		},
	};
	struct err e;
	int status;

	s->env.sender = s->who.envelope;
	if (accept_message(STDIN_FILENO, &opts, &s->env, &s->message, s->pool,
		&status, &e) < 0) {
		log_event(LOG_LEVEL_WARNING, "pickup",
		    "%.*s: refused, uid=%lu: %s", STR_ARG(s->env.id),
		    s->who.user.uid, e.text);
		if (s->spooled)
			entry_discard(&s->entry);
		return send_fail(s, status, &e);
	}
	if (s->spooled && s->message.content.fd != s->entry.msg) {
		entry_discard(&s->entry);
		s->spooled = false;
		s->crowded = "spool: there is no room for it";
	}
	log_event(LOG_LEVEL_INFO, "pickup", "%.*s: uid=%lu from=<%.*s>%s%.*s%s",
	    STR_ARG(s->env.id), s->who.user.uid, STR_ARG(s->env.from),
	    s->who.orig.n > 0 ? " orig_from=<" : "", STR_ARG(s->who.orig),
	    s->who.orig.n > 0 ? ">" : "");
	if (s->message.message_id.n > 0)
		log_event(LOG_LEVEL_INFO, "cleanup", "%.*s: message-id=%.*s",
		    STR_ARG(s->env.id), STR_ARG(s->message.message_id));
	return 0;
}

struct watcher {
	struct buf line;
	bool gone; /* he has stopped reading: mail goes on */
};

/* A line of what is going on. */
static void
show(void *ctx, struct str line)
{
	struct watcher *w = ctx;

	if (w->gone)
		return;
	buf_clear(&w->line);
	buf_add(&w->line, line);
	buf_byte(&w->line, '\n');
	w->gone = !say_text(STDOUT_FILENO, buf_str(&w->line));
}

int
send_deliver(struct send *s, const volatile sig_atomic_t *leave)
{
	struct watcher watcher = {.gone = false};
	struct dispatch_opts opts;
	struct err e;
	int result;

	settle_dispatch(&opts, &s->conf, &s->who, s->o, s->start);
	/* Patience is the caller's, and he may want to see the end. */
	opts.patience_end =
	    s->o->verbose || s->conf.delivery != DELIVERY_FOREGROUND
	    ? INT64_MAX
	    : clock_now() + s->conf.patience;
	opts.leave = leave;
	opts.show = s->o->verbose ? show : NULL;
	opts.ctx = &watcher;
	buf_init(&watcher.line, 1 << 16);
	result = dispatch(s->job, s->jobs, &opts, s->pool, &e);
	buf_free(&watcher.line);
	return result < 0 ? send_fail(s, EX_OSERR, &e) : 0;
}

/* Gives the message to the spool; what is not kept is the caller's. */
static int
keep(struct send *s)
{
	const struct arrival a = {
	    .when = s->given,
	    .uid = s->who.user.uid,
	    .message_id = s->message.message_id,
	};
	bool now = s->conf.delivery != DELIVERY_FOREGROUND;
	struct err e;

	if (!s->spooled) {
		s->job = pool_take(s->pool, sizeof(*s->job));
		s->jobs = 1;
		*s->job = (struct job){
		    .envelope = &s->env, .content = &s->message.content};
		return 0;
	}
	if (spooled_jobs(&s->env, &s->message.content, &s->entry, &a, now,
		&s->job, &s->jobs, s->pool, &e) == 0)
		return 0;
	err_while(&e, "spool");
	if (!now) {
		go_without(s, &e);
		return 0;
	}
	for (size_t i = 0; i < s->jobs; i++)
		spooled_withdraw(&s->job[i]);
	return send_fail(s, EX_IOERR, &e);
}

int
run_send(const struct options *o)
{
	struct send s = {.o = o, .pool = o->pool, .start = clock_now()};
	const volatile sig_atomic_t *leave;
	struct resolve_opts resolve;
	int status;

	interrupt_reading();
	if ((status = prepare(&s)) != 0 || (status = read_message(&s)) != 0)
		return status;
	envelope_ask(&s.env, o->notify, o->ret,
	    o->envid ? str_c(o->envid) : STR_NONE, s.pool);
	resolve = settle_resolve(&s.conf, &s.who, o);
	if (!s.message.circling)
		resolve_recipients(&s.env, &resolve, s.pool);
	else /* There is nothing to wait for. */
		s.conf.delivery = DELIVERY_FOREGROUND;
	leave = interrupt_sending();
	if ((status = keep(&s)) != 0)
		return status;
	if (s.conf.delivery != DELIVERY_FOREGROUND)
		return send_leave(&s, leave);
	status = send_deliver(&s, leave);
	interrupt_never();
	return send_end(&s, status, false);
}
