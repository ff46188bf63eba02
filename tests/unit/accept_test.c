/* SPDX-License-Identifier: ISC */
/* From standard input to a message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "delivery/accept.h"
#include "os/file.h"

/* What a test gives and what it gets. */
struct fixture {
	struct pool pool;
	struct accept_opts opts;
	struct envelope env;
	struct accepted got;
	int result;
	int status;
	struct err e;
	struct buf text; /* the message in wire form */
};

static int
start(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	buf_init(&f->text, 1 << 28);
	f->env.id = STR("ID1");
	f->env.sender = (struct addr){STR("me"), STR("here.test"), STR_NONE};
	f->opts = (struct accept_opts){
	    .recipients_max = 100000,
	    .header_max = 1 << 20,
	    .complete =
		{
		    .sender = f->env.sender,
		    .login = STR("me"),
		    .hostname = STR("host.here.test"),
		    .mailname = STR("here.test"),
		    .id = f->env.id,
		    .random = STR("RANDOM"),
		    .now = 1795540510,
		    .add = true,
		},
	};
	*state = f;
	return 0;
}

static void
forget(struct fixture *f)
{
	if (f->result == 0 && f->got.content.fd > 0)
		assert_int_equal(close(f->got.content.fd), 0);
	f->got = (struct accepted){0};
	buf_clear(&f->text);
}

static int
end(void **state)
{
	struct fixture *f = *state;

	forget(f);
	buf_free(&f->text);
	pool_free(&f->pool);
	free(f);
	return 0;
}

static void
operands(struct fixture *f, const char *list)
{
	struct addr *a;

	assert_int_equal(addr_list(&f->pool, str_c(list), 100000, &a,
			     &f->opts.operands, &f->e),
	    0);
	f->opts.operand = a;
}

/* Reads the message from descriptor in. */
static void
take(struct fixture *f, int in)
{
	f->e = (struct err){0};
	f->result = accept_message(
	    in, &f->opts, &f->env, &f->got, &f->pool, &f->status, &f->e);
	if (f->result < 0)
		return;

	const struct content *c = &f->got.content;
	size_t size = (size_t)c->size;

	assert_true(fcntl(c->fd, F_GETFD) >= 0);
	assert_int_equal(lseek(c->fd, 0, SEEK_END), (off_t)size);
	assert_int_equal(
	    pread(c->fd, buf_room(&f->text, size), size, 0), (ssize_t)size);
	buf_grew(&f->text, size);
}

/* Reads it from a file. */
static void
give(struct fixture *f, struct str input)
{
	int fd = file_nameless(&f->e);

	forget(f);
	assert_true(fd >= 0);
	assert_int_equal(file_write(fd, input, &f->e), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	take(f, fd);
	assert_int_equal(close(fd), 0);
}

/* Reads it from a pipe, which comes in pieces and may not block. */
static void
give_pieces(struct fixture *f, struct str input, size_t piece)
{
	int fds[2];
	pid_t child;
	int status;

	forget(f);
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)fcntl(fds[1], F_SETFL, 0);
		while (input.n > 0) {
			struct str s = str_slice(input, 0, piece);

			if (write(fds[1], s.p, s.n) != (ssize_t)s.n)
				_exit(1);
			input = str_slice(input, s.n, input.n);
		}
		_exit(0);
	}
	assert_int_equal(close(fds[1]), 0);
	take(f, fds[0]);
	assert_int_equal(close(fds[0]), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
}

static const char *
body(const struct fixture *f)
{
	const char *at = strstr(f->text.p, "\r\n\r\n");

	assert_int_equal(f->result, 0);
	assert_non_null(at);
	return at + 4;
}

static const char *
paths(const struct fixture *f)
{
	static char text[4096];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < f->env.n; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.*s",
		    i ? " " : "", STR_ARG(f->env.rcpt[i].path));
	return text;
}

