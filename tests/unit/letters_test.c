/* SPDX-License-Identifier: ISC */
/*
 * Several messages over one connection (D-48): each has its own transaction,
 * its own gate and its own verdict, and none begins while the server may
 * still think of another (RSET).  The same with LMTP (D-51 to D-53), where each
 * recipient has a verdict of his own.  The server is a table of replies.
 */
#include "smtp/session.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/unheard.h"
#include "../lib/vtime.h"
#include "base/clock.h"
#include "os/file.h"
#include "os/sys.h"

enum { LETTERS = 3, EACH = 2, RECIPIENTS = LETTERS * EACH };

/* What the server says to a command that begins with these words, once. */
struct answer {
	const char *to;
	const char *reply; /* without CRLF; "" hangs up */
};

struct story {
	const char *title;
	bool pipelining;
	struct answer answer[4];
	const char *slow;    /* the command to which it is slow to answer */
	const char *said;    /* the session's lines, ";" between them */
	const char *verdict; /* a letter for each recipient, "-": none */
	enum outcome host;
};

#define HELLO "EHLO c;"
#define LHLO "LHLO c;"
#define FIRST "MAIL FROM:<a@x>;RCPT TO:<0@y>;RCPT TO:<1@y>;DATA;"
#define SECOND "MAIL FROM:<b@x>;RCPT TO:<2@y>;RCPT TO:<3@y>;DATA;"
#define THIRD "MAIL FROM:<c@x>;RCPT TO:<4@y>;RCPT TO:<5@y>;DATA;"
#define BODY "text;.;"

static const struct story stories[] = {
    {"three of them", true, {{0}}, NULL,
	HELLO FIRST BODY SECOND BODY THIRD BODY "QUIT;", "dddddd",
	OUTCOME_OPEN},
    {"without PIPELINING", false, {{0}}, NULL,
	HELLO FIRST BODY SECOND BODY THIRD BODY "QUIT;", "dddddd",
	OUTCOME_OPEN},
    {"a message that is refused", true, {{".", "550 5.7.1 no"}}, NULL,
	HELLO FIRST BODY SECOND BODY THIRD BODY "QUIT;", "ffdddd",
	OUTCOME_OPEN},
    {"a sender that is refused", true,
	{{"MAIL FROM:<a@x>", "450 4.1.8 later"},
	    {"RCPT TO:<0", "503 5.5.1 no MAIL"},
	    {"RCPT TO:<1", "503 5.5.1 no MAIL"}, {"DATA", "503 5.5.1 no"}},
	NULL, HELLO FIRST "RSET;" SECOND BODY THIRD BODY "QUIT;", "lldddd",
	OUTCOME_OPEN},
    {"a sender that is refused, one by one", false,
	{{"MAIL FROM:<b@x>", "550 5.1.8 never"}}, NULL,
	HELLO FIRST BODY "MAIL FROM:<b@x>;RSET;" THIRD BODY "QUIT;", "ddffdd",
	OUTCOME_OPEN},
    {"recipients that are refused, and a 354", true,
	{{"RCPT TO:<2", "550 5.1.1 who"}, {"RCPT TO:<3", "550 5.1.1 who"}},
	NULL, HELLO FIRST BODY SECOND ".;RSET;" THIRD BODY "QUIT;", "ddffdd",
	OUTCOME_OPEN},
    {"the host has enough", true, {{"MAIL FROM:<b@x>", "421 4.7.0 enough"}},
	NULL, HELLO FIRST BODY SECOND, "dd----", OUTCOME_DEFERRED},
    {"the host hangs up", true, {{"MAIL FROM:<b@x>", ""}}, NULL,
	HELLO FIRST BODY "MAIL FROM:<b@x>;", "dd----", OUTCOME_DEFERRED},
    {"no reply to a dot", true, {{".", ""}}, NULL, HELLO FIRST BODY, "vv----",
	OUTCOME_OPEN},
    {"a reply too many: the next would be another's", true,
	{{".", "250 fine\r\n250 fine"}, {"RCPT TO:<2", "550 5.1.1 who"}}, NULL,
	HELLO FIRST BODY, "dd----", OUTCOME_DEFERRED},
    {"421 to a dot", true, {{".", "421 4.3.2 down"}}, NULL, HELLO FIRST BODY,
	"ll----", OUTCOME_OPEN},
    {"RSET is refused", false,
	{{"MAIL FROM:<a@x>", "550 no"}, {"RSET", "502 what"}}, NULL,
	HELLO "MAIL FROM:<a@x>;RSET;QUIT;", "ff----", OUTCOME_DEFERRED},
    {"D-48: as many as there is time for: slow to the dot", true, {{0}}, ".",
	HELLO FIRST BODY SECOND BODY "QUIT;", "dddd--", OUTCOME_OPEN},
    {"D-48: slow to MAIL: the dot takes QUIT along", true, {{0}}, "MAIL",
	HELLO FIRST BODY SECOND BODY "QUIT;", "dddd--", OUTCOME_OPEN},
    {"D-48: slow to refuse", false,
	{{"MAIL FROM:<a@x>", "550 5.1.8 never"},
	    {"MAIL FROM:<b@x>", "550 5.1.8 never"}},
	"MAIL", HELLO "MAIL FROM:<a@x>;RSET;MAIL FROM:<b@x>;QUIT;", "ffff--",
	OUTCOME_OPEN},
};

