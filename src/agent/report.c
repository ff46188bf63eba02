/* SPDX-License-Identifier: ISC */
#include "agent/report.h"

#include <errno.h>

#include "base/code.h"
#include "base/char.h"
#include "base/log.h"
#include "os/sys.h"

enum {
	NAME_MAX_LENGTH = 255,
	CODE_MAX = 599,
	DETAIL_MAX = 999,
	PLACE_MAX = 65535, /* a weight, a port */
	READ_SIZE = 16384
};

/* What a record has, in the order in which it stands in the line. */
enum {
	HAS_ID = 1,
	HAS_NUMBER = 2,
	HAS_NAME = 4,
	HAS_STATUS = 8,
	HAS_TEXT = 16,
	HAS_PLACE = 32, /* weight, port, encrypted */
};

static const struct {
	const char *word;
	unsigned has;
	uint32_t number_max;
} grammar[] = {
    [RECORD_MX] = {"mx", HAS_ID | HAS_NUMBER | HAS_NAME, 65535},
    [RECORD_SRV] = {"srv", HAS_ID | HAS_NUMBER | HAS_PLACE | HAS_NAME, 65535},
    [RECORD_ADDR] = {"addr", HAS_ID | HAS_NAME, 0},
    [RECORD_FOUND] = {"found", HAS_ID | HAS_NUMBER | HAS_STATUS, 1},
    [RECORD_DIAL] = {"dial", HAS_ID | HAS_NUMBER | HAS_STATUS, DIAL_SILENT},
    [RECORD_RCPT] = {"rcpt", HAS_ID | HAS_STATUS, 0},
    [RECORD_HOST] = {"host", HAS_NUMBER | HAS_STATUS, REACH_SESSION},
    [RECORD_GATE] = {"gate", HAS_NUMBER, UINT32_MAX},
    [RECORD_SHOW] = {"show", HAS_NUMBER | HAS_TEXT, UINT32_MAX},
    [RECORD_LOG] = {"log", HAS_NUMBER | HAS_TEXT, LOG_LEVEL_INFO},
    [RECORD_FACT] = {"fact", HAS_NUMBER | HAS_NAME | HAS_TEXT, 1000},
    [RECORD_LACK] = {"lack", HAS_TEXT, 0},
    [RECORD_MUTE] = {"mute", 0, 0},
    [RECORD_END] = {"end", 0, 0},
};

_Static_assert(sizeof(grammar) / sizeof(grammar[0]) == RECORD_KINDS,
    "every kind of record has its row");

/* The class of the enhanced code that goes with an outcome. */
static const unsigned char classes[] = {
    [OUTCOME_OPEN] = 0,
    [OUTCOME_DELIVERED] = 2,
    [OUTCOME_DEFERRED] = 4,
    [OUTCOME_FAILED] = 5,
};

static bool
is_name(struct str s)
{
	if (s.n == 0 || s.n > NAME_MAX_LENGTH)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!char_is_letter(c) && !char_is_digit(c) && c != '.' &&
		    c != '_' && c != ':' && c != '-')
			return false;
	}
	return true;
}

static void
format_status(struct buf *b, const struct status *s)
{
	buf_printf(
	    b, " %u %u %u ", (unsigned)s->outcome, (unsigned)s->blame, s->code);
	status_enhanced(b, s);
	buf_byte(b, ' ');
	code_inert(b, s->text, REPORT_TEXT);
}

void
report_format(struct buf *b, const struct record *r)
{
	unsigned has = grammar[r->kind].has;

	if ((has & HAS_NAME) && !is_name(r->name))
		return;
	buf_add(b, str_c(grammar[r->kind].word));
	if (has & HAS_ID)
		buf_printf(b, " %u", (unsigned)r->id);
	if (has & HAS_NUMBER)
		buf_printf(b, " %u", (unsigned)r->number);
	if (has & HAS_PLACE)
		buf_printf(b, " %u %u %u", (unsigned)r->weight,
		    (unsigned)r->port, (unsigned)r->encrypted);
	if (has & HAS_NAME)
		buf_printf(b, " %.*s", STR_ARG(r->name));
	if (has & HAS_STATUS)
		format_status(b, &r->status);
	if (has & HAS_TEXT) {
		buf_byte(b, ' ');
		code_inert(b, r->text, REPORT_TEXT);
	}
	buf_byte(b, '\n');
}

/* The rest of a line; p is NULL behind its last word. */
static bool
word(struct str *rest, struct str *out)
{
	return str_split(rest, ' ', out) && out->n > 0;
}

static bool
number(struct str *rest, uint32_t max, uint32_t *out)
{
	struct str digits;
	uint64_t value;

	if (!word(rest, &digits) || !str_number(digits, max, &value))
		return false;
	/* One form for each number, as report_format writes it. */
	if (digits.n > 1 && digits.p[0] == '0')
		return false;
	*out = (uint32_t)value;
	return true;
}

/* What is left, which is printable, bounded, and may be empty. */
static bool
text(struct str *rest, struct str *out)
{
	if (rest->p == NULL || rest->n > REPORT_TEXT)
		return false;
	for (size_t i = 0; i < rest->n; i++)
		if (rest->p[i] != ' ' && !char_is_graph(rest->p[i]))
			return false;
	*out = *rest;
	*rest = STR_NONE;
	return true;
}

