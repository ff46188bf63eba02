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
#include <openssl/x509v3.h>

#include "base/err.h"

#define OPENSSL_CALLS(CALL)                       \
	CALL(ASN1_STRING_free)                    \
	CALL(ASN1_TIME_diff)                      \
	CALL(ASN1_TIME_set)                       \
	CALL(ASN1_TIME_to_tm)                     \
	CALL(BIO_ctrl)                            \
	CALL(BIO_free)                            \
	CALL(BIO_new)                             \
	CALL(BIO_s_mem)                           \
	CALL(CRYPTO_free)                         \
	CALL(ERR_clear_error)                     \
	CALL(ERR_get_error)                       \
	CALL(ERR_reason_error_string)             \
	CALL(EVP_DecodeBlock)                     \
	CALL(EVP_Digest)                          \
	CALL(EVP_PKEY_get0_type_name)             \
	CALL(EVP_PKEY_get_bits)                   \
	CALL(EVP_PKEY_get_group_name)             \
	CALL(EVP_md5)                             \
	CALL(EVP_sha1)                            \
	CALL(EVP_sha256)                          \
	CALL(GENERAL_NAMES_free)                  \
	CALL(HMAC)                                \
	CALL(OBJ_nid2ln)                          \
	CALL(OPENSSL_init_crypto)                 \
	CALL(OPENSSL_sk_num)                      \
	CALL(OPENSSL_sk_value)                    \
	CALL(PKCS5_PBKDF2_HMAC)                   \
	CALL(SSL_CIPHER_get_bits)                 \
	CALL(SSL_CIPHER_get_name)                 \
	CALL(SSL_CTX_check_private_key)           \
	CALL(SSL_CTX_ctrl)                        \
	CALL(SSL_CTX_free)                        \
	CALL(SSL_CTX_get0_certificate)            \
	CALL(SSL_CTX_get_cert_store)              \
	CALL(SSL_CTX_new)                         \
	CALL(SSL_CTX_set_default_passwd_cb)       \
	CALL(SSL_CTX_set_options)                 \
	CALL(SSL_CTX_set_verify)                  \
	CALL(SSL_CTX_use_PrivateKey_file)         \
	CALL(SSL_CTX_use_certificate_chain_file)  \
	CALL(SSL_connect)                         \
	CALL(SSL_ctrl)                            \
	CALL(SSL_export_keying_material)          \
	CALL(SSL_free)                            \
	CALL(SSL_get0_param)                      \
	CALL(SSL_get0_verified_chain)             \
	CALL(SSL_get1_peer_certificate)           \
	CALL(SSL_get_current_cipher)              \
	CALL(SSL_get_error)                       \
	CALL(SSL_get_ex_data)                     \
	CALL(SSL_get_ex_data_X509_STORE_CTX_idx)  \
	CALL(SSL_get_finished)                    \
	CALL(SSL_get_peer_cert_chain)             \
	CALL(SSL_get_version)                     \
	CALL(SSL_group_to_name)                   \
	CALL(SSL_new)                             \
	CALL(SSL_read_ex)                         \
	CALL(SSL_set1_host)                       \
	CALL(SSL_set_ex_data)                     \
	CALL(SSL_set_fd)                          \
	CALL(SSL_set_hostflags)                   \
	CALL(SSL_version)                         \
	CALL(SSL_write_ex)                        \
	CALL(TLS_client_method)                   \
	CALL(X509_LOOKUP_get_method_data)         \
	CALL(X509_LOOKUP_get_store)               \
	CALL(X509_LOOKUP_meth_new)                \
	CALL(X509_LOOKUP_meth_set_get_by_subject) \
	CALL(X509_LOOKUP_set_method_data)         \
	CALL(X509_NAME_cmp)                       \
	CALL(X509_NAME_free)                      \
	CALL(X509_NAME_get0_der)                  \
	CALL(X509_NAME_get_text_by_NID)           \
	CALL(X509_NAME_print_ex)                  \
	CALL(X509_OBJECT_set1_X509)               \
	CALL(X509_STORE_CTX_get_current_cert)     \
	CALL(X509_STORE_CTX_get_error)            \
	CALL(X509_STORE_CTX_get_error_depth)      \
	CALL(X509_STORE_CTX_get_ex_data)          \
	CALL(X509_STORE_add_cert)                 \
	CALL(X509_STORE_add_lookup)               \
	CALL(X509_VERIFY_PARAM_add1_host)         \
	CALL(X509_VERIFY_PARAM_set1_ip_asc)       \
	CALL(X509_digest)                         \
	CALL(X509_free)                           \
	CALL(X509_get0_notAfter)                  \
	CALL(X509_get0_notBefore)                 \
	CALL(X509_get0_pubkey)                    \
	CALL(X509_get_X509_PUBKEY)                \
	CALL(X509_get_ext_d2i)                    \
	CALL(X509_get_issuer_name)                \
	CALL(X509_get_signature_nid)              \
	CALL(X509_get_subject_name)               \
	CALL(X509_verify_cert_error_string)       \
	CALL(d2i_X509)                            \
	CALL(d2i_X509_NAME)                       \
	CALL(i2d_X509_PUBKEY)

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

