/* SPDX-License-Identifier: ISC */
#include "cli/settle.h"

#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/conf_file.h"
#include "cli/place.h"
#include "cli/ways.h"
#include "delivery/unique.h"
#include "os/group.h"
#include "os/idn.h"

/* A message of more octets goes back as its header alone (G-26). */
enum { BOUNCE_WHOLE = 50000 };

int
settle_options(struct conf *c, const struct options *o, struct err *e)
{
	for (size_t i = 0; i < o->settings_n; i++) {
		const struct setting *s = &o->settings[i];

		if (conf_option(c, s->key, s->value, o->pool, e) < 0) {
			err_while(e, "%s", s->option);
			return EX_USAGE;
		}
	}
	return 0;
}

/* Does he want more than that his message is sent as the system has it? */
static bool
is_own_way(const struct options *o)
{
	bool own = o->config != NULL;

	for (size_t i = 0; i < o->settings_n; i++)
		own = own || !conf_is_ordinary(o->settings[i].key);
	return own;
}

int
settle_values(struct conf *c, const struct options *o, struct err *e)
{
	const char *home = secure_getenv("HOME");
	int status;

	/* For good, and before anything that was named is looked at (J-05). */
	if (is_own_way(o))
		group_drop();
	conf_default(c, o->pool);
	if (conf_load(c, o->config, str_c(home), o->pool, e) < 0)
		return EX_CONFIG;
	status = settle_options(c, o, e);
	if (status == 0 && !place_is_of_group(c))
		group_drop();
	return status;
}

int
settle_conf(struct conf *c, const struct options *o, struct err *e)
{
	int status = settle_values(c, o, e);

	if (status == 0 && ways_of(&c->ways, c, o->pool, e) < 0)
		status = EX_CONFIG;
	return status;
}

int
settle_delivery(const struct conf *c, struct err *e)
{
	static const char *const names[] = {
	    [DELIVERY_BACKGROUND] = "background (-odb)",
	    [DELIVERY_QUEUE] = "queue (-odq)",
	};

	if (c->delivery == DELIVERY_FOREGROUND || c->spool_path.n > 0)
		return 0;
	err_set(e, ERR_LIMIT, "delivery = %s needs a spool (spool = none)",
	    names[c->delivery]);
	return EX_CONFIG;
}

/* Domains in ASCII; a literal stays; empty where it is no name of a host. */
static struct str
valid_host(struct str name, struct pool *p)
{
	struct buf ascii;
	struct str valid = STR_NONE;
	struct err ignored;

	buf_init(&ascii, 1024);
	if (name.n > 0 && idn_ascii(&ascii, name, &ignored) == 0)
		valid = pool_str(p, buf_str(&ascii));
	buf_free(&ascii);
	return valid;
}

/*
 * What the configuration says, else what the system says; the last resort is
 * a name that is certainly nobody else's.
 */
static void
settle_names(struct identity *id, const struct conf *c, struct pool *p)
{
	struct str name;

	id->hostname = c->hostname;
	if (id->hostname.n == 0)
		id->hostname = valid_host(user_hostname(p), p);
	if (id->hostname.n == 0)
		id->hostname = STR("localhost");

	id->mailname = c->mailname;
	if (id->mailname.n > 0)
		return;
	name = user_mailname(p);
	id->mailname = valid_host(name, p);
	if (name.n > 0 && id->mailname.n == 0)
		log_event(LOG_LEVEL_WARNING, "pickup",
		    "warning: /etc/mailname: \"%.*s\" is no domain",
		    STR_ARG(name));
	if (id->mailname.n == 0)
		id->mailname = id->hostname;
	if (str_find(id->mailname, '.') == id->mailname.n)
		log_event(LOG_LEVEL_WARNING, "pickup",
		    "warning: the mail name \"%.*s\" has no domain; see "
		    "mailname in hantar.conf(5)",
		    STR_ARG(id->mailname));
}

/*
 * Which domains are ours: those of the configuration, else the host by its
 * full and by its short name, and the mailname.
 */
static void
settle_own(struct identity *id, const struct conf *c, struct pool *p)
{
	struct str host = id->hostname;
	struct str rest = c->local_domains;
	struct str domain;

	id->own = pool_array(p, rest.n / 2 + 3, sizeof(*id->own));
	while (str_word(&rest, ", ", &domain))
		id->own[id->own_n++] = domain;
	if (id->own_n > 0)
		return;
	id->own[id->own_n++] = host;
	id->own[id->own_n++] = str_slice(host, 0, str_find(host, '.'));
	id->own[id->own_n++] = id->mailname;
}

/* A name that a server may look up, or none: the address literal (D-04). */
static struct str
helo_of(struct str hostname)
{
	bool dotted = str_find(hostname, '.') < hostname.n;

	if (!dotted || str_find(hostname, '_') < hostname.n ||
	    str_istarts(hostname, STR("localhost")))
		return STR_NONE;
	return hostname;
}

/* Takes text as the sender; false with a line in the log if it is none. */
static bool
sender_from(
    struct identity *id, struct str text, const char *where, struct pool *p)
{
	struct err e = {.text = "it is empty"};

	if (text.n == 0)
		return false;
	if (addr_one(p, text, &id->sender, &e) == 0 &&
	    !addr_is_null(&id->sender))
		return true;
	log_event(LOG_LEVEL_WARNING, "pickup", "warning: %s is no address: %s",
	    where, e.text);
	return false;
}

