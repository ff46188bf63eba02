/* SPDX-License-Identifier: ISC */
#include "cli/keys.h"

#include "base/char.h"
#include "mail/addr.h"
#include "net/host.h"
#include "os/idn.h"

static const struct key yes_no[] = {
    {"yes", 1},
    {"no", 0},
    {"true", 1},
    {"false", 0},
    {"on", 1},
    {"off", 0},
    {"1", 1},
    {"0", 0},
    {NULL, 0},
};

/* The letters are those of -od and -oe; words in full come first. */
static const struct key delivery[] = {
    {"foreground", DELIVERY_FOREGROUND},
    {"background", DELIVERY_BACKGROUND},
    {"queue", DELIVERY_QUEUE},
    {"i", DELIVERY_FOREGROUND},
    {"f", DELIVERY_FOREGROUND},
    {"b", DELIVERY_BACKGROUND},
    {"q", DELIVERY_QUEUE},
    {"d", DELIVERY_QUEUE},
    {NULL, 0},
};
static const struct key errors[] = {
    {"print", ERRORS_PRINT},
    {"quiet", ERRORS_QUIET},
    {"mail", ERRORS_MAIL},
    {"mail-only", ERRORS_MAIL_ONLY},
    {"p", ERRORS_PRINT},
    {"q", ERRORS_QUIET},
    {"m", ERRORS_MAIL},
    {"w", ERRORS_MAIL},
    {"e", ERRORS_MAIL_ONLY},
    {NULL, 0},
};
static const struct key add_subtract[] = {
    {"add", 0}, {"subtract", 1}, {NULL, 0}};
static const struct key send_refuse[] = {{"send", 0}, {"refuse", 1}, {NULL, 0}};
static const struct key refuse_allow[] = {
    {"refuse", 0}, {"allow", 1}, {NULL, 0}};
static const struct key tls_levels[] = {
    {"none", TLS_LEVEL_NONE}, {"may", TLS_LEVEL_MAY}, {NULL, 0}};
static const struct key families[] = {
    {"any", IP_ANY}, {"ipv4", IP_V4}, {"ipv6", IP_V6}, {NULL, 0}};

enum { SECOND = 1000, DAY = 24 * 60 * 60 * SECOND };

#define AT(field) offsetof(struct conf, field)
/* clang-format off */
#define TIME(name, field, standard, doc) \
	{name, KEY_TIME, AT(field), standard, 1, DAY, NULL, doc}
#define WORD(name, field, words, standard, doc) \
	{name, KEY_WORD, AT(field), standard, 0, 0, words, doc}
#define TEXT(name, type, field, standard, doc) \
	{name, type, AT(field), standard, 0, 0, NULL, doc}
#define COUNT(name, type, field, standard, low, high, doc) \
	{name, type, AT(field), standard, low, high, NULL, doc}

