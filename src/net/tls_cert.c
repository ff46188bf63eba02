/* SPDX-License-Identifier: ISC */
#include "net/tls_cert.h"

#include <inttypes.h>
#include <time.h>

#include "base/clock.h"
#include "base/code.h"
#include "net/host.h"

enum { NAME_SHOWN = 100, TEXT_SHOWN = 400, NAMES = 50, CERTIFICATES = 10 };

static void
put_tm(char date[TLS_CERT_DATE], const struct tm *tm)
{
	if (strftime(date, TLS_CERT_DATE, "%Y-%m-%d %H:%M UTC", tm) == 0)
		date[0] = '\0';
}

void
tls_cert_date(char date[TLS_CERT_DATE], const ASN1_TIME *when)
{
	struct tm tm;

	date[0] = '\0';
	if (ASN1_TIME_to_tm(when, &tm) == 1)
		put_tm(date, &tm);
}

void
tls_cert_time(char date[TLS_CERT_DATE], time_t when)
{
	struct tm tm;

	date[0] = '\0';
	if (gmtime_r(&when, &tm))
		put_tm(date, &tm);
}

int64_t
tls_cert_left(const ASN1_TIME *when)
{
	ASN1_TIME *now = ASN1_TIME_set(NULL, clock_wall().tv_sec);
	int seconds = 0;
	int days = 0;

	if (now == NULL || ASN1_TIME_diff(&days, &seconds, now, when) != 1)
		ERR_clear_error(); /* what is no date has no time left */
	ASN1_STRING_free(now);
	return (int64_t)days * 86400 + seconds;
}

bool
tls_cert_print(const X509 *x, unsigned char print[DEMAND_PRINT])
{
	unsigned n = 0;

	return X509_digest(x, EVP_sha256(), print, &n) == 1;
}

bool
tls_cert_key_print(const X509 *x, unsigned char print[DEMAND_PRINT])
{
	unsigned char *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
	bool had = n > 0 &&
	    EVP_Digest(der, (size_t)n, print, NULL, EVP_sha256(), NULL) == 1;

	CRYPTO_free(der, "", 0);
	return had;
}

void
tls_cert_hex(struct buf *b, const unsigned char print[DEMAND_PRINT])
{
	for (size_t i = 0; i < DEMAND_PRINT; i++)
		buf_printf(b, "%02x", print[i]);
}

static struct str
octets(const ASN1_STRING *s)
{
	return str_of((const char *)s->data, (size_t)s->length);
}

/* One name; nothing where it is of another kind. */
static void
put_name(struct buf *b, const GENERAL_NAME *name, bool addresses)
{
	struct ip ip;

	if (name->type == GEN_DNS)
		code_inert(b, octets(name->d.dNSName), NAME_SHOWN);
	else if (addresses && name->type == GEN_IPADD &&
	    ip_from_bytes(&ip, name->d.iPAddress->data,
		(size_t)name->d.iPAddress->length))
		ip_print(b, &ip);
}

size_t
tls_cert_names(const X509 *x, bool addresses, size_t max,
    void (*name)(void *ctx, struct str), void *ctx)
{
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	const OPENSSL_STACK *stack = (const OPENSSL_STACK *)names;
	int n = names ? OPENSSL_sk_num(stack) : 0;
	struct buf b;

	buf_init(&b, 4 * NAME_SHOWN);
	for (int i = 0; i < n && (size_t)i < max; i++) {
		buf_clear(&b);
		put_name(&b, OPENSSL_sk_value(stack, i), addresses);
		if (b.n > 0)
			name(ctx, buf_str(&b));
	}
	buf_free(&b);
	GENERAL_NAMES_free(names);
	return n > 0 ? (size_t)n : 0;
}

/* ---- the chain that a host shows */

struct view {
	void (*tell)(void *ctx, unsigned n, const char *what, struct str);
	void *ctx;
	unsigned n; /* which certificate */
};

static void
tell_name(void *ctx, struct str name)
{
	const struct view *v = ctx;

	v->tell(v->ctx, v->n, "name", name);
}

