/* SPDX-License-Identifier: ISC */
#include "certify.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

static EVP_PKEY *keys[CERTIFY_KEYS];

EVP_PKEY *
certify_key(enum certify_key key)
{
	if (keys[key] == NULL)
		keys[key] = key == CERTIFY_WEAK ? EVP_RSA_gen(1024)
						: EVP_EC_gen("P-256");
	return keys[key];
}

static void
put_name(X509_NAME *to, struct str name)
{
	/* A common name longer than 64 is refused; nothing depends on it. */
	(void)X509_NAME_add_entry_by_txt(to, "CN", MBSTRING_ASC,
	    (const unsigned char *)name.p, (int)(name.n < 64 ? name.n : 64), -1,
	    0);
}

static bool
put_extension(X509V3_CTX *ctx, int kind, const char *text)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, ctx, kind, text);
	bool put = ext && X509_add_ext(ctx->subject_cert, ext, -1) == 1;

	X509_EXTENSION_free(ext);
	return put;
}

static bool
put_extensions(X509 *cert, const struct certify *c)
{
	X509V3_CTX ctx;
	struct buf alt;
	bool put;

	X509V3_set_ctx(&ctx, c->issuer ? c->issuer : cert, cert, NULL, NULL, 0);
	buf_init(&alt, 4096);
	buf_add(&alt, c->alt);
	put = put_extension(&ctx, NID_subject_key_identifier, "hash") &&
	    (c->issuer == NULL ||
		put_extension(&ctx, NID_authority_key_identifier, "keyid")) &&
	    (c->alt.n == 0 ||
		put_extension(&ctx, NID_subject_alt_name, alt.p)) &&
	    (c->key < CERTIFY_AUTHORITY ||
		put_extension(&ctx, NID_basic_constraints, "critical,CA:TRUE"));
	buf_free(&alt);
	return put;
}

X509 *
certify(const struct certify *c)
{
	static const long day = 24L * 60 * 60;
	X509 *cert = X509_new();

	if (cert == NULL)
		return NULL;
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), c->early ? day : -3 * day);
	X509_gmtime_adj(X509_getm_notAfter(cert), c->expired ? -day : 3 * day);
	put_name(X509_get_subject_name(cert), c->name);
	X509_set_issuer_name(
	    cert, X509_get_subject_name(c->issuer ? c->issuer : cert));
	if (X509_set_pubkey(cert, certify_key(c->key)) == 1 &&
	    put_extensions(cert, c) &&
	    X509_sign(cert, certify_key(c->signer), EVP_sha256()) > 0)
		return cert;
	X509_free(cert);
	return NULL;
}

X509 *
certify_authority(enum certify_key key, struct str name)
{
	const struct certify c = {.name = name, .key = key, .signer = key};

	return certify(&c);
}

static void
take_out(struct buf *pem, BIO *bio)
{
	char *text = NULL;
	long n = BIO_get_mem_data(bio, &text);

	if (n > 0)
		buf_add(pem, str_of(text, (size_t)n));
	BIO_free(bio);
}

void
certify_put(struct buf *pem, X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (bio && cert)
		(void)PEM_write_bio_X509(bio, cert);
	take_out(pem, bio);
}

void
certify_put_authority(struct buf *pem, enum certify_key key, struct str name)
{
	X509 *cert = certify_authority(key, name);

	certify_put(pem, cert);
	X509_free(cert);
}

void
certify_put_key(struct buf *pem, enum certify_key key, const char *passphrase)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (bio)
		(void)PEM_write_bio_PKCS8PrivateKey(bio, certify_key(key),
		    passphrase ? EVP_aes_128_cbc() : NULL, passphrase,
		    passphrase ? (int)strlen(passphrase) : 0, NULL, NULL);
	take_out(pem, bio);
}

void
certify_end(void)
{
	for (int i = 0; i < CERTIFY_KEYS; i++) {
		EVP_PKEY_free(keys[i]);
		keys[i] = NULL;
	}
}
