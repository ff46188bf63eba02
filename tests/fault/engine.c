/* SPDX-License-Identifier: ISC */
/*
 * engine: runs a program again and again, and lets one call fail each time.
 *
 *	engine SHIM INPUT OUTPUT ERRORS JOURNAL PROGRAM [ARGUMENT...]
 *	engine --calls
 *
 * For each line of standard input, "PROCESS CALL N FAULT", it runs the
 * program with these files as its standard ones, lets call N (from 1) of
 * this name in this process fail (0 is the first, 1 the first that it
 * starts, ...; * counts all), and says in a line of JSON what came of it.  With
 *N = 0 nothing fails.  "FAULT" is as in calls.h, where --calls has its list
 *from. A word before them, "nofile", makes files without a name impossible;
 *with the word "journal", all that is done to files is written into that file,
 *in lines of journal.h.
 *
 * At FAULT_PAUSE everything stands still, and the engine says "pause": the
 * next line is "go"; or "kill", of that process; or "end", of all of them.
 *
 * The processes are traced (ptrace), by a seccomp filter that stops them at
 * the calls of the table alone, so that the locks which they make themselves
 * stay as they are.  A run that takes longer than LIMIT is killed.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "calls.h"
#include "page.h"
#include "trace.h"

static int
open_or_die(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void
list_calls(void)
{
	for (size_t i = 0; i < calls_n; i++) {
		(void)printf("%s", calls[i].name);
		for (size_t j = 0; calls[i].faults[j]; j++)
			(void)printf(" %s", calls[i].faults[j]);
		(void)printf("%s\n", calls[i].number < 0 ? "" : " " FAULT_KILL);
	}
}

static size_t
find_call(const char *name)
{
	for (size_t i = 0; i < calls_n; i++)
		if (strcmp(calls[i].name, name) == 0)
			return i;
	errx(2, "no call %s", name);
}

/* The order that a line gives; false at the end of the input. */
static bool
read_order(struct order *o)
{
	char line[256];
	char *word[6] = {NULL};
	size_t n = 0;

	*o = (struct order){.call = calls_n};
	if (!fgets(line, sizeof(line), stdin))
		return false;
	for (char *p = strtok(line, " \n"); p && n < 6; p = strtok(NULL, " \n"))
		word[n++] = p;
	while (n > 4) {
		o->nofile = o->nofile || strcmp(word[0], "nofile") == 0;
		o->journal = o->journal || strcmp(word[0], "journal") == 0;
		memmove(word, word + 1, --n * sizeof(*word));
	}
	if (n != 4)
		errx(2, "an order is PROCESS CALL N FAULT");
	o->any = strcmp(word[0], "*") == 0;
	o->process = (unsigned)strtoul(word[0], NULL, 10);
	o->n = (unsigned)strtoul(word[2], NULL, 10);
	if (o->n == 0)
		return true;
	n = strlen(word[3]);
	o->call = find_call(word[1]);
	o->kill = strcmp(word[3], FAULT_KILL) == 0;
	o->pause = strcmp(word[3], FAULT_PAUSE) == 0;
	o->lag = strcmp(word[3], FAULT_LAG) == 0;
	if (o->kill || o->pause || o->lag)
		return true;
	o->and_on = word[3][n - 1] == '+';
	n -= o->and_on;
	o->is_short = n == 5 && memcmp(word[3], "short", n) == 0;
	if (!o->is_short && !(n == 3 && memcmp(word[3], "eof", n) == 0))
		o->error = error_number(word[3], n);
	if (o->error < 0)
		errx(2, "no fault %s", word[3]);
	return true;
}

static enum after_pause
on_pause(void)
{
	char line[16];

	(void)printf("pause\n");
	(void)fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return PAUSE_END;
	line[strcspn(line, "\n")] = '\0';
	return strcmp(line, "go") == 0	? PAUSE_GO
	    : strcmp(line, "kill") == 0 ? PAUSE_KILL
					: PAUSE_END;
}

static void
report(const struct outcome *r)
{
	(void)printf("{\"status\": %d, \"signal\": %d, \"fired\": %d, "
		     "\"fd\": %ld, \"ms\": %d, \"late\": %d, \"left\": %d, "
		     "\"crash\": %d, \"crashed\": %d, \"processes\": %u, "
		     "\"counts\": {",
	    r->status, r->signal, r->fired, r->fd, r->ms, r->late, r->left,
	    r->crash, r->crashed, r->processes);
	for (unsigned p = 0, some = 0; p < PROCESSES; p++)
		for (size_t i = 0; i < calls_n; i++)
			if (r->counts[p][i] > 0)
				(void)printf("%s\"%u %s\": %u",
				    some++ ? ", " : "", p, calls[i].name,
				    r->counts[p][i]);
	(void)printf("}}\n");
	(void)fflush(stdout);
}

int
main(int argc, char **argv)
{
	static struct outcome result;
	struct target t;
	struct order order;

	if (argc == 2 && strcmp(argv[1], "--calls") == 0) {
		list_calls();
		return 0;
	}
	if (argc < 7)
		errx(2,
		    "usage: engine SHIM INPUT OUTPUT ERRORS JOURNAL PROGRAM ...");
	t.page_fd = memfd_create("page", MFD_CLOEXEC);
	if (t.page_fd < 0 || ftruncate(t.page_fd, PAGE_SIZE_) < 0)
		err(1, "memfd_create");
	t.page = mmap(
	    NULL, PAGE_SIZE_, PROT_READ | PROT_WRITE, MAP_SHARED, t.page_fd, 0);
	if (t.page == MAP_FAILED)
		err(1, "mmap");
	if (setenv("LD_PRELOAD", argv[1], 1) < 0)
		err(1, "setenv");
	t.journal = argv[5];
	t.pause = on_pause;
	t.argv = argv + 6;
	while (read_order(&order)) {
		t.fds[0] = open_or_die(argv[2], O_RDONLY);
		t.fds[1] = open_or_die(argv[3], O_WRONLY | O_CREAT | O_TRUNC);
		t.fds[2] = open_or_die(argv[4], O_WRONLY | O_CREAT | O_TRUNC);
		trace(&t, &order, &result);
		for (int i = 0; i < 3; i++)
			(void)close(t.fds[i]);
		report(&result);
	}
	return 0;
}
