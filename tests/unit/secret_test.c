/* SPDX-License-Identifier: ISC */
/* agent/secret, os/command: where secrets come from, and what is wrong then. */
#include "agent/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/folder.h"
#include "base/clock.h"
#include "os/command.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { PATIENCE_MS = 20000 };

/* The secret, or the error; until the next call. */
static const char *
secret_of(enum secret_kind kind, const char *from)
{
	static char text[AUTH_SECRET + 1];
	struct login login = {
	    .user = STR("user"), .kind = kind, .from = str_c(from)};
	struct errand errand = {.host = STR("h"), .port = 25, .login = &login};
	struct secret s;
	struct err e;

	if (secret_get(&s, &errand, clock_now() + PATIENCE_MS, &e) == 0)
		memcpy(text, s.who.secret.p, s.who.secret.n + 1);
	else
		memcpy(text, e.text, strlen(e.text) + 1);
	secret_wipe(&s);
	return text;
}

static const struct {
	const char *title, *content;
	mode_t mode;
	const char *what; /* the secret, or a part of the error */
} files[] = {
    {"F-22: a line", "secret\n", 0600, "secret"},
    {"F-22: its group may read it", "secret\n", 0640, "secret"},
    {"F-22: its owner may only read it", "secret\n", 0400, "secret"},
    {"F-22: no end of the line", "secret", 0600, "secret"},
    {"F-22: CRLF", "secret\r\n", 0600, "secret"},
    {"F-22: the first line", "secret\nother\n", 0600, "secret"},
    {"F-22: blanks belong to it", " se cret \n", 0600, " se cret "},
    {"F-22: bytes of any kind", "\xff\x01\n", 0600, "\xff\x01"},
    {"F-22: empty", "", 0600, "first line is empty"},
    {"F-22: an empty line", "\nsecret\n", 0600, "first line is empty"},
    {"F-22: everybody may read it", "secret\n", 0644, "chmod o= "},
    {"F-22: everybody may write it", "secret\n", 0602, "chmod o= "},
    {"F-22: the group may write it", "secret\n", 0660, "chmod g-w "},
};

static void
secrets_in_files(void **state)
{
	struct folder f;
	char path[200];

	(void)state;
	folder_make(&f);
	(void)snprintf(path, sizeof(path), "%s/secret", f.path);
	for (size_t i = 0; i < COUNT(files); i++) {
		const char *what;

		folder_put(&f, "secret", files[i].content);
		assert_int_equal(chmod(path, files[i].mode), 0);
		what = secret_of(SECRET_FILE, path);
		if (strstr(what, files[i].what) == NULL ||
		    (strcmp(what, files[i].what) != 0 &&
			strstr(what, "password-file: ") != what))
			fail_msg("%s: %s", files[i].title, what);
		/* Whoever sees the error must not see the secret. */
		if (strcmp(what, files[i].what) != 0)
			assert_null(strstr(what, "secret\n"));
	}
	folder_remove(&f);
}

static void
files_that_are_none(void **state)
{
	struct folder f;
	char path[200];

	(void)state;
	folder_make(&f);
	assert_non_null(strstr(secret_of(SECRET_FILE, f.path), "is no file"));
	(void)snprintf(path, sizeof(path), "%s/absent", f.path);
	assert_non_null(
	    strstr(secret_of(SECRET_FILE, path), "No such file or directory"));
	/* Nobody is waited for who might write into it. */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_non_null(strstr(secret_of(SECRET_FILE, path), "is no file"));
	folder_remove(&f);
}

/* F-09: tokens are long; there is an end. */
static void
long_secrets(void **state)
{
	static const size_t sizes[] = {5000, AUTH_SECRET - 1, AUTH_SECRET};
	struct folder f;
	char path[200];

	(void)state;
	folder_make(&f);
	(void)snprintf(path, sizeof(path), "%s/secret", f.path);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		char *text = calloc(sizes[i] + 1, 1);
		const char *what;

		assert_non_null(text);
		memset(text, 'x', sizes[i]);
		folder_put(&f, "secret", text);
		assert_int_equal(chmod(path, 0600), 0);
		what = secret_of(SECRET_FILE, path);
		if (sizes[i] < AUTH_SECRET)
			assert_string_equal(what, text);
		else
			assert_non_null(strstr(what, "at most 65536 bytes"));
		free(text);
	}
	folder_remove(&f);
}

static const struct {
	const char *title, *command, *what;
} commands[] = {
    {"F-22", "echo secret", "secret"},
    {"F-22: words, no shell", "echo $HOME  ;\tid", "$HOME ; id"},
    {"F-22: it fails, whatever it says", "false", "failed with status 1"},
    {"F-22: it says nothing", "true", "first line is empty"},
    {"F-22: there is none", "/nonexistent/program", "no such program"},
    {"F-22: a folder", "/", "no such program"},
    {"F-22: no words", " ", "has no words"},
    {"F-22: it says too much", "yes", "more than 65536 bytes"},
    {"F-22: what is a secret there stays one", "false hunter2",
	"password-command: false: it failed with status 1"},
};

static void
secrets_from_commands(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(commands); i++) {
		const char *what =
		    secret_of(SECRET_COMMAND, commands[i].command);

		if (strstr(what, commands[i].what) == NULL ||
		    strstr(what, "hunter2") != NULL)
			fail_msg("%s: %s", commands[i].title, what);
	}
}

