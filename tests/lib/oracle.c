/* SPDX-License-Identifier: ISC */
#include "oracle.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void
add(struct wire *w, const void *p, size_t n)
{
	assert(n <= sizeof(w->p) - w->n);
	if (n > 0)
		memcpy(w->p + w->n, p, n);
	w->n += n;
}

void
wire_16(struct wire *w, unsigned n)
{
	const unsigned char two[] = {(unsigned char)(n >> 8), n & 0xff};

	add(w, two, 2);
}

void
wire_name(struct wire *w, const char *name)
{
	while (*name && strcmp(name, ".") != 0) {
		size_t n = strcspn(name, ".");
		unsigned char length = (unsigned char)n;

		add(w, &length, 1);
		add(w, name, n);
		name += n + (name[n] == '.');
	}
	add(w, "", 1);
}

void
wire_reply_about(struct wire *w, const struct query *q, unsigned flags,
    const char *name, unsigned type)
{
	w->n = 0;
	wire_16(w, q->id);
	wire_16(w, flags);
	wire_16(w, 1);
	wire_16(w, 0);
	wire_16(w, 0);
	wire_16(w, 0);
	wire_name(w, name);
	wire_16(w, type);
	wire_16(w, 1);
}

void
wire_reply(struct wire *w, const struct query *q, unsigned flags)
{
	wire_reply_about(w, q, flags, q->name, q->type);
}

void
wire_rr(struct wire *w, int section, const char *name, unsigned type,
    const void *data, size_t n)
{
	unsigned count = (unsigned)w->p[section] * 256 + w->p[section + 1] + 1;

	w->p[section] = (unsigned char)(count >> 8);
	w->p[section + 1] = count & 0xff;
	wire_name(w, name);
	wire_16(w, type);
	wire_16(w, 1);
	wire_16(w, 0);
	wire_16(w, 300);
	wire_16(w, (unsigned)n);
	add(w, data, n);
}

void
wire_mx(struct wire *w, const char *name, unsigned preference, const char *host)
{
	static struct wire data;

	data.n = 0;
	wire_16(&data, preference);
	wire_name(&data, host);
	wire_rr(w, AN, name, 15, data.p, data.n);
}

void
wire_srv(struct wire *w, const char *name, unsigned priority, unsigned weight,
    unsigned port, const char *host)
{
	static struct wire data;

	data.n = 0;
	wire_16(&data, priority);
	wire_16(&data, weight);
	wire_16(&data, port);
	wire_name(&data, host);
	wire_rr(w, AN, name, 33, data.p, data.n);
}

void
wire_ip(struct wire *w, const char *name, const char *ip)
{
	unsigned char data[16];
	bool six = strchr(ip, ':') != NULL;

	if (inet_pton(six ? AF_INET6 : AF_INET, ip, data) != 1)
		assert(six && !six);
	wire_rr(w, AN, name, six ? 28 : 1, data, six ? 16 : 4);
}

void
wire_cname(struct wire *w, const char *name, const char *target)
{
	static struct wire data;

	data.n = 0;
	wire_name(&data, target);
	wire_rr(w, AN, name, 5, data.p, data.n);
}

void
wire_soa(struct wire *w, const char *zone)
{
	static const unsigned char data[22] = {0};

	wire_rr(w, NS, zone, 6, data, sizeof(data));
}

static unsigned
get_16(const unsigned char *p)
{
	return (unsigned)p[0] * 256 + p[1];
}

void
query_read(struct query *q, const void *bytes, size_t n)
{
	const unsigned char *p;
	size_t at = 0;

	assert(n >= 17 && n <= sizeof(q->p));
	memcpy(q->p, bytes, n);
	q->n = n;
	q->id = get_16(q->p);
	assert((get_16(q->p + 2) & ~(unsigned)AD) == RD);
	assert(get_16(q->p + 4) == 1);
	for (p = q->p + 12; *p; p += *p + 1) {
		assert(*p < 64 && at + *p + 1 < sizeof(q->name));
		memcpy(q->name + at, p + 1, *p);
		at += *p;
		q->name[at++] = '.';
	}
	q->name[at ? at - 1 : 0] = '\0';
	q->type = get_16(p + 1);
	assert(get_16(p + 3) == 1);
	p += 5;
	q->edns = get_16(q->p + AR) == 1;
	if (q->edns) {
		assert(p[0] == 0 && get_16(p + 1) == 41);
		q->payload = get_16(p + 3);
		q->dnssec = (p[7] & 0x80) != 0;
		p += 11;
	}
	assert(p == q->p + n);
}

