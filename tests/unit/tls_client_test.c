/* SPDX-License-Identifier: ISC */
/* E-15: what we show of ourselves to a server, and to which. */
#include "net/tls.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "../lib/folder.h"
#include "../lib/tls_pair.h"
#include "../lib/words.h"

/* Our certificate, our key, one with a passphrase, one that is not ours, and
 * both ours in one file. */
static int
begin(void **state)
{
	const struct certify c = {.name = STR("client.example.org"),
	    .key = CERTIFY_CLIENT,
	    .signer = CERTIFY_CLIENT};
	X509 *cert = certify(&c);
	struct buf pem;

	(void)state;
	folder_make(&folder);
	buf_init(&pem, 1 << 16);
	certify_put(&pem, cert);
	X509_free(cert);
	folder_put(&folder, "certificate", pem.p);
	certify_put_key(&pem, CERTIFY_CLIENT, NULL);
	folder_put(&folder, "both", pem.p);
	buf_clear(&pem);
	certify_put_key(&pem, CERTIFY_CLIENT, NULL);
	folder_put(&folder, "key", pem.p);
	folder_put(&folder, "open", pem.p);
	buf_clear(&pem);
	certify_put_key(&pem, CERTIFY_CLIENT, "hunter2");
	folder_put(&folder, "secret", pem.p);
	buf_clear(&pem);
	certify_put_key(&pem, CERTIFY_HOST, NULL);
	folder_put(&folder, "other", pem.p);
	buf_clear(&pem);
	certify_put_key(&pem, CERTIFY_WEAK, NULL);
	folder_put(&folder, "kind", pem.p);
	buf_free(&pem);
	folder_put(&folder, "text", "no certificate\n");
	return fchmodat(folder.fd, "open", 0644, 0) |
	    fchmodat(folder.fd, "key", 0640, 0);
}

/* NULL: none. */
static struct str
path_of(const char *name)
{
	return name ? str_c(folder_path(&folder, name)) : STR_NONE;
}

static struct demand
demand_of(const char *certificate, const char *key)
{
	return (struct demand){.strict = true,
	    .certificate = path_of(certificate),
	    .key = path_of(key)};
}

static const struct {
	const char *title;
	const char *options; /* of the server */
	const char *certificate, *key;
	bool shown;
} shown[] = {
    {"E-15: to who asks", "ask", "certificate", "key", true},
    {"E-15: with TLS 1.2", "ask tls1.2", "certificate", "key", true},
    {"E-15: both in one file", "ask", "both", NULL, true},
    {"E-15: to nobody else", "", "certificate", "key", false},
    {"E-15: only if there is one", "ask", NULL, NULL, false},
};

static void
what_is_shown(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(shown); i++) {
		struct demand demand =
		    demand_of(shown[i].certificate, shown[i].key);
		struct tls_pair *p = tls_pair_open(shown[i].options, &demand);

		if (tls_pair_shake(p, STR("mx.example.org")) < 0)
			fail_msg("%s: %s", shown[i].title, p->e.text);
		tls_pair_talk(p);
		if (peer_tls_shown(p->server, CERTIFY_CLIENT) != shown[i].shown)
			fail_msg("%s", shown[i].title);
		tls_pair_close(p);
	}
}

static const struct {
	const char *title;
	const char *certificate, *key;
	/* What is said, and of which file; behind that may come more. */
	const char *before, *file, *after;
} faults[] = {
    {"E-15: everybody can read it", "certificate", "open", "", "open",
	": everybody can read this private key: chmod o= "},
    {"E-15: no certificate", "nonexistent", "key", "certificate ",
	"nonexistent", ": "},
    {"E-15: it is none", "text", "key", "certificate ", "text", ": "},
    {"E-15: no key", "certificate", "nonexistent", "private key ",
	"nonexistent", ": "},
    {"E-15: it is none", "certificate", "text", "private key ", "text", ": "},
    {"E-15: no key beside the certificate", "certificate", NULL, "private key ",
	"certificate", ": "},
    {"A-57: nobody is asked for a passphrase", "certificate", "secret",
	"private key ", "secret", ": "},
    {"E-15: of somebody else", "certificate", "other", "private key ", "other",
	": "},
    {"E-15: of another kind", "certificate", "kind", "private key ", "kind",
	": "},
};

static void
what_cannot_be_shown(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++) {
		struct demand demand =
		    demand_of(faults[i].certificate, faults[i].key);
		struct err e = {0};
		char said[300];
		int n = snprintf(said, sizeof(said), "%s%s%s", faults[i].before,
		    path_of(faults[i].file).p, faults[i].after);

		assert_true(n > 0);
		if (tls_new(&demand, &e) ||
		    !str_starts(str_c(e.text), str_c(said)) ||
		    strlen(e.text) == (size_t)n)
			fail_msg("%s: %s", faults[i].title, e.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_shown),
	    cmocka_unit_test(what_cannot_be_shown),
	};
	int failed;

	(void)signal(SIGPIPE, SIG_IGN); /* OpenSSL writes; see proc_sane */
	failed = cmocka_run_group_tests_name(
	    "tls_client", tests, begin, folder_close);
	peer_tls_end();
	return failed;
}
