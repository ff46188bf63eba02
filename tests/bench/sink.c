/* SPDX-License-Identifier: ISC */
/*
 * sink: an SMTP server that takes every message and keeps none, for
 * measuring clients: it is never what one has to wait for.
 *
 *	sink [-a] [-p PORT] [-t CERTIFICATE KEY] [-d MS]
 *	    CONTROL ADDRESS[/COUNT]...
 *
 * It listens on each address, or on COUNT of them in a row; offers PIPELINING,
 * SIZE, 8BITMIME and, with -t, STARTTLS; with -a, over TLS, AUTH PLAIN and
 * LOGIN, and everybody is who he says; and with -d lets MS milliseconds go by
 * before each of its turns.  It ends when its standard input does.
 *
 * A turn: the server was waiting, something came, and it had to say something
 * that the client waits for.  The greeting is one; so a message costs 4 turns
 * with PIPELINING, 7 with STARTTLS and TLS 1.3, and 8 with AUTH PLAIN.
 *
 * CONTROL is a socket in the file system, on which a line is answered with a
 * line of counters, all since the start:
 *	now		at once
 *	idle		as soon as no connection is open
 *	wait N		as soon as there were N transactions
 */
#include "sink.h"

#include <arpa/inet.h>
#include <err.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct control {
	struct watched w;
	bool asked;
	bool idle;
	uint64_t transactions;
	struct control *next;
};

struct counters count;
SSL_CTX *sink_tls;
bool sink_logins;

static unsigned open_clients;
static struct control *controls;
static struct client *due_first, **due_last = &due_first;
static int64_t delay; /* nanoseconds */
static int epoll_fd;

static int64_t
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static void
watch(struct watched *w)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = w};

	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, w->fd, &e) != 0)
		err(1, "epoll_ctl");
}

/* ---------------------------------------------------------------- clients */

/* Something is to be said: at once, or when the delay is over. */
static void
take_turn(struct client *c)
{
	if (c->due != 0)
		return;
	if (delay == 0) {
		talk_send(c);
		return;
	}
	c->due = now() + delay;
	c->next_due = NULL;
	*due_last = c;
	due_last = &c->next_due;
}

static void
greet(int listener)
{
	int one = 1;
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *c;

	if (fd < 0)
		return;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c = malloc(sizeof(*c));
	if (!c)
		err(1, NULL);
	memset(c, 0, offsetof(struct client, in));
	c->w.kind = CLIENT;
	c->w.fd = fd;
	watch(&c->w);
	count.connections++;
	open_clients++;
	talk_say(c, "220 sink.test ESMTP\r\n");
	take_turn(c);
}

static void
forget(struct client *c)
{
	for (struct client **p = &due_first; *p; p = &(*p)->next_due) {
		if (*p != c)
			continue;
		*p = c->next_due;
		if (!*p)
			due_last = p;
		break;
	}
	SSL_free(c->ssl);
	(void)close(c->w.fd);
	open_clients--;
	free(c);
}

/* A client that closes its side may still wait for what is to be said. */
static void
hear(struct client *c)
{
	bool open = talk_hear(c);

	if (!open) {
		c->ended = true;
		(void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, c->w.fd, NULL);
	}
	if (c->out > 0)
		take_turn(c);
	if (c->ended && c->out == 0)
		forget(c);
}

/* Sends what is due, and returns how long to wait for more (ms, -1: long). */
static int
pay_dues(void)
{
	int64_t t = due_first ? now() : 0;

	while (due_first && due_first->due <= t) {
		struct client *c = due_first;

		due_first = c->next_due;
		if (!due_first)
			due_last = &due_first;
		c->due = 0;
		talk_send(c);
		if (c->ended)
			forget(c);
	}
	if (!due_first)
		return -1;
	return (int)((due_first->due - t + 999999) / 1000000);
}

/* ---------------------------------------------------------------- control */

static void
answer_controls(void)
{
	for (struct control *c = controls; c; c = c->next) {
		if (!c->asked || (c->idle && open_clients > 0) ||
		    count.transactions < c->transactions)
			continue;
		(void)dprintf(c->w.fd,
		    "connections %" PRIu64 " transactions %" PRIu64
		    " recipients %" PRIu64 " bytes %" PRIu64 " turns %" PRIu64
		    " handshakes %" PRIu64 " logins %" PRIu64 "\n",
		    count.connections, count.transactions, count.recipients,
		    count.bytes, count.turns, count.tls, count.logins);
		c->asked = false;
	}
}

