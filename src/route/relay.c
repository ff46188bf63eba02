/* SPDX-License-Identifier: ISC */
#include "route/relay.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "os/idn.h"
#include "route/service.h"

enum {
	PORT_LMTP = 24,
	PORT_SMTP = 25,
	PORT_SUBMISSIONS = 465,
	PORT_SUBMISSION = 587,
	SOCKET_PATH = sizeof(((struct sockaddr_un *)0)->sun_path) - 1,
};

#define LMTP "lmtp"

/* What may stand for a port, or in front of the host. */
static const struct service {
	const char *name;
	unsigned port;
	bool lmtp;
} services[] = {
    {"smtp", PORT_SMTP, false},
    {"submission", PORT_SUBMISSION, false},
    {"submissions", PORT_SUBMISSIONS, false},
    {"smtps", PORT_SUBMISSIONS, false},
    {LMTP, PORT_LMTP, true},
};

static const struct service *
service_of(struct str name)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (str_ieq(name, str_c(services[i].name)))
			return &services[i];
	return NULL;
}

/* Takes "scheme://" away from the front of *rest. */
static int
take_scheme(struct relay_host *h, struct str *rest, bool *said, struct err *e)
{
	size_t colon = str_find(*rest, ':');
	struct str behind = str_slice(*rest, colon, rest->n);
	const struct service *service;

	*said = str_starts(behind, STR("://"));
	if (!*said)
		return 0;
	service = service_of(str_slice(*rest, 0, colon));
	if (service == NULL)
		return err_set(e, ERR_SYNTAX,
		    "\"%.*s\" is none of smtp, submission, submissions, smtps, "
		    "lmtp",
		    (int)colon, rest->p);
	h->port = service->port;
	h->encrypted = service->port == PORT_SUBMISSIONS;
	h->lmtp = service->lmtp;
	*rest = str_slice(*rest, colon + 3, rest->n);
	return 0;
}

/* Reads what stands behind the host: nothing, ":port" or ":service". */
static int
take_port(struct relay_host *h, struct str rest, bool scheme, struct err *e)
{
	const struct service *service;
	struct str port = str_slice(rest, 1, rest.n);
	uint64_t number;

	if (rest.n == 0)
		return 0;
	service = service_of(port);
	if (rest.p[0] != ':' ||
	    (service == NULL && !str_number(port, 65535, &number)))
		return err_set(e, ERR_SYNTAX,
		    "\"%.*s\" is neither a port nor one of smtp, submission, "
		    "submissions, lmtp",
		    STR_ARG(port));
	h->port = service ? service->port : (unsigned)number;
	if (h->port == 0)
		return err_set(e, ERR_SYNTAX, "0 is no port");
	/* The scheme says more than the number. */
	if (!scheme) {
		h->encrypted = h->port == PORT_SUBMISSIONS;
		h->lmtp = service && service->lmtp;
	}
	return 0;
}

/* Where the host ends and its port begins. */
static size_t
end_of_host(struct str text)
{
	struct ip ip;
	size_t colon = str_find(text, ':');

	if (str_starts(text, STR("[")))
		return str_find(text, ']') + 1;
	/* An IPv6 address without brackets has no port. */
	return ip_parse(text, &ip) ? text.n : colon;
}

static int
take_name(struct relay_host *h, struct str name, struct pool *p, struct err *e)
{
	bool bracket = str_starts(name, STR("["));
	bool tagged;
	struct buf b;
	int result = 0;

	if (bracket && name.p[name.n - 1] != ']')
		return err_set(e, ERR_SYNTAX, "there is no ]");
	if (bracket)
		name = str_slice(name, 1, name.n - 1);
	tagged = bracket && str_istarts(name, STR("IPv6:"));
	if (tagged)
		name = str_slice(name, 5, name.n);
	h->literal = ip_parse(name, &h->ip);
	if (tagged && !(h->literal && h->ip.family == AF_INET6))
		return err_set(e, ERR_SYNTAX, "there is no IPv6 address");
	buf_init(&b, 1024);
	if (h->literal) {
		buf_add(
		    &b, h->ip.family == AF_INET6 ? STR("[IPv6:") : STR("["));
		ip_print(&b, &h->ip);
		buf_byte(&b, ']');
	} else {
		result = idn_ascii(&b, name, e);
	}
	h->name = pool_str(p, buf_str(&b));
	buf_free(&b);
	return result;
}

