/* SPDX-License-Identifier: ISC */
/* os/crypto: published digests, and a host whose policy forbids one. */
#include "os/crypto.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "../lib/child.h"
#include "../lib/policy.h"
#include "../lib/words.h"
#include "base/buf.h"

/* As hexadecimal digits; until the next call. */
static const char *
hex(enum crypto_hash hash, const unsigned char *p)
{
	static char text[2 * CRYPTO_HASH_MAX + 1];

	for (size_t i = 0; i < crypto_size(hash); i++)
		assert_int_equal(snprintf(text + 2 * i, 3, "%02x", p[i]), 2);
	return text;
}

/* RFC 1321, A.5; RFC 3174, 7.3; FIPS 180-2, B.1 and B.2. */
static void
digests(void **state)
{
	static const char two[] =
	    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	static const struct {
		enum crypto_hash hash;
		const char *data, *digest;
	} cases[] = {
	    {CRYPTO_MD5, "", "d41d8cd98f00b204e9800998ecf8427e"},
	    {CRYPTO_MD5, "message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
	    {CRYPTO_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
	    {CRYPTO_SHA1, two, "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
	    {CRYPTO_SHA256, "abc",
		"ba7816bf8f01cfea414140de5dae2223"
		"b00361a396177a9cb410ff61f20015ad"},
	    {CRYPTO_SHA256, two,
		"248d6a61d20638b8e5c026930c3e6039"
		"a33ce45964ff2167f6ecedd419db06c1"},
	};
	unsigned char out[CRYPTO_HASH_MAX];
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
		    crypto_digest(cases[i].hash, str_c(cases[i].data), out, &e),
		    0);
		assert_string_equal(hex(cases[i].hash, out), cases[i].digest);
	}
}

/* RFC 2202, 2 and 3; RFC 4231, 4.3; and an empty key, as printed by the
 * openssl command. */
static void
hmacs(void **state)
{
	static const char what[] = "what do ya want for nothing?";
	static const struct {
		enum crypto_hash hash;
		const char *key, *data, *digest;
	} cases[] = {
	    {CRYPTO_MD5, "Jefe", what, "750c783e6ab0b503eaa86e310a5db738"},
	    {CRYPTO_SHA1, "Jefe", what,
		"effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
	    {CRYPTO_SHA256, "Jefe", what,
		"5bdcc146bf60754e6a042426089575c7"
		"5a003f089d2739839dec58b964ec3843"},
	    {CRYPTO_SHA256, "", "",
		"b613679a0814d9ec772f95d778c35fc5"
		"ff1697c493715653c6c712144292c5ad"},
	    {CRYPTO_MD5, "", "", "74e6f7298a9c2d168935f58c001bad88"},
	};
	unsigned char out[CRYPTO_HASH_MAX];
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(crypto_hmac(cases[i].hash, str_c(cases[i].key),
				     str_c(cases[i].data), out, &e),
		    0);
		assert_string_equal(hex(cases[i].hash, out), cases[i].digest);
	}
	assert_int_equal(
	    crypto_hmac(CRYPTO_MD5, STR_NONE, STR_NONE, out, &e), 0);
	assert_string_equal(
	    hex(CRYPTO_MD5, out), "74e6f7298a9c2d168935f58c001bad88");
}

/* RFC 6070, 2; RFC 7677 has no vector alone: RFC 7914, 11, its first half. */
static void
stretched(void **state)
{
	static const struct {
		enum crypto_hash hash;
		const char *password, *salt;
		int rounds;
		const char *key;
	} cases[] = {
	    {CRYPTO_SHA1, "password", "salt", 1,
		"0c60c80f961f0e71f3a9b524af6012062fe037a6"},
	    {CRYPTO_SHA1, "password", "salt", 4096,
		"4b007901b765489abead49d926f721d065a429c1"},
	    {CRYPTO_SHA256, "passwd", "salt", 1,
		"55ac046e56e3089fec1691c22544b605"
		"f94185216dde0465e68b9d57c20dacbc"},
	};
	unsigned char out[CRYPTO_HASH_MAX];
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
		    crypto_stretch(cases[i].hash, str_c(cases[i].password),
			str_c(cases[i].salt), cases[i].rounds, out, &e),
		    0);
		assert_string_equal(hex(cases[i].hash, out), cases[i].key);
	}
	assert_int_equal(
	    crypto_stretch(CRYPTO_SHA1, STR_NONE, STR("salt"), 1, out, &e), 0);
}

/* What OpenSSL would count wrong is not given to it. */
static void
too_long(void **state)
{
	struct str huge = {"", (size_t)INT_MAX + 1};
	unsigned char out[CRYPTO_HASH_MAX];
	struct err e;

	(void)state;
	assert_int_equal(crypto_hmac(CRYPTO_MD5, huge, STR_NONE, out, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	e.kind = ERR_NONE;
	assert_int_equal(
	    crypto_stretch(CRYPTO_SHA1, huge, STR("salt"), 1, out, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	e.kind = ERR_NONE;
	assert_int_equal(
	    crypto_stretch(CRYPTO_SHA1, STR("p"), huge, 1, out, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
}

static void
equal(void **state)
{
	(void)state;
	assert_true(crypto_equal("", "", 0));
	assert_true(crypto_equal("ab\0c", "ab\0c", 4));
	assert_false(crypto_equal("ab\0c", "ab\0d", 4));
	assert_false(crypto_equal("xb", "ab", 2));
	assert_true(crypto_equal("abc", "abd", 2));
}

static int
forbidden(void)
{
	unsigned char out[CRYPTO_HASH_MAX];
	struct err e;

	CHILD_CHECK(crypto_load(&e) == 0);
	CHILD_CHECK(crypto_digest(CRYPTO_MD5, STR("a"), out, &e) == -1);
	CHILD_CHECK(strncmp(e.text, "OpenSSL: ", 9) == 0);
	CHILD_CHECK(crypto_hmac(CRYPTO_MD5, STR("k"), STR("a"), out, &e) == -1);
	CHILD_CHECK(
	    crypto_stretch(CRYPTO_SHA1, STR("p"), STR("s"), 1, out, &e) == -1);
	return 0;
}

static void
a_policy(void **state)
{
	(void)state;
	assert_int_equal(policy_run(POLICY_APPROVED, forbidden), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    /* First: the library reads its configuration once. */
	    cmocka_unit_test(a_policy),
	    cmocka_unit_test(digests),
	    cmocka_unit_test(hmacs),
	    cmocka_unit_test(stretched),
	    cmocka_unit_test(too_long),
	    cmocka_unit_test(equal),
	};

	return cmocka_run_group_tests_name("crypto", tests, NULL, NULL);
}
