/* SPDX-License-Identifier: ISC */
#include "nameserver.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "zone.h"

enum {
	CONNECTIONS = 16,
	HEADER = 12,
	PACKET = 65535,
};

/* An answer that waits for its time. */
struct answer {
	struct answer *next;
	int64_t due;
	int fd; /* of the connection, or the UDP socket */
	struct sockaddr_in to;
	struct buf packet;
};

struct asked {
	struct asked *next;
	struct str name;
	unsigned type;
};

struct nameserver {
	int udp, tcp;
	unsigned port;
	const struct play *play;
	struct pool pool;
	struct asked *asked;
	struct answer *answers;
	struct {
		int fd;
		struct buf in;
	} conn[CONNECTIONS];
};

struct nameserver *
nameserver_new(int udp, int tcp, const struct play *play)
{
	struct nameserver *s = calloc(1, sizeof(*s));
	struct sockaddr_in a = {0};
	socklen_t size = sizeof(a);

	if (s == NULL)
		err_memory();
	(void)getsockname(udp, (struct sockaddr *)&a, &size);
	s->port = ntohs(a.sin_port);
	s->udp = udp;
	s->tcp = tcp;
	s->play = play;
	for (int i = 0; i < CONNECTIONS; i++) {
		s->conn[i].fd = -1;
		buf_init(&s->conn[i].in, PACKET + 2);
	}
	return s;
}

void
nameserver_free(struct nameserver *s)
{
	for (int i = 0; i < CONNECTIONS; i++) {
		if (s->conn[i].fd >= 0)
			(void)close(s->conn[i].fd);
		buf_free(&s->conn[i].in);
	}
	while (s->answers) {
		struct answer *a = s->answers;

		s->answers = a->next;
		buf_free(&a->packet);
		free(a);
	}
	(void)close(s->udp);
	(void)close(s->tcp);
	pool_free(&s->pool);
	free(s);
}

unsigned
nameserver_asked(const struct nameserver *s, struct str name, unsigned type)
{
	unsigned n = 0;

	for (const struct asked *a = s->asked; a; a = a->next)
		n += a->type == type && str_ieq(a->name, name);
	return n;
}

/* Puts the answer together. */
static void
compose(struct nameserver *s, struct str query, const struct question *q,
    bool tcp, struct answer *a, bool *silent)
{
	struct buf records;
	struct found f;

	buf_init(&records, PACKET);
	f = zone_look(s->play, q->name, q->type, s->port, &s->pool, &records);

	struct rr *how = f.manner;
	bool cut = f.truncated && !tcp;

	*silent = (how && how->drops > 0) || (tcp && f.no_tcp);
	if (how && how->drops > 0 && how->drops != (unsigned)-1)
		how->drops--;
	a->due = clock_now() + (how ? how->delay : 0);
	zone_put(&a->packet,
	    zone_number(query, 0) ^ (how && how->other_id ? 1u : 0u));
	zone_put(&a->packet,
	    0x8180 | (cut ? 0x200u : 0u) | (f.ad ? 0x20u : 0u) | f.rcode);
	zone_put(&a->packet, 1);
	zone_put(&a->packet, cut ? 0 : f.count);
	zone_put(&a->packet, 0);
	zone_put(&a->packet, q->edns ? 1 : 0);
	buf_add(&a->packet, str_slice(query, HEADER, q->end));
	if (how && how->other_name)
		a->packet.p[HEADER + 1] ^= 1;
	if (!cut)
		buf_add(&a->packet, buf_str(&records));
	if (q->edns)
		buf_add(&a->packet, STR("\0\0\x29\x04\xd0\0\0\0\0\0\0"));
	if (how && how->garbage)
		buf_cut(&a->packet, HEADER + 3);
	buf_free(&records);
}