/*
 * Is it "srv:" and a domain?  A host may be called srv as well, but no domain
 * like a port.
 */
static bool
is_service(struct str text, struct str *domain)
{
	struct str rest = str_slice(text, 4, text.n);
	uint64_t number;

	if (!str_istarts(text, STR("srv:")) || service_of(rest) ||
	    str_starts(rest, STR("/")) || str_number(rest, UINT64_MAX, &number))
		return false;
	*domain = rest;
	return true;
}

static int
take_service(
    struct relay_host *h, struct str domain, struct pool *p, struct err *e)
{
	if (str_find(domain, ':') < domain.n || str_starts(domain, STR("[")))
		return err_set(e, ERR_SYNTAX,
		    "behind srv: stands a domain alone: the DNS says the hosts "
		    "and their ports");
	if (take_name(h, domain, p, e) < 0)
		return -1;
	if (h->literal)
		return err_set(
		    e, ERR_SYNTAX, "an address is no domain with SRV records");
	if (h->name.n > SERVICE_DOMAIN_MAX)
		return err_set(e, ERR_LIMIT,
		    "the domain is too long: %d bytes are left to it",
		    (int)SERVICE_DOMAIN_MAX);
	h->service = true;
	return 0;
}

/* Reads "/path", of which "lmtp:" has been taken away. */
static int
take_socket(
    struct relay_host *h, struct str path, struct pool *p, struct err *e)
{
	if (path.n > SOCKET_PATH)
		return err_set(e, ERR_LIMIT,
		    "the path of a socket has at most %d bytes, and this has "
		    "%zu: %.*s",
		    (int)SOCKET_PATH, path.n, STR_ARG(path));
	h->name = STR("localhost");
	h->path = pool_str(p, path);
	h->lmtp = true;
	return 0;
}

int
relay_host(struct relay_host *h, struct str text, struct pool *p, struct err *e)
{
	struct str rest = text;
	bool scheme;
	size_t end;

	*h = (struct relay_host){0};
	if (is_service(text, &rest))
		return take_service(h, rest, p, e) < 0
		    ? err_while(e, "\"%.*s\"", STR_ARG(text))
		    : 0;
	if (str_istarts(text, STR(LMTP ":/")) &&
	    !str_istarts(text, STR(LMTP "://")))
		return take_socket(
		    h, str_slice(text, STR(LMTP ":").n, text.n), p, e);
	if (take_scheme(h, &rest, &scheme, e) < 0)
		return -1;
	end = end_of_host(rest);
	if (take_name(h, str_slice(rest, 0, end), p, e) < 0)
		return err_while(e, "\"%.*s\"", STR_ARG(text));
	if (take_port(h, str_slice(rest, end, rest.n), scheme, e) < 0)
		return -1;
	if (h->lmtp && h->port == PORT_SMTP)
		return err_set(e, ERR_SYNTAX,
		    "\"%.*s\": port 25 is for SMTP, and LMTP is never spoken "
		    "there (RFC 2033, 5); its own is 24",
		    STR_ARG(text));
	return 0;
}

int
relay_hosts(struct relay *relay, struct str text, struct pool *p, struct err *e)
{
	struct relay_host *host = pool_array(p, text.n / 2 + 1, sizeof(*host));
	struct str rest = text;
	struct str one;

	relay->host = host;
	relay->n = 0;
	while (str_word(&rest, ", ", &one)) {
		if (relay->n == RELAY_HOSTS)
			return err_set(e, ERR_LIMIT, "more than %d hosts",
			    (int)RELAY_HOSTS);
		if (relay_host(&host[relay->n++], one, p, e) < 0)
			return -1;
		if ((host[0].path.n > 0) != (host[relay->n - 1].path.n > 0))
			return err_set(e, ERR_SYNTAX,
			    "hosts and sockets do not go together");
	}
	return 0;
}

bool
relay_is_socket(const struct relay *relay)
{
	return relay->n > 0 && relay->host[0].path.n > 0;
}

void
relay_submits(struct relay *relay)
{
	for (size_t i = 0; i < relay->n; i++)
		if (relay->host[i].port == 0 && !relay->host[i].service)
			relay->host[i].port = PORT_SUBMISSION;
}
