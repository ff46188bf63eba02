/* SPDX-License-Identifier: ISC */
#include "cli/form.h"

#include "base/char.h"
#include "cli/logins.h"
#include "cli/values.h"
#include "mail/rewrite.h"
#include "net/demand.h"
#include "net/host.h"
#include "os/idn.h"
#include "route/relay.h"

/* The units of a kind of number, the largest first; "" is the last. */
struct unit {
	const char *name;
	int64_t worth;
};
static const struct unit times[] = {{"d", KEY_DAY}, {"h", 60 * 60 * KEY_SECOND},
    {"m", 60 * KEY_SECOND}, {"s", KEY_SECOND}, {"ms", 1}, {"", KEY_SECOND}};
static const struct unit sizes[] = {
    {"G", 1 << 30}, {"M", 1 << 20}, {"k", 1 << 10}, {"", 1}};
static const struct unit plain[] = {{"", 1}};

static int
read_host(const struct conf_key *k, struct str value, void *at, struct pool *p,
    struct err *e)
{
	bool literal = value.n > 2 && value.n < 256 && value.p[0] == '[' &&
	    str_find(value, ']') == value.n - 1;
	struct buf ascii;

	(void)k;
	for (size_t i = 0; literal && i < value.n; i++)
		if (!char_is_graph(value.p[i]))
			literal = false;
	buf_init(&ascii, 1024);
	if (literal)
		buf_add(&ascii, value);
	else if (value.n > 0 && idn_ascii(&ascii, value, e) < 0) {
		buf_free(&ascii);
		return -1;
	}
	*(struct str *)at = pool_str(p, buf_str(&ascii));
	buf_free(&ascii);
	return 0;
}

static int
read_hosts(const struct conf_key *k, struct str value, void *at, struct pool *p,
    struct err *e)
{
	struct buf all;
	struct str one;
	struct str rest = value;
	int result = 0;

	buf_init(&all, 2 * value.n + 1024);
	while (result == 0 && str_word(&rest, ", ", &one)) {
		result = read_host(k, one, &one, p, e);
		if (all.n > 0)
			buf_byte(&all, ' ');
		buf_add(&all, one);
	}
	if (result == 0 && all.over)
		result = err_set(e, ERR_LIMIT, "too many names");
	if (result == 0)
		*(struct str *)at = pool_str(p, buf_str(&all));
	buf_free(&all);
	return result;
}

static int
read_path(const struct conf_key *k, struct str value, void *at, struct pool *p,
    struct err *e)
{
	(void)k;
	if (value.n > 0 && value.p[0] != '/')
		return err_set(e, ERR_SYNTAX, "\"%.*s\" is no absolute path",
		    STR_ARG(value));
	*(struct str *)at = pool_str(p, value);
	return 0;
}

static int
read_spool(const struct conf_key *k, struct str value, void *at, struct pool *p,
    struct err *e)
{
	if (str_eq(value, STR("none")))
		value = STR("");
	else if (value.n == 0)
		return err_set(e, ERR_SYNTAX, "neither none nor a path");
	else if (str_eq(value, STR(CONF_SPOOL))) {
		*(struct str *)at = STR(CONF_SPOOL);
		return 0;
	}
	return read_path(k, value, at, p, e);
}

static void
write_spool(struct buf *b, const struct conf_key *k, const void *at)
{
	const struct str *path = at;

	(void)k;
	buf_add(b, path->n ? *path : STR("none"));
}

static int
read_address(const struct conf_key *k, struct str value, void *at,
    struct pool *p, struct err *e)
{
	struct addr a;

	(void)k;
	if (value.n > 0 && addr_one(p, value, &a, e) < 0)
		return -1;
	*(struct str *)at = pool_str(p, value);
	return 0;
}

static int
read_log(const struct conf_key *k, struct str value, void *at, struct pool *p,
    struct err *e)
{
	(void)k;
	if (!str_eq(value, STR("syslog")) && !str_eq(value, STR("stderr")) &&
	    !str_starts(value, STR("/")))
		return err_set(e, ERR_SYNTAX,
		    "\"%.*s\" is neither syslog nor stderr nor an absolute "
		    "path",
		    STR_ARG(value));
	*(struct str *)at = pool_str(p, value);
	return 0;
}

/* Logins and numbers of users, separated by commas or blanks. */
static int
read_users(const struct conf_key *k, struct str value, void *at, struct pool *p,
    struct err *e)
{
	struct str rest = value;
	struct str one;

	(void)k;
	while (str_word(&rest, ", ", &one))
		if (str_eq(one, STR("!")) || str_find(one, '/') < one.n ||
		    str_find(one, ':') < one.n)
			return err_set(
			    e, ERR_SYNTAX, "\"%.*s\" is no user", STR_ARG(one));
	*(struct str *)at = pool_str(p, value);
	return 0;
}

