/* SPDX-License-Identifier: ISC */
#include "agent/smtp.h"

#include <errno.h>
#include <time.h>

#include "agent/keep.h"
#include "agent/probe.h"
#include "agent/secret.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/dial.h"
#include "net/tls.h"
#include "os/become.h"
#include "os/group.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "os/sys.h"
#include "smtp/session.h"

/* What a program that prints the secret may take. */
enum { SECRET_MS = 20000 };

struct attempt {
	pid_t parent;
	const struct errand *errand;
	struct report *report;
	enum gate (*gate)(void *ctx);
	void *gate_ctx;
	bool past_gate;
	struct keep keep; /* what is written down */
	struct buf peer;  /* "host[ip]:port", as the log has it */
	struct buf line;  /* scratch */
};

static uint32_t
elapsed(const struct attempt *a)
{
	int64_t ms = clock_now() - a->errand->start;

	return ms < 0 ? 0 : ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

static void
put_show(struct attempt *a, struct str text)
{
	struct record r = {
	    .kind = RECORD_SHOW, .number = elapsed(a), .text = text};

	if (!a->errand->show)
		return;
	report_put(a->report, &r);
	/* A person watches: nothing is kept back. */
	report_flush(a->report);
}

static void
put_log(void *ctx, enum log_level level, struct str text)
{
	struct attempt *a = ctx;
	struct record r = {.kind = RECORD_LOG, .number = level, .text = text};

	report_put(a->report, &r);
}

/* Who is at address i. */
static void
set_peer(struct attempt *a, size_t i)
{
	buf_clear(&a->peer);
	errand_peer(&a->peer, a->errand, a->errand->ip[i]);
}

static void
dial_trying(void *ctx, size_t i)
{
	struct attempt *a = ctx;

	buf_clear(&a->line);
	buf_printf(&a->line, "%.*s... Connecting to [%.*s]",
	    STR_ARG(a->errand->host), STR_ARG(a->errand->ip[i]));
	if (!errand_is_socket(a->errand))
		buf_printf(&a->line, " port %u", a->errand->port);
	put_show(a, buf_str(&a->line));
}

/* What whoever has chosen a port or a socket may look at, if nobody listens
 * there. */
static const char *
hint(const struct errand *errand, const struct err *e)
{
	bool nobody = e->number == ECONNREFUSED || e->number == ENOENT;

	if (!nobody || (!errand_is_socket(errand) && errand->port == 25))
		return "";
	return errand_is_socket(errand) ? "; is the server there running?"
					: "; is this the right port?";
}

static void
dial_failed(void *ctx, size_t i, const struct err *e)
{
	struct attempt *a = ctx;
	struct record r = {.kind = RECORD_DIAL, .id = (uint32_t)i};

	r.number = e->kind == ERR_TIMEOUT ? DIAL_SILENT : DIAL_REFUSED;
	set_peer(a, i);
	buf_clear(&a->line);
	buf_printf(&a->line, "connect to %s: %s%s", a->peer.p, e->text,
	    hint(a->errand, e));
	r.status = e->kind == ERR_HERE
	    ? status_own(BLAME_US, "4.3.5", buf_str(&a->line))
	    : status_own(BLAME_HOST, "4.4.1", buf_str(&a->line));
	report_put(a->report, &r);
	buf_clear(&a->line);
	buf_printf(&a->line, "%s... %s", a->peer.p, e->text);
	put_show(a, buf_str(&a->line));
}

static int
connect_socket(struct attempt *a)
{
	const struct errand *errand = a->errand;
	int64_t deadline = clock_now() + errand->wait[WAIT_CONNECT];
	struct err e;
	int fd;

	dial_trying(a, 0);
	fd = dial_socket(errand->ip[0],
	    deadline < errand->deadline ? deadline : errand->deadline, &e);
	if (fd < 0)
		dial_failed(a, 0, &e);
	return fd;
}

static int
connect_address(struct attempt *a, size_t *which)
{
	const struct errand *errand = a->errand;
	struct dial d = {
	    .port = errand->port,
	    .source = errand->source,
	    .wait_next = errand->wait[WAIT_CONNECT_NEXT],
	    .wait_last = errand->wait[WAIT_CONNECT],
	    .last_host = errand->last,
	    .deadline = errand->deadline,
	    .trying = dial_trying,
	    .failed = dial_failed,
	    .ctx = a,
	};

	for (size_t i = 0; i < errand->addresses; i++)
		if (ip_parse(errand->ip[i], &d.ip[d.n]))
			d.n++;
	return dial(&d, which);
}

static int
connect_host(struct attempt *a)
{
	struct record r = {.kind = RECORD_DIAL, .number = DIAL_CONNECTED};
	size_t which = 0;
	int fd = errand_is_socket(a->errand) ? connect_socket(a)
					     : connect_address(a, &which);

	if (fd < 0)
		return -1;
	set_peer(a, which);
	r.id = (uint32_t)which;
	r.status = status_own(BLAME_NONE, "2.0.0", STR("connected"));
	report_put(a->report, &r);
	buf_clear(&a->line);
	buf_printf(&a->line, "%s... Connected", a->peer.p);
	put_show(a, buf_str(&a->line));
	return fd;
}

/* The EHLO name of a host that has none: the literal of its address (D-04). */
static void
put_literal(struct buf *b, int fd)
{
	struct sockaddr_storage own;
	socklen_t n = sizeof(own);
	struct ip ip;
	unsigned port;

	if (getsockname(fd, (struct sockaddr *)&own, &n) < 0 ||
	    !ip_from_socket((const struct sockaddr *)&own, &ip, &port)) {
		buf_add(b, STR("[127.0.0.1]"));
		return;
	}
	buf_add(b, ip.family == AF_INET6 ? STR("[IPv6:") : STR("["));
	ip_print(b, &ip);
	buf_byte(b, ']');
}

static void
on_rcpt(void *ctx, size_t i, const struct status *status)
{
	struct attempt *a = ctx;
	struct record r = {
	    .kind = RECORD_RCPT, .id = (uint32_t)i, .status = *status};

	keep_rcpt(&a->keep, i);
	report_put(a->report, &r);
	/* A verdict on the message waits for nothing. */
	if (a->past_gate)
		report_flush(a->report);
}

static void
on_near_gate(void *ctx, size_t letter, bool dsn)
{
	struct attempt *a = ctx;
	struct record r = {.kind = RECORD_GATE, .number = (uint32_t)letter};

	a->past_gate = false;
	if (!dsn)
		report_put(a->report, &(struct record){.kind = RECORD_MUTE});
	report_put(a->report, &r);
	report_flush(a->report);
}

static bool
on_gate(void *ctx, size_t letter)
{
	struct attempt *a = ctx;

	struct err e;

	enum gate gate = a->gate(a->gate_ctx);

	if (gate == GATE_SHUT)
		return false;
	if (keep_sending(&a->keep, letter, gate == GATE_LOOSE, &e) < 0) {
		put_log(a, LOG_LEVEL_INFO, str_c(e.text));
		return false;
	}
	a->past_gate = true;
	return true;
}

static bool
on_verdict(void *ctx, size_t first, size_t n, const struct status *status)
{
	struct attempt *a = ctx;
	struct err e;

	if (keep_verdict(&a->keep, first, n, status, &e) == 0)
		return true;
	put_log(a, LOG_LEVEL_INFO, str_c(e.text));
	return false;
}

static void
on_show(void *ctx, const char *mark, struct str line)
{
	struct attempt *a = ctx;

	buf_clear(&a->line);
	buf_printf(&a->line, "%s%s", mark, mark[0] ? " " : "");
	buf_add(&a->line, str_slice(line, 0, REPORT_TEXT));
	put_show(a, buf_str(&a->line));
}

static void
on_seen(void *ctx, const struct sight *sight)
{
	const struct attempt *a = ctx;

	probe_seen(a->report, a->errand->demand, sight);
}

static void
put_host(struct attempt *a, enum reach reach, struct status status)
{
	struct record r = {
	    .kind = RECORD_HOST, .number = reach, .status = status};

	report_put(a->report, &r);
}

/* Gives up all writing but of the marks, and all files. */
static int
lock_writes(const struct attempt *a, int socket, struct err *e)
{
	struct sandbox_range range[SANDBOX_RANGES];
	struct sandbox_writes writes = {{a->report->fd, socket}, range, 0};

	for (size_t i = 0; i < a->errand->letters; i++) {
		const struct marks *marks = &a->errand->letter[i].marks;

		if (marks->n == 0)
			continue;
		if (writes.n == SANDBOX_RANGES)
			return err_set(e, ERR_LIMIT, "too many letters");
		range[writes.n++] = (struct sandbox_range){
		    marks->fd, (uint32_t)marks->at, (uint32_t)marks->n};
	}
	return sandbox_lock(SANDBOX_STREAM, &writes, e);
}

/* Gives up what the conversation does not need. */
static int
lock_in(const struct attempt *a, int socket, struct err *e)
{
	struct err root;
	int stays = become_other(&root);
	int locked;

	if (stays < 0) {
		*e = root;
		return -1;
	}
	locked = lock_writes(a, socket, e);
	if (stays == 0 || locked < 0)
		return locked;
	if (locked == 0 || e->kind == ERR_NONE)
		*e = root;
	else
		err_while(e, "%s", root.text);
	return 1;
}

/* The conversation over a connection that stands. */
static void
converse(struct attempt *a, struct tls *tls, const struct auth_who *who, int fd,
    bool lock)
{
	struct session_hooks hooks = {
	    .rcpt = on_rcpt,
	    .gate = on_gate,
	    .at_gate = on_near_gate,
	    .verdict = on_verdict,
	    .show = a->errand->show ? on_show : NULL,
	    .seen = a->errand->look ? on_seen : NULL,
	    .log = put_log,
	    .peer = buf_str(&a->peer),
	    .ctx = a,
	};
	struct errand errand = *a->errand;
	struct session_end end;
	struct err e = {0};
	int locked = 0;
	struct buf helo;
	struct buf text;
	struct io io;

	buf_init(&helo, 128);
	buf_init(&text, 2048);
	if (errand.helo.n == 0) {
		put_literal(&helo, fd);
		errand.helo = buf_str(&helo);
	}
	io_init(&io, fd);
	if (lock)
		locked = lock_in(a, fd, &e);
	if (locked > 0 && e.kind != ERR_NONE)
		report_put(a->report,
		    &(struct record){
			.kind = RECORD_LACK, .text = str_c(e.text)});
	if (locked < 0) {
		put_host(a, REACH_CONNECTED,
		    status_own(BLAME_US, "4.3.0", str_c(e.text)));
	} else {
		end = session_run(&io, tls, who, &errand, &hooks, &text);
		keep_back(&a->keep);
		if (end.status.outcome != OUTCOME_OPEN)
			put_host(a, end.reach, end.status);
	}
	io_close(&io);
	buf_free(&text);
	buf_free(&helo);
}

/*
 * The group was given for a secret, or a socket; nothing has been read from
 * there.  Who has used it does no longer die with its parent, but for this.
 */
static void
give_up_group(const struct attempt *a)
{
	group_drop();
	proc_follow(a->parent);
}

/* Whoever is to log in reads the secret first. */
static void
prepare(struct attempt *a, struct tls *tls, int fd, bool lock)
{
	struct secret secret;
	struct err e;
	int64_t deadline = clock_now() + SECRET_MS;
	int got;

	if (a->errand->login == NULL) {
		converse(a, tls, NULL, fd, lock);
		return;
	}
	if (lock)
		sandbox_conceal();
	got = secret_get(&secret, a->errand, deadline, &e);
	if (lock)
		give_up_group(a);
	if (got == 0) {
		converse(a, tls, &secret.who, fd, lock);
	} else {
		put_log(a, LOG_LEVEL_ERROR, str_c(e.text));
		put_host(a, REACH_SESSION,
		    status_own(BLAME_US, "4.3.0", str_c(e.text)));
		sys_close(fd);
	}
	secret_wipe(&secret);
}

void
smtp_warm(enum tls_level level, const struct demand *demand)
{
	if (level == TLS_LEVEL_NONE)
		return;
	tzset();
	tls_warm(demand);
}

void
smtp_attempt(const struct errand *errand, struct report *report,
    enum gate (*gate)(void *ctx), void *ctx, bool lock)
{
	struct attempt a = {
	    .parent = getppid(),
	    .errand = errand,
	    .report = report,
	    .gate = gate,
	    .gate_ctx = ctx,
	};
	struct record end = {.kind = RECORD_END};
	struct tls *tls = NULL;
	struct err e;
	int fd;

	buf_init(&a.peer, 1024);
	buf_init(&a.line, 4096);
	keep_init(&a.keep, errand);
	fd = connect_host(&a);
	if (lock && errand->login == NULL)
		give_up_group(&a);
	if (fd >= 0) {
		/* All that would open a file must have happened before the
		 * lock: the context, and the time zone that OpenSSL asks
		 * for. */
		if (errand->tls != TLS_LEVEL_NONE) {
			tzset();
			tls = tls_new(errand->demand, &e);
			if (tls == NULL)
				put_log(&a, LOG_LEVEL_INFO, str_c(e.text));
		}
		if (tls == NULL &&
		    (errand->tls > TLS_LEVEL_MAY || errand->look)) {
			put_host(&a, REACH_CONNECTED,
			    status_own(BLAME_US, "4.7.4", str_c(e.text)));
			sys_close(fd);
		} else {
			prepare(&a, tls, fd, lock);
		}
		tls_free(tls);
	}
	report_put(report, &end);
	report_flush(report);
	keep_free(&a.keep);
	buf_free(&a.line);
	buf_free(&a.peer);
}
