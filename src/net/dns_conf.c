/* SPDX-License-Identifier: ISC */
/* Whom net/dns.c asks, and how patiently. */
#include "net/dns.h"

#include <errno.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdlib.h>

enum { PORT = 53, ROUNDS_MAX = 5, PATIENCE_MAX = 30 };

/* Reads the caller's list of servers. */
static int
read_list(struct dns *d, struct str list, struct err *e)
{
	while (list.n > 0) {
		size_t end = 0;
		struct ip ip;
		unsigned port = PORT;

		while (end < list.n && !strchr(", \t", list.p[end]))
			end++;

		struct str one = str_slice(list, 0, end);

		list = str_slice(list, end + 1, list.n);
		if (one.n == 0)
			continue;
		if (!ip_parse_port(one, &ip, &port))
			return err_set(e, ERR_SYNTAX,
			    "name server \"%.*s\" is no IP address",
			    STR_ARG(one));
		if (d->servers == DNS_SERVERS)
			return err_set(e, ERR_LIMIT, "too many name servers");
		ip_socket(&ip, port, &d->server[d->servers++]);
	}
	return 0;
}

/* Takes the servers that libresolv has read. */
static void
take_servers(struct dns *d, const struct __res_state *state)
{
	for (int i = 0; i < state->nscount && i < MAXNS; i++) {
		struct sockaddr_storage *to = &d->server[d->servers];
		const struct sockaddr_in6 *v6 = state->_u._ext.nsaddrs[i];

		memset(to, 0, sizeof(*to));
		if (v6 != NULL && v6->sin6_family == AF_INET6)
			memcpy(to, v6, sizeof(*v6));
		else if (state->nsaddr_list[i].sin_family == AF_INET)
			memcpy(to, &state->nsaddr_list[i],
			    sizeof(state->nsaddr_list[i]));
		else
			continue;
		d->servers++;
	}
}

static int64_t
between(int64_t low, int64_t n, int64_t high)
{
	return n < low ? low : n > high ? high : n;
}

static int
read_resolv_conf(struct dns *d, struct err *e)
{
	struct __res_state state = {0};

	/* glibc aborts on a long one; and a search list is nothing to us. */
	(void)unsetenv("LOCALDOMAIN");
	if (res_ninit(&state) < 0)
		return err_sys(e, "resolv.conf");
	if (d->servers == 0) {
		take_servers(d, &state);
#ifdef RES_TRUSTAD
		/* It speaks of the servers beside it, of no others. */
		d->trust = (state.options & RES_TRUSTAD) != 0;
#endif
	}
	d->patience = between(1, state.retrans, PATIENCE_MAX) * 1000;
	d->rounds = (unsigned)between(1, state.retry, ROUNDS_MAX);
	d->tcp_only = (state.options & RES_USEVC) != 0;
	res_nclose(&state);
	if (d->servers == 0)
		return err_set(e, ERR_SYNTAX, "no name server is known");
	return 0;
}

int
dns_open(struct dns *d, const struct dns_opts *opts, struct err *e)
{
	*d = (struct dns){.opts = *opts};
	d->queue_end = &d->queue;
	d->done_end = &d->done;
	if (read_list(d, opts->nameserver, e) < 0 || read_resolv_conf(d, e) < 0)
		return -1;
	d->trust = d->trust || opts->trust_ad;
	d->opts.nameserver = STR_NONE; /* it was the caller's */
	buf_init(&d->packet, DNS_PACKET_MAX);
	return 0;
}

void
dns_server(struct buf *b, const struct dns *d, size_t server)
{
	struct ip ip;
	unsigned port;
	bool bracket;

	if (!ip_from_socket(
		(const struct sockaddr *)&d->server[server], &ip, &port))
		return;
	bracket = ip.family == AF_INET6 && port != PORT;
	if (bracket)
		buf_byte(b, '[');
	ip_print(b, &ip);
	if (bracket)
		buf_byte(b, ']');
	if (port != PORT)
		buf_printf(b, ":%u", port);
}