static void
a_message(void **state)
{
	struct fixture *f = *state;
	struct str text = STR("Subject: hi\nTo: a@b.test\n\nhello\n.x\nend");

	operands(f, "Some One <a@B.test>");
	for (size_t piece = 1; piece < text.n; piece += 7) {
		give_pieces(f, text, piece);
		assert_string_equal(body(f), "hello\r\n.x\r\nend\r\n");
		assert_true(
		    str_starts(buf_str(&f->text), STR("Received: by ")));
		assert_non_null(strstr(f->text.p, "\r\nSubject: hi\r\n"));
		assert_non_null(strstr(f->text.p, "\r\nFrom: <me@here.test>"));
		assert_false(f->got.content.eightbit);
		assert_string_equal(paths(f), "a@B.test");
		assert_true(str_eq(f->env.from, STR("me@here.test")));
		assert_true(f->got.message_id.n > 10);
	}
}

#define INPUT(literal)                        \
	{                                     \
		literal, sizeof(literal) - 1, \
	}

static const struct {
	const char *title;
	struct str input;
	const char *body;
} bodies[] = {
    {"B-01", INPUT("A: b\r\n\r\none\r\ntwo\r\r\nthree\n"),
	"one\r\ntwo\r\nthree\r\n"},
    {"B-02", INPUT("A: b\n\none"), "one\r\n"},
    {"B-03", INPUT("A: b\n\none\rtwo\n"), "one\r\ntwo\r\n"},
    {"B-04", INPUT("A: b\n\none\0two\n"), "onetwo\r\n"},
    {"B-06", INPUT("From me\n>From you\nA: b\n\nFrom me\n"), "From me\r\n"},
    {"B-07", INPUT("A: b\n \t\nC: d\n\none\n"), "one\r\n"},
    {"B-08", INPUT("A: b\none\nC: d\n"), "one\r\nC: d\r\n"},
    {"B-09", INPUT("one\ntwo\n"), "one\r\ntwo\r\n"},
    {"B-03 B-08", INPUT("A: b\none\rtwo\nC: d\n"), "one\r\ntwo\r\nC: d\r\n"},
    {"B-03 B-09", INPUT("one\rtwo\n"), "one\r\ntwo\r\n"},
    {"B-09", INPUT(" one\n"), " one\r\n"},
    {"B-12", INPUT(""), ""},
    {"B-12", INPUT("\n"), ""},
    {"a header alone", INPUT("A: b\n"), ""},
    {"a header alone, cut", INPUT("A: b"), ""},
    {"empty lines stay", INPUT("\n\n\none\n\n"), "\r\n\r\none\r\n\r\n"},
    {"A-13", INPUT("A: b\n\none\n.\ntwo\n"), "one\r\n"},
    {"A-13", INPUT("A: b\n\none\n.\r\ntwo\n"), "one\r\n"},
    {"A-13: in the header", INPUT("A: b\n.\nC: d\n\none\n"), ""},
    {"A-13: at once", INPUT(".\nA: b\n\none\n"), ""},
    {"A-14", INPUT("A: b\n\n..\n.. x\n"), "..\r\n.. x\r\n"},
};

static void
bodies_arrive(void **state)
{
	struct fixture *f = *state;

	operands(f, "a@b.test");
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		give(f, bodies[i].input);
		if (strcmp(body(f), bodies[i].body) != 0)
			fail_msg("%s: \"%s\"", bodies[i].title, body(f));
	}
	f->opts.dots_are_data = true;
	give(f, STR("A: b\n\none\n.\ntwo\n"));
	assert_string_equal(body(f), "one\r\n.\r\ntwo\r\n");
}

static void
large_messages(void **state)
{
	struct fixture *f = *state;
	struct buf in;
	struct buf out;

	operands(f, "a@b.test");
	buf_init(&in, 1 << 26);
	buf_init(&out, 1 << 26);
	buf_add(&in, STR("A: b\n\n"));
	/* Lines of many lengths, so that block ends fall anywhere. */
	for (size_t n = 0; in.n < 3000000; n = (n + 7) % 1500) {
		for (size_t k = 0; k < n; k++) {
			buf_byte(&in, (char)('a' + k % 26));
			buf_byte(&out, (char)('a' + k % 26));
		}
		buf_byte(&in, '\n');
		buf_add(&out, STR("\r\n"));
	}
	give(f, buf_str(&in));
	assert_string_equal(body(f), out.p);
	/* One line without an end, larger than a header may be (B-05). */
	buf_clear(&in);
	for (size_t k = 0; k < 3000000; k++)
		buf_byte(&in, (char)('a' + k % 26));
	give(f, buf_str(&in));
	buf_add(&in, STR("\r\n"));
	assert_string_equal(body(f), in.p);
	buf_free(&in);
	buf_free(&out);
}

