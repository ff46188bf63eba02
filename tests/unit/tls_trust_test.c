/* SPDX-License-Identifier: ISC */
/*
 * Whose signatures count: where the certificates of authorities lie, and how
 * one is found among them.
 */
#include "net/tls_trust.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/child.h"
#include "../lib/folder.h"
#include "../lib/tls_pair.h"
#include "../lib/words.h"
#include "base/code.h"

#define HOST "mx.example.org"
#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"

static const char *
path_of(const char *name)
{
	return folder_path(&folder, name);
}

/* The authority that signs what is "issued", under this name; until the next
 * call. */
static const char *
authority(enum certify_key key, const char *name)
{
	static char text[1 << 13];
	struct buf pem;

	buf_init(&pem, sizeof(text));
	certify_put_authority(&pem, key, str_c(name));
	assert_true(pem.n > 0 && pem.n < sizeof(text));
	memcpy(text, pem.p, pem.n + 1);
	buf_free(&pem);
	return text;
}

static const char *
the_authority(void)
{
	return authority(CERTIFY_AUTHORITY, CERTIFY_ISSUER);
}

/* Is somebody whom the authority has signed believed? NULL: yes; else why not,
 * until the next call. */
static const char *
doubt(const char *authorities)
{
	static struct err e;
	struct demand demand = {.strict = true, .verify = true};
	struct tls *tls;
	struct tls_pair *p;

	demand.authorities = str_c(authorities);
	tls = tls_new(&demand, &e);
	if (tls == NULL)
		return e.text;
	tls_free(tls);
	p = tls_pair_open("issued", &demand);
	if (tls_pair_shake(p, STR(HOST)) == 0) {
		tls_pair_close(p);
		return NULL;
	}
	e = p->e;
	tls_pair_close(p);
	return e.text;
}

static void
must_trust(const char *title, const char *authorities)
{
	const char *why = doubt(authorities);

	if (why)
		fail_msg("%s: %s", title, why);
}

static void
must_doubt(const char *title, const char *authorities, const char *said)
{
	const char *why = doubt(authorities);

	if (why == NULL || strstr(why, said) == NULL)
		fail_msg("%s: %s", title, why ? why : "no doubt");
}

/* E-14: a folder, with files as distributions and as people name them. */
static const struct {
	const char *title;
	const char *name[2]; /* the first has the authority, if trusted */
	bool trusted;
} folders[] = {
    {"E-14: a hash", {"12345678.0"}, true},
    {"E-14: a second of that hash", {"12345678.1", "12345678.0"}, true},
    {"E-14: .pem", {"a.pem"}, true},
    {"E-14: .crt", {"a.crt", "b.crt"}, true},
    {"E-14: hashes are links to the same as .pem", {"12345678.0", "a.pem"},
	true},
    {"E-14: where there are hashes, they count", {"a.pem", "12345678.0"},
	false},
    {"E-14: no certificate of an authority", {"README", "a.pem"}, false},
    {"E-14: revocations are none", {"12345678.r0", "a.pem"}, false},
    {"E-14: a hidden file", {".a.pem", "a.crt"}, false},
};

/* Writes a file of a folder in the folder. */
static void
put(const char *sub, const char *name, const char *text)
{
	char path[100];

	(void)mkdir(path_of(sub), 0700);
	assert_true(snprintf(path, sizeof(path), "%s/%s", sub, name) > 0);
	folder_put(&folder, path, text);
}

static void
folders_of_authorities(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(folders); i++) {
		char sub[20];

		assert_true(snprintf(sub, sizeof(sub), "folder%zu", i) > 0);
		put(sub, folders[i].name[0], the_authority());
		if (folders[i].name[1])
			put(sub, folders[i].name[1],
			    authority(CERTIFY_CLIENT, "somebody else"));
		if (folders[i].trusted)
			must_trust(folders[i].title, path_of(sub));
		else
			must_doubt(folders[i].title, path_of(sub),
			    "none of the authorities known here");
	}
}