void
oracle_start(
    struct oracle *o, void (*answer)(struct oracle *, const struct query *))
{
	struct sockaddr_in a;
	struct sockaddr *sa = (struct sockaddr *)&a;
	socklen_t n = sizeof(a);
	int tries = 0;

	*o = (struct oracle){.answer = answer, .conn = -1, .udp = -1};
	do {
		assert(tries++ < 100);
		if (o->udp >= 0) {
			close(o->udp);
			close(o->tcp);
		}
		a = (struct sockaddr_in){.sin_family = AF_INET};
		a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		o->udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		o->tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		assert(o->udp >= 0 && o->tcp >= 0);
		if (bind(o->udp, sa, n) < 0 || getsockname(o->udp, sa, &n) < 0)
			assert(o->udp < 0);
	} while (bind(o->tcp, sa, n) < 0 || listen(o->tcp, 5) < 0);
	o->port = ntohs(a.sin_port);
}

void
oracle_no_tcp(struct oracle *o)
{
	oracle_drop(o);
	close(o->tcp);
	o->tcp = -1;
}

void
oracle_stop(struct oracle *o)
{
	oracle_no_tcp(o);
	close(o->udp);
}

void
oracle_silent(struct oracle *o, const struct query *q)
{
	(void)o;
	(void)q;
}

void
oracle_drop(struct oracle *o)
{
	if (o->conn >= 0)
		close(o->conn);
	o->conn = -1;
	o->sent = o->out.n = 0;
}

static bool
flush(struct oracle *o)
{
	size_t left = o->out.n - o->sent;
	ssize_t put = o->conn >= 0 && left > 0
	    ? send(o->conn, o->out.p + o->sent, left, MSG_NOSIGNAL)
	    : -1;

	if (put <= 0)
		return false;
	o->sent += (size_t)put;
	if (o->sent == o->out.n)
		o->sent = o->out.n = 0;
	return true;
}

void
oracle_raw(struct oracle *o, const void *p, size_t n)
{
	add(&o->out, p, n);
	(void)flush(o);
}

void
oracle_say(struct oracle *o, const void *p, size_t n)
{
	const unsigned char length[] = {
	    (unsigned char)(n >> 8), (unsigned char)n};
	ssize_t put;

	if (o->over_tcp) {
		oracle_raw(o, length, 2);
		oracle_raw(o, p, n);
		return;
	}
	put = sendto(
	    o->udp, p, n, 0, (struct sockaddr *)&o->peer, sizeof(o->peer));
	assert(put == (ssize_t)n);
}

void
oracle_wire(struct oracle *o, const struct wire *w)
{
	oracle_say(o, w->p, w->n);
}

static void
hear(struct oracle *o, const unsigned char *p, size_t n, bool tcp)
{
	struct query q = {.tcp = tcp, .nth = o->asked + 1};

	query_read(&q, p, n);
	q.port = ntohs(o->peer.sin_port);
	if (o->asked < 64) {
		o->ids[o->asked] = q.id;
		o->ports[o->asked] = q.port;
	}
	o->asked++;
	o->asked_tcp += tcp;
	memcpy(o->last, q.name, sizeof(o->last));
	o->over_tcp = tcp;
	o->answer(o, &q);
}

static bool
turn(struct oracle *o)
{
	unsigned char p[1000];
	socklen_t size = sizeof(o->peer);
	ssize_t n = recvfrom(
	    o->udp, p, sizeof(p), 0, (struct sockaddr *)&o->peer, &size);

	if (n >= 0) {
		hear(o, p, (size_t)n, false);
		return true;
	}
	if (o->conn < 0 && o->tcp >= 0) {
		size = sizeof(o->peer);
		o->conn = accept4(
		    o->tcp, (struct sockaddr *)&o->peer, &size, SOCK_NONBLOCK);
		return o->conn >= 0;
	}
	if (o->conn < 0)
		return false;
	if (flush(o))
		return true;
	n = recv(o->conn, p, sizeof(p), 0);
	if (n < 0)
		return false;
	if (n == 0) {
		oracle_drop(o);
		return true;
	}
	/* A query comes in one piece. */
	assert(n > 2 && get_16(p) == (unsigned)n - 2);
	hear(o, p + 2, (size_t)n - 2, true);
	return true;
}

bool
oracle_idle(void *ctx, int64_t *next)
{
	struct oracle **all = ctx;
	bool done = false;

	(void)next;
	for (size_t i = 0; all[i]; i++)
		done = turn(all[i]) || done;
	return done;
}
