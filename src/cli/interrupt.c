/* SPDX-License-Identifier: ISC */
#include "cli/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "os/sys.h"

/* The things that a handler may touch. */
static volatile sig_atomic_t sending;
static volatile sig_atomic_t leave;

/* The message's file, as long as it is of no use to anybody. */
static struct {
	int dir;
	char name[64];
	volatile sig_atomic_t there;
} unfinished;

static const int signals[] = {SIGHUP, SIGINT, SIGTERM};

/* Says it if that needs no waiting; errno is that of what was interrupted. */
static void
say(const char *text, size_t n)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
	int saved = errno;

	if (sys_poll(&p, 1, clock_now()) > 0) {
		ssize_t ignored = write(STDERR_FILENO, text, n);

		(void)ignored;
	}
	errno = saved;
}

static void
end(int number)
{
	static const char text[] =
	    "hantar: ended by a signal; the message was not read\n";
	static const char waiting[] =
	    "hantar: a signal came: nothing more begins; a second one does "
	    "not wait for the verdict of a host that has the message\n";

	(void)number;
	if (sending) {
		if (leave == 0)
			say(waiting, sizeof(waiting) - 1);
		leave = leave == 0 ? 1 : 2;
		return;
	}
	if (unfinished.there)
		(void)sys_unlinkat(unfinished.dir, unfinished.name);
	say(text, sizeof(text) - 1);
	_exit(EX_OSERR);
}

static void
set(int number, void (*handler)(int))
{
	struct sigaction now = {.sa_handler = handler};

	(void)sigfillset(&now.sa_mask);
	(void)sigaction(number, &now, NULL);
}

static void
act(void (*handler)(int))
{
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction was;

		if (sigaction(signals[i], NULL, &was) == 0 &&
		    was.sa_handler != SIG_IGN)
			set(signals[i], handler);
	}
}

void
interrupt_reading(void)
{
	sending = 0;
	act(end);
}

void
interrupt_removes(int dir, const char *name)
{
	unfinished.there = 0;
	unfinished.dir = dir;
	(void)snprintf(unfinished.name, sizeof(unfinished.name), "%s", name);
	atomic_signal_fence(memory_order_seq_cst);
	unfinished.there = 1;
}

const volatile sig_atomic_t *
interrupt_sending(void)
{
	sending = 1;
	act(end);
	return &leave;
}

void
interrupt_by_parent(void)
{
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		set(signals[i], SIG_IGN);
	set(SIGUSR1, end);
}

const volatile sig_atomic_t *
interrupt_background(void)
{
	set(SIGTERM, end);
	return interrupt_sending();
}

void
interrupt_never(void)
{
	act(SIG_IGN);
}