/* Domains are compared as bytes: they are in ASCII. */
static int
read_sender(struct buf *b, struct str one, struct pool *p, struct err *e)
{
	size_t at = one.n;
	struct str domain;
	struct addr a;

	while (at > 0 && one.p[at - 1] != '@')
		at--;
	domain = str_slice(one, at, one.n);
	if (at == 0)
		return err_set(e, ERR_SYNTAX,
		    "\"%.*s\" is neither an address nor @ and a domain",
		    STR_ARG(one));
	if (at > 1 && addr_one(p, one, &a, e) < 0)
		return -1;
	buf_add(b, str_slice(one, 0, at));
	return idn_ascii(b, domain, e);
}

static int
read_senders(const struct conf_key *k, struct str value, void *at,
    struct pool *p, struct err *e)
{
	struct str rest = value;
	struct str one;
	struct buf all;
	int result = 0;

	(void)k;
	buf_init(&all, 4 * value.n + 1024);
	while (result == 0 && str_word(&rest, ", ", &one)) {
		if (all.n > 0)
			buf_byte(&all, ' ');
		result = read_sender(&all, one, p, e);
	}
	if (result == 0 && all.over)
		result = err_set(e, ERR_LIMIT, "too many senders");
	if (result == 0)
		*(struct str *)at = pool_str(p, buf_str(&all));
	buf_free(&all);
	return result;
}

static int
read_prints(const struct conf_key *k, struct str value, void *at,
    struct pool *p, struct err *e)
{
	unsigned char print[DEMAND_PRINT];
	struct str rest = value;
	struct str one;
	size_t n = 0;

	(void)k;
	while (str_word(&rest, ", ", &one))
		if (!demand_print(one, print))
			return err_set(e, ERR_SYNTAX,
			    "\"%.*s\" is no SHA-256: 64 digits, 0 to 9 and a "
			    "to f",
			    STR_ARG(one));
		else if (++n > DEMAND_PRINTS)
			return err_set(e, ERR_LIMIT, "more than %d of them",
			    (int)DEMAND_PRINTS);
	*(struct str *)at = pool_str(p, value);
	return 0;
}

static int
read_relay(const struct conf_key *k, struct str value, void *at, struct pool *p,
    struct err *e)
{
	struct relay relay;

	(void)k;
	if (relay_hosts(&relay, value, p, e) < 0)
		return -1;
	*(struct str *)at = pool_str(p, value);
	return 0;
}

static int
read_text(const struct conf_key *k, struct str value, void *at, struct pool *p,
    struct err *e)
{
	(void)k;
	for (size_t i = 0; i < value.n; i++)
		if ((unsigned char)value.p[i] < ' ' || value.p[i] == 127)
			return err_set(
			    e, ERR_SYNTAX, "it has a control character");
	*(struct str *)at = pool_str(p, value);
	return 0;
}

static int
read_secret(const struct conf_key *k, struct str value, void *at,
    struct pool *p, struct err *e)
{
	enum secret_kind kind;
	struct str from;

	(void)k;
	if (value.n > 0 && login_source(value, &kind, &from, e) < 0)
		return -1;
	*(struct str *)at = pool_str(p, value);
	return 0;
}

static int
read_mechs(const struct conf_key *k, struct str value, void *at, struct pool *p,
    struct err *e)
{
	unsigned mechs;

	(void)k;
	if (login_mechs(value, &mechs, e) < 0)
		return -1;
	*(struct str *)at = pool_str(p, value);
	return 0;
}

static int
read_rewrite(const struct conf_key *k, struct str value, void *at,
    struct pool *p, struct err *e)
{
	struct rewrite rules;

	(void)k;
	if (rewrite_read(&rules, value, p, e) < 0)
		return -1;
	*(struct str *)at = pool_str(p, value);
	return 0;
}

/* One or more name servers, separated by commas or blanks. */
static int
read_server(const struct conf_key *k, struct str value, void *at,
    struct pool *p, struct err *e)
{
	struct str list = pool_str(p, value);
	struct str rest = value;
	struct str one;

	(void)k;
	while (str_word(&rest, ", ", &one)) {
		unsigned port = 53;
		struct ip ip;

		if (!ip_parse_port(one, &ip, &port) || port == 0)
			return err_set(e, ERR_SYNTAX,
			    "\"%.*s\" is no ip, ip:port or [ip]:port",
			    STR_ARG(one));
	}
	*(struct str *)at = list;
	return 0;
}

static int
read_source(const struct conf_key *k, struct str value, void *at,
    struct pool *p, struct err *e)
{
	struct ip_source source;

	(void)k;
	if (ip_source(&source, value, e) < 0)
		return -1;
	*(struct str *)at = pool_str(p, value);
	return 0;
}

static void
write_text(struct buf *b, const struct conf_key *k, const void *at)
{
	(void)k;
	buf_add(b, *(const struct str *)at);
}

static int
read_word(const struct conf_key *k, struct str value, void *at, struct pool *p,
    struct err *e)
{
	struct buf known;

