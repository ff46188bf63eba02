/* SPDX-License-Identifier: ISC */
/*
 * D-45, D-52: who refuses, and hangs up while he is still being told, has
 * refused all the same; but what he has not heard to its end he cannot have
 * taken, whatever he says.  With LMTP the same is true of each recipient.
 */
#include "smtp/session.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/unheard.h"
#include "os/file.h"

enum { RECIPIENTS = 2 };

static const struct story {
	bool lmtp;
	const char *words;   /* in place of taking the message */
	const char *verdict; /* a letter for each recipient; v: doubt */
} stories[] = {
    {false, "552 5.3.4 no\r\n", "ff"},
    {false, "451 4.3.0 no\r\n", "ll"},
    {false, "250 fine\r\n", "vv"},
    {false, "552-5.3.4 n", "vv"},
    {false, "", "vv"},
    {true, "552 5.2.2 no\r\n451 4.3.0 no\r\n", "fl"},
    {true, "552 5.2.2 no\r\n", "fv"},
    {true, "451 4.3.0 no\r\n250 fine\r\n", "lv"},
    {true, "250 fine\r\n552 5.2.2 no\r\n", "vv"},
    {true, "", "vv"},
};

struct server {
	const struct story *story;
	struct buf reply;
	unsigned flights; /* that it has heard */
	char verdict[RECIPIENTS + 1];
};

static ssize_t
serve(void *ctx, void *p, size_t n, short *want, struct err *e)
{
	struct server *s = ctx;
	size_t give = s->reply.n < n ? s->reply.n : n;

	(void)e;
	*want = 0;
	memcpy(p, s->reply.p, give);
	buf_shift(&s->reply, give);
	if (give > 0 || s->flights > 2)
		return (ssize_t)give;
	*want = POLLIN;
	return -1;
}

static ssize_t
listen_to(void *ctx, const void *p, size_t n, short *want, struct err *e)
{
	static const char *const replies[] = {"250-h\r\n250 PIPELINING\r\n",
	    "250 ok\r\n250 ok\r\n250 ok\r\n354 go on\r\n"};
	struct server *s = ctx;

	(void)p;
	*want = 0;
	if (s->flights < 2) {
		buf_add(&s->reply, str_c(replies[s->flights++]));
		return (ssize_t)n;
	}
	if (s->flights++ == 2)
		buf_add(&s->reply, str_c(s->story->words));
	return err_set(e, ERR_CLOSED, "it has hung up");
}

static const struct io_ops ops = {serve, listen_to, NULL};

static void
on_rcpt(void *ctx, size_t i, const struct status *status)
{
	struct server *s = ctx;

	assert_true(i < RECIPIENTS && s->verdict[i] == '-');
	s->verdict[i] =
	    status->blame == BLAME_DOUBT ? 'v' : "-dlf"[status->outcome];
}

static bool
on_gate(void *ctx, size_t letter)
{
	(void)ctx;
	(void)letter;
	return true;
}

static void
tell(const struct story *story, int fd)
{
	const struct str to[RECIPIENTS] = {STR("0@y"), STR("1@y")};
	struct server s = {.story = story, .verdict = "--"};
	struct session_hooks hooks = {.rcpt = on_rcpt,
	    .gate = on_gate,
	    .at_gate = unheard_near,
	    .log = unheard_log,
	    .peer = STR("h[192.0.2.1]:25"),
	    .ctx = &s};
	struct letter letter = {.from = STR("a@x"),
	    .to = to,
	    .n = RECIPIENTS,
	    .content = {.fd = fd, .size = 6}};
	struct errand errand = {.host = STR("h"),
	    .helo = STR("c"),
	    .letter = &letter,
	    .letters = 1,
	    .lmtp = story->lmtp,
	    .deadline = INT64_MAX};
	struct buf text;
	struct io io;

	buf_init(&s.reply, 1000);
	buf_init(&text, 2048);
	buf_add(&s.reply, STR("220 h\r\n"));
	io_init(&io, -1);
	io_layer(&io, &ops, &s);
	(void)session_run(&io, NULL, NULL, &errand, &hooks, &text);
	assert_true(s.flights > 2);
	assert_string_equal(s.verdict, story->verdict);
	io_close(&io);
	buf_free(&text);
	buf_free(&s.reply);
}

static void
last_words(void **state)
{
	struct err e;
	int fd = file_nameless(&e);

	(void)state;
	assert_int_equal(file_write(fd, STR("text\r\n"), &e), 0);
	for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
		print_message("%zu\n", i);
		tell(&stories[i], fd);
	}
	(void)close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(last_words),
	};

	return cmocka_run_group_tests_name("last_words", tests, NULL, NULL);
}
