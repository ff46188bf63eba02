/* SPDX-License-Identifier: ISC */
/* smtp/auth, smtp/scram: the published exchanges, and those that cheat. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/code.h"
#include "mail/login.h"
#include "smtp/auth.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define S(literal)                              \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}
#define NONCE_1 "fyko+d2lbbFgONRv9qkxdawL"
#define NONCE_256 "rOprNGfwEbeRWgbNEkqO"
#define FIRST_1                                                 \
	"r=" NONCE_1 "3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=" \
	"4096"
#define FIRST_256                                                     \
	"r=" NONCE_256 "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7" \
	"soEsUEjb6gQ==,i=4096"

static const struct auth_channel tls = {.encrypted = true};
static const struct auth_channel clear = {.encrypted = false};
static const struct auth_channel bound = {.encrypted = true,
    .binding_name = S("tls-exporter"),
    .binding = S("\0\1\2")};
static const struct login usual = {.mechs = MECHS_USUAL};

/* What comes and what is said to it, until there is nothing more to say. */
static const struct exchange {
	const char *title;
	enum mech mech;
	const char *user, *secret, *nonce;
	struct str challenge[4];
	struct str response[4]; /* p = NULL: there is none */
	bool done;
} exchanges[] = {
    {"F-04: RFC 4616", MECH_PLAIN, "tim", "tanstaaftanstaaf", "",
	{S(""), S("")}, {S("\0tim\0tanstaaftanstaaf")}, true},
    {"F-04: UTF-8 as it is", MECH_PLAIN, "t\303\251", "\342\202\254", "",
	{S("")}, {S("\0t\303\251\0\342\202\254"), {NULL, 0}}, true},
    {"F-07: LOGIN, whatever the prompts say", MECH_LOGIN, "user", "secret", "",
	{S("Who?"), S(""), S("Password:")}, {S("user"), S("secret")}, true},
    {"F-07: LOGIN is not done with the user", MECH_LOGIN, "user", "secret", "",
	{S("Username:")}, {S("user")}, false},
    {"F-14: RFC 2195", MECH_CRAM_MD5, "tim", "tanstaaftanstaaf", "",
	{S("<1896.697170952@postoffice.reston.mci.net>"), S("")},
	{S("tim b913a602c7eda7a495b4e6e7334d3890")}, true},
    {"F-14: a key of more than 64 octets (RFC 2202, 6)", MECH_CRAM_MD5, "u",
	"\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
	"\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
	"\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
	"\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
	"\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa",
	"", {S("Test Using Larger Than Block-Size Key - Hash Key First")},
	{S("u 6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd")}, true},
    {"F-15: XOAUTH2", MECH_XOAUTH2, "someuser@example.com", "ya29.vF9dft4", "",
	{S(""), S("{\"status\":\"401\"}"), S("")},
	{S("user=someuser@example.com\1auth=Bearer ya29.vF9dft4\1\1"), S("")},
	true},
    {"F-16: OAUTHBEARER", MECH_OAUTHBEARER, "u,=@example.com", "tok", "",
	{S(""), S("{\"status\":\"invalid_token\"}"), S("")},
	{S("n,a=u=2C=3D@example.com,\1host=mail.test\1port=587\1auth=Bearer "
	   "tok\1\1"),
	    S("\1")},
	true},
    {"F-17: EXTERNAL", MECH_EXTERNAL, "", "", "", {S(""), S("")}, {S("")},
	true},
    {"F-17: EXTERNAL for somebody", MECH_EXTERNAL, "me@example.com", "", "",
	{S("")}, {S("me@example.com")}, true},
    {"F-10: RFC 5802, 5", MECH_SCRAM_SHA_1, "user", "pencil", NONCE_1,
	{S(""), S(FIRST_1), S("v=rmF9pqV8S7suAoZWja4dJRkFsKQ="), S("")},
	{S("n,,n=user,r=" NONCE_1),
	    S("c=biws,r=" NONCE_1
	      "3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="),
	    S("")},
	true},
    {"F-10: RFC 7677, 3", MECH_SCRAM_SHA_256, "user", "pencil", NONCE_256,
	{S(""), S(FIRST_256),
	    S("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), S("")},
	{S("n,,n=user,r=" NONCE_256),
	    S("c=biws,r=" NONCE_256
	      "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9"
	      "zjfMHgsqmmiz7AndVQ="),
	    S("")},
	true},
    {"F-10: no proof, no belief", MECH_SCRAM_SHA_256, "user", "pencil",
	NONCE_256, {S(""), S(FIRST_256)},
	{S("n,,n=user,r=" NONCE_256),
	    S("c=biws,r=" NONCE_256
	      "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9"
	      "zjfMHgsqmmiz7AndVQ=")},
	false},
    {"F-13: commas and equals signs", MECH_SCRAM_SHA_1, "a,=b", "x", "N",
	{S("")}, {S("n,,n=a=2C=3Db,r=N")}, false},
};

/* Plays one; what is said must be what is expected, to the last octet. */
static void
play(const struct exchange *x)
{
	struct auth_who who = {.user = str_c(x->user),
	    .secret = str_c(x->secret),
	    .user_prep = str_c(x->user),
	    .secret_prep = str_c(x->secret),
	    .host = STR("mail.test"),
	    .port = 587};
	struct auth a;
	struct buf out;
	struct err e;

	buf_init(&out, SCRAM_MESSAGE);
	auth_init(&a, x->mech, &usual, &who, 0, &tls, str_c(x->nonce));
	for (size_t i = 0; i < 4 && x->challenge[i].p; i++) {
		int result;

		buf_clear(&out);
		result = auth_answer(&a, x->challenge[i], &out, &e);
		if (x->response[i].p == NULL) {
			assert_int_equal(result, -1);
			continue;
		}
		if (result < 0)
			fail_msg("%s: %zu: %s", x->title, i, e.text);
		if (!str_eq(buf_str(&out), x->response[i]))
			fail_msg("%s: %zu: %.*s", x->title, i,
			    STR_ARG(buf_str(&out)));
	}
	if (auth_is_done(&a) != x->done)
		fail_msg("%s: done: %d", x->title, !x->done);
	auth_free(&a);
	buf_free(&out);
}

static void
published_exchanges(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(exchanges); i++)
		play(&exchanges[i]);
}

/* F-10: the second and third message of a server that cheats or errs. */
static const struct {
	const char *first, *last, *why;
} cheats[] = {
    {"", NULL, "no challenge"},
    {"r=" NONCE_256, NULL, "no challenge"},
    {"s=QSXCR+Q6sek8bf92,r=" NONCE_256 "x,i=4096", NULL, "no challenge"},
    {"r=" NONCE_256 ",s=QSXCR+Q6sek8bf92,i=4096", NULL, "begin with ours"},
    {"r=another,s=QSXCR+Q6sek8bf92,i=4096", NULL, "begin with ours"},
    {"r=" NONCE_256 "\1,s=QSXCR+Q6sek8bf92,i=4096", NULL, "odd bytes"},
    {"r=" NONCE_256 "x,s=,i=4096", NULL, "salt"},
    {"r=" NONCE_256 "x,s=*,i=4096", NULL, "salt"},
    {"r=" NONCE_256 "x,s=QSXCR+Q6sek8bf92,i=0", NULL, "rounds"},
    {"r=" NONCE_256 "x,s=QSXCR+Q6sek8bf92,i=-1", NULL, "rounds"},
    {"r=" NONCE_256 "x,s=QSXCR+Q6sek8bf92,i=", NULL, "rounds"},
    {"r=" NONCE_256 "x,s=QSXCR+Q6sek8bf92,i=10000001", NULL, "rounds"},
    {"r=" NONCE_256 "x,s=QSXCR+Q6sek8bf92,i=2147483648", NULL, "rounds"},
    {"r=" NONCE_256 "x,s=QSXCR+Q6sek8bf92,i=99999999999999999999", NULL,
	"rounds"},
    {"m=new,r=" NONCE_256 "x,s=QSXCR+Q6sek8bf92,i=4096", NULL, "extension"},
    {"e=other-error", NULL, "other-error"},
    {FIRST_256, "e=invalid-proof", "invalid-proof"},
    {FIRST_256, "", "did not prove"},
    {FIRST_256, "v=", "did not prove"},
    {FIRST_256, "v=*", "did not prove"},
    {FIRST_256,
	"v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "did not prove"},
    {FIRST_256,
	"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95A==", "did not prove"},
    {FIRST_256,
	"x=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "did not prove"},
};

static void
cheats_are_not_believed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cheats); i++) {
		struct auth_who who = {
		    .user_prep = STR("user"), .secret_prep = STR("pencil")};
		struct auth a;
		struct buf out;
		struct err e = {.text = "nothing"};
		int result;

		buf_init(&out, SCRAM_MESSAGE);
		auth_init(&a, MECH_SCRAM_SHA_256, &usual, &who, 0, &tls,
		    STR(NONCE_256));
		assert_int_equal(auth_answer(&a, STR(""), &out, &e), 0);
		result = auth_answer(&a, str_c(cheats[i].first), &out, &e);
		if (cheats[i].last) {
			assert_int_equal(result, 0);
			result =
			    auth_answer(&a, str_c(cheats[i].last), &out, &e);
		}
		if (result == 0 || strstr(e.text, cheats[i].why) == NULL ||
		    auth_is_done(&a))
			fail_msg("%s, %s: %d, %s", cheats[i].first,
			    cheats[i].last, result, e.text);
		auth_free(&a);
		buf_free(&out);
	}
}