/* F-22: one that hangs, or that leaves the pipe to somebody who does. */
static void
commands_that_hang(void **state)
{
	static const char *const hang[] = {"sleep 1000", "tail -f /dev/null"};

	(void)state;
	for (size_t i = 0; i < COUNT(hang); i++) {
		struct buf out;
		struct err e;

		buf_init(&out, 100);
		assert_int_equal(
		    command_output(str_c(hang[i]), &out, clock_now() + 50, &e),
		    -1);
		assert_int_equal(e.kind, ERR_TIMEOUT);
		buf_free(&out);
	}
}

/* F-22: a file as often as is wanted; a pipe up to its end, once. */
static void
secrets_from_descriptors(void **state)
{
	char number[16];
	FILE *f = tmpfile();
	int ends[2];

	(void)state;
	assert_non_null(f);
	assert_int_equal(write(fileno(f), "secret\nmore\n", 12), 12);
	(void)snprintf(number, sizeof(number), "%d", fileno(f));
	for (size_t i = 0; i < 2; i++)
		assert_string_equal(
		    secret_of(SECRET_DESCRIPTOR, number), "secret");
	(void)fclose(f);
	assert_non_null(strstr(secret_of(SECRET_DESCRIPTOR, number),
	    "it cannot be read: Bad file descriptor"));
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "sec", 3), 3);
	assert_int_equal(write(ends[1], "ret", 3), 3);
	(void)close(ends[1]);
	(void)snprintf(number, sizeof(number), "%d", ends[0]);
	assert_string_equal(secret_of(SECRET_DESCRIPTOR, number), "secret");
	assert_non_null(
	    strstr(secret_of(SECRET_DESCRIPTOR, number), "line is empty"));
	(void)close(ends[0]);
}

/* F-22: systemd.exec(5), LoadCredential=. */
static void
credentials(void **state)
{
	struct folder f;

	(void)state;
	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	assert_non_null(strstr(
	    secret_of(SECRET_CREDENTIAL, "relay"), "LoadCredential=relay:"));
	folder_make(&f);
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", f.path, 1), 0);
	assert_non_null(
	    strstr(secret_of(SECRET_CREDENTIAL, "relay"), "No such file"));
	folder_put(&f, "relay", "secret\n");
	assert_string_equal(secret_of(SECRET_CREDENTIAL, "relay"), "secret");
	folder_remove(&f);
}

static const struct {
	const char *text, *password;
} netrcs[] = {
    {"machine h login user password secret", "secret"},
    {"machine H\n\tlogin user\n\tpassword secret\n", "secret"},
    {"machine h password secret login user", "secret"},
    {"machine h login user password \"two words\"\n", "two words"},
    {"machine h login user account x password secret", "secret"},
    {"machine other login user password no\n"
     "machine h login user password secret\n",
	"secret"},
    {"machine h login other password no\nmachine h login user password "
     "secret",
	"secret"},
    {"default login user password secret", "secret"},
    {"machine h login user password secret\ndefault login user password no",
	"secret"},
    {"# machine h login user password no\nmachine h login user password "
     "secret",
	"secret"},
    {"macdef x\nmachine h login user password no\n\nmachine h login user "
     "password secret",
	"secret"},
    {"machine h login other password no", ""},
    {"machine other login user password no", ""},
    {"machine h login user password", ""},
    {"machine h login user", ""},
    {"machine", ""},
    {"machine h login \"user", ""},
    {"", ""},
};

static void
netrc(void **state)
{
	struct folder f;
	char path[200];

	(void)state;
	folder_make(&f);
	(void)snprintf(path, sizeof(path), "%s/netrc", f.path);
	for (size_t i = 0; i < COUNT(netrcs); i++) {
		const char *what;

		folder_put(&f, "netrc", netrcs[i].text);
		what = secret_of(SECRET_NETRC, path);
		if (netrcs[i].password[0] == '\0')
			assert_non_null(strstr(what,
			    "has no password of login user on machine h"));
		else
			assert_string_equal(what, netrcs[i].password);
	}
	assert_int_equal(chmod(path, 0644), 0);
	assert_non_null(strstr(secret_of(SECRET_NETRC, path), "chmod o="));
	folder_remove(&f);
}

/* F-22: a netrc says who one is, too. */
static void
netrc_with_the_user(void **state)
{
	struct login login = {.kind = SECRET_NETRC};
	struct errand errand = {.host = STR("h"), .login = &login};
	struct folder f;
	char path[200];
	struct secret s;
	struct err e;

	(void)state;
	folder_make(&f);
	(void)snprintf(path, sizeof(path), "%s/netrc", f.path);
	login.from = str_c(path);
	folder_put(&f, "netrc",
	    "machine x login no password no\nmachine h login me password yes "
	    "machine h login other password other");
	assert_int_equal(secret_get(&s, &errand, INT64_MAX, &e), 0);
	assert_true(str_eq(s.who.user, STR("me")));
	assert_true(str_eq(s.who.user_prep, STR("me")));
	assert_true(str_eq(s.who.secret, STR("yes")));
	secret_wipe(&s);
	folder_remove(&f);
}

/* F-17: there is none, and none is looked for. */
static void
no_secret(void **state)
{
	(void)state;
	assert_string_equal(secret_of(SECRET_NONE, ""), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(secrets_in_files),
	    cmocka_unit_test(files_that_are_none),
	    cmocka_unit_test(long_secrets),
	    cmocka_unit_test(secrets_from_commands),
	    cmocka_unit_test(commands_that_hang),
	    cmocka_unit_test(secrets_from_descriptors),
	    cmocka_unit_test(credentials),
	    cmocka_unit_test(netrc),
	    cmocka_unit_test(netrc_with_the_user),
	    cmocka_unit_test(no_secret),
	};

	return cmocka_run_group_tests_name("agent/secret", tests, NULL, NULL);
}
