/* SPDX-License-Identifier: ISC */
#include "agent/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/netrc.h"
#include "os/command.h"
#include "os/crypto.h"
#include "os/group.h"
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

/* Whose it is, if that can be seen. */
static int
explain_closed(const char *path, struct err *e)
{
	struct stat st;
	char whose[80] = "";

	if (stat(path, &st) == 0)
		(void)snprintf(whose, sizeof(whose),
		    " (mode %04o, of user %lu and group %lu)",
		    (unsigned)st.st_mode & 07777, (unsigned long)st.st_uid,
		    (unsigned long)st.st_gid);
	errno = EACCES;
	/* Never the caller's own: who obeys would show him the secret. */
	if (group_kept())
		return err_sys(e,
		    "%s%s cannot be read by group %s, which sends: chgrp %s "
		    "%s; chmod 0640 %s",
		    path, whose, HANTAR_USER, HANTAR_USER, path, path);
	return err_sys(e,
	    "%s%s cannot be read by user %lu, group %lu, who send: it should "
	    "be of that group and have mode 0640",
	    path, whose, (unsigned long)geteuid(), (unsigned long)getegid());
}

static int
read_file(const char *path, struct buf *out, struct err *e)
{
	/* With the group of a set-group-ID program, if we have it (F-23). */
	int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, 0);
	struct stat st;
	int result = -1;
	ssize_t n;

	if (fd < 0 && errno == EACCES)
		return explain_closed(path, e);
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

/*
 * What a descriptor gives up to its end.  A file is read from its start, as
 * often as is wanted; out of a pipe it comes only once.
 */
static int
read_descriptor(int fd, struct buf *out, int64_t deadline, struct err *e)
{
	while (out->n < out->max) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		size_t room = out->max - out->n;
		ssize_t n = sys_pread(fd, out->p + out->n, room, (off_t)out->n);

		if (n < 0 && errno == ESPIPE) {
			if (sys_poll(&p, 1, deadline) <= 0)
				return err_set(
				    e, ERR_TIMEOUT, "nothing comes out of it");
			n = sys_read(fd, out->p + out->n, room);
		}
		if (n < 0)
			return err_sys(e, "it cannot be read");
		if (n == 0)
			break;
		buf_grew(out, (size_t)n);
	}
	return first_line(out, e);
}

static int
from_path(const char *path, struct buf *out, struct err *e)
{
	if (read_file(path, out, e) < 0)
		return -1;
	return first_line(out, e) < 0 ? err_while(e, "%s", path) : 0;
}

static int
from_credential(struct str name, struct buf *out, struct err *e)
{
	const char *folder = secure_getenv("CREDENTIALS_DIRECTORY");
	struct buf path;
	int result;

	if (folder == NULL)
		return err_set(e, ERR_SYNTAX,
		    "credential %.*s: CREDENTIALS_DIRECTORY is not set; was "
		    "this started by a unit with LoadCredential=%.*s:...?",
		    STR_ARG(name), STR_ARG(name));
	buf_init(&path, 4096);
	buf_printf(&path, "%s/%.*s", folder, STR_ARG(name));
	result = from_path(path.p, out, e);
	buf_free(&path);
	return result;
}

/* The user, too, where the configuration does not say him. */
static int
from_netrc(const char *path, struct secret *s, const struct errand *errand,
    struct err *e)
{
	struct str machine = errand_known_as(errand);
	struct str user = errand->login->user;
	struct str password;
	struct buf *out = &s->given;

	if (read_file(path, out, e) < 0)
		return -1;
	if (!netrc_find(buf_str(out), machine, &user, &password))
		return err_set(e, ERR_SYNTAX,
		    "%s has no password%s%.*s on machine %.*s", path,
		    user.n > 0 ? " of login " : "", STR_ARG(user),
		    STR_ARG(machine));
	buf_add(&s->login, user);
	memmove(out->p, password.p, password.n);
	explicit_bzero(out->p + password.n, out->n - password.n);
	buf_cut(out, password.n);
	return 0;
}

static int
from_command(
    struct str command, struct buf *out, int64_t deadline, struct err *e)
{
	struct str word;

	if (command_output(command, out, deadline, e) == 0 &&
	    first_line(out, e) == 0)
		return 0;
	/* Its arguments are nobody's business. */
	if (str_word(&command, " \t", &word))
		err_while(e, "%.*s", STR_ARG(word));
	return -1;
}

static int
find(struct secret *s, const struct errand *errand, int64_t deadline,
    struct err *e)
{
	const struct login *login = errand->login;
	struct buf *out = &s->given;
	struct pool pool = {0};
	const char *from = pool_c(&pool, login->from);
	int result = 0;

	switch (login->kind) {
	case SECRET_FILE:
		result = from_path(from, out, e);
		break;
	case SECRET_COMMAND:
		result = from_command(login->from, out, deadline, e);
		break;
	case SECRET_DESCRIPTOR:
		result =
		    read_descriptor(login_descriptor(login), out, deadline, e);
		if (result < 0)
			err_while(e, "descriptor %s", from);
		break;
	case SECRET_CREDENTIAL:
		result = from_credential(login->from, out, e);
		break;
	case SECRET_NETRC:
		result = from_netrc(from, s, errand, e);
		break;
	case SECRET_NONE:
	default:
		break;
	}
	pool_free(&pool);
	return result;
}

int
secret_get(struct secret *s, const struct errand *errand, int64_t deadline,
    struct err *e)
{
	const struct login *login = errand->login;

	*s = (struct secret){0};
	buf_init(&s->given, AUTH_SECRET);
	buf_init(&s->login, USER);
	buf_init(&s->user, PREP);
	buf_init(&s->prep, PREP);
	/* All the room that they will ever have: no copy stays behind. */
	(void)buf_room(&s->given, AUTH_SECRET);
	(void)buf_room(&s->prep, PREP);
	if (find(s, errand, deadline, e) < 0)
		return err_while(e, "%s",
		    login->kind == SECRET_COMMAND ? "password-command"
						  : "password-file");
	if (s->login.n == 0)
		buf_add(&s->login, login->user);
	if (s->login.over)
		return err_set(
		    e, ERR_LIMIT, "user: more than %d bytes", (int)USER);
	if (crypto_load(e) < 0)
		return -1;
	prep_sasl(&s->user, buf_str(&s->login));
	prep_sasl(&s->prep, buf_str(&s->given));
	s->who = (struct auth_who){
	    .user = buf_str(&s->login),
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
	buf_free(&s->login);
	buf_free(&s->user);
	s->who = (struct auth_who){0};
}