/* E-14: one that cannot be read is one that is not trusted, and no more. */
static void
folders_with_something_else(void **state)
{
	(void)state;
	(void)mkdir(path_of("mixed"), 0700);
	(void)mkdir(path_of("mixed/0.pem"), 0700);
	must_doubt("nothing but a folder", path_of("mixed"),
	    "there is no certificate in it");
	put("mixed", "1.pem", "no certificate\n");
	put("mixed", "2.pem", the_authority());
	must_trust("a folder, and a text", path_of("mixed"));
	(void)mkdir(path_of("empty"), 0700);
	must_doubt("an empty folder", path_of("empty"),
	    "there is no certificate in it");
}

/* E-14: as files come. */
static void
files_of_authorities(void **state)
{
	const char *pem = the_authority();
	struct buf text;

	(void)state;
	buf_init(&text, 1 << 16);
	buf_printf(&text, "Somebody\n========\n" BEGIN "\n%s" END "\n%s%s",
	    "AAAA\n", pem, BEGIN "\nMII");
	folder_put(&folder, "comments", text.p);
	must_trust("between others and comments", path_of("comments"));

	buf_clear(&text);
	for (const char *c = pem; *c != '\0'; c++) {
		if (*c == '\n')
			buf_byte(&text, '\r');
		buf_byte(&text, *c);
	}
	folder_put(&folder, "crlf", text.p);
	must_trust("CRLF", path_of("crlf"));

	buf_clear(&text);
	for (const char *c = pem; *c != '\0'; c++) {
		buf_byte(&text, *c);
		if (*c == '\n' && c[1] != '-')
			buf_add(&text, STR(" \t"));
	}
	folder_put(&folder, "indented", text.p);
	must_trust("indented", path_of("indented"));

	buf_clear(&text);
	buf_add(&text, str_of(pem, strlen(pem) - 1));
	folder_put(&folder, "no_end", text.p);
	must_trust("without the last line end", path_of("no_end"));
	buf_free(&text);
}

/* E-14: an authority is found by its name, whatever else has that name. */
static void
names_of_authorities(void **state)
{
	static const enum certify_key order[][2] = {
	    {CERTIFY_AUTHORITY, CERTIFY_SUCCESSOR},
	    {CERTIFY_SUCCESSOR, CERTIFY_AUTHORITY}};
	struct buf both;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char name[20];

		buf_init(&both, 1 << 16);
		for (size_t k = 0; k < 2; k++)
			certify_put_authority(
			    &both, order[i][k], STR(CERTIFY_ISSUER));
		assert_true(snprintf(name, sizeof(name), "both%zu", i) > 0);
		folder_put(&folder, name, both.p);
		buf_free(&both);
		must_trust("one of two with that name", path_of(name));
	}
	folder_put(
	    &folder, "successor", authority(CERTIFY_SUCCESSOR, CERTIFY_ISSUER));
	must_doubt("another with that name", path_of("successor"),
	    "none of the authorities known here");
	folder_put(&folder, "letters",
	    authority(CERTIFY_AUTHORITY, "test   AUTHORITY"));
	must_trust("in other letters (RFC 5280, 7.1)", path_of("letters"));
	folder_put(&folder, "other",
	    authority(CERTIFY_AUTHORITY, CERTIFY_ISSUER " 2"));
	must_doubt("the same key with another name", path_of("other"),
	    "none of the authorities known here");
}

static void
put_der(const char *name, struct str der)
{
	struct buf text;

	buf_init(&text, 1 << 16);
	buf_add(&text, STR(BEGIN "\n"));
	code_base64(&text, der);
	buf_add(&text, STR("\n" END "\n"));
	folder_put(&folder, name, text.p);
	buf_free(&text);
}

