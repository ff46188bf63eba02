/* SPDX-License-Identifier: ISC */
#include "route/expand.h"

#include "base/code.h"
#include "os/idn.h"

enum { LEVELS = 10, NAME_SHOWN = 400 };

/* How much an address is this host's. */
enum place {
	PLACE_ELSEWHERE,
	PLACE_OURS, /* perhaps: if it has an alias */
	PLACE_HERE, /* and nowhere else */
};

/* An alias whose values are being looked at. */
struct level {
	const struct alias *alias;
	size_t next; /* value */
	struct addr owner;
};

struct work {
	const struct expand_opts *opts;
	struct pool *pool;
	struct target *target;
	size_t n, room;
	bool *followed; /* by the place of the alias in the table */
	struct level level[LEVELS];
	size_t depth;
	size_t origin;
	bool full;
};

static bool
is_own(struct str domain, const struct expand_opts *opts)
{
	struct buf ascii;
	struct err e;
	bool own = false;

	buf_init(&ascii, 1024);
	if (!str_is_ascii(domain) && idn_ascii(&ascii, domain, &e) == 0)
		domain = buf_str(&ascii);
	for (size_t i = 0; i < opts->own_n; i++)
		own = own || str_ieq(domain, opts->own[i]);
	buf_free(&ascii);
	return own;
}

static enum place
place_of(const struct addr *a, const struct expand_opts *opts)
{
	if (a->domain.n == 0 || str_ieq(a->domain, STR("localhost")) ||
	    str_ieq(a->domain, STR("localhost.localdomain")))
		return PLACE_HERE;
	return is_own(a->domain, opts) ? PLACE_OURS : PLACE_ELSEWHERE;
}

bool
expand_wants(const struct addr *a, const struct expand_opts *opts)
{
	return place_of(a, opts) != PLACE_ELSEWHERE;
}

/* The alias of a name: as it is, else without what follows a '+'. */
static const struct alias *
find(const struct work *w, struct str name)
{
	const struct aliases *all = w->opts->aliases;
	const struct alias *found = all ? alias_find(all, name) : NULL;
	size_t plus = str_find(name, '+');

	if (all && found == NULL && plus > 0 && plus < name.n)
		found = alias_find(all, str_slice(name, 0, plus));
	return found;
}

/* The same for a name of this host, which need not have one of its own. */
static const struct alias *
find_here(const struct work *w, struct str name)
{
	/* Each is the next one's, where it has no alias. */
	static const char *const roles[] = {
	    "mailer-daemon", "postmaster", "root"};
	const struct alias *found = find(w, name);
	bool role = false;

	for (size_t i = 0; i < 3 && found == NULL; i++) {
		role = role || str_ieq(name, str_c(roles[i]));
		if (role)
			found = find(w, str_c(roles[i]));
	}
	return found ? found : find(w, STR("*"));
}

static struct target *
add(struct work *w, const struct addr *a)
{
	struct target *t;

	if (w->n == w->room) {
		struct target *larger;

		w->room = w->room ? 2 * w->room : 16;
		larger = pool_array(w->pool, w->room, sizeof(*larger));
		if (w->n > 0)
			memcpy(larger, w->target, w->n * sizeof(*larger));
		w->target = larger;
	}
	t = &w->target[w->n++];
	*t = (struct target){
	    .addr = *a, .origin = w->origin, .expanded = w->depth > 0};
	if (w->depth > 0)
		t->owner = w->level[w->depth - 1].owner;
	w->full = w->full || w->n > w->opts->max;
	return t;
}

/* The status with its text, which has shown in the middle. */
static struct status
say(struct pool *p, struct status s, const char *before, struct str shown,
    const char *after)
{
	struct buf text;

	buf_init(&text, 2000);
	buf_add(&text, str_c(before));
	code_inert(&text, shown, NAME_SHOWN);
	buf_add(&text, str_c(after));
	s.text = pool_str(p, buf_str(&text));
	buf_free(&text);
	return s;
}

