/* SPDX-License-Identifier: ISC */
/* The end of a process that has no memory. */
#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/child.h"

struct end {
	bool safe;
	int words[2]; /* what is descriptor 2 of it */
};

static int
run_out(void *arg)
{
	const struct end *end = arg;

	CHILD_CHECK(dup2(end->words[1], STDERR_FILENO) == STDERR_FILENO);
	if (end->safe)
		err_memory_safe();
	err_memory();
}

static int
status_of(bool safe, char *text, size_t size)
{
	struct end end = {.safe = safe};
	ssize_t got;
	int status;

	assert_int_equal(pipe(end.words), 0);
	status = child_run(run_out, &end);
	got = read(end.words[0], text, size - 1);
	assert_true(got > 0);
	text[got] = '\0';
	(void)close(end.words[0]);
	(void)close(end.words[1]);
	return status;
}

/* G-01: the status is a promise, and what is in the spool is not lost. */
static void
without_memory(void **state)
{
	char text[200];

	(void)state;
	assert_int_equal(status_of(false, text, sizeof(text)), 71);
	assert_string_equal(text, "hantar: out of memory\n");
	assert_int_equal(status_of(true, text, sizeof(text)), 0);
	assert_string_equal(
	    text, "hantar: out of memory; the message is left to the queue\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_memory),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
