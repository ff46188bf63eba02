/* SPDX-License-Identifier: ISC */
/* The text of an envelope: what is written is read, and nothing else. */
#include "spool/envfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/buf.h"
#include "mail/dsn_about.h"

#define HEAD                                                              \
	"arrived 1732477000.123\nuid 1000\nsize 7\nbody 8bit\n"           \
	"from <bob@example.org>\nmessage-id <1@x>\nenvid e v\n"           \
	"ret hdrs\nargs sendmail -t\n"                                    \
	"to <\"a\\x20b\"@example.org> notify=success,delay "              \
	"orcpt=rfc822;a\n"                                                \
	"to <c@example.org> notify=never\nto <d@example.org> orcpt=x;y\n" \
	"to <root> orig=<staff> from=<>\n"
#define BLOCKS "marks w?df\ndoubt 0200\nend\n"

/* A text with the first line that goes with it. */
static struct str
text_of(struct buf *b, const char *head, const char *blocks, size_t n)
{
	buf_clear(b);
	buf_printf(b, "hantar-spool 1 %08zu %04zu\n%s%s", strlen(head) + 29 + 6,
	    n, head, blocks);
	return buf_str(b);
}

static void
everything_is_read(void **state)
{
	struct envelope env = {.id = STR("X")};
	struct pool p = {0};
	struct stored s;
	struct err e;
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 16);
	assert_int_equal(
	    envfile_read(text_of(&b, HEAD, BLOCKS, 4), &p, &env, &s, &e),
	    ENVFILE_OK);
	assert_true(s.arrived == 1732477000123 && s.uid == 1000);
	assert_true(s.size == 7 && s.eightbit && !s.held && s.strange == 0);
	assert_true(s.whole == b.n && s.spoke == 0);
	assert_true(str_eq(s.message_id, STR("<1@x>")));
	assert_true(str_eq(s.args, STR("sendmail -t")));
	assert_true(str_eq(env.id, STR("X")));
	assert_true(str_eq(env.from, STR("bob@example.org")));
	assert_true(str_eq(env.sender.domain, STR("example.org")));
	assert_true(env.ret == RET_HDRS && env.n == 4);
	assert_true(str_eq(env.envid, STR("e v")));
	assert_true(str_eq(env.rcpt[0].path, STR("\"a b\"@example.org")));
	assert_true(str_eq(env.rcpt[0].addr.local, STR("a b")));
	assert_int_equal(env.rcpt[0].notify, DSN_ON_SUCCESS | DSN_ON_DELAY);
	assert_true(str_eq(env.rcpt[0].orcpt, STR("rfc822;a")));
	assert_int_equal(env.rcpt[1].notify, DSN_NEVER);
	assert_true(str_eq(env.rcpt[2].orcpt, STR("x;y")));
	assert_true(str_eq(env.rcpt[3].path, STR("root")));
	assert_int_equal(env.rcpt[3].addr.domain.n, 0);
	assert_true(str_eq(env.rcpt[3].orig, STR("staff")));
	assert_true(env.rcpt[3].from.p != NULL && env.rcpt[3].from.n == 0);
	assert_true(env.rcpt[2].from.p == NULL);
	assert_int_equal(s.fate[0].mark, MARK_WAITING);
	assert_int_equal(s.fate[1].mark, MARK_DOUBT);
	assert_int_equal(s.fate[1].doubts, 2);
	assert_int_equal(s.fate[3].mark, MARK_FAILED);
	assert_memory_equal(b.p + s.marks, "w?df", 4);
	assert_int_equal(
	    b.p[envfile_doubts(&(struct marks){.at = s.marks, .n = 4}, 1)],
	    '2');
	pool_free(&p);
	buf_free(&b);
}

/* What a text says of one recipient after these lines. */
static struct fate
after(const char *events, struct stored *s, struct pool *p)
{
	struct envelope env = {0};
	struct err e;
	struct buf b;

	buf_init(&b, 1 << 16);
	text_of(&b, HEAD, BLOCKS, 4);
	buf_add(&b, str_c(events));
	assert_int_equal(envfile_read(buf_str(&b), p, &env, s, &e), ENVFILE_OK);
	buf_free(&b);
	return s->fate[1];
}

/* clang-format off */
#define ATTEMPT "event 1000.000 attempt 1300.000 0-1,3 deferred host 451 " \
	"4.7.1 mx.example.org[192.0.2.1]:25 try \\x5c later\n"
/* clang-format on */