/* A target that goes no further, and why. */
static void
end_at(struct work *w, const struct addr *a, struct status s,
    const char *before, struct str shown, const char *after)
{
	add(w, a)->status = say(w->pool, s, before, shown, after);
}

/* A name of this host that nothing leads away from (H-24). */
static void
refuse(struct work *w, const struct addr *a)
{
	struct status s = status_own(BLAME_RCPT, "5.1.1", STR_NONE);
	struct buf after;

	buf_init(&after, 2000);
	if (w->opts->aliases) {
		buf_printf(
		    &after, "\" in %.*s: a line \"", STR_ARG(w->opts->file));
		code_inert(&after, a->local, NAME_SHOWN);
		buf_add(&after,
		    STR(": you@example.org\" in it says who gets this mail"));
		end_at(w, a, s, "there is no alias for \"", a->local, after.p);
	} else {
		end_at(w, a, s, "\"", a->local,
		    "\" is a name of this host, and aliases are not used");
	}
	buf_free(&after);
}

/* How a local part begins that can be delivered on this host only. */
static const struct str marks[] = {
    [ALIAS_USER] = {"\\", 1},
    [ALIAS_FILE] = {"/", 1},
    [ALIAS_FOLDER] = {"/", 1},
    [ALIAS_COMMAND] = {"|", 1},
    [ALIAS_INCLUDE] = {":include:", 9},
};
enum { MARKS = sizeof(marks) / sizeof(marks[0]) };

static const struct str nowhere = {"/dev/null", 9};

/* The fate of what an alias has led to, and what is not an address. */
static struct status
end_here(struct str local, struct pool *p)
{
	if (str_eq(local, nowhere))
		return status_own(BLAME_NONE, "2.0.0", STR("discarded"));
	return say(p, status_own(BLAME_US, "4.3.5", STR_NONE),
	    "an alias leads to \"", local,
	    "\", and nothing on this host delivers there: only addresses can "
	    "be reached");
}

static void
take_here(struct work *w, const struct alias_item *item)
{
	struct addr a = {item->text, STR_NONE, STR_NONE};
	struct buf b;

	if (item->type == ALIAS_USER)
		a.local = item->addr.local;
	buf_init(&b, a.local.n + marks[item->type].n);
	/* A path has its own. */
	if (item->type != ALIAS_FILE && item->type != ALIAS_FOLDER)
		buf_add(&b, marks[item->type]);
	buf_add(&b, a.local);
	a.local = pool_str(w->pool, buf_str(&b));
	buf_free(&b);
	add(w, &a)->status = end_here(a.local, w->pool);
}

struct status
expand_again(
    const struct addr *a, const struct expand_opts *opts, struct pool *p)
{
	if (place_of(a, opts) != PLACE_HERE)
		return (struct status){0};
	for (size_t i = 0; i < MARKS; i++)
		if (marks[i].n > 0 && str_starts(a->local, marks[i]))
			return end_here(a->local, p);
	return say(p, status_own(BLAME_RCPT, "5.1.1", STR_NONE),
	    "an alias leads to \"", a->local,
	    "\", and nothing leads on from there");
}

/* The sender that goes with what comes of an alias; null: no change. */
static struct addr
owner_of(const struct work *w, const struct alias *alias)
{
	struct addr owner = {STR_NONE, STR_NONE, STR_NONE};
	const struct alias *a = NULL;
	struct buf name;

	buf_init(&name, alias->name.n + 10);
	buf_printf(&name, "owner-%.*s", STR_ARG(alias->name));
	if (!str_starts(alias->name, STR("owner-")))
		a = find(w, buf_str(&name));
	if (a)
		owner.local = pool_str(w->pool, buf_str(&name));
	/* A single address can be written to from everywhere. */
	for (int i = 0; a && a->n == 1 && i < LEVELS; i++) {
		const struct alias_item *item = &a->item[0];

		if (item->type == ALIAS_ADDRESS &&
		    place_of(&item->addr, w->opts) != PLACE_HERE)
			owner = item->addr;
		a = item->type == ALIAS_NAME ? find(w, item->addr.local) : NULL;
	}
	buf_free(&name);
	return owner;
}

