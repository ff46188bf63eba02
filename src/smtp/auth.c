/* SPDX-License-Identifier: ISC */
#include "smtp/auth.h"

#include "base/code.h"

enum {
	PLUS = MECH_BIT(SCRAM_SHA_256_PLUS) | MECH_BIT(SCRAM_SHA_1_PLUS),
	/* They show the secret to nobody. */
	CLOSED = MECH_BIT(SCRAM_SHA_256) | MECH_BIT(SCRAM_SHA_1) |
	    MECH_BIT(CRAM_MD5),
};

typedef int (*turn_fn)(
    struct auth *, struct str challenge, struct buf *, struct err *);

static int
say_user(struct auth *a, struct str challenge, struct buf *out, struct err *e)
{
	(void)challenge;
	(void)e;
	buf_add(out, a->who->user);
	return 0;
}

static int
say_secret(struct auth *a, struct str challenge, struct buf *out, struct err *e)
{
	(void)challenge;
	(void)e;
	buf_add(out, a->who->secret);
	return 0;
}

/* RFC 4616; nobody is to be acted for but the user. */
static int
say_plain(struct auth *a, struct str challenge, struct buf *out, struct err *e)
{
	(void)challenge;
	(void)e;
	buf_byte(out, '\0');
	buf_add(out, a->who->user);
	buf_byte(out, '\0');
	buf_add(out, a->who->secret);
	return 0;
}

/* RFC 2195 */
static int
say_cram(struct auth *a, struct str challenge, struct buf *out, struct err *e)
{
	unsigned char digest[CRYPTO_HASH_MAX];

	if (crypto_hmac(CRYPTO_MD5, a->who->secret, challenge, digest, e) < 0)
		return -1;
	buf_add(out, a->who->user);
	buf_byte(out, ' ');
	for (size_t i = 0; i < crypto_size(CRYPTO_MD5); i++)
		buf_printf(out, "%02x", digest[i]);
	return 0;
}

static int
say_xoauth(struct auth *a, struct str challenge, struct buf *out, struct err *e)
{
	(void)challenge;
	(void)e;
	buf_add(out, STR("user="));
	buf_add(out, a->who->user);
	buf_add(out, STR("\001auth=Bearer "));
	buf_add(out, a->who->secret);
	buf_add(out, STR("\001\001"));
	return 0;
}

/* RFC 7628, 3.1 */
static int
say_bearer(struct auth *a, struct str challenge, struct buf *out, struct err *e)
{
	(void)challenge;
	(void)e;
	buf_add(out, STR("n,a="));
	scram_name(out, a->who->user);
	buf_add(out, STR(",\001host="));
	buf_add(out, a->who->host);
	buf_printf(out, "\001port=%u\001auth=Bearer ", a->who->port);
	buf_add(out, a->who->secret);
	buf_add(out, STR("\001\001"));
	return 0;
}

/* Why the token was refused, in JSON.  The refusal itself comes behind. */
static void
hear_why(struct auth *a, struct str challenge)
{
	struct buf why;

	buf_init(&why, SCRAM_MESSAGE);
	buf_add(&why, challenge);
	auth_hide(&why, a->who->secret);
	code_inert(&a->said, buf_str(&why), 300);
	/* Odd bytes have become digits and letters. */
	auth_hide(&a->said, a->who->secret);
	buf_free(&why);
}

static int
hear_xoauth(
    struct auth *a, struct str challenge, struct buf *out, struct err *e)
{
	(void)out;
	(void)e;
	hear_why(a, challenge);
	return 0;
}

static int
hear_bearer(
    struct auth *a, struct str challenge, struct buf *out, struct err *e)
{
	(void)e;
	hear_why(a, challenge);
	buf_byte(out, '\001');
	return 0;
}

static int
first_scram(
    struct auth *a, struct str challenge, struct buf *out, struct err *e)
{
	(void)challenge;
	(void)e;
	scram_first(&a->scram, &a->client, out);
	return 0;
}

static int
final_scram(
    struct auth *a, struct str challenge, struct buf *out, struct err *e)
{
	return scram_final(&a->scram, &a->client, challenge, out, e);
}

/* The response to the server's proof is empty. */
static int
verify_scram(
    struct auth *a, struct str challenge, struct buf *out, struct err *e)
{
	(void)out;
	return scram_verify(&a->scram, &a->client, challenge, e);
}

