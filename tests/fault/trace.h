/* SPDX-License-Identifier: ISC */
/* One run of the program under test, with one fault. */
#ifndef TRACE_H
#define TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "page.h"

enum {
	LIMIT = 10, /* seconds: longer is a hang */
	GRACE = 6,  /* for processes that outlive the first */
	LAG_MS = 100,
	CALLS_MAX = 64,
};

/* What becomes of a run that stood still. */
enum after_pause {
	PAUSE_GO,
	PAUSE_KILL, /* the process dies before the call */
	PAUSE_END,  /* all die */
};

struct target {
	char **argv;
	int fds[3];
	int page_fd;
	struct page *page;
	const char *journal; /* the file for it, see journal.h */
	enum after_pause (*pause)(void);
};

struct order {
	unsigned process;
	bool any;    /* the n-th of all processes */
	size_t call; /* in calls[] */
	unsigned n;  /* 0: nothing fails */
	int error;   /* 0: nothing is there, or with is_short one octet */
	bool is_short;
	bool and_on;
	bool kill;    /* the process dies instead of the call */
	bool lag;     /* the process waits for LAG_MS before the call */
	bool pause;   /* all stand still before the call: see engine.c */
	bool nofile;  /* O_TMPFILE is refused, too */
	bool journal; /* what is done to files and sockets is noted */
};

struct outcome {
	int status;	    /* of the first process; -1: it did not exit */
	int signal;	    /* that ended it */
	int fired;	    /* the fault happened */
	long fd;	    /* first argument of the call that failed */
	int ms;		    /* until the first process ended */
	int late;	    /* the run took longer than LIMIT */
	int left;	    /* processes that outlived the first by GRACE */
	int crash, crashed; /* a signal that ended a process, and which */
	unsigned processes;
	unsigned counts[PROCESSES][CALLS_MAX];
};

void trace(const struct target *, const struct order *, struct outcome *);

#endif
