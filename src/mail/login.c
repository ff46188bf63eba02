/* SPDX-License-Identifier: ISC */
#include "mail/login.h"

static const char *const names[MECHS] = {
    [MECH_EXTERNAL] = "EXTERNAL",
    [MECH_SCRAM_SHA_256_PLUS] = "SCRAM-SHA-256-PLUS",
    [MECH_SCRAM_SHA_1_PLUS] = "SCRAM-SHA-1-PLUS",
    [MECH_SCRAM_SHA_256] = "SCRAM-SHA-256",
    [MECH_SCRAM_SHA_1] = "SCRAM-SHA-1",
    [MECH_OAUTHBEARER] = "OAUTHBEARER",
    [MECH_XOAUTH2] = "XOAUTH2",
    [MECH_PLAIN] = "PLAIN",
    [MECH_LOGIN] = "LOGIN",
    [MECH_CRAM_MD5] = "CRAM-MD5",
};

const char *
mech_name(enum mech mech)
{
	return names[mech];
}

enum mech
mech_find(struct str name)
{
	enum mech mech = 0;

	while (mech < MECHS && !str_ieq(name, str_c(names[mech])))
		mech++;
	return mech;
}

int
login_descriptor(const struct login *login)
{
	uint64_t number = 0;

	if (login == NULL || login->kind != SECRET_DESCRIPTOR ||
	    !str_number(login->from, INT_MAX, &number))
		return -1;
	return (int)number;
}
