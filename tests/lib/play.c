/* SPDX-License-Identifier: ISC */
#include "base/char.h"
#include "play_inside.h"

#include "words.h"

enum {
	MESSAGE_MAX = 64 * 1024 * 1024,
	PATHS_MAX = 100000,
};

static int
read_step(struct reading *r, const struct line *line)
{
	struct step *step = pool_take(r->pool, sizeof(*step));
	struct step **list;

	if (r->script == NULL)
		return play_bad(r->e, line, "no server says this", line->text);
	list = &r->script->steps;
	APPEND(list, step);
	return play_step(line, r->pool, step, r->e);
}

static struct str
unescaped(struct reading *r, struct str text)
{
	struct buf b;

	buf_init(&b, 65536);
	words_unescape(&b, text);
	text = pool_str(r->pool, buf_str(&b));
	buf_free(&b);
	return text;
}

static void
add_path(struct reading *r, struct str text)
{
	struct path *path = pool_take(r->pool, sizeof(*path));
	struct path **list = r->last_path ? &r->last_path : &r->play->to;

	path->text = unescaped(r, text);
	APPEND(list, path);
	r->last_path = path;
}

/* to PATH...; xN in front: u1@..., u2@..., and so on to uN@... */
static int
read_to(struct reading *r, const struct line *line, struct str rest)
{
	struct str word = words_next(&rest);
	uint64_t n = 0;
	struct buf b;

	if (word.n > 1 && word.p[0] == 'x' && char_is_digit(word.p[1])) {
		if (!str_number(str_slice(word, 1, word.n), PATHS_MAX, &n))
			return play_bad(r->e, line, "not a number", word);
		word = words_next(&rest);
	}
	for (uint64_t i = 1; i <= n; i++) {
		size_t at = str_find(word, '@');

		buf_init(&b, 1024);
		buf_printf(&b, "%.*s%u%.*s", STR_ARG(str_slice(word, 0, at)),
		    (unsigned)i, STR_ARG(str_slice(word, at, word.n)));
		add_path(r, pool_str(r->pool, buf_str(&b)));
		buf_free(&b);
	}
	for (; n == 0 && word.n > 0; word = words_next(&rest))
		add_path(r, word);
	return 0;
}

static int
read_from(struct reading *r, const struct line *line, struct str rest)
{
	(void)line;
	r->play->from = str_eq(rest, STR("<>")) ? STR("") : unescaped(r, rest);
	return 0;
}

static void
put_line(struct buf *b, struct str text)
{
	words_unescape(b, text);
	buf_add(b, STR("\r\n"));
}

/* wire: the lines that must arrive, with their dots and the last one */
static int
read_wire(struct reading *r, const struct line *line, struct str rest)
{
	(void)line;
	(void)rest;
	r->lines = &r->wire;
	buf_clear(&r->wire);
	return 0;
}

/* What must arrive of a message, if the file does not say it. */
static void
stuff(struct buf *wire, struct str message)
{
	struct str line;

	while (message.n > 0 && str_split(&message, '\n', &line)) {
		if (line.n > 0 && line.p[0] == '.')
			buf_byte(wire, '.');
		buf_add(wire, line);
		buf_byte(wire, '\n');
	}
	buf_add(wire, STR(".\r\n"));
}

/* message [8bit | N | dots N]: lines follow, or it is made up of N octets. */
static int
read_message(struct reading *r, const struct line *line, struct str rest)
{
	bool dots;
	uint64_t n;

	buf_clear(&r->message);
	r->lines = &r->message;
	if (rest.n == 0)
		return 0;
	put_line(&r->message, STR("Subject: talk"));
	put_line(&r->message, STR(""));
	if (str_eq(rest, STR("8bit"))) {
		put_line(&r->message, STR("H\xc3\xa4llo."));
		return 0;
	}
	dots = str_starts(rest, STR("dots "));
	if (!str_number(str_slice(rest, dots ? 5 : 0, rest.n), MESSAGE_MAX, &n))
		return play_bad(r->e, line, "not understood", rest);
	while (dots && r->message.n + 6 < n)
		buf_add(&r->message, STR(".\r\n"));
	while (r->message.n + 128 < n)
		buf_add(&r->message,
		    STR("0123456789 abcdefghijklmnopqrstuvwxyz "
			"ABCDEFGHIJKLMNOPQRSTUVWXYZ\r\n"));
	while (r->message.n + 2 < n)
		buf_byte(&r->message, 'x');
	put_line(&r->message, STR(""));
	return 0;
}

