/* SPDX-License-Identifier: ISC */
/*
 * K-13: where the log goes, and that mail never waits for it long: with a
 * /dev of the test's own, in virtual time.
 */
#include "os/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/child.h"
#include "../lib/folder.h"
#include "../lib/vtime.h"
#include "base/clock.h"
#include "base/log.h"
#include "os/sys.h"

static int
daemon_starts(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	int fd = sys_socket(AF_UNIX, SOCK_DGRAM);

	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return -1;
	return fd;
}

static void
daemon_ends(int fd)
{
	sys_close(fd);
	(void)unlink("/dev/log");
}

/* What the daemon heard: the text behind priority and date; "" if nothing. */
static const char *
heard(int fd, int *priority)
{
	static char line[4096];
	char month[8];
	int day, hour, minute, second, at = 0;
	ssize_t n = recv(fd, line, sizeof(line) - 1, MSG_DONTWAIT);

	line[n > 0 ? n : 0] = '\0';
	if (sscanf(line, "<%d>%3s %2d %2d:%2d:%2d %n", priority, month, &day,
		&hour, &minute, &second, &at) != 6)
		return n > 0 ? "no date" : "";
	/* Fifteen octets and a blank always, or daemons take it for text. */
	return strchr(line, '>') + 1 + 16 == line + at ? line + at : "date";
}

static int
says(const char *text, const char *what)
{
	char want[128];

	(void)snprintf(
	    want, sizeof(want), "hantar/smtp[%ld]: %s", (long)getpid(), what);
	CHILD_CHECK(strcmp(text, want) == 0);
	return 0;
}

static void
say(enum log_level level, const char *what)
{
	log_event(level, "smtp", "%s", what);
}

static int
with_a_daemon(void *arg)
{
	int priority = 0;
	int fd, second;
	struct err e;

	(void)arg;
	child_own("/dev");
	fd = daemon_starts();
	CHILD_CHECK(fd >= 0);
	CHILD_CHECK(journal_open(STR("syslog"), "hantar", &e) == 0);
	say(LOG_LEVEL_INFO, "one");
	CHILD_CHECK(says(heard(fd, &priority), "one") == 0);
	CHILD_CHECK(priority == (2 << 3 | 6));
	say(LOG_LEVEL_WARNING, "two");
	CHILD_CHECK(says(heard(fd, &priority), "two") == 0);
	CHILD_CHECK(priority == (2 << 3 | 4));
	say(LOG_LEVEL_ERROR, "three");
	CHILD_CHECK(says(heard(fd, &priority), "three") == 0);
	CHILD_CHECK(priority == (2 << 3 | 3));
	/* Restarted, it hears the next line. */
	daemon_ends(fd);
	second = daemon_starts();
	say(LOG_LEVEL_INFO, "four");
	CHILD_CHECK(says(heard(second, &priority), "four") == 0);
	/* Gone for good: nothing happens, and it is asked no more. */
	daemon_ends(second);
	say(LOG_LEVEL_INFO, "five");
	fd = daemon_starts();
	say(LOG_LEVEL_INFO, "six");
	CHILD_CHECK(strcmp(heard(fd, &priority), "") == 0);
	return 0;
}

static int
without_a_daemon(void *arg)
{
	int priority = 0;
	struct err e;
	int fd;

	(void)arg;
	child_own("/dev");
	CHILD_CHECK(journal_open(STR("syslog"), "hantar", &e) == 0);
	say(LOG_LEVEL_INFO, "one");
	fd = daemon_starts();
	say(LOG_LEVEL_INFO, "two");
	CHILD_CHECK(strcmp(heard(fd, &priority), "") == 0);
	/* Something else of that name. */
	daemon_ends(fd);
	child_put("/dev/log", "");
	CHILD_CHECK(journal_open(STR("syslog"), "hantar", &e) == 0);
	say(LOG_LEVEL_INFO, "three");
	return 0;
}