enum { TURNS = 3 };

/* The responses of each, one behind the other; how many a success needs. */
static const struct {
	bool first; /* the first of them comes before any challenge */
	unsigned needs;
	turn_fn turn[TURNS];
} exchange[MECHS] = {
#define SCRAM                                                  \
	{                                                      \
		true, 3,                                       \
		{                                              \
			first_scram, final_scram, verify_scram \
		}                                              \
	}
    [MECH_EXTERNAL] = {true, 1, {say_user}},
    [MECH_SCRAM_SHA_256_PLUS] = SCRAM,
    [MECH_SCRAM_SHA_1_PLUS] = SCRAM,
    [MECH_SCRAM_SHA_256] = SCRAM,
    [MECH_SCRAM_SHA_1] = SCRAM,
    [MECH_OAUTHBEARER] = {true, 1, {say_bearer, hear_bearer}},
    [MECH_XOAUTH2] = {true, 1, {say_xoauth, hear_xoauth}},
    [MECH_PLAIN] = {true, 1, {say_plain}},
    [MECH_LOGIN] = {false, 2, {say_user, say_secret}},
    [MECH_CRAM_MD5] = {false, 1, {say_cram}},
};

enum mech
auth_choose(const struct login *login, unsigned offered, unsigned tried,
    const struct auth_channel *channel)
{
	unsigned can = offered & login->mechs & ~tried;
	enum mech mech = 0;

	if (channel->binding_name.n == 0)
		can &= ~(unsigned)PLUS;
	if (!channel->encrypted)
		can &= login->in_clear ? CLOSED : 0;
	if (tried & PLUS)
		can &= PLUS;
	while (mech < MECHS && !(can & 1U << mech))
		mech++;
	return mech;
}

void
auth_init(struct auth *a, enum mech mech, const struct login *login,
    const struct auth_who *who, unsigned offered,
    const struct auth_channel *channel, struct str nonce)
{
	bool plus = 1U << mech & PLUS;
	bool sha1 = mech == MECH_SCRAM_SHA_1 || mech == MECH_SCRAM_SHA_1_PLUS;

	*a = (struct auth){.mech = mech, .who = who};
	a->client = (struct scram_client){
	    .hash = sha1 ? CRYPTO_SHA1 : CRYPTO_SHA256,
	    .user = who->user_prep,
	    .secret = who->secret_prep,
	    .nonce = nonce,
	    .binding_name = plus ? channel->binding_name : STR_NONE,
	    .binding = channel->binding,
	    .could_bind = channel->binding_name.n > 0 &&
		(login->mechs & PLUS) && !(offered & PLUS),
	    .few_rounds = channel->encrypted,
	};
	scram_init(&a->scram);
	buf_init(&a->said, 320);
}

void
auth_free(struct auth *a)
{
	scram_free(&a->scram);
	buf_free(&a->said);
}

bool
auth_is_first(enum mech mech)
{
	return exchange[mech].first;
}

int
auth_answer(
    struct auth *a, struct str challenge, struct buf *response, struct err *e)
{
	turn_fn turn = a->turn < TURNS ? exchange[a->mech].turn[a->turn] : NULL;

	if (turn == NULL)
		return err_set(e, ERR_PEER,
		    "the server asks once more where there is nothing to say");
	if (turn(a, challenge, response, e) < 0)
		return -1;
	a->turn++;
	if (response->over)
		return err_set(e, ERR_LIMIT, "a response that is too long");
	return 0;
}

bool
auth_is_done(const struct auth *a)
{
	return a->turn >= exchange[a->mech].needs;
}

enum { SHORT = 4, TELLING = 12 };

void
auth_hide(struct buf *text, struct str secret)
{
	size_t least = secret.n < TELLING ? secret.n : TELLING;
	struct str in = buf_str(text);
	struct buf out;

	/* What is so short stands in any text. */
	if (least < SHORT)
		return;
	buf_init(&out, text->max);
	for (size_t i = 0; i < in.n;) {
		size_t same = 0;

		while (same < secret.n && i + same < in.n &&
		    in.p[i + same] == secret.p[same])
			same++;
		if (same >= least)
			buf_add(&out, STR("<hidden>"));
		else
			buf_byte(&out, in.p[i]);
		i += same >= least ? same : 1;
	}
	buf_wipe(text);
	*text = out;
}