static const struct {
	const char *word;
	int (*read)(struct reading *, const struct line *, struct str rest);
	enum note note; /* where there is no function */
} statements[] = {
    {"host", play_host, 0},
    {"dns", play_dns, 0},
    {"mx", play_mx, 0},
    {"server", play_server, 0},
    {"from", read_from, 0},
    {"to", read_to, 0},
    {"message", read_message, 0},
    {"wire", read_wire, 0},
    {"result", play_result, 0},
    {"took", play_took, 0},
    {"show", NULL, NOTE_SHOW},
    {"noshow", NULL, NOTE_NOSHOW},
    {"log", NULL, NOTE_LOG},
    {"nolog", NULL, NOTE_NOLOG},
    {"order", NULL, NOTE_ORDER},
    {"asked", NULL, NOTE_ASKED},
    {"option", NULL, NOTE_OPTION},
    {"notify", NULL, NOTE_NOTIFY},
    {"ret", NULL, NOTE_RET},
    {"envid", NULL, NOTE_ENVID},
    {"fails", NULL, NOTE_FAILS},
    {"pending", NULL, NOTE_PENDING},
};

static int
read_statement(struct reading *r, const struct line *line)
{
	struct str rest = line->text;
	struct str word = words_next(&rest);

	r->lines = NULL;
	for (size_t i = 0; i < COUNT(statements); i++) {
		if (!str_eq(word, str_c(statements[i].word)))
			continue;
		if (statements[i].read)
			return statements[i].read(r, line, rest);

		struct remark *remark = pool_take(r->pool, sizeof(*remark));
		struct remark **list = &r->play->remarks;

		*remark = (struct remark){NULL, line, statements[i].note, rest};
		APPEND(list, remark);
		return 0;
	}
	return play_bad(r->e, line, "no such statement", word);
}

static int
read_line(struct reading *r, const struct line *line)
{
	struct str s = line->text;

	if (s.p[0] == '|') {
		if (r->lines == NULL)
			return play_bad(r->e, line, "no message", s);
		put_line(r->lines,
		    str_slice(s, s.n > 1 && s.p[1] == ' ' ? 2 : 1, s.n));
		return 0;
	}
	if (s.n > 1 && (s.p[0] == 'S' || s.p[0] == 'C'))
		return read_step(r, line);
	return read_statement(r, line);
}

static int
read_play(struct reading *r, const struct line *common,
    const struct line *first, const struct line *end)
{
	int rc = 0;

	buf_init(&r->message, MESSAGE_MAX);
	buf_init(&r->wire, MESSAGE_MAX);
	put_line(&r->message, STR("Subject: talk"));
	put_line(&r->message, STR(""));
	put_line(&r->message, STR("Hello."));
	r->script = NULL;
	r->last_path = NULL;
	r->lines = NULL;
	for (const struct line *l = common; l != first && rc == 0; l = l->next)
		if (!str_starts(l->text, STR("case ")))
			rc = read_line(r, l);
		else
			break;
	r->script = NULL;
	for (const struct line *l = first->next; l != end && rc == 0;
	     l = l->next)
		rc = read_line(r, l);
	play_addresses(r);
	if (r->wire.n == 0)
		stuff(&r->wire, buf_str(&r->message));
	r->play->message = pool_str(r->pool, buf_str(&r->message));
	r->play->wire = pool_str(r->pool, buf_str(&r->wire));
	buf_free(&r->message);
	buf_free(&r->wire);
	return rc;
}

static int
read_plays(const struct line *lines, struct pool *pool, struct play **plays,
    struct err *e)
{
	struct reading r = {.pool = pool, .e = e};

	*plays = NULL;
	for (const struct line *l = lines; l;) {
		const struct line *end = l->next;

		if (!str_starts(l->text, STR("case "))) {
			l = end;
			continue;
		}
		while (end && !str_starts(end->text, STR("case ")))
			end = end->next;
		r.play = pool_take(pool, sizeof(*r.play));
		*r.play = (struct play){.line = l,
		    .title = str_trim(str_slice(l->text, 5, l->text.n)),
		    .from = STR("sender@client.example"),
		    .most = 999};
		if (read_play(&r, lines, l, end) < 0)
			return -1;
		*plays = r.play;
		plays = &r.play->next;
		l = end;
	}
	return 0;
}

int
play_read(
    const char *path, struct pool *pool, struct play **plays, struct err *e)
{
	struct line *lines;

	if (lines_read(path, pool, &lines, e) < 0)
		return -1;
	return read_plays(lines, pool, plays, e);
}

int
play_text(const char *name, struct str text, struct pool *pool,
    struct play **plays, struct err *e)
{
	struct line *lines;

	if (lines_text(name, text, pool, &lines, e) < 0)
		return -1;
	return read_plays(lines, pool, plays, e);
}