/* With LMTP; and what is kept, in its order: a verdict, on whom. */
static const struct {
	struct story story;
	const char *kept;
} lmtp_stories[] = {
    {{"three of them", true, {{0}}, NULL,
	 LHLO FIRST BODY SECOND BODY THIRD BODY "QUIT;", "dddddd",
	 OUTCOME_OPEN},
	"d0 d1 d2 d3 d4 d5 "},
    {{"each has a verdict of his own", true,
	 {{".", "250 a\r\n550 b"}, {".", "451 a\r\n250 b"}}, NULL,
	 LHLO FIRST BODY SECOND BODY THIRD BODY "QUIT;", "dflddd",
	 OUTCOME_OPEN},
	"d0 f1 l2 d3 d4 d5 "},
    {{"who was not accepted has none", true,
	 {{"RCPT TO:<2", "550 5.1.1 who"}, {"RCPT TO:<5", "450 4.2.0 later"}},
	 NULL, LHLO FIRST BODY SECOND BODY THIRD BODY "QUIT;", "ddfddl",
	 OUTCOME_OPEN},
	"d0 d1 d3 d4 "},
    {{"lost among the replies", true, {{".", "250 a"}}, NULL, LHLO FIRST BODY,
	 "dv----", OUTCOME_OPEN},
	"d0 v0-1 "},
    {{"a reply too many", true, {{".", "250 a\r\n250 b\r\n250 c"}}, NULL,
	 LHLO FIRST BODY, "dd----", OUTCOME_DEFERRED},
	"d0 d1 "},
    {{"a sender that is refused, and a 354", true,
	 {{"MAIL FROM:<a@x>", "550 5.1.8 never"},
	     {"RCPT TO:<0", "503 5.5.1 no MAIL"},
	     {"RCPT TO:<1", "503 5.5.1 no MAIL"}},
	 NULL, LHLO FIRST, "ff----", OUTCOME_DEFERRED},
	"f0-1 "},
    {{"a message that is refused at once", true, {{"DATA", "451 4.3.0 later"}},
	 NULL, LHLO FIRST "RSET;" SECOND BODY THIRD BODY "QUIT;", "lldddd",
	 OUTCOME_OPEN},
	"l0-1 d2 d3 d4 d5 "},
};

struct server {
	const struct story *story;
	bool lmtp;
	bool used[4];
	bool body;
	bool gone;
	struct buf line;  /* what came of a line */
	struct buf reply; /* what is to be said */
	struct buf said;
	struct buf kept;
	size_t accepted; /* recipients of this transaction */
	size_t gate;	 /* the letter that may be sent, and no other */
	char verdict[RECIPIENTS + 1];
};

enum { SLOW = 160000 }; /* ms; the second time a session is old */

/* One "250 fine"; with LMTP one for each recipient. */
static void
say_fine(struct server *s, struct str line)
{
	size_t n = 1;

	if (s->lmtp && str_eq(line, STR(".")))
		n = s->accepted;
	s->accepted += str_starts(line, STR("RCPT"));
	if (str_starts(line, STR("MAIL")))
		s->accepted = 0;
	while (n-- > 0)
		buf_add(&s->reply, STR("250 fine\r\n"));
}