#define ASN1_STRING_free openssl.ASN1_STRING_free
#define ASN1_TIME_diff openssl.ASN1_TIME_diff
#define ASN1_TIME_set openssl.ASN1_TIME_set
#define ASN1_TIME_to_tm openssl.ASN1_TIME_to_tm
#define BIO_ctrl openssl.BIO_ctrl
#define BIO_free openssl.BIO_free
#define BIO_new openssl.BIO_new
#define BIO_s_mem openssl.BIO_s_mem
#define CRYPTO_free openssl.CRYPTO_free
#define ERR_clear_error openssl.ERR_clear_error
#define ERR_get_error openssl.ERR_get_error
#define ERR_reason_error_string openssl.ERR_reason_error_string
#define EVP_DecodeBlock openssl.EVP_DecodeBlock
#define EVP_Digest openssl.EVP_Digest
#define EVP_PKEY_get0_type_name openssl.EVP_PKEY_get0_type_name
#define EVP_PKEY_get_bits openssl.EVP_PKEY_get_bits
#define EVP_PKEY_get_group_name openssl.EVP_PKEY_get_group_name
#define EVP_md5 openssl.EVP_md5
#define EVP_sha1 openssl.EVP_sha1
#define EVP_sha256 openssl.EVP_sha256
#define GENERAL_NAMES_free openssl.GENERAL_NAMES_free
#define HMAC openssl.HMAC
#define OBJ_nid2ln openssl.OBJ_nid2ln
#define OPENSSL_init_crypto openssl.OPENSSL_init_crypto
#define OPENSSL_sk_num openssl.OPENSSL_sk_num
#define OPENSSL_sk_value openssl.OPENSSL_sk_value
#define PKCS5_PBKDF2_HMAC openssl.PKCS5_PBKDF2_HMAC
#define SSL_CIPHER_get_bits openssl.SSL_CIPHER_get_bits
#define SSL_CIPHER_get_name openssl.SSL_CIPHER_get_name
#define SSL_CTX_check_private_key openssl.SSL_CTX_check_private_key
#define SSL_CTX_ctrl openssl.SSL_CTX_ctrl
#define SSL_CTX_free openssl.SSL_CTX_free
#define SSL_CTX_get0_certificate openssl.SSL_CTX_get0_certificate
#define SSL_CTX_get_cert_store openssl.SSL_CTX_get_cert_store
#define SSL_CTX_new openssl.SSL_CTX_new
#define SSL_CTX_set_default_passwd_cb openssl.SSL_CTX_set_default_passwd_cb
#define SSL_CTX_set_options openssl.SSL_CTX_set_options
#define SSL_CTX_set_verify openssl.SSL_CTX_set_verify
#define SSL_CTX_use_PrivateKey_file openssl.SSL_CTX_use_PrivateKey_file
#define SSL_CTX_use_certificate_chain_file \
	openssl.SSL_CTX_use_certificate_chain_file