static void
eight_bits(void **state)
{
	struct fixture *f = *state;

	operands(f, "a@b.test");
	give(f, STR("A: b\n\n\xc3\xa4\n"));
	assert_true(f->got.content.eightbit);
	give(f, STR("A: \xc3\xa4\n\nb\n"));
	assert_true(f->got.content.eightbit);
	give(f, STR("A: b\n\nb\n"));
	assert_false(f->got.content.eightbit);
}

static const struct {
	const char *title;
	const char *operands;
	bool subtract;
	const char *header;
	const char *paths; /* NULL: refused */
	int status;
} recipients[] = {
    {"A-10", "", false, "To: a@x\nCc: b@x,\n c@x\nBcc: d@x\n",
	"a@x b@x c@x d@x", 0},
    {"A-11: union", "z@x, b@x", false, "To: a@x, B@x, b@X\n", "z@x b@x a@x B@x",
	0},
    {"A-11: subtract", "b@X, q@x", true, "To: a@x, b@x, c@x\nCc: b@x\n",
	"a@x c@x", 0},
    {"A-11: nothing is left", "a@x", true, "To: a@x\n", NULL, EX_USAGE},
    {"A-12", "", false, "Subject: x\n", NULL, EX_USAGE},
    {"A-12: operands are enough", "a@x", false, "Subject: x\n", "a@x", 0},
    {"A-43", "a@x", false, "To: b@@x\n", NULL, EX_DATAERR},
    {"A-44", "a@x, a@X, A@x, a@x", false, "To: c@x, c@x\n", "a@x A@x c@x", 0},
    {"A-44: in ASCII", "a@xn--mller-kva.test", false,
	"To: a@m\xc3\xbcller.test, b@M\xc3\xbcLLER.test\n",
	"a@xn--mller-kva.test b@xn--mller-kva.test", 0},
    {"B-27", "\"ab\"@x, \"a b\"@x, ab@x", false, "", "ab@x \"a b\"@x", 0},
    {"B-31", "", false, "Resent-To: r@x\nTo: a@x\n", "r@x", 0},

};

static void
recipients_of_t(void **state)
{
	struct fixture *f = *state;

	f->opts.from_header = true;
	for (size_t i = 0; i < sizeof(recipients) / sizeof(recipients[0]);
	     i++) {
		operands(f, recipients[i].operands);
		f->opts.subtract = recipients[i].subtract;
		give(f, str_c(recipients[i].header));
		if (recipients[i].paths == NULL) {
			if (f->result != -1 ||
			    f->status != recipients[i].status)
				fail_msg(
				    "%s: not refused", recipients[i].title);
			continue;
		}
		if (f->result < 0)
			fail_msg("%s: %s", recipients[i].title, f->e.text);
		if (strcmp(paths(f), recipients[i].paths) != 0)
			fail_msg("%s: \"%s\"", recipients[i].title, paths(f));
	}
}

static void
many_recipients(void **state)
{
	struct fixture *f = *state;
	struct buf text;
	int64_t began = clock_now();

	buf_init(&text, 1 << 26);
	buf_add(&text, STR("To: "));
	for (unsigned i = 0; i < 100000; i++)
		buf_printf(&text, "u%u@d%u.test,\n ", i / 2, i % 2);
	buf_add(&text, STR("u1@D0.test\n\nhello\n"));
	f->opts.from_header = true;
	f->opts.header_max = 1 << 26;
	f->opts.recipients_max = 100001;
	give(f, buf_str(&text));
	assert_int_equal(f->result, 0);
	assert_int_equal(f->env.n, 100000);
	assert_true(clock_now() - began < 10000);
	f->opts.recipients_max = 99999;
	give(f, buf_str(&text));
	assert_int_equal(f->result, -1);
	assert_int_equal(f->status, EX_USAGE);
	assert_non_null(strstr(f->e.text, "max-recipients"));
	buf_free(&text);
}