/* "4.4.1" */
static bool
enhanced(struct str *rest, unsigned short out[3])
{
	struct str code, part;

	if (!word(rest, &code))
		return false;
	for (int i = 0; i < 3; i++) {
		uint64_t value;

		if (!str_split(&code, '.', &part) ||
		    !str_number(part, DETAIL_MAX, &value))
			return false;
		out[i] = (unsigned short)value;
	}
	return code.p == NULL;
}

static bool
status(struct str *rest, struct status *s)
{
	uint32_t outcome, blame, code;

	if (!number(rest, OUTCOME_FAILED, &outcome) ||
	    !number(rest, BLAME_DOUBT, &blame) ||
	    !number(rest, CODE_MAX, &code) || !enhanced(rest, s->enhanced) ||
	    !text(rest, &s->text))
		return false;
	s->outcome = (enum outcome)outcome;
	s->blame = (enum blame)blame;
	s->code = code;
	if (code > 0 && code < 200)
		return false;
	if (s->outcome == OUTCOME_DELIVERED && code >= 300)
		return false;
	return s->enhanced[0] == classes[outcome];
}

static bool
kind(struct str *rest, enum record_kind *out)
{
	struct str name;

	if (!word(rest, &name))
		return false;
	for (size_t i = 0; i < RECORD_KINDS; i++)
		if (str_eq(name, str_c(grammar[i].word))) {
			*out = (enum record_kind)i;
			return true;
		}
	return false;
}

static bool
parse(struct str rest, struct record *r)
{
	if (!kind(&rest, &r->kind))
		return false;

	unsigned has = grammar[r->kind].has;
	uint32_t max = grammar[r->kind].number_max;

	if ((has & HAS_ID) && !number(&rest, UINT32_MAX, &r->id))
		return false;
	if ((has & HAS_NUMBER) && !number(&rest, max, &r->number))
		return false;
	if ((has & HAS_PLACE) &&
	    !(number(&rest, PLACE_MAX, &r->weight) &&
		number(&rest, PLACE_MAX, &r->port) &&
		number(&rest, 1, &r->encrypted)))
		return false;
	if ((has & HAS_NAME) && !(word(&rest, &r->name) && is_name(r->name)))
		return false;
	if ((has & HAS_STATUS) && !status(&rest, &r->status))
		return false;
	if ((has & HAS_TEXT) && !text(&rest, &r->text))
		return false;
	return rest.p == NULL;
}

int
report_parse(struct str line, struct record *r, struct err *e)
{
	*r = (struct record){0};
	if (line.n < REPORT_LINE && parse(line, r))
		return 0;

	struct buf shown;

	buf_init(&shown, 80);
	code_inert(&shown, line, 80);
	*r = (struct record){0};
	err_set(e, ERR_PEER, "no line of a report: \"%s\"", shown.p);
	buf_free(&shown);
	return -1;
}

void
report_init(struct report *r, int fd)
{
	*r = (struct report){.fd = fd};
	/* No write is larger than what a pipe takes whole or not at all. */
	buf_init(&r->batch, PIPE_BUF);
}

void
report_direct(
    struct report *r, void (*direct)(void *ctx, struct str line), void *ctx)
{
	report_init(r, -1);
	r->direct = direct;
	r->ctx = ctx;
}

void
report_free(struct report *r)
{
	report_flush(r);
	buf_free(&r->batch);
}

void
report_put(struct report *r, const struct record *record)
{
	struct buf line;

	buf_init(&line, REPORT_LINE);
	report_format(&line, record);
	if (line.n == 0) {
		/* Nothing that could be said. */
	} else if (r->direct) {
		r->direct(r->ctx, str_of(line.p, line.n - 1));
	} else {
		if (line.n > r->batch.max - r->batch.n)
			report_flush(r);
		buf_add(&r->batch, buf_str(&line));
	}
	buf_free(&line);
}

void
report_flush(struct report *r)
{
	struct str rest = buf_str(&r->batch);

	while (rest.n > 0 && !r->broken) {
		ssize_t put = sys_write(r->fd, rest.p, rest.n);

		/* Half a line may have gone: no other may follow it. */
		r->broken = put <= 0;
		if (!r->broken)
			rest = str_slice(rest, (size_t)put, rest.n);
	}
	buf_clear(&r->batch);
}

void
report_reader_init(struct report_reader *r)
{
	buf_init(&r->partial, REPORT_LINE);
}

void
report_reader_free(struct report_reader *r)
{
	buf_free(&r->partial);
}

/* Hands on the whole lines of input; -1 if one is too long. */
static int
cut_lines(struct report_reader *r, struct str input,
    void (*line)(void *ctx, struct str line), void *ctx)
{
	while (input.n > 0) {
		size_t end = str_find(input, '\n');

		if (end >= REPORT_LINE - r->partial.n)
			return -1;
		buf_add(&r->partial, str_slice(input, 0, end));
		if (end == input.n)
			break;
		line(ctx, buf_str(&r->partial));
		buf_clear(&r->partial);
		input = str_slice(input, end + 1, input.n);
	}
	return 0;
}

int
report_read(struct report_reader *r, int fd,
    void (*line)(void *ctx, struct str line), void *ctx, struct err *e)
{
	char chunk[READ_SIZE];
	ssize_t got = sys_read(fd, chunk, sizeof(chunk));

	if (got < 0 && errno == EAGAIN)
		return 1;
	if (got < 0)
		return err_sys(e, "reading an agent's report");
	if (got == 0)
		return 0;
	if (cut_lines(r, str_of(chunk, (size_t)got), line, ctx) < 0)
		return err_set(
		    e, ERR_PEER, "an agent's report has too long a line");
	return 1;
}