/* A daemon that hangs costs a second, once. */
static int
with_a_stuck_daemon(void *arg)
{
	int64_t start;
	struct err e;

	(void)arg;
	child_own("/dev");
	CHILD_CHECK(daemon_starts() >= 0);
	CHILD_CHECK(journal_open(STR("syslog"), "hantar", &e) == 0);
	vtime_start(NULL, NULL);
	start = clock_now();
	for (int i = 0; i < 5000; i++)
		say(LOG_LEVEL_INFO, "one of many");
	CHILD_CHECK(clock_now() - start == 1000);
	CHILD_CHECK(vtime_stuck() == 0);
	return 0;
}

static void
syslog_is_there_or_not(void **state)
{
	(void)state;
	assert_int_equal(child_run(with_a_daemon, NULL), 0);
	assert_int_equal(child_run(without_a_daemon, NULL), 0);
	assert_int_equal(child_run(with_a_stuck_daemon, NULL), 0);
}

/* A file that takes no more, too. */
static int
into_a_full_pipe(void *arg)
{
	const char *path = arg;
	int64_t start;
	struct err e;
	int reader;

	CHILD_CHECK(mkfifo(path, 0600) == 0);
	reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	CHILD_CHECK(reader >= 0);
	CHILD_CHECK(journal_open(str_c(path), "hantar", &e) == 0);
	vtime_start(NULL, NULL);
	start = clock_now();
	for (int i = 0; i < 5000; i++)
		say(LOG_LEVEL_INFO, "one of many");
	CHILD_CHECK(clock_now() - start == 1000);
	return 0;
}

/* On the terminal a line has no date. */
static int
onto_stderr(void *arg)
{
	int saved = dup(STDERR_FILENO);
	char got[256] = "";
	char want[64];
	struct err e;
	int ends[2];

	(void)arg;
	CHILD_CHECK(sys_pipe(ends) == 0 && dup2(ends[1], STDERR_FILENO) == 2);
	CHILD_CHECK(journal_open(STR("stderr"), "hantar", &e) == 0);
	log_event(LOG_LEVEL_INFO, "", "it works");
	(void)dup2(saved, STDERR_FILENO);
	(void)snprintf(
	    want, sizeof(want), "hantar[%ld]: it works\n", (long)getpid());
	CHILD_CHECK(sys_read(ends[0], got, sizeof(got) - 1) > 0);
	CHILD_CHECK(strcmp(got, want) == 0);
	return 0;
}

static void
files(void **state)
{
	struct folder f;
	char path[128];

	(void)state;
	folder_make(&f);
	(void)snprintf(path, sizeof(path), "%s/log", f.path);
	assert_int_equal(child_run(into_a_full_pipe, path), 0);
	assert_int_equal(child_run(onto_stderr, NULL), 0);
	folder_remove(&f);
}

/* What is no place for a log is said when it is read. */
static void
no_places(void **state)
{
	static char deep[2000];
	struct folder f;
	char path[128];
	struct err e;

	(void)state;
	memset(deep, '/', sizeof(deep));
	assert_int_equal(journal_open(STR(""), "hantar", &e), -1);
	assert_int_equal(e.kind, ERR_SYNTAX);
	assert_int_equal(
	    journal_open(str_of(deep, sizeof(deep)), "hantar", &e), -1);
	assert_int_equal(e.kind, ERR_SYNTAX);
	/* J-10: no link is followed. */
	folder_make(&f);
	folder_put(&f, "target", "");
	assert_int_equal(symlinkat("target", f.fd, "log"), 0);
	(void)snprintf(path, sizeof(path), "%s/log", f.path);
	assert_int_equal(journal_open(str_c(path), "hantar", &e), -1);
	assert_int_equal(e.number, ELOOP);
	folder_remove(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(syslog_is_there_or_not),
	    cmocka_unit_test(files),
	    cmocka_unit_test(no_places),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
