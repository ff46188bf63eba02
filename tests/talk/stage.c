/* SPDX-License-Identifier: ISC */
#include "stage.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/vtime.h"
#include "../lib/words.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/optval.h"
#include "delivery/dispatch.h"
#include "delivery/unique.h"
#include "smtp/auth.h"

static const int64_t waits[WAITS] = {
    [WAIT_CONNECT] = 30000,
    [WAIT_CONNECT_NEXT] = 5000,
    [WAIT_GREETING] = 300000,
    [WAIT_EHLO] = 300000,
    [WAIT_STARTTLS] = 300000,
    [WAIT_MAIL] = 300000,
    [WAIT_RCPT] = 300000,
    [WAIT_DATA] = 120000,
    [WAIT_BLOCK] = 180000,
    [WAIT_DOT] = 600000,
    [WAIT_QUIT] = 5000,
};

static void
put_line(void *ctx, struct str line)
{
	buf_add(ctx, line);
	buf_byte(ctx, '\n');
}

static void
put_log(void *ctx, enum log_level level, const char *part, struct str line)
{
	(void)level;
	buf_printf(ctx, "%s: ", part);
	put_line(ctx, line);
}

static struct content
content_of(const struct play *play)
{
	struct content c = {
	    .fd = memfd_create("message", MFD_CLOEXEC),
	    .size = play->message.n,
	};

	if (c.fd < 0 ||
	    write(c.fd, play->message.p, play->message.n) !=
		(ssize_t)play->message.n) {
		perror("talk: a file in memory");
		exit(2);
	}
	for (size_t i = 0; i < play->message.n; i++)
		if ((unsigned char)play->message.p[i] > 127)
			c.eightbit = true;
	return c;
}

/*
 * As the front of the house would hand it over; what that would refuse, to
 * see what the engine makes of it, goes as it is.
 */
static void
add_recipient(struct envelope *env, struct str path, struct pool *pool)
{
	struct recipient *r = &env->rcpt[env->n++];
	size_t at = path.n;
	struct buf b;
	struct err e;

	buf_init(&b, 65536);
	if (addr_one(pool, path, &r->addr, &e) == 0) {
		unique_path(&b, &r->addr);
		r->path = pool_str(pool, buf_str(&b));
	} else {
		while (at > 0 && path.p[at - 1] != '@')
			at--;
		r->path = path;
		r->addr.domain = str_slice(path, at > 0 ? at : path.n, path.n);
	}
	buf_free(&b);
}

/* As the command line would ask for it. */
static void
ask_reports(const struct play *play, struct envelope *env, struct pool *pool)
{
	unsigned notify = 0;
	enum ret ret = RET_UNSAID;
	struct str envid = STR_NONE;

	for (const struct remark *r = play->remarks; r; r = r->next) {
		if (r->note == NOTE_NOTIFY)
			notify = optval_notified(r->text);
		if (r->note == NOTE_RET)
			ret =
			    str_eq(r->text, STR("full")) ? RET_FULL : RET_HDRS;
		if (r->note == NOTE_ENVID)
			envid = r->text;
	}
	envelope_ask(env, notify, ret, envid, pool);
}

static struct envelope
envelope_of(const struct play *play, struct pool *pool)
{
	struct envelope env = {.id = STR("TALK"), .from = play->from};
	size_t n = 0;

	for (const struct path *p = play->to; p; p = p->next)
		n++;
	for (const struct verdict *v = play->verdicts; v; v = v->next)
		n++;
	env.rcpt = pool_array(pool, n, sizeof(*env.rcpt));
	for (const struct path *p = play->to; p; p = p->next)
		add_recipient(&env, p->text, pool);
	for (const struct verdict *v = play->verdicts; v; v = v->next)
		if (play->to == NULL)
			add_recipient(&env, v->path, pool);
	ask_reports(play, &env, pool);
	return env;
}

/* wait WHAT TIME */
static bool
set_wait(struct dispatch_opts *opts, struct str rest)
{
	static const char *const names[WAITS] = {
	    [WAIT_CONNECT] = "connect",
	    [WAIT_CONNECT_NEXT] = "connect-next",
	    [WAIT_GREETING] = "greeting",
	    [WAIT_EHLO] = "ehlo",
	    [WAIT_STARTTLS] = "starttls",
	    [WAIT_MAIL] = "mail",
	    [WAIT_RCPT] = "rcpt",
	    [WAIT_DATA] = "data",
	    [WAIT_BLOCK] = "block",
	    [WAIT_DOT] = "dot",
	    [WAIT_QUIT] = "quit",
	};
	struct str name = words_next(&rest);

	for (size_t i = 0; i < WAITS; i++)
		if (names[i] && str_eq(name, str_c(names[i])))
			return words_time(rest, &opts->wait[i]);
	return false;
}

