/* SPDX-License-Identifier: ISC */
#include "delivery/accept.h"

#include <errno.h>
#include <poll.h>
#include <sysexits.h>

#include "base/char.h"
#include "base/log.h"
#include "delivery/unique.h"
#include "mail/stuff.h"
#include "os/file.h"
#include "os/sys.h"

enum {
	BLOCK = 128 * 1024,
	/* The file is written in such, and at multiples of it: so file systems
	 * make large pages of it. */
	WRITTEN = 256 * 1024,
	/* What feeding one block to struct lines may add. */
	GROWTH = 2 * BLOCK + LINES_HELD + 2,
	/* What completing a header adds: a full name is one argument. */
	ADDED_MAX = 1024 * 1024,
	LINE_ADVISED = 998, /* RFC 5322, 2.1.1 */
	HOPS_MAX = 100,	    /* RFC 5321, 6.3 */
	FROM_LOGGED = 300,
};

/* A message on its way in. */
struct intake {
	const struct accept_opts *opts;
	struct envelope *env;
	struct pool *pool;
	struct err *e;
	int in;
	char *block;	 /* what was read last */
	struct str left; /* what of it is not used yet */
	bool some;	 /* a byte has been read */
	bool ended;	 /* there are no more */
	struct lines lines;
	struct head head;
	struct buf line; /* the body's first, when the header is over */
	struct buf out;	 /* in wire form, not written yet */
	int fd;
	bool refuge;	/* fd is not opts->file any more */
	uint64_t size;	/* written */
	uint64_t taken; /* of the input */
	int status;	/* exit status, when something is wrong */
};

static int
wrong(struct intake *t, int status)
{
	t->status = status;
	return -1;
}

/* Waits for more, where the caller gave us a descriptor that does not. */
static ssize_t
read_block(int fd, void *p, size_t n)
{
	ssize_t got;

	while ((got = sys_read(fd, p, n)) < 0 && errno == EAGAIN) {
		struct pollfd in = {.fd = fd, .events = POLLIN};

		if (sys_poll(&in, 1, INT64_MAX) < 0 && errno != EINTR)
			break;
	}
	return got;
}

/* Makes t->left not empty, or sets t->ended. */
static int
more(struct intake *t)
{
	ssize_t got;

	if (t->left.n > 0 || t->ended)
		return 0;
	got = read_block(t->in, t->block, BLOCK);
	if (got < 0) {
		/* What came so far must not pass for the whole (B-44). */
		err_sys(t->e, "reading the message");
		return wrong(t, EX_NOINPUT);
	}
	t->left = str_of(t->block, (size_t)got);
	t->ended = got == 0;
	t->some = t->some || got > 0;
	return 0;
}

static bool
over(const struct intake *t)
{
	return t->ended || t->lines.done;
}

static int
check_size(struct intake *t, uint64_t size)
{
	uint64_t max = t->opts->message_max;

	if (max == 0 || size <= max)
		return 0;
	err_set(t->e, ERR_LIMIT,
	    "the message is larger than %llu octets (max-message)",
	    (unsigned long long)max);
	return wrong(t, EX_DATAERR);
}

/*
 * Moves what there is through the filter, up to a line's end if one_line.
 * The input is bounded, too: of one that is all NULs nothing is written.
 */
static int
feed(struct intake *t, struct buf *out, bool one_line)
{
	size_t before;

	if (more(t) < 0)
		return -1;
	before = t->left.n;
	lines_feed(&t->lines, &t->left, out, one_line);
	t->taken += before - t->left.n;
	if (t->ended)
		lines_end(&t->lines, out);
	return check_size(t, t->taken);
}

/*
 * Reads until t->line is a whole line, or the input is over (it may be empty
 * then).  A line that is larger than all of a header may be is left
 * incomplete: what it is can be told by its start.
 */
