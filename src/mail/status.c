/* SPDX-License-Identifier: ISC */
#include "mail/status.h"

#include <assert.h>
#include <sysexits.h>

static const char *const words[] = {
    [OUTCOME_OPEN] = "open",
    [OUTCOME_DELIVERED] = "delivered",
    [OUTCOME_DEFERRED] = "deferred",
    [OUTCOME_FAILED] = "failed",
};

static enum outcome
outcome_of(unsigned class)
{
	return class == 2 ? OUTCOME_DELIVERED
	    : class == 5  ? OUTCOME_FAILED
			  : OUTCOME_DEFERRED;
}

/*
 * Reads "d.ddd.ddd" at the start of s, followed by a blank or nothing; false
 * if there is none, or its class is not class (RFC 2034, 4).
 */
static bool
read_enhanced(struct str s, unsigned class, unsigned short out[3])
{
	struct str word = str_slice(s, 0, str_find(s, ' '));
	uint64_t part[3] = {0};

	for (int i = 0; i < 3; i++) {
		struct str piece;

		if (!str_split(&word, '.', &piece) || piece.n > 3 ||
		    !str_number(piece, 999, &part[i]))
			return false;
	}
	if (word.p != NULL || part[0] != class)
		return false;
	for (int i = 0; i < 3; i++)
		out[i] = (unsigned short)part[i];
	return true;
}

/* What RFC 3463 (and 2034's examples) have for a bare reply code. */
static const struct {
	unsigned code;
	unsigned char subject, detail;
} plain[] = {
    {421, 3, 2},
    {450, 2, 0},
    {451, 3, 0},
    {452, 3, 1},
    {500, 5, 2},
    {501, 5, 4},
    {502, 5, 1},
    {503, 5, 1},
    {504, 5, 4},
    {521, 3, 2},
    {530, 7, 0},
    {535, 7, 8},
    {550, 1, 1},
    {551, 1, 6},
    {552, 2, 2},
    {553, 1, 3},
    {556, 1, 10},
};

struct status
status_own(enum blame blame, const char *enhanced, struct str text)
{
	struct status s = {.blame = blame, .text = text};
	unsigned class = (unsigned)(enhanced[0] - '0');
	bool good = read_enhanced(str_c(enhanced), class, s.enhanced);

	assert(good);
	s.outcome = outcome_of(class);
	return s;
}

struct status
status_reply(enum blame blame, unsigned code, struct str text)
{
	struct status s = {.blame = blame, .code = code, .text = text};
	unsigned class = code / 100;

	if (class != 2 && class != 5)
		class = 4; /* a 3yz where none belongs is a trouble of now */
	s.outcome = outcome_of(class);
	if (read_enhanced(text, class, s.enhanced))
		return s;
	s.enhanced[0] = (unsigned short)class;
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (plain[i].code == code && blame == BLAME_RCPT) {
			s.enhanced[1] = plain[i].subject;
			s.enhanced[2] = plain[i].detail;
		}
	return s;
}

struct status
status_recode(struct status s, const char *enhanced)
{
	struct status own = status_own(s.blame, enhanced, s.text);

	own.code = s.code;
	return own;
}

struct status
status_keep(struct status s, struct pool *p)
{
	s.text = pool_str(p, s.text);
	return s;
}

void
status_enhanced(struct buf *b, const struct status *s)
{
	buf_printf(
	    b, "%u.%u.%u", s->enhanced[0], s->enhanced[1], s->enhanced[2]);
}

const char *
status_word(enum outcome outcome)
{
	return words[outcome];
}

int
status_outcome(struct str word)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_eq(word, str_c(words[i])))
			return (int)i;
	return -1;
}

int
status_exit(const struct status *s)
{
	unsigned subject = s->enhanced[1];
	unsigned detail = s->enhanced[2];

	if (s->outcome == OUTCOME_DELIVERED)
		return EX_OK;
	if (s->outcome != OUTCOME_FAILED)
		return EX_TEMPFAIL;
	if (subject == 1 && (detail == 2 || detail == 10))
		return EX_NOHOST;
	if (s->code == 0 && subject == 4 && detail == 4)
		return EX_NOHOST;
	if (subject == 1 && (detail == 1 || detail == 6))
		return EX_NOUSER;
	if (s->blame == BLAME_MESSAGE && subject == 6)
		return EX_DATAERR;
	return EX_UNAVAILABLE;
}
