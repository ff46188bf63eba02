/* SPDX-License-Identifier: ISC */
#include "delivery/resolve.h"

#include "delivery/unique.h"
#include "mail/dsn_about.h"
#include "os/file.h"
#include "route/expand.h"

enum { PATH_LONGEST = 1 << 20 };

/* Why the aliases cannot be known now; empty: they are in *a. */
static struct str
read_aliases(struct aliases *a, const struct resolve_opts *opts, struct pool *p)
{
	struct str trouble = STR_NONE;
	struct buf b;
	struct err e = {0};
	int got;

	*a = (struct aliases){0};
	buf_init(&b, ALIAS_FILE_MAX);
	got = file_read(opts->file, &b, &e);
	if (got == 0 && opts->required)
		err_set(
		    &e, ERR_SYSTEM, "%s: there is no such file", opts->file);
	if (got > 0)
		alias_parse(a, buf_str(&b), p);
	if (a->broken)
		err_set(&e, ERR_SYNTAX, "%s:%u: %.*s", opts->file,
		    a->broken->line, STR_ARG(a->broken->text));
	buf_free(&b);
	if (e.kind != ERR_NONE)
		trouble = pool_str(p, str_c(e.text));
	return trouble;
}

static struct str
path_of(const struct addr *a, struct pool *p)
{
	struct buf b;
	struct str path;

	buf_init(&b, PATH_LONGEST);
	unique_path(&b, a);
	path = pool_str(p, buf_str(&b));
	buf_free(&b);
	return path;
}

/*
 * An alias has led to it and to others.  Who asked for reports of success
 * hears that, and no more of each of them (RFC 3461, 5.2.7).
 */
static void
expect_no_success(struct recipient *r, const struct recipient *origin)
{
	r->expanded = (origin->notify & DSN_ON_SUCCESS) != 0;
	if (r->notify & DSN_ON_SUCCESS) {
		r->notify &= ~(unsigned)DSN_ON_SUCCESS;
		r->notify |= r->notify == 0 ? DSN_NEVER : 0;
	}
}

/* Does the recipient that target i is of lead to others, too? */
static bool
is_one_of_several(const struct target *t, size_t n, size_t i)
{
	return (i > 0 && t[i - 1].origin == t[i].origin) ||
	    (i + 1 < n && t[i + 1].origin == t[i].origin);
}

static struct recipient
recipient_of(const struct target *t, const struct envelope *env,
    struct str mailname, struct pool *p)
{
	struct recipient r = {.addr = t->addr, .status = t->status};
	struct addr owner = t->owner;

	r.path = path_of(&t->addr, p);
	if (t->expanded)
		r.orig = env->rcpt[t->origin].path;
	/* The null sender stays: nobody is told of a lost report. */
	if (addr_is_null(&owner) || env->from.n == 0) {
		r.notify = env->rcpt[t->origin].notify;
		r.orcpt = env->rcpt[t->origin].orcpt;
		return r;
	}
	/* To the owner go the reports that he, and nobody else, asks for. */
	if (owner.domain.n == 0)
		owner.domain = mailname;
	r.from = path_of(&owner, p);
	return r;
}

/* Is some recipient of this host? */
static bool
are_wanted(const struct envelope *env, const struct expand_opts *opts)
{
	for (size_t i = 0; i < env->n; i++)
		if (expand_wants(&env->rcpt[i].addr, opts))
			return true;
	return false;
}

static struct expand_opts
expansion_of(const struct resolve_opts *opts)
{
	return (struct expand_opts){
	    .file = str_c(opts->file),
	    .own = opts->own,
	    .own_n = opts->own_n,
	    .domain = opts->null_client ? opts->mailname : STR_NONE,
	    .max = opts->max,
	};
}

bool
resolve_wants(const struct addr *a, const struct resolve_opts *opts)
{
	const struct expand_opts expansion = expansion_of(opts);

	return expand_wants(a, &expansion);
}

void
resolve_again(
    struct envelope *env, const struct resolve_opts *opts, struct pool *p)
{
	const struct expand_opts expansion = expansion_of(opts);
	struct recipient *r = &env->rcpt[0];

	if (r->orig.n > 0)
		r->status = expand_again(&r->addr, &expansion, p);
	else
		resolve_recipients(env, opts, p);
}

void
resolve_recipients(
    struct envelope *env, const struct resolve_opts *opts, struct pool *p)
{
	struct expand_opts expansion = expansion_of(opts);
	struct aliases aliases;
	struct addr *addr;
	struct target *target;
	struct recipient *rcpt;
	size_t n;

	if (!are_wanted(env, &expansion))
		return;
	if (opts->file) {
		expansion.trouble = read_aliases(&aliases, opts, p);
		expansion.aliases = &aliases;
	}
	addr = pool_array(p, env->n, sizeof(*addr));
	for (size_t i = 0; i < env->n; i++)
		addr[i] = env->rcpt[i].addr;
	target = expand(addr, env->n, &expansion, p, &n);
	rcpt = pool_array(p, n, sizeof(*rcpt));
	for (size_t i = 0; i < n; i++) {
		rcpt[i] = recipient_of(&target[i], env, opts->mailname, p);
		if (is_one_of_several(target, n, i))
			expect_no_success(
			    &rcpt[i], &env->rcpt[target[i].origin]);
	}
	env->rcpt = rcpt;
	env->n = n;
	unique_once(env, p);
}