static int
read_line(struct intake *t)
{
	buf_clear(&t->line);
	do {
		if (feed(t, &t->line, true) < 0)
			return -1;
	} while (!over(t) && !t->line.over &&
	    t->line.n <= t->opts->header_max &&
	    (t->lines.inside || t->line.n == 0));
	return 0;
}

/* Reads the header; the line that is behind it stays in t->line. */
static int
read_header(struct intake *t)
{
	enum head_said said = HEAD_MORE;

	t->lines.header = true;
	while (said == HEAD_MORE) {
		if (read_line(t) < 0)
			return -1;
		if (t->line.n == 0)
			break;
		said = t->line.over ? HEAD_TOO_LARGE
				    : head_line(&t->head, buf_str(&t->line));
		/* Even of a line that is passed over, all must be here. */
		if (said == HEAD_MORE && t->lines.inside && !over(t))
			said = HEAD_TOO_LARGE;
	}
	t->lines.header = false;
	if (said == HEAD_END)
		buf_clear(&t->line);
	if (said != HEAD_TOO_LARGE)
		return 0;
	err_set(t->e, ERR_LIMIT,
	    "the header is larger than %zu octets (max-header)",
	    t->opts->header_max);
	return wrong(t, EX_DATAERR);
}

static int
too_many(struct intake *t)
{
	err_set(t->e, ERR_LIMIT, "more than %zu recipients (max-recipients)",
	    t->opts->recipients_max);
	return wrong(t, EX_USAGE);
}

/* The addresses of the header, for -t. */
static int
add_from_header(struct intake *t, const struct field *fields, size_t n)
{
	const struct accept_opts *opts = t->opts;
	struct addr *list;
	size_t count;

	if (head_recipients(t->pool, fields, n, opts->recipients_max, &list,
		&count, t->e) < 0)
		return t->e->kind == ERR_LIMIT ? too_many(t)
					       : wrong(t, EX_DATAERR);
	unique_add(t->env, list, count, t->pool);
	if (opts->subtract)
		unique_remove(t->env, opts->operand, opts->operands, t->pool);
	if (t->env->n > 0)
		return 0;
	err_set(
	    t->e, ERR_SYNTAX, "No recipient addresses found in message header");
	return wrong(t, EX_USAGE);
}

/* The address as it stands in a command. */
static struct str
path_of(struct intake *t, const struct addr *a)
{
	struct buf b;
	struct str path;

	buf_init(&b, 1 << 20);
	if (!addr_is_null(a))
		unique_path(&b, a);
	path = pool_str(t->pool, buf_str(&b));
	buf_free(&b);
	return path;
}

static int
fill_envelope(struct intake *t, const struct field *fields, size_t n)
{
	const struct accept_opts *opts = t->opts;
	struct envelope *env = t->env;

	env->n = 0;
	if (!opts->from_header || !opts->subtract)
		unique_add(env, opts->operand, opts->operands, t->pool);
	if (opts->from_header && add_from_header(t, fields, n) < 0)
		return -1;
	if (env->n > opts->recipients_max)
		return too_many(t);
	for (size_t i = 0; i < env->n; i++)
		env->rcpt[i].path = path_of(t, &env->rcpt[i].addr);
	env->from = path_of(t, &env->sender);
	return 0;
}

/* A host that it passes puts a field on top; too many have (G-33). */
static bool
is_circling(struct intake *t, const struct field *fields, size_t n)
{
	const struct status circle = status_own(BLAME_MESSAGE, "5.4.6",
	    STR("more than 100 Received fields: it goes in a circle"));
	size_t hops = 0;

	for (size_t i = 0; i < n; i++)
		hops += str_ieq(fields[i].name, STR("Received"));
	for (size_t i = 0; hops > HOPS_MAX && i < t->env->n; i++)
		t->env->rcpt[i].status = circle;
	return hops > HOPS_MAX;
}