/* A query from fd: its answer is queued, or not, as the zone wants. */
static void
take(struct nameserver *s, struct str query, int fd,
    const struct sockaddr_in *from)
{
	struct question q;
	struct answer *a, **list = &s->answers;
	struct asked *asked;
	bool silent;

	if (!zone_question(&s->pool, query, &q))
		return;
	asked = pool_take(&s->pool, sizeof(*asked));
	*asked = (struct asked){s->asked, q.name, q.type};
	s->asked = asked;
	a = calloc(1, sizeof(*a));
	if (a == NULL)
		err_memory();
	a->fd = fd;
	buf_init(&a->packet, PACKET);
	if (from)
		a->to = *from;
	compose(s, query, &q, from == NULL, a, &silent);
	if (silent) {
		buf_free(&a->packet);
		free(a);
		return;
	}
	while (*list)
		list = &(*list)->next;
	*list = a;
}

static void
transmit(struct nameserver *s, struct answer *a)
{
	struct buf framed;

	if (a->fd == s->udp) {
		(void)sendto(s->udp, a->packet.p, a->packet.n, MSG_DONTWAIT,
		    (struct sockaddr *)&a->to, sizeof(a->to));
		return;
	}
	buf_init(&framed, PACKET + 2);
	zone_put(&framed, (unsigned)a->packet.n);
	buf_add(&framed, buf_str(&a->packet));
	(void)send(a->fd, framed.p, framed.n, MSG_DONTWAIT | MSG_NOSIGNAL);
	buf_free(&framed);
}

/* Sends what is due; *next becomes the time of the next one. */
static bool
answer(struct nameserver *s, int64_t *next)
{
	bool moved = false;

	for (struct answer **list = &s->answers; *list;) {
		struct answer *a = *list;

		if (a->due > clock_now()) {
			*next = a->due < *next ? a->due : *next;
			list = &a->next;
			continue;
		}
		transmit(s, a);
		*list = a->next;
		buf_free(&a->packet);
		free(a);
		moved = true;
	}
	return moved;
}

static bool
listen_udp(struct nameserver *s)
{
	char packet[PACKET];
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	ssize_t n = recvfrom(s->udp, packet, sizeof(packet), MSG_DONTWAIT,
	    (struct sockaddr *)&from, &size);

	if (n < 0)
		return false;
	take(s, str_of(packet, (size_t)n), s->udp, &from);
	return true;
}

static bool
accept_tcp(struct nameserver *s)
{
	int fd = accept4(s->tcp, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return false;
	for (int i = 0; i < CONNECTIONS; i++)
		if (s->conn[i].fd < 0) {
			s->conn[i].fd = fd;
			return true;
		}
	(void)close(fd);
	return true;
}

/* Forgets answers to a connection that is gone. */
static void
forget(struct nameserver *s, int fd)
{
	for (struct answer *a = s->answers; a; a = a->next)
		if (a->fd == fd)
			a->fd = -1;
	(void)close(fd);
}

static bool
listen_tcp(struct nameserver *s, int i)
{
	struct buf *in = &s->conn[i].in;
	char *room = buf_room(in, 1024);
	ssize_t n;

	if (s->conn[i].fd < 0)
		return false;
	n = room ? recv(s->conn[i].fd, room, 1024, MSG_DONTWAIT) : 0;
	if (n < 0)
		return false;
	if (n == 0) {
		forget(s, s->conn[i].fd);
		s->conn[i].fd = -1;
		buf_clear(in);
		return true;
	}
	buf_grew(in, (size_t)n);
	while (in->n >= 2 && in->n >= 2 + zone_number(buf_str(in), 0)) {
		size_t size = zone_number(buf_str(in), 0);

		take(s, str_slice(buf_str(in), 2, 2 + size), s->conn[i].fd,
		    NULL);
		buf_shift(in, 2 + size);
	}
	return true;
}

bool
nameserver_run(struct nameserver *s, int64_t *next)
{
	bool moved = false;

	while (listen_udp(s))
		moved = true;
	while (accept_tcp(s))
		moved = true;
	for (int i = 0; i < CONNECTIONS; i++)
		moved |= listen_tcp(s, i);
	return answer(s, next) || moved;
}
