/* SPDX-License-Identifier: ISC */
/*
 * OpenSSL, loaded when it is needed: linking with it would cost every start
 * a millisecond.  Whoever includes this calls its functions by their own
 * names, once openssl_load has succeeded.  One that is not listed here is
 * unknown to the linker.
 */
#ifndef OS_OPENSSL_H
#define OS_OPENSSL_H

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>

#include "base/err.h"

#define OPENSSL_CALLS(CALL)              \
	CALL(ERR_clear_error)            \
	CALL(ERR_get_error)              \
	CALL(ERR_reason_error_string)    \
	CALL(EVP_Digest)                 \
	CALL(EVP_md5)                    \
	CALL(EVP_sha1)                   \
	CALL(EVP_sha256)                 \
	CALL(HMAC)                       \
	CALL(OPENSSL_init_crypto)        \
	CALL(PKCS5_PBKDF2_HMAC)          \
	CALL(SSL_CIPHER_get_bits)        \
	CALL(SSL_CIPHER_get_name)        \
	CALL(SSL_CTX_ctrl)               \
	CALL(SSL_CTX_free)               \
	CALL(SSL_CTX_new)                \
	CALL(SSL_CTX_set_options)        \
	CALL(SSL_CTX_set_verify)         \
	CALL(SSL_connect)                \
	CALL(SSL_ctrl)                   \
	CALL(SSL_export_keying_material) \
	CALL(SSL_free)                   \
	CALL(SSL_get_current_cipher)     \
	CALL(SSL_get_error)              \
	CALL(SSL_get_finished)           \
	CALL(SSL_get_version)            \
	CALL(SSL_new)                    \
	CALL(SSL_read_ex)                \
	CALL(SSL_set_fd)                 \
	CALL(SSL_version)                \
	CALL(SSL_write_ex)               \
	CALL(TLS_client_method)

struct openssl {
#define OPENSSL_MEMBER(name) __typeof__ (&(name))(name);
	OPENSSL_CALLS(OPENSSL_MEMBER)
#undef OPENSSL_MEMBER
};

extern struct openssl openssl;

/*
 * Loads the libraries and reads the host's openssl.cnf, which carries its
 * policy; what it opens, it opens here.  Idempotent; children inherit what
 * was loaded.  -1 with *e if that cannot be.
 */
int openssl_load(struct err *e) __attribute__((warn_unused_result));

#define ERR_clear_error openssl.ERR_clear_error
#define ERR_get_error openssl.ERR_get_error
#define ERR_reason_error_string openssl.ERR_reason_error_string
#define EVP_Digest openssl.EVP_Digest
#define EVP_md5 openssl.EVP_md5
#define EVP_sha1 openssl.EVP_sha1
#define EVP_sha256 openssl.EVP_sha256
#define HMAC openssl.HMAC
#define OPENSSL_init_crypto openssl.OPENSSL_init_crypto
#define PKCS5_PBKDF2_HMAC openssl.PKCS5_PBKDF2_HMAC
#define SSL_CIPHER_get_bits openssl.SSL_CIPHER_get_bits
#define SSL_CIPHER_get_name openssl.SSL_CIPHER_get_name
#define SSL_CTX_ctrl openssl.SSL_CTX_ctrl
#define SSL_CTX_free openssl.SSL_CTX_free
#define SSL_CTX_new openssl.SSL_CTX_new
#define SSL_CTX_set_options openssl.SSL_CTX_set_options
#define SSL_CTX_set_verify openssl.SSL_CTX_set_verify
#define SSL_connect openssl.SSL_connect
#define SSL_ctrl openssl.SSL_ctrl
#define SSL_export_keying_material openssl.SSL_export_keying_material
#define SSL_free openssl.SSL_free
#define SSL_get_current_cipher openssl.SSL_get_current_cipher
#define SSL_get_error openssl.SSL_get_error
#define SSL_get_finished openssl.SSL_get_finished
#define SSL_get_version openssl.SSL_get_version
#define SSL_new openssl.SSL_new
#define SSL_read_ex openssl.SSL_read_ex
#define SSL_set_fd openssl.SSL_set_fd
#define SSL_version openssl.SSL_version
#define SSL_write_ex openssl.SSL_write_ex
#define TLS_client_method openssl.TLS_client_method

#endif