/* The value of a field of the header as it is sent. */
static struct str
completed(struct intake *t, struct str name)
{
	struct head done = {.text = t->out};
	struct field *fields;
	const struct field *f;
	size_t n;

	head_fields(t->pool, &done, &fields, &n);
	f = head_find(fields, n, name, 0);
	return f ? pool_str(t->pool, str_trim(f->value)) : STR_NONE;
}

/* Whoever looks for a message finds it by what it was. */
static void
log_from(struct intake *t, const struct field *fields, size_t n)
{
	const struct field *f = head_find(fields, n, STR("From"), 0);

	if (f && t->opts->complete.from &&
	    !str_eq(str_trim(f->value), completed(t, STR("From"))))
		log_event(LOG_LEVEL_INFO, "cleanup",
		    "%.*s: rewritten From: %.*s", STR_ARG(t->env->id),
		    STR_ARG(str_trim(str_slice(f->value, 0, FROM_LOGGED))));
}

/* What the spool's file has so far goes to a file without a name. */
static int
take_refuge(struct intake *t)
{
	char *room = buf_block(BLOCK);
	int fd = file_nameless(t->e);
	uint64_t at = 0;

	while (fd >= 0 && at < t->size) {
		uint64_t left = t->size - at;
		size_t n = left < BLOCK ? (size_t)left : BLOCK;
		ssize_t got = sys_pread(t->fd, room, n, (off_t)at);

		if (got > 0 &&
		    file_write(fd, str_of(room, (size_t)got), t->e) == 0) {
			at += (uint64_t)got;
			continue;
		}
		if (got <= 0)
			err_sys(t->e, "reading it back");
		sys_close(fd);
		fd = -1;
	}
	buf_block_free(room);
	if (fd < 0)
		return -1;
	t->fd = fd;
	t->refuge = true;
	return 0;
}

/* Others need the disk, too: no message is so large that it may fill it. */
static bool
has_room(const struct intake *t)
{
	const struct accept_opts *o = t->opts;

	return o->store == NULL || t->refuge ||
	    store_room(o->store, o->room, 0, t->e) == 0;
}

static int
write_out(struct intake *t, size_t n)
{
	struct str s = str_slice(buf_str(&t->out), 0, n);

	if (has_room(t) && file_write(t->fd, s, t->e) == 0)
		return 0;
	if (t->opts->file == NULL || !t->opts->refuge || t->refuge)
		return -1;
	log_event(LOG_LEVEL_WARNING, "pickup",
	    "%.*s: the spool: %s: it goes on without", STR_ARG(t->env->id),
	    t->e->text);
	return take_refuge(t) < 0 ? -1 : file_write(t->fd, s, t->e);
}

/* Writes out the first n octets of t->out. */
static int
flush(struct intake *t, size_t n)
{
	if (t->out.over) {
		err_set(t->e, ERR_LIMIT, "too much to add to the header");
		return wrong(t, EX_DATAERR);
	}
	if (check_size(t, t->size + n) < 0)
		return -1;
	if (write_out(t, n) < 0) {
		err_while(t->e, "temporary file");
		return wrong(t, EX_IOERR);
	}
	t->size += n;
	buf_shift(&t->out, n);
	return 0;
}

static int
copy_body(struct intake *t)
{
	/* What is longer than what has come may be long. */
	if (!over(t))
		file_widen(t->in);
	buf_add(&t->out, STR("\r\n"));
	head_body_line(&t->out, buf_str(&t->line));
	while (!over(t)) {
		if (feed(t, &t->out, false) < 0)
			return -1;
		if (t->out.n >= WRITTEN &&
		    flush(t, t->out.n - t->out.n % WRITTEN) < 0)
			return -1;
	}
	return flush(t, t->out.n);
}

