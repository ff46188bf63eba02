/* SPDX-License-Identifier: ISC */
/*
 * talk [-v] [-x] [-m] [-p] [-k PATTERN] FILE...: plays the conversations of
 * the files, and with -m those of the matrix, against the real engine, in this
 * process, in virtual time.  README says how they are written.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "matrix.h"
#include "stage.h"
#include "../lib/peer_tls.h"
#include "../lib/words.h"

enum {
	HEARD_MAX = 4 * 1024 * 1024,
	MEMORY_KB = 64 * 1024, /* of the matrix */
	WATCHDOG = 60,	       /* real seconds for one case */
};

static struct {
	bool verbose;
	bool stop; /* at the first failure */
	bool matrix;
	bool print; /* the cases of the matrix, instead of playing them */
	struct str only;
	unsigned passed, failed, pending;
} talk;

static void
report(const struct play *play, const struct heard *heard,
    const struct faults *faults)
{
	bool bad = faults->n > 0;

	if (bad)
		talk.failed++;
	else
		talk.passed++;
	if (!bad && !talk.verbose)
		return;
	printf("%sok %u - %.*s\n", bad ? "not " : "", talk.passed + talk.failed,
	    STR_ARG(play->title));
	if (bad)
		fputs(faults->text.p, stdout);
	if (talk.verbose)
		printf("%s%s", heard->show.p, heard->log.p);
}

static const struct play *playing; /* for the watchdog */

static void
too_long(int number)
{
	static const char text[] = "talk: this case does not end: ";

	(void)number;
	(void)!write(2, text, sizeof(text) - 1);
	(void)!write(2, playing->title.p, playing->title.n);
	(void)!write(2, "\n", 1);
	_exit(2);
}

static void
run_case(const struct play *play)
{
	struct heard heard = {0};
	struct faults faults = {0};

	buf_init(&heard.show, HEARD_MAX);
	buf_init(&heard.log, HEARD_MAX);
	playing = play;
	(void)alarm(WATCHDOG);
	stage_play(play, &heard, &faults);
	(void)alarm(0);
	if (expect_failure(play, &faults))
		talk.pending++;
	else
		report(play, &heard, &faults);
	buf_free(&heard.show);
	buf_free(&heard.log);
	if (faults.text.max > 0)
		buf_free(&faults.text);
}

static bool
stopped(void)
{
	return talk.stop && talk.failed > 0;
}

static bool
wanted(struct str title)
{
	return !stopped() &&
	    (talk.only.n == 0 || words_match(talk.only, title));
}

static void
run_file(const char *path)
{
	struct pool pool = {0};
	struct play *plays;
	struct err e;

	if (play_read(path, &pool, &plays, &e) < 0) {
		printf("not ok - %s\n", e.text);
		talk.failed++;
		plays = NULL;
	}
	for (const struct play *p = plays; p && !stopped(); p = p->next)
		if (wanted(p->title))
			run_case(p);
	pool_free(&pool);
}

/* A case of the matrix; one that fails is shown, to be played alone. */
static void
run_text(struct str text)
{
	struct str title = str_slice(text, 5, str_find(text, '\n'));
	struct pool pool = {0};
	struct play *play;
	struct err e;
	unsigned failed = talk.failed;

	if (!wanted(title))
		return;
	if (talk.print) {
		printf("%.*s\n", STR_ARG(text));
		return;
	}
	if (play_text("matrix", text, &pool, &play, &e) == 0) {
		run_case(play);
	} else {
		printf("not ok - %s\n", e.text);
		talk.failed++;
	}
	if (talk.failed > failed)
		printf("%.*s\n", STR_ARG(text));
	pool_free(&pool);
}

/* J-10: whatever was sent, memory had a bound, the servers' share included. */
static void
expect_modest(void)
{
#ifndef HANTAR_SANITIZED
	struct rusage used;

	if (getrusage(RUSAGE_SELF, &used) < 0 || used.ru_maxrss < MEMORY_KB)
		return;
	printf("not ok - memory: %ld kB\n", used.ru_maxrss);
	talk.failed++;
#endif
}

int
main(int argc, char *argv[])
{
	int option;

	while ((option = getopt(argc, argv, "vxmpk:")) != -1) {
		if (option == 'v')
			talk.verbose = true;
		else if (option == 'x')
			talk.stop = true;
		else if (option == 'm')
			talk.matrix = true;
		else if (option == 'p')
			talk.print = true;
		else if (option == 'k')
			talk.only = str_c(optarg);
		else
			return 2;
	}
	(void)signal(SIGALRM, too_long);
	/* Whatever this machine's resolv.conf says of it. */
	(void)setenv("RES_OPTIONS", "timeout:5 attempts:2", 1);
	if (talk.matrix)
		matrix_each(run_text);
	expect_modest();
	for (int i = optind; i < argc && !stopped(); i++)
		run_file(argv[i]);
	peer_tls_end();
	if (talk.print)
		return talk.failed > 0;
	if (talk.pending > 0)
		printf("%u pending\n", talk.pending);
	printf("%u passed, %u failed\n", talk.passed, talk.failed);
	return talk.failed > 0;
}
