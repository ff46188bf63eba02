/* SPDX-License-Identifier: ISC */
#include "smtp/scram.h"

#include "base/char.h"
#include "base/code.h"

void
scram_init(struct scram *s)
{
	*s = (struct scram){0};
	buf_init(&s->header, 64);
	buf_init(&s->bare, SCRAM_MESSAGE);
}

void
scram_free(struct scram *s)
{
	buf_free(&s->header);
	buf_free(&s->bare);
}

void
scram_name(struct buf *b, struct str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == ',')
			buf_add(b, STR("=2C"));
		else if (name.p[i] == '=')
			buf_add(b, STR("=3D"));
		else
			buf_byte(b, name.p[i]);
}

void
scram_first(struct scram *s, const struct scram_client *c, struct buf *out)
{
	buf_clear(&s->header);
	buf_clear(&s->bare);
	if (c->binding_name.n > 0)
		buf_printf(&s->header, "p=%.*s,,", STR_ARG(c->binding_name));
	else
		buf_add(&s->header, c->could_bind ? STR("y,,") : STR("n,,"));
	buf_add(&s->bare, STR("n="));
	scram_name(&s->bare, c->user);
	buf_printf(&s->bare, ",r=%.*s", STR_ARG(c->nonce));
	buf_add(out, buf_str(&s->header));
	buf_add(out, buf_str(&s->bare));
}

/* Takes "x=value" from the message; false if what comes is not that. */
static bool
attribute(struct str *message, char name, struct str *value)
{
	struct str part;

	if (!str_split(message, ',', &part) || part.n < 2 ||
	    part.p[0] != name || part.p[1] != '=')
		return false;
	*value = str_slice(part, 2, part.n);
	return true;
}

/* "e=..." is the server's error, in either of its messages. */
static int
refused(struct str message, struct err *e)
{
	struct buf why;

	buf_init(&why, 100);
	code_inert(&why, str_slice(message, 2, message.n), 100);
	err_set(e, ERR_PEER, "the server says \"%s\"", why.p);
	buf_free(&why);
	return -1;
}

struct server_first {
	struct str nonce;
	int rounds;
};

/* The parts of the server's first message; the salt goes into its buffer. */
static int
read_first(const struct scram_client *c, struct str message,
    struct server_first *f, struct buf *salt, struct err *e)
{
	struct str coded, rounds;
	uint64_t n;

	if (str_starts(message, STR("e=")))
		return refused(message, e);
	if (str_starts(message, STR("m=")))
		return err_set(e, ERR_PEER,
		    "the server asks for an extension that we do not know");
	if (!attribute(&message, 'r', &f->nonce) ||
	    !attribute(&message, 's', &coded) ||
	    !attribute(&message, 'i', &rounds))
		return err_set(e, ERR_PEER, "this is no challenge of SCRAM");
	for (size_t i = 0; i < f->nonce.n; i++)
		if (!char_is_graph(f->nonce.p[i]))
			return err_set(e, ERR_PEER, "a nonce of odd bytes");
	if (!str_starts(f->nonce, c->nonce) || f->nonce.n == c->nonce.n)
		return err_set(
		    e, ERR_PEER, "the server's nonce does not begin with ours");
	if (!code_unbase64(salt, coded) || salt->n == 0)
		return err_set(e, ERR_PEER, "a salt that is none");
	if (!str_number(rounds, SCRAM_ROUNDS_MAX, &n) || n == 0)
		return err_set(e, ERR_PEER,
		    "the server asks for more than %d rounds, or for none",
		    SCRAM_ROUNDS_MAX);
	if (n < SCRAM_ROUNDS_MIN && !c->few_rounds)
		return err_set(e, ERR_PEER,
		    "the server asks for so few rounds (%d) that who listens "
		    "could guess the password",
		    (int)n);
	f->rounds = (int)n;
	return 0;
}