/* F-10: few rounds are a remark within TLS; where others listen, too few. */
static void
few_rounds(void **state)
{
	struct auth_who who = {.user_prep = STR("u"), .secret_prep = STR("p")};
	const struct auth_channel *channels[] = {&tls, &clear};

	(void)state;
	for (size_t i = 0; i < COUNT(channels); i++) {
		struct auth a;
		struct buf out;
		struct err e;

		buf_init(&out, SCRAM_MESSAGE);
		auth_init(&a, MECH_SCRAM_SHA_1, &usual, &who, 0, channels[i],
		    STR("N"));
		assert_int_equal(auth_answer(&a, STR(""), &out, &e), 0);
		assert_int_equal(
		    auth_answer(&a, STR("r=Nx,s=AAAA,i=4095"), &out, &e),
		    channels[i]->encrypted ? 0 : -1);
		auth_free(&a);
		buf_free(&out);
	}
}

/* F-11: what is said of binding the channel. */
static void
binding_is_said(void **state)
{
	static const struct {
		const struct auth_channel *channel;
		enum mech mech;
		unsigned offered, mechs;
		const char *first, *bound;
	} cases[] = {
	    {&bound, MECH_SCRAM_SHA_1_PLUS, MECH_BIT(SCRAM_SHA_1_PLUS),
		MECHS_USUAL, "p=tls-exporter,,",
		"c=cD10bHMtZXhwb3J0ZXIsLAABAg==,"},
	    {&bound, MECH_SCRAM_SHA_1, MECH_BIT(SCRAM_SHA_1), MECHS_USUAL,
		"y,,", "c=eSws,"},
	    {&bound, MECH_SCRAM_SHA_1, MECH_BIT(SCRAM_SHA_1),
		MECH_BIT(SCRAM_SHA_1), "n,,", "c=biws,"},
	    {&bound, MECH_SCRAM_SHA_1,
		MECH_BIT(SCRAM_SHA_1) | MECH_BIT(SCRAM_SHA_1_PLUS), MECHS_USUAL,
		"n,,", "c=biws,"},
	    {&tls, MECH_SCRAM_SHA_1, MECH_BIT(SCRAM_SHA_1), MECHS_USUAL, "n,,",
		"c=biws,"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct auth_who who = {.user_prep = STR("u")};
		struct login login = {.mechs = cases[i].mechs};
		struct auth a;
		struct buf out;
		struct err e;

		buf_init(&out, SCRAM_MESSAGE);
		auth_init(&a, cases[i].mech, &login, &who, cases[i].offered,
		    cases[i].channel, STR("N"));
		assert_int_equal(auth_answer(&a, STR(""), &out, &e), 0);
		assert_true(str_starts(buf_str(&out), str_c(cases[i].first)));
		buf_clear(&out);
		assert_int_equal(
		    auth_answer(&a, STR("r=Nx,s=AAAA,i=4096"), &out, &e), 0);
		assert_true(str_starts(buf_str(&out), str_c(cases[i].bound)));
		auth_free(&a);
		buf_free(&out);
	}
}

#define B(name) MECH_BIT(name)
#define EVERY ((1U << MECHS) - 1)

static const struct {
	const char *title;
	const struct auth_channel *channel;
	unsigned offered, mechs, tried;
	bool in_clear;
	enum mech mech;
} choices[] = {
    {"F-02: bound", &bound, EVERY, MECHS_USUAL, 0, false,
	MECH_SCRAM_SHA_256_PLUS},
    {"F-02: bound, SHA-1", &bound, EVERY & ~B(SCRAM_SHA_256_PLUS), MECHS_USUAL,
	0, false, MECH_SCRAM_SHA_1_PLUS},
    {"F-12: no binding, no -PLUS", &tls, EVERY, MECHS_USUAL, 0, false,
	MECH_SCRAM_SHA_256},
    {"F-02", &tls, EVERY & ~B(SCRAM_SHA_256), MECHS_USUAL, 0, false,
	MECH_SCRAM_SHA_1},
    {"F-02", &tls, B(LOGIN) | B(PLAIN) | B(CRAM_MD5), MECHS_USUAL, 0, false,
	MECH_PLAIN},
    {"F-02", &tls, B(LOGIN) | B(CRAM_MD5), MECHS_USUAL, 0, false, MECH_LOGIN},
    {"F-14: not unless asked for", &tls, B(CRAM_MD5), MECHS_USUAL, 0, false,
	MECHS},
    {"F-14: asked for", &tls, EVERY, B(CRAM_MD5), 0, false, MECH_CRAM_MD5},
    {"F-02: a token", &tls, EVERY, B(OAUTHBEARER) | B(XOAUTH2), 0, false,
	MECH_OAUTHBEARER},
    {"F-02: a token", &tls, B(XOAUTH2) | B(PLAIN), B(OAUTHBEARER) | B(XOAUTH2),
	0, false, MECH_XOAUTH2},
    {"F-02: no token, no password either", &tls, B(XOAUTH2), MECHS_USUAL, 0,
	false, MECHS},
    {"F-02: EXTERNAL", &tls, EVERY, B(EXTERNAL), 0, false, MECH_EXTERNAL},
    {"F-03: in clear", &clear, EVERY, EVERY, 0, false, MECHS},
    {"F-03: in clear, allowed", &clear, EVERY, EVERY, 0, true,
	MECH_SCRAM_SHA_256},
    {"F-03: in clear, allowed", &clear, B(CRAM_MD5) | B(PLAIN), EVERY, 0, true,
	MECH_CRAM_MD5},
    {"F-03: never that", &clear,
	B(PLAIN) | B(LOGIN) | B(XOAUTH2) | B(OAUTHBEARER) | B(EXTERNAL), EVERY,
	0, true, MECHS},
    {"F-21: the next", &tls, EVERY, MECHS_USUAL, B(SCRAM_SHA_256), false,
	MECH_SCRAM_SHA_1},
    {"F-21: the last", &tls, B(PLAIN), MECHS_USUAL, B(PLAIN), false, MECHS},
    {"F-11: a -PLUS that was refused", &bound, EVERY, MECHS_USUAL,
	B(SCRAM_SHA_256_PLUS), false, MECH_SCRAM_SHA_1_PLUS},
    {"F-11: nothing less behind it", &bound,
	B(SCRAM_SHA_256_PLUS) | B(SCRAM_SHA_256) | B(PLAIN), MECHS_USUAL,
	B(SCRAM_SHA_256_PLUS), false, MECHS},
    {"F-02: nothing is offered", &tls, 0, MECHS_USUAL, 0, false, MECHS},
};

static void
the_strongest_is_chosen(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(choices); i++) {
		struct login login = {
		    .mechs = choices[i].mechs, .in_clear = choices[i].in_clear};
		enum mech mech = auth_choose(&login, choices[i].offered,
		    choices[i].tried, choices[i].channel);

		if (mech != choices[i].mech)
			fail_msg("%s (%zu): %d", choices[i].title, i, mech);
	}
}