static void
events_explain(void **state)
{
	struct pool p = {0};
	struct stored s;
	struct fate f = after(ATTEMPT, &s, &p);

	(void)state;
	assert_true(f.attempts == 1 && f.last == 1000000 && f.next == 1300000);
	assert_int_equal(f.status.outcome, OUTCOME_DEFERRED);
	assert_int_equal(f.status.blame, BLAME_HOST);
	assert_int_equal(f.status.code, 451);
	assert_int_equal(f.status.enhanced[1], 7);
	assert_true(str_eq(f.status.text, STR("try \\ later")));
	assert_true(str_eq(f.relay, STR("mx.example.org[192.0.2.1]:25")));
	assert_ptr_equal(f.status.text.p, s.fate[0].status.text.p);
	assert_int_equal(s.fate[2].attempts, 0);
	assert_int_equal(s.fate[3].attempts, 1);
	assert_true(s.spoke == 1000000 && s.strange == 0);
	f = after(ATTEMPT "event 2000.000 doubt - 1 open doubt 0 0.0.0 - x\n",
	    &s, &p);
	assert_true(f.attempts == 2 && f.next == 0 && f.relay.n == 0);
	f = after(ATTEMPT "event 1.000 warned 1\nevent 2.500 due\n"
			  "event 3.000 held\n",
	    &s, &p);
	assert_true(f.warned && !s.fate[0].warned && s.held);
	assert_true(f.next == 2500 && s.fate[2].next == 2500);
	f = after("event 1.000 held\nevent 2.000 released\n"
		  "event 3.000 reported 3 ABCB0\n",
	    &s, &p);
	assert_true(!s.held && s.spoke == 3000 && f.attempts == 0);
	pool_free(&p);
}

/* A torn line, and what a power cut may leave, are passed over. */
static void
a_torn_tail_is_no_harm(void **state)
{
	struct pool p = {0};
	struct stored s;
	struct fate f;
	uint64_t whole;

	(void)state;
	(void)after(ATTEMPT, &s, &p);
	whole = s.whole;
	f = after(ATTEMPT "event 2000.000 attempt 2300.0", &s, &p);
	assert_true(f.attempts == 1 && s.whole == whole && s.strange == 0);
	f = after(ATTEMPT "garbage\n\n" ATTEMPT, &s, &p);
	assert_true(f.attempts == 2 && s.strange == 2);
	pool_free(&p);
}

/* One line or another of HEAD and BLOCKS, replaced. */
static const struct {
	const char *old;
	const char *new;
} lies[] = {
    {"arrived 1732477000.123\n", ""},
    {"arrived 1732477000.123", "arrived 1732477000"},
    {"arrived ", "Arrived "},
    {"uid 1000\n", ""},
    {"uid 1000", "uid 01000"},
    {"uid 1000", "uid -1"},
    {"uid 1000", "uid 4294967296"},
    {"size 7", "size 99999999999999999999"},
    {"size 7", "size "},
    {"body 8bit", "body 9bit"},
    {"from <bob@example.org>", "from bob@example.org"},
    {"from <bob@example.org>", "from <Bob <bob@example.org>>"},
    {"from <bob@example.org>", "from <bob@example.org>\nfrom <x@y>"},
    {"from <bob@example.org>", "from <b\\x0d\\x0aRCPT@example.org>"},
    {"from <bob@example.org>", "from <bob@example.org>\nto <x@y>"},
    {"message-id <1@x>", "message-id "},
    {"envid e v", "envid e\\x0v"},
    {"envid e v", "envid e\\x20v"},
    {"envid e v", "envid e\\x41v"},
    {"envid e v", "envid e\\x0Av"},
    {"envid e v", "envid e\tv"},
    {"envid e v", "envid \303\251"},
    {"ret hdrs", "ret some"},
    {"ret hdrs\n", "requiretls yes\n"},
    {"notify=success,delay", "notify=delay,success"},
    {"notify=success,delay", "notify=success,success"},
    {"notify=success,delay", "notify="},
    {"notify=success,delay", "notify=always"},
    {"orcpt=rfc822;a", "orcpt="},
    {"orcpt=rfc822;a", "orcpt=a x"},
    {"to <root> orig=<staff> from=<>\n", ""},
    {"to <root> orig=<staff> from=<>\n", "to <root>\nto <root>\n"},
    {"to <root>", "to <>"},
    {"to <root>", "to <a@b> "},
    {"to <root>", "to <a@b,c@d>"},
    {"to <root>", "to <a@b\\x00>"},
    {"to <root>", "to <a @b>"},
    {"marks w?df", "marks w?d"},
    {"marks w?df", "marks w?dff"},
    {"marks w?df", "marks w?dz"},
    {"doubt 0200", "doubt 020"},
    {"doubt 0200", "doubt 02x0"},
    {"end\n", ""},
    {"end\n", "end"},
    {"end\n", "fin\n"},
    {"\n", "\r\n"},
};