/* What the sender may want to know of; all of it is also in the manual. */
static int
look_back(struct intake *t)
{
	const struct lines *l = &t->lines;
	struct str id = t->env->id;

	if (!t->some && t->opts->refuse_empty) {
		err_set(t->e, ERR_SYNTAX, "there is no message (empty-input)");
		return wrong(t, EX_DATAERR);
	}
	if (l->nuls > 0 && t->opts->strict) {
		err_set(t->e, ERR_SYNTAX,
		    "%llu NUL bytes in the message (strict-input)",
		    (unsigned long long)l->nuls);
		return wrong(t, EX_DATAERR);
	}
	if (l->nuls > 0)
		log_event(LOG_LEVEL_WARNING, "cleanup",
		    "%.*s: warning: %llu NUL bytes removed", STR_ARG(id),
		    (unsigned long long)l->nuls);
	if (l->longest > LINE_ADVISED)
		log_event(LOG_LEVEL_WARNING, "cleanup",
		    "%.*s: warning: a line of %zu octets is sent as it is",
		    STR_ARG(id), l->longest);
	if (l->done && t->left.n > 0)
		log_event(LOG_LEVEL_WARNING, "cleanup",
		    "%.*s: warning: a lone dot ended the message, and what "
		    "followed was ignored (see -i)",
		    STR_ARG(id));
	return 0;
}

/* Fields of which there may be but one are sent as they are (B-43). */
static int
look_over(struct intake *t, const struct field *fields, size_t n)
{
	static const char *const single[] = {"From", "Sender", "To", "Cc",
	    "Date", "Subject", "Message-ID", NULL};

	for (const char *const *name = single; *name; name++) {
		if (head_find(fields, n, str_c(*name), 1) == NULL)
			continue;
		if (t->opts->strict) {
			err_set(t->e, ERR_SYNTAX,
			    "more than one %s field (strict-input)", *name);
			return wrong(t, EX_DATAERR);
		}
		log_event(LOG_LEVEL_WARNING, "cleanup",
		    "%.*s: warning: more than one %s field",
		    STR_ARG(t->env->id), *name);
	}
	return 0;
}

static int
take(struct intake *t, struct accepted *a)
{
	struct field *fields;
	size_t n;
	bool high = false;

	if (read_header(t) < 0)
		return -1;
	head_fields(t->pool, &t->head, &fields, &n);
	if (fill_envelope(t, fields, n) < 0)
		return -1;
	if (look_over(t, fields, n) < 0)
		return -1;
	a->circling = is_circling(t, fields, n);
	complete_header(&t->out, fields, n, &t->opts->complete);
	a->message_id = completed(t, STR("Message-ID"));
	log_from(t, fields, n);
	for (size_t i = 0; i < t->out.n; i++)
		high = high || char_is_high(t->out.p[i]);
	t->fd = t->opts->file ? *t->opts->file : file_nameless(t->e);
	if (t->fd < 0)
		return wrong(t, EX_CANTCREAT);
	if (copy_body(t) < 0 || look_back(t) < 0)
		return -1;
	a->content = (struct content){
	    .fd = t->fd,
	    .size = t->size,
	    .eightbit = high || t->lines.high,
	};
	return 0;
}

int
accept_message(int in, const struct accept_opts *opts, struct envelope *env,
    struct accepted *a, struct pool *p, int *exit_status, struct err *e)
{
	struct intake t = {
	    .opts = opts,
	    .env = env,
	    .pool = p,
	    .e = e,
	    .in = in,
	    .fd = -1,
	    .lines = {.dots_are_data = opts->dots_are_data},
	};
	int result;

	t.block = buf_block(BLOCK);
	buf_init(&t.line, opts->header_max + GROWTH);
	/* The whole header, a first line as large, which may be half CRs that
	 * become CRLFs, and a block. */
	buf_init(&t.out, 3 * (opts->header_max + GROWTH) + ADDED_MAX);
	head_init(&t.head, opts->header_max);
	result = take(&t, a);
	if (result < 0) {
		if (opts->file == NULL || t.refuge)
			sys_close(t.fd);
		*exit_status = t.status;
	}
	head_free(&t.head);
	buf_free(&t.out);
	buf_free(&t.line);
	buf_block_free(t.block);
	return result;
}
