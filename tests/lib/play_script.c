/* SPDX-License-Identifier: ISC */
#include "base/key.h"
#include "play_inside.h"
#include "words.h"

enum { TIMES_MAX = 100000000 };

/* Whether a word needs, may have, or has no argument. */
enum argument { NONE, TIME, WORDS };

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
    {'S', "notify", DEED_NOTIFY, NONE},
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

/* "S! word" and "C! word". */
static int
read_deed(const struct line *line, struct step *step, struct err *e)
{
	struct str rest = str_slice(line->text, 2, line->text.n);
	struct str word = words_next(&rest);

	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
		if (deeds[i].mark != line->text.p[0] ||
		    !str_eq(word, str_c(deeds[i].word)))
			continue;
		step->deed = deeds[i].deed;
		step->text = rest;
		if (deeds[i].argument == TIME && step->deed == DEED_FREEZE &&
		    rest.n == 0)
			step->number = INT64_MAX;
		else if (deeds[i].argument == TIME &&
		    !words_time(rest, &step->number))
			return play_bad(e, line, "not a time", rest);
		if (deeds[i].argument == NONE && rest.n > 0)
			return play_bad(e, line, "too much", rest);
		return 0;
	}
	return play_bad(e, line, "no such deed", word);
}

/* "S: line", "S= bytes"; "S*20: line", "S*: line" for ever. */
static int
read_say(const struct line *line, struct pool *pool, struct step *step,
    struct err *e)
{
	struct str s = str_slice(line->text, 1, line->text.n);
	size_t colon = str_find(s, ':'), equals = str_find(s, '=');
	size_t mark = colon < equals ? colon : equals;
	struct str times = str_slice(s, 1, mark);
	uint64_t n = s.p[0] == '*' ? 0 : 1;
	struct buf text;

	if (s.p[0] == '*' && times.n > 0 && !str_number(times, TIMES_MAX, &n))
		return play_bad(e, line, "not a number", times);
	if (mark == s.n || (s.p[0] != '*' && mark != 0))
		return play_bad(e, line, "not understood", line->text);
	buf_init(&text, 1024 * 1024);
	words_unescape(&text, str_trim(str_slice(s, mark + 1, s.n)));
	if (mark == colon)
		buf_add(&text, STR("\r\n"));
	step->deed = DEED_SAY;
	step->number = (int64_t)n;
	step->text = pool_str(pool, buf_str(&text));
	buf_free(&text);
	return 0;
}

/* "C< data", "C< any", "C< 5000". */
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
	if (!str_number(word, TIMES_MAX, &n))
		return play_bad(e, line, "not data, any or a number", word);
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
		return read_deed(line, step, e);
	if (s.p[0] == 'S')
		return read_say(line, pool, step, e);
	if (s.p[1] == '<')
		return read_message(line, step, e);
	if (s.p[1] != ':')
		return play_bad(e, line, "not understood", s);
	step->deed = DEED_HEAR;
	step->text = str_trim(str_slice(s, 2, s.n));
	return 0;
}