/* The authority's certificate, as it is encoded. */
static void
der_of_authority(struct buf *der)
{
	struct str rest = str_c(the_authority());
	struct buf text;
	struct str line;

	buf_init(&text, 1 << 16);
	while (str_split(&rest, '\n', &line))
		if (!str_starts(line, STR("-----")))
			buf_add(&text, line);
	buf_init(der, 1 << 16);
	assert_true(code_unbase64(der, buf_str(&text)));
	buf_free(&text);
}

/* Not a certificate: it has no length that is true, or another form. */
#define DER(bytes)                       \
	{                                \
		bytes, sizeof(bytes) - 1 \
	}
static const struct str no_certificates[] = {
    DER(""),
    DER("\x30"),
    DER("\x30\x80"),
    DER("\x30\x80\x30\x00\x00\x00"),
    DER("\x30\x84\x00\x00\x00\x02\x30\x00"),
    DER("\x30\xff\x30\x00"),
    DER("\x30\x82\x01"),
    DER("\x30\x81\x80\x30"),
    DER("\x30\x03\x30\x02\x05"),
    DER("\x31\x02\x30\x00"),
    DER("\x30\x02\x31\x00"),
    DER("\x30\x02\x30\x00"),
    DER("\x30\x04\x30\x02\xa0\x00"),
    DER("\x30\x04\x30\x02\xa0\x01"),
    DER("\x30\x0a\x30\x08\x02\x00\x30\x00\x30\x00\x30\x00"),
    DER("\x30\x0c\x30\x0a\x02\x00\x30\x00\x30\x00\x30\x00\x31\x00"),
};

static void
broken_authorities(void **state)
{
	struct buf der;

	(void)state;
	for (size_t i = 0; i < COUNT(no_certificates); i++) {
		put_der("broken", no_certificates[i]);
		must_doubt("broken", path_of("broken"),
		    "there is no certificate in it");
	}
	folder_put(&folder, "broken", BEGIN "\n\"#$%\n" END "\n");
	must_doubt(
	    "no base64", path_of("broken"), "there is no certificate in it");
	der_of_authority(&der);
	for (size_t n = 0; n < der.n; n++) {
		put_der("broken", str_of(der.p, n));
		must_doubt("cut short", path_of("broken"),
		    "there is no certificate in it");
	}
	buf_free(&der);
}

/* It has the name that is looked for, and behind that no sense. */
static void
an_authority_with_nothing_but_a_name(void **state)
{
	static const char name[] = CERTIFY_ISSUER;
	struct buf der;
	char *p;

	(void)state;
	der_of_authority(&der);
	put_der("whole", buf_str(&der));
	must_trust("whole", path_of("whole"));
	p = memmem(der.p, der.n, name, sizeof(name) - 1);
	assert_non_null(p);
	p += sizeof(name) - 1; /* that was who has issued it: itself */
	p = memmem(p, der.n - (size_t)(p - der.p), name, sizeof(name) - 1);
	assert_non_null(p);
	p[sizeof(name) - 1] ^= 1; /* the kind of what follows */
	put_der("name", buf_str(&der));
	must_doubt("nothing but a name", path_of("name"),
	    "none of the authorities known here");
	buf_free(&der);
}

/* E-14: nothing to go by is an error that names it, never a pass. */
static void
nowhere(void **state)
{
	(void)state;
	must_doubt("E-14", "/nonexistent/ca.pem",
	    "tls-authorities: /nonexistent/ca.pem: No such file");
	folder_put(&folder, "text", "no certificate\n");
	must_doubt("E-14", path_of("text"), "there is no certificate in it");
	must_doubt("E-14", "/dev/null", "/dev/null: not a regular file");
}