static void
refused(struct fixture *f, int status, const char *why)
{
	assert_int_equal(f->result, -1);
	assert_int_equal(f->status, status);
	if (strstr(f->e.text, why) == NULL)
		fail_msg("\"%s\" does not name %s", f->e.text, why);
}

static void
limits(void **state)
{
	struct fixture *f = *state;
	struct buf b;

	operands(f, "a@b.test");
	buf_init(&b, 1 << 22);
	buf_add(&b, STR("A: "));
	for (size_t i = 0; i < 70000; i++)
		buf_byte(&b, 'x');
	f->opts.header_max = 65536;
	give(f, buf_str(&b));
	refused(f, EX_DATAERR, "max-header");
	buf_add(&b, STR("\nB: c\n\nbody\n"));
	give(f, buf_str(&b));
	refused(f, EX_DATAERR, "max-header");
	f->opts.header_max = 1 << 20;
	f->opts.message_max = 70000;
	give(f, buf_str(&b));
	refused(f, EX_DATAERR, "max-message");
	f->opts.message_max = 71000;
	give(f, buf_str(&b));
	assert_int_equal(f->result, 0);
	f->opts.message_max = 0;
	/* CRs in a row, and a header and a first line of the largest size. */
	buf_clear(&b);
	buf_add(&b, STR("A: b\n\n"));
	for (size_t i = 0; i < 500000; i++)
		buf_byte(&b, '\r');
	buf_add(&b, STR("x\n"));
	give(f, buf_str(&b));
	assert_int_equal(f->result, 0);
	assert_string_equal(f->text.p + f->text.n - 5, "\r\nx\r\n");
	buf_clear(&b);
	for (size_t i = 0; i < 10; i++)
		buf_printf(&b, "A: %0100000d\n", 1);
	buf_printf(&b, "%01000000d\n", 2);
	give(f, buf_str(&b));
	assert_int_equal(f->result, 0);
	assert_string_equal(f->text.p + f->text.n - 5, "002\r\n");
	assert_true(f->got.content.size > 2000000);
	buf_free(&b);
	f->opts.strict = true;
	give(f, STR("A: b\n\na\0b\n"));
	refused(f, EX_DATAERR, "strict-input");
	give(f, STR("From: a@b.test\nfrom: c@d.test\n\nx\n"));
	refused(f, EX_DATAERR, "more than one From field");
	f->opts.refuse_empty = true;
	give(f, STR(""));
	refused(f, EX_DATAERR, "empty-input");
	give(f, STR("\n"));
	assert_int_equal(f->result, 0);
}

/* B-44: what cannot be read to its end is not a message. */
static void
unreadable(void **state)
{
	struct fixture *f = *state;
	int folder = open("/", O_RDONLY | O_CLOEXEC);

	operands(f, "a@b.test");
	assert_true(folder >= 0);
	take(f, folder);
	refused(f, EX_NOINPUT, "reading the message");
	take(f, -1);
	refused(f, EX_NOINPUT, "reading the message");
	assert_int_equal(close(folder), 0);
}

static void
no_room(void **state)
{
	struct fixture *f = *state;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(null >= 0);
	operands(f, "a@b.test");
	assert_int_equal(setenv("TMPDIR", "/nonexistent/folder", 1), 0);
	take(f, null);
	refused(f, EX_CANTCREAT, "/nonexistent/folder");
	assert_int_equal(close(null), 0);
	assert_int_equal(unsetenv("TMPDIR"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    {"a message, in pieces of any size", a_message, start, end, NULL},
	    {"A-13, A-14, B-01 to B-12: the body", bodies_arrive, start, end,
		NULL},
	    {"B-05, B-35: large messages and lines", large_messages, start, end,
		NULL},
	    {"8-bit content is noticed", eight_bits, start, end, NULL},
	    {"A-10 to A-12, A-43, A-44, B-27, B-31, B-40: recipients",
		recipients_of_t, start, end, NULL},
	    {"B-34, J-08: 100,000 recipients", many_recipients, start, end,
		NULL},
	    {"B-04, B-12, B-34: limits name their key", limits, start, end,
		NULL},
	    {"A-47, B-44: a read error is 66", unreadable, start, end, NULL},
	    {"A-48: no temporary file is 73", no_room, start, end, NULL},
	};

	return cmocka_run_group_tests_name("accept", tests, NULL, NULL);
}
