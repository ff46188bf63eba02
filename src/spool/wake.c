/* SPDX-License-Identifier: ISC */
#include "spool/wake.h"

#include <errno.h>
#include <fcntl.h>

#include "os/sys.h"

static const char name[] = "wake";

enum { OFTEN_MS = 60000, OFTEN_BLIND_MS = 5000 };

static int
open_file(const struct store *s)
{
	enum { FLAGS = O_WRONLY | O_NOFOLLOW | O_NONBLOCK };
	int fd = sys_openat(s->dir, name, FLAGS, 0);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	fd = store_make(s, name);
	return fd < 0 && errno == EEXIST ? sys_openat(s->dir, name, FLAGS, 0)
					 : fd;
}

int
wake_touch(const struct store *s, struct err *e)
{
	int fd = open_file(s);
	int result;

	if (fd < 0)
		return err_sys(e, "the file wake of the spool");
	/* Now, not at a time: whose file it is does not matter then. */
	result = sys_futimens(fd, NULL);
	sys_close(fd);
	return result < 0 ? err_sys(e, "the file wake of the spool") : 0;
}

/* When it was touched: zero if it never was. */
static struct timespec
touched(const struct store *s)
{
	struct stat st;

	if (sys_fstatat(s->dir, name, &st) < 0)
		return (struct timespec){0};
	return st.st_mtim;
}

/* Where the watch leads nowhere (any more), a new one. */
static void
add_watch(struct wake *w)
{
	if (w->fd >= 0 && sys_inotify_add(w->fd, w->store->dir, name) < 0) {
		sys_close(w->fd);
		w->fd = -1;
	}
}

void
wake_watch(struct wake *w, const struct store *s)
{
	/* There must be something to watch. */
	sys_close(open_file(s));
	*w = (struct wake){.store = s, .fd = sys_inotify()};
	add_watch(w);
	w->seen = touched(s);
}

void
wake_close(struct wake *w)
{
	sys_close(w->fd);
	w->fd = -1;
}

static bool
drain(const struct wake *w)
{
	char events[4096];
	bool some = false;

	while (w->fd >= 0 && sys_read(w->fd, events, sizeof(events)) > 0)
		some = true;
	return some;
}

bool
wake_news(struct wake *w)
{
	/* Events first: what comes between is then news once more. */
	bool told = drain(w);
	struct timespec now = touched(w->store);
	/* The file may be another one by now. */
	bool other =
	    now.tv_sec != w->seen.tv_sec || now.tv_nsec != w->seen.tv_nsec;

	if (other)
		add_watch(w);
	w->seen = now;
	return told || other;
}

int64_t
wake_often(const struct wake *w)
{
	return w->fd < 0 ? OFTEN_BLIND_MS : OFTEN_MS;
}
