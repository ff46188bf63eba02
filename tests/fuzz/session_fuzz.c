/* SPDX-License-Identifier: ISC */
/*
 * The whole client session, with the server's bytes as input, and the truth
 * of what it reports: each recipient judged at most once and by a reply that
 * was sent, a delivery only behind an open gate and for a 2yz and of the
 * whole message, and never a bare CR or LF, nor a second end of data, said.
 * The first byte is the size of the pieces in which the server speaks, and
 * its high bits the number of messages, and whether it waits to be asked; the
 * second is the mode; with MODE_TLS what is behind the first NUL is its part of
 * the handshake.  A server that says LMTP anywhere speaks it: there each
 * verdict is one recipient's, in their order (D-52).
 */
#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "fuzz.h"
#include "mail/stuff.h"
#include "smtp/session.h"

enum {
	RECIPIENTS = 3,
	LETTERS = 2, /* the second has the last recipient */
	ROOM = 1 << 20,
	BLOCKS = 140000, /* more than one block of the body */
	PATIENCE = 60000,
};

#define SECRET "correct horse battery"
#define SECRET_IN_BASE64 "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5"

enum mode {
	MODE_EIGHTBIT = 1,
	MODE_SHOW = 2,
	MODE_UTF8 = 4,
	MODE_TLS = 8,
	MODE_SHUT = 16,	    /* the gate stays shut */
	MODE_LARGE = 32,    /* a message of several blocks */
	MODE_HOSTILE = 64,  /* a recipient that nobody must say */
	MODE_NO_BODY = 128, /* a message that became shorter */
};

struct server {
	bool knows;	/* the client has a secret to hide */
	bool lmtp;	/* and takes it for a server of mailboxes */
	size_t next;	/* who may hear of his message next */
	struct str all; /* what it will have said */
	struct str in;	/* what is left of that */
	enum mode mode;
	size_t chunk;
	size_t left; /* of the reply that is being said */
	bool patient, asked;
	struct buf heard; /* what the session said */
	size_t letters;
	bool near[LETTERS], gate_open[LETTERS], delivered[LETTERS];
	unsigned judged[RECIPIENTS];
};

/* The end of the reply at the start of in, or all of in. */
static size_t
one_reply(struct str in)
{
	size_t at = 0;

	for (;;) {
		struct str rest = str_slice(in, at, in.n);
		size_t end = str_find(rest, '\n');

		if (end == rest.n)
			return in.n;
		at += end + 1;
		if (end < 4 || rest.p[3] != '-')
			return at;
	}
}

/*
 * A patient server has nothing to say behind a reply until it has heard
 * something, or is asked again: then time has passed.
 */
static ssize_t
serve(void *ctx, void *p, size_t n, short *want, struct err *e)
{
	struct server *s = ctx;
	struct str piece;

	(void)e;
	*want = 0;
	if (s->patient && s->left == 0 && !s->asked) {
		s->asked = true;
		*want = POLLIN;
		return -1;
	}
	if (s->left == 0)
		s->left = s->patient ? one_reply(s->in) : s->in.n;
	s->asked = false;
	piece = str_slice(s->in, 0, n < s->chunk ? n : s->chunk);
	piece = str_slice(piece, 0, s->left);
	if (piece.n > 0)
		memcpy(p, piece.p, piece.n);
	s->left -= piece.n;
	s->in = str_slice(s->in, piece.n, s->in.n);
	return (ssize_t)piece.n;
}

static ssize_t
listen_to(void *ctx, const void *p, size_t n, short *want, struct err *e)
{
	struct server *s = ctx;

	(void)e;
	*want = 0;
	buf_add(&s->heard, str_of(p, n));
	/* A block of a message is no end of anything. */
	s->asked = n > 0 && ((const char *)p)[n - 1] == '\n';
	return (ssize_t)n;
}

static const struct io_ops ops = {serve, listen_to, NULL};

/* Did the server say a line with this code? */
static bool
said(const struct server *s, unsigned code)
{
	const char digits[] = {(char)('0' + code / 100),
	    (char)('0' + code / 10 % 10), (char)('0' + code % 10)};
	struct str rest = s->all;
	struct str line;

	while (str_split(&rest, '\n', &line))
		if (str_starts(line, str_of(digits, sizeof(digits))))
			return true;
	return false;
}

static void
check_status(const struct server *s, const struct status *status)
{
	static const unsigned classes[] = {0, 2, 4, 5};

	assert(status->outcome != OUTCOME_OPEN);
	/* Whoever is beyond its LIMITS is put off as by a 452. */
	assert(status->code == 0 || said(s, status->code) ||
	    (status->code == 452 &&
		memmem(s->all.p, s->all.n, "LIMITS", 6) != NULL));
	assert(status->enhanced[0] == classes[status->outcome]);
	assert(status->text.n > 0 && status->text.n < 2048);
	for (size_t k = 0; k < status->text.n; k++)
		assert(status->text.p[k] >= 32 && status->text.p[k] < 127);
}

