/* SPDX-License-Identifier: ISC */
/*
 * Digests and what is made of them, by OpenSSL.  Pure, but for the first
 * call, which loads the library (os/openssl.h): a process that locks itself in
 * has that behind it.  Each fails, with *e, where the host's policy forbids
 * the digest.
 */
#ifndef OS_CRYPTO_H
#define OS_CRYPTO_H

#include "base/err.h"

enum crypto_hash { CRYPTO_MD5, CRYPTO_SHA1, CRYPTO_SHA256 };

enum { CRYPTO_HASH_MAX = 32 };

/* Loads the library; all of these do, if nobody has. */
int crypto_load(struct err *) __attribute__((warn_unused_result));

/* How many bytes it gives. */
size_t crypto_size(enum crypto_hash);

int crypto_digest(enum crypto_hash, struct str data, unsigned char *out,
    struct err *) __attribute__((warn_unused_result));

/* HMAC (RFC 2104). */
int crypto_hmac(enum crypto_hash, struct str key, struct str data,
    unsigned char *out, struct err *) __attribute__((warn_unused_result));

/* PBKDF2 (RFC 8018) of one block: Hi() of RFC 5802. */
int crypto_stretch(enum crypto_hash, struct str password, struct str salt,
    int rounds, unsigned char *out, struct err *)
    __attribute__((warn_unused_result));

/* Equal, in a time that does not tell where they differ. */
bool crypto_equal(const void *a, const void *b, size_t n);

#endif
