/* SPDX-License-Identifier: ISC */
#include "spool/load.h"

#include <errno.h>

#include "base/buf.h"
#include "os/sys.h"

enum {
	BLOCK = 4096,
	/* Between the end of a run and its event lines, in ms. */
	SLACK = 60000,
};

/* Appends its first `size` octets, as far as there is room; -1 with errno. */
static int
read_file(int fd, off_t size, struct buf *b)
{
	while ((off_t)b->n < size) {
		char *room = buf_room(b, BLOCK);
		ssize_t got;

		if (room == NULL)
			return 0;
		got = sys_pread(fd, room, BLOCK, (off_t)b->n);
		if (got <= 0)
			return (int)got;
		buf_grew(b, (size_t)got);
	}
	return 0;
}

static enum load
check_message(const struct entry *entry, const struct stored *s, struct err *e)
{
	struct stat st;

	if (entry->msg < 0)
		return LOAD_OK;
	if (sys_fstat(entry->msg, &st) < 0) {
		err_sys(e, "%s.msg", entry->id);
		return LOAD_ERROR;
	}
	if (st.st_size >= 0 && (uint64_t)st.st_size == s->size)
		return LOAD_OK;
	err_set(e, ERR_SYNTAX, "%s.msg: %lld octets, and it had %llu",
	    entry->id, (long long)st.st_size, (unsigned long long)s->size);
	return LOAD_BROKEN;
}

/* Something has happened that no event line tells of. */
static void
fill_gap(const struct envelope *env, struct stored *s, int64_t touched)
{
	int64_t known = s->spoke > s->arrived ? s->spoke : s->arrived;

	if (touched <= known + SLACK)
		return;
	for (size_t i = 0; i < env->n; i++)
		if (!mark_final(s->fate[i].mark)) {
			s->fate[i].attempts++;
			s->fate[i].last = touched;
			s->fate[i].next = 0;
		}
}

/* What another has marked may have been for memory alone. */
static enum load
sync_marks(
    const struct entry *entry, size_t n, const struct stored *s, struct err *e)
{
	size_t i = 0;

	while (i < n && s->fate[i].mark == MARK_WAITING)
		i++;
	return i < n && mark_sync(&entry->marks, e) < 0 ? LOAD_ERROR : LOAD_OK;
}

static enum load
load(struct entry *entry, struct str text, const struct stat *st,
    struct pool *p, struct envelope *env, struct stored *s, struct err *e)
{
	env->id = pool_str(p, str_c(entry->id));
	switch (envfile_read(text, p, env, s, e)) {
	case ENVFILE_OK:
		break;
	case ENVFILE_VERSION:
		return LOAD_VERSION;
	case ENVFILE_BROKEN:
		err_while(e, "%s.env", entry->id);
		return LOAD_BROKEN;
	}
	s->uid = (unsigned long)st->st_uid;
	entry->marks.at = s->marks;
	entry->marks.n = env->n;
	if (sync_marks(entry, env->n, s, e) != LOAD_OK)
		return LOAD_ERROR;
	fill_gap(env, s,
	    (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000);
	return check_message(entry, s, e);
}

enum load
entry_load(struct entry *entry, struct pool *p, struct envelope *env,
    struct stored *s, struct err *e)
{
	enum load found = LOAD_ERROR;
	struct stat st;
	struct buf b;

	/* One block more than may be read is too much. */
	buf_init(&b, ENVFILE_MAX + BLOCK);
	if (sys_fstat(entry->env, &st) < 0 ||
	    read_file(entry->env, st.st_size, &b) < 0)
		err_sys(e, "%s.env", entry->id);
	else if (st.st_size <= ENVFILE_MAX && (off_t)b.n < st.st_size)
		/* Nothing can be said of what was not seen. */
		err_set(e, ERR_LIMIT,
		    "%s.env: %zu of its %lld octets were read", entry->id, b.n,
		    (long long)st.st_size);
	else
		found = load(entry, buf_str(&b), &st, p, env, s, e);
	buf_free(&b);
	return found;
}

/*
 * Where the next line is to begin: behind the last whole one.  -1: errno; so
 * it is, too, where less is read than is there: what is not seen is not cut.
 */
static off_t
end_of_lines(int fd)
{
	struct stat st;
	off_t end;

	if (sys_fstat(fd, &st) < 0)
		return -1;
	for (end = st.st_size; end > 0;) {
		char block[256];
		size_t n =
		    end < (off_t)sizeof(block) ? (size_t)end : sizeof(block);
		ssize_t got = sys_pread(fd, block, n, end - (off_t)n);

		if (got < 0)
			return -1;
		if ((size_t)got != n)
			break;
		for (; n > 0; n--, end--)
			if (block[n - 1] == '\n')
				return end;
	}
	errno = EIO;
	return -1;
}

static int
append(int fd, struct str line, struct err *e)
{
	off_t end = end_of_lines(fd);
	ssize_t put;

	if (end < 0 || sys_ftruncate(fd, end) < 0)
		return err_sys(e, "cannot cut off a torn line");
	if ((uint64_t)end + line.n > ENVFILE_MAX)
		return err_set(e, ERR_LIMIT, "too many event lines");
	put = sys_pwrite(fd, line.p, line.n, end);
	if (put == (ssize_t)line.n)
		return 0;
	if (put < 0)
		return err_sys(e, "cannot write an event line");
	(void)sys_ftruncate(fd, end);
	return err_set(e, ERR_LIMIT, "no space for an event line");
}

/*
 * Where there is no line, this is what tells when it was tried.  Only the
 * owner may name the time; of a group that runs the queue any member may say
 * that it is now.
 */
static void
touch(int fd, int64_t when)
{
	const struct timespec to = {
	    .tv_sec = when / 1000,
	    .tv_nsec = when % 1000 * 1000000,
	};

	if (sys_futimens(fd, (const struct timespec[]){to, to}) < 0)
		(void)sys_futimens(fd, NULL);
}

int
entry_event(const struct entry *entry, const struct event *event, struct err *e)
{
	struct buf line;
	int result;

	buf_init(&line, EVENT_LINE);
	event_put(&line, event);
	result = append(entry->env, buf_str(&line), e);
	buf_free(&line);
	touch(entry->env, event->when);
	return result < 0 ? err_while(e, "%s.env", entry->id) : 0;
}

int
entry_doubts(const struct entry *entry, size_t i, unsigned count, struct err *e)
{
	char digit = (char)('0' +
	    (count < ENVFILE_DOUBTS ? count : (unsigned)ENVFILE_DOUBTS));

	if (sys_pwrite(
		entry->env, &digit, 1, envfile_doubts(&entry->marks, i)) == 1)
		return 0;
	return err_sys(e, "%s.env: cannot count a doubt", entry->id);
}