static void
names_and_back(void **state)
{
	(void)state;
	for (enum mech mech = 0; mech < MECHS; mech++)
		assert_int_equal(mech_find(str_c(mech_name(mech))), mech);
	assert_int_equal(mech_find(STR("login")), MECH_LOGIN);
	assert_int_equal(mech_find(STR("ANONYMOUS")), MECHS);
	assert_int_equal(mech_find(STR("")), MECHS);
}

/* F-24: what a server says back. */
static void
the_secret_is_hidden(void **state)
{
	static const struct {
		const char *text, *secret, *hidden;
	} cases[] = {
	    {"no hunter2, hunter2", "hunter2", "no <hidden>, <hidden>"},
	    {"hunte", "hunter2", "hunte"},
	    {"hunter2", "hunter2", "<hidden>"},
	    {"a correct horse batt", "correct horse battery", "a <hidden>"},
	    {"a correct hor", "correct horse battery", "a correct hor"},
	    {"250 ok", "ok", "250 ok"},
	    {"250 ok", "", "250 ok"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf text;

		buf_init(&text, 1000);
		buf_add(&text, str_c(cases[i].text));
		auth_hide(&text, str_c(cases[i].secret));
		assert_string_equal(text.p, cases[i].hidden);
		buf_free(&text);
	}
}

/* F-24: nor may it come together where odd bytes are made visible. */
static void
the_secret_is_hidden_in_reasons(void **state)
{
	static const char *const reasons[] = {"\"cafebabe\"", "\234afebabe"};
	struct auth_who who = {.user = STR("u"), .secret = STR("cafebabe")};

	(void)state;
	for (size_t i = 0; i < COUNT(reasons); i++) {
		struct auth a;
		struct buf out;
		struct err e;

		buf_init(&out, SCRAM_MESSAGE);
		auth_init(&a, MECH_XOAUTH2, &usual, &who, 0, &tls, STR(""));
		assert_int_equal(auth_answer(&a, STR(""), &out, &e), 0);
		assert_int_equal(
		    auth_answer(&a, str_c(reasons[i]), &out, &e), 0);
		assert_non_null(strstr(a.said.p, "<hidden>"));
		assert_null(strstr(a.said.p, "cafebabe"));
		auth_free(&a);
		buf_free(&out);
	}
}

/* F-08: base64, and what only looks like it. */
static void
base64(void **state)
{
	static const struct {
		const char *text, *code;
	} good[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"},
	    {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"},
	    {"\377\376", "//4="}, {"\373", "+w=="}};
	static const char *const bad[] = {"Z", "Zg", "Zg=", "Zg===", "=",
	    "==", "====", "Zh==", "Zm9=", "Zm8=Zm8=", "Z=g=", "Zm 9v", "Zm9v\n",
	    " Zm9v", "Zm9v=", "Zm-_", "Zm9\303", "*", "Zg==Zg=="};
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	for (size_t i = 0; i < COUNT(good); i++) {
		buf_clear(&b);
		code_base64(&b, str_c(good[i].text));
		assert_string_equal(b.p, good[i].code);
		buf_clear(&b);
		assert_true(code_unbase64(&b, str_c(good[i].code)));
		assert_string_equal(b.p, good[i].text);
	}
	buf_clear(&b);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (code_unbase64(&b, str_c(bad[i])) || b.n > 0)
			fail_msg("%s is none", bad[i]);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(published_exchanges),
	    cmocka_unit_test(cheats_are_not_believed),
	    cmocka_unit_test(few_rounds),
	    cmocka_unit_test(binding_is_said),
	    cmocka_unit_test(the_strongest_is_chosen),
	    cmocka_unit_test(names_and_back),
	    cmocka_unit_test(the_secret_is_hidden),
	    cmocka_unit_test(the_secret_is_hidden_in_reasons),
	    cmocka_unit_test(base64),
	};

	return cmocka_run_group_tests_name("smtp/auth", tests, NULL, NULL);
}
