/* SPDX-License-Identifier: ISC */
/*
 * --check: all that would end a submission with 78, or keep its mail waiting,
 * before there is one.  Every file that the configuration names is opened, as
 * whoever asks may open it; each that is wrong has a line of its own, and with
 * -v each that is right, too.
 */
#include <errno.h>
#include <sysexits.h>
#include <unistd.h>

#include "agent/secret.h"
#include "base/clock.h"
#include "cli/check_file.h"
#include "cli/place.h"
#include "cli/run.h"
#include "cli/say.h"
#include "cli/settle.h"
#include "mail/alias.h"
#include "net/tls.h"
#include "os/file.h"
#include "os/sys.h"

struct check {
	const struct options *o;
	struct conf conf;
	const char *spool; /* the path; NULL: there is none */
	const void **seen; /* what was looked at */
	size_t n;
	int status;
};

static bool
is_new(struct check *k, const void *thing)
{
	if (thing == NULL)
		return false;
	for (size_t i = 0; i < k->n; i++)
		if (k->seen[i] == thing)
			return false;
	k->seen[k->n++] = thing;
	return true;
}

static void
complain(struct check *k, const char *kind, struct str whose, struct err *e)
{
	err_while(e, "%s%s%.*s", kind, whose.n > 0 ? " " : "", STR_ARG(whose));
	(void)say_error(k->o->name, STR_NONE, str_c(e->text));
	k->status = EX_CONFIG;
}

/* What is to be done about it, where the error is the system's. */
static void
advise(struct err *e)
{
	size_t n = strlen(e->text);
	const char *words = NULL;

	if (e->number == ENOENT)
		words = "; is its name right?";
	else if (e->number == EACCES)
		words = "; who sends has to be able to read it, and to search "
			"the folders that lead to it (chmod)";
	if (words && n + strlen(words) < sizeof(e->text))
		memcpy(e->text + n, words, strlen(words) + 1);
}

static void
show(const struct check *k, struct str path, const char *what, struct str whose)
{
	struct buf line;

	if (!k->o->verbose || path.n == 0)
		return;
	buf_init(&line, 1 << 20);
	check_file_line(&line, pool_c(k->o->pool, path), what, whose);
	(void)say_text(STDOUT_FILENO, buf_str(&line));
	buf_free(&line);
}

/* The authorities, and our own certificate and key. */
static void
check_demand(struct check *k, const char *kind, struct str whose,
    const struct demand *demand)
{
	struct tls *tls;
	struct err e;

	if (!is_new(k, demand))
		return;
	show(k, demand->authorities, "tls-authorities", whose);
	show(k, demand->certificate, "tls-certificate", whose);
	show(k, demand->key, "tls-key", whose);
	e.number = 0;
	tls = tls_new(demand, &e);
	if (tls == NULL) {
		advise(&e);
		complain(k, kind, whose, &e);
	} else if (tls_check_own(tls, &e) < 0) {
		complain(k, kind, whose, &e);
	}
	tls_free(tls);
}

/* Root can read it: those who send for all can, too? */
static int
check_service(const struct check *k, const struct login *login, struct err *e)
{
	if (geteuid() != 0 || k->spool == NULL ||
	    (login->kind != SECRET_FILE && login->kind != SECRET_NETRC))
		return 0;
	return check_file_service(pool_c(k->o->pool, login->from), k->spool, e);
}

/* The password, if it lies somewhere: no program is run for a check. */
static void
check_login(struct check *k, const struct relay *relay)
{
	const struct login *login = relay->login;
	struct errand errand = {.login = login};
	struct secret secret;
	struct err e;

	if (!is_new(k, login) || login->kind == SECRET_COMMAND ||
	    login->kind == SECRET_DESCRIPTOR)
		return;
	errand.host = relay->host[0].name;
	if (login->kind == SECRET_FILE || login->kind == SECRET_NETRC)
		show(k, login->from, "password-file", relay->name);
	if (secret_get(&secret, &errand, clock_now(), &e) < 0 ||
	    check_service(k, login, &e) < 0)
		complain(k, "relay", relay->name, &e);
	secret_wipe(&secret);
}

/* Is each of them an address of this host? */
static void
check_source(struct check *k, const char *kind, struct str whose,
    const struct ip_source *source)
{
	static const int families[] = {AF_INET, AF_INET6};

	if (!is_new(k, source))
		return;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		const struct ip *ip = ip_source_of(source, families[i]);
		struct err e;
		int fd;

		if (ip == NULL)
			continue;
		fd = sys_socket(families[i], SOCK_STREAM);
		if (fd < 0)
			err_sys(&e, "source-address");
		if (fd < 0 || ip_bind(fd, ip, &e) < 0)
			complain(k, kind, whose, &e);
		sys_close(fd);
	}
}

