/* SPDX-License-Identifier: ISC */
/*
 * delay: a long line between two network interfaces.  Every frame that comes in
 * at one leaves at the other MS milliseconds later, in both directions; so for
 * those behind them all takes that long, connecting included.
 *
 *	delay MS INTERFACE INTERFACE
 *
 * It waits until both interfaces are there, and ends when its standard input
 * does.  Meant for a network namespace of its own.
 */
#include <err.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct frame {
	struct frame *next;
	int64_t due;
	int to;
	size_t n;
	char bytes[];
};

static struct frame *first, **last = &first;
static int64_t delay; /* nanoseconds */

static int64_t
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static void
bring_up(int fd, const char *name)
{
	struct ifreq r = {0};

	(void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFFLAGS, &r) != 0)
		err(1, "%s", name);
	r.ifr_flags |= IFF_UP | IFF_PROMISC;
	if (ioctl(fd, SIOCSIFFLAGS, &r) != 0)
		err(1, "%s", name);
}

/* A header before each frame says what the network card would have to do:
 * sums and segments that nobody has made yet. */
static int
open_end(const char *name)
{
	struct sockaddr_ll a = {
	    .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	int one = 1;
	int fd;

	while ((a.sll_ifindex = (int)if_nametoindex(name)) == 0)
		(void)poll(NULL, 0, 5);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL));
	if (fd < 0)
		err(1, "socket");
	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) ||
	    setsockopt(
		fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) ||
	    bind(fd, (const struct sockaddr *)&a, sizeof(a)))
		err(1, "%s", name);
	bring_up(fd, name);
	return fd;
}

static void
take(int from, int to)
{
	static char bytes[1 << 17];
	ssize_t n;

	while ((n = recv(from, bytes, sizeof(bytes), 0)) > 0) {
		struct frame *f = malloc(sizeof(*f) + (size_t)n);

		if (!f)
			err(1, NULL);
		memcpy(f->bytes, bytes, (size_t)n);
		f->n = (size_t)n;
		f->to = to;
		f->due = now() + delay;
		f->next = NULL;
		*last = f;
		last = &f->next;
	}
}

/* Passes on what is due, and returns how long to wait for the next one. */
static struct timespec
pass_on(void)
{
	int64_t wait = INT64_C(3600) * 1000000000;

	while (first) {
		struct frame *f = first;
		int64_t left = f->due - now();

		if (left > 0) {
			wait = left;
			break;
		}
		if (send(f->to, f->bytes, f->n, 0) < 0 && errno != EAGAIN)
			warn("send");
		first = f->next;
		if (!first)
			last = &first;
		free(f);
	}
	return (struct timespec){wait / 1000000000, wait % 1000000000};
}

int
main(int argc, char **argv)
{
	struct pollfd p[3] = {{STDIN_FILENO, POLLIN, 0}};

	if (argc != 4)
		errx(2, "usage: delay MS INTERFACE INTERFACE");
	delay = strtoll(argv[1], NULL, 10) * 1000000;
	(void)prctl(PR_SET_TIMERSLACK, 1L, 0L, 0L, 0L);
	for (int i = 1; i < 3; i++)
		p[i] = (struct pollfd){open_end(argv[i + 1]), POLLIN, 0};
	(void)printf("ready\n");
	(void)fflush(stdout);
	for (;;) {
		struct timespec wait = pass_on();

		if (ppoll(p, 3, &wait, NULL) < 0 && errno != EINTR)
			err(1, "poll");
		if (p[0].revents != 0)
			return 0;
		take(p[1].fd, p[2].fd);
		take(p[2].fd, p[1].fd);
	}
}
