/* SPDX-License-Identifier: ISC */
/* Who calls, and on which host: with an /etc of the test's own. */
#include "os/user.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/child.h"

static const struct self {
	const char *passwd;
	const char *logname; /* the environment's; NULL: none */
	bool known;
	const char *login, *name, *home;
} selves[] = {
    /* A-19: up to the comma; & is the capitalised login. */
    {"root:x:0:0:& Super-User,Room 1,&:/root:/bin/sh\n", NULL, true, "root",
	"Root Super-User", "/root"},
    {"root:x:0:0: a && b :/root:\n", NULL, true, "root", "a RootRoot b",
	"/root"},
    {"Root:x:0:0:&:/root:\n", NULL, true, "Root", "Root", "/root"},
    {"0ps:x:0:0:the &:/:\n", NULL, true, "0ps", "the 0ps", "/"},
    {"root:x:0:0:,Room 1:/root:\n", NULL, true, "root", "", "/root"},
    {"root:x:0:0::/root:\n", NULL, true, "root", "", "/root"},
    /* A-53: the environment decides between names of the same uid only. */
    {"root:x:0:0:R:/root:\ntoor:x:0:0:T:/t:\nu:x:7:7:U:/u:\n", "toor", true,
	"toor", "T", "/t"},
    {"root:x:0:0:R:/root:\ntoor:x:0:0:T:/t:\nu:x:7:7:U:/u:\n", "u", true,
	"root", "R", "/root"},
    {"root:x:0:0:R:/root:\n", "nobody-at-all", true, "root", "R", "/root"},
    {"root:x:0:0:R:/root:\n", "", true, "root", "R", "/root"},
    /* A-55 */
    {"u:x:7:7:U:/u:\n", NULL, false, "uid0", "", ""},
    {"u:x:7:7:U:/u:\n", "u", false, "uid0", "", ""},
    {"", NULL, false, "uid0", "", ""},
};

static int
be(void *arg)
{
	const struct self *s = arg;
	struct pool p = {0};
	struct user u;

	child_own("/etc");
	child_put("/etc/passwd", s->passwd);
	CHILD_CHECK(unsetenv("LOGNAME") == 0);
	if (s->logname)
		CHILD_CHECK(setenv("LOGNAME", s->logname, 1) == 0);
	user_self(&u, &p);
	CHILD_CHECK(u.uid == 0);
	CHILD_CHECK(u.known == s->known);
	CHILD_CHECK(str_eq(u.login, str_c(s->login)));
	CHILD_CHECK(str_eq(u.name, str_c(s->name)));
	CHILD_CHECK(str_eq(u.home, str_c(s->home)));
	pool_free(&p);
	return 0;
}

static void
who_calls(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(selves) / sizeof(selves[0]); i++) {
		struct self s = selves[i];

		if (child_run(be, &s) != 0)
			fail_msg("%s of \"%s\"", s.login, s.passwd);
	}
}

static const struct home {
	const char *hostname;
	const char *hosts; /* NULL: no such file */
	const char *want;
} homes[] = {
    {"mx.example.org", "192.0.2.1 other.example mx.example.org\n",
	"mx.example.org"},
    {"mx", NULL, "mx"},
    {"mx", "", "mx"},
    {"mx", "192.0.2.1 mx.example.org mx\n", "mx.example.org"},
    {"mx", "127.0.0.1 localhost\n192.0.2.1\tmx.example.org  mx # x\n",
	"mx.example.org"},
    /* The first with a dot, wherever it stands; in any case. */
    {"mx", "192.0.2.1 MX a.example.org b.example.org\r\n", "a.example.org"},
    {"mx", "192.0.2.1 mx.example.org mx", "mx.example.org"},
    /* A comment names nobody, and an address is no name. */
    {"mx", "192.0.2.1 a.example.org # mx\n", "mx"},
    {"mx", "#192.0.2.1 mx.example.org mx\n", "mx"},
    {"mx", "192.0.2.1 mx\n", "mx"},
    /* A line without a dotted name does not end the search. */
    {"mx", "192.0.2.1 mx alias\n192.0.2.2 mx.example.org mx\n",
	"mx.example.org"},
    {"mx", "192.0.2.1 mx2.example.org mx2\n", "mx"},
    {"", "192.0.2.1 mx.example.org mx\n", "localhost"},
};

static int
live(void *arg)
{
	const struct home *h = arg;
	struct pool p = {0};

	child_own("/etc");
	if (h->hosts)
		child_put("/etc/hosts", h->hosts);
	CHILD_CHECK(sethostname(h->hostname, strlen(h->hostname)) == 0);
	CHILD_CHECK(str_eq(user_hostname(&p), str_c(h->want)));
	pool_free(&p);
	return 0;
}