/* Those of servers with mailboxes. */
static void
check_sockets(struct check *k, const struct relay *relay)
{
	struct err e;

	if (!relay_is_socket(relay) || !is_new(k, relay->host))
		return;
	for (size_t i = 0; i < relay->n; i++) {
		const char *path = pool_c(k->o->pool, relay->host[i].path);

		if (check_file_socket(path, &e) < 0)
			complain(k, "relay", relay->name, &e);
	}
}

static void
check_relay(struct check *k, const struct relay *relay)
{
	if (!is_new(k, relay))
		return;
	check_demand(k, "relay", relay->name, relay->demand);
	check_source(k, "relay", relay->name, relay->source);
	check_login(k, relay);
	check_sockets(k, relay);
}

static void
check_ways(struct check *k, const struct routes *routes)
{
	size_t most = 5 * (2 + 2 * routes->n + routes->accounts);

	k->seen = pool_array(k->o->pool, most, sizeof(*k->seen));
	check_relay(k, routes->relay);
	check_demand(k, "MX", STR("hosts"), routes->demand);
	check_source(k, "MX", STR("hosts"), routes->source);
	for (size_t i = 0; i < routes->accounts; i++)
		check_relay(k, routes->account[i].relay);
	for (size_t i = 0; i < routes->n; i++) {
		const struct route *route = &routes->route[i];

		/* What a relay has to prove is for the route to say. */
		check_demand(k, "route", route->pattern, route->demand);
		check_source(k, "route", route->pattern, route->source);
		if (route->relay) {
			check_login(k, route->relay);
			check_sockets(k, route->relay);
		}
	}
}

/* With an error in it, mail that might be in need of it waits. */
static void
check_aliases(struct check *k)
{
	struct str path = k->conf.aliases;
	struct aliases all;
	struct buf text;
	struct err e;
	int got;

	if (path.n == 0)
		return;
	show(k, path, "aliases", STR_NONE);
	buf_init(&text, ALIAS_FILE_MAX);
	got = file_read(path.p, &text, &e);
	if (got == 0 && !str_eq(path, STR(CONF_ALIASES))) {
		errno = ENOENT;
		got = err_sys(&e, "%s", path.p);
	}
	if (got < 0) {
		advise(&e);
		complain(k, "aliases", STR_NONE, &e);
	} else if (got > 0) {
		alias_parse(&all, buf_str(&text), k->o->pool);
		if (all.wrong_n > 0) {
			err_set(&e, ERR_SYNTAX,
			    "%.*s:%u: %.*s (newaliases has all that is wrong)",
			    STR_ARG(path), all.wrong[0].line,
			    STR_ARG(all.wrong[0].text));
			complain(k, "aliases", STR_NONE, &e);
		}
	}
	buf_free(&text);
}

static void
check_log(struct check *k)
{
	struct str path = k->conf.log;
	struct err e;

	if (!str_starts(path, STR("/")))
		return;
	show(k, path, "log", STR_NONE);
	if (check_file_append(path.p, &e) < 0)
		complain(k, "log", STR_NONE, &e);
}

static void
check_spool(struct check *k)
{
	struct err e;

	if (k->spool == NULL)
		return;
	show(k, str_c(k->spool), "spool", STR_NONE);
	if (place_try(&k->conf, &e) < 0)
		complain(k, "spool", STR_NONE, &e);
}

static void
check_clock(struct check *k)
{
	struct err e;

	if (clock_wall().tv_sec >= CLOCK_EARLIEST)
		return;
	err_set(&e, ERR_LIMIT,
	    "it is before 2020, so it is wrong, and no certificate can be "
	    "judged: set it");
	complain(k, "clock", STR_NONE, &e);
}

/* In the order in which they were read. */
static void
show_sources(const struct check *k, const struct conf_source *source)
{
	if (source == NULL)
		return;
	show_sources(k, source->before);
	show(k, str_c(source->path), "configuration", STR_NONE);
}

int
run_check(const struct options *o)
{
	struct check k = {.o = o};
	struct err e;
	int status = settle_conf(&k.conf, o, &e);

	if (status == 0)
		status = settle_delivery(&k.conf, &e);
	if (status != 0) {
		advise(&e);
		(void)say_error(o->name, STR_NONE, str_c(e.text));
		return status;
	}
	if (k.conf.spool_path.n > 0) {
		struct str path = place_path(&k.conf, o->pool);

		k.spool = path.n > 0 ? pool_c(o->pool, path) : "";
	}
	show_sources(&k, k.conf.sources);
	check_ways(&k, &k.conf.ways);
	check_aliases(&k);
	check_log(&k);
	check_spool(&k);
	check_clock(&k);
	return k.status;
}