/* What it says to a line; the tables first. */
static void
answer(struct server *s, struct str line)
{
	if (s->story->slow && str_starts(line, str_c(s->story->slow)))
		(void)sys_poll(NULL, 0, clock_now() + SLOW);
	for (size_t i = 0; i < 4 && s->story->answer[i].to; i++) {
		const struct answer *a = &s->story->answer[i];

		if (s->used[i] || !str_starts(line, str_c(a->to)))
			continue;
		s->used[i] = true;
		s->gone = a->reply[0] == '\0';
		s->body = s->body ? !str_eq(line, STR("."))
				  : str_starts(str_c(a->reply), STR("354"));
		if (!s->gone)
			buf_printf(&s->reply, "%s\r\n", a->reply);
		return;
	}
	if (s->body && !str_eq(line, STR(".")))
		return;
	s->body = str_eq(line, STR("DATA"));
	if (str_starts(line, s->lmtp ? STR("LHLO") : STR("EHLO")) &&
	    s->story->pipelining)
		buf_add(&s->reply, STR("250-h\r\n250 PIPELINING\r\n"));
	else if (s->body)
		buf_add(&s->reply, STR("354 go on\r\n"));
	else
		say_fine(s, line);
}

static ssize_t
serve(void *ctx, void *p, size_t n, short *want, struct err *e)
{
	struct server *s = ctx;
	size_t give = s->reply.n < n ? s->reply.n : n;

	*want = 0;
	if (give == 0 && !s->gone) {
		/* Nothing to say: who waits, waits in vain (virtual time). */
		*want = POLLIN;
		err_set(e, ERR_CLOSED, "nothing to read");
		return -1;
	}
	memcpy(p, s->reply.p, give);
	buf_shift(&s->reply, give);
	return (ssize_t)give;
}

static ssize_t
listen_to(void *ctx, const void *p, size_t n, short *want, struct err *e)
{
	struct server *s = ctx;
	const char *c = p;

	(void)e;
	*want = 0;
	for (size_t i = 0; i < n && !s->gone; i++) {
		if (c[i] != '\n') {
			if (c[i] != '\r')
				buf_byte(&s->line, c[i]);
			continue;
		}
		buf_add(&s->said, buf_str(&s->line));
		buf_byte(&s->said, ';');
		answer(s, buf_str(&s->line));
		buf_clear(&s->line);
	}
	return (ssize_t)n;
}

static const struct io_ops ops = {serve, listen_to, NULL};

static char
letter_of(const struct status *status)
{
	return status->blame == BLAME_DOUBT ? 'v' : "-dlf"[status->outcome];
}

/* It is kept before anybody hears of it. */
static bool
on_verdict(void *ctx, size_t first, size_t n, const struct status *status)
{
	struct server *s = ctx;

	assert_true(first + n <= RECIPIENTS && n > 0);
	assert_int_equal(s->verdict[first + n - 1], '-');
	buf_printf(&s->kept, "%c%zu", letter_of(status), first);
	if (n > 1)
		buf_printf(&s->kept, "-%zu", first + n - 1);
	buf_byte(&s->kept, ' ');
	return true;
}

static void
on_rcpt(void *ctx, size_t i, const struct status *status)
{
	struct server *s = ctx;

	assert_true(i < RECIPIENTS && s->verdict[i] == '-');
	/* Nothing is delivered but what its own gate let pass. */
	if (status->outcome == OUTCOME_DELIVERED)
		assert_int_equal(i / EACH, s->gate);
	s->verdict[i] = letter_of(status);
}

static bool
on_gate(void *ctx, size_t letter)
{
	struct server *s = ctx;

	s->gate = letter;
	return true;
}

static int
message(void)
{
	struct err e;
	int fd = file_nameless(&e);

	assert_true(fd >= 0);
	assert_int_equal(file_write(fd, STR("text\r\n"), &e), 0);
	return fd;
}

static void
tell(const struct story *story, const char *kept, int fd)
{
	const struct str to[] = {STR("0@y"), STR("1@y"), STR("2@y"), STR("3@y"),
	    STR("4@y"), STR("5@y")};
	const struct str from[] = {STR("a@x"), STR("b@x"), STR("c@x")};
	struct server s = {.story = story,
	    .lmtp = kept != NULL,
	    .gate = SIZE_MAX,
	    .verdict = "------"};
	struct session_hooks hooks = {.rcpt = on_rcpt,
	    .gate = on_gate,
	    .at_gate = unheard_near,
	    .verdict = on_verdict,
	    .log = unheard_log,
	    .peer = STR("h[192.0.2.1]:25"),
	    .ctx = &s};
	struct letter letter[LETTERS];
	struct errand errand = {.host = STR("h"),
	    .helo = STR("c"),
	    .letter = letter,
	    .letters = LETTERS,
	    .lmtp = kept != NULL,
	    .deadline = INT64_MAX};
	struct session_end end;
	struct buf text;
	struct io io;

	for (size_t i = 0; i < LETTERS; i++)
		letter[i] = (struct letter){.from = from[i],
		    .to = &to[i * EACH],
		    .n = EACH,
		    .first = i * EACH,
		    .content = {.fd = fd, .size = 6}};
	buf_init(&s.line, 1000);
	buf_init(&s.reply, 10000);
	buf_init(&s.said, 10000);
	buf_init(&text, 2048);
	buf_add(&s.reply, STR("220 h\r\n"));
	io_init(&io, -1);
	io_layer(&io, &ops, &s);
	buf_init(&s.kept, 1000);
	end = session_run(&io, NULL, NULL, &errand, &hooks, &text);
	if (story->said[0] != '\0')
		assert_string_equal(s.said.p, story->said);
	assert_string_equal(s.verdict, story->verdict);
	if (kept)
		assert_string_equal(s.kept.p, kept);
	assert_int_equal(end.status.outcome, story->host);
	io_close(&io);
	buf_free(&text);
	buf_free(&s.kept);
	buf_free(&s.said);
	buf_free(&s.reply);
	buf_free(&s.line);
}

