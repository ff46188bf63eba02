/* SPDX-License-Identifier: ISC */
/*
 * What a server says while we log in: the first byte is the mechanism, and
 * its high bit whether the channel is bound; each line then a challenge, in
 * base64 if it can be that.  A mechanism ends, never shows more than it
 * should, and SCRAM believes no server that does not know the password.
 */
#include <assert.h>
#include <string.h>

#include "base/code.h"
#include "fuzz.h"
#include "smtp/auth.h"

enum { TURNS = 8, ROUNDS = 100000 };

#define SECRET "correct horse battery"

/* The server that the fuzzer plays is not to keep us busy. */
static bool
is_costly(struct str challenge)
{
	const char *i = memmem(challenge.p, challenge.n, ",i=", 3);
	uint64_t n = 0;
	size_t digits = 0;

	if (i == NULL)
		return false;
	for (i += 3; i < challenge.p + challenge.n && *i >= '0' && *i <= '9';
	     i++, digits++)
		n = digits < 9 ? n * 10 + (uint64_t)(*i - '0') : ROUNDS + 1;
	return n > ROUNDS && n <= SCRAM_ROUNDS_MAX;
}

static bool
is_scram(enum mech mech)
{
	return mech >= MECH_SCRAM_SHA_256_PLUS && mech <= MECH_SCRAM_SHA_1;
}

static void
check(const struct auth *a, struct str response)
{
	bool open = a->mech == MECH_PLAIN || a->mech == MECH_LOGIN ||
	    a->mech == MECH_XOAUTH2 || a->mech == MECH_OAUTHBEARER;

	assert(a->turn <= 3);
	assert(open ||
	    memmem(response.p, response.n, SECRET, sizeof(SECRET) - 1) == NULL);
	assert(a->said.n <= 320);
	assert(
	    memmem(a->said.p, a->said.n, SECRET, sizeof(SECRET) - 1) == NULL);
	/* Nobody can make a signature that he does not know. */
	assert(!is_scram(a->mech) || !auth_is_done(a));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct auth_channel channel = {.encrypted = true};
	struct auth_who who = {.user = STR("user"),
	    .secret = STR(SECRET),
	    .user_prep = STR("us,e=r"),
	    .secret_prep = STR(SECRET),
	    .host = STR("mail.test"),
	    .port = 587};
	struct login login = {.mechs = MECHS_USUAL};
	struct str in = str_of((const char *)p + (n > 0), n - (n > 0));
	struct str line;
	struct auth a;
	struct buf challenge, response;
	struct err e;

	if (n > 0 && p[0] & 128) {
		channel.binding_name = STR("tls-exporter");
		channel.binding = STR("\0\1\2");
	}
	buf_init(&challenge, SCRAM_MESSAGE);
	buf_init(&response, (size_t)2 * SCRAM_MESSAGE);
	auth_init(&a, (enum mech)(n > 0 ? (p[0] & 127) % MECHS : 0), &login,
	    &who, 0, &channel, STR("NONCE"));
	for (size_t i = 0; i < TURNS && str_split(&in, '\n', &line); i++) {
		buf_clear(&challenge);
		buf_clear(&response);
		if (!code_unbase64(&challenge, line))
			buf_add(&challenge, line);
		if (is_costly(buf_str(&challenge)) ||
		    auth_answer(&a, buf_str(&challenge), &response, &e) < 0)
			break;
		check(&a, buf_str(&response));
	}
	auth_free(&a);
	/* And a text that says it back. */
	buf_clear(&challenge);
	buf_add(&challenge, str_slice(in, 0, 1000));
	buf_add(&challenge, STR(SECRET));
	auth_hide(&challenge, STR(SECRET));
	assert(memmem(challenge.p, challenge.n, SECRET, 12) == NULL);
	buf_free(&challenge);
	buf_free(&response);
	return 0;
}
