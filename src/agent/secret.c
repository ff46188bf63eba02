/* SPDX-License-Identifier: ISC */
#include "agent/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "os/command.h"
#include "os/crypto.h"
#include "os/prep.h"
#include "os/sys.h"

/* NFKC makes more of a character, up to 18 of it. */
enum { USER = 1024, PREP = 18 * USER + AUTH_SECRET };

/* Nobody but its owner and its group has anything to do with it (F-22). */
static int
check_mode(const char *path, const struct stat *st, struct err *e)
{
	unsigned mode = (unsigned)st->st_mode & 07777;

	if (!S_ISREG(st->st_mode))
		return err_set(e, ERR_SYNTAX, "%s is no file", path);
	if (mode & S_IRWXO)
		return err_set(e, ERR_SYNTAX,
		    "%s may be read or written by everybody (mode %04o): "
		    "chmod o= %s",
		    path, mode, path);
	if (mode & S_IWGRP)
		return err_set(e, ERR_SYNTAX,
		    "%s may be written by its group (mode %04o): chmod g-w %s",
		    path, mode, path);
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return err_set(e, ERR_SYNTAX,
		    "%s belongs to user %lu, who is neither root nor the one "
		    "who sends: chown root %s",
		    path, (unsigned long)st->st_uid, path);
	return 0;
}

static int
read_file(const char *path, struct buf *out, struct err *e)
{
	int fd = sys_open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);
	struct stat st;
	int result = -1;
	ssize_t n;

	if (fd < 0 && errno == EACCES)
		return err_sys(e,
		    "%s cannot be read by user %lu, group %lu, who send: it "
		    "should be of that group and have mode 0640",
		    path, (unsigned long)geteuid(), (unsigned long)getegid());
	if (fd < 0)
		return err_sys(e, "%s", path);
	if (sys_fstat(fd, &st) < 0) {
		err_sys(e, "%s", path);
	} else if (check_mode(path, &st, e) == 0) {
		n = sys_read(fd, out->p, out->max);
		if (n < 0)
			err_sys(e, "%s", path);
		else
			buf_grew(out, (size_t)n);
		result = n < 0 ? -1 : 0;
	}
	sys_close(fd);
	return result;
}

/* The first line is the secret. */
static int
first_line(struct buf *b, struct err *e)
{
	size_t n = str_find(buf_str(b), '\n');

	if (n == b->n && n == b->max)
		return err_set(e, ERR_LIMIT, "a password has at most %d bytes",
		    AUTH_SECRET);
	if (n > 0 && b->p[n - 1] == '\r')
		n--;
	if (n == 0)
		return err_set(e, ERR_SYNTAX, "its first line is empty");
	if (str_find(str_slice(buf_str(b), 0, n), '\0') < n)
		return err_set(
		    e, ERR_SYNTAX, "a password cannot have a NUL byte");
	buf_cut(b, n);
	return 0;
}

static int
find(
    struct buf *out, const struct login *login, int64_t deadline, struct err *e)
{
	struct str rest, word;
	const char *from;
	struct pool pool = {0};
	int result = 0;

	switch (login->kind) {
	case SECRET_FILE:
		from = pool_c(&pool, login->from);
		result = read_file(from, out, e);
		if (result == 0 && first_line(out, e) < 0)
			result = err_while(e, "%s", from);
		break;
	case SECRET_COMMAND:
		result = command_output(login->from, out, deadline, e);
		if (result == 0)
			result = first_line(out, e);
		/* Its arguments are nobody's business. */
		rest = login->from;
		if (result < 0 && str_word(&rest, " \t", &word))
			err_while(e, "%.*s", STR_ARG(word));
		break;
	case SECRET_NONE:
	default:
		break;
	}
	pool_free(&pool);
	return result;
}

static const char *
name_of(enum secret_kind kind)
{
	return kind == SECRET_COMMAND ? "password-command" : "password-file";
}

int
secret_get(struct secret *s, const struct errand *errand, int64_t deadline,
    struct err *e)
{
	const struct login *login = errand->login;

	*s = (struct secret){0};
	buf_init(&s->given, AUTH_SECRET);
	buf_init(&s->user, PREP);
	buf_init(&s->prep, PREP);
	/* All the room that they will ever have: no copy stays behind. */
	(void)buf_room(&s->given, AUTH_SECRET);
	(void)buf_room(&s->prep, PREP);
	if (find(&s->given, login, deadline, e) < 0)
		return err_while(e, "%s", name_of(login->kind));
	if (crypto_load(e) < 0)
		return -1;
	prep_sasl(&s->user, login->user);
	prep_sasl(&s->prep, buf_str(&s->given));
	s->who = (struct auth_who){
	    .user = login->user,
	    .secret = buf_str(&s->given),
	    .user_prep = buf_str(&s->user),
	    .secret_prep = buf_str(&s->prep),
	    .host = errand->host,
	    .port = errand->port,
	};
	return 0;
}

void
secret_wipe(struct secret *s)
{
	buf_wipe(&s->given);
	buf_wipe(&s->prep);
	buf_free(&s->user);
	s->who = (struct auth_who){0};
}
