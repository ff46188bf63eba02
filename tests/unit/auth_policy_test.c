/* SPDX-License-Identifier: ISC */
/* smtp/auth on a host whose policy forbids the digests that logins need. */
#include "smtp/auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../lib/child.h"
#include "../lib/policy.h"
#include "../lib/words.h"
#include "mail/login.h"

static const struct auth_channel tls = {.encrypted = true};
static const struct login usual = {.mechs = MECHS_USUAL};

/* F-14: where the host's policy forbids a digest, nothing is said instead. */
static int
forbidden(void)
{
	static const struct {
		enum mech mech;
		const char *challenge[2];
	} cases[] = {
	    {MECH_CRAM_MD5, {"<1896.697170952@postoffice.reston.mci.net>"}},
	    {MECH_SCRAM_SHA_1, {"", "r=N1x,s=QSXCR+Q6sek8bf92,i=4096"}},
	    {MECH_SCRAM_SHA_256, {"", "r=N1x,s=QSXCR+Q6sek8bf92,i=4096"}},
	};
	struct auth_who who = {.user = STR("user"),
	    .secret = STR("pencil"),
	    .user_prep = STR("user"),
	    .secret_prep = STR("pencil")};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err e = {.kind = ERR_NONE};
		struct auth a;
		struct buf out;
		int result = 0;

		buf_init(&out, SCRAM_MESSAGE);
		auth_init(&a, cases[i].mech, &usual, &who, 0, &tls, STR("N1"));
		for (size_t k = 0; k < 2 && cases[i].challenge[k]; k++) {
			CHILD_CHECK(result == 0);
			buf_clear(&out);
			result = auth_answer(
			    &a, str_c(cases[i].challenge[k]), &out, &e);
		}
		CHILD_CHECK(result == -1 && !auth_is_done(&a));
		CHILD_CHECK(strncmp(e.text, "OpenSSL: ", 9) == 0);
		CHILD_CHECK(strstr(out.p, ",p=") == NULL);
		auth_free(&a);
		buf_free(&out);
	}
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
	    cmocka_unit_test(a_policy),
	};

	return cmocka_run_group_tests_name("auth_policy", tests, NULL, NULL);
}
