/* SPDX-License-Identifier: ISC */
#include "os/crypto.h"

#include "os/openssl.h"

int
crypto_load(struct err *e)
{
	return openssl_load(e);
}

size_t
crypto_size(enum crypto_hash hash)
{
	static const size_t sizes[] = {
	    [CRYPTO_MD5] = 16, [CRYPTO_SHA1] = 20, [CRYPTO_SHA256] = 32};

	return sizes[hash];
}

static const EVP_MD *
method(enum crypto_hash hash)
{
	switch (hash) {
	case CRYPTO_MD5:
		return EVP_md5();
	case CRYPTO_SHA1:
		return EVP_sha1();
	case CRYPTO_SHA256:
	default:
		return EVP_sha256();
	}
}

/* What OpenSSL did or did not; nothing stays in its queue. */
static int
done(bool well, struct err *e)
{
	unsigned long code = ERR_get_error();
	const char *text = code ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	if (well)
		return 0;
	return err_set(
	    e, ERR_SYSTEM, "OpenSSL: %s", text ? text : "unknown error");
}

int
crypto_digest(
    enum crypto_hash hash, struct str data, unsigned char *out, struct err *e)
{
	if (openssl_load(e) < 0)
		return -1;
	return done(
	    EVP_Digest(data.p, data.n, out, NULL, method(hash), NULL) == 1, e);
}

int
crypto_hmac(enum crypto_hash hash, struct str key, struct str data,
    unsigned char *out, struct err *e)
{
	/* Without a key OpenSSL would take the one of the call before. */
	const char *bytes = key.n > 0 ? key.p : "";

	if (openssl_load(e) < 0)
		return -1;
	if (key.n > INT_MAX)
		return err_set(e, ERR_LIMIT, "a key of %zu bytes", key.n);
	return done(
	    HMAC(method(hash), bytes, (int)key.n, (const unsigned char *)data.p,
		data.n, out, NULL) != NULL,
	    e);
}

int
crypto_stretch(enum crypto_hash hash, struct str password, struct str salt,
    int rounds, unsigned char *out, struct err *e)
{
	if (openssl_load(e) < 0)
		return -1;
	if (password.n > INT_MAX || salt.n > INT_MAX)
		return err_set(e, ERR_LIMIT, "too many bytes");
	return done(
	    PKCS5_PBKDF2_HMAC(password.n > 0 ? password.p : "", (int)password.n,
		(const unsigned char *)salt.p, (int)salt.n, rounds,
		method(hash), (int)crypto_size(hash), out) == 1,
	    e);
}

bool
crypto_equal(const void *a, const void *b, size_t n)
{
	unsigned char differ = 0;

	for (size_t i = 0; i < n; i++)
		differ |= ((const unsigned char *)a)[i] ^
		    ((const unsigned char *)b)[i];
	return differ == 0;
}