static void
replace(struct buf *b, const char *text, const char *old, const char *new)
{
	const char *at = strstr(text, old);

	buf_clear(b);
	assert_non_null(at);
	buf_add(b, str_of(text, (size_t)(at - text)));
	buf_add(b, str_c(new));
	buf_add(b, str_c(at + strlen(old)));
}

static void
refuse(struct str text, enum envfile want, const char *what)
{
	struct envelope env = {0};
	struct pool p = {0};
	struct stored s;
	struct err e = {0};
	enum envfile got = envfile_read(text, &p, &env, &s, &e);

	if (got != want)
		fail_msg("%s: %d", what, (int)got);
	assert_int_equal(e.kind != ERR_NONE, want == ENVFILE_BROKEN);
	pool_free(&p);
}

/* G-39: nothing of an envelope in which a line is wrong is believed. */
static void
lies_are_refused(void **state)
{
	struct buf text, head;

	(void)state;
	buf_init(&text, 1 << 16);
	buf_init(&head, 1 << 16);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		const char *blocks = strstr(HEAD, lies[i].old);

		/* The first line fits what follows, so that it is not it. */
		if (blocks)
			replace(&head, HEAD, lies[i].old, lies[i].new);
		else
			replace(&head, BLOCKS, lies[i].old, lies[i].new);
		text_of(
		    &text, blocks ? head.p : HEAD, blocks ? BLOCKS : head.p, 4);
		refuse(buf_str(&text), ENVFILE_BROKEN, lies[i].new);
	}
	/* Cut off anywhere. */
	text_of(&text, HEAD, BLOCKS, 4);
	for (size_t n = 0; n < text.n; n++)
		refuse(str_of(text.p, n), ENVFILE_BROKEN, "cut");
	buf_free(&head);
	buf_free(&text);
}

