/* SPDX-License-Identifier: ISC */
#include "mail/rewrite.h"

#include "os/idn.h"

enum { DOMAIN_ROOM = 1024 };

#define ARROW "=>"

/* Where the '@' is before the domain; s.n if there is none. */
static size_t
last_at(struct str s)
{
	size_t n = s.n;

	while (n > 0 && s.p[n - 1] != '@')
		n--;
	return n > 0 ? n - 1 : s.n;
}

/* A domain as it is compared: in ASCII; a literal, or none, as it is. */
static struct str
ascii_of(struct buf *room, struct str domain)
{
	struct err ignored;

	buf_clear(room);
	if (str_is_ascii(domain) || idn_ascii(room, domain, &ignored) < 0)
		return domain;
	return buf_str(room);
}

/* Reads a domain that stands in a rule. */
static int
read_domain(struct str text, struct str *domain, struct pool *p, struct err *e)
{
	struct buf ascii;
	int result;

	buf_init(&ascii, DOMAIN_ROOM);
	result = idn_ascii(&ascii, text, e);
	if (result == 0)
		*domain = pool_str(p, buf_str(&ascii));
	buf_free(&ascii);
	return result;
}

/* A whole address, whose domain becomes ASCII. */
static int
read_whole(struct str text, struct addr *a, struct pool *p, struct err *e)
{
	if (addr_one(p, text, a, e) < 0)
		return -1;
	if (a->local.n == 0 || a->domain.n == 0)
		return err_set(e, ERR_SYNTAX,
		    "\"%.*s\" is neither an address with a domain nor @ and a "
		    "domain",
		    STR_ARG(text));
	a->name = str_trim(a->name);
	if (a->domain.p[0] == '[')
		return 0;
	return read_domain(a->domain, &a->domain, p, e);
}

static int
read_target(struct str text, struct addr *to, struct pool *p, struct err *e)
{
	*to = (struct addr){.name = STR_NONE};
	if (!str_starts(text, STR("@")))
		return read_whole(text, to, p, e);
	return read_domain(str_slice(text, 1, text.n), &to->domain, p, e);
}

static int
read_pattern(
    struct str text, struct str *pattern, struct pool *p, struct err *e)
{
	bool below = str_starts(text, STR("@."));
	struct addr a = {.local = STR("")};
	struct buf b;

	if (!str_starts(text, STR("@"))) {
		if (read_whole(text, &a, p, e) < 0)
			return -1;
		if (a.name.n > 0)
			return err_set(e, ERR_SYNTAX,
			    "\"%.*s\": a name in front of " ARROW,
			    STR_ARG(text));
	} else if (read_domain(str_slice(text, 1 + below, text.n), &a.domain, p,
		       e) < 0) {
		return -1;
	}
	buf_init(&b, text.n + DOMAIN_ROOM);
	buf_add(&b, a.local);
	buf_add(&b, below ? STR("@.") : STR("@"));
	buf_add(&b, a.domain);
	*pattern = pool_str(p, buf_str(&b));
	buf_free(&b);
	return 0;
}

/* Where what is in s, not within quotes; s.n if it is not. */
static size_t
find_unquoted(struct str s, struct str what)
{
	bool quoted = false;
	size_t n = 0;

	for (; n < s.n; n++)
		if (!quoted && str_starts(str_slice(s, n, s.n), what))
			break;
		else if (s.p[n] == '"')
			quoted = !quoted;
		else if (quoted && s.p[n] == '\\' && n + 1 < s.n)
			n++;
	return n;
}

/* Takes the next rule off *rest. */
static struct str
next_rule(struct str *rest)
{
	size_t n = find_unquoted(*rest, STR(","));
	struct str rule = str_trim(str_slice(*rest, 0, n));

	*rest = str_slice(*rest, n + 1, rest->n);
	return rule;
}

static int
read_rule(
    struct str text, struct rewrite_rule *rule, struct pool *p, struct err *e)
{
	size_t arrow = find_unquoted(text, STR(ARROW));

	rule->pattern = STR("");
	if (arrow == text.n)
		return read_target(text, &rule->to, p, e);
	if (read_pattern(
		str_trim(str_slice(text, 0, arrow)), &rule->pattern, p, e) < 0)
		return -1;
	return read_target(
	    str_trim(str_slice(text, arrow + strlen(ARROW), text.n)), &rule->to,
	    p, e);
}

int
rewrite_read(struct rewrite *r, struct str text, struct pool *p, struct err *e)
{
	struct str rest = str_trim(text);
	struct rewrite_rule *rule;
	size_t n = 0;

	*r = (struct rewrite){NULL, 0};
	while (rest.n > 0) {
		(void)next_rule(&rest);
		n++;
	}
	rule = pool_array(p, n, sizeof(*rule));
	rest = str_trim(text);
	for (size_t i = 0; i < n; i++)
		if (read_rule(next_rule(&rest), &rule[i], p, e) < 0)
			return -1;
	*r = (struct rewrite){rule, n};
	return 0;
}

static bool
fits(struct str pattern, const struct addr *a, struct str domain)
{
	size_t at = last_at(pattern);
	struct str local = str_slice(pattern, 0, at);
	struct str wanted = str_slice(pattern, at + 1, pattern.n);

	if (pattern.n == 0)
		return true;
	if (local.n > 0 && !str_ieq(local, a->local))
		return false;
	/* What is below a domain: its end, with the dot. */
	if (wanted.p[0] == '.' && domain.n > wanted.n)
		domain = str_slice(domain, domain.n - wanted.n, domain.n);
	return str_ieq(wanted, domain);
}

const struct rewrite_rule *
rewrite_addr(const struct rewrite *r, struct addr *a)
{
	const struct rewrite_rule *found = NULL;
	struct buf room;
	struct str domain;

	if (r == NULL || addr_is_null(a))
		return NULL;
	buf_init(&room, DOMAIN_ROOM);
	domain = ascii_of(&room, a->domain);
	for (size_t i = 0; i < r->n && found == NULL; i++)
		if (fits(r->rule[i].pattern, a, domain))
			found = &r->rule[i];
	buf_free(&room);
	if (found == NULL)
		return NULL;
	a->domain = found->to.domain;
	if (found->to.local.n > 0)
		a->local = found->to.local;
	return found;
}

bool
rewrite_is_for_all(const struct rewrite *r)
{
	for (size_t i = 0; r && i < r->n; i++)
		if (r->rule[i].pattern.n == 0 && r->rule[i].to.local.n > 0)
			return true;
	return false;
}
