/* SPDX-License-Identifier: ISC */
#include "peer_tls.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/err.h"
#include "certify.h"
#include "words.h"

struct peer_tls {
	SSL *ssl;
	bool broken, ready;
	size_t room; /* so much of the handshake is still said */
	char sni[256];
	char fault[256];
};

static struct {
	SSL_CTX *ctx;
	X509 *cert;    /* of the server that was made last, */
	struct buf of; /* for this name and with these options */
} made;

static int
took_sni(SSL *ssl, int *alert, void *arg)
{
	struct peer_tls *t = SSL_get_app_data(ssl);
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)alert;
	(void)arg;
	if (name)
		(void)snprintf(t->sni, sizeof(t->sni), "%s", name);
	return SSL_TLSEXT_ERR_OK;
}

static int
anything_goes(const SSL *ssl, const SSL_CTX *ctx, int op, int bits, int nid,
    void *other, void *arg)
{
	(void)ssl;
	(void)ctx;
	(void)op;
	(void)bits;
	(void)nid;
	(void)other;
	(void)arg;
	return 1;
}

static SSL_CTX *
context(void)
{
	if (made.ctx)
		return made.ctx;
	made.ctx = SSL_CTX_new(TLS_server_method());
	if (made.ctx == NULL)
		return NULL;
	SSL_CTX_set_min_proto_version(made.ctx, TLS1_VERSION);
	/* Old versions and weak keys are what some scripts are about. */
	SSL_CTX_set_security_level(made.ctx, 0);
	SSL_CTX_set_security_callback(made.ctx, anything_goes);
	SSL_CTX_set_session_cache_mode(made.ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_tlsext_servername_callback(made.ctx, took_sni);
	return made.ctx;
}

struct wish {
	struct str name, alt;
	int version; /* 0: any */
	uint64_t cut;
	bool expired, early, issued, weak, weak_dh, no_ems, ask;
};

/* Options that are a word, of those that say a version, and of others. */
static bool
read_word(struct str word, struct wish *wish)
{
	static const struct {
		const char *word;
		int version;
	} versions[] = {{"tls1.0", TLS1_VERSION}, {"tls1.1", TLS1_1_VERSION},
	    {"tls1.2", TLS1_2_VERSION}, {"tls1.3", TLS1_3_VERSION},
	    {"weakdh", TLS1_2_VERSION}};
	static const struct {
		const char *word;
		size_t at;
	} flags[] = {
	    {"expired", offsetof(struct wish, expired)},
	    {"early", offsetof(struct wish, early)},
	    {"issued", offsetof(struct wish, issued)},
	    {"weak", offsetof(struct wish, weak)},
	    {"weakdh", offsetof(struct wish, weak_dh)},
	    {"noems", offsetof(struct wish, no_ems)},
	    {"ask", offsetof(struct wish, ask)},
	};
	bool known = false;

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (str_eq(word, str_c(versions[i].word))) {
			wish->version = versions[i].version;
			known = true;
		}
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (str_eq(word, str_c(flags[i].word))) {
			*(bool *)((char *)wish + flags[i].at) = true;
			known = true;
		}
	return known;
}

static bool
read_wish(struct str options, struct wish *wish)
{
	struct str word;

	while ((word = words_next(&options)).n > 0) {
		bool known = true;

		if (str_starts(word, STR("name=")))
			wish->name = str_slice(word, 5, word.n);
		else if (str_starts(word, STR("alt=")))
			wish->alt = str_slice(word, 4, word.n);
		else if (str_starts(word, STR("cut=")))
			known = str_number(
			    str_slice(word, 4, word.n), SIZE_MAX, &wish->cut);
		else
			known = read_word(word, wish);
		if (!known)
			return false;
	}
	return true;
}

/* A group that no client should take: of 512 bits. */
static bool
weaken(SSL *ssl)
{
	static const char pem[] =
	    "-----BEGIN DH PARAMETERS-----\n"
	    "MEYCQQC7RPm3lkg11YQ3XjjbNkQ3EM9GNk5tHCY+N+U6Umu9nbL15lKu/hSeEiyQ\n"
	    "5rTb5nUPxcqS/WK+Iejzgkdi+7LXAgEC\n"
	    "-----END DH PARAMETERS-----\n";
	BIO *in = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *group = in ? PEM_read_bio_Parameters(in, NULL) : NULL;

	BIO_free(in);
	/* It takes the group, if it takes it. */
	if (group && SSL_set0_tmp_dh_pkey(ssl, group) == 1)
		return SSL_set_cipher_list(ssl, "DHE-RSA-AES128-GCM-SHA256") ==
		    1;
	EVP_PKEY_free(group);
	return false;
}

static X509 *
make_certificate(const struct wish *wish, enum certify_key key)
{
	struct certify c = {
	    .name = wish->name,
	    .key = key,
	    .signer = wish->issued ? CERTIFY_AUTHORITY : key,
	    .early = wish->early,
	    .expired = wish->expired,
	};
	struct buf alt;
	X509 *cert;

	if (wish->issued)
		c.issuer =
		    certify_authority(CERTIFY_AUTHORITY, STR(CERTIFY_ISSUER));
	buf_init(&alt, 4096);
	if (wish->alt.p)
		buf_add(&alt, wish->alt);
	else
		buf_printf(&alt, "DNS:%.*s", STR_ARG(wish->name));
	c.alt = buf_str(&alt);
	cert = certify(&c);
	buf_free(&alt);
	X509_free(c.issuer);
	return cert;
}

/* A server that comes again shows the same one. */
static X509 *
certificate(struct str options, const struct wish *wish, enum certify_key key)
{
	struct buf of;

	buf_init(&of, 4096);
	buf_add(&of, wish->name);
	buf_byte(&of, ' ');
	buf_add(&of, options);
	if (made.cert && str_eq(buf_str(&of), buf_str(&made.of))) {
		buf_free(&of);
		return made.cert;
	}
	X509_free(made.cert);
	buf_free(&made.of);
	made.of = of;
	made.cert = make_certificate(wish, key);
	return made.cert;
}

/* Whoever the client is: what it shows is looked at by the test. */
static int
anybody(int good, X509_STORE_CTX *ctx)
{
	(void)good;
	(void)ctx;
	return 1;
}

static bool
prepare(SSL *ssl, struct str options, const struct wish *wish)
{
	enum certify_key key =
	    wish->weak || wish->weak_dh ? CERTIFY_WEAK : CERTIFY_HOST;
	X509 *cert = certificate(options, wish, key);
	bool fits = cert && SSL_use_certificate(ssl, cert) == 1 &&
	    SSL_use_PrivateKey(ssl, certify_key(key)) == 1;
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

	SSL_set_bio(ssl, in, out);
	if (wish->version) {
		SSL_set_min_proto_version(ssl, wish->version);
		SSL_set_max_proto_version(ssl, wish->version);
	}
	if (wish->no_ems)
		(void)SSL_set_options(ssl, SSL_OP_NO_EXTENDED_MASTER_SECRET);
	if (wish->ask)
		SSL_set_verify(ssl, SSL_VERIFY_PEER, anybody);
	SSL_set_accept_state(ssl);
	return fits && in && out && (!wish->weak_dh || weaken(ssl));
}

struct peer_tls *
peer_tls_new(struct str name, struct str options)
{
	struct wish wish = {.name = name, .cut = SIZE_MAX};
	struct peer_tls *t;

	if (!read_wish(options, &wish) || context() == NULL)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		err_memory();
	t->room = wish.cut;
	t->ssl = SSL_new(made.ctx);
	if (t->ssl && prepare(t->ssl, options, &wish)) {
		SSL_set_app_data(t->ssl, t);
		return t;
	}
	peer_tls_free(t);
	return NULL;
}

void
peer_tls_free(struct peer_tls *t)
{
	if (t == NULL)
		return;
	SSL_free(t->ssl);
	free(t);
}

static void
pump(struct peer_tls *t, struct buf *out)
{
	char piece[4096];
	int n;

	while ((n = BIO_read(SSL_get_wbio(t->ssl), piece, sizeof(piece))) > 0) {
		size_t fits = (size_t)n;

		if (!t->ready) {
			fits = fits < t->room ? fits : t->room;
			t->room -= fits;
		}
		buf_add(out, str_of(piece, fits));
	}
}

static void
broke(struct peer_tls *t)
{
	unsigned long code = ERR_peek_last_error();

	t->broken = true;
	ERR_error_string_n(code, t->fault, sizeof(t->fault));
	ERR_clear_error();
}

enum peer_tls_state
peer_tls_feed(
    struct peer_tls *t, struct str bytes, struct buf *plain, struct buf *out)
{
	char piece[16384];
	int n = 0;

	if (t->room == 0)
		return PEER_TLS_CUT;
	if (bytes.n > 0)
		(void)BIO_write(SSL_get_rbio(t->ssl), bytes.p, (int)bytes.n);
	ERR_clear_error();
	/* SSL_read shakes hands, too. */
	while (!t->broken && (n = SSL_read(t->ssl, piece, sizeof(piece))) > 0)
		buf_add(plain, str_of(piece, (size_t)n));
	if (!t->broken && SSL_get_error(t->ssl, n) != SSL_ERROR_WANT_READ &&
	    SSL_get_error(t->ssl, n) != SSL_ERROR_ZERO_RETURN)
		broke(t);
	pump(t, out);
	if (t->room == 0)
		return PEER_TLS_CUT;
	if (t->broken)
		return PEER_TLS_BROKEN;
	t->ready = SSL_is_init_finished(t->ssl);
	return t->ready ? PEER_TLS_READY : PEER_TLS_SHAKING;
}

void
peer_tls_say(struct peer_tls *t, struct str text, struct buf *out)
{
	if (text.n > 0 && SSL_write(t->ssl, text.p, (int)text.n) <= 0)
		broke(t);
	pump(t, out);
}

void
peer_tls_rekey(struct peer_tls *t, struct buf *out)
{
	if (SSL_version(t->ssl) < TLS1_3_VERSION)
		(void)SSL_renegotiate(t->ssl);
	else
		(void)SSL_key_update(t->ssl, SSL_KEY_UPDATE_REQUESTED);
	(void)SSL_do_handshake(t->ssl);
	ERR_clear_error();
	pump(t, out);
}

void
peer_tls_notify(struct peer_tls *t, struct buf *out)
{
	(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
	pump(t, out);
}

struct str
peer_tls_sni(const struct peer_tls *t)
{
	return str_c(t->sni);
}

size_t
peer_tls_binding(const struct peer_tls *t, unsigned char *out, size_t n)
{
	static const char label[] = "EXPORTER-Channel-Binding";

	if (SSL_version(t->ssl) < TLS1_3_VERSION)
		return SSL_get_peer_finished(t->ssl, out, n);
	return SSL_export_keying_material(t->ssl, out, 32, label,
		   sizeof(label) - 1, (const unsigned char *)"", 0, 1) == 1
	    ? 32
	    : 0;
}

void
peer_tls_certificate(const struct peer_tls *t, struct buf *pem)
{
	certify_put(pem, SSL_get_certificate(t->ssl));
}

void
peer_tls_key_print(const struct peer_tls *t, unsigned char print[32])
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(X509_get0_pubkey(SSL_get_certificate(t->ssl)), &der);

	if (n <= 0 ||
	    EVP_Digest(der, (size_t)n, print, NULL, EVP_sha256(), NULL) != 1)
		memset(print, 0, 32);
	OPENSSL_free(der);
}

bool
peer_tls_shown(const struct peer_tls *t, enum certify_key key)
{
	X509 *cert = SSL_get1_peer_certificate(t->ssl);
	bool same =
	    cert && EVP_PKEY_eq(X509_get0_pubkey(cert), certify_key(key)) == 1;

	X509_free(cert);
	return same;
}

const char *
peer_tls_fault(const struct peer_tls *t)
{
	return t->fault;
}

void
peer_tls_end(void)
{
	certify_end();
	SSL_CTX_free(made.ctx);
	X509_free(made.cert);
	buf_free(&made.of);
	memset(&made, 0, sizeof(made));
}