	(void)p;
	for (const struct key *w = k->words; w->name; w++)
		if (str_ieq(str_c(w->name), value)) {
			*(int64_t *)at = w->value;
			return 0;
		}
	buf_init(&known, 200);
	for (const struct key *w = k->words; w->name; w++)
		if (w->name[1] != '\0')
			buf_printf(
			    &known, "%s%s", known.n ? ", " : "", w->name);
	err_set(
	    e, ERR_SYNTAX, "\"%.*s\" is none of: %s", STR_ARG(value), known.p);
	buf_free(&known);
	return -1;
}

/* The first word of a value is its name, those after it are aliases. */
static void
write_word(struct buf *b, const struct conf_key *k, const void *at)
{
	const struct key *w = k->words;

	while (w->value != *(const int64_t *)at)
		w++;
	buf_add(b, str_c(w->name));
}

static int read_number(const struct conf_key *, struct str value, void *at,
    struct pool *, struct err *);
static void write_number(struct buf *, const struct conf_key *, const void *at);

static const struct form {
	int (*read)(const struct conf_key *, struct str value, void *at,
	    struct pool *, struct err *);
	void (*write)(struct buf *, const struct conf_key *, const void *at);
	const struct unit *units;
	const char *example;
} forms[] = {
    [KEY_HOST] = {read_host, write_text, NULL, NULL},
    [KEY_HOSTS] = {read_hosts, write_text, NULL, NULL},
    [KEY_SPOOL] = {read_spool, write_spool, NULL, NULL},
    [KEY_PATH] = {read_path, write_text, NULL, NULL},
    [KEY_ADDRESS] = {read_address, write_text, NULL, NULL},
    [KEY_LOG] = {read_log, write_text, NULL, NULL},
    [KEY_SENDERS] = {read_senders, write_text, NULL, NULL},
    [KEY_PRINTS] = {read_prints, write_text, NULL, NULL},
    [KEY_RELAY] = {read_relay, write_text, NULL, NULL},
    [KEY_SERVER] = {read_server, write_text, NULL, NULL},
    [KEY_SOURCE] = {read_source, write_text, NULL, NULL},
    [KEY_TEXT] = {read_text, write_text, NULL, NULL},
    [KEY_SECRET] = {read_secret, write_text, NULL, NULL},
    [KEY_MECHS] = {read_mechs, write_text, NULL, NULL},
    [KEY_REWRITE] = {read_rewrite, write_text, NULL, NULL},
    [KEY_USERS] = {read_users, write_text, NULL, NULL},
    [KEY_NUMBER] = {read_number, write_number, plain, "a number"},
    [KEY_TIME] = {read_number, write_number, times,
	"a time (90, 90s, 500ms, 5m, 2h, 1d)"},
    [KEY_SIZE] = {read_number, write_number, sizes,
	"a size (1000, 64k, 10M, 1G)"},
    [KEY_WORD] = {read_word, write_word, NULL, NULL},
};

static int
read_number(const struct conf_key *k, struct str value, void *at,
    struct pool *p, struct err *e)
{
	const struct form *f = &forms[k->type];
	const struct unit *u = f->units;
	uint64_t count = 0;
	size_t digits = 0;
	struct buf bound;

	(void)p;
	while (digits < value.n && char_is_digit(value.p[digits]))
		digits++;
	while (u->name[0] != '\0' &&
	    !str_ieq(str_c(u->name), str_slice(value, digits, value.n)))
		u++;
	if ((u->name[0] == '\0' && digits < value.n) ||
	    !str_number(str_slice(value, 0, digits),
		(uint64_t)(INT64_MAX / u->worth), &count))
		return err_set(e, ERR_SYNTAX, "\"%.*s\" is not %s",
		    STR_ARG(value), f->example);
	count *= (uint64_t)u->worth;
	if (count >= (uint64_t)k->low && count <= (uint64_t)k->high) {
		*(int64_t *)at = (int64_t)count;
		return 0;
	}
	buf_init(&bound, 100);
	write_number(&bound, k, &k->low);
	buf_add(&bound, STR(" to "));
	write_number(&bound, k, &k->high);
	err_set(e, ERR_LIMIT, "\"%.*s\" is not in the range of %s",
	    STR_ARG(value), bound.p);
	buf_free(&bound);
	return -1;
}

/* With the largest unit that divides it. */
static void
write_number(struct buf *b, const struct conf_key *k, const void *at)
{
	const struct unit *u = forms[k->type].units;
	int64_t value = *(const int64_t *)at;

	while (u->name[0] != '\0' && (value == 0 || value % u->worth != 0))
		u++;
	buf_printf(b, "%lld%s", (long long)(value / u->worth), u->name);
}

int
form_read(const struct conf_key *k, void *at, struct str value, struct pool *p,
    struct err *e)
{
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] != ' ' && !char_is_graph(value.p[i]) &&
		    !char_is_high(value.p[i]))
			return err_set(
			    e, ERR_SYNTAX, "%s: a control character", k->name);
	if (forms[k->type].read(k, value, at, p, e) < 0)
		return err_while(e, "%s", k->name);
	return 0;
}

void
form_write(struct buf *b, const struct conf_key *k, const void *at)
{
	forms[k->type].write(b, k, at);
}