/* What was read last is kept, whatever has become of it. */
static void
read_once(void **state)
{
	struct err e;
	struct trust *t;
	char path[200];

	(void)state;
	assert_int_equal(openssl_load(&e), 0);
	folder_put(&folder, "kept", the_authority());
	(void)snprintf(path, sizeof(path), "%s", path_of("kept"));
	t = trust_read(str_c(path), &e);
	assert_non_null(t);
	assert_int_equal(unlink(path), 0);
	assert_ptr_equal(trust_read(str_c(path), &e), t);
	must_trust("kept", path);
	/* Kept under its name, and not where the caller had that. */
	(void)snprintf(path, sizeof(path), "%s", path_of("gone"));
	assert_null(trust_read(str_c(path), &e));
	/* So a process may read it before those that it starts. */
	folder_put(&folder, "warm", the_authority());
	(void)snprintf(path, sizeof(path), "%s", path_of("warm"));
	tls_warm(NULL);
	tls_warm(&(struct demand){.authorities = str_c(path)});
	tls_warm(&(struct demand){.verify = true, .authorities = str_c(path)});
	assert_int_equal(unlink(path), 0);
	must_trust("warm", path);
	assert_null(trust_read(str_c(path_of("gone")), &e));
	assert_null(trust_read(str_c(path), &e));
}

/* E-14: those of the system, or where the environment says so. */
static int
of_the_system(void *arg)
{
	static const char *const places[][3] = {
	    {"/etc/ssl", "/etc/ssl/certs", "/etc/ssl/certs/12345678.0"},
	    {"/etc/ssl", "/etc/ssl", "/etc/ssl/cert.pem"},
	    {"/etc/ssl", "/etc/ssl", "/etc/ssl/ca-bundle.pem"},
	    {"/etc/pki/tls", "/etc/pki/tls/certs",
		"/etc/pki/tls/certs/ca-bundle.crt"},
	    {"/etc/ssl", "/etc/ssl/certs",
		"/etc/ssl/certs/ca-certificates.crt"},
	};
	const char *kept = arg;

	child_own("/etc");
	CHILD_CHECK(unsetenv("SSL_CERT_FILE") == 0);
	CHILD_CHECK(strstr(doubt(""),
			"install ca-certificates, or name a file") != NULL);
	(void)mkdir("/etc/pki", 0755);
	for (size_t i = 0; i < COUNT(places); i++) {
		struct err e;

		(void)mkdir(places[i][0], 0755);
		(void)mkdir(places[i][1], 0755);
		child_put(places[i][2], kept);
		/* Something else in between: what was read last is kept. */
		CHILD_CHECK(trust_read(STR("/nonexistent"), &e) == NULL);
		CHILD_CHECK(doubt("") == NULL);
		child_put(places[i][2], "none\n");
	}
	CHILD_CHECK(setenv("SSL_CERT_FILE", "/etc/mine", 1) == 0);
	child_put("/etc/mine", kept);
	(void)(doubt("/nonexistent"));
	CHILD_CHECK(doubt("") == NULL);
	CHILD_CHECK(setenv("SSL_CERT_FILE", "/etc/none", 1) == 0);
	(void)(doubt("/nonexistent"));
	CHILD_CHECK(strstr(doubt(""), "/etc/none: No such file") != NULL);
	return 0;
}

static void
authorities_of_the_system(void **state)
{
	static char pem[1 << 14];
	const char *text = the_authority();

	(void)state;
	assert_true(strlen(text) < sizeof(pem));
	memcpy(pem, text, strlen(text) + 1);
	assert_int_equal(child_run(of_the_system, pem), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(folders_of_authorities),
	    cmocka_unit_test(folders_with_something_else),
	    cmocka_unit_test(files_of_authorities),
	    cmocka_unit_test(names_of_authorities),
	    cmocka_unit_test(broken_authorities),
	    cmocka_unit_test(an_authority_with_nothing_but_a_name),
	    cmocka_unit_test(nowhere),
	    cmocka_unit_test(read_once),
	    cmocka_unit_test(authorities_of_the_system),
	};
	int failed;

	(void)signal(SIGPIPE, SIG_IGN); /* OpenSSL writes; see proc_sane */
	failed = cmocka_run_group_tests_name(
	    "tls_trust", tests, folder_open, folder_close);
	peer_tls_end();
	return failed;
}
