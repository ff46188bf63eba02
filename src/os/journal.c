/* SPDX-License-Identifier: ISC */
#include "os/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "os/sys.h"

enum { SYSLOG_PATIENCE_MS = 1000 };

/* The sink's state, which belongs to the log (base/log.h). */
static struct journal {
	const char *ident;
	int fd;
} journal = {NULL, -1};

/* English whatever the locale: what reads the log expects it. */
static void
put_date(struct buf *b)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t now = clock_wall().tv_sec;
	struct tm tm;

	if (localtime_r(&now, &tm) == NULL)
		tm = (struct tm){.tm_mday = 1};
	buf_printf(b, "%.3s %2d %02d:%02d:%02d ", months + 3 * tm.tm_mon,
	    tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void
put_ident(struct buf *b, const struct journal *j, const char *part)
{
	buf_printf(b, "%s%s%s[%ld]: ", j->ident, part[0] ? "/" : "", part,
	    (long)getpid());
}

static int
syslog_socket(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	int fd = sys_socket(AF_UNIX, SOCK_DGRAM);

	if (fd >= 0 &&
	    sys_connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0) {
		sys_close(fd);
		return -1;
	}
	return fd;
}

/* Is there room for a line before the deadline? */
static bool
wait_for_room(int fd, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int ready;

	do
		ready = sys_poll(&p, 1, deadline);
	while (ready < 0 && errno == EINTR);
	/* Ready without end is no room. */
	return ready > 0 && clock_now() < deadline;
}

static void
to_syslog(void *ctx, enum log_level level, const char *part, struct str line)
{
	static const int priority[] = {LOG_ERR, LOG_WARNING, LOG_INFO};
	struct journal *j = ctx;
	int64_t deadline = clock_now() + SYSLOG_PATIENCE_MS;
	bool again = false;
	struct buf b;

	if (j->fd < 0 && (j->fd = syslog_socket()) < 0) {
		log_to(NULL, NULL); /* there is none: ask no second time */
		return;
	}
	buf_init(&b, 4096);
	buf_printf(&b, "<%d>", LOG_MAIL | priority[level]);
	put_date(&b);
	put_ident(&b, j, part);
	buf_add(&b, line);
	while (sys_send(j->fd, b.p, b.n) < 0) {
		bool full = errno == EAGAIN || errno == ENOBUFS;

		/* Restarted, it listens at a new socket. */
		if (!full && !again) {
			again = true;
			sys_close(j->fd);
			j->fd = syslog_socket();
			continue;
		}
		if (!full || !wait_for_room(j->fd, deadline)) {
			/* Gone or stuck: wait for it no second time. */
			sys_close(j->fd);
			j->fd = -1;
			log_to(NULL, NULL);
			break;
		}
	}
	buf_free(&b);
}

static void
to_file(void *ctx, enum log_level level, const char *part, struct str line)
{
	struct journal *j = ctx;
	struct pollfd p = {.fd = j->fd, .events = POLLOUT};
	struct buf b;

	(void)level;
	buf_init(&b, 4096);
	if (j->fd != STDERR_FILENO)
		put_date(&b);
	put_ident(&b, j, part);
	buf_add(&b, line);
	buf_byte(&b, '\n');
	/* A log that fails, fails; one that blocks is given up. */
	if (sys_poll(&p, 1, clock_now() + SYSLOG_PATIENCE_MS) == 0)
		log_to(NULL, NULL);
	else
		(void)sys_write(j->fd, b.p, b.n);
	buf_free(&b);
}

int
journal_open(struct str where, const char *ident, struct err *e)
{
	char path[1024];

	journal.ident = ident;
	journal.fd = -1;
	if (str_eq(where, STR("syslog"))) {
		log_to(to_syslog, &journal);
		return 0;
	}
	if (str_eq(where, STR("stderr"))) {
		journal.fd = STDERR_FILENO;
		log_to(to_file, &journal);
		return 0;
	}
	if (where.n == 0 || where.p[0] != '/' || where.n >= sizeof(path))
		return err_set(e, ERR_SYNTAX,
		    "log: \"%.*s\" is neither syslog nor stderr nor an "
		    "absolute path",
		    STR_ARG(where));
	memcpy(path, where.p, where.n);
	path[where.n] = '\0';
	journal.fd = sys_open(path,
	    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (journal.fd < 0)
		return err_sys(e, "log: %s", path);
	log_to(to_file, &journal);
	return 0;
}
