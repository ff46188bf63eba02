/* SPDX-License-Identifier: ISC */
/* What a certificate proves, against a server in the same thread. */
#include "net/tls.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "../lib/child.h"
#include "../lib/folder.h"
#include "../lib/policy.h"
#include "../lib/tls_pair.h"
#include "../lib/words.h"

#define HOST "mx.example.org"

/* Who is in the store: the server as it will show itself, or its authority. */
enum known { NOBODY, ITSELF, AUTHORITY };

/* A store of its own for each case: what was read last is kept. */
static struct str
store_of(enum known known, const char *options)
{
	static unsigned number;
	char name[32];
	struct peer_tls *server = peer_tls_new(STR(HOST), str_c(options));
	struct buf pem;

	if (server == NULL)
		return STR_NONE;
	buf_init(&pem, 1 << 16);
	certify_put_authority(
	    &pem, CERTIFY_SUCCESSOR, STR("somebody else, of no account"));
	if (known == ITSELF)
		peer_tls_certificate(server, &pem);
	if (known == AUTHORITY)
		certify_put_authority(
		    &pem, CERTIFY_AUTHORITY, STR(CERTIFY_ISSUER));
	peer_tls_free(server);
	assert_true(snprintf(name, sizeof(name), "%u", number++) > 0);
	folder_put(&folder, name, pem.p);
	buf_free(&pem);
	return str_c(folder_path(&folder, name));
}

static const struct {
	const char *title;
	const char *options; /* of the server, see peer_tls_new */
	enum known known;
	const char *name;  /* what we call it */
	const char *fault; /* a part of what is said; NULL: none */
	const char *other; /* what else we call it; NULL: nothing */
} cases[] = {
    {"E-10, E-14: known, by its name", "", ITSELF, HOST, NULL, NULL},
    {"E-10: in any case of letters", "", ITSELF, "MX.example.ORG", NULL, NULL},
    {"E-10: TLS 1.2", "tls1.2", ITSELF, HOST, NULL, NULL},
    {"E-10: another name", "", ITSELF, "mx.example.com",
	"is for mx.example.org, not for mx.example.com", NULL},
    {"E-10: an address that is not in it", "", ITSELF, "192.0.2.1",
	"is for mx.example.org, not for 192.0.2.1", NULL},
    {"E-10: no name that could be in one", "", ITSELF, "", "has no name", NULL},
    {"E-10: an IPv6 address", "", ITSELF, "2001:db8::1", "not for 2001:db8::1",
	NULL},
    {"E-10: an address that is in it", "alt=IP:192.0.2.1", ITSELF, "192.0.2.1",
	NULL, NULL},
    {"E-10: another one", "alt=IP:192.0.2.1", ITSELF, "192.0.2.2",
	"is for no host", NULL},
    {"E-10: an address is no name", "alt=DNS:192.0.2.1", ITSELF, "192.0.2.1",
	"is for 192.0.2.1, not for 192.0.2.1", NULL},
    {"E-10: no address at all", "", ITSELF, "192.0.2.256",
	"\"192.0.2.256\" cannot be in a certificate", NULL},
    {"E-10: one of many names",
	"alt=DNS:a.test,DNS:b.test,DNS:c.test,DNS:d.test,DNS:e.test,DNS:" HOST,
	ITSELF, HOST, NULL, NULL},
    {"E-10: none of many names",
	"alt=DNS:a.test,IP:192.0.2.1,DNS:c.test,DNS:d.test,DNS:e.test,DNS:f",
	ITSELF, HOST,
	"is for a.test, c.test, d.test, e.test, ..., not for " HOST, NULL},
    {"E-10: a common name is none", "alt=email:a@" HOST, ITSELF, HOST,
	"is for no host, not for " HOST, NULL},
    {"E-10: nor where there is no other", "alt=", ITSELF, HOST,
	"is for no host, not for " HOST, NULL},
    {"E-10: any one label", "alt=DNS:*.example.org", ITSELF, HOST, NULL, NULL},
    {"E-10: not two labels", "alt=DNS:*.example.org", ITSELF,
	"a.mx.example.org", "is for *.example.org, not for a.mx.example.org",
	NULL},
    {"E-10: not none", "alt=DNS:*.example.org", ITSELF, "example.org",
	"not for example.org", NULL},
    {"E-10: not a part of a label", "alt=DNS:m*.example.org", ITSELF, HOST,
	"is for m*.example.org", NULL},
    {"E-10: not a label further on", "alt=DNS:mx.*.org", ITSELF, HOST,
	"is for mx.*.org", NULL},
    {"J-02: what is in a certificate is only shown", "alt=DNS:a\033[2Jb",
	ITSELF, HOST, "is for a\\x1b[2Jb, not for", NULL},
    {"E-07: expired", "expired", ITSELF, HOST, "its certificate expired on 20",
	NULL},
    {"E-07: not yet valid", "early", ITSELF, HOST,
	"its certificate is not valid before 20", NULL},
    {"E-07: nobody knows it", "", NOBODY, HOST, "signed by itself", NULL},
    {"E-14: of an authority that is known", "issued", AUTHORITY, HOST, NULL,
	NULL},
    {"E-14: the same with TLS 1.2", "issued tls1.2", AUTHORITY, HOST, NULL,
	NULL},
    {"E-10: of a known authority, and another name", "issued", AUTHORITY,
	"mx.example.com", "is for mx.example.org, not for", NULL},
    {"E-07: of a known authority, and expired", "issued expired", AUTHORITY,
	HOST, "its certificate expired on", NULL},
    {"E-07: of an authority that nobody knows", "issued", NOBODY, HOST,
	"is signed by \"Test Authority\", which is none of the authorities",
	NULL},
    {"E-13: a key that is too short", "weak", ITSELF, HOST,
	"its certificate is not to be trusted: ", NULL},
    {"E-12: an old version", "tls1.1", ITSELF, HOST, "TLS: ", NULL},
    {"C-28, E-11: the other name that it may have", "", ITSELF,
	"mail.example.com", NULL, HOST},
    {"C-28: its own, beside another", "", ITSELF, HOST, NULL, "example.org"},
    {"C-28: neither of both", "", ITSELF, "mail.example.com",
	"is for mx.example.org, not for mail.example.com or example.com",
	"example.com"},
    {"C-28: one name in both places", "", ITSELF, "example.com",
	"not for example.com:", "example.com"},
};