const struct conf_key conf_keys[] = {
	TEXT("hostname", KEY_HOST, hostname, "",
	    "this host's name, for Received; empty: what the system says"),
	TEXT("mailname", KEY_HOST, mailname, "",
	    "domain of local users; empty: /etc/mailname, else hostname"),
	TEXT("sender", KEY_ADDRESS, sender, "",
	    "envelope sender where -f gives none; empty: login@mailname"),
	TEXT("helo", KEY_HOST, helo, "",
	    "name in EHLO; empty: hostname if it has a dot, else the address"),
	TEXT("local-domains", KEY_HOSTS, local_domains, "",
	    "domains whose names may be aliases; empty: hostname, mailname"),
	TEXT("aliases", KEY_PATH, aliases, CONF_ALIASES,
	    "file of aliases, looked into for names of this host; empty: none"),
	WORD("delivery", delivery, delivery, "foreground",
	    "when to deliver: foreground; background and queue need a spool"),
	WORD("errors", errors, errors, "print",
	    "what to do with errors: print, quiet, mail, mail-only"),
	TEXT("spool", KEY_SPOOL, spool_path, "none",
	    "folder where messages wait for another attempt; or none"),
	TEXT("double-bounce-to", KEY_ADDRESS, double_bounce_to, "postmaster",
	    "who gets the report on mail that has no sender"),
	COUNT("spool-room", KEY_SIZE, spool_room, "1M", 0, 1LL << 40,
	    "space that must be left for a message to be taken"),
	TIME("patience", patience, "30s",
	    "for delivery in the foreground; then the queue goes on"),
	TEXT("log", KEY_LOG, log, "syslog",
	    "where the log goes: syslog, stderr, or a file's absolute path"),

	WORD("ignore-dots", ignore_dots, yes_no, "no",
	    "a line with a lone dot is text, and does not end the message"),
	WORD("operands-with-t", subtract_operands, add_subtract, "add",
	    "operands beside -t: more recipients, or those to leave out"),
	WORD("empty-input", refuse_empty, send_refuse, "send",
	    "what to do with an empty message: send or refuse"),
	WORD("strict-input", strict_input, yes_no, "no",
	    "refuse a message with NUL bytes, or with two From fields and the like"),
	COUNT("max-recipients", KEY_NUMBER, max_recipients, "100000", 100,
	    10000000, "recipients of one message, at most"),
	COUNT("max-header", KEY_SIZE, max_header, "1M", 65536, 1 << 30,
	    "size of a message's header, at most"),
	COUNT("max-message", KEY_SIZE, max_message, "0", 0, INT64_MAX,
	    "size of a message, at most; 0: no limit"),

	TEXT("nameserver", KEY_SERVER, nameserver, "",
	    "DNS server, ip, ip:port or [ip]:port; empty: resolv.conf"),
	WORD("trust-ad", trust_ad, yes_no, "no",
	    "the DNS server validates, and the way to it is safe"),
	TIME("dns-timeout", dns_timeout, "10s",
	    "for the answer to one question, all tries together"),
	TIME("dns-patience", dns_patience, "1m",
	    "for all questions about one recipient domain"),
	COUNT("smtp-port", KEY_NUMBER, smtp_port, "25", 1, 65535,
	    "TCP port of the servers"),
	WORD("ip", ip, families, "any",
	    "addresses to use: any, ipv4 or ipv6"),
	WORD("loopback-mx", loopback_mx, refuse_allow, "refuse",
	    "mail for a host that turns out to be this one"),
	WORD("tls", tls, tls_levels, "may",
	    "none, or may: encrypt if the server can"),
	COUNT("agents", KEY_NUMBER, agents, "200", 1, 10000,
	    "attempts at the same time, at most"),
	TIME("attempt-limit", attempt_limit, "2h",
	    "one attempt as a whole; a large message has more"),
	TIME("attempts-end", attempts_end, "15m",
	    "after this no new attempt begins"),

	TIME("connect-timeout", wait[WAIT_CONNECT], "30s",
	    "connecting to the last address that there is"),
	TIME("connect-next-timeout", wait[WAIT_CONNECT_NEXT], "5s",
	    "connecting while there is another address to try"),
	TIME("greeting-timeout", wait[WAIT_GREETING], "5m",
	    "the server's greeting"),
	TIME("ehlo-timeout", wait[WAIT_EHLO], "5m",
	    "the reply to EHLO or HELO"),
	TIME("starttls-timeout", wait[WAIT_STARTTLS], "5m",
	    "the reply to STARTTLS, and the handshake"),
	TIME("mail-timeout", wait[WAIT_MAIL], "5m",
	    "the reply to MAIL"),
	TIME("rcpt-timeout", wait[WAIT_RCPT], "5m",
	    "the reply to RCPT"),
	TIME("data-timeout", wait[WAIT_DATA], "2m",
	    "the reply to DATA"),
	TIME("block-timeout", wait[WAIT_BLOCK], "3m",
	    "each piece of the message that is sent"),
	TIME("dot-timeout", wait[WAIT_DOT], "10m",
	    "the reply to the end of the message"),
	TIME("quit-timeout", wait[WAIT_QUIT], "5s",
	    "sending QUIT"),
};
/* clang-format on */

const size_t conf_keys_n = sizeof(conf_keys) / sizeof(conf_keys[0]);

int
keys_find(struct str name)
{
	for (size_t i = 0; i < conf_keys_n; i++)
		if (str_eq(str_c(conf_keys[i].name), name))
			return (int)i;
	return -1;
}

/* The units of a kind of number, the largest first; "" is the last. */
struct unit {
	const char *name;
	int64_t worth;
};
static const struct unit times[] = {{"d", DAY}, {"h", 60 * 60 * SECOND},
    {"m", 60 * SECOND}, {"s", SECOND}, {"ms", 1}, {"", SECOND}};
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
    [KEY_SERVER] = {read_server, write_text, NULL, NULL},
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
keys_read(const struct conf_key *k, struct conf *c, struct str value,
    struct pool *p, struct err *e)
{
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] != ' ' && !char_is_graph(value.p[i]) &&
		    !char_is_high(value.p[i]))
			return err_set(
			    e, ERR_SYNTAX, "%s: a control character", k->name);
	if (forms[k->type].read(k, value, (char *)c + k->at, p, e) < 0)
		return err_while(e, "%s", k->name);
	return 0;
}

void
keys_write(struct buf *b, const struct conf_key *k, const struct conf *c)
{
	forms[k->type].write(b, k, (const char *)c + k->at);
}
