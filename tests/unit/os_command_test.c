/* SPDX-License-Identifier: ISC */
/* os/command: asking another program that fails, hangs, or says too much. */
#include "os/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/child.h"
#include "../lib/fail.h"
#include "../lib/folder.h"
#include "../lib/words.h"
#include "base/clock.h"

enum { PATIENCE_MS = 20000, ROOM = 64 };

/* What it says, or why not; until the next call. */
static const char *
ask(const char *words, int64_t patience)
{
	static char said[sizeof(((struct err *)NULL)->text)];
	struct buf out;
	struct err e;

	buf_init(&out, ROOM);
	buf_add(&out, STR("before "));
	if (command_output(str_c(words), &out, clock_now() + patience, &e) ==
	    0) {
		assert_memory_equal(out.p, "before ", 7);
		memcpy(said, out.p + 7, out.n - 7 + 1);
	} else {
		assert_null(strstr(e.text, "secret"));
		memcpy(said, e.text, sizeof(said));
	}
	buf_free(&out);
	return said;
}

/* A program of a shell's words; the words by which it is called. */
static const char *
script(const char *text)
{
	const char *path = folder_path(&folder, "script");
	struct buf b;

	buf_init(&b, 4096);
	buf_printf(&b, "#!/bin/sh\n%s\n", text);
	folder_put(&folder, "script", b.p);
	buf_free(&b);
	assert_int_equal(chmod(path, 0700), 0);
	return path;
}

static const struct {
	const char *title, *script, *said;
} cases[] = {
    {"F-22: what it says", "echo secret", "secret\n"},
    {"F-22: nothing", ":", ""},
    {"F-22: as much as there is room for, less one", "printf %056d 0",
	"00000000000000000000000000000000000000000000000000"
	"000000"},
    {"F-22: more", "echo secret; printf %060d 0", "it says more than 64 bytes"},
    {"F-22: it fails after that", "echo secret; exit 3",
	"it failed with status 3"},
    {"F-22: it is killed", "echo secret; kill -9 $$",
	"it was killed by signal 9"},
    {"F-22: it has nothing to read", "read x || echo nothing", "nothing\n"},
    {"F-22: it is heard on one descriptor only", "echo secret >&2; echo a",
	"a\n"},
    {"J-06: it has no other", "ls /proc/self/fd | wc -l | tr -d ' '", "4\n"},
    {"a pipe that breaks ends it", "yes | true; kill -PIPE $$",
	"it was killed by signal 13"},
    {"what it has left behind is not waited for", "sleep 100 >&2 & echo a",
	"a\n"},
};

static void
what_is_said(void **state)
{
	int64_t start = clock_now();
	int other = open("/dev/null", O_RDONLY);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *said = ask(script(cases[i].script), PATIENCE_MS);

		if (strcmp(said, cases[i].said) != 0)
			fail_msg("%s: \"%s\"", cases[i].title, said);
	}
	assert_true(clock_now() - start < PATIENCE_MS);
	(void)close(other);
}

static void
words(void **state)
{
	(void)state;
	assert_string_equal(ask("", PATIENCE_MS), "it has no words");
	assert_string_equal(ask(" \t ", PATIENCE_MS), "it has no words");
	assert_string_equal(
	    ask("\techo  a 'b \t $c ", PATIENCE_MS), "a 'b $c\n");
	assert_non_null(
	    strstr(ask("/nonexistent/x", PATIENCE_MS), "no such program"));
	assert_non_null(strstr(
	    ask("/etc/passwd", PATIENCE_MS), "it may not be run (status 127)"));
}

/* Is somebody left who holds the FIFO open? */
static void
nobody_is_left(int fifo)
{
	struct pollfd p = {.fd = fifo, .events = POLLIN};
	char byte;

	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	assert_int_equal(read(fifo, &byte, 1), 0);
}

/*
 * Whoever hangs is killed, with what he started: who says nothing, who has
 * closed what he could say it on, and who has said it all and does not end.
 */
static void
those_who_hang(void **state)
{
	static const char *const scripts[] = {"sleep 100 3>fifo",
	    "exec 1>&- 3>fifo; sleep 100",
	    "exec 3>fifo; echo secret; sleep 100 & wait",
	    "exec 3>fifo 1>&-; kill -STOP $$"};

	(void)state;
	for (size_t i = 0; i < COUNT(scripts); i++) {
		struct buf text;
		int fifo;

		assert_int_equal(mkfifoat(folder.fd, "fifo", 0600), 0);
		fifo = openat(
		    folder.fd, "fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		assert_true(fifo >= 0);
		buf_init(&text, 1000);
		buf_printf(&text, "cd %s\n%s", folder.path, scripts[i]);
		assert_string_equal(
		    ask(script(text.p), 300), "it did not end in time");
		buf_free(&text);
		nobody_is_left(fifo);
		(void)close(fifo);
		assert_int_equal(unlinkat(folder.fd, "fifo", 0), 0);
	}
	assert_string_equal(ask("sleep 100", 0), "it did not end in time");
}

static int
without(void *arg)
{
	const struct refusal *r = arg;
	struct buf out;
	struct err e;

	buf_init(&out, ROOM);
	child_refuse(r, 1);
	CHILD_CHECK(command_output(STR("echo"), &out, INT64_MAX, &e) == -1);
	CHILD_CHECK(e.number == r->error && out.n == 0);
	buf_free(&out);
	return 0;
}

static void
what_the_kernel_refuses(void **state)
{
	static struct refusal refusals[] = {
	    {.call = SYS_pipe2, .error = EMFILE},
	    {.call = SYS_clone, .error = EAGAIN},
	    {.call = SYS_poll, .error = ENOMEM},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++)
		if (child_run(without, &refusals[i]) != 0)
			fail_msg("row %zu", i);
	fail_call("read", 1, EIO);
	assert_string_equal(ask("sleep 100", 100), "it did not end in time");
	assert_false(fail_over());
	fail_call("read", 1, EIO);
	assert_string_equal(ask("yes", PATIENCE_MS),
	    "cannot read what it says: Input/output error");
	assert_true(fail_over());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_said),
	    cmocka_unit_test(words),
	    cmocka_unit_test(those_who_hang),
	    cmocka_unit_test(what_the_kernel_refuses),
	};

	return cmocka_run_group_tests_name(
	    "os/command", tests, folder_open, folder_close);
}
