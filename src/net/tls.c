/* SPDX-License-Identifier: ISC */
#include "net/tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <poll.h>
#include <sys/stat.h>

#include "base/char.h"
#include "base/clock.h"
#include "base/err.h"
#include "net/tls_cert.h"
#include "net/tls_judge.h"
#include "net/tls_trust.h"
#include "os/openssl.h"
#include "os/sys.h"

struct tls {
	struct demand demand;
	SSL_CTX *ctx;
	struct err blind; /* why no authority is known to who only looks */
};

/* The first reason in OpenSSL's queue, which is emptied. */
static const char *
reason(void)
{
	unsigned long code = ERR_get_error();
	const char *text = code ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	return text ? text : "unknown error";
}

/*
 * The context, when a handshake is to come: most of what TLS costs a
 * conversation that stays in clear would be this.
 */
static int
prepare(struct tls *tls, struct err *e)
{
	SSL_CTX *ctx = tls->ctx;

	if (ctx)
		return 0;
	ctx = SSL_CTX_new(TLS_client_method());
	if (ctx == NULL)
		return err_set(e, ERR_SYSTEM, "OpenSSL: %s", reason());
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	/* The rest of what is too old or too weak the host's policy knows;
	 * its alternative here is clear text (E-12). */
	(void)SSL_CTX_set_options(ctx,
	    SSL_OP_NO_SSLv3 | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
	(void)SSL_CTX_set_mode(ctx,
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* One record a read: who sends nothing but messages of TLS itself must
	 * not keep us from looking at the clock. */
	(void)SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
	tls->ctx = ctx;
	return 0;
}

void
tls_free(struct tls *tls)
{
	if (tls == NULL)
		return;
	SSL_CTX_free(tls->ctx);
	free(tls);
}

/* A key with a passphrase is of no use: nobody is asked. */
static int
no_password(char *p, int size, int writing, void *ctx)
{
	(void)p;
	(void)size;
	(void)writing;
	(void)ctx;
	return 0;
}

/* Our own certificate, for those who ask (E-15). */
static int
show_ourselves(SSL_CTX *ctx, const struct demand *d, struct err *e)
{
	struct str key = d->key.n > 0 ? d->key : d->certificate;
	struct stat st;

	if (d->certificate.n == 0)
		return 0;
	if (stat(key.p, &st) == 0 && (st.st_mode & S_IRWXO))
		return err_set(e, ERR_SYNTAX,
		    "%s: everybody can read this private key: chmod o= %s",
		    key.p, key.p);
	SSL_CTX_set_default_passwd_cb(ctx, no_password);
	if (SSL_CTX_use_certificate_chain_file(ctx, d->certificate.p) != 1)
		return err_set(e, ERR_SYSTEM, "certificate %s: %s",
		    d->certificate.p, reason());
	/* It takes one of another kind as the first half of a second pair. */
	if (SSL_CTX_use_PrivateKey_file(ctx, key.p, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1)
		return err_set(
		    e, ERR_SYSTEM, "private key %s: %s", key.p, reason());
	return 0;
}

/* The authorities that certificates are judged by. */
static int
trust_in(struct tls *tls, struct err *e)
{
	struct trust *trust = trust_read(tls->demand.authorities, e);

	if (trust == NULL ||
	    trust_use(trust, SSL_CTX_get_cert_store(tls->ctx), e) < 0)
		return -1;
	SSL_CTX_set_verify(tls->ctx, SSL_VERIFY_PEER, tls_judge_chain);
	return 0;
}

/* All of it that opens a file. */
static int
meet(struct tls *tls, struct err *e)
{
	const struct demand *d = &tls->demand;

	if (d->strict &&
	    SSL_CTX_set_min_proto_version(tls->ctx, TLS1_2_VERSION) != 1)
		return err_set(e, ERR_SYSTEM, "OpenSSL: %s", reason());
	if (d->verify && trust_in(tls, d->look ? &tls->blind : e) < 0 &&
	    !d->look)
		return -1;
	return show_ourselves(tls->ctx, d, e);
}

void
tls_warm(const struct demand *demand)
{
	struct err e;

	if (openssl_load(&e) == 0 && demand && demand->verify)
		(void)trust_read(demand->authorities, &e);
}

struct tls *
tls_new(const struct demand *demand, struct err *e)
{
	struct tls *tls;

	if (openssl_load(e) < 0)
		return NULL;
	tls = calloc(1, sizeof(*tls));
	if (tls == NULL)
		err_memory();
	if (demand == NULL)
		return tls;
	tls->demand = *demand;
	if (prepare(tls, e) == 0 && meet(tls, e) == 0)
		return tls;
	tls_free(tls);
	return NULL;
}

int
tls_check_own(const struct tls *tls, struct err *e)
{
	const X509 *x = tls->ctx ? SSL_CTX_get0_certificate(tls->ctx) : NULL;
	const char *path = tls->demand.certificate.p;
	char date[TLS_CERT_DATE];

	if (x == NULL)
		return 0;
	if (tls_cert_left(X509_get0_notAfter(x)) < 0) {
		tls_cert_date(date, X509_get0_notAfter(x));
		return err_set(e, ERR_SYNTAX,
		    "certificate %s expired on %s: it has to be renewed", path,
		    date);
	}
	if (tls_cert_left(X509_get0_notBefore(x)) > 0) {
		tls_cert_date(date, X509_get0_notBefore(x));
		return err_set(e, ERR_SYNTAX,
		    "certificate %s is not valid before %s: is this host's "
		    "clock right?",
		    path, date);
	}
	return 0;
}

/*
 * What a result of SSL_read, SSL_write or SSL_connect that is not success
 * means: fills *want, or *e.  Returns 0 for the orderly end, else -1.
 */
static int
failed(SSL *ssl, int result, short *want, struct err *e)
{
	int saved = errno;
	int kind = SSL_get_error(ssl, result);

	*want = 0;
	switch (kind) {
	case SSL_ERROR_WANT_READ:
		*want = POLLIN;
		return -1;
	case SSL_ERROR_WANT_WRITE:
		*want = POLLOUT;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		ERR_clear_error();
		if (saved != 0)
			return err_set(e, ERR_CLOSED, "connection lost: %s",
			    strerror(saved));
		return err_set(
		    e, ERR_CLOSED, "connection closed by the other side");
	default:
		/* An end without close_notify among them (E-18). */
		return err_set(e, ERR_CLOSED, "TLS: %s", reason());
	}
}

static ssize_t
layer_read(void *ctx, void *p, size_t n, short *want, struct err *e)
{
	size_t got;
	int result;

	errno = 0;
	ERR_clear_error(); /* SSL_get_error looks at what is left over */
	result = SSL_read_ex(ctx, p, n, &got);
	return result > 0 ? (ssize_t)got : failed(ctx, result, want, e);
}

static ssize_t
layer_write(void *ctx, const void *p, size_t n, short *want, struct err *e)
{
	size_t put;
	int result;

	errno = 0;
	ERR_clear_error();
	result = SSL_write_ex(ctx, p, n, &put);
	if (result > 0)
		return (ssize_t)put;
	if (failed(ctx, result, want, e) == 0)
		return err_set(
		    e, ERR_CLOSED, "connection closed by the other side");
	return -1;
}

static void
layer_done(void *ctx)
{
	SSL_free(ctx);
}

static const struct io_ops layer = {layer_read, layer_write, layer_done};

/* The handshake itself, under the deadline. */
static int
shake(SSL *ssl, int fd, int64_t deadline, struct err *e)
{
	for (;;) {
		struct pollfd p = {.fd = fd};
		short want;
		int result;
		int ready;

		errno = 0;
		ERR_clear_error();
		result = SSL_connect(ssl);
		if (result == 1)
			return 0;
		if (failed(ssl, result, &want, e) == 0)
			return err_set(e, ERR_CLOSED,
			    "connection closed by the other side");
		if (want == 0)
			return -1;
		p.events = want;
		ready = sys_poll(&p, 1, deadline);
		if (ready == 0 || clock_now() >= deadline)
			return err_set(e, ERR_TIMEOUT, "timed out");
		if (ready < 0 && errno != EINTR)
			return err_sys(e, "waiting");
	}
}

static void
prove(SSL *ssl, struct tls_proof *proof)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
	const char *group;

	(void)snprintf(
	    proof->version, sizeof(proof->version), "%s", SSL_get_version(ssl));
	(void)snprintf(proof->cipher, sizeof(proof->cipher), "%s",
	    SSL_CIPHER_get_name(cipher));
	proof->bits = SSL_CIPHER_get_bits(cipher, NULL);
	proof->recent = SSL_version(ssl) >= TLS1_2_VERSION;
	group = SSL_group_to_name(ssl, (int)SSL_get_negotiated_group(ssl));
	(void)snprintf(
	    proof->group, sizeof(proof->group), "%s", group ? group : "");
}

/*
 * Who the host is.  -1 with *e if it has not proved it; who only looks has
 * that in the proof.
 */
static int
identify(SSL *ssl, const struct tls *tls, const struct tls_judge *judge,
    struct tls_proof *proof, struct err *e)
{
	const struct demand *d = &tls->demand;

	*proof = (struct tls_proof){0};
	proof->printed =
	    d->prints > 0 && tls_judge_print(ssl, d, &proof->unprinted) == 0;
	proof->blind = tls->blind.kind != ERR_NONE;
	proof->named =
	    d->verify && !proof->blind && judge->fault.kind == ERR_NONE;
	proof->unnamed = proof->blind ? tls->blind : judge->fault;
	proof->verified = proof->named || proof->printed;
	if (d->look || d->prints == 0 || proof->printed)
		return 0;
	*e = proof->unprinted;
	return -1;
}

static bool
is_ipv4(struct str name)
{
	size_t i = 0;

	while (i < name.n && (char_is_digit(name.p[i]) || name.p[i] == '.'))
		i++;
	return name.n > 0 && i == name.n;
}

/* Whose name the certificate has to have, and what is said of it in SNI. */
static int
name_host(SSL *ssl, const struct tls *tls, struct str name, struct str other,
    struct err *e)
{
	bool literal = str_find(name, ':') < name.n || is_ipv4(name);
	char host[256];
	int named = 1;

	/* OpenSSL takes an empty name for none that has to be right. */
	if (name.n == 0 || name.n >= sizeof(host) ||
	    memchr(name.p, '\0', name.n))
		return tls->demand.verify
		    ? err_set(e, ERR_LIMIT,
			  "the host has no name that a certificate could have")
		    : 0;
	memcpy(host, name.p, name.n);
	host[name.n] = '\0';
	if (tls->demand.verify) {
		/* Its names in the certificate, never a common name (E-10). */
		SSL_set_hostflags(ssl,
		    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
			X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
		named = literal
		    ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host)
		    : SSL_set1_host(ssl, host);
	}
	if (named == 1 && tls->demand.verify && other.n > 0)
		named = X509_VERIFY_PARAM_add1_host(
		    SSL_get0_param(ssl), other.p, other.n);
	if (named != 1)
		return err_set(
		    e, ERR_SYSTEM, "\"%s\" cannot be in a certificate", host);
	if (!literal && SSL_set_tlsext_host_name(ssl, host) != 1)
		ERR_clear_error(); /* without SNI, then */
	return 0;
}

int
tls_start(struct tls *tls, struct io *io, struct str name, struct str other,
    int64_t deadline, struct tls_proof *proof, struct err *e)
{
	struct tls_judge judge = {
	    .name = name, .other = other, .look = tls->demand.look};
	SSL *ssl = NULL;

	if (prepare(tls, e) < 0)
		return -1;
	ssl = SSL_new(tls->ctx);
	if (ssl == NULL || SSL_set_fd(ssl, io->fd) != 1 ||
	    SSL_set_ex_data(ssl, 0, &judge) != 1) {
		SSL_free(ssl);
		return err_set(e, ERR_SYSTEM, "OpenSSL: %s", reason());
	}
	if ((name_host(ssl, tls, name, other, &judge.fault) < 0 &&
		!judge.look) ||
	    shake(ssl, io->fd, deadline, e) < 0 ||
	    identify(ssl, tls, &judge, proof, e) < 0) {
		/* What was found says more than "verify failed". */
		if (judge.fault.kind != ERR_NONE)
			*e = judge.fault;
		SSL_free(ssl);
		return -1;
	}
	(void)SSL_set_ex_data(ssl, 0, NULL);
	prove(ssl, proof);
	io_layer(io, &layer, ssl);
	return 0;
}

void
tls_show(const struct io *io,
    void (*tell)(void *ctx, unsigned n, const char *what, struct str),
    void *ctx)
{
	if (io->ops == &layer)
		tls_cert_show(io->ctx, tell, ctx);
}

/* Both are of one handshake, and one only: of TLS 1.2 that is not true without
 * the extended master secret (RFC 7627). */
void
tls_bind(const struct io *io, struct tls_binding *b)
{
	static const char label[] = "EXPORTER-Channel-Binding";
	static const unsigned char nothing[1];
	SSL *ssl = io->ctx;

	*b = (struct tls_binding){.name = ""};
	if (io->ops != &layer)
		return;
	if (SSL_version(ssl) >= TLS1_3_VERSION) {
		b->n = 32;
		if (SSL_export_keying_material(ssl, b->bytes, b->n, label,
			sizeof(label) - 1, nothing, 0, 1) == 1)
			b->name = "tls-exporter";
		ERR_clear_error();
	} else if (SSL_get_extms_support(ssl) == 1) {
		/* The client's came first: no session is ever resumed. */
		b->n = SSL_get_finished(ssl, b->bytes, sizeof(b->bytes));
		if (b->n > 0 && b->n <= sizeof(b->bytes))
			b->name = "tls-unique";
	}
}
