/* SPDX-License-Identifier: ISC */
#include "net/dns_try.h"

#include <errno.h>
#include <netinet/in.h>
#include <resolv.h>

#include "base/clock.h"
#include "os/sys.h"

/* Datagrams that are looked at in one turn. */
enum { FOREIGN_MAX = 16 };

static const char timed_out[] = "timed out";

static socklen_t
size_of(const struct sockaddr_storage *a)
{
	return a->ss_family == AF_INET ? sizeof(struct sockaddr_in)
				       : sizeof(struct sockaddr_in6);
}

void
dns_hang_up(struct dns_question *q)
{
	sys_close(q->fd);
	q->fd = -1;
	buf_free(&q->stream);
}

struct str
dns_current(const struct dns_question *q)
{
	size_t n = q->answer.aliases;

	return n ? q->answer.alias[n - 1] : str_c(q->name);
}

static size_t
server_of(const struct dns *d, const struct dns_question *q, unsigned try)
{
	return (q->first + try) % d->servers;
}

static unsigned
bit(size_t server)
{
	return 1u << server;
}

/* Tries that are left with servers that are of use. */
static unsigned
tries_left(const struct dns *d, const struct dns_question *q)
{
	unsigned left = 0;

	for (unsigned i = q->tries; i < d->rounds * d->servers; i++)
		if ((q->spent & bit(server_of(d, q, i))) == 0)
			left++;
	return left;
}

/* A fair part of what is left of the time begins: this try, and the others. */
static void
set_try_deadline(const struct dns *d, struct dns_question *q)
{
	int64_t now = clock_now();
	int64_t part = (q->deadline - now) / (tries_left(d, q) + 1);

	if (part > d->patience)
		part = d->patience;
	q->try_deadline = now + (part > 0 ? part : 1);
	if (q->try_deadline > q->deadline)
		q->try_deadline = q->deadline;
}

static void
note(struct dns_question *q, const char *trouble)
{
	q->trouble = trouble;
	q->troubled = q->server;
}

/* Opens a socket to the question's server; false with its trouble. */
static bool
connect_server(struct dns *d, struct dns_question *q, int type)
{
	const struct sockaddr_storage *to = &d->server[q->server];

	dns_hang_up(q);
	q->sent = 0;
	q->fd = sys_socket(to->ss_family, type);
	if (q->fd >= 0 &&
	    (sys_connect(q->fd, (const struct sockaddr *)to, size_of(to)) ==
		    0 ||
		errno == EINPROGRESS))
		return true;
	note(q, strerror(errno));
	dns_hang_up(q);
	return false;
}

static bool
build(struct dns_question *q)
{
	unsigned char id[2];
	size_t n;

	if (sys_random(id, sizeof(id)) < 0) {
		note(q, "no random number");
		return false;
	}
	n = dns_query(q->query + 2, dns_current(q), q->type,
	    (uint16_t)(id[0] << 8 | id[1]), !q->plain);
	if (n == 0) {
		note(q, "no query can be built");
		return false;
	}
	q->query[0] = (unsigned char)(n >> 8);
	q->query[1] = (unsigned char)(n & 0xff);
	q->query_n = n;
	return true;
}

/* Sends the query to the question's server; false if that failed at once. */
static bool
send_query(struct dns *d, struct dns_question *q, bool tcp)
{
	set_try_deadline(d, q);
	q->tcp = tcp;
	if (d->opts.asking)
		d->opts.asking(d->opts.ctx, q);
	if (tcp)
		return connect_server(d, q, SOCK_STREAM);
	if (!build(q) || !connect_server(d, q, SOCK_DGRAM))
		return false;
	if (sys_send(q->fd, q->query + 2, q->query_n) == (ssize_t)q->query_n)
		return true;
	note(q, strerror(errno));
	return false;
}

/* Asks the next server that is of use; false if none is left, or no time. */
static bool
ask_next(struct dns *d, struct dns_question *q)
{
	while (clock_now() < q->deadline && tries_left(d, q) > 0) {
		q->server = server_of(d, q, q->tries++);
		if (q->spent & bit(q->server))
			continue;
		if (d->tcp_only && !build(q))
			return false;
		if (send_query(d, q, d->tcp_only))
			return true;
		q->spent |= bit(q->server);
	}
	return false;
}

enum dns_turn
dns_try(struct dns *d, struct dns_question *q)
{
	if (ask_next(d, q))
		return TURN_WAIT;
	q->answer.result = DNS_LATER;
	q->answer.reason = q->trouble ? q->trouble : timed_out;
	return TURN_OVER;
}