static size_t
letter_of(const struct server *s, size_t recipient)
{
	return recipient == RECIPIENTS - 1 ? s->letters - 1 : 0;
}

static void
on_rcpt(void *ctx, size_t i, const struct status *status)
{
	struct server *s = ctx;

	size_t letter = letter_of(s, i);

	assert(i < RECIPIENTS && s->judged[i]++ == 0);
	check_status(s, status);
	if (status->outcome == OUTCOME_DELIVERED) {
		assert(s->gate_open[letter] && status->code / 100 == 2);
		s->delivered[letter] = true;
	}
	assert((status->outcome != OUTCOME_DELIVERED) ||
	    status->blame == (s->lmtp ? BLAME_RCPT : BLAME_MESSAGE));
	if (s->lmtp && s->gate_open[letter]) {
		assert(i >= s->next);
		s->next = i + 1;
	}
}

static bool
on_gate(void *ctx, size_t letter)
{
	struct server *s = ctx;

	assert(letter < s->letters);
	assert(s->near[letter] && !s->gate_open[letter]);
	s->gate_open[letter] = !(s->mode & MODE_SHUT);
	return s->gate_open[letter];
}

static void
on_near(void *ctx, size_t letter, bool dsn)
{
	struct server *s = ctx;

	(void)dsn;
	assert(letter < s->letters && !s->near[letter]);
	s->near[letter] = true;
}

static void
on_show(void *ctx, const char *mark, struct str line)
{
	const struct server *s = ctx;

	assert(mark && str_find(line, '\n') == line.n);
	assert(!s->knows || memmem(line.p, line.n, SECRET, 21) == NULL);
}

static void
on_log(void *ctx, enum log_level level, struct str line)
{
	const struct server *s = ctx;

	(void)level;
	for (size_t i = 0; i < line.n; i++)
		assert(line.p[i] >= 32 && line.p[i] < 127);
	assert(!s->knows || memmem(line.p, line.n, SECRET, 21) == NULL);
}

/*
 * Only CRLF, and at most one lone dot a message (a lone dot may answer a 354).
 */
static void
check_wire(struct str said, size_t letters)
{
	size_t dots = 0;
	struct str line;

	assert(str_find(said, '\0') == said.n);
	assert(memmem(said.p, said.n, SECRET, 21) == NULL);
	assert(memmem(said.p, said.n, SECRET_IN_BASE64, 28) == NULL);
	while (said.n > 0) {
		/* A message may have been broken off anywhere. */
		if (str_find(said, '\n') == said.n) {
			assert(str_find(said, '\r') >= said.n - 1);
			break;
		}
		if (!str_split(&said, '\n', &line))
			break;
		assert(line.n > 0 && str_find(line, '\r') == line.n - 1);
		dots += str_eq(line, STR(".\r"));
	}
	assert(dots <= letters);
}

/* The message, made once; large: of many lines. */
static struct str
message(bool large, int *fd)
{
	static struct buf text[2];
	static int fds[2];

	if (text[large].n == 0) {
		FILE *f = tmpfile();

		buf_init(&text[large], ROOM);
		buf_add(&text[large], STR("Subject: fuzz\r\n\r\n"));
		while (large && text[large].n < BLOCKS)
			buf_printf(&text[large], ".dot%*s\r\n", 900, "end");
		buf_add(&text[large], STR(".dot\r\n..\r\n.\r\nend\r\n"));
		if (f == NULL || (fds[large] = dup(fileno(f))) < 0 ||
		    write(fds[large], text[large].p, text[large].n) !=
			(ssize_t)text[large].n)
			abort();
		(void)fclose(f);
	}
	*fd = fds[large];
	return buf_str(&text[large]);
}

/* What was delivered is all that was to be: each message, and its dot. */
static void
check_delivered(const struct server *s, const struct str *content)
{
	struct str heard = buf_str(&s->heard);

	for (size_t i = 0; i < s->letters; i++) {
		struct dots d = {0};
		struct buf whole;
		const char *at = NULL;

		if (!s->delivered[i])
			continue;
		buf_init(&whole, 2 * ROOM);
		buf_add(&whole, STR("DATA\r\n"));
		dots_feed(&d, content[i], &whole);
		dots_end(&d, &whole);
		assert(memmem(heard.p, heard.n, whole.p, whole.n) != NULL);
		/* Behind the last there is nothing but QUIT. */
		while (i + 1 == s->letters &&
		    (at = memmem(heard.p, heard.n, whole.p, whole.n)) != NULL)
			heard = str_slice(
			    heard, (size_t)(at - heard.p) + whole.n, heard.n);
		assert(i + 1 < s->letters || heard.n == 0 ||
		    str_eq(heard, STR("QUIT\r\n")));
		buf_free(&whole);
	}
}

/* A descriptor from which rest comes, and then the end. */
static int
descriptor(struct str rest)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) < 0)
		abort();
	if (rest.n > 0)
		(void)!write(pair[1], rest.p, rest.n);
	(void)shutdown(pair[1], SHUT_WR);
	/* So that what is written does not end in a signal. */
	static int other = -1;

	if (other >= 0)
		(void)close(other);
	other = pair[1];
	return pair[0];
}

