/* SPDX-License-Identifier: ISC */
/*
 * F-10, F-13: whole SCRAM exchanges of another implementation's tests.  With
 * HANTAR_CORPORA naming the folder of the corpora, sasl/scram in it (xdg-go)
 * is played: what the client says must be the same, octet by octet, and a
 * server that cheats must be found out.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "os/file.h"
#include "os/prep.h"
#include "smtp/scram.h"

static void
put_utf8(struct buf *out, unsigned c)
{
	if (c < 0x80) {
		buf_byte(out, (char)c);
	} else if (c < 0x800) {
		buf_byte(out, (char)(0xc0 | c >> 6));
		buf_byte(out, (char)(0x80 | (c & 63)));
	} else {
		buf_byte(out, (char)(0xe0 | c >> 12));
		buf_byte(out, (char)(0x80 | (c >> 6 & 63)));
		buf_byte(out, (char)(0x80 | (c & 63)));
	}
}

/* The JSON string whose opening quote is at p; returns what is behind it. */
static const char *
text_at(struct buf *out, const char *p)
{
	for (p++; *p != '"' && *p != '\0'; p++) {
		char digits[5] = {0};

		if (*p != '\\') {
			buf_byte(out, *p);
			continue;
		}
		if (*++p != 'u') {
			buf_byte(out, *p == 'n' ? '\n' : *p);
			continue;
		}
		memcpy(digits, p + 1, 4);
		put_utf8(out, (unsigned)strtoul(digits, NULL, 16));
		p += 4;
	}
	return p + 1;
}

/* The string that stands behind a name. */
static void
member(struct buf *out, const char *json, const char *name)
{
	const char *p = strstr(json, name);

	buf_init(out, 4096);
	assert_non_null(p);
	p = strchr(p + strlen(name), ':');
	assert_non_null(p);
	p = strchr(p, '"');
	assert_non_null(p);
	(void)text_at(out, p);
}

static void
prepared(struct buf *b)
{
	struct buf out;

	buf_init(&out, 4096);
	prep_sasl(&out, buf_str(b));
	buf_free(b);
	*b = out;
}

static void
play(const char *path, const char *json)
{
	bool cheat = strstr(path, "/bad-server-") != NULL;
	const char *p = strstr(json, "\"steps\"");
	struct buf user, secret, nonce, step[4], out;
	struct scram_client c = {.few_rounds = true};
	struct scram s;
	struct err e;

	member(&user, json, "\"user\"");
	member(&secret, json, "\"pass\"");
	member(&nonce, json, "\"clientNonce\"");
	for (size_t i = 0; i < 4; i++) {
		buf_init(&step[i], 4096);
		p = strchr(p, '"');
		assert_non_null(p);
		if (i == 0) /* that is the name of the list */
			p = strchr(p + 7 + 1, '"');
		p = text_at(&step[i], p);
	}
	if (strstr(path, "-no-saslprep") == NULL) {
		prepared(&user);
		prepared(&secret);
	}
	c.hash = strstr(json, "\"SHA-1\"") ? CRYPTO_SHA1 : CRYPTO_SHA256;
	c.user = buf_str(&user);
	c.secret = buf_str(&secret);
	c.nonce = buf_str(&nonce);
	buf_init(&out, SCRAM_MESSAGE);
	scram_init(&s);
	scram_first(&s, &c, &out);
	assert_string_equal(out.p, step[0].p);
	buf_clear(&out);
	if (scram_final(&s, &c, buf_str(&step[1]), &out, &e) < 0)
		fail_msg("%s: %s", path, e.text);
	assert_string_equal(out.p, step[2].p);
	assert_int_equal(
	    scram_verify(&s, &c, buf_str(&step[3]), &e), cheat ? -1 : 0);
	scram_free(&s);
	buf_free(&out);
	for (size_t i = 0; i < 4; i++)
		buf_free(&step[i]);
	buf_free(&nonce);
	buf_free(&secret);
	buf_free(&user);
}

static void
scram_exchanges(void **state)
{
	static const char *const kinds[] = {"good-", "bad-server-"};
	size_t played = 0;

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		struct buf pattern, json;
		glob_t found;

		buf_init(&pattern, 4096);
		buf_printf(&pattern, "%s/sasl/scram/%s*.json",
		    getenv("HANTAR_CORPORA"), kinds[k]);
		assert_int_equal(glob(pattern.p, 0, NULL, &found), 0);
		for (size_t i = 0; i < found.gl_pathc; i++) {
			struct err e;

			buf_init(&json, 100000);
			assert_int_equal(
			    file_read(found.gl_pathv[i], &json, &e), 1);
			/* SHA-512 is no mechanism of ours. */
			if (strstr(json.p, "SHA-512") == NULL) {
				play(found.gl_pathv[i], json.p);
				played++;
			}
			buf_free(&json);
		}
		globfree(&found);
		buf_free(&pattern);
	}
	assert_true(played >= 16);
}

int
main(void)
{
	const char *top = getenv("HANTAR_CORPORA");
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(scram_exchanges),
	};

	/* Without the corpora these tests are not selected. */
	if (top == NULL || top[0] == '\0')
		return 0;
	return cmocka_run_group_tests_name(
	    "smtp/scram, corpora", tests, NULL, NULL);
}