/* A server does no good: the next one, or the end. */
static enum dns_turn
fail(struct dns *d, struct dns_question *q, const char *trouble)
{
	note(q, trouble);
	q->spent |= bit(q->server);
	return dns_try(d, q);
}

/* The same server once more, without EDNS. */
static enum dns_turn
ask_plainly(struct dns *d, struct dns_question *q)
{
	note(q, q->answer.reason);
	q->plain = true;
	if (build(q) && send_query(d, q, d->tcp_only))
		return TURN_WAIT;
	return fail(d, q, q->trouble);
}

static enum dns_turn
hear(struct dns *d, struct dns_question *q, struct str packet)
{
	struct dns_answer before = q->answer;
	struct dns_answer *a = &q->answer;
	bool refused;

	dns_parse(packet, dns_current(q), q->type, &q->pool, a);
	refused = a->rcode == ns_r_formerr || a->rcode == ns_r_notimpl ||
	    a->rcode == ns_r_badvers;
	if (a->result == DNS_LATER) {
		before.reason = a->reason;
		*a = before; /* what one server says badly is not kept */
		if (refused && !q->plain)
			return ask_plainly(d, q);
		return fail(d, q, a->reason);
	}
	/* Who answers is asked first from now on. */
	d->first = q->first = q->server;
	if (a->result == DNS_CHASE) {
		q->tries = 0;
		q->spent = 0;
		q->trouble = NULL;
		return dns_try(d, q);
	}
	return TURN_OVER;
}

static uint16_t
id_of(const struct dns_question *q)
{
	return (uint16_t)(q->query[2] << 8 | q->query[3]);
}

static enum dns_turn
hear_udp(struct dns *d, struct dns_question *q)
{
	for (int i = 0; i < FOREIGN_MAX; i++) {
		struct str packet;
		ssize_t n;

		buf_clear(&d->packet);
		n = sys_recv(q->fd, buf_room(&d->packet, DNS_PACKET_MAX),
		    DNS_PACKET_MAX);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			return fail(d, q, strerror(errno));
		buf_grew(&d->packet, (size_t)n);
		packet = buf_str(&d->packet);
		if (!dns_is_reply(packet, dns_current(q), q->type, id_of(q)))
			continue;
		if (!dns_is_truncated(packet))
			return hear(d, q, packet);
		if (send_query(d, q, true))
			return TURN_WAIT;
		return fail(d, q, q->trouble);
	}
	return TURN_WAIT;
}

static enum dns_turn
talk_tcp(struct dns *d, struct dns_question *q)
{
	size_t left = q->query_n + 2 - q->sent;
	ssize_t n = sys_send(q->fd, q->query + q->sent, left);

	if (n < 0 && errno == EAGAIN)
		return TURN_WAIT;
	if (n < 0)
		return fail(d, q, strerror(errno));
	q->sent += (size_t)n;
	return TURN_WAIT;
}

/* How many bytes of the stream are still to come. */
static size_t
missing(const struct buf *stream)
{
	const unsigned char *p = (const unsigned char *)stream->p;

	if (stream->n < 2)
		return 2 - stream->n;
	return 2 + ns_get16(p) - stream->n;
}

static enum dns_turn
hear_tcp(struct dns *d, struct dns_question *q)
{
	size_t want;

	while ((want = missing(&q->stream)) > 0) {
		ssize_t n = sys_recv(q->fd, buf_room(&q->stream, want), want);

		if (n < 0 && errno == EAGAIN)
			return TURN_WAIT;
		if (n < 0)
			return fail(d, q, strerror(errno));
		if (n == 0)
			return fail(d, q, "TCP connection closed");
		buf_grew(&q->stream, (size_t)n);
	}

	struct str packet = str_slice(buf_str(&q->stream), 2, q->stream.n);

	if (!dns_is_reply(packet, dns_current(q), q->type, id_of(q)))
		return fail(d, q, "an answer to another question");
	if (dns_is_truncated(packet))
		return fail(d, q, "a truncated answer over TCP");
	return hear(d, q, packet);
}

bool
dns_is_sending(const struct dns_question *q)
{
	return q->tcp && q->sent < q->query_n + 2;
}

enum dns_turn
dns_turn(struct dns *d, struct dns_question *q, bool ready)
{
	enum dns_turn turn = TURN_WAIT;

	if (ready && !q->tcp)
		turn = hear_udp(d, q);
	else if (ready)
		turn = dns_is_sending(q) ? talk_tcp(d, q) : hear_tcp(d, q);
	/* A flood of what is no answer does not stop the clock. */
	if (turn == TURN_OVER || clock_now() < q->try_deadline)
		return turn;
	note(q, timed_out);
	return dns_try(d, q);
}