/* Goes down into an alias that the address a leads to. */
static void
follow(struct work *w, const struct alias *alias, const struct addr *a)
{
	size_t at = (size_t)(alias - w->opts->aliases->entry);
	struct status loop = status_own(BLAME_RCPT, "5.4.6", STR_NONE);
	struct addr owner;

	for (size_t i = 0; i < w->depth; i++)
		if (w->level[i].alias == alias) {
			end_at(w, a, loop, "the alias \"", alias->name,
			    "\" leads back to itself");
			return;
		}
	if (w->depth == LEVELS) {
		end_at(w, a, loop, "aliases lead on to the 11th at \"",
		    alias->name, "\"");
		return;
	}
	if (w->followed[at])
		return;
	w->followed[at] = true;
	owner = owner_of(w, alias);
	if (addr_is_null(&owner) && w->depth > 0)
		owner = w->level[w->depth - 1].owner;
	w->level[w->depth++] = (struct level){alias, 0, owner};
}

/* An address from the command line, the header, or an alias. */
static void
take_address(struct work *w, const struct addr *a)
{
	enum place place = place_of(a, w->opts);
	const struct alias *alias = NULL;
	bool itself;

	if (place == PLACE_OURS)
		alias = find(w, a->local);
	else if (place == PLACE_HERE)
		alias = find_here(w, a->local);
	itself = alias && w->depth > 0 && w->level[w->depth - 1].alias == alias;
	if (itself && place == PLACE_HERE && find(w, a->local) == alias) {
		struct alias_item user = {.type = ALIAS_USER, .addr = *a};

		take_here(w, &user);
	} else if (alias && !itself) {
		follow(w, alias, a);
	} else if (place == PLACE_HERE && w->opts->domain.n > 0) {
		add(w, a)->addr.domain = w->opts->domain;
	} else if (place == PLACE_HERE) {
		refuse(w, a);
	} else {
		add(w, a);
	}
}

static void
take_item(struct work *w, const struct alias_item *item)
{
	if (item->type == ALIAS_ADDRESS || item->type == ALIAS_NAME)
		take_address(w, &item->addr);
	else
		take_here(w, item);
}

static void
expand_one(struct work *w, const struct addr *a)
{
	const struct expand_opts *opts = w->opts;
	struct status unknown = status_own(BLAME_US, "4.3.5", STR_NONE);
	struct status many = status_own(BLAME_US, "5.5.3", STR_NONE);
	size_t first = w->n;

	if (!expand_wants(a, opts)) {
		add(w, a);
		return;
	}
	if (opts->trouble.n > 0) {
		end_at(w, a, unknown,
		    "the aliases cannot be read: ", opts->trouble, "");
		return;
	}
	if (!w->full)
		take_address(w, a);
	while (w->depth > 0 && !w->full) {
		struct level *l = &w->level[w->depth - 1];

		if (l->next < l->alias->n)
			take_item(w, &l->alias->item[l->next++]);
		else
			w->depth--;
	}
	if (!w->full)
		return;
	/* All or nothing: who was reached cannot be told apart. */
	w->depth = 0;
	w->n = first;
	end_at(w, a, many, "the aliases lead to too many recipients", STR_NONE,
	    " (max-recipients)");
}

struct target *
expand(const struct addr *rcpt, size_t n, const struct expand_opts *opts,
    struct pool *p, size_t *n_out)
{
	struct work w = {.opts = opts, .pool = p};

	if (opts->aliases)
		w.followed =
		    pool_array(p, opts->aliases->n, sizeof(*w.followed));
	for (size_t i = 0; i < n; i++) {
		w.origin = i;
		expand_one(&w, &rcpt[i]);
	}
	*n_out = w.n;
	return w.target;
}
