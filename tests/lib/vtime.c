/* SPDX-License-Identifier: ISC */
#include "vtime.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
	FIRST = 1000000, /* not 0, so that a zero time is seen as a fault */
	/* Polls without a jump of the clock: then two sides chase each
	 * other and the test would never end. */
	TURNS = 2000000,
	STUCK = 100,
};

static struct {
	bool on;
	int64_t now;
	vtime_idle idle;
	void *ctx;
	unsigned stuck;
	unsigned turns;
	int probe; /* a UDP socket that talks to itself */
	cpu_set_t cpus;
	bool pinned;
} v = {.probe = -1};

int64_t __real_clock_now(void);
int64_t __wrap_clock_now(void);
int __real_sys_poll(struct pollfd *fds, nfds_t n, int64_t deadline);
int __wrap_sys_poll(struct pollfd *fds, nfds_t n, int64_t deadline);
int __real_sys_socket(int family, int type);
int __wrap_sys_socket(int family, int type);

int64_t
__wrap_clock_now(void)
{
	return v.on ? v.now : __real_clock_now();
}

static void
fatal(const char *what)
{
	fprintf(stderr, "vtime: %s\n", what);
	abort();
}

/*
 * The packets of one processor wait in one queue.  On one processor alone a
 * datagram to ourselves is therefore the last to arrive.
 */
static void
pin(void)
{
	cpu_set_t one;
	int cpu = sched_getcpu();

	if (cpu < 0 || sched_getaffinity(0, sizeof(v.cpus), &v.cpus) < 0)
		return;
	CPU_ZERO(&one);
	CPU_SET((unsigned)cpu, &one);
	v.pinned = sched_setaffinity(0, sizeof(one), &one) == 0;
}

static void
open_probe(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	struct sockaddr *sa = (struct sockaddr *)&a;
	struct timeval limit = {.tv_sec = 1};
	socklen_t n = sizeof(a);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	v.probe = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (v.probe < 0 || bind(v.probe, sa, n) < 0 ||
	    getsockname(v.probe, sa, &n) < 0 || connect(v.probe, sa, n) < 0 ||
	    setsockopt(
		v.probe, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
		fatal("no UDP on the loopback device");
}

void
vtime_settle(void)
{
	char byte = 0;

	/* Twice: a packet may be answered by a packet, as a SYN is. */
	for (int i = 0; i < 2 && v.probe >= 0; i++)
		if (send(v.probe, &byte, 1, 0) != 1 ||
		    recv(v.probe, &byte, 1, 0) != 1)
			fatal("a datagram to ourselves was lost");
}

void
vtime_unpaced(int fd)
{
	static const char name[] = "reno";

	/* Not a TCP socket: then nothing is paced anyway. */
	(void)setsockopt(
	    fd, IPPROTO_TCP, TCP_CONGESTION, name, sizeof(name) - 1);
}

int
__wrap_sys_socket(int family, int type)
{
	int fd = __real_sys_socket(family, type);

	if (v.on && fd >= 0)
		vtime_unpaced(fd);
	return fd;
}

void
vtime_start(vtime_idle idle, void *ctx)
{
	vtime_stop();
	pin();
	open_probe();
	v.now = FIRST;
	v.idle = idle;
	v.ctx = ctx;
	v.stuck = v.turns = 0;
	v.on = true;
}

void
vtime_stop(void)
{
	if (v.probe >= 0)
		(void)close(v.probe);
	v.probe = -1;
	if (v.pinned)
		(void)sched_setaffinity(0, sizeof(v.cpus), &v.cpus);
	v.pinned = false;
	v.on = false;
}

unsigned
vtime_stuck(void)
{
	return v.stuck;
}

/* Somebody waits for ever. */
static int
deadlock(void)
{
	if (++v.stuck >= STUCK)
		fatal("waits for ever, again and again");
	errno = EDEADLK;
	return -1;
}

int
__wrap_sys_poll(struct pollfd *fds, nfds_t n, int64_t deadline)
{
	if (!v.on)
		return __real_sys_poll(fds, n, deadline);
	for (;;) {
		int64_t next = INT64_MAX;
		int ready;

		if (v.turns++ > TURNS)
			fatal("time stands still: two sides chase each other");
		vtime_settle();
		ready = poll(fds, n, 0);
		if (ready != 0)
			return ready;
		if (v.now >= deadline)
			return 0;
		if (v.idle && v.idle(v.ctx, &next))
			continue;
		if (next == INT64_MAX && deadline == INT64_MAX)
			return deadlock();
		if (next <= v.now)
			continue;
		v.turns = 0;
		v.now = next < deadline ? next : deadline;
	}
}