static void
count(void *ctx, unsigned n, const char *what, struct str text)
{
	int *prints = ctx;

	(void)n;
	if (strcmp(what, "sha256") == 0 || strcmp(what, "key-sha256") == 0) {
		assert_int_equal(text.n, 2 * DEMAND_PRINT);
		++*prints;
	}
	for (size_t i = 0; i < text.n; i++)
		assert_in_range(text.p[i], ' ', '~');
}

/* look: the same is found, but what is wrong with a certificate ends nothing.
 */
static void
check(size_t i, bool look)
{
	struct demand demand = {.strict = true, .verify = true, .look = look};
	bool fine = cases[i].fault == NULL;
	bool shakes = fine || (look && strcmp(cases[i].fault, "TLS: ") != 0);
	const char *said;
	struct tls_pair *p;
	int prints = 0;
	int result;

	demand.authorities = store_of(cases[i].known, cases[i].options);
	p = tls_pair_open(cases[i].options, &demand);
	if (p == NULL)
		return; /* this OpenSSL has no such version */
	result = tls_start(p->tls, &p->io, str_c(cases[i].name),
	    str_c(cases[i].other), p->start + TLS_PAIR_MS, &p->proof, &p->e);
	said = result == 0 ? p->proof.unnamed.text : p->e.text;
	if ((result == 0) != shakes ||
	    (!fine && strstr(said, cases[i].fault) == NULL))
		fail_msg("%s (%d): %s", cases[i].title, look, said);
	if (result == 0) {
		assert_int_equal(p->proof.named, fine);
		assert_int_equal(p->proof.verified, fine);
		tls_show(&p->io, count, &prints);
		assert_true(prints >= 2);
	}
	tls_pair_close(p);
}

static void
what_a_certificate_proves(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		check(i, false);
		check(i, true);
	}
}

/* E-06: whom nobody asks for more, it is enough that he encrypts. */
static void
nothing_is_demanded(void **state)
{
	static const char *const options[] = {
	    "", "expired", "early", "issued", "alt=", "name=other.test"};

	(void)state;
	for (size_t i = 0; i < COUNT(options); i++) {
		struct tls_pair *p = tls_pair_open(options[i], NULL);

		assert_int_equal(tls_pair_shake(p, STR(HOST)), 0);
		assert_false(p->proof.verified);
		tls_pair_talk(p);
		tls_pair_close(p);
	}
}

/* Of what is said, the fingerprint that is in it. */
static void
print_in(const char *text, unsigned char print[DEMAND_PRINT])
{
	const char *p = strstr(text, "has the fingerprint ");

	assert_non_null(p);
	p += strlen("has the fingerprint ");
	assert_true(demand_print(str_of(p, (size_t)2 * DEMAND_PRINT), print));
}

static int
shake_by_print(
    const struct demand *demand, const char *options, struct err *said)
{
	struct tls_pair *p = tls_pair_open(options, demand);
	int result = tls_pair_shake(p, STR("whatever.example"));

	if (result == 0) {
		assert_true(p->proof.verified);
		tls_pair_talk(p);
	} else if (said) {
		*said = p->e;
	}
	tls_pair_close(p);
	return result;
}

/*
 * E-16: the fingerprint is enough, whatever else is wrong with it; the
 * complaint about another one says which it would be.
 */