/* A name without domain is one of ours. */
static int
settle_sender(struct identity *id, const struct conf *c,
    const struct options *o, struct err *e)
{
	struct str login = id->user.login;
	struct str mail = STR_NONE;

	if (geteuid() != 0)
		mail = str_c(secure_getenv("EMAIL"));
	if (o->sender) {
		if (addr_one(o->pool, str_c(o->sender), &id->sender, e) < 0) {
			err_while(e, "-f %s", o->sender);
			return EX_DATAERR;
		}
	} else if (!sender_from(id, c->sender, "sender", o->pool) &&
	    !sender_from(id, mail, "EMAIL", o->pool)) {
		id->sender = (struct addr){.local = login};
	}
	id->sender.name = STR_NONE;
	if (!addr_is_null(&id->sender) && id->sender.domain.n == 0)
		id->sender.domain = id->mailname;
	return 0;
}

/*
 * The rules for mail from this path: those of the relay that is for it alone,
 * else those of the section that all mail goes to, else those of no section.
 */
static struct conf_rewrite
rules_of(const struct conf *c, struct str path)
{
	const struct relay *own = route_account(&c->ways, path);
	struct str name = own ? own->name : c->relay;
	struct conf_rewrite rules = c->rewrite;

	for (size_t i = 0; i < c->relays_n; i++) {
		const struct conf_relay *r = &c->relays[i];

		if (!str_eq(r->head.name, name))
			continue;
		if (own || r->rewrite.sender.n > 0)
			rules.sender = r->rewrite.sender;
		if (own || r->rewrite.from.n > 0)
			rules.from = r->rewrite.from;
	}
	return rules;
}

/*
 * It is done once, for all recipients and attempts: so what waits in the spool
 * is what is sent.
 */
static int
settle_rewriting(
    struct identity *id, const struct conf *c, struct pool *p, struct err *e)
{
	struct str path = STR("");
	struct rewrite envelope;
	struct conf_rewrite rules;
	struct buf b;

	buf_init(&b, 1 << 20);
	if (!addr_is_null(&id->sender)) {
		unique_path(&b, &id->sender);
		path = pool_str(p, buf_str(&b));
	}
	buf_free(&b);
	rules = rules_of(c, path);
	if (rewrite_read(&envelope, rules.sender, p, e) < 0 ||
	    rewrite_read(&id->from, rules.from, p, e) < 0)
		return EX_CONFIG;
	id->envelope = id->sender;
	if (rewrite_addr(&envelope, &id->envelope) &&
	    !(str_eq(id->envelope.local, id->sender.local) &&
		str_eq(id->envelope.domain, id->sender.domain)))
		id->orig = path;
	return 0;
}

int
settle_identity(struct identity *id, const struct conf *c,
    const struct options *o, struct err *e)
{
	int status;

	*id = (struct identity){0};
	user_self(&id->user, o->pool);
	if (!id->user.known)
		log_event(LOG_LEVEL_WARNING, "pickup",
		    "warning: uid %lu has no name", id->user.uid);
	settle_names(id, c, o->pool);
	settle_own(id, c, o->pool);
	id->helo = c->helo.n > 0 ? c->helo : helo_of(id->hostname);
	if (o->full_name)
		id->name = str_c(o->full_name);
	else if (secure_getenv("NAME"))
		id->name = str_c(secure_getenv("NAME"));
	else
		id->name = id->user.name;
	status = settle_sender(id, c, o, e);
	return status == 0 ? settle_rewriting(id, c, o->pool, e) : status;
}

void
settle_dispatch(struct dispatch_opts *opts, const struct conf *c,
    const struct identity *id, const struct options *o, int64_t start)
{
	/* What an MX record may call this host: mail for it is a loop (C-17).
	 * The mailname is not among them: it is a domain. */
	enum { OWN = 3 };
	struct str *own = pool_array(o->pool, OWN, sizeof(*own));

	own[0] = id->hostname;
	own[1] = id->helo;
	own[2] = STR("localhost");
	*opts = (struct dispatch_opts){
	    .lookup =
		{
		    .nameserver = c->nameserver,
		    .timeout = c->dns_timeout,
		    .family = (enum ip_family)c->ip,
		    .start = start,
		    .show = o->verbose,
		    .trust_ad = c->trust_ad,
		},
	    .port = (unsigned)c->smtp_port,
	    .routes = c->ways,
	    .helo = id->helo,
	    .lookup_patience = c->dns_patience,
	    .attempt_limit = c->attempt_limit,
	    .attempts_end = c->attempts_end,
	    .patience_end = INT64_MAX,
	    .agents = (unsigned)c->agents,
	    .loopback_mx = c->loopback_mx,
	    .own = own,
	    .own_n = OWN,
	    .start = start,
	    .read = clock_now(),
	};
	memcpy(opts->wait, c->wait, sizeof(opts->wait));
}

struct resolve_opts
settle_resolve(
    const struct conf *c, const struct identity *id, const struct options *o)
{
	return (struct resolve_opts){
	    .file = o->no_aliases || c->aliases.n == 0 ? NULL : c->aliases.p,
	    .required = !str_eq(c->aliases, STR(CONF_ALIASES)),
	    .own = id->own,
	    .own_n = id->own_n,
	    .mailname = id->mailname,
	    .null_client = c->null_client,
	    .max = (size_t)c->max_recipients,
	};
}

struct bounce_opts
settle_bounce(const struct conf *c, const struct identity *id,
    const struct resolve_opts *resolve)
{
	return (struct bounce_opts){
	    .hostname = id->hostname,
	    .mailname = id->mailname,
	    .double_bounce_to = c->double_bounce_to,
	    .size_limit = BOUNCE_WHOLE,
	    .resolve = resolve,
	    .schedule = &schedule_usual,
	};
}
