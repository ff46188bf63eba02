/* SPDX-License-Identifier: ISC */
#include "net/tls_judge.h"

#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/code.h"

enum { NAMES_SHOWN = 5, NAME_SHOWN = 100, DATE = 32 };

/* A machine whose clock has stopped, or has not been set yet (E-59). */
static const int64_t EARLIEST = 1577836800; /* 2020-01-01 */

static void
put_date(char date[DATE], const ASN1_TIME *when)
{
	struct tm tm;

	date[0] = '\0';
	if (ASN1_TIME_to_tm(when, &tm) == 1)
		(void)strftime(date, DATE, "%Y-%m-%d %H:%M UTC", &tm);
}

static void
put_now(char date[DATE])
{
	time_t now = clock_wall().tv_sec;
	struct tm tm;

	date[0] = '\0';
	if (gmtime_r(&now, &tm))
		(void)strftime(date, DATE, "%Y-%m-%d %H:%M UTC", &tm);
}

/* The names that a certificate is for: as they stand in it, made inert. */
static void
put_names(struct buf *b, const X509 *x)
{
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	const OPENSSL_STACK *stack = (const OPENSSL_STACK *)names;
	size_t from = b->n;
	int n = names ? OPENSSL_sk_num(stack) : 0;

	for (int i = 0; i < n && i < NAMES_SHOWN; i++) {
		const GENERAL_NAME *name = OPENSSL_sk_value(stack, i);

		if (name->type != GEN_DNS)
			continue;
		buf_add(b, b->n > from ? STR(", ") : STR(""));
		code_inert(b,
		    str_of((const char *)name->d.dNSName->data,
			(size_t)name->d.dNSName->length),
		    NAME_SHOWN);
	}
	if (n > NAMES_SHOWN)
		buf_add(b, STR(", ..."));
	if (b->n == from)
		buf_add(b, STR("no host"));
	GENERAL_NAMES_free(names);
}

static void
put_hex(struct buf *b, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%02x", p[i]);
}

static void
put_print(struct buf *b, const X509 *x)
{
	unsigned char print[DEMAND_PRINT];
	unsigned n = 0;

	if (X509_digest(x, EVP_sha256(), print, &n) == 1)
		put_hex(b, print, n);
}

static void
wrong_time(struct tls_judge *j, const X509 *x, const char *whose, bool early)
{
	char date[DATE];
	char now[DATE];

	put_date(date, early ? X509_get0_notBefore(x) : X509_get0_notAfter(x));
	put_now(now);
	if (clock_wall().tv_sec < EARLIEST)
		err_set(&j->fault, ERR_PEER,
		    "no certificate can be judged: the clock of this host says "
		    "%s; set it",
		    now);
	else if (early)
		err_set(&j->fault, ERR_PEER,
		    "%s is not valid before %s, and here it is %s: is this "
		    "host's clock right?",
		    whose, date, now);
	else
		err_set(&j->fault, ERR_PEER,
		    "%s expired on %s, and here it is %s: unless this host's "
		    "clock is wrong, its owner has to renew it",
		    whose, date, now);
}

static void
wrong_name(struct tls_judge *j, const X509 *x)
{
	struct buf names;

	buf_init(&names, 1000);
	put_names(&names, x);
	buf_printf(&names, ", not for %.*s", STR_ARG(j->name));
	if (j->other.n > 0 && !str_eq(j->name, j->other))
		buf_printf(&names, " or %.*s", STR_ARG(j->other));
	err_set(&j->fault, ERR_PEER,
	    "its certificate is for %s: use the name that it has; or somebody "
	    "is in between",
	    names.p);
	buf_free(&names);
}

static void
unknown_authority(struct tls_judge *j, const X509 *x, bool alone)
{
	struct buf b;
	char issuer[100] = "";

	buf_init(&b, 300);
	(void)X509_NAME_get_text_by_NID(
	    X509_get_issuer_name(x), NID_commonName, issuer, sizeof(issuer));
	if (alone) {
		put_print(&b, x);
		err_set(&j->fault, ERR_PEER,
		    "its certificate is signed by itself, so anybody could "
		    "have made it: if this is the right one, tls-fingerprint = "
		    "%s says so",
		    b.p);
	} else {
		code_inert(&b, str_c(issuer), NAME_SHOWN);
		err_set(&j->fault, ERR_PEER,
		    "its certificate is signed by \"%s\", which is none of the "
		    "authorities known here: tls-authorities can name a file "
		    "that has it; or somebody is in between",
		    b.p);
	}
	buf_free(&b);
}

int
tls_judge_chain(int good, X509_STORE_CTX *ctx)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(
	    ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_judge *j = ssl ? SSL_get_ex_data(ssl, 0) : NULL;
	const X509 *x = X509_STORE_CTX_get_current_cert(ctx);
	int fault = X509_STORE_CTX_get_error(ctx);
	bool own = X509_STORE_CTX_get_error_depth(ctx) == 0;
	const char *whose =
	    own ? "its certificate" : "a certificate that it depends on";

	if (good || j == NULL || x == NULL || j->fault.kind != ERR_NONE)
		return good;
	switch (fault) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		wrong_time(j, x, whose, fault == X509_V_ERR_CERT_NOT_YET_VALID);
		break;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		wrong_name(j, x);
		break;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		unknown_authority(
		    j, x, fault == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
		break;
	default:
		err_set(&j->fault, ERR_PEER, "%s is not to be trusted: %s",
		    whose, X509_verify_cert_error_string(fault));
		break;
	}
	return 0;
}

static bool
is_known(const struct demand *d, const unsigned char *print)
{
	for (size_t i = 0; i < d->prints; i++)
		if (memcmp(d->print[i], print, DEMAND_PRINT) == 0)
			return true;
	return false;
}

/* SHA-256 of the public key, as it stands in a certificate. */
static bool
key_is_known(const struct demand *d, X509 *x)
{
	unsigned char print[DEMAND_PRINT];
	unsigned char *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
	bool known = n > 0 &&
	    EVP_Digest(der, (size_t)n, print, NULL, EVP_sha256(), NULL) == 1 &&
	    is_known(d, print);

	CRYPTO_free(der, "", 0);
	return known;
}

int
tls_judge_print(SSL *ssl, const struct demand *d, struct err *e)
{
	unsigned char print[DEMAND_PRINT];
	unsigned n = 0;
	struct buf hex;
	bool known;
	X509 *x;

	if (d->prints == 0)
		return 0;
	x = SSL_get1_peer_certificate(ssl);
	known = x && X509_digest(x, EVP_sha256(), print, &n) == 1 &&
	    (is_known(d, print) || key_is_known(d, x));
	X509_free(x);
	if (known)
		return 0;
	buf_init(&hex, 100);
	put_hex(&hex, print, n);
	err_set(e, ERR_PEER,
	    "its certificate has the fingerprint %s, which is not among those "
	    "of tls-fingerprint: it was renewed, or somebody is in between",
	    hex.p);
	buf_free(&hex);
	return -1;
}
