/* SPDX-License-Identifier: ISC */
/* The configuration: every key, every form of value, every error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/conf_file.h"
#include "cli/keys.h"

static struct pool pool;

static int
start(void **state)
{
	(void)state;
	pool = (struct pool){0};
	return 0;
}

static int
end(void **state)
{
	(void)state;
	pool_free(&pool);
	return 0;
}

static void
print(struct buf *b, struct conf *c)
{
	buf_init(b, 1 << 16);
	conf_print(b, c);
	assert_false(b->over);
}

static void
printed_is_read_back(void **state)
{
	static const char text[] =
	    "\xef\xbb\xbfhostname = a.example\nmailname=b.example\n"
	    "helo = [192.0.2.1]\n"
	    "  log =  /var/log/a file \n\n# comment\nmax-header = 64k\n"
	    "rcpt-timeout = 90\ndot-timeout=1500ms\nquit-timeout = 1d\n"
	    "nameserver = [::1]:5353\r\nerrors = w\nignore-dots = TRUE\n"
	    "delivery = q\ntls = none\nmax-message = 3G\n"
	    "[route \"B\xc3\xbc"
	    "cher.example\"]\n [ route  \".x.example\" ]\n"
	    "tls=may\n[route \"*\"]\ntls = default\n";
	struct conf a;
	struct conf b;
	struct buf once;
	struct buf twice;
	struct err e;

	(void)state;
	conf_default(&a, &pool);
	assert_int_equal(conf_parse(&a, str_c(text), "x", &pool, &e), 0);
	assert_int_equal(a.wait[WAIT_RCPT], 90000);
	assert_int_equal(a.wait[WAIT_DOT], 1500);
	assert_int_equal(a.wait[WAIT_QUIT], 86400000);
	assert_int_equal(a.max_header, 65536);
	assert_int_equal(a.max_message, (int64_t)3 << 30);
	assert_int_equal(a.errors, ERRORS_MAIL);
	assert_int_equal(a.delivery, DELIVERY_QUEUE);
	assert_int_equal(a.ignore_dots, 1);
	assert_string_equal(a.log.p, "/var/log/a file");
	assert_int_equal(a.routes_n, 3);
	assert_string_equal(a.routes[0].head.name.p, "xn--bcher-kva.example");
	assert_string_equal(a.routes[1].head.name.p, ".x.example");
	assert_int_equal(a.routes[1].tls.level, TLS_LEVEL_MAY);
	print(&once, &a);
	conf_default(&b, &pool);
	assert_int_equal(
	    conf_parse(&b, buf_str(&once), "printed", &pool, &e), 0);
	print(&twice, &b);
	assert_string_equal(once.p, twice.p);
	assert_non_null(strstr(once.p, "\ndot-timeout = 1500ms\n"));
	assert_non_null(strstr(once.p, "\nrcpt-timeout = 90s\n"));
	assert_non_null(strstr(once.p, "\nmax-header = 64k\n"));
	assert_non_null(strstr(once.p, "\ndelivery = queue\n"));
	buf_free(&once);
	buf_free(&twice);
}

static void
every_default_is_in_its_normal_form(void **state)
{
	struct conf c;
	struct conf_relay relay = {0};
	struct conf_route route = {0};
	const struct conf_scope scopes[CONF_SECTIONS] = {
	    {CONF_MAIN, &c}, {CONF_RELAY, &relay}, {CONF_ROUTE, &route}};
	struct buf b;

	(void)state;
	conf_default(&c, &pool);
	keys_default(scopes[CONF_RELAY], &pool);
	keys_default(scopes[CONF_ROUTE], &pool);
	buf_init(&b, 1000);
	for (size_t i = 0; i < conf_keys_n; i++) {
		const struct conf_key *k = &conf_keys[i];

		assert_true(k->in > 0 && k->in < IN(CONF_SECTIONS));
		assert_true(strlen(k->doc) > 10);
		for (int s = 0; s < CONF_SECTIONS; s++) {
			if (!(k->in & IN(s)))
				continue;
			buf_clear(&b);
			keys_write(&b, k, scopes[s]);
			assert_string_equal(b.p, k->standard);
			assert_int_equal(
			    keys_find((enum conf_section)s, str_c(k->name)), i);
		}
	}
	buf_free(&b);
}

static const struct {
	const char *key, *value, *error;
} bad[] = {
    {"hostnam", "x", "\"hostname\""},
    {"HOSTNAME", "x", "\"hostname\""},
    {"", "x", "hantar.conf(5)"},
    {"mailhub", "x", "hantar.conf(5)"},
    {"hostname", "a b", "hostname: "},
    {"hostname", "a..b", "hostname: "},
    {"hostname", "a\nb", "hostname: a control character"},
    {"helo", "[1.2", "helo: "},
    {"sender", "a@b, c@d", "sender: "},
    {"log", "relative/path", "log: "},
    {"log", "", "log: "},
    {"nameserver", "ns.example", "nameserver: "},
    {"nameserver", "192.0.2.1:", "nameserver: "},
    {"nameserver", "192.0.2.1:99999", "nameserver: "},
    {"nameserver", "[::1", "nameserver: "},
    {"smtp-port", "0", "1 to 65535"},
    {"smtp-port", "65536", "1 to 65535"},
    {"smtp-port", "25x", "a number"},
    {"smtp-port", "", "a number"},
    {"smtp-port", "-1", "a number"},
    {"rcpt-timeout", "0", "1ms to 1d"},
    {"rcpt-timeout", "2d", "1ms to 1d"},
    {"rcpt-timeout", "5 m", "a time"},
    {"rcpt-timeout", "m", "a time"},
    {"rcpt-timeout", "99999999999999999999", "a time"},
    {"rcpt-timeout", "9223372036854775807h", "a time"},
    {"max-message", "1T", "a size"},
    {"max-message", "9223372036854775807G", "a size"},
    {"max-header", "1k", "64k to 1G"},
    {"max-recipients", "99", "100 to"},
    {"tls", "maybe", "none of: default, none, may"},
    {"tls", "", "none of: default, none, may"},
    {"relay", "a..b", "relay: "},
    {"null-client", "maybe", "none of: yes, no"},
    {"tls-fingerprint", "00", "no SHA-256"},
    {"tls-fingerprint", "0:0", "no SHA-256"},
    {"delivery", "x", "none of: foreground, background, queue"},
    {"spool", "spool", "no absolute path"},
    {"spool", "", "neither none nor a path"},
};

static void
bad_values_are_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct conf c;
		struct err e = {0};

		conf_default(&c, &pool);
		if (conf_set(&c, str_c(bad[i].key), str_c(bad[i].value), &pool,
			&e) == 0)
			fail_msg("%s = %s", bad[i].key, bad[i].value);
		if (strstr(e.text, bad[i].error) == NULL)
			fail_msg(
			    "%s = %s: %s", bad[i].key, bad[i].value, e.text);
	}
}

static const struct {
	const char *text, *error;
} wrong_files[] = {
    {"hostname = a\nmailnam = b\n", "f:2: "},
    {"\n\nhostname\n", "f:3: not of the form"},
    {"[relais \"x\"]\n", "f:1: no section is called \"relais\""},
    {"[]\n", "f:1: a section begins"},
    {"[route]\n", "f:1: a section begins"},
    {"[route x.example]\n", "f:1: a section begins"},
    {"[route \"x.example]\n", "f:1: a section begins"},
    {"[route \"x.example\"\n", "f:1: a section begins"},
    {"[route \"\"]\n", "f:1: a name has"},
    {"[route \"a b\"]\n", "f:1: a name has"},
    {"[route \"a..b\"]\n", "f:1: "},
    {"[route \"[192.0.2.1]\"]\n", "f:1: "},
    {"[route \"x\"]\n[route \"y\"]\n\n[route \"x\"]\n",
	"f:4: this section was on line 1"},
    {"[relay \"a\"]\nfrom = example.org\n",
	"f:2: from: \"example.org\" is neither an address nor @"},
    {"[relay \"a\"]\nfrom = @a..b\n", "f:2: from: "},
    {"[relay \"a\"]\nfrom = a b@x\n", "f:2: from: "},
    {"[relay \"a,b\"]\n", "f:1: the name of a relay has letters"},
    {"[relay \"none\"]\n", "f:1: no relay can be called that"},
    {"host = x\n", "f:1: \"host\" stands in sections [relay \"...\"] only"},
    {"[route \"x\"]\ntls = may\ntls = may\n", "f:3: tls was set on line 2"},
    {"[route \"x\"]\nhostname = y\n",
	"f:2: \"hostname\" is no key of a section [route]: it stands before"},
    {"[route \"x\"]\ntlss = may\n",
	"f:2: no key of a section [route] is called \"tlss\"; the nearest is "
	"\"tls\""},
    {"[route \"x\"]\ntls = maybe\n", "f:2: tls: "},
    {"tls = may\n#\ntls = none\n", "f:3: tls was set on line 1"},
    {"= x\n", "f:1: no key"},
    {"tls = none\nhelo = a\x01b\n", "f:2: helo: a control"},
    {"relay = a # the hub\n", "f:1: a comment has a line of its own: relay: "},
    {"tls = may\t# or so\n", "f:1: a comment has a line of its own: tls: "},
    {"relay = a#b\n", "f:1: relay: \"a#b\": a domain name cannot hold"},
    {"tls = none\n\xef\xbb\xbfhelo = a\n", "f:2: no key"},
};

static void
errors_name_file_and_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong_files) / sizeof(*wrong_files);
	     i++) {
		struct conf c;
		struct err e = {0};

		conf_default(&c, &pool);
		assert_int_equal(
		    conf_parse(&c, str_c(wrong_files[i].text), "f", &pool, &e),
		    -1);
		if (strncmp(e.text, wrong_files[i].error,
			strlen(wrong_files[i].error)) != 0)
			fail_msg("%s: %s", wrong_files[i].text, e.text);
	}
}

static void
option(struct conf *c, const char *key, const char *value, int result)
{
	struct err e;

	assert_int_equal(
	    conf_option(c, str_c(key), str_c(value), &pool, &e), result);
}

static void
names_of_sendmail(void **state)
{
	struct conf c;

	(void)state;
	conf_default(&c, &pool);
	option(&c, "DeliveryMode", "background", 0);
	assert_int_equal(c.delivery, DELIVERY_BACKGROUND);
	option(&c, "deliverymode", "q", 0);
	assert_int_equal(c.delivery, DELIVERY_QUEUE);
	option(&c, "DELIVERYMODE", "interactive", 0);
	assert_int_equal(c.delivery, DELIVERY_FOREGROUND);
	option(&c, "ErrorMode", "e", 0);
	assert_int_equal(c.errors, ERRORS_MAIL_ONLY);
	option(&c, "IgnoreDots", "True", 0);
	assert_int_equal(c.ignore_dots, 1);
	option(&c, "Timeout.iconnect", "1s", 0);
	option(&c, "QueueDirectory", "/tmp", 0);
	option(&c, "DeliveryMode", "x", -1);
	option(&c, "ErrorMode", "", -1);
	option(&c, "timeout", "1s", -1);
	option(&c, "", "1", -1);
	option(&c, "tls", "none", 0);
	assert_int_equal(c.tls.level, TLS_LEVEL_NONE);
}

static void
write_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void
files(void **state)
{
	char folder[] = "/tmp/conf_testXXXXXX";
	char path[64];
	struct conf c;
	struct err e;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/x.conf", folder);
	conf_default(&c, &pool);
	assert_int_equal(conf_read(&c, path, true, &pool, &e), -1);
	assert_int_equal(conf_read(&c, folder, true, &pool, &e), -1);
	write_file(path, "tls = none\n", 0600);
	assert_int_equal(conf_read(&c, path, false, &pool, &e), 0);
	assert_int_equal(c.tls.level, TLS_LEVEL_NONE);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(conf_read(&c, path, false, &pool, &e), -1);
	assert_non_null(strstr(e.text, "everybody may write"));
	assert_int_equal(conf_read(&c, path, true, &pool, &e), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

/* What is not called *.conf, or is hidden, is an editor's. */
static void
a_folder_of_packagers(void **state)
{
	char home[] = "/tmp/conf_testXXXXXX";
	char path[100];
	struct conf c;
	struct err e;
	static const struct {
		const char *name, *text;
	} files[] = {
	    {"hantar.conf.d/10-b.conf",
		"tls = none\nhelo = b.example\n[route \"x\"]\ntls = may\n"},
	    {"hantar.conf.d/2-a.conf", "tls = may\nhelo = a.example\n"},
	    {"hantar.conf.d/a.conf~", "no = key\n"},
	    {"hantar.conf.d/.a.conf", "no = key\n"},
	    {"hantar.conf", "helo = c.example\n[route \"x\"]\ntls = none\n"},
	};
	enum { FILES = sizeof(files) / sizeof(files[0]) };

	(void)state;
	if (geteuid() == 0 && seteuid(12345) < 0)
		fail();
	assert_non_null(mkdtemp(home));
	assert_int_equal(setenv("XDG_CONFIG_HOME", home, 1), 0);
	(void)snprintf(path, sizeof(path), "%s/hantar", home);
	assert_int_equal(mkdir(path, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/hantar/hantar.conf.d", home);
	assert_int_equal(mkdir(path, 0755), 0);
	for (size_t i = 0; i < FILES; i++) {
		(void)snprintf(
		    path, sizeof(path), "%s/hantar/%s", home, files[i].name);
		write_file(path, files[i].text, 0644);
		conf_default(&c, &pool);
		assert_int_equal(conf_load(&c, NULL, STR(""), &pool, &e), 0);
		if (i == 0 || i == 3)
			assert_string_equal(
			    c.helo.p, i ? "a.example" : "b.example");
	}
	assert_string_equal(c.helo.p, "c.example");
	assert_int_equal(c.tls.level, TLS_LEVEL_MAY);
	assert_int_equal(c.routes_n, 1);
	assert_int_equal(c.routes[0].tls.level, TLS_LEVEL_NONE);
	write_file(path, "", 0666);
	assert_int_equal(conf_load(&c, NULL, STR(""), &pool, &e), -1);
	assert_non_null(strstr(e.text, "hantar.conf: everybody may write"));
	(void)snprintf(path, sizeof(path), "%s/hantar/hantar.conf.d", home);
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(conf_load(&c, NULL, STR(""), &pool, &e), -1);
	assert_non_null(strstr(e.text, "hantar.conf.d: everybody may write"));
	for (size_t i = 0; i < FILES; i++) {
		(void)snprintf(
		    path, sizeof(path), "%s/hantar/%s", home, files[i].name);
		assert_int_equal(unlink(path), 0);
	}
	(void)snprintf(path, sizeof(path), "%s/hantar/hantar.conf.d", home);
	assert_int_equal(rmdir(path), 0);
	(void)snprintf(path, sizeof(path), "%s/hantar", home);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(home), 0);
	assert_int_equal(unsetenv("XDG_CONFIG_HOME"), 0);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
}

/* As many as a file can hold: neither memory nor time grow with their square.
 */
static void
thousands_of_sections(void **state)
{
	enum { MANY = 10000 };
	struct conf c;
	struct buf text;
	struct err e;

	(void)state;
	buf_init(&text, 1 << 20);
	for (int i = 0; i < MANY; i++)
		buf_printf(&text, "[route \"d%d.example\"]\ntls = none\n", i);
	assert_false(text.over);
	conf_default(&c, &pool);
	assert_int_equal(conf_parse(&c, buf_str(&text), "x", &pool, &e), 0);
	assert_int_equal(c.routes_n, MANY);
	assert_string_equal(c.routes[0].head.name.p, "d0.example");
	assert_string_equal(c.routes[MANY - 1].head.name.p, "d9999.example");
	assert_int_equal(c.routes[MANY / 2].tls.level, TLS_LEVEL_NONE);
	buf_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    {"--print-config prints a file that is read back",
		printed_is_read_back, start, end, NULL},
	    {"defaults are valid and in normal form",
		every_default_is_in_its_normal_form, start, end, NULL},
	    {"a bad value or key is refused by name", bad_values_are_named,
		start, end, NULL},
	    {"an error names file and line", errors_name_file_and_line, start,
		end, NULL},
	    {"A-33, A-34: sendmail's own names", names_of_sendmail, start, end,
		NULL},
	    {"J-11: files that cannot be read or trusted are errors", files,
		start, end, NULL},
	    {"files of packagers come first, in order", a_folder_of_packagers,
		start, end, NULL},
	    {"thousands of sections are no burden", thousands_of_sections,
		start, end, NULL},
	};

	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