static void
obey(struct control *c)
{
	char line[64];
	ssize_t n = read(c->w.fd, line, sizeof(line) - 1);

	if (n <= 0) {
		(void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, c->w.fd, NULL);
		return;
	}
	line[n] = '\0';
	c->asked = true;
	c->idle = strncmp(line, "idle", 4) == 0;
	c->transactions = 0;
	if (strncmp(line, "wait ", 5) == 0)
		c->transactions = strtoull(line + 5, NULL, 10);
}

static void
add_control(int listener)
{
	struct control *c = calloc(1, sizeof(*c));

	if (!c)
		err(1, NULL);
	c->w.kind = CONTROL;
	c->w.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (c->w.fd < 0)
		err(1, "accept");
	c->next = controls;
	controls = c;
	watch(&c->w);
}

/* ---------------------------------------------------------------- start */

static void
listen_at(enum sink_kind kind, const struct sockaddr *address, socklen_t n)
{
	struct watched *w = calloc(1, sizeof(*w));
	int one = 1;

	if (!w)
		err(1, NULL);
	w->kind = kind;
	w->fd = socket(
	    address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (w->fd < 0)
		err(1, "socket");
	(void)setsockopt(w->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(w->fd, address, n) != 0 || listen(w->fd, 512) != 0)
		err(1, "bind");
	watch(w);
}

static void
listen_in_row(char *text, uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	char *slash = strchr(text, '/');
	unsigned long n = slash ? strtoul(slash + 1, NULL, 10) : 1;
	uint32_t first;

	if (slash)
		*slash = '\0';
	if (inet_pton(AF_INET, text, &a.sin_addr) != 1)
		errx(2, "%s: not an IPv4 address", text);
	first = ntohl(a.sin_addr.s_addr);
	for (uint32_t i = 0; i < n; i++) {
		a.sin_addr.s_addr = htonl(first + i);
		listen_at(LISTENER, (const struct sockaddr *)&a, sizeof(a));
	}
}

static void
listen_to_control(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(a.sun_path))
		errx(2, "%s: too long", path);
	memcpy(a.sun_path, path, strlen(path));
	(void)unlink(path);
	listen_at(CONTROLS, (const struct sockaddr *)&a, sizeof(a));
}

static void
offer_tls(const char *certificate, const char *key)
{
	sink_tls = SSL_CTX_new(TLS_server_method());
	if (!sink_tls ||
	    SSL_CTX_use_certificate_chain_file(sink_tls, certificate) != 1 ||
	    SSL_CTX_use_PrivateKey_file(sink_tls, key, SSL_FILETYPE_PEM) != 1)
		errx(1, "%s, %s: no certificate and key", certificate, key);
	(void)SSL_CTX_set_session_cache_mode(sink_tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(sink_tls, 1);
}

static void
serve(void)
{
	struct epoll_event events[64];
	int wait = pay_dues();
	int n;

	answer_controls();
	n = epoll_wait(epoll_fd, events, 64, wait);
	for (int i = 0; i < n; i++) {
		struct watched *w = events[i].data.ptr;

		switch (w->kind) {
		case INPUT:
			_exit(0);
		case LISTENER:
			greet(w->fd);
			break;
		case CONTROLS:
			add_control(w->fd);
			break;
		case CONTROL:
			obey((struct control *)w);
			break;
		case CLIENT:
			hear((struct client *)w);
			break;
		}
	}
}

int
main(int argc, char **argv)
{
	static struct watched input = {INPUT, STDIN_FILENO};
	uint16_t port = 25;
	int option;

	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	(void)sigaction(
	    SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	while ((option = getopt(argc, argv, "+ad:p:t")) != -1) {
		if (option == 'a')
			sink_logins = true;
		else if (option == 'd')
			delay = strtoll(optarg, NULL, 10) * 1000000;
		else if (option == 'p')
			port = (uint16_t)strtoul(optarg, NULL, 10);
		else if (option == 't' && argc - optind >= 2) {
			offer_tls(argv[optind], argv[optind + 1]);
			optind += 2;
		} else
			exit(2);
	}
	if (argc - optind < 2)
		errx(2,
		    "usage: sink [-a] [-p PORT] [-t CERTIFICATE KEY] [-d MS] "
		    "CONTROL ADDRESS[/COUNT]...");
	listen_to_control(argv[optind]);
	for (int i = optind + 1; i < argc; i++)
		listen_in_row(argv[i], port);
	watch(&input);
	for (;;)
		serve();
}
