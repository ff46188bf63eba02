/* SPDX-License-Identifier: ISC */
#include "world.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nameserver.h"
#include "vtime.h"

enum {
	TRIES = 50, /* for a port that is free everywhere */
	BACKLOG = 64,
	FILL = 4, /* connections that fill a backlog of none */
	ROUNDS = 10000,
	/* As over an Ethernet: the client then cannot have megabytes under
	 * way, and a server that stops to read stops it soon. */
	SEGMENT = 1400,
	WINDOW = 64 * 1024,
};

/* One address of a host. */
struct listener {
	struct listener *next;
	const struct host *host;
	unsigned address;
	int fd;		/* -1: connections are refused */
	int fill[FILL]; /* what fills the backlog of a hole */
	bool hole;
};

struct guest {
	struct guest *next;
	struct peer *peer;
};

/* How often a script was played. */
struct turn {
	struct turn *next;
	const struct script *script;
	unsigned played;
};

struct world {
	const struct play *play;
	struct faults *faults;
	struct nameserver *nameserver;
	struct listener *listeners;
	struct guest *guests;
	struct turn *turns;
	struct buf order;
	struct pool pool;
	unsigned port;
};

static struct sockaddr_in
address(unsigned last, unsigned port)
{
	struct sockaddr_in a = {.sin_family = AF_INET};

	a.sin_addr.s_addr = htonl(0x7f000000 + last);
	a.sin_port = htons((uint16_t)port);
	return a;
}

/* For a socket that will listen. */
static void
narrow(int fd)
{
	int segment = SEGMENT, window = WINDOW;

	vtime_unpaced(fd);
	(void)setsockopt(
	    fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window));
}