static struct tls *
tls(void)
{
	static struct tls *made;
	struct err e;

	if (made == NULL && (made = tls_new(NULL, &e)) == NULL)
		abort();
	return made;
}

static void
run(struct server *s, struct str shake)
{
	struct session_hooks hooks = {
	    .rcpt = on_rcpt,
	    .gate = on_gate,
	    .at_gate = on_near,
	    .show = s->mode & MODE_SHOW ? on_show : NULL,
	    .log = on_log,
	    .peer = STR("host[192.0.2.1]:25"),
	    .ctx = s,
	};
	struct str to[RECIPIENTS] = {
	    STR("a@example.org"),
	    s->mode & MODE_HOSTILE ? STR("b\r\nDATA\r\n@example.org")
				   : STR("b@example.org"),
	    s->mode & MODE_UTF8 ? STR("c\xc3\xa9@example.org")
				: STR("c@example.org"),
	};
	bool with_tls = s->mode & MODE_TLS;
	struct letter letter[LETTERS] = {
	    {.to = to, .n = RECIPIENTS - s->letters + 1},
	    {.to = to + RECIPIENTS - 1, .n = 1, .first = RECIPIENTS - 1}};
	struct errand errand = {
	    .host = STR("host"),
	    .tls = TLS_LEVEL_MAY,
	    .helo = STR("client.example"),
	    .letter = letter,
	    .letters = s->letters,
	    .deadline = INT64_MAX,
	};
	/* A small one before a large one. */
	bool large = s->mode & MODE_LARGE;
	struct str content[LETTERS] = {
	    message(large && s->letters == 1, &letter[0].content.fd),
	    message(large, &letter[1].content.fd)};
	/* In clear, where nothing may show the secret. */
	struct login login = {.user = STR("user"),
	    .mechs = (1U << MECHS) - 1,
	    .in_clear = s->mode & MODE_UTF8};
	struct auth_who who = {.user = STR("user"),
	    .secret = STR(SECRET),
	    .user_prep = STR("user"),
	    .secret_prep = STR(SECRET),
	    .host = STR("host")};
	struct session_end end;
	struct buf text;
	struct io *io = malloc(sizeof(*io));

	if (io == NULL)
		abort();
	s->knows = memmem(s->all.p, s->all.n, "AUTH", 4) != NULL;
	s->lmtp = memmem(s->all.p, s->all.n, "LMTP", 4) != NULL;
	errand.lmtp = s->lmtp;
	for (size_t i = 0; i < WAITS; i++)
		errand.wait[i] = PATIENCE;
	for (size_t i = 0; i < LETTERS; i++) {
		letter[i].from = STR("sender@example.net");
		letter[i].utf8 = s->mode & MODE_UTF8;
		letter[i].content.eightbit = s->mode & MODE_EIGHTBIT;
		letter[i].content.size =
		    content[i].n + !!(s->mode & MODE_NO_BODY);
	}
	buf_init(&text, 2048);
	io_init(io, descriptor(with_tls ? shake : STR_NONE));
	io_layer(io, &ops, s);
	errand.login = s->knows ? &login : NULL;
	end = session_run(io, with_tls ? tls() : NULL, s->knows ? &who : NULL,
	    &errand, &hooks, &text);
	/* It is hidden from those who listen, if it is a secret at all. */
	assert(!s->knows || text.n == 0 || strstr(text.p, SECRET) == NULL);
	/*
	 * Nobody is forgotten: a verdict, or the host's fault, or a message
	 * that was not begun behind one that has its verdict.
	 */
	for (size_t i = 0; i < RECIPIENTS; i++)
		assert(s->judged[i] == 1 ||
		    end.status.outcome != OUTCOME_OPEN ||
		    (letter_of(s, i) > 0 && !s->near[1]));
	if (end.status.outcome != OUTCOME_OPEN)
		check_status(s, &end.status);
	assert(end.status.outcome != OUTCOME_DELIVERED);
	check_delivered(s, content);
	buf_free(&text);
	io_close(io);
	free(io);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct server s = {.chunk = n ? 1 + p[0] % 64 : 1};
	struct str shake = STR_NONE;

	s.patient = n > 0 && !(p[0] & 64);
	s.letters = n > 0 && p[0] & 128 ? LETTERS : 1;
	s.mode = n > 1 ? p[1] : 0;
	s.all = str_of((const char *)p + (n > 2 ? 2 : n), n > 2 ? n - 2 : 0);
	if (s.mode & MODE_TLS) {
		size_t nul = str_find(s.all, '\0');

		shake = str_slice(s.all, nul + 1, s.all.n);
		s.all = str_slice(s.all, 0, nul);
	}
	s.in = s.all;
	buf_init(&s.heard, ROOM);
	run(&s, shake);
	assert(!s.heard.over);
	check_wire(buf_str(&s.heard), s.letters);
	buf_free(&s.heard);
	return 0;
}
