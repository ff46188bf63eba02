/* SPDX-License-Identifier: ISC */
#include "net/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include "base/clock.h"
#include "os/group.h"
#include "os/sys.h"

/* How often a socket is asked whose queue of connections is full. */
enum { AGAIN_MS = 50 };

struct attempt {
	int fd; /* -1: not running */
	int64_t deadline;
};

struct race {
	const struct dial *d;
	struct attempt attempts[DIAL_MAX];
	size_t started;
	size_t running;
	int64_t next_start; /* when the next address is due */
};

/* The error of a non-blocking connect that poll has woken us for. */
static int
socket_error(int fd)
{
	int error = 0;
	socklen_t n = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
		return errno;
	return error;
}

static void
lost_by(struct race *r, size_t i, const struct err *e)
{
	sys_close(r->attempts[i].fd);
	r->attempts[i].fd = -1;
	r->running--;
	/* The next address need not wait any longer. */
	r->next_start = clock_now();
	r->d->failed(r->d->ctx, i, e);
}

static void
lost(struct race *r, size_t i, int error)
{
	struct err e;

	if (error == ETIMEDOUT)
		err_set(&e, ERR_TIMEOUT, "Connection timed out");
	else
		err_set(&e, ERR_SYSTEM, "%s", strerror(error));
	e.number = error;
	lost_by(r, i, &e);
}

/* Makes the connection come from where it is to come from. */
static int
bind_source(int fd, const struct dial *d, int family, struct err *e)
{
	const struct ip *ip;

	if (d->source == NULL)
		return 0;
	ip = ip_source_of(d->source, family);
	return ip ? ip_bind(fd, ip, e)
		  : err_set(e, ERR_HERE, "source-address has none of %s",
			family == AF_INET ? "IPv4" : "IPv6");
}

/* Starts the next address; true if it is connected at once. */
static bool
start(struct race *r)
{
	const struct dial *d = r->d;
	size_t i = r->started++;
	struct attempt *a = &r->attempts[i];
	struct sockaddr_storage to;
	socklen_t n = ip_socket(&d->ip[i], d->port, &to);
	bool last = i + 1 == d->n && d->last_host;
	bool shorter = !last && d->wait_next < d->wait_last;
	int64_t now = clock_now();
	struct err e;

	d->trying(d->ctx, i);
	a->deadline = now + (shorter ? d->wait_next : d->wait_last);
	if (a->deadline > d->deadline)
		a->deadline = d->deadline;
	r->next_start = now + DIAL_STAGGER_MS;
	r->running++;
	a->fd = sys_socket(d->ip[i].family, SOCK_STREAM);
	if (a->fd < 0) {
		lost(r, i, errno);
		return false;
	}
	if (bind_source(a->fd, d, d->ip[i].family, &e) < 0) {
		lost_by(r, i, &e);
		return false;
	}
	if (sys_connect(a->fd, (const struct sockaddr *)&to, n) == 0)
		return true;
	if (errno != EINPROGRESS)
		lost(r, i, errno);
	return false;
}

/* Waits for the race to move; the index of a winner, or DIAL_MAX. */
static size_t
wait_for_one(struct race *r)
{
	struct pollfd fds[DIAL_MAX];
	int64_t until = r->started < r->d->n ? r->next_start : INT64_MAX;

	for (size_t i = 0; i < r->started; i++) {
		fds[i] =
		    (struct pollfd){.fd = r->attempts[i].fd, .events = POLLOUT};
		if (fds[i].fd >= 0 && r->attempts[i].deadline < until)
			until = r->attempts[i].deadline;
	}

	int ready = sys_poll(fds, (nfds_t)r->started, until);
	int64_t now = clock_now();

	for (size_t i = 0; i < r->started; i++) {
		if (r->attempts[i].fd < 0)
			continue;
		if (ready > 0 && fds[i].revents != 0) {
			int error = socket_error(r->attempts[i].fd);

			if (error == 0)
				return i;
			lost(r, i, error);
		} else if (now >= r->attempts[i].deadline) {
			lost(r, i, ETIMEDOUT);
		}
	}
	return DIAL_MAX;
}

int
dial(const struct dial *d, size_t *which)
{
	struct race r = {.d = d};
	size_t winner = DIAL_MAX;
	int one = 1;
	int fd;

	while (winner == DIAL_MAX && (r.started < d->n || r.running > 0)) {
		bool due = r.started < d->n &&
		    (r.running == 0 || clock_now() >= r.next_start);

		if (due && start(&r))
			winner = r.started - 1;
		else if (r.running > 0)
			winner = wait_for_one(&r);
	}
	for (size_t i = 0; i < r.started; i++)
		if (i != winner)
			sys_close(r.attempts[i].fd);
	if (winner == DIAL_MAX)
		return -1;
	fd = r.attempts[winner].fd;
	/* Fails at worst into the old delay of Nagle's rule. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	*which = winner;
	return fd;
}

int
dial_socket(struct str path, int64_t deadline, struct err *e)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd;
	int rc;

	if (path.n >= sizeof(to.sun_path))
		return err_set(e, ERR_LIMIT, "the path is too long");
	memcpy(to.sun_path, path.p, path.n);
	fd = sys_socket(AF_UNIX, SOCK_STREAM);
	if (fd < 0)
		return err_sys(e, "cannot make a socket");
	for (;;) {
		int64_t now = clock_now();

		group_raise();
		rc = sys_connect(fd, (const struct sockaddr *)&to, sizeof(to));
		group_lower();
		if (rc == 0)
			return fd;
		/* Its queue is full, and nothing wakes who waits for it. */
		if (errno != EAGAIN || now >= deadline)
			break;
		now += AGAIN_MS;
		(void)sys_poll(NULL, 0, now < deadline ? now : deadline);
	}
	rc = errno;
	err_set(e, ERR_SYSTEM, "%s", strerror(rc));
	e->number = rc;
	sys_close(fd);
	return -1;
}