/* A socket bound to 127.0.0.last; -1 if the port is taken. */
static int
bound(int type, unsigned last, unsigned port)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_in a = address(last, port);
	int on = 1;

	if (fd < 0)
		return -1;
	if (type == SOCK_STREAM && port > 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static unsigned
port_of(int fd)
{
	struct sockaddr_in a;
	socklen_t n = sizeof(a);

	if (getsockname(fd, (struct sockaddr *)&a, &n) < 0)
		return 0;
	return ntohs(a.sin_port);
}

static enum service
service_of(const struct world *w, const struct host *h, unsigned i)
{
	for (const struct script *s = w->play->scripts; s; s = s->next)
		if (s->host == h && s->address == i)
			return s->service;
	return SERVICE_SCRIPT;
}

/* Nothing is accepted, and no more may wait: a SYN is then not answered. */
static void
dig_hole(struct listener *l, const struct sockaddr_in *a)
{
	l->hole = true;
	for (int i = 0; i < FILL; i++) {
		l->fill[i] = socket(
		    AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)connect(
		    l->fill[i], (const struct sockaddr *)a, sizeof(*a));
	}
	vtime_settle();
}

/* False if the port is taken there. */
static bool
open_listener(struct world *w, struct listener *l)
{
	unsigned last = l->host->first + l->address;
	enum service service = service_of(w, l->host, l->address);
	struct sockaddr_in a = address(last, w->port);

	l->fd = bound(SOCK_STREAM, last, w->port);
	if (l->fd < 0)
		return false;
	narrow(l->fd);
	if (service == SERVICE_REFUSED)
		return true; /* bound, so that nobody else is there */
	if (listen(l->fd, service == SERVICE_HOLE ? 0 : BACKLOG) < 0)
		return false;
	if (service == SERVICE_HOLE)
		dig_hole(l, &a);
	return true;
}

static void
close_listeners(struct world *w)
{
	for (struct listener *l = w->listeners; l; l = l->next) {
		if (l->fd >= 0)
			(void)close(l->fd);
		for (int i = 0; l->hole && i < FILL; i++)
			(void)close(l->fill[i]);
	}
	w->listeners = NULL;
}

static bool
open_listeners(struct world *w)
{
	for (struct host *h = w->play->hosts; h; h = h->next)
		for (unsigned i = 0; i < h->addresses; i++) {
			struct listener *l = pool_take(&w->pool, sizeof(*l));

			l->host = h;
			l->address = i;
			l->next = w->listeners;
			w->listeners = l;
			if (!open_listener(w, l))
				return false;
		}
	return true;
}

/* Finds a port that is free at all addresses. */
static bool
open_all(struct world *w)
{
	int tcp = bound(SOCK_STREAM, 1, 0);
	int udp = tcp < 0 ? -1 : bound(SOCK_DGRAM, 1, port_of(tcp));

	w->port = port_of(tcp);
	if (udp >= 0 && listen(tcp, BACKLOG) == 0 && open_listeners(w)) {
		w->nameserver = nameserver_new(udp, tcp, w->play);
		return true;
	}
	close_listeners(w);
	if (tcp >= 0)
		(void)close(tcp);
	if (udp >= 0)
		(void)close(udp);
	return false;
}

struct world *
world_new(const struct play *play, struct faults *faults, struct err *e)
{
	struct world *w = calloc(1, sizeof(*w));
	struct turn **turn;

	if (w == NULL)
		err_memory();
	w->play = play;
	w->faults = faults;
	buf_init(&w->order, 64 * 1024);
	turn = &w->turns;
	for (const struct script *s = play->scripts; s; s = s->next) {
		*turn = pool_take(&w->pool, sizeof(**turn));
		(*turn)->script = s;
		turn = &(*turn)->next;
	}
	for (int i = 0; i < TRIES; i++)
		if (open_all(w))
			return w;
	err_sys(e, "listening on the loopback device");
	world_free(w);
	return NULL;
}

void
world_free(struct world *w)
{
	for (struct guest *g = w->guests; g; g = g->next)
		peer_free(g->peer);
	close_listeners(w);
	if (w->nameserver)
		nameserver_free(w->nameserver);
	buf_free(&w->order);
	pool_free(&w->pool);
	free(w);
}

unsigned
world_port(const struct world *w)
{
	return w->port;
}

/* Somebody connected: the next script of that address is his. */
static void
welcome(struct world *w, const struct listener *l, int fd)
{
	struct turn *t = w->turns;
	struct guest *g, **list = &w->guests;

	if (w->order.n > 0)
		buf_byte(&w->order, ' ');
	buf_add(&w->order, l->host->name);
	while (t &&
	    (t->script->host != l->host || t->script->address != l->address ||
		t->played == t->script->times))
		t = t->next;
	if (t == NULL) {
		fault_add(w->faults, w->play->line,
		    "nobody expected a connection to %.*s",
		    STR_ARG(l->host->name));
		(void)close(fd);
		return;
	}
	t->played++;
	g = pool_take(&w->pool, sizeof(*g));
	g->peer = peer_new(fd, t->script, w->play->wire, w->faults);
	while (*list)
		list = &(*list)->next;
	*list = g;
}

static bool
accept_all(struct world *w)
{
	bool moved = false;

	for (struct listener *l = w->listeners; l; l = l->next) {
		int fd;

		if (l->fd < 0 || l->hole)
			continue;
		while ((fd = accept4(l->fd, NULL, NULL,
			    SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
			welcome(w, l, fd);
			moved = true;
		}
	}
	return moved;
}

bool
world_idle(void *ctx, int64_t *next)
{
	struct world *w = ctx;
	bool moved = nameserver_run(w->nameserver, next);

	moved |= accept_all(w);
	for (struct guest *g = w->guests; g; g = g->next)
		if (!peer_over(g->peer))
			moved |= peer_run(g->peer, next);
	return moved;
}

void
world_finish(struct world *w)
{
	int64_t next = INT64_MAX;

	for (struct guest *g = w->guests; g; g = g->next)
		peer_thaw(g->peer);
	for (int i = 0; i < ROUNDS; i++) {
		vtime_settle();
		if (!world_idle(w, &next))
			break;
	}
	for (struct guest *g = w->guests; g; g = g->next)
		if (!peer_over(g->peer))
			peer_unfinished(g->peer);
	for (struct turn *t = w->turns; t; t = t->next)
		if (t->played < t->script->times && !t->script->maybe &&
		    t->script->service == SERVICE_SCRIPT)
			fault_add(w->faults, t->script->line,
			    "nobody connected to %.*s for this",
			    STR_ARG(t->script->host->name));
}

unsigned
world_asked(const struct world *w, struct str name, struct str type)
{
	return nameserver_asked(w->nameserver, name, play_type(type));
}

struct str
world_order(const struct world *w)
{
	return buf_str(&w->order);
}