/*
 * Hosts that want to know who we are, which MX hosts are never told (F-01), or
 * speak LMTP: a relay.  The secret lies in a file without a name, which deliver
 * closes.
 */
struct stage_relay {
	struct relay relay;
	struct login login;
	int fd; /* -1: no secret */
};

/* The hosts of the play, in their order; their addresses need no DNS. */
static void
put_hosts(struct relay *relay, const struct play *play, struct pool *pool)
{
	struct relay_host *host = pool_array(pool, RELAY_HOSTS, sizeof(*host));

	relay->host = host;
	for (const struct host *h = play->hosts; h; h = h->next) {
		struct relay_host *to = &host[relay->n++];
		struct buf b;

		buf_init(&b, 64);
		buf_printf(&b, "127.0.0.%u", h->first);
		to->literal = ip_parse(buf_str(&b), &to->ip);
		buf_clear(&b);
		buf_printf(&b, "%.*s[127.0.0.%u]", STR_ARG(h->name), h->first);
		to->name = pool_str(pool, buf_str(&b));
		buf_free(&b);
	}
}

/* relay HOST...: all mail goes there. */
static bool
set_hosts(struct dispatch_opts *opts, struct str rest, struct pool *pool)
{
	struct relay *relay = pool_array(pool, 1, sizeof(*relay));
	struct err e;

	*relay = (struct relay){.name = pool_str(pool, rest)};
	opts->routes.relay = relay;
	return relay_hosts(relay, relay->name, pool, &e) == 0;
}

/* Mail goes there, if it does not already. */
static void
use_relay(struct stage_relay *r, struct dispatch_opts *opts,
    const struct play *play, struct pool *pool)
{
	if (opts->routes.relay)
		return;
	r->relay.name = STR("talk");
	put_hosts(&r->relay, play, pool);
	opts->routes.relay = &r->relay;
}

static void
close_login(struct stage_relay *r)
{
	if (r->fd >= 0)
		(void)close(r->fd);
	r->fd = -1;
}

/* login USER PASSWORD [MECHANISM...] [in-clear] */
static bool
set_login(struct stage_relay *l, struct str rest, struct pool *pool)
{
	struct str word;
	struct buf path, text;

	close_login(l);
	l->login = (struct login){
	    .user = words_next(&rest), .kind = SECRET_FILE, .mechs = 0};
	l->fd = memfd_create("secret", MFD_CLOEXEC);
	word = words_next(&rest);
	buf_init(&path, 64);
	buf_init(&text, AUTH_SECRET + 1);
	words_unescape(&text, word);
	if (str_eq(word, STR("none")))
		l->login.kind = SECRET_NONE;
	if (l->fd < 0 || fchmod(l->fd, 0600) < 0 ||
	    write(l->fd, text.p, text.n) != (ssize_t)text.n) {
		perror("talk: a file in memory");
		exit(2);
	}
	buf_printf(&path, "/proc/self/fd/%d", l->fd);
	l->login.from = pool_str(pool, buf_str(&path));
	buf_free(&text);
	buf_free(&path);
	l->relay.login = &l->login;
	while ((word = words_next(&rest)).n > 0) {
		enum mech mech = mech_find(word);

		if (str_eq(word, STR("in-clear")))
			l->login.in_clear = true;
		else if (mech == MECHS)
			return false;
		else
			l->login.mechs |= 1U << mech;
	}
	if (l->login.mechs == 0)
		l->login.mechs = MECHS_USUAL;
	return true;
}

static bool
set_lmtp(struct stage_relay *r)
{
	for (size_t i = 0; i < r->relay.n; i++)
		r->relay.host[i].lmtp = true;
	return true;
}

static bool
set_option(struct dispatch_opts *opts, struct stage_relay *relay,
    struct str rest, const struct play *play, struct pool *pool)
{
	struct str key = words_next(&rest);

