/* SPDX-License-Identifier: ISC */
#include "play_inside.h"
#include "words.h"

enum { TIMES_MAX = 100000000 };

/* Whether a word needs, may have, or has no argument. */
enum argument { NONE, TIME, NUMBER, WORDS, TEXT };

static const struct {
	char mark; /* the first letter of the line */
	const char *word;
	enum deed deed;
	enum argument argument;
} deeds[] = {
    {'S', "drop", DEED_DROP, NONE},
    {'S', "reset", DEED_RESET, NONE},
    {'S', "stall", DEED_STALL, NONE},
    {'S', "sink", DEED_SINK, NONE},
    {'S', "freeze", DEED_FREEZE, TIME},
    {'S', "wait", DEED_WAIT, TIME},
    {'S', "tiny", DEED_TINY, NONE},
    {'S', "trickle", DEED_TRICKLE, TIME},
    {'S', "whole", DEED_WHOLE, NONE},
    {'S', "starttls", DEED_TLS, WORDS},
    {'S', "rekey", DEED_REKEY, NUMBER},
    {'S', "notify", DEED_NOTIFY, NONE},
    {'S', "raw", DEED_RAW, TEXT},
    {'S', "serve", DEED_SERVE, WORDS},
    {'C', "hello", DEED_HELLO, NONE},
    {'C', "sni", DEED_SNI, WORDS},
    {'C', "eof", DEED_EOF, NONE},
    {'C', "gone", DEED_GONE, NONE},
};

int
play_bad(
    struct err *e, const struct line *at, const char *what, struct str word)
{
	return err_set(e, ERR_SYNTAX, "%s:%u: %s%s%.*s", at->file, at->number,
	    what, word.n > 0 ? ": " : "", STR_ARG(word));
}

static struct str
unescaped(struct pool *pool, struct str s)
{
	struct buf text;

	buf_init(&text, 1024 * 1024);
	words_unescape(&text, s);
	s = pool_str(pool, buf_str(&text));
	buf_free(&text);
	return s;
}

static int
read_argument(const struct line *line, enum argument kind, struct pool *pool,
    struct step *step, struct err *e)
{
	struct str rest = step->text;
	uint64_t n = 0;

	if (kind == NONE && rest.n > 0)
		return play_bad(e, line, "too much", rest);
	if (kind == NUMBER && !str_number(rest, TIMES_MAX, &n))
		return play_bad(e, line, "not a number", rest);
	step->number = (int64_t)n;
	if (kind == TEXT)
		step->text = unescaped(pool, rest);
	if (kind != TIME)
		return 0;
	if (step->deed == DEED_FREEZE && rest.n == 0)
		step->number = INT64_MAX;
	else if (!words_time(rest, &step->number))
		return play_bad(e, line, "not a time", rest);
	return 0;
}

/* "S! word" and "C! word". */
static int
read_deed(const struct line *line, struct pool *pool, struct step *step,
    struct err *e)
{
	struct str rest = str_slice(line->text, 2, line->text.n);
	struct str word = words_next(&rest);

	for (size_t i = 0; i < COUNT(deeds); i++) {
		if (deeds[i].mark != line->text.p[0] ||
		    !str_eq(word, str_c(deeds[i].word)))
			continue;
		step->deed = deeds[i].deed;
		step->text = rest;
		return read_argument(line, deeds[i].argument, pool, step, e);
	}
	return play_bad(e, line, "no such deed", word);
}

/*
 * "X: text", "X= text", "X*20: text", "X*: text" (for ever): how often, and
 * where the text begins.  Returns the mark, or '\0'.
 */
static char
read_head(struct str s, int64_t *times, size_t *behind)
{
	size_t colon = str_find(s, ':'), equals = str_find(s, '=');
	size_t mark = colon < equals ? colon : equals;
	uint64_t n = 1;

	if (mark == s.n || (s.p[1] != '*' && mark != 1))
		return '\0';
	if (s.p[1] == '*' && mark == 2)
		n = 0;
	else if (s.p[1] == '*' &&
	    !str_number(str_slice(s, 2, mark), TIMES_MAX, &n))
		return '\0';
	*times = (int64_t)n;
	*behind = mark + 1;
	return s.p[mark];
}

static int
read_say(const struct line *line, struct pool *pool, struct step *step,
    struct err *e)
{
	struct str s = line->text;
	size_t behind;
	char mark = read_head(s, &step->number, &behind);
	struct buf text;

	if (mark == '\0')
		return play_bad(e, line, "not understood", s);
	buf_init(&text, 1024 * 1024);
	words_unescape(&text, str_trim(str_slice(s, behind, s.n)));
	if (mark == ':')
		buf_add(&text, STR("\r\n"));
	step->deed = DEED_SAY;
	step->text = pool_str(pool, buf_str(&text));
	buf_free(&text);
	return 0;
}

static int
read_hear(const struct line *line, struct step *step, struct err *e)
{
	struct str s = line->text;
	size_t behind;

	if (read_head(s, &step->number, &behind) != ':' || step->number == 0)
		return play_bad(e, line, "not understood", s);
	step->deed = DEED_HEAR;
	step->text = str_trim(str_slice(s, behind, s.n));
	return 0;
}

/* "C< data", "C< any", "C< cut", "C< 5000". */
static int
read_message(const struct line *line, struct step *step, struct err *e)
{
	struct str word = str_trim(str_slice(line->text, 2, line->text.n));
	uint64_t n;

	step->text = word;
	if (str_eq(word, STR("data")) || str_eq(word, STR("any"))) {
		step->deed = DEED_MESSAGE;
		return 0;
	}
	if (str_eq(word, STR("cut"))) {
		step->deed = DEED_CUT;
		return 0;
	}
	if (!str_number(word, TIMES_MAX, &n))
		return play_bad(
		    e, line, "not data, any, cut or a number", word);
	step->deed = DEED_PART;
	step->number = (int64_t)n;
	return 0;
}

int
play_step(const struct line *line, struct pool *pool, struct step *step,
    struct err *e)
{
	struct str s = line->text;

	*step = (struct step){.line = line};
	if (s.p[1] == '!')
		return read_deed(line, pool, step, e);
	if (s.p[0] == 'S')
		return read_say(line, pool, step, e);
	if (s.p[1] == '<')
		return read_message(line, step, e);
	return read_hear(line, step, e);
}