/* G-04: what a newer program has written is left alone. */
static void
versions(void **state)
{
	static const struct {
		const char *text;
		enum envfile want;
	} first[] = {
	    {"hantar-spool 2 whatever\n", ENVFILE_VERSION},
	    {"hantar-spool 2\n", ENVFILE_VERSION},
	    {"hantar-spool 4294967295 x\n", ENVFILE_VERSION},
	    {"hantar-spool 0 00000035 0001\n", ENVFILE_BROKEN},
	    {"hantar-spool 02 00000035 0001\n", ENVFILE_BROKEN},
	    {"hantar-spool two\n", ENVFILE_BROKEN},
	    {"hantar-spool \n", ENVFILE_BROKEN},
	    {"hantar-spool 2", ENVFILE_BROKEN},
	    {"hantar-spool 1 35 1\n", ENVFILE_BROKEN},
	    {"hantar-spool 1 00000035 0000\n", ENVFILE_BROKEN},
	    {"hantar-spool 1 00000035 1001\n", ENVFILE_BROKEN},
	    {"hantar-spool 1 00000035 0001 \n", ENVFILE_BROKEN},
	    {"hantar-spool 1 -0000035 0001\n", ENVFILE_BROKEN},
	    {"", ENVFILE_BROKEN},
	    {"\n", ENVFILE_BROKEN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		refuse(str_c(first[i].text), first[i].want, first[i].text);
}

/* A number that is different each time, and the same in each run. */
static unsigned
chance(unsigned below)
{
	static uint64_t seed = 1;

	seed = seed * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(seed >> 33) % below;
}

/* Any bytes, some of them likely to hurt. */
static struct str
any_text(struct pool *p)
{
	static const char odd[] = "\n\r \\<>x\0,=-";
	size_t n = chance(40);
	char *text = pool_take(p, n + 1);

	for (size_t i = 0; i < n; i++)
		text[i] =
		    chance(3) ? odd[chance(sizeof(odd))] : (char)chance(256);
	return str_of(text, n);
}

/* An address that may need quotes, or UTF-8. */
static struct str
any_path(struct pool *p, bool null)
{
	static const char *const locals[] = {"a", "b.c", "\"d e\"", "\"@\"",
	    "\"<x>\"", "\303\274", "\"\\\\\\\"\"", "o'hara+tag"};
	static const char *const domains[] = {
	    "", "@example.org", "@[192.0.2.1]", "@xn--bcher-kva.example"};
	struct buf b;
	struct str path;

	if (null && chance(4) == 0)
		return STR("");
	buf_init(&b, 200);
	buf_printf(&b, "%s%s", locals[chance(8)], domains[chance(4)]);
	path = pool_str(p, buf_str(&b));
	buf_free(&b);
	return path;
}

static void
assert_same(const struct envelope *a, const struct envelope *b)
{
	assert_int_equal(a->n, b->n);
	assert_true(str_eq(a->from, b->from));
	assert_true(str_eq(a->envid, b->envid));
	assert_int_equal(a->ret, b->ret);
	for (size_t i = 0; i < a->n; i++) {
		assert_true(str_eq(a->rcpt[i].path, b->rcpt[i].path));
		assert_true(str_eq(a->rcpt[i].orcpt, b->rcpt[i].orcpt));
		assert_true(str_eq(a->rcpt[i].orig, b->rcpt[i].orig));
		assert_true(str_eq(a->rcpt[i].from, b->rcpt[i].from));
		assert_int_equal(!a->rcpt[i].from.p, !b->rcpt[i].from.p);
		assert_int_equal(a->rcpt[i].notify, b->rcpt[i].notify);
	}
}

/* Whatever is written is read again as the same. */
static void
there_and_back(void **state)
{
	(void)state;
	for (int round = 0; round < 2000; round++) {
		size_t n = 1 + chance(round % 100 ? 6 : ENVFILE_RCPTS);
		struct pool p = {0};
		struct envelope back = {0};
		struct envelope env = {
		    .from = any_path(&p, true),
		    .rcpt = pool_array(&p, n, sizeof(*env.rcpt)),
		    .n = n,
		    .ret = (enum ret)chance(3),
		    .envid = any_text(&p),
		};
		struct stored s = {
		    .arrived = (int64_t)chance(1U << 31) * 1000,
		    .uid = chance(1U << 31),
		    .size = chance(1U << 31),
		    .eightbit = chance(2),
		    .message_id = any_text(&p),
		    .args = any_text(&p),
		};
		struct stored read;
		struct err e;
		struct buf b;

		for (size_t i = 0; i < n; i++) {
			env.rcpt[i].path = any_path(&p, false);
			env.rcpt[i].notify = chance(16);
			env.rcpt[i].orcpt = any_text(&p);
			if (chance(2))
				env.rcpt[i].orig = any_path(&p, true);
			if (chance(2))
				env.rcpt[i].from = any_path(&p, true);
		}
		buf_init(&b, ENVFILE_HEAD);
		assert_int_equal(envfile_write(&b, &env, &s, &e), 0);
		if (envfile_read(buf_str(&b), &p, &back, &read, &e) !=
		    ENVFILE_OK)
			fail_msg("%s: %s", e.text, b.p);
		assert_same(&env, &back);
		assert_true(str_eq(s.message_id, read.message_id));
		assert_true(str_eq(s.args, read.args));
		assert_true(s.arrived == read.arrived && s.uid == read.uid &&
		    s.size == read.size && s.eightbit == read.eightbit &&
		    s.marks == read.marks);
		buf_free(&b);
		pool_free(&p);
	}
}

static void
too_much_is_not_written(void **state)
{
	struct envelope env = {.n = ENVFILE_RCPTS + 1};
	struct pool p = {0};
	struct stored s = {0};
	struct err e;
	struct buf b;

	(void)state;
	env.rcpt = pool_array(&p, env.n, sizeof(*env.rcpt));
	buf_init(&b, ENVFILE_HEAD);
	assert_int_equal(envfile_write(&b, &env, &s, &e), -1);
	env.n = 0;
	assert_int_equal(envfile_write(&b, &env, &s, &e), -1);
	env.n = 1;
	env.rcpt[0].path.n = ENVFILE_HEAD;
	env.rcpt[0].path.p = pool_take(&p, ENVFILE_HEAD);
	assert_int_equal(envfile_write(&b, &env, &s, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	pool_free(&p);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(everything_is_read),
	    cmocka_unit_test(events_explain),
	    cmocka_unit_test(a_torn_tail_is_no_harm),
	    cmocka_unit_test(lies_are_refused),
	    cmocka_unit_test(versions),
	    cmocka_unit_test(there_and_back),
	    cmocka_unit_test(too_much_is_not_written),
	};

	return cmocka_run_group_tests_name("spool_envfile", tests, NULL, NULL);
}