static void
fingerprints(void **state)
{
	struct demand demand = {.strict = true, .prints = 2};
	struct err said;

	(void)state;
	assert_int_equal(shake_by_print(&demand, "expired", &said), -1);
	assert_non_null(
	    strstr(said.text, "not among those of tls-fingerprint"));
	print_in(said.text, demand.print[1]);
	assert_int_equal(shake_by_print(&demand, "expired", NULL), 0);
	demand.print[1][31] ^= 1;
	assert_int_equal(shake_by_print(&demand, "expired", NULL), -1);
	/* One that is not demanded any more. */
	demand.print[1][31] ^= 1;
	demand.prints = 1;
	assert_int_equal(shake_by_print(&demand, "expired", NULL), -1);
}

/* E-16: of the key, it stays when the certificate is renewed. */
static void
fingerprints_of_keys(void **state)
{
	struct demand demand = {.strict = true, .prints = 1};
	struct peer_tls *server = peer_tls_new(STR(HOST), STR(""));

	(void)state;
	assert_non_null(server);
	peer_tls_key_print(server, demand.print[0]);
	peer_tls_free(server);
	assert_int_equal(shake_by_print(&demand, "", NULL), 0);
	assert_int_equal(shake_by_print(&demand, "issued early", NULL), 0);
	assert_int_equal(shake_by_print(&demand, "weak", NULL), -1);
}

/* E-16: as other programs print it, and nothing else. */
static void
fingerprints_in_words(void **state)
{
#define EIGHT "0123456789abcdef"
#define COLONS "01:23:45:67:89:AB:CD:EF"
	static const char *const good[] = {EIGHT EIGHT EIGHT EIGHT,
	    COLONS ":" COLONS ":" COLONS ":" COLONS,
	    "0123456789ABCDEF" EIGHT COLONS EIGHT};
	static const char *const bad[] = {"", EIGHT, EIGHT EIGHT EIGHT,
	    EIGHT EIGHT EIGHT EIGHT "0", EIGHT EIGHT EIGHT EIGHT "00",
	    EIGHT EIGHT EIGHT "0123456789abcde",
	    EIGHT EIGHT EIGHT "0123456789abcdeg",
	    EIGHT EIGHT EIGHT "0123456789abcde ",
	    "0:123456789abcdef" EIGHT EIGHT EIGHT,
	    "0x" EIGHT EIGHT EIGHT EIGHT};
	static const unsigned char eight[] = {
	    0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
	unsigned char print[DEMAND_PRINT];

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		memset(print, 0, sizeof(print));
		assert_true(demand_print(str_c(good[i]), print));
		for (size_t k = 0; k < sizeof(print); k += sizeof(eight))
			assert_memory_equal(print + k, eight, sizeof(eight));
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		if (demand_print(str_c(bad[i]), print))
			fail_msg("\"%s\"", bad[i]);
}

/*
 * E-12: where the host's policy takes what is old, so does opportunistic TLS,
 * and nothing above it.
 */
static int
old_versions(void)
{
	const struct demand strict = {.strict = true};
	struct tls_pair *p;

	p = tls_pair_open("tls1.1", NULL);
	if (p == NULL)
		return 0; /* this OpenSSL has no such version */
	CHILD_CHECK(tls_pair_shake(p, STR(HOST)) == 0);
	CHILD_CHECK(strcmp(p->proof.version, "TLSv1.1") == 0);
	tls_pair_close(p);
	p = tls_pair_open("tls1.1", &strict);
	CHILD_CHECK(tls_pair_shake(p, STR(HOST)) == -1);
	CHILD_CHECK(strncmp(p->e.text, "TLS: ", 5) == 0);
	tls_pair_close(p);
	p = tls_pair_open("tls1.2", &strict);
	CHILD_CHECK(tls_pair_shake(p, STR(HOST)) == 0);
	tls_pair_close(p);
	peer_tls_end();
	return 0;
}

static void
a_host_that_takes_old_versions(void **state)
{
	static const char conf[] =
	    "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\n"
	    "system_default = default\n[default]\nMinProtocol = TLSv1\n"
	    "CipherString = DEFAULT@SECLEVEL=0\n";

	(void)state;
	assert_int_equal(policy_run(conf, old_versions), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    /* First: the library reads its configuration once. */
	    cmocka_unit_test(a_host_that_takes_old_versions),
	    cmocka_unit_test(what_a_certificate_proves),
	    cmocka_unit_test(nothing_is_demanded),
	    cmocka_unit_test(fingerprints),
	    cmocka_unit_test(fingerprints_of_keys),
	    cmocka_unit_test(fingerprints_in_words),
	};
	int failed;

	(void)signal(SIGPIPE, SIG_IGN); /* OpenSSL writes; see proc_sane */
	failed = cmocka_run_group_tests_name(
	    "tls_verify", tests, folder_open, folder_close);
	peer_tls_end();
	return failed;
}