/* Without a question to the network. */
static void
the_name_of_the_host(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++) {
		struct home h = homes[i];

		if (child_run(live, &h) != 0)
			fail_msg("\"%s\" in \"%s\"", h.want,
			    h.hosts ? h.hosts : "nothing");
	}
}

static int
nameless(void *arg)
{
	static const struct refusal refusals[] = {
	    {.call = SYS_uname, .error = EFAULT}};
	struct pool p = {0};

	(void)arg;
	child_refuse(refusals, 1);
	CHILD_CHECK(str_eq(user_hostname(&p), STR("localhost")));
	return 0;
}

static void
a_host_without_a_name(void **state)
{
	(void)state;
	assert_int_equal(child_run(nameless, NULL), 0);
}

static int
mailname(void *arg)
{
	static const char *const texts[][2] = {
	    {"mail.example.org\n", "mail.example.org"},
	    {" mail.example.org \nsecond.example.org\n", "mail.example.org"},
	    {"mail.example.org", "mail.example.org"},
	    {"", ""},
	    {"\nmail.example.org\n", ""},
	};
	struct pool p = {0};

	(void)arg;
	child_own("/etc");
	CHILD_CHECK(user_mailname(&p).n == 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		child_put("/etc/mailname", texts[i][0]);
		CHILD_CHECK(str_eq(user_mailname(&p), str_c(texts[i][1])));
	}
	pool_free(&p);
	return 0;
}

static void
the_name_for_mail(void **state)
{
	(void)state;
	assert_int_equal(child_run(mailname, NULL), 0);
}

static const struct house {
	const char *home; /* the environment's; NULL: none */
	const char *passwd;
	const char *want;
} houses[] = {
    {"/home/me", "root:x:0:0::/root:\n", "/home/me"},
    {"home/me", "root:x:0:0::/root:\n", ""},
    {"", "root:x:0:0::/root:\n", ""},
    {NULL, "root:x:0:0::/root:\n", "/root"},
    {NULL, "root:x:0:0::root:\n", ""},
    {NULL, "u:x:7:7::/u:\n", ""},
};

static int
dwell(void *arg)
{
	const struct house *h = arg;
	struct pool p = {0};

	child_own("/etc");
	child_put("/etc/passwd", h->passwd);
	CHILD_CHECK(unsetenv("HOME") == 0);
	if (h->home)
		CHILD_CHECK(setenv("HOME", h->home, 1) == 0);
	CHILD_CHECK(str_eq(user_home(&p), str_c(h->want)));
	pool_free(&p);
	return 0;
}

/* Where our own files are: nowhere but at an absolute path. */
static void
the_home(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(houses) / sizeof(houses[0]); i++) {
		struct house h = houses[i];

		if (child_run(dwell, &h) != 0)
			fail_msg("\"%s\" of \"%s\"", h.want, h.passwd);
	}
}

static int
serve(void *arg)
{
	(void)arg;
	child_own("/etc");
	child_put("/etc/passwd", "root:x:0:0::/root:\n");
	CHILD_CHECK(user_service() == (uid_t)-1);
	child_put(
	    "/etc/passwd", "root:x:0:0::/root:\n" HANTAR_USER ":x:77:7::/:\n");
	CHILD_CHECK(user_service() == 77);
	return 0;
}

/* Whose a spool of the whole system is, where there is one. */
static void
the_user_of_the_service(void **state)
{
	(void)state;
	assert_int_equal(child_run(serve, NULL), 0);
}

static int
called(void *arg)
{
	struct pool p = {0};

	(void)arg;
	child_own("/etc");
	child_put("/etc/passwd", "u:x:7:8:U:/u:\nv:x:7:9:V:/v:\n");
	child_put("/etc/group", "g:x:8:u\n");
	CHILD_CHECK(str_eq(user_name_of(7, &p), STR("u")));
	CHILD_CHECK(str_eq(user_name_of(4294967294, &p), STR("4294967294")));
	CHILD_CHECK(str_eq(user_group_of(8, &p), STR("g")));
	CHILD_CHECK(str_eq(user_group_of(7, &p), STR("7")));
	pool_free(&p);
	return 0;
}

static void
what_owners_are_called(void **state)
{
	(void)state;
	assert_int_equal(child_run(called, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_calls),
	    cmocka_unit_test(the_name_of_the_host),
	    cmocka_unit_test(a_host_without_a_name),
	    cmocka_unit_test(the_name_for_mail),
	    cmocka_unit_test(the_home),
	    cmocka_unit_test(the_user_of_the_service),
	    cmocka_unit_test(what_owners_are_called),
	};

	return cmocka_run_group_tests_name("user", tests, NULL, NULL);
}
