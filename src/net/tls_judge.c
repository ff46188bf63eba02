/* SPDX-License-Identifier: ISC */
#include "net/tls_judge.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/code.h"
#include "net/tls_cert.h"
#include "net/tls_trust.h"

enum { NAMES_SHOWN = 5, NAME_SHOWN = 100 };

static void
put_name(void *ctx, struct str name)
{
	struct buf *b = ctx;

	buf_add(b, b->n > 0 ? STR(", ") : STR(""));
	buf_add(b, name);
}

/* The names that a certificate is for, as they stand in it. */
static void
put_names(struct buf *b, const X509 *x)
{
	if (tls_cert_names(x, false, NAMES_SHOWN, put_name, b) > NAMES_SHOWN)
		buf_add(b, STR(", ..."));
	if (b->n == 0)
		buf_add(b, STR("no host"));
}

static void
wrong_time(struct tls_judge *j, const X509 *x, const char *whose, bool early)
{
	char date[TLS_CERT_DATE];
	char now[TLS_CERT_DATE];
	char since[TLS_CERT_DATE];

	time_t written = trust_written();

	tls_cert_date(
	    date, early ? X509_get0_notBefore(x) : X509_get0_notAfter(x));
	tls_cert_time(now, clock_wall().tv_sec);
	tls_cert_time(since, written);
	if (clock_wall().tv_sec < CLOCK_EARLIEST)
		err_set(&j->fault, ERR_PEER,
		    "no certificate can be judged: the clock of this host says "
		    "%s; set it",
		    now);
	/* That has been, whatever the clock says. */
	else if (early && clock_wall().tv_sec < written)
		err_set(&j->fault, ERR_PEER,
		    "%s is not valid before %s, and the clock of this host is "
		    "wrong: it says %s, but the authorities that are known "
		    "here were written down on %s; set it",
		    whose, date, now, since);
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
	unsigned char print[DEMAND_PRINT];
	struct buf b;
	char issuer[100] = "";

	buf_init(&b, 300);
	(void)X509_NAME_get_text_by_NID(
	    X509_get_issuer_name(x), NID_commonName, issuer, sizeof(issuer));
	if (alone) {
		if (tls_cert_print(x, print))
			tls_cert_hex(&b, print);
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

	if (good || j == NULL)
		return good;
	if (x == NULL || j->fault.kind != ERR_NONE)
		return j->look;
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
	return j->look;
}

static bool
is_known(const struct demand *d, const unsigned char *print)
{
	for (size_t i = 0; i < d->prints; i++)
		if (memcmp(d->print[i], print, DEMAND_PRINT) == 0)
			return true;
	return false;
}

int
tls_judge_print(SSL *ssl, const struct demand *d, struct err *e)
{
	unsigned char print[DEMAND_PRINT] = {0};
	unsigned char key[DEMAND_PRINT];
	struct buf hex;
	bool known;
	X509 *x;

	if (d->prints == 0)
		return 0;
	x = SSL_get1_peer_certificate(ssl);
	known = x && tls_cert_print(x, print) &&
	    (is_known(d, print) ||
		(tls_cert_key_print(x, key) && is_known(d, key)));
	X509_free(x);
	if (known)
		return 0;
	buf_init(&hex, 100);
	tls_cert_hex(&hex, print);
	err_set(e, ERR_PEER,
	    "its certificate has the fingerprint %s, which is not among those "
	    "of tls-fingerprint: it was renewed, or somebody is in between",
	    hex.p);
	buf_free(&hex);
	return -1;
}
