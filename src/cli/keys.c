/* SPDX-License-Identifier: ISC */
#include "cli/keys.h"

#include <assert.h>

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
    {"default", CONF_TLS_DEFAULT},
    {"none", TLS_LEVEL_NONE},
    {"may", TLS_LEVEL_MAY},
    {"encrypt", TLS_LEVEL_ENCRYPT},
    {"verify", TLS_LEVEL_VERIFY},
    {"fingerprint", TLS_LEVEL_FINGERPRINT},
    {NULL, 0},
};
static const struct key own_all[] = {{"own", 0}, {"all", 1}, {NULL, 0}};
static const struct key families[] = {
    {"any", IP_ANY}, {"ipv4", IP_V4}, {"ipv6", IP_V6}, {NULL, 0}};

#define AT(field) offsetof(struct conf, field)
#define AT_RELAY(field) offsetof(struct conf_relay, field)
#define AT_ROUTE(field) offsetof(struct conf_route, field)
/* clang-format off */
#define TIME(name, field, standard, doc) \
	{IN_MAIN, KEY_TIME, name, AT(field), standard, 1, KEY_DAY, NULL, doc}
#define WORD(name, field, words, standard, doc) \
	{IN_MAIN, KEY_WORD, name, AT(field), standard, 0, 0, words, doc}
#define TEXT(name, type, field, standard, doc) \
	{IN_MAIN, type, name, AT(field), standard, 0, 0, NULL, doc}
#define COUNT(name, type, field, standard, low, high, doc) \
	{IN_MAIN, type, name, AT(field), standard, low, high, NULL, doc}

#define PART(field) offsetof(struct conf_login, field)
#define LOGIN(in, at) \
	{in, KEY_TEXT, "user", (at) + PART(user), "", 0, 0, NULL, \
	    "name for the relay; empty: it is not told who we are"}, \
	{in, KEY_SECRET, "password-file", (at) + PART(file), "", 0, 0, NULL, \
	    "file with the password; or credential:, descriptor:, netrc:"}, \
	{in, KEY_TEXT, "password-command", (at) + PART(command), "", 0, 0, NULL, \
	    "program that prints the password, with its arguments"}, \
	{in, KEY_MECHS, "auth", (at) + PART(mechs), "", 0, 0, NULL, \
	    "mechanisms that may be used; empty: scram in all forms, plain, login"}

#define RULES(field) offsetof(struct conf_rewrite, field)
#define REWRITE(in, at) \
	{in, KEY_REWRITE, "rewrite-sender", (at) + RULES(sender), "", 0, 0, \
	    NULL, "what envelope senders become: an address, @domain, or rules"}, \
	{in, KEY_REWRITE, "rewrite-from", (at) + RULES(from), "", 0, 0, NULL, \
	    "the same of addresses in the field From"}

#define SOURCE(in, at, doc) \
	{in, KEY_SOURCE, "source-address", at, "", 0, 0, NULL, \
	    "ip to connect from, or one of each family; " doc}

/* What a connection has to be like: a struct conf_tls at that place. */
#define IN_TLS(field) offsetof(struct conf_tls, field)
#define TLS(in, at, doc) \
	{in, KEY_WORD, "tls", (at) + IN_TLS(level), "default", 0, 0, \
	    tls_levels, "none, may, encrypt, verify, fingerprint: " doc}, \
	{in, KEY_PRINTS, "tls-fingerprint", (at) + IN_TLS(prints), "", 0, 0, \
	    NULL, "SHA-256 of its certificate, or of its key, or several"}, \
	{in, KEY_PATH, "tls-authorities", (at) + IN_TLS(authorities), "", 0, \
	    0, NULL, "file or folder of those to trust; empty: the system's"}, \
	{in, KEY_PATH, "tls-certificate", (at) + IN_TLS(certificate), "", 0, \
	    0, NULL, "file (PEM) of our own certificate, for who asks"}, \
	{in, KEY_PATH, "tls-key", (at) + IN_TLS(key), "", 0, 0, NULL, \
	    "file of its private key; empty: the same"}