/* "CN = mail.example.org, O = Example": what is not ASCII is escaped. */
static void
put_subject(struct buf *b, const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long n = 0;

	if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE) >= 0)
		n = BIO_ctrl(bio, BIO_CTRL_INFO, 0, &text);
	if (n > 0 && text)
		code_inert(b, str_of(text, (size_t)n), TEXT_SHOWN);
	(void)BIO_free(bio);
}

static void
tell_subject(const struct view *v, const char *what, const X509_NAME *name)
{
	struct buf b;

	buf_init(&b, TEXT_SHOWN);
	put_subject(&b, name);
	v->tell(v->ctx, v->n, what, buf_str(&b));
	buf_free(&b);
}

static void
tell_date(const struct view *v, const char *what, const ASN1_TIME *when)
{
	char date[TLS_CERT_DATE];

	tls_cert_date(date, when);
	v->tell(v->ctx, v->n, what, str_c(date));
}

/* For how many whole days it is valid; less than none if it is over. */
static void
tell_days(const struct view *v, const ASN1_TIME *until)
{
	enum { DAY = 86400 };
	int64_t left = tls_cert_left(until);
	struct buf b;

	buf_init(&b, 30);
	buf_printf(&b, "%" PRId64, left < 0 ? left / DAY - 1 : left / DAY);
	v->tell(v->ctx, v->n, "days", buf_str(&b));
	buf_free(&b);
}

/* "EC, 256 bits, prime256v1" */
static void
tell_key(const struct view *v, const X509 *x)
{
	const EVP_PKEY *key = X509_get0_pubkey(x);
	const char *type = key ? EVP_PKEY_get0_type_name(key) : NULL;
	char group[64];
	struct buf b;

	buf_init(&b, 200);
	if (key)
		buf_printf(&b, "%s, %d bits", type ? type : "unknown",
		    EVP_PKEY_get_bits(key));
	if (key &&
	    EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1)
		buf_printf(&b, ", %s", group);
	if (b.n > 0)
		v->tell(v->ctx, v->n, "key", buf_str(&b));
	buf_free(&b);
	ERR_clear_error();
}

static void
tell_print(const struct view *v, const char *what, const X509 *x,
    bool (*print)(const X509 *, unsigned char[DEMAND_PRINT]))
{
	unsigned char bytes[DEMAND_PRINT];
	struct buf b;

	buf_init(&b, 2 * DEMAND_PRINT);
	if (print(x, bytes)) {
		tls_cert_hex(&b, bytes);
		v->tell(v->ctx, v->n, what, buf_str(&b));
	}
	buf_free(&b);
}

static void
tell_all(struct view *v, const X509 *x)
{
	const char *signature = OBJ_nid2ln(X509_get_signature_nid(x));

	tell_subject(v, "subject", X509_get_subject_name(x));
	tell_subject(v, "issuer", X509_get_issuer_name(x));
	if (tls_cert_names(x, true, NAMES, tell_name, v) > NAMES)
		v->tell(v->ctx, v->n, "name", STR("..."));
	tell_date(v, "from", X509_get0_notBefore(x));
	tell_date(v, "until", X509_get0_notAfter(x));
	tell_days(v, X509_get0_notAfter(x));
	tell_key(v, x);
	if (signature)
		v->tell(v->ctx, v->n, "signature", str_c(signature));
	tell_print(v, "sha256", x, tls_cert_print);
	tell_print(v, "key-sha256", x, tls_cert_key_print);
}

void
tls_cert_show(const SSL *ssl,
    void (*tell)(void *ctx, unsigned n, const char *what, struct str),
    void *ctx)
{
	const OPENSSL_STACK *sent =
	    (const OPENSSL_STACK *)SSL_get_peer_cert_chain(ssl);
	const OPENSSL_STACK *built =
	    (const OPENSSL_STACK *)SSL_get0_verified_chain(ssl);
	int n = sent ? OPENSSL_sk_num(sent) : 0;
	int top = built ? OPENSSL_sk_num(built) : 0;
	struct view v = {.tell = tell, .ctx = ctx};

	for (int i = 0; i < n && i < CERTIFICATES; i++) {
		v.n = (unsigned)i;
		tell_all(&v, OPENSSL_sk_value(sent, i));
	}
	v.n = 0;
	if (top > 0)
		tell_subject(&v, "top",
		    X509_get_subject_name(OPENSSL_sk_value(built, top - 1)));
}