static void
d48_several_messages_one_connection(void **state)
{
	int fd = message();

	(void)state;
	vtime_start(NULL, NULL);
	for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
		print_message("%s\n", stories[i].title);
		tell(&stories[i], NULL, fd);
	}
	vtime_stop();
	(void)close(fd);
}

static void
d51_d52_d53_the_same_with_lmtp(void **state)
{
	int fd = message();

	(void)state;
	vtime_start(NULL, NULL);
	for (size_t i = 0; i < sizeof(lmtp_stories) / sizeof(lmtp_stories[0]);
	     i++) {
		print_message("%s\n", lmtp_stories[i].story.title);
		tell(&lmtp_stories[i].story, lmtp_stories[i].kept, fd);
	}
	vtime_stop();
	(void)close(fd);
}

static bool
count_dots(void *ctx, size_t letter)
{
	size_t *gates = ctx;

	assert_int_equal(letter, (*gates)++);
	return true;
}

static void
ignore_verdict(void *ctx, size_t i, const struct status *status)
{
	(void)ctx;
	(void)i;
	assert_int_equal(status->outcome, OUTCOME_DELIVERED);
}

/* A message may be larger than the one before it on the same connection. */
static void
d48_a_small_message_and_then_a_large_one(void **state)
{
	enum { SMALL = 6, LARGE = 300000 };
	const struct str to[] = {STR("0@y"), STR("1@y")};
	struct server s = {.story = &stories[0]};
	size_t gates = 0;
	struct session_hooks hooks = {.rcpt = ignore_verdict,
	    .gate = count_dots,
	    .at_gate = unheard_near,
	    .log = unheard_log,
	    .peer = STR("h[192.0.2.1]:25"),
	    .ctx = &gates};
	struct letter letter[2];
	struct errand errand = {.host = STR("h"),
	    .helo = STR("c"),
	    .letter = letter,
	    .letters = 2,
	    .deadline = INT64_MAX};
	struct buf large, text;
	struct err e;
	struct io io;

	(void)state;
	buf_init(&large, LARGE);
	while (large.n < LARGE)
		buf_add(&large, STR("abcd\r\n"));
	for (size_t i = 0; i < 2; i++) {
		int fd = i == 0 ? message() : file_nameless(&e);

		letter[i] = (struct letter){.from = STR("a@x"),
		    .to = &to[i],
		    .n = 1,
		    .first = i,
		    .content = {.fd = fd, .size = i == 0 ? SMALL : LARGE}};
	}
	assert_int_equal(
	    file_write(letter[1].content.fd, buf_str(&large), &e), 0);
	buf_init(&s.line, 1000);
	buf_init(&s.reply, 10000);
	buf_init(&s.said, 2 * LARGE);
	buf_init(&text, 2048);
	buf_add(&s.reply, STR("220 h\r\n"));
	io_init(&io, -1);
	io_layer(&io, &ops, &s);
	(void)session_run(&io, NULL, NULL, &errand, &hooks, &text);
	assert_int_equal(gates, 2);
	io_close(&io);
	for (size_t i = 0; i < 2; i++)
		(void)close(letter[i].content.fd);
	buf_free(&large);
	buf_free(&text);
	buf_free(&s.said);
	buf_free(&s.reply);
	buf_free(&s.line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(d48_several_messages_one_connection),
	    cmocka_unit_test(d51_d52_d53_the_same_with_lmtp),
	    cmocka_unit_test(d48_a_small_message_and_then_a_large_one),
	};

	return cmocka_run_group_tests_name("letters", tests, NULL, NULL);
}