const struct conf_key conf_keys[] = {
	TEXT("hostname", KEY_HOST, hostname, "",
	    "this host's name, for Received; empty: what the system says"),
	TEXT("mailname", KEY_HOST, mailname, "",
	    "domain of local users; empty: /etc/mailname, else hostname"),
	TEXT("sender", KEY_ADDRESS, sender, "",
	    "envelope sender where -f gives none; empty: login@mailname"),
	REWRITE(IN_MAIN, AT(rewrite)),
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
	TEXT("spool", KEY_SPOOL, spool_path, CONF_SPOOL,
	    "folder where messages wait for another attempt; or none"),
	TEXT("double-bounce-to", KEY_ADDRESS, double_bounce_to, "postmaster",
	    "who gets the report on mail that has no sender"),
	COUNT("spool-room", KEY_SIZE, spool_room, "1M", 0, 1LL << 40,
	    "space that must be left for a message to be taken"),
	TEXT("authorized-submit-users", KEY_USERS, submit_users, "anyone",
	    "who may send mail: logins, \"!\" in front refuses, or anyone"),
	TEXT("authorized-mailq-users", KEY_USERS, mailq_users, "anyone",
	    "who may look at the queue"),
	TEXT("authorized-flush-users", KEY_USERS, flush_users, "anyone",
	    "who may run the queue"),
	WORD("mailq-entries", mailq_all, own_all, "own",
	    "which entries a user is shown: his own, or all; others are counted"),
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
	WORD("qualify-headers", qualify_headers, yes_no, "yes",
	    "names without a domain get the mailname in To, Cc, From and the like"),
	WORD("strict-input", strict_input, yes_no, "no",
	    "refuse a message with NUL bytes, or with two From fields and the like"),
	COUNT("max-recipients", KEY_NUMBER, max_recipients, "100000", 100,
	    10000000, "recipients of one message, at most"),
	COUNT("max-header", KEY_SIZE, max_header, "1M", 65536, 1 << 30,
	    "size of a message's header, at most"),
	COUNT("max-message", KEY_SIZE, max_message, "0", 0, INT64_MAX,
	    "size of a message, at most; 0: no limit"),

	TEXT("relay", KEY_RELAY, relay, "",
	    "host[:port], srv:domain, several, or a section [relay]; empty: MX hosts"),
	LOGIN(IN_MAIN, AT(login)),
	WORD("null-client", null_client, yes_no, "no",
	    "names of this host without an alias go to the relay, too"),
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
	SOURCE(IN_MAIN, AT(source), "empty: any"),
	WORD("loopback-mx", loopback_mx, refuse_allow, "refuse",
	    "mail for a host that turns out to be this one"),
	TLS(IN_MAIN, AT(tls),
	    "of the relay; default: may to MX hosts, verify to relays"),
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
	    "the reply to EHLO, HELO or AUTH"),
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

	{IN_RELAY, KEY_RELAY, "host", AT_RELAY(host), "", 0, 0, NULL,
	    "host[:port], srv:domain, or several, tried in this order"},
	{IN_RELAY, KEY_SENDERS, "from", AT_RELAY(from), "", 0, 0, NULL,
	    "senders whose mail goes there: addresses, or @ and a domain"},
	REWRITE(IN_RELAY, AT_RELAY(rewrite)),
	TLS(IN_RELAY, AT_RELAY(tls), "of this relay; default: verify"),
	LOGIN(IN_RELAY, AT_RELAY(login)),
	SOURCE(IN_RELAY, AT_RELAY(source), "empty: as the main section"),

	{IN_ROUTE, KEY_RELAY, "relay", AT_ROUTE(relay), "", 0, 0, NULL,
	    "as the key of that name; none: MX hosts; empty: what that says"},
	TLS(IN_ROUTE, AT_ROUTE(tls), "of this route; default: the relay's"),
	SOURCE(IN_ROUTE, AT_ROUTE(source), "empty: the relay's"),
};
/* clang-format on */

const size_t conf_keys_n = sizeof(conf_keys) / sizeof(conf_keys[0]);

const struct conf_kind conf_kinds[CONF_SECTIONS] = {
    [CONF_MAIN] = {NULL, 0, 0, 0},
    [CONF_RELAY] = {"relay", sizeof(struct conf_relay), AT(relays),
	AT(relays_n)},
    [CONF_ROUTE] = {"route", sizeof(struct conf_route), AT(routes),
	AT(routes_n)},
};

int
keys_find(enum conf_section section, struct str name)
{
	for (size_t i = 0; i < conf_keys_n; i++)
		if ((conf_keys[i].in & IN(section)) &&
		    str_eq(str_c(conf_keys[i].name), name))
			return (int)i;
	return -1;
}

static void *
place(const struct conf_key *k, struct conf_scope scope)
{
	return (char *)scope.at + k->at;
}

int
keys_read(const struct conf_key *k, struct conf_scope scope, struct str value,
    struct pool *p, struct err *e)
{
	return form_read(k, place(k, scope), value, p, e);
}

void
keys_write(struct buf *b, const struct conf_key *k, struct conf_scope scope)
{
	form_write(b, k, place(k, scope));
}

void
keys_default(struct conf_scope scope, struct pool *p)
{
	struct err e;

	for (size_t i = 0; i < conf_keys_n; i++) {
		const struct conf_key *k = &conf_keys[i];
		int valid = 0;

		if (k->in & IN(scope.section))
			valid = keys_read(k, scope, str_c(k->standard), p, &e);
		assert(valid == 0);
		(void)valid;
	}
}
