/* SPDX-License-Identifier: ISC */
#include "cli/interrupt.h"

#include <signal.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/str.h"

/* The one thing that a handler may look at. */
static volatile sig_atomic_t sending;

static const int signals[] = {SIGHUP, SIGINT, SIGTERM};

static void
say(const char *text)
{
	ssize_t ignored = write(STDERR_FILENO, text, strlen(text));

	(void)ignored;
}

static void
end(int number)
{
	(void)number;
	if (!sending) {
		say("hantar: ended by a signal; the message was not read\n");
		_exit(EX_OSERR);
	}
	say("hantar: ended by a signal; the message may not have reached "
	    "every recipient\n");
	_exit(EX_TEMPFAIL);
}

static void
act(void (*handler)(int))
{
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction was;
		struct sigaction now = {.sa_handler = handler};

		(void)sigfillset(&now.sa_mask);
		if (sigaction(signals[i], NULL, &was) == 0 &&
		    was.sa_handler != SIG_IGN)
			(void)sigaction(signals[i], &now, NULL);
	}
}

void
interrupt_reading(void)
{
	sending = 0;
	act(end);
}

void
interrupt_sending(void)
{
	sending = 1;
}

void
interrupt_never(void)
{
	act(SIG_IGN);
}