	if (str_eq(key, STR("login")) || str_eq(key, STR("lmtp"))) {
		use_relay(relay, opts, play, pool);
		return str_eq(key, STR("lmtp")) ? set_lmtp(relay)
						: set_login(relay, rest, pool);
	}
	if (str_eq(key, STR("relay")))
		return set_hosts(opts, rest, pool);
	if (str_eq(key, STR("wait")))
		return set_wait(opts, rest);
	if (str_eq(key, STR("attempt-limit")))
		return words_time(rest, &opts->attempt_limit);
	if (str_eq(key, STR("attempts-end")))
		return words_time(rest, &opts->attempts_end);
	if (str_eq(key, STR("lookup-patience")))
		return words_time(rest, &opts->lookup_patience);
	if (str_eq(key, STR("lookup-timeout")))
		return words_time(rest, &opts->lookup.timeout);
	if (str_eq(key, STR("loopback-mx"))) {
		opts->loopback_mx = str_eq(rest, STR("yes"));
		return true;
	}
	if (str_eq(key, STR("helo"))) {
		opts->helo = str_eq(rest, STR("none")) ? STR("") : rest;
		return true;
	}
	if (!str_eq(key, STR("tls")))
		return false;
	opts->routes.tls =
	    str_eq(rest, STR("none")) ? TLS_LEVEL_NONE : TLS_LEVEL_MAY;
	return true;
}

static void
set_options(const struct play *play, struct dispatch_opts *opts,
    struct stage_relay *relay, struct pool *pool, struct faults *faults)
{
	for (const struct remark *r = play->remarks; r; r = r->next)
		if (r->note == NOTE_OPTION &&
		    !set_option(opts, relay, r->text, play, pool))
			fault_add(faults, r->line, "not understood");
}

static struct dispatch_opts
options_of(const struct play *play, struct stage_relay *relay, struct world *w,
    struct heard *heard, struct pool *pool, struct faults *faults)
{
	struct dispatch_opts opts = {
	    .lookup = {.timeout = 10000, .family = IP_ANY, .show = true},
	    .port = world_port(w),
	    .routes = {.tls = TLS_LEVEL_MAY},
	    .helo = STR("client.example"),
	    .lookup_patience = 60000,
	    .attempt_limit = 2 * 60 * 60000,
	    .attempts_end = 15 * 60000,
	    .patience_end = INT64_MAX,
	    .agents = 100,
	    .loopback_mx = true,
	    .in_process = true,
	    .start = clock_now(),
	    .read = clock_now(),
	    .show = put_line,
	    .ctx = &heard->show,
	};
	struct buf server;

	buf_init(&server, 64);
	buf_printf(&server, "127.0.0.1:%u", world_port(w));
	opts.lookup.nameserver = pool_str(pool, buf_str(&server));
	opts.lookup.start = opts.start;
	buf_free(&server);
	memcpy(opts.wait, waits, sizeof(waits));
	set_options(play, &opts, relay, pool, faults);
	return opts;
}

/* The descriptors that are open: as many after a case as before. */
static size_t
descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		(void)closedir(d);
	return n;
}

/* Delivers the play's message to its world. */
static void
deliver(const struct play *play, struct world *w, struct heard *heard,
    struct pool *pool, struct faults *faults)
{
	struct content content = content_of(play);
	struct stage_relay relay = {.fd = -1};
	struct dispatch_opts opts =
	    options_of(play, &relay, w, heard, pool, faults);
	struct job job = {.envelope = &heard->env, .content = &content};
	int64_t start = clock_now();
	struct err e = {0};

	heard->env = envelope_of(play, pool);
	log_to(put_log, &heard->log);
	if (dispatch(&job, 1, &opts, pool, &e) < 0)
		fault_add(faults, play->line, "dispatch: %s", e.text);
	log_to(NULL, NULL);
	close_login(&relay);
	heard->took = clock_now() - start;
	heard->stuck = vtime_stuck();
	(void)close(content.fd);
}

void
stage_play(const struct play *play, struct heard *heard, struct faults *faults)
{
	size_t before = descriptors();
	struct pool pool = {0};
	struct world *w;
	struct err e;

	w = world_new(play, faults, &e);
	if (w == NULL) {
		fprintf(stderr, "talk: %s\n", e.text);
		exit(2);
	}
	vtime_start(world_idle, w);
	deliver(play, w, heard, &pool, faults);
	world_finish(w);
	expect_all(play, w, heard, faults);
	vtime_stop();
	world_free(w);
	pool_free(&pool);
	if (descriptors() != before)
		fault_add(faults, play->line, "descriptors were left open");
}