/* client-final-message-without-proof */
static void
put_final(struct buf *b, const struct scram *s, const struct scram_client *c,
    struct str nonce)
{
	struct buf bound;

	buf_init(&bound, SCRAM_MESSAGE);
	buf_add(&bound, buf_str(&s->header));
	if (c->binding_name.n > 0)
		buf_add(&bound, c->binding);
	buf_add(b, STR("c="));
	code_base64(b, buf_str(&bound));
	buf_printf(b, ",r=%.*s", STR_ARG(nonce));
	buf_free(&bound);
}

/* ClientProof, and what the server's signature must be (RFC 5802, 3). */
static int
prove(struct scram *s, const struct scram_client *c, struct str salt,
    struct str message, unsigned char *proof, struct err *e)
{
	unsigned char salted[CRYPTO_HASH_MAX], key[CRYPTO_HASH_MAX];
	unsigned char stored[CRYPTO_HASH_MAX];
	size_t n = crypto_size(c->hash);
	struct str salted_str = str_of((char *)salted, n);
	struct str key_str = str_of((char *)key, n);
	int result = -1;

	if (crypto_stretch(c->hash, c->secret, salt, s->rounds, salted, e) ==
		0 &&
	    crypto_hmac(c->hash, salted_str, STR("Server Key"), key, e) == 0 &&
	    crypto_hmac(c->hash, key_str, message, s->server, e) == 0 &&
	    crypto_hmac(c->hash, salted_str, STR("Client Key"), key, e) == 0 &&
	    crypto_digest(c->hash, key_str, stored, e) == 0 &&
	    crypto_hmac(
		c->hash, str_of((char *)stored, n), message, proof, e) == 0)
		result = 0;
	for (size_t i = 0; result == 0 && i < n; i++)
		proof[i] ^= key[i];
	explicit_bzero(salted, sizeof(salted));
	explicit_bzero(key, sizeof(key));
	explicit_bzero(stored, sizeof(stored));
	return result;
}

int
scram_final(struct scram *s, const struct scram_client *c, struct str challenge,
    struct buf *out, struct err *e)
{
	unsigned char proof[CRYPTO_HASH_MAX] = {0};
	struct server_first f = {0};
	struct buf salt, all;
	size_t begin = out->n;
	int result;

	buf_init(&salt, SCRAM_MESSAGE);
	buf_init(&all, (size_t)4 * SCRAM_MESSAGE);
	result = read_first(c, challenge, &f, &salt, e);
	if (result == 0) {
		s->rounds = f.rounds;
		put_final(out, s, c, f.nonce);
		/* AuthMessage */
		buf_add(&all, buf_str(&s->bare));
		buf_byte(&all, ',');
		buf_add(&all, challenge);
		buf_byte(&all, ',');
		buf_add(&all, str_slice(buf_str(out), begin, out->n));
		result = prove(s, c, buf_str(&salt), buf_str(&all), proof, e);
	}
	if (result == 0) {
		buf_add(out, STR(",p="));
		code_base64(out, str_of((char *)proof, crypto_size(c->hash)));
		if (out->over || all.over)
			result = err_set(
			    e, ERR_PEER, "a challenge that is too long");
	}
	buf_free(&all);
	buf_free(&salt);
	return result;
}

int
scram_verify(const struct scram *s, const struct scram_client *c,
    struct str challenge, struct err *e)
{
	struct str coded = STR_NONE;
	struct buf signature;
	bool right;

	if (str_starts(challenge, STR("e=")))
		return refused(challenge, e);
	buf_init(&signature, SCRAM_MESSAGE);
	right = attribute(&challenge, 'v', &coded) &&
	    code_unbase64(&signature, coded) &&
	    signature.n == crypto_size(c->hash) &&
	    crypto_equal(signature.p, s->server, signature.n);
	buf_free(&signature);
	if (right)
		return 0;
	return err_set(e, ERR_PEER,
	    "the server did not prove that it knows the password: it may be "
	    "another one that pretends");
}