#define SSL_connect openssl.SSL_connect
#define SSL_ctrl openssl.SSL_ctrl
#define SSL_export_keying_material openssl.SSL_export_keying_material
#define SSL_free openssl.SSL_free
#define SSL_get0_param openssl.SSL_get0_param
#define SSL_get0_verified_chain openssl.SSL_get0_verified_chain
#define SSL_get1_peer_certificate openssl.SSL_get1_peer_certificate
#define SSL_get_current_cipher openssl.SSL_get_current_cipher
#define SSL_get_error openssl.SSL_get_error
#define SSL_get_ex_data openssl.SSL_get_ex_data
#define SSL_get_ex_data_X509_STORE_CTX_idx \
	openssl.SSL_get_ex_data_X509_STORE_CTX_idx
#define SSL_get_finished openssl.SSL_get_finished
#define SSL_get_peer_cert_chain openssl.SSL_get_peer_cert_chain
#define SSL_get_version openssl.SSL_get_version
#define SSL_group_to_name openssl.SSL_group_to_name
#define SSL_new openssl.SSL_new
#define SSL_read_ex openssl.SSL_read_ex
#define SSL_set1_host openssl.SSL_set1_host
#define SSL_set_ex_data openssl.SSL_set_ex_data
#define SSL_set_fd openssl.SSL_set_fd
#define SSL_set_hostflags openssl.SSL_set_hostflags
#define SSL_version openssl.SSL_version
#define SSL_write_ex openssl.SSL_write_ex
#define TLS_client_method openssl.TLS_client_method
#define X509_LOOKUP_get_method_data openssl.X509_LOOKUP_get_method_data
#define X509_LOOKUP_get_store openssl.X509_LOOKUP_get_store
#define X509_LOOKUP_meth_new openssl.X509_LOOKUP_meth_new
#define X509_LOOKUP_meth_set_get_by_subject \
	openssl.X509_LOOKUP_meth_set_get_by_subject
#define X509_LOOKUP_set_method_data openssl.X509_LOOKUP_set_method_data
#define X509_NAME_cmp openssl.X509_NAME_cmp
#define X509_NAME_free openssl.X509_NAME_free
#define X509_NAME_get0_der openssl.X509_NAME_get0_der
#define X509_NAME_get_text_by_NID openssl.X509_NAME_get_text_by_NID
#define X509_NAME_print_ex openssl.X509_NAME_print_ex
#define X509_OBJECT_set1_X509 openssl.X509_OBJECT_set1_X509
#define X509_STORE_CTX_get_current_cert openssl.X509_STORE_CTX_get_current_cert
#define X509_STORE_CTX_get_error openssl.X509_STORE_CTX_get_error
#define X509_STORE_CTX_get_error_depth openssl.X509_STORE_CTX_get_error_depth
#define X509_STORE_CTX_get_ex_data openssl.X509_STORE_CTX_get_ex_data
#define X509_STORE_add_cert openssl.X509_STORE_add_cert
#define X509_STORE_add_lookup openssl.X509_STORE_add_lookup
#define X509_VERIFY_PARAM_add1_host openssl.X509_VERIFY_PARAM_add1_host
#define X509_VERIFY_PARAM_set1_ip_asc openssl.X509_VERIFY_PARAM_set1_ip_asc
#define X509_digest openssl.X509_digest
#define X509_free openssl.X509_free
#define X509_get0_notAfter openssl.X509_get0_notAfter
#define X509_get0_notBefore openssl.X509_get0_notBefore
#define X509_get0_pubkey openssl.X509_get0_pubkey
#define X509_get_X509_PUBKEY openssl.X509_get_X509_PUBKEY
#define X509_get_ext_d2i openssl.X509_get_ext_d2i
#define X509_get_issuer_name openssl.X509_get_issuer_name
#define X509_get_signature_nid openssl.X509_get_signature_nid
#define X509_get_subject_name openssl.X509_get_subject_name
#define X509_verify_cert_error_string openssl.X509_verify_cert_error_string
#define d2i_X509 openssl.d2i_X509
#define d2i_X509_NAME openssl.d2i_X509_NAME
#define i2d_X509_PUBKEY openssl.i2d_X509_PUBKEY

#endif
